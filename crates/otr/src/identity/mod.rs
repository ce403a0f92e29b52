//! Who is who: our account, the other person's key, and what we are willing to do.

pub mod account;
pub mod env;
pub mod fingerprint;
pub mod long_term_keys;
pub mod policy;
pub mod ssid;

pub use account::Account;
pub use env::Env;
pub use fingerprint::Fingerprint;
pub use policy::{Limits, Policy, Strangers};
pub use ssid::{Half, Ssid};
