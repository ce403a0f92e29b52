//! Off-the-Record Messaging.

#[doc(hidden)]
pub mod crypto;
