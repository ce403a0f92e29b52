//! The program: one engine for conversations, and the commands around it.
//!
//! ```text
//! commands -> chat, demo, keys -> seat (a link and an engine) -> engine -> otr
//!                                                             -> im
//! ```

pub mod commands;
pub mod demo;
pub mod engine;
pub mod present;
pub mod sanitize;
pub mod seat;

use rand_core::CryptoRng;

/// The operating system's randomness. Should it fail, which it does not after start-up, the program stops: there is
/// nothing safe to do without it.
pub fn randomness() -> Box<dyn CryptoRng + Send> {
    Box::new(rand_core::UnwrapErr(getrandom::SysRng))
}
