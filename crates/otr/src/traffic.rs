//! What is known of the fate of our messages.

/// How far the messages of one channel have come, counted from 1 in the order of sealing.
///
/// The texts have no receipts. But every message announces a D-H key of ours, and whoever encrypts to that key has read
/// one of the messages that announced it: if there was only one, certainly that one. If there were several it may have been
/// the first; a carrier that keeps the order, and loses nothing without breaking, has then brought everything before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many messages we have sealed, heartbeats and the like included.
    pub sealed: u64,
    /// Up to this one everything was read, if the carrier loses nothing without breaking.
    pub read: u64,
    /// The last one of which it is certain; 0 if there is none.
    pub certain: u64,
    /// How many were sealed when our newest key was first announced.
    announced: u64,
}

impl Traffic {
    /// One more message was sealed.
    pub(crate) fn one_more(&mut self) {
        self.sealed += 1;
    }

    /// The next message is the first that announces another key of ours.
    pub(crate) fn key_announced(&mut self) {
        self.announced = self.sealed;
    }

    /// They have used the key that all messages since the last such moment announce.
    pub(crate) fn key_seen(&mut self) {
        self.read = self.announced + 1;
        if self.sealed == self.read {
            self.certain = self.read;
        }
        self.announced = self.sealed;
    }
}
