//! Facts in words: for people ([`plain`], with the [`words`] for states) and for programs ([`json`]).

pub mod json;
pub mod plain;
pub mod words;
