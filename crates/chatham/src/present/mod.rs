//! Facts in words: for people ([`plain`]) and for programs ([`json`]).

pub mod json;
pub mod plain;
