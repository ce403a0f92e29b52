//! A key exchange that we began with no device in particular.

use core::time::Duration;

use crate::session::Moment;
use crate::time::Timestamp;

/// A D-H Commit of version 3, or an Identity message of version 4, sent with receiver tag zero, in answer to a query or
/// tag.
///
/// Each device that answers it gets a copy of the exchange for its own session. The offer has a lifetime
/// of its own: an expired one answers nobody. (That several devices start from the same first key is true
/// of libotr too; the first messages replace it.)
pub struct Offer<State> {
    pub(crate) state: State,
    pub(crate) made: Moment,
}

impl<State> Offer<State> {
    /// Whether it is too old to be answered.
    pub fn has_expired(&self, now: Timestamp, age: Duration) -> bool {
        now.since(self.made.at) > age
    }
}
