//! Off-the-Record Messaging.

#[doc(hidden)]
pub mod crypto;
pub mod secret;
