//! What two people compare: [`words`] to read to each other, and a [`qr`] code to scan.
//!
//! Nothing here decides anything. The engine hands out what is to be compared and marks exactly that (S-33).

pub mod qr;
pub mod words;
