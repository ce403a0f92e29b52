//! What became of the exchanges that we began.

use core::time::Duration;

use crate::identity::Ssid;
use crate::time::Timestamp;

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
