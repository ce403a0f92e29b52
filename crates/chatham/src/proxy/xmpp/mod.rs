//! XMPP clients of others: their messages through the engine.
//!
//! ```text
//! client ─ welcome ─ session ─ im::xmpp::Login ─ server
//!                       │
//!            adapter (upward, downward) ─ engine
//! ```
//!
//! The proxy is a server for the client, and a client for the server: encryption and the login end here on both sides.
//! Then every stanza passes as the bytes that it is, but messages between people.

mod adapter;
mod certificate;
mod company;
mod copies;
mod downward;
mod lodging;
mod names;
mod payload;
mod pump;
mod session;
pub mod setup;
mod sharing;
mod shown;
mod upward;
mod welcome;
mod wish;

pub use adapter::{Adapter, Step, Upward};
pub use certificate::{Certificate, Fingerprints};
pub use names::{ADDRESS, is_reserved};

pub(super) use company::Company;
pub(super) use lodging::Lodging;
pub(super) use session::{serve, serve_known};
pub(super) use wish::Wish;
