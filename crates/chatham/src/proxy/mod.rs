//! The proxy: any chat client gets private conversations without knowing it.
//!
//! ```text
//! client ─ front_door ─ entrance ─ session ─ im::dial ─ server
//!                                     │
//!                        irc_adapter (upward, downward) ─ engine
//! ```
//!
//! A door is a port of this computer that leads to one server. Whoever says the password comes in; then everything passes
//! as it is, but messages between people, which go through the engine. The engine and the store live as long as the proxy,
//! the connection to the server as long as the client's.

pub(crate) mod archive;
mod downward;
mod echoes;
mod entrance;
mod front_door;
mod irc_adapter;
mod line;
mod observer;
pub(crate) mod outside;
mod owner;
mod password;
mod pump;
mod resident;
pub(crate) mod room;
mod running;
mod session;
pub mod setup;
pub(crate) mod talk;
mod upward;
pub(crate) mod words;

pub use front_door::loopback;
pub use irc_adapter::{Adapter, Habits, PREFIX, Step, Upward};
pub use observer::NAME;
pub use password::{Password, PasswordError};
pub use resident::Resident;
pub use running::Running;
