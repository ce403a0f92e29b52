//! The proxy: any chat client gets private conversations without knowing it.
//!
//! ```text
//! client ─ front_door ┬ entrance ──────────────────────────────┬ session ─ hosting ─ im::dial ─ server
//!                     └ socks_door, connect_door ─ destinations ┤             │
//!                                                               │  pump ─ irc_adapter (upward, downward) ─ engine
//!                                                               └ tunnel ─ im::dial ─ any other server
//! ```
//!
//! A door is a port of this computer. It leads to one server, or the client says in SOCKS5 or HTTP CONNECT where it wants
//! to go. Whoever says the password comes in; then everything passes as it is, but messages between people, which go
//! through the engine. The engine and the store live as long as the proxy,
//! the connection to an IRC server as long as one of the person's clients, or longer (absence).

mod absence;
mod answers;
pub(crate) mod archive;
mod asked;
mod attendance;
mod backlog;
mod berth;
mod capabilities;
mod connect_door;
mod destinations;
mod downward;
mod echoes;
mod entrance;
mod front_door;
mod guest;
mod habits;
mod hosting;
mod irc_adapter;
mod line;
pub(crate) mod observer;
mod orders;
pub(crate) mod outside;
mod owner;
mod party;
mod passage;
mod password;
mod pump;
mod reception;
mod resident;
mod retold;
pub(crate) mod room;
mod running;
mod session;
pub mod setup;
mod socks_door;
mod speakers;
pub(crate) mod talk;
mod tunnel;
mod upward;
pub(crate) mod words;
pub mod xmpp;

pub use absence::Stay;
pub use habits::{Habits, PREFIX};
pub use irc_adapter::{Adapter, Step, Upward};
pub use observer::NAME;
pub use password::{Password, PasswordError};
pub use resident::Resident;
pub use running::Running;
