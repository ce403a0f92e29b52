//! Chatham.
fn main() {}
