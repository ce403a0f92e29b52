//! One correspondent, with all their devices.

pub mod any_order;
pub mod begin;
pub mod budget;
pub mod commands;
pub mod offer;
pub mod reassembly;
pub mod receive;
pub mod recipient;
pub mod room;
pub mod send;
pub mod timers;

use std::collections::BTreeSet;

use crate::classic::ake::AwaitingDhKey;
use crate::conversation::budget::Budget;
use crate::conversation::offer::Offer;
use crate::conversation::reassembly::Reassembly;
use crate::crypto::kdf;
use crate::error::LimitTooSmall;
use crate::event::{Event, Output};
use crate::identity::{Fingerprint, Policy};
use crate::reject::{Reject, error_message};
use crate::session::own_exchanges::OwnExchanges;
use crate::session::{Item, Moment, Session, SessionState};
use crate::time::Timestamp;
use crate::v4::offered::WaitingAuthR;
use crate::wire::fragment::{cut, cut_identified};
use crate::wire::header::{Version, Versions};
use crate::wire::{armor, encode_message};

/// A conversation with one correspondent over one account.
///
/// Key it by correspondent: never by connection, XMPP resource or the letter case of a nick. It knows
/// nothing of connections and survives them.
pub struct Conversation {
    policy: Policy,
    /// Somebody this account has written to, or the application vouches for.
    acquainted: bool,
    /// Versions that a stranger asked for, until the person decides.
    knocked: Option<Versions>,
    tag_offer: TagOffer,
    /// The versions in their last query or tag, until they were compared with those that they have signed.
    offered: Option<Versions>,
    /// The versions in the client profile that they proved last.
    signed: Option<Versions>,
    offer: Option<Offer<AwaitingDhKey>>,
    offer_v4: Option<Offer<WaitingAuthR>>,
    /// Our account and theirs, as the network names them.
    names: (Vec<u8>, Vec<u8>),
    own: OwnExchanges,
    /// A handful of devices: a search through them is quicker than any map.
    sessions: Vec<Session>,
    trusted: BTreeSet<Fingerprint>,
    /// Between keys that nobody trusts, the one that text goes to: another one does not draw it away.
    key_in_use: Option<Fingerprint>,
    reassembly: Reassembly,
    queries: Option<Budget>,
    handshakes: Option<Budget>,
    errors: Option<Budget>,
    carrier_limit: Option<usize>,
    clock: Moment,
    /// Time as it was given last, which may run backward.
    wall: Timestamp,
}

/// How far the white-space tag has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TagOffer {
    /// Goes out with clear text.
    Open,
    /// The other side has answered without OTR.
    Declined,
}

impl Conversation {
    /// A conversation in which nothing has happened.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            acquainted: false,
            knocked: None,
            tag_offer: TagOffer::Open,
            offered: None,
            signed: None,
            offer: None,
            offer_v4: None,
            names: (Vec::new(), Vec::new()),
            own: OwnExchanges::default(),
            sessions: Vec::new(),
            trusted: BTreeSet::new(),
            key_in_use: None,
            reassembly: Reassembly::default(),
            queries: None,
            handshakes: None,
            errors: None,
            carrier_limit: None,
            clock: Moment {
                order: 0,
                at: Timestamp::default(),
            },
            wall: Timestamp::default(),
        }
    }

    /// The policy for this correspondent.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Changes the policy; private conversations go on.
    pub fn set_policy(&mut self, policy: Policy) {
        if policy.limits != self.policy.limits {
            (self.queries, self.handshakes, self.errors) = (None, None, None);
        }
        self.policy = policy;
    }

    /// Tells how the network names our account and theirs. Exchanges of version 4 sign both: they have to be the same bytes
    /// at both ends, so whatever the network folds has to be folded. Empty until told.
    pub fn set_names(&mut self, ours: &[u8], theirs: &[u8]) {
        self.names = (ours.to_vec(), theirs.to_vec());
    }

    /// The longest message the carrier takes, in bytes; `None` for no limit. Longer ones are cut to pieces.
    ///
    /// # Errors
    /// [`LimitTooSmall`] below 64 bytes, of which a piece's header takes up to 36.
    pub fn set_carrier_limit(&mut self, limit: Option<usize>) -> Result<(), LimitTooSmall> {
        if limit.is_some_and(|limit| limit < MINIMUM_CARRIER_LIMIT) {
            return Err(LimitTooSmall {
                minimum: MINIMUM_CARRIER_LIMIT,
            });
        }
        self.carrier_limit = limit;
        Ok(())
    }

    /// Tells that this correspondent is known: in the roster, with a stored key, written to before.
    /// Sending a text or starting a private conversation does it too.
    pub fn acquaint(&mut self) {
        self.acquainted = true;
    }

    /// Whether this correspondent is known.
    pub fn is_acquainted(&self) -> bool {
        self.acquainted
    }

    /// Tells whether the person trusts a key. [`Recipient::Best`](recipient::Recipient::Best) prefers
    /// trusted keys, their sessions are dropped to make room for the same key only, and no key that is not trusted takes
    /// their place before the person has ended the conversation ([`Reject::KeyChanged`]).
    pub fn set_trusted(&mut self, fingerprint: Fingerprint, trusted: bool) {
        if trusted {
            self.trusted.insert(fingerprint);
        } else {
            self.trusted.remove(&fingerprint);
        }
    }

    /// The other side's devices.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter()
    }

    /// Whether any device is in a private conversation.
    pub fn is_private(&self) -> bool {
        self.sessions.iter().any(Session::is_private)
    }

    /// Whether no device is in a private conversation, or in one that the other side has ended.
    pub(crate) fn nothing_private(&self) -> bool {
        self.sessions
            .iter()
            .all(|session| session.state() == SessionState::Plaintext)
    }

    /// Bytes held for pieces of incomplete messages.
    pub fn incomplete_bytes(&self) -> usize {
        self.reassembly.bytes()
    }

    /// Moves the clock: never backward, and always one step on in the order of events.
    pub(crate) fn advance(&mut self, now: Timestamp) -> Moment {
        self.wall = now;
        self.clock = Moment {
            order: self.clock.order.saturating_add(1),
            at: self.clock.at.max(now),
        };
        self.clock
    }

    /// The highest version of a private conversation that is open; or of one that the other side has ended, if that is
    /// version 4, whose text honours older versions only where nothing private was left behind.
    pub(crate) fn highest_private(&self) -> Option<Version> {
        self.sessions
            .iter()
            .filter_map(|session| match session.state() {
                SessionState::Encrypted(version) => Some(version),
                SessionState::Finished => {
                    let peer = session.fingerprint()?;
                    peer.v4().map(|_| Version::V4)
                }
                SessionState::Plaintext => None,
            })
            .max()
    }

    pub(crate) fn may_answer_query(&mut self) -> bool {
        let (limits, now) = (self.policy.limits, self.wall);
        self.queries
            .get_or_insert_with(|| Budget::new(limits.queries, now))
            .take(now)
    }

    pub(crate) fn may_handshake(&mut self) -> bool {
        let (limits, now) = (self.policy.limits, self.wall);
        self.handshakes
            .get_or_insert_with(|| Budget::new(limits.handshakes, now))
            .take(now)
    }

    pub(crate) fn may_report_error(&mut self) -> bool {
        let (limits, now) = (self.policy.limits, self.wall);
        self.errors
            .get_or_insert_with(|| Budget::new(limits.errors, now))
            .take(now)
    }

    #[cfg(feature = "hazmat")]
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        let flags = (self.acquainted, self.knocked, self.tag_offer, self.key_in_use);
        crate::hazmat::field(bytes, format!("{flags:?}").as_bytes());
        let versions = (self.offered, self.signed);
        crate::hazmat::field(bytes, format!("{versions:?}").as_bytes());
        if let Some(offer) = &self.offer {
            offer.state.absorb(bytes);
        }
        if let Some(offer) = &self.offer_v4 {
            offer.state.absorb(bytes);
        }
        for session in &self.sessions {
            session.absorb(bytes);
        }
        self.reassembly.absorb(bytes);
    }

    /// Armours and cuts what a session wants sent.
    pub(crate) fn deliver(&mut self, items: Vec<Item>) -> Vec<Output> {
        let mut outputs = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Event(event) => outputs.push(Output::Event(event)),
                Item::Reply(code) => {
                    if self.may_report_error() {
                        outputs.push(Output::ReplyError(code));
                    }
                }
                // The texts of version 4 number them; the words are for people.
                Item::ReplyV4(code) => {
                    if self.may_report_error() {
                        let words = format!("ERROR_{}: {}", code.number(), code.words());
                        outputs.push(Output::Send(error_message(&words)));
                    }
                }
                Item::Query => outputs.push(Output::Send(self.query())),
                Item::Message(header, message) => {
                    let whole = armor::encode(&encode_message(&header, &message));
                    let tags = header
                        .version
                        .has_instance_tags()
                        .then_some((header.sender, header.receiver));
                    let limit = self.carrier_limit.unwrap_or(usize::MAX);
                    if whole.len() <= limit {
                        outputs.push(Output::Send(whole));
                        continue;
                    }
                    let pieces = match (header.version, tags) {
                        (Version::V4, Some((sender, receiver))) => {
                            cut_identified(&whole, limit, identifier(&whole), sender, receiver)
                        }
                        _ => cut(&whole, limit, tags),
                    };
                    match pieces {
                        Ok(pieces) => outputs.extend(pieces.into_iter().map(Output::Send)),
                        // `send` refuses what could not be cut, and what we write ourselves is short.
                        Err(_) => outputs.push(Output::Event(Event::Refused {
                            reason: Reject::LimitReached,
                        })),
                    }
                }
            }
        }
        outputs
    }
}

/// What tells the pieces of one message from those of any other: its end has an authenticator, or a signature.
fn identifier(whole: &[u8]) -> u32 {
    let end = whole.len().saturating_sub(256);
    let mut bytes = [0; 4];
    kdf::shake256(&[whole.get(end..).unwrap_or_default()], &mut bytes);
    u32::from_be_bytes(bytes)
}

/// A piece's header and end take up to 45 bytes; below this nothing sensible is left for the piece.
pub const MINIMUM_CARRIER_LIMIT: usize = 64;
