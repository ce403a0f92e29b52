//! The mathematics and the primitives: no messages, no states, and no knowledge of the wire.

pub mod dsa;
pub mod legacy;
pub mod modp;
