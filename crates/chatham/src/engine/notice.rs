//! What the engine tells the person: facts as values, put into words by [`crate::present`].

use im::irc::Nick;
use otr::{Fingerprint, InstanceTag, Reject, SessionState, Ssid, Version};
use zeroize::Zeroizing;

use crate::engine::trust::Trust;

/// One fact about one correspondent.
#[derive(Debug)]
pub struct Notice {
    /// The correspondent.
    pub with: Nick,
    /// The fact.
    pub what: What,
}

/// The words of one text, and whether they tell what somebody does (`/me`).
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// The words as they were written; nothing in them is harmless yet.
    pub text: Zeroizing<Vec<u8>>,
    /// Whether they were said as `/me`.
    pub deed: bool,
}

/// How a text travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Encrypted to a key that the person has vouched for.
    Verified,
    /// Encrypted to a key that nobody has compared.
    Unverified,
    /// Readable by everybody on the way.
    Clear,
}

/// Why a text did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Private or not at all, and nothing private stands.
    AwaitingPrivacy,
    /// The other side has ended the private conversation.
    PeerEnded,
    /// The key is another one than the person has vouched for.
    KeyChanged(Fingerprint),
    /// Something about the text itself, in words.
    Text(String),
}

/// One device of a correspondent, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its instance tag.
    pub tag: InstanceTag,
    /// Whether it is private.
    pub state: SessionState,
    /// The key it proved.
    pub fingerprint: Option<Fingerprint>,
    /// Whether the key is vouched for.
    pub trust: Trust,
}

/// A fact.
#[derive(Debug)]
pub enum What {
    /// They said something.
    Heard {
        /// Their words.
        words: Words,
        /// How they came.
        how: How,
        /// Clear text where private text was to be expected: it may be from anybody.
        alarming: bool,
        /// Which device, if it was private.
        device: InstanceTag,
    },
    /// We said something, and it is on its way.
    Sent {
        /// Our words.
        words: Words,
        /// How they went.
        how: How,
        /// In how many lines, over all devices.
        lines: usize,
        /// To how many devices; 0 in the clear.
        devices: usize,
        /// Whether the same text was sent before, to the same key.
        again: bool,
    },
    /// We said something, and it did not go out.
    NotSent {
        /// Our words.
        words: Words,
        /// Why.
        why: Obstacle,
        /// Whether it waits for a private conversation; otherwise it is gone.
        held: bool,
    },
    /// A private conversation stands, or has new keys.
    Private {
        /// The key the other side proved.
        fingerprint: Fingerprint,
        /// What we know about the key.
        trust: Trust,
        /// The protocol version.
        version: Version,
        /// The secure session id.
        ssid: Ssid,
        /// Which device.
        device: InstanceTag,
        /// How many devices are private now.
        devices: usize,
        /// Whether only the keys are new.
        renewed: bool,
        /// Whether another key of this person was known or in use.
        changed: bool,
        /// Whether sending to it is blocked until the person accepts the key.
        blocked: bool,
    },
    /// We asked for a private conversation.
    Asking,
    /// They ended the private conversation with one device.
    PeerEnded {
        /// With how many of their devices it goes on.
        remaining: usize,
    },
    /// We ended the private conversation with so many devices.
    Ended(usize),
    /// Somebody we do not know asks for a private conversation, and got silence.
    Knock,
    /// They want to compare a secret; the question is theirs.
    Asked(Option<Vec<u8>>),
    /// We want to compare a secret.
    Comparing,
    /// Both entered the same secret. `vouched` is false if only they learned something by it.
    Same {
        /// The key it is about.
        fingerprint: Fingerprint,
        /// Whether the key counts as verified now.
        vouched: bool,
    },
    /// The secrets differ.
    Different(Fingerprint),
    /// The comparison was given up.
    ComparisonEnded,
    /// The other side cheated in the comparison.
    Cheated,
    /// So many private texts before the next one did not arrive.
    Missed(u64),
    /// So many of our texts may not have been readable; they wait for the same key.
    PossiblyLost(usize),
    /// A private message could not be read.
    Unreadable(Reject),
    /// A message of the protocol was not accepted.
    Refused(Reject),
    /// They report an error, in words of anybody.
    PeerReports(Vec<u8>),
    /// A message for another device of ours, or our own message, was left alone.
    NotForUs,
    /// They use the extra key for something.
    ExtraKey(u32),
    /// The person vouched for a key, or took it back.
    Trust {
        /// The key.
        fingerprint: Fingerprint,
        /// What holds now.
        trust: Trust,
    },
    /// The person accepts this key for now, without vouching for it.
    KeyAccepted(Fingerprint),
    /// So many texts that waited were dropped.
    Dropped(usize),
    /// They have another nick; the conversation goes on.
    Renamed(Nick),
    /// They left the network.
    Gone,
    /// There is nobody of this name.
    Absent,
    /// Something they said that is not for the engine: a NOTICE, a CTCP, words of a service or to a channel.
    Aside {
        /// Where it was said.
        target: Vec<u8>,
        /// The words.
        text: Vec<u8>,
    },
    /// The devices, the keys, and how many texts wait: the answer to a question of the person.
    Status {
        /// The devices.
        devices: Vec<Device>,
        /// The keys known.
        keys: Vec<(Fingerprint, Trust)>,
        /// How many texts wait.
        waiting: usize,
        /// How the next text would go; `None` if it would not.
        next: Option<How>,
    },
    /// A command of the person could not be followed; why.
    Mistake(String),
}

impl Words {
    /// Words, not a deed.
    pub fn said(text: impl Into<Vec<u8>>) -> Self {
        Self {
            text: Zeroizing::new(text.into()),
            deed: false,
        }
    }

    /// A deed.
    pub fn done(text: impl Into<Vec<u8>>) -> Self {
        Self {
            text: Zeroizing::new(text.into()),
            deed: true,
        }
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words")
            .field("length", &self.text.len())
            .field("deed", &self.deed)
            .finish()
    }
}

impl How {
    /// Whether it was encrypted.
    pub fn is_private(self) -> bool {
        self != Self::Clear
    }
}
