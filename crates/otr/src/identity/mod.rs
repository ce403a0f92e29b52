//! Who is who: our account, the other person's key, and what we are willing to do.

pub mod account;
pub mod client_profile;
pub mod env;
pub mod fingerprint;
pub mod forging_key;
pub mod long_term_keys;
pub mod policy;
pub mod ssid;
pub mod v4_account;

pub use account::Account;
pub use client_profile::{BadProfile, ClientProfile};
pub use env::Env;
pub use fingerprint::{Fingerprint, FingerprintV4};
pub use forging_key::ForgingKey;
pub use policy::{Limits, Policy, Strangers};
pub use ssid::{Half, Ssid};
pub use v4_account::V4Account;
