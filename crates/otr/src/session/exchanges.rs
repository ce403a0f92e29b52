//! The handshake slot: what is under way with one device, and for how long.
//!
//! The exchange that we began and the one that the other side began stand side by side: anybody can send the
//! first messages of one, and neither may end the other before a key is proved (decision 0025).

use core::time::Duration;

use crate::classic::ake::{AwaitingDhKey, AwaitingRevealSig, Starting};
use crate::classic::v1;
use crate::session::dake::DakeSlot;
use crate::session::{Moment, Session};
use crate::time::Timestamp;
use crate::wire::header::Version;

/// The authentication state.
pub enum Handshake {
    /// AUTHSTATE_NONE.
    Idle,
    /// Versions 2 and 3.
    Ake(Exchanges),
    /// AUTHSTATE_V1_SETUP.
    V1(UnderWay<Box<v1::Setup>>),
}

/// The exchanges of versions 2 and 3 that are under way with one device: one of the two, or both.
pub struct Exchanges {
    /// The version being negotiated.
    pub version: Version,
    /// AUTHSTATE_AWAITING_DHKEY or AUTHSTATE_AWAITING_SIG: the one that we began.
    pub begun: Option<UnderWay<Starting>>,
    /// AUTHSTATE_AWAITING_REVEALSIG: the one that the other side began.
    pub answered: Option<UnderWay<Box<AwaitingRevealSig>>>,
}

/// Something that waits for the other side.
pub struct UnderWay<T> {
    /// The state.
    pub state: T,
    /// When it moved last. A further D-H Key that may be the true one does not count, or our first key would
    /// live for as long as somebody sends them.
    pub moved: Moment,
}

impl Session {
    /// Whether a key exchange is under way.
    pub fn is_negotiating(&self) -> bool {
        !matches!(self.handshake, Handshake::Idle) || self.dake.moved().next().is_some()
    }

    pub(crate) fn forget_exchanges(&mut self) {
        self.handshake = Handshake::Idle;
        self.dake = DakeSlot::default();
    }

    /// We have sent our commitment.
    pub(crate) fn begin(&mut self, version: Version, state: AwaitingDhKey, moved: Moment) {
        let state = Starting::AwaitingDhKey(Box::new(state));
        self.change_exchanges(version, |exchanges| {
            exchanges.begun = Some(UnderWay { state, moved })
        });
    }

    /// We have sent our message of version 1.
    pub(crate) fn begin_v1(&mut self, setup: v1::Setup, moved: Moment) {
        let state = Box::new(setup);
        self.handshake = Handshake::V1(UnderWay { state, moved });
    }

    pub(crate) fn exchanges(&self, version: Version) -> Option<&Exchanges> {
        match &self.handshake {
            Handshake::Ake(exchanges) if exchanges.version == version => Some(exchanges),
            _ => None,
        }
    }

    /// Changes what is under way in this version; something is afterwards.
    pub(crate) fn change_exchanges<T>(
        &mut self,
        version: Version,
        change: impl FnOnce(&mut Exchanges) -> T,
    ) -> T {
        let mut exchanges = match core::mem::replace(&mut self.handshake, Handshake::Idle) {
            Handshake::Ake(exchanges) if exchanges.version == version => exchanges,
            _ => Exchanges {
                version,
                begun: None,
                answered: None,
            },
        };
        let result = change(&mut exchanges);
        self.handshake = Handshake::Ake(exchanges);
        result
    }

    /// When what is under way moved last.
    pub(crate) fn exchanges_moved(&self) -> impl Iterator<Item = Timestamp> {
        let moments = self.handshake_moved().map(|moment| moment.at);
        moments.chain(self.dake.moved())
    }

    /// When a message of an exchange is to be said again.
    pub(crate) fn exchange_again_at(&self) -> Option<Timestamp> {
        self.dake.again_at()
    }

    fn handshake_moved(&self) -> impl Iterator<Item = Moment> + use<> {
        let moments = match &self.handshake {
            Handshake::Idle => [None, None],
            Handshake::Ake(exchanges) => [
                exchanges.begun.as_ref().map(|begun| begun.moved),
                exchanges.answered.as_ref().map(|answered| answered.moved),
            ],
            Handshake::V1(setup) => [Some(setup.moved), None],
        };
        moments.into_iter().flatten()
    }

    /// Forgets what is too old.
    pub(crate) fn expire_exchanges(&mut self, now: Timestamp, age: Duration) {
        let is_young = |moved: Moment| now.since(moved.at) <= age;
        if let Handshake::Ake(exchanges) = &mut self.handshake {
            exchanges.begun.take_if(|begun| !is_young(begun.moved));
            exchanges.answered.take_if(|answered| !is_young(answered.moved));
        }
        self.dake.expire(now, age);
        if !self.handshake_moved().any(is_young) {
            self.handshake = Handshake::Idle;
        }
    }
}

#[cfg(feature = "hazmat")]
impl Handshake {
    pub(crate) fn absorb(&self, bytes: &mut Vec<u8>) {
        use crate::hazmat::field;
        match self {
            Self::Idle => field(bytes, b"idle"),
            Self::Ake(exchanges) => {
                field(bytes, format!("{:?}", exchanges.version).as_bytes());
                if let Some(begun) = &exchanges.begun {
                    field(bytes, format!("begun {:?}", begun.moved).as_bytes());
                    begun.state.absorb(bytes);
                }
                if let Some(answered) = &exchanges.answered {
                    field(bytes, format!("answered {:?}", answered.moved).as_bytes());
                    answered.state.absorb(bytes);
                }
            }
            Self::V1(setup) => {
                field(bytes, format!("{:?}", setup.moved).as_bytes());
                setup.state.absorb(bytes);
            }
        }
    }
}
