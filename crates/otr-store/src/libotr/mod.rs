//! The three files that libotr keeps, as bytes in and bytes out: nothing here opens a file.

pub mod fingerprints;
pub mod instance_tags;
pub mod lines;
pub mod private_keys;
pub mod sexp;
mod sexp_reader;
mod sexp_writer;
