//! The full-screen client.
//!
//! ```text
//! keys, pastes ─────┐                 ┌─> Act: what the person does ─> conversations
//! notices, reports ─┴─> app (a state) ┴─> view: cells
//! ```
//!
//! [`app`], [`keys`], [`input`], [`told`] and [`verify`] are a state machine without a terminal, a network or a clock;
//! [`view`] draws it; only [`mod@run`] and [`terminal`] touch the world.

pub mod app;
pub mod complete;
pub mod conversation;
pub mod input;
pub mod keys;
pub mod overlay;
pub mod run;
pub mod terminal;
pub mod theme;
pub mod told;
pub mod verify;
pub mod view;

pub(crate) use run::attach;
pub use run::run;
