//! Off-the-Record Messaging.

#[doc(hidden)]
pub mod crypto;
pub mod secret;
#[doc(hidden)]
pub mod smp;
#[doc(hidden)]
pub mod wire;
