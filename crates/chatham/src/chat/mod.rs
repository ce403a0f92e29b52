//! The clients: what a person does, what they are told, and how a conversation begins.
//!
//! ```text
//! input (a line) ┐                       ┌ arrival: store, key, engine, connection
//! object (JSON)  ┴-> action -> plain <---┴ config::Resolved
//!                               └-> screen: notices of the engine, remarks of the program
//! ```
//!
//! [`action`], [`remark`] and [`arrival`] are shared with the full-screen client.

pub mod action;
pub mod arrival;
pub mod input;
pub mod object;
pub mod plain;
pub mod remark;
pub mod screen;
pub mod typing;

pub use typing::{Typed, standard_input};
