//! A key exchange that we began with no device in particular, and what became of it.

use core::time::Duration;

use crate::classic::ake::AwaitingDhKey;
use crate::identity::Ssid;
use crate::session::Moment;
use crate::time::Timestamp;

/// A version-3 D-H Commit sent with receiver tag zero, in answer to a query or tag.
///
/// Each device that answers it gets a copy of the exchange for its own session. The offer has a lifetime
/// of its own: an expired one answers nobody. (That several devices start from the same first key is true
/// of libotr too; the first messages replace it.)
pub struct Offer {
    pub(crate) state: AwaitingDhKey,
    pub(crate) made: Moment,
}

impl Offer {
    /// Whether it is too old to be answered.
    pub fn has_expired(&self, now: Timestamp, age: Duration) -> bool {
        now.since(self.made.at) > age
    }
}

/// The exchanges that we began and that were finished, known by their session ids.
///
/// The first key of an offer lives on after one device has answered it. Without this memory, a D-H Key and
/// a Signature that were recorded and are played again, from whatever tag, would start the same keys again
/// with their counters at zero, when some of the MAC keys are public already.
#[derive(Default)]
pub struct FinishedExchanges(Vec<(Ssid, Timestamp)>);

impl FinishedExchanges {
    /// Whether these keys have been in use.
    pub fn contain(&self, ssid: Ssid) -> bool {
        self.0.iter().any(|(finished, _)| *finished == ssid)
    }

    /// Remembers an exchange.
    pub fn add(&mut self, ssid: Ssid, now: Timestamp) {
        self.0.push((ssid, now));
    }

    /// Forgets those whose first key is certainly gone: it lives for one `age` in the offer, for another
    /// one in an exchange addressed to one device, and for a third one while that waits for the Signature.
    /// The handshake budget bounds how many there are until then.
    pub fn expire(&mut self, now: Timestamp, age: Duration) {
        let kept = age.saturating_mul(3);
        self.0.retain(|(_, at)| now.since(*at) <= kept);
    }
}
