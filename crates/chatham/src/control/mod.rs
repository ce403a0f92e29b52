//! The control socket: whoever runs the proxy asks it and tells it what to do, from another terminal or from a script.
//!
//! ```text
//! ctl, keys, chat ─ client ─ socket (place) ─ server ─ request ─ desk ─ engine, store
//!                                                └ converse ─ what happens there
//! ```
//!
//! One JSON object a line in both directions; docs/control.md has them all. The socket is the owner's alone, twice: by the
//! modes of its folder and itself, and by what the kernel says of whoever connects.

mod answer;
pub mod client;
mod converse;
mod desk;
pub mod errand;
mod lines;
pub mod place;
mod request;
mod server;
mod wiped;
pub(crate) mod words;

pub use client::{Client, ControlError};
pub(crate) use converse::MAPPINGS;
pub(crate) use desk::Desk;
pub(crate) use server::Server;
pub(crate) use wiped::Wiped;

/// The version of what is said over the socket. A field more does not change it; one that means something else does.
pub const VERSION: u64 = 1;

/// A request is not longer than this.
const LONGEST: usize = 16 * 1024;
