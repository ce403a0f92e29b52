//! Primitives: numbers in, numbers out. Nothing here knows a message or a state.

pub mod dsa;
