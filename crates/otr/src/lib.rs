//! Off-the-Record Messaging, protocol versions 1, 2 and 3, as a core without input or output.
//!
//! Bytes, time and randomness go in; a list of [`Output`]s comes back. There are no callbacks, no globals,
//! no threads, no clock, no storage and no logging inside.
#![doc = include_str!("../../../README.md")]

pub mod classic;
pub mod conversation;
#[doc(hidden)]
pub mod crypto;
pub mod error;
pub mod event;
#[cfg(feature = "hazmat")]
pub mod hazmat;
pub mod identity;
pub mod outbox;
pub mod reject;
pub mod secret;
pub mod session;
pub mod smp;
pub mod text;
pub mod time;
pub mod traffic;
pub mod v4;
pub mod wire;

pub use conversation::Conversation;
pub use conversation::commands::Start;
pub use conversation::recipient::Recipient;
pub use conversation::send::{Disposition, Standing, disposition};
pub use crypto::dsa::{PrivateKey, PublicKey};
pub use crypto::ed448::SigningKey;
pub use error::{LimitTooSmall, PrivateError, SendError, StartError};
pub use event::{Event, ExtraKey, Output, SmpEvent};
pub use identity::{
    Account, ClientProfile, Env, Fingerprint, FingerprintV4, ForgingKey, Half, Limits, Policy, Ssid,
    Strangers, V4Account,
};
pub use reject::{ErrorCode, Reject, error_message};
pub use session::tlvs::SmpAction;
pub use session::{Session, SessionState};
pub use text::Text;
pub use time::Timestamp;
pub use traffic::Traffic;
pub use wire::header::{InstanceTag, Version, Versions};
pub use wire::tlv::Tlv;
