//! The clients of one account that are connected at the same time: one person, one engine, and a stream to the server for
//! each client.
//!
//! Two streams have no order between them, and ciphertext has one: a message that overtakes another is refused on the other
//! side. So everything encrypted goes by one stream, that of the client which came first, and answers come back on it. What
//! one client says or is shown privately nobody but us can show on the others.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, VecDeque};
use std::hash::BuildHasher;

use im::irc::Nick;
use im::xmpp::{Element, Outgoing, Places};
use zeroize::Zeroizing;

/// What the connections of one account share beside the engine.
#[derive(Default)]
pub(in crate::proxy) struct Company {
    /// The clients that show messages, in the order in which they came.
    members: Vec<Member>,
    /// What the first one's stream has to carry, and has not got yet.
    outgoing: VecDeque<Load>,
    /// What came encrypted lately, and who has got it.
    heard: VecDeque<(u64, Vec<u64>)>,
    hasher: RandomState,
    /// Which client has typed a text that waits.
    typed: BTreeMap<u64, u64>,
    /// Where each device of somebody was last heard.
    pub(super) places: Places,
}

struct Member {
    number: u64,
    parcels: VecDeque<Parcel>,
    /// So many were left out, because the client takes nothing.
    left_out: usize,
}

impl Member {
    fn take(&mut self, parcel: Parcel) {
        self.parcels.push_back(parcel);
        if self.parcels.len() > MOST_PARCELS {
            self.parcels.pop_front();
            self.left_out += 1;
        }
    }
}

/// What is to be shown on another client as well.
#[derive(Clone)]
pub(super) enum Parcel {
    /// Sentences of the proxy.
    Told(Vec<String>),
    /// A message of somebody, as it was said.
    Heard(Element),
    /// What the person has said on another client.
    Said {
        from: String,
        to: Nick,
        id: Option<String>,
        text: Zeroizing<String>,
        /// The same in sentences of the proxy, if no client has it by itself.
        told: Vec<String>,
    },
}

/// What the first client's stream is to carry for all.
pub(super) enum Load {
    /// A whole stanza.
    Stanza(Outgoing),
    /// A text for somebody, and what its message is to have.
    Text(Outbound),
}

/// A text on its way to somebody.
pub(super) struct Outbound {
    pub(super) to: Nick,
    pub(super) text: Zeroizing<String>,
    /// The client's own identifier of the message.
    pub(super) id: Option<String>,
    /// `chat` or `normal`.
    pub(super) kind: &'static str,
    /// The address that the client has written.
    pub(super) address: Option<String>,
    /// What may stand beside the text.
    pub(super) beside: String,
}

impl Load {
    /// What the engine knows of it.
    pub(super) fn into_message(self) -> Option<(Nick, Vec<u8>)> {
        match self {
            Self::Stanza(stanza) => stanza.into_text(),
            Self::Text(outbound) => Some((outbound.to, outbound.text.as_bytes().to_vec())),
        }
    }
}

impl Company {
    /// A client shows messages from now on.
    pub(super) fn join(&mut self, number: u64) {
        self.members.push(Member {
            number,
            parcels: VecDeque::new(),
            left_out: 0,
        });
    }

    /// A client is gone. Whether it was the one that spoke for all, and what nobody has been told if it was the last.
    pub(super) fn leave(&mut self, number: u64) -> (bool, Vec<String>) {
        let first = self.speaks_for_all(number);
        let (_, parcels) = self.take_parcels(number);
        self.members.retain(|member| member.number != number);
        let mut untold = Vec::new();
        if self.members.is_empty() {
            self.heard.clear();
            self.typed.clear();
            self.places.clear();
            for parcel in parcels {
                if let Parcel::Told(lines) = parcel {
                    untold.extend(lines);
                }
            }
        }
        (first, untold)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether this client's stream carries what is encrypted.
    pub(super) fn speaks_for_all(&self, number: u64) -> bool {
        self.members.first().is_some_and(|first| first.number == number)
    }

    /// Whether somebody else's stream carries what is encrypted.
    pub(super) fn is_spoken_for(&self, number: u64) -> bool {
        !self.members.is_empty() && !self.speaks_for_all(number)
    }

    /// Whether there is another client than this one.
    pub(super) fn has_others(&self, number: u64) -> bool {
        self.members.iter().any(|member| member.number != number)
    }

    /// Whether who types has to wait for the stream that carries it.
    pub(in crate::proxy) fn is_crowded(&self) -> bool {
        self.outgoing.len() >= MOST_OUTGOING
    }

    pub(super) fn hand_on(&mut self, load: Load) {
        self.outgoing.push_back(load);
    }

    pub(super) fn take_outgoing(&mut self) -> VecDeque<Load> {
        std::mem::take(&mut self.outgoing)
    }

    /// Something is to be shown on this client.
    pub(super) fn hand_to(&mut self, number: u64, parcel: Parcel) {
        if let Some(member) = self.members.iter_mut().find(|member| member.number == number) {
            member.take(parcel);
        }
    }

    /// Something is to be shown on every client but this one.
    pub(super) fn share(&mut self, but: u64, parcel: &Parcel) {
        for member in self.members.iter_mut().filter(|member| member.number != but) {
            member.take(parcel.clone());
        }
    }

    /// What waits to be shown on this client, and how much was left out before that.
    pub(super) fn take_parcels(&mut self, number: u64) -> (usize, VecDeque<Parcel>) {
        let member = self.members.iter_mut().find(|member| member.number == number);
        member.map_or_else(Default::default, |member| {
            (
                std::mem::take(&mut member.left_out),
                std::mem::take(&mut member.parcels),
            )
        })
    }

    /// Takes note that a client has got this. Whether the server has given the same message to another one before: a server
    /// gives what is for the account to several of its clients.
    pub(super) fn is_known(&mut self, number: u64, message: (&Nick, Option<&str>, &str)) -> bool {
        if !self.has_others(number) {
            return false;
        }
        let hash = self.hasher.hash_one(message);
        let same = |(known, got): &&mut (u64, Vec<u64>)| *known == hash && !got.contains(&number);
        if let Some((_, got)) = self.heard.iter_mut().find(same) {
            got.push(number);
            return true;
        }
        self.heard.push_back((hash, vec![number]));
        if self.heard.len() > MOST_HEARD {
            self.heard.pop_front();
        }
        false
    }

    /// A text waits that was typed on this client.
    pub(in crate::proxy) fn waits(&mut self, line: u64, number: u64) {
        self.typed.insert(line, number);
        if self.typed.len() > MOST_TYPED {
            self.typed.pop_first();
        }
    }

    /// On which client a text was typed that waited.
    pub(in crate::proxy) fn typed_on(&mut self, line: u64) -> Option<u64> {
        self.typed.remove(&line)
    }
}

const MOST_OUTGOING: usize = 512;
const MOST_PARCELS: usize = 1024;
const MOST_HEARD: usize = 1024;
const MOST_TYPED: usize = 4096;
