//! XMPP clients of others: their messages through the engine.
//!
//! ```text
//! client ─ welcome ─ session ─ im::xmpp::Login ─ server
//!                       │
//!            adapter (upward, downward) ─ engine
//!                       │
//!                 server_stream ─ way_back ─ server, after a break
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
mod passage;
mod payload;
mod pump;
mod server_stream;
mod session;
pub mod setup;
mod sharing;
mod shown;
mod upward;
mod way_back;
mod welcome;
mod wish;

pub use adapter::{Adapter, Step};
pub use certificate::{Certificate, Fingerprints};
pub use names::{ADDRESS, is_reserved};

pub(super) use company::Company;
pub(super) use lodging::Lodging;
pub(super) use session::{serve, serve_known};
pub(super) use wish::Wish;
