//! A small IRC server for loopback, which any IRC client can join.
//!
//! It exists so that the program works on a bare machine and can be watched: [`Server`] is the machine without
//! sockets, [`Relay`] puts it on 127.0.0.1, [`Capture`] keeps every byte that went over its sockets. It is no
//! server for the open network: no operators, no services, no limit on speed.
//!
//! Two things are unlike other servers, as a bouncer has them: connections that give the same PASS may **share a
//! name**, and a line can be **lost** and a connection **cut** on request, even in the middle of a line, to show what
//! happens then.

mod allowance;
mod capabilities;
pub mod capture;
mod channels;
mod commands;
pub mod net;
mod queries;
mod registration;
pub mod server;

pub use capture::{Capture, Direction, Record};
pub use net::{Relay, RelayConfig};
pub use server::{ConnectionId, Effect, Server, ServerConfig};
