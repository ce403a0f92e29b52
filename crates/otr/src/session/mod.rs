//! One pair of instance tags: a handshake slot beside a message state.
//!
//! The two are separate so that nobody can suspend a private conversation by beginning an exchange: the
//! channel in use stays until a new one is proven, and is then replaced in one assignment.

pub mod admission;
pub mod channel;
pub mod dake;
pub mod data;
pub mod exchanges;
pub mod handshake;
pub mod own_exchanges;
pub mod tlvs;

use crate::event::Event;
use crate::identity::{Account, Fingerprint, Ssid};
use crate::reject::ErrorCode;
use crate::session::channel::{Channel, Unpublished};
use crate::session::dake::DakeSlot;
use crate::session::exchanges::Handshake;
use crate::smp::Progress;
use crate::time::Timestamp;
use crate::traffic::Traffic;
use crate::wire::Message;
use crate::wire::header::{Header, InstanceTag, Version};

/// What we share with one device of the other person.
pub struct Session {
    tag: InstanceTag,
    handshake: Handshake,
    dake: DakeSlot,
    state: MessageState,
    /// MAC keys that had no message left to travel in, when the other side ended a conversation; the next
    /// channel publishes them.
    unpublished: Unpublished,
    last_heard: Timestamp,
    last_sent: Timestamp,
    /// When the last key exchange was finished, in the order of events.
    settled: u64,
}

/// A point in time and in the order of events: two things in the same millisecond still have an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Rises with every message received or command given.
    pub order: u64,
    /// Wall-clock time.
    pub at: Timestamp,
}

/// The message state.
pub enum MessageState {
    /// MSGSTATE_PLAINTEXT.
    Plaintext,
    /// MSGSTATE_ENCRYPTED.
    Encrypted(Box<Private>),
    /// MSGSTATE_FINISHED.
    Finished {
        /// Who ended the conversation.
        peer: Fingerprint,
        /// How far our messages had come in the conversation that they ended.
        traffic: (Ssid, Traffic),
    },
}

/// All that exists only while a conversation is private.
pub struct Private {
    channel: Channel,
}

/// The message state as the application sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// Nothing private.
    Plaintext,
    /// Private, in this version.
    Encrypted(Version),
    /// Ended by the other side.
    Finished,
}

/// Something a session wants to have sent or said; the conversation armours and cuts messages.
pub enum Item {
    /// A message of the protocol.
    Message(Header, Message),
    /// An error reply.
    Reply(ErrorCode),
    /// An error reply with its number, as version 4 has them.
    ReplyV4(ErrorCode),
    /// Our query message.
    Query,
    /// An event.
    Event(Event),
}

impl Session {
    /// A session with nothing in it.
    pub fn new(tag: InstanceTag, now: Timestamp) -> Self {
        Self {
            tag,
            handshake: Handshake::Idle,
            dake: DakeSlot::default(),
            state: MessageState::Plaintext,
            unpublished: Unpublished::default(),
            last_heard: now,
            last_sent: now,
            settled: 0,
        }
    }

    /// The other device's instance tag; zero in versions 1 and 2.
    pub fn tag(&self) -> InstanceTag {
        self.tag
    }

    /// The message state.
    pub fn state(&self) -> SessionState {
        match &self.state {
            MessageState::Plaintext => SessionState::Plaintext,
            MessageState::Encrypted(private) => SessionState::Encrypted(private.channel.version()),
            MessageState::Finished { .. } => SessionState::Finished,
        }
    }

    /// Whether what is sent now is private.
    pub fn is_private(&self) -> bool {
        matches!(self.state, MessageState::Encrypted(_))
    }

    /// The key the other side proved: while private, and after it ended the conversation.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match &self.state {
            MessageState::Plaintext => None,
            MessageState::Encrypted(private) => Some(private.channel.peer()),
            MessageState::Finished { peer, .. } => Some(*peer),
        }
    }

    /// The secure session id, while private.
    pub fn ssid(&self) -> Option<Ssid> {
        match &self.state {
            MessageState::Encrypted(private) => Some(private.channel.ssid()),
            _ => None,
        }
    }

    /// How far our messages of the private conversation with this session id have come; also after the other side has
    /// ended it, since its last message may prove something, too.
    pub fn traffic(&self) -> Option<(Ssid, Traffic)> {
        match &self.state {
            MessageState::Plaintext => None,
            MessageState::Encrypted(private) => Some((private.channel.ssid(), private.channel.traffic())),
            MessageState::Finished { traffic, .. } => Some(*traffic),
        }
    }

    /// When anything came from this device last.
    pub fn last_heard(&self) -> Timestamp {
        self.last_heard
    }

    /// When private text or a heartbeat went to this device last.
    pub fn last_sent(&self) -> Timestamp {
        self.last_sent
    }

    /// Where the socialist millionaires' protocol stands, while private.
    pub fn smp_progress(&self) -> Option<Progress> {
        match &self.state {
            MessageState::Encrypted(private) => Some(private.channel.smp_progress()),
            _ => None,
        }
    }

    /// Whether the other side has all it needs to know the result of a run of the socialist millionaires' protocol, while
    /// we do not.
    pub fn smp_has_told(&self) -> bool {
        matches!(&self.state, MessageState::Encrypted(private) if private.channel.smp_has_told())
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        let times = (self.tag, self.last_heard, self.last_sent);
        field(bytes, format!("{times:?}").as_bytes());
        self.handshake.absorb(bytes);
        self.dake.absorb(bytes);
        field(bytes, format!("{:?}", self.unpublished).as_bytes());
        match &self.state {
            MessageState::Plaintext => field(bytes, b"plaintext"),
            MessageState::Encrypted(private) => {
                private.channel.absorb(bytes);
            }
            MessageState::Finished { peer, traffic } => {
                field(bytes, format!("{peer:?} {traffic:?}").as_bytes());
            }
        }
    }

    pub(crate) fn heard(&mut self, now: Timestamp) {
        self.last_heard = now;
    }

    /// Whether an open offer made at that moment still waits for this device: one that it has answered, or
    /// that is older than its last key exchange, does not.
    pub(crate) fn may_answer(&self, offer: Moment) -> bool {
        offer.order > self.settled
    }

    pub(crate) fn header(&self, version: Version, account: &Account) -> Header {
        let sender = if version.has_instance_tags() {
            account.instance_tag()
        } else {
            InstanceTag::ZERO
        };
        Header {
            version,
            sender,
            receiver: self.tag,
        }
    }
}
