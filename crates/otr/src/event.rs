//! What one call of the core hands back.

use core::fmt;

use crate::classic::pair_keys;
use crate::identity::{Fingerprint, Ssid};
use crate::reject::{ErrorCode, Reject};
use crate::text::Text;
use crate::v4::extra_keys::AnnouncedKey;
use crate::wire::header::{InstanceTag, Version, Versions};
use crate::wire::tlv::Tlv;

/// One thing for the application to do, in order. `Debug` shows no words and no bytes for the carrier, which are words
/// where nothing is private.
#[derive(PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Bytes for the carrier, ready: armoured and cut to size. One carrier message each.
    Send(Vec<u8>),
    /// Tell the other side of an error: `carrier.send(error_message(words))`, in words of the
    /// application's choice.
    ReplyError(ErrorCode),
    /// Something the person may want to know.
    Event(Event),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::ReplyError(code) => write!(f, "ReplyError({code:?})"),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
        }
    }
}

/// A key for uses outside the conversation, of which both sides know.
#[derive(Debug, PartialEq, Eq)]
pub enum ExtraKey {
    /// Version 3: 32 bytes.
    Classic(pair_keys::ExtraKey),
    /// Version 4: 64 bytes.
    V4(AnnouncedKey),
}

impl ExtraKey {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Classic(key) => key.expose(),
            Self::V4(key) => key.expose(),
        }
    }
}

/// Something that happened. `session` is the other device's instance tag, zero in versions 1 and 2.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Text that was read privately, from the holder of the session's key.
    Text {
        /// Whose device.
        session: InstanceTag,
        /// Their words.
        text: Text,
    },
    /// Text that came in the clear. `expected` is false when a private conversation is, or was just, open
    /// or is required: then it must be shown with a warning.
    ClearText {
        /// The text, white-space tags removed.
        text: Text,
        /// Whether clear text was to be expected now.
        expected: bool,
    },
    /// A private conversation stands.
    Established {
        /// Whose device.
        session: InstanceTag,
        /// The key the other side proved.
        fingerprint: Fingerprint,
        /// The protocol version; version 1 deserves a warning.
        version: Version,
        /// The secure session id.
        ssid: Ssid,
        /// The key of the private conversation that this one replaces, if it was another one.
        changed_from: Option<Fingerprint>,
    },
    /// The private conversation has new keys; the other side proved the same key as before.
    Renewed {
        /// Whose device.
        session: InstanceTag,
        /// The key the other side proved.
        fingerprint: Fingerprint,
        /// The protocol version.
        version: Version,
        /// The new secure session id.
        ssid: Ssid,
    },
    /// A private conversation stands with another key than the one that text goes to; it follows its
    /// [`Established`](Self::Established). Text stays where it went ([`Recipient::Best`](crate::Recipient::Best)),
    /// or, if the new key has taken its place, nowhere, until the person decides: by [trusting](crate::Conversation::set_trusted) a key, by
    /// [preferring](crate::Conversation::prefer) one, or by ending a conversation.
    AnotherKey {
        /// Whose device is new.
        session: InstanceTag,
        /// The key it proved.
        fingerprint: Fingerprint,
        /// The key that text goes to.
        in_use: Fingerprint,
    },
    /// A private conversation was given up, to make room for a new one: of the same key, or of a trusted one. Nothing
    /// that comes from there can be read any more.
    Dropped {
        /// Whose device.
        session: InstanceTag,
        /// The key of that conversation.
        fingerprint: Fingerprint,
    },
    /// The private conversation is over, because it had no new key of ours for too long: its keys are erased. Nothing can
    /// be sent until our side ends it too, or a new one stands.
    Expired {
        /// Whose device.
        session: InstanceTag,
    },
    /// The other side ended the private conversation. Nothing can be sent to it until our side ends it
    /// too, or a new one stands.
    PeerEnded {
        /// Whose device.
        session: InstanceTag,
    },
    /// The socialist millionaires' protocol moved.
    Smp {
        /// Whose device.
        session: InstanceTag,
        /// The key that the result is about, taken when the exchange of keys was proved (S-33).
        fingerprint: Fingerprint,
        /// What happened.
        event: SmpEvent,
    },
    /// The other side uses the extra symmetric key.
    ExtraKey {
        /// Whose device.
        session: InstanceTag,
        /// What for; no values are defined by the protocol.
        usage: u32,
        /// Data that belongs to the use.
        data: Text,
        /// The key.
        key: ExtraKey,
    },
    /// The records of a private message, before the core acts on those it knows. Only if the policy asks
    /// for it ([`Policy::tell_records`](crate::Policy::tell_records)).
    Records {
        /// Whose device.
        session: InstanceTag,
        /// Every record, padding as well, in order. Never empty.
        records: Vec<Tlv>,
    },
    /// An empty private message: keys move on, nothing to show.
    Heartbeat {
        /// Whose device.
        session: InstanceTag,
    },
    /// Private messages before the next one did not arrive, as far as their counter tells.
    Missed {
        /// Whose device.
        session: InstanceTag,
        /// How many.
        messages: u64,
    },
    /// The other side reports an error, in words that anybody could have sent.
    PeerReportsError {
        /// Untrusted words.
        words: Vec<u8>,
    },
    /// A private message could not be read.
    Unreadable {
        /// Why.
        reason: Reject,
    },
    /// A message of the key exchange, or a piece, was not accepted.
    Refused {
        /// Why.
        reason: Reject,
    },
    /// Somebody we do not know offers, asks for or begins a private conversation. They got silence;
    /// [`Conversation::accept`](crate::Conversation::accept) answers them.
    Knock {
        /// The versions they named.
        versions: Versions,
    },
    /// What this person offered has not named any version as high as the one that their signed client profile names:
    /// somebody on the way may have taken it out (S-11), or they have an older program there as well.
    LowerOffer {
        /// What a query or a tag of theirs named.
        offered: Versions,
        /// What the profile names that they proved.
        proved: Versions,
    },
    /// Our own message came back to us; it was ignored.
    Reflected,
    /// A message for another device of ours; it was ignored.
    ForOtherDevice,
}

/// How the socialist millionaires' protocol moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmpEvent {
    /// The other side wants to compare secrets; answer with ours. The question is theirs, unverified.
    Asked {
        /// Their question, if there is one.
        question: Option<Text>,
    },
    /// Both entered the same secret.
    Succeeded,
    /// The secrets differ.
    Failed,
    /// The other side gave up, or something else ended the run.
    Aborted {
        /// Whether they had all they need to know the result, and we had not: their guess counts.
        told: bool,
    },
    /// The other side sent numbers that prove nothing; the run is over.
    Cheated,
}
