//! The thread of the story: what was said, what was seen, what was promised.

use std::collections::BTreeMap;
use std::io;

use im::relay::ConnectionId;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::demo::screen;
use crate::demo::stage::{Failure, Identity, Stage, Who};
use crate::demo::tap::{Sighting, find_piece};
use crate::demo::teller::Teller;
use crate::engine::notice::{Delivery, How, LineId, Notice, What, Words};

/// The story as it goes on.
pub struct Story<'a> {
    teller: Teller<'a>,
    pub(super) stage: Option<Stage>,
    pub(super) bob: Option<Identity>,
    /// Keys in the making, beside the story.
    keys: BTreeMap<Who, JoinHandle<Identity>>,
    /// Everything that nobody but the two may read: private texts and compared secrets.
    secrets: Vec<Vec<u8>>,
    /// Since when all is private.
    pub(super) private_from: usize,
    /// Up to where the wires have been told of.
    told: usize,
    act: &'static str,
    number: usize,
    kept: usize,
    broken: usize,
    #[cfg(feature = "deliberate-leak")]
    pub(super) leaks: bool,
}

/// What one step brought: on the screens and on the wires.
pub(super) struct Scene {
    screens: Vec<(Who, Vec<Notice>)>,
    /// What was given to the relay.
    pub(super) wires: Vec<Sighting>,
}

impl Scene {
    /// What somebody's screen showed.
    pub(super) fn screen(&self, who: Who) -> impl Iterator<Item = &What> {
        let of = self.screens.iter().filter(move |(whose, _)| *whose == who);
        of.flat_map(|(_, notices)| notices.iter().map(|notice| &notice.what))
    }

    /// The words that somebody's screen showed as said by the other.
    pub(super) fn heard(&self, who: Who) -> Vec<(&Words, How)> {
        let heard = |what| match what {
            &What::Heard { ref words, how, .. } => Some((words, how)),
            _ => None,
        };
        self.screen(who).filter_map(heard).collect()
    }

    /// Whether somebody's screen showed these words once, and no others, and how.
    pub(super) fn shows_only(&self, who: Who, words: &Words, how: How) -> bool {
        self.heard(who) == [(words, how)]
    }

    /// The number under which somebody's own words went out.
    pub(super) fn line_of(&self, who: Who, words: &Words) -> Option<LineId> {
        self.screen(who).find_map(|what| match what {
            What::Sent {
                line, words: sent, ..
            } if sent == words => Some(*line),
            _ => None,
        })
    }

    /// Whether somebody's screen says of a text of theirs that it was certainly read.
    pub(super) fn proves(&self, who: Who, line: LineId) -> bool {
        self.screen(who).any(|what| {
            matches!(what, What::Delivery { line: told, delivery: Delivery::Readable } if *told == line)
        })
    }

    /// The messages that somebody's socket gave to the relay.
    pub(super) fn from(&self, connection: Option<ConnectionId>) -> Vec<&Sighting> {
        self.wires
            .iter()
            .filter(|sighting| Some(sighting.connection) == connection)
            .collect()
    }
}

impl<'a> Story<'a> {
    /// A story that has not begun.
    pub fn new(teller: Teller<'a>) -> Self {
        Self {
            teller,
            stage: None,
            bob: None,
            keys: BTreeMap::new(),
            secrets: Vec::new(),
            private_from: 0,
            told: 0,
            act: "before the first act",
            number: 0,
            kept: 0,
            broken: 0,
            #[cfg(feature = "deliberate-leak")]
            leaks: false,
        }
    }

    /// Lets Alice's program send one private text in the clear.
    #[cfg(feature = "deliberate-leak")]
    pub fn leak(&mut self) {
        self.leaks = true;
    }

    /// Plays all acts.
    ///
    /// # Errors
    /// If it cannot go on.
    pub async fn play(&mut self) -> Result<(), Failure> {
        self.prepare().await?;
        self.plain_words().await?;
        self.key_exchange().await?;
        self.private_words().await?;
        self.verification().await?;
        self.two_devices().await?;
        self.lost_line().await?;
        self.late_lines().await?;
        self.lost_state().await?;
        self.end().await?;
        self.stranger().await?;
        self.promises_to_the_end();
        Ok(())
    }

    /// Ends the story, for this reason if it is not at its end. Whether every promise was kept.
    ///
    /// # Errors
    /// If not all could be written.
    pub async fn close(mut self, reason: Option<String>) -> io::Result<bool> {
        if let Some(stage) = self.stage.take() {
            stage.close().await;
        }
        let complete = reason.is_none();
        if let Some(reason) = reason {
            self.teller.give_up(&format!("{reason} ({})", self.act));
        }
        self.teller.close(self.kept, self.broken + usize::from(!complete));
        self.teller.flush();
        self.teller.finish()?;
        Ok(complete && self.broken == 0)
    }

    /// Begins to make a key for each of the people, beside the story.
    pub(super) fn make_keys(&mut self) {
        let made = EVERYBODY.map(|who| (who, spawn_blocking(Identity::generate)));
        self.keys = made.into_iter().collect();
    }

    /// Somebody's key, when it is made.
    pub(super) async fn identity(&mut self, who: Who) -> Result<Identity, Failure> {
        let key = self
            .keys
            .remove(&who)
            .ok_or_else(|| Failure("a key is missing".into()))?;
        key.await.map_err(|_| Failure("no key could be made".into()))
    }

    /// A new act.
    pub(super) fn begin(&mut self, title: &'static str) {
        self.teller.flush();
        self.act = title;
        self.number += 1;
        self.teller.act(self.number, title);
    }

    /// The stage.
    pub(super) fn stage(&mut self) -> Result<&mut Stage, Failure> {
        self.stage
            .as_mut()
            .ok_or_else(|| Failure("there is no stage".into()))
    }

    pub(super) fn open(&mut self, stage: Stage) {
        self.teller.open(&stage.address().to_string());
        self.stage = Some(stage);
    }

    pub(super) fn connection(&self, who: Who) -> Option<ConnectionId> {
        self.stage.as_ref().and_then(|stage| stage.connection(who))
    }

    /// Somebody says something.
    pub(super) async fn say(&mut self, who: Who, to: Who, words: &Words) -> Result<Scene, Failure> {
        let words = words.clone();
        self.stage()?
            .act(who, to, |engine, nick, now| engine.say(nick, words, now))
            .await?;
        self.tell()
    }

    /// Somebody says something that nobody else may read.
    pub(super) async fn say_privately(&mut self, who: Who, to: Who, words: &Words) -> Result<Scene, Failure> {
        self.keep_secret(&words.text);
        self.say(who, to, words).await
    }

    /// Notes something that may never be seen on a wire. Each piece of it has to hold a byte that ciphertext and the
    /// numbers around it do not use, or a find could be chance.
    pub(super) fn keep_secret(&mut self, secret: &[u8]) {
        let random = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=,|:?.".contains(byte);
        if secret.len() < PIECE || secret.windows(PIECE).any(|piece| piece.iter().all(random)) {
            let text = String::from_utf8_lossy(secret).into_owned();
            self.check_with(
                "every secret can be searched for without chance finds",
                false,
                &text,
            );
        }
        self.secrets.push(secret.to_vec());
    }

    /// Tells what has happened since the last time.
    pub(super) fn tell(&mut self) -> Result<Scene, Failure> {
        let told = self.told;
        let stage = self.stage()?;
        let screens: Vec<_> = EVERYBODY
            .map(|who| (who, stage.screen(who)))
            .into_iter()
            .collect();
        let wires = stage.tap.messages(told);
        let mark = stage.tap.mark();
        let names: Vec<_> = EVERYBODY
            .map(|who| (stage.connection(who), who))
            .into_iter()
            .collect();
        let of = |who: Who| {
            let of = screens.iter().filter(move |(whose, _)| *whose == who);
            of.flat_map(|(who, notices)| notices.iter().filter_map(|notice| screen::cell(*who, notice)))
        };
        let name = |sighting: &Sighting| {
            let named = names
                .iter()
                .find(|(connection, _)| *connection == Some(sighting.connection));
            named.map_or(
                "?",
                |(_, who)| if *who == Who::Phone { "phone" } else { who.nick() },
            )
        };
        let beat = [
            of(Who::Alice).collect(),
            of(Who::Bob)
                .chain(of(Who::Phone))
                .chain(of(Who::Mallory))
                .collect(),
            wires
                .iter()
                .map(|sighting| screen::wire(name(sighting), sighting))
                .collect(),
        ];
        self.teller.beat(&beat);
        self.told = mark;
        Ok(Scene { screens, wires })
    }

    /// A promise, and whether it was kept.
    pub(super) fn check(&mut self, name: &str, ok: bool) {
        self.check_with(name, ok, "");
    }

    pub(super) fn check_with(&mut self, name: &str, ok: bool, detail: &str) {
        *if ok { &mut self.kept } else { &mut self.broken } += 1;
        self.teller.check(name, ok, detail);
    }

    /// No piece of any secret so far stands on any wire, as it is or inside base64.
    pub(super) fn check_secrecy(&mut self, name: &str) {
        let found = match &self.stage {
            Some(stage) => {
                let (raw, decoded) = stage.tap.haystacks(self.private_from);
                self.secrets.iter().find_map(|secret| {
                    find_piece(secret, PIECE, raw.iter().copied())
                        .or_else(|| find_piece(secret, BINARY_PIECE, decoded.iter().map(Vec::as_slice)))
                })
            }
            None => Some(Vec::new()),
        };
        let detail = found
            .as_deref()
            .map(|piece| format!("found: {:?}", String::from_utf8_lossy(piece)));
        self.check_with(name, found.is_none(), detail.as_deref().unwrap_or_default());
    }
}

const EVERYBODY: [Who; 4] = [Who::Alice, Who::Bob, Who::Phone, Who::Mallory];
/// Pieces of a text this long or longer may not be seen.
const PIECE: usize = 4;
/// The same inside ciphertext, where any four bytes may meet by chance once in a while.
const BINARY_PIECE: usize = 6;
