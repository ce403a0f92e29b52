//! What one call of the core may use from outside.

use rand_core::CryptoRng;

use crate::identity::Account;
use crate::time::Timestamp;

/// Account, randomness and time for one call: the core has no other source of any of them.
pub struct Env<'a> {
    /// Our side.
    pub account: &'a Account,
    /// A cryptographically secure source; every secret comes from here.
    pub rng: &'a mut dyn CryptoRng,
    /// Wall-clock time of the call.
    pub now: Timestamp,
}
