//! What became of the exchanges that we began.

use core::time::Duration;

use crate::identity::Ssid;
use crate::time::Timestamp;

/// The exchanges that we began and that were answered, known by the session ids to which they lead.
///
/// The first key of an offer lives on after one device has answered it. Without this memory, a D-H Key and
/// a Signature that were recorded and are played again, from whatever tag, would start the same keys again
/// with their counters at zero, when some of the MAC keys are public already.
///
/// And who plays our own messages back to us, from another tag, would make us both ends of an exchange.
#[derive(Default)]
pub struct OwnExchanges(Vec<Own>);

struct Own {
    ssid: Ssid,
    at: Timestamp,
    finished: bool,
}

impl OwnExchanges {
    /// Whether we began an exchange that leads to these keys.
    pub fn contain(&self, ssid: Ssid) -> bool {
        self.find(ssid).is_some()
    }

    /// Whether these keys have been in use.
    pub fn have_finished(&self, ssid: Ssid) -> bool {
        self.find(ssid).is_some_and(|own| own.finished)
    }

    /// Remembers one that was answered.
    pub fn begin(&mut self, ssid: Ssid, at: Timestamp) {
        let finished = false;
        self.0.push(Own { ssid, at, finished });
    }

    /// Remembers that one is finished.
    pub fn finish(&mut self, ssid: Ssid, at: Timestamp) {
        self.0.retain(|own| own.ssid.as_bytes() != ssid.as_bytes());
        let finished = true;
        self.0.push(Own { ssid, at, finished });
    }

    /// Forgets those whose first key is certainly gone: it lives for one `age` in the offer, for another
    /// one in an exchange addressed to one device, and for a third one while that waits for the Signature.
    /// The handshake budget bounds how many there are until then.
    pub fn expire(&mut self, now: Timestamp, age: Duration) {
        let kept = age.saturating_mul(3);
        self.0.retain(|own| now.since(own.at) <= kept);
    }

    fn find(&self, ssid: Ssid) -> Option<&Own> {
        // Which half is whose to read differs between the two ends.
        self.0.iter().find(|own| own.ssid.as_bytes() == ssid.as_bytes())
    }
}
