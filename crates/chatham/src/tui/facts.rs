//! Facts of the engine that the screen shows.

use otr::{Fingerprint, InstanceTag, Ssid};

/// How far a text of the person has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits here.
    Held,
    /// It is on its way.
    Sent,
    /// They have proved that they could read it.
    Readable,
    /// They may not have been able to read it.
    Lost,
}

/// What can truly be said of the conversation with somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Text goes in the clear, or not at all.
    NotPrivate,
    /// Private, with a key that nobody has compared.
    Unverified,
    /// Private, with a key that the person has vouched for.
    Verified,
    /// They have ended the private conversation.
    Finished,
    /// Another key than before.
    KeyChanged,
}

/// What two people compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The secure session id.
    pub ssid: Ssid,
    /// Our key.
    pub our_key: Fingerprint,
    /// The key the other side proved.
    pub their_key: Fingerprint,
    /// Which device.
    pub device: InstanceTag,
}
