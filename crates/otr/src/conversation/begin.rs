//! Asking for a private conversation, and the first message of a key exchange.

use crate::classic::ake::AwaitingDhKey;
use crate::classic::v1;
use crate::conversation::Conversation;
use crate::conversation::offer::Offer;
use crate::conversation::receive::refused;
use crate::event::Event;
use crate::identity::Env;
use crate::reject::Reject;
use crate::session::{Item, Moment};
use crate::v4::offered::WaitingAuthR;
use crate::wire::header::{Header, InstanceTag, Version, Versions};
use crate::wire::{self, Message, discovery};

impl Conversation {
    pub(crate) fn query(&self) -> Vec<u8> {
        discovery::query(self.policy.negotiable(), self.policy.query_words.as_bytes())
    }

    /// A query or a tag from the carrier: answered, unless by a stranger or too often.
    pub(super) fn answer_offer(
        &mut self,
        env: &mut Env<'_>,
        offered: Versions,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        if !self.policy.discovery {
            items.push(refused(Reject::Unexpected));
            return;
        }
        self.offered = Some(offered);
        if self.is_stranger() {
            self.knocked = Some(offered);
            items.push(Item::Event(Event::Knock { versions: offered }));
            return;
        }
        if !self.may_answer_query() {
            items.push(refused(Reject::LimitReached));
            return;
        }
        self.compare_offer(items);
        self.begin_in_best(env, offered, moment, items);
    }

    /// A query is signed by nobody, a client profile is: whoever takes version 4 out of all that a person sends is found
    /// out when one exchange of that version comes through, before or after (S-11).
    pub(super) fn compare_offer(&mut self, items: &mut Vec<Item>) {
        let (Some(proved), Some(offered)) = (self.signed, self.offered) else {
            return;
        };
        self.offered = None;
        let answerable = proved.intersect(self.policy.versions).best();
        if answerable.is_some() && offered.best() < answerable {
            items.push(Item::Event(Event::LowerOffer { offered, proved }));
        }
    }

    /// Begins the key exchange in the best version both sides speak.
    pub(crate) fn begin_in_best(
        &mut self,
        env: &mut Env<'_>,
        offered: Versions,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        let mut common = offered.intersect(self.policy.negotiable());
        if env.account.v4().is_none() {
            common = common.without(Version::V4);
        }
        match common
            .best()
            .filter(|version| self.highest_private().is_none_or(|floor| *version >= floor))
        {
            Some(version) => self.begin(env, version, moment, items),
            None => items.push(refused(Reject::VersionRefused)),
        }
    }

    /// Sends the first message of a key exchange.
    pub(crate) fn begin(
        &mut self,
        env: &mut Env<'_>,
        version: Version,
        moment: Moment,
        items: &mut Vec<Item>,
    ) {
        let session = match version {
            // With tags, the exchange belongs to whoever answers it.
            Version::V3 => None,
            Version::V1 | Version::V2 => {
                self.session_for(InstanceTag::ZERO);
                self.drop_surplus(InstanceTag::ZERO);
                let mut tags = self.sessions.iter().map(|session| session.tag());
                let position = tags.position(|tag| tag.is_zero());
                match position.and_then(|position| self.sessions.get_mut(position)) {
                    None => return items.push(refused(Reject::LimitReached)),
                    session => session,
                }
            }
            Version::V4 => return self.begin_v4(env, moment, items),
        };
        let header = broadcast(version, env);
        let message = match session {
            Some(session) if version == Version::V1 => {
                let setup = v1::Setup::new(env.rng);
                let message = setup.message(env.account, false, env.rng);
                session.begin_v1(setup, moment);
                Message::KeyExchange(message)
            }
            Some(session) => {
                let (state, commit) = AwaitingDhKey::start(env.rng);
                session.begin(version, state, moment);
                Message::DhCommit(commit)
            }
            None => {
                let (state, commit) = AwaitingDhKey::start(env.rng);
                self.offer = Some(Offer { state, made: moment });
                Message::DhCommit(commit)
            }
        };
        items.push(Item::Message(header, message));
    }

    fn begin_v4(&mut self, env: &mut Env<'_>, moment: Moment, items: &mut Vec<Item>) {
        let Some(v4) = env.account.v4() else {
            return items.push(refused(Reject::VersionRefused));
        };
        // Nobody accepts a profile whose time is over.
        if !v4.profile().is_current(env.now) {
            return items.push(refused(Reject::Expired));
        }
        let (state, identity) = WaitingAuthR::start(v4.profile(), env.rng);
        self.offer_v4 = Some(Offer { state, made: moment });
        let message = Message::V4(Box::new(wire::v4::Message::Identity(identity)));
        items.push(Item::Message(broadcast(Version::V4, env), message));
    }
}

/// The header of a first message, which is for no device in particular.
fn broadcast(version: Version, env: &Env<'_>) -> Header {
    let sender = if version.has_instance_tags() {
        env.account.instance_tag()
    } else {
        InstanceTag::ZERO
    };
    Header {
        version,
        sender,
        receiver: InstanceTag::ZERO,
    }
}
