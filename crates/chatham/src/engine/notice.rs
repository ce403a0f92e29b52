//! What the engine tells the person: facts as values, put into words by [`crate::present`].

use im::irc::Nick;
use otr::{Fingerprint, InstanceTag, Reject, SessionState, Ssid, Timestamp, Version};
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

/// The number of one text of the person, counted over all correspondents from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// How far a text of the person has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits here, and goes out by itself when it may.
    Held,
    /// It is on its way; whether it was read is not certain.
    Sent,
    /// They have proved that they could read it: they used a key that only this text had announced.
    Readable,
    /// They may not have been able to read it. It waits for a person's word, if it could be kept.
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
    /// They have ended the private conversation. Nothing is sent.
    Finished,
    /// Another key than before. Nothing is sent to it until the person decides.
    KeyChanged,
    /// The person has taken back their trust in this key. Nothing is sent to it until they decide again.
    Distrusted,
}

/// What two people compare, over the telephone or face to face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The secure session id: its halves are read by one person each.
    pub ssid: Ssid,
    /// Our key.
    pub our_key: Fingerprint,
    /// The key the other side proved.
    pub their_key: Fingerprint,
    /// Which device.
    pub device: InstanceTag,
}

/// One line of a list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonSummary {
    /// Who.
    pub nick: Nick,
    /// How we stand.
    pub standing: Standing,
    /// How many of our texts wait.
    pub waiting: usize,
    /// How many of them go out only at a person's word: they may have been read already, or be lost.
    pub lost: usize,
    /// Whether we know them: they were written to, or a key of theirs is stored.
    pub acquainted: bool,
}

impl PersonSummary {
    /// Somebody of whom nothing is known.
    pub const fn unknown(nick: Nick) -> Self {
        Self {
            nick,
            standing: Standing::NotPrivate,
            waiting: 0,
            lost: 0,
            acquainted: false,
        }
    }
}

/// A text that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingText {
    /// Its number.
    pub line: LineId,
    /// Its words.
    pub words: Words,
    /// Whether it goes out by itself ([`Delivery::Held`]) or needs a person's word ([`Delivery::Lost`]).
    pub delivery: Delivery,
}

/// What became of an older version than somebody has spoken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lower {
    /// It protects the conversation.
    Spoken,
    /// They named nothing newer.
    Offered,
    /// It was refused.
    Refused,
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
    /// The person has asked for a private conversation, which does not stand yet.
    Asked,
    /// The other side has ended the private conversation.
    PeerEnded,
    /// The key is another one than the person has vouched for.
    KeyChanged(Fingerprint),
    /// The person has taken back their trust in the key.
    Distrusted(Fingerprint),
    /// There is no connection, and in the clear nothing waits anywhere but here: it goes when there is one, if it still
    /// may.
    Away,
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
        /// Its number.
        line: LineId,
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
        /// Its number.
        line: LineId,
        /// Our words.
        words: Words,
        /// Why.
        why: Obstacle,
        /// Whether it waits for a private conversation; otherwise it is gone.
        held: bool,
    },
    /// What is known about a text that was said before has changed.
    Delivery {
        /// Its number.
        line: LineId,
        /// What is known now.
        delivery: Delivery,
    },
    /// Something they said while we were not there, played back by the network. It is never answered.
    Earlier {
        /// The words; `None` if they were encrypted, to keys that are long gone.
        words: Option<Words>,
    },
    /// The key is known under other names.
    AlsoKnownAs {
        /// The key.
        fingerprint: Fingerprint,
        /// The names, and what is known about the key there.
        names: Vec<(Nick, Trust)>,
    },
    /// Secrets cannot be compared before this time: three comparisons have failed within a day.
    VerifyLocked {
        /// From when on it is possible again.
        until: Timestamp,
    },
    /// What is to be compared: the answer to a question of the person.
    Compare(Comparison),
    /// The texts that wait: the answer to a question of the person.
    Waiting(Vec<WaitingText>),
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
    /// Less than this person has spoken before: an older version protects the conversation, or was offered, or was
    /// refused. Somebody on the way may have held the newer one back (S-11).
    LowerVersion {
        /// The older version, if it is known.
        version: Option<Version>,
        /// The highest that they have spoken.
        spoken: Version,
        /// What became of it.
        outcome: Lower,
    },
    /// We asked for a private conversation.
    Asking,
    /// They ended the private conversation with one device.
    PeerEnded {
        /// With how many of their devices it goes on.
        remaining: usize,
    },
    /// The private conversation had no new keys for so long that it is over. Nothing is sent until the person decides.
    Expired,
    /// We ended the private conversation with so many devices.
    Ended(usize),
    /// Somebody we do not know asks for a private conversation, and got silence.
    Knock,
    /// They want to compare a secret.
    Asked {
        /// The question, which is theirs.
        question: Option<Vec<u8>>,
        /// Which device asks.
        device: InstanceTag,
    },
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
    /// Texts of ours may not have been readable.
    PossiblyLost {
        /// So many go again by themselves, to the same key.
        again: usize,
        /// So many wait for a person's word.
        left: usize,
    },
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
