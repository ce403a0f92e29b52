//! Facts in words: for people ([`plain`], with the [`words`] for states) and for programs ([`json`], which [`from_json`]
//! reads again).

pub mod from_json;
pub mod json;
pub mod plain;
pub mod words;
