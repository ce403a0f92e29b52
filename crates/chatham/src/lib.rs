//! The program: one engine for conversations, and the commands around it.
//!
//! ```text
//! commands -> chat, demo, keys -> seat (a link and an engine) -> engine -> otr
//!                                                             -> im
//! ```

pub mod engine;
pub mod sanitize;
