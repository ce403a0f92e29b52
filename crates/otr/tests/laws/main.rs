//! The twelve laws of the architecture, each a test of that name. Three of them live where they can be seen
//! best: `send_grid.rs`, `admission_grid.rs` and `floors.rs` say so themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod authentication;
mod bounds;
mod floods;
mod rejection;
mod revelation;
mod silence;
