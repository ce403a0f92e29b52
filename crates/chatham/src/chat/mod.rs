//! The clients: what a person does, what they are told, and how a conversation begins.
//!
//! ```text
//! input (a line) ┐                                        ┌ own: a seat <- arrival <- config::Resolved
//! object (JSON)  ┴-> action -> plain <-> conversations ───┴ attached: a running proxy <- shown
//!                               └-> screen: notices of the engine, remarks of the program
//! ```
//!
//! All but [`plain`], [`input`] and [`screen`] is shared with the full-screen client.

pub mod action;
pub mod arrival;
pub(crate) mod attached;
pub(crate) mod conversations;
pub mod input;
pub mod object;
pub(crate) mod own;
pub mod plain;
pub mod remark;
pub mod screen;
mod shown;
pub mod typing;

pub use typing::{Typed, standard_input};
