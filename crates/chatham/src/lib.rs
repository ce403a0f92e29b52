//! The program: one engine for conversations, and the commands around it.
//!
//! ```text
//! commands -> chat, demo -> seat (a connection and an engine) -> engine -> otr
//!                                connection (one link after another) -> im
//!          -> keys       -> vault (the store)
//! ```
//!
//! The [`engine`] has no sockets, no files and no clock; [`seat`] joins it to the network, [`vault`] to the store.
//! What other people wrote reaches a screen only through [`sanitize`].

mod backoff;
pub mod chat;
pub mod commands;
pub mod config;
pub mod connection;
pub mod control;
pub mod demo;
pub mod engine;
pub mod html;
pub mod keys;
pub mod local;
pub mod network;
mod nick_wish;
pub mod present;
pub mod proxy;
pub mod sanitize;
pub mod seat;
pub mod tui;
pub mod vault;
pub mod verify;

use rand_core::CryptoRng;

/// The operating system's randomness. Should it fail, which it does not after start-up, the program stops: there is
/// nothing safe to do without it.
pub fn randomness() -> Box<dyn CryptoRng + Send> {
    Box::new(rand_core::UnwrapErr(getrandom::SysRng))
}
