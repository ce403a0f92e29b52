//! What is done at a request, and what is answered.
//!
//! Nothing here waits: the engine is asked under its lock, and what it has for the network is left to the connection.

use std::sync::{Arc, MutexGuard};

use im::irc::{Nick, ctcp};
use otr_store::KeyName;
use serde_json::{Value, json};

use crate::chat::action::{Action, Command};
use crate::chat::plain::policy_remark;
use crate::chat::remark::Remark;
use crate::config::Rules;
use crate::control::answer::{Answer, Refusal};
use crate::control::request::{KeysWish, Wish};
use crate::control::words;
use crate::engine::Effect;
use crate::engine::notice::{Standing, What, Words};
use crate::engine::trust::Trust;
use crate::present::json::{fingerprint, standing};
use crate::present::words::standing_words;
use crate::proxy::archive::Archive;
use crate::proxy::outside::is_answer;
use crate::proxy::room::Room;
use crate::proxy::{Resident, observer, xmpp};
use crate::seat::now;
use crate::vault::fingerprint_of;

/// Everything that can be asked about.
pub(crate) struct Desk {
    rooms: Vec<Arc<Room>>,
    archive: Arc<Archive>,
}

impl Desk {
    pub(crate) fn new(rooms: Vec<Arc<Room>>, archive: Arc<Archive>) -> Self {
        Self { rooms, archive }
    }

    /// The names of the profiles.
    pub(super) fn profiles(&self) -> Vec<&str> {
        self.rooms
            .iter()
            .map(|room| room.shelf.profile.as_str())
            .collect()
    }

    /// The rooms that are meant: the one of the profile, or all.
    pub(super) fn rooms(&self, profile: Option<&str>) -> Result<Vec<&Arc<Room>>, Refusal> {
        let Some(profile) = profile else {
            return Ok(self.rooms.iter().collect());
        };
        let found = self.rooms.iter().find(|room| room.shelf.profile == profile);
        found.map(|room| vec![room]).ok_or_else(|| {
            let there = self.profiles().join(", ");
            Refusal::new(
                "no-such-profile",
                format!("the proxy has no profile {profile}; there are: {there}"),
            )
        })
    }

    /// The one room that is meant.
    pub(super) fn room(&self, profile: Option<&str>) -> Result<&Arc<Room>, Refusal> {
        match self.rooms(profile)?.as_slice() {
            [room] => Ok(room),
            _ => {
                let there = self.profiles().join(", ");
                let words = format!("which of your profiles? --profile names one of: {there}");
                Err(Refusal::new("which-profile", words))
            }
        }
    }

    /// Does what is wanted. What is told goes into the answer, also if there is a refusal in the end.
    pub(super) fn answer(
        &self,
        profile: Option<&str>,
        wish: Wish,
        answer: &mut Answer,
    ) -> Result<(), Refusal> {
        let rooms = self.rooms(profile)?;
        match wish {
            Wish::Watch => Ok(()),
            Wish::Converse => self.room(profile).map(|_| ()),
            Wish::Proxy => {
                rooms.into_iter().for_each(|room| answer.push(standing_of(room)));
                Ok(())
            }
            Wish::Keys(wish) => self.keys(wish, answer),
            Wish::Act(command) if command.action == Action::People => {
                rooms.into_iter().for_each(|room| people(room, answer));
                Ok(())
            }
            Wish::Act(command) => act(self.room(profile)?, command, answer),
        }
    }

    fn keys(&self, wish: KeysWish, answer: &mut Answer) -> Result<(), Refusal> {
        let fault = |words: String| Refusal::new("store", words);
        let report = self.archive.keys(|keys| match &wish {
            KeysWish::List => Ok(keys.list()),
            KeysWish::Fingerprint { account } => keys.fingerprint(account.as_deref()),
            KeysWish::Trust {
                account,
                nick,
                key,
                trusted,
            } => {
                // It was read before by whoever asks; what is no key is one that nobody has shown.
                let key = KeyName::from_hex(key).unwrap_or(KeyName::Classic([0; 20]));
                keys.set_trust(account.as_deref(), nick, key, *trusted)
            }
        });
        let report = report
            .map_err(|error| fault(error.to_string()))?
            .map_err(|error| fault(error.to_string()))?;
        answer.push(json!({ "event": "keys", "report": report.value, "lines": report.lines }));
        if let KeysWish::Trust {
            account,
            nick,
            key,
            trusted,
        } = wish
        {
            self.pass_on(account.as_deref(), &nick, &key, trusted);
        }
        Ok(())
    }

    /// The store knows it; now those who are talking have to.
    fn pass_on(&self, account: Option<&str>, nick: &str, key: &str, trusted: bool) {
        let Ok(Ok(account)) = self.archive.keys(|keys| keys.account(account)) else {
            return;
        };
        let Some(key) = KeyName::from_hex(key).as_ref().and_then(fingerprint_of) else {
            return;
        };
        for room in &self.rooms {
            if self.archive.account(&room.shelf).is_ok_and(|own| own == account) {
                let mut resident = room.resident();
                let nick = resident.engine.fold(nick.as_bytes());
                let trust = if trusted { Trust::Compared } else { Trust::Seen };
                resident.engine.learn(&nick, key, trust);
                let effects = resident.engine.set_trust(&nick, Some(key), trusted, now());
                // It is in the store; the client is told with the rest.
                let _refusal = carry_out(room, resident, effects, &mut Answer::default());
            }
        }
    }
}

/// Does what a person does with somebody.
fn act(room: &Room, command: Command, answer: &mut Answer) -> Result<(), Refusal> {
    let mut resident = room.resident();
    if command.action == Action::Fingerprints {
        own_keys(room, &resident, answer);
        if command.to.is_none() {
            return Ok(());
        }
    }
    let Some(to) = command.to.as_deref() else {
        return Err(Refusal::new("bad-request", "with whom? \"to\" is missing"));
    };
    let peer = resident.engine.fold(to);
    let odd = |byte: &u8| byte.is_ascii_control() || *byte == b' ' || *byte == b',';
    if to.is_empty() || to.len() > LONGEST_NAME || to.iter().any(odd) || !resident.engine.is_person(&peer) {
        return Err(Refusal::new("not-done", "that is no person: nothing was done"));
    }
    name_exactly(&peer)?;
    if let Action::Policy(mode) = command.action {
        if let Some(mode) = mode {
            let policy = Rules::with_mode(resident.engine.policy(&peer).clone(), mode);
            resident.engine.set_policy(&peer, policy);
        }
        let remark = policy_remark(&peer, resident.engine.policy(&peer));
        answer.push(event(room, &remark));
        return Ok(());
    }
    if let Some(room) = resident.outside.room {
        resident
            .engine
            .set_room(&peer, room.saturating_sub(peer.as_bytes().len()));
    }
    if let Action::Say(words) = command.action {
        let effects = say(&mut resident, &peer, words)?;
        return carry_out(room, resident, effects, answer);
    }
    let speaks = matches!(
        command.action,
        Action::Start
            | Action::Accept(_)
            | Action::Verify { .. }
            | Action::Answer { .. }
            | Action::Abort
            | Action::SendAgain(_)
    );
    if speaks && !resident.outside.is_at_network() {
        let words =
            "no client of yours is connected through the proxy, so nothing can be sent: nothing was done";
        return Err(Refusal::new("no-connection", words));
    }
    let effects = command.action.carry_out(&mut resident.engine, &peer, now());
    carry_out(room, resident, effects, answer)
}

/// Whether a name is one that somebody can have, and was told exactly. What is said to another one would go in the clear.
fn name_exactly(peer: &Nick) -> Result<(), Refusal> {
    let name = peer.to_string();
    if observer::is_reserved(name.as_bytes()) || xmpp::is_reserved(&name) {
        let words = "that is the proxy itself, which takes no texts here: nothing was done";
        return Err(Refusal::new("not-done", words));
    }
    if name.contains(char::REPLACEMENT_CHARACTER) {
        let words = "that name has letters that cannot be written here, so that it would be somebody else's: nothing was done";
        return Err(Refusal::new("not-done", words));
    }
    Ok(())
}

/// Says something to somebody. While there is no connection the engine keeps it.
fn say(resident: &mut Resident, peer: &Nick, words: Words) -> Result<Vec<Effect>, Refusal> {
    let stray = |byte: &u8| byte.is_ascii_control() && !b"\t\n\r".contains(byte);
    if words.text.iter().any(stray) {
        let words = "a text has no control characters but tabs and line ends: nothing was said";
        return Err(Refusal::new("bad-request", words));
    }
    if resident.is_crowded() {
        let words = "too much waits for the network: nothing was said; say it again in a moment";
        return Err(Refusal::new("not-done", words));
    }
    let mut effects = Vec::new();
    if !resident.outside.is_at_network() && !std::mem::replace(&mut resident.away, true) {
        effects.extend(resident.engine.connection_lost(now()));
    }
    let told = effects.len();
    effects.extend(resident.engine.say(peer, words, now()));
    for effect in effects.iter().skip(told) {
        if let Effect::Show(notice) = effect
            && let What::Sent { line, .. } | What::NotSent { line, held: true, .. } = &notice.what
        {
            resident.outside.said(*line);
        }
    }
    Ok(effects)
}

/// Tells what the engine says, stores what is to be stored, and leaves the rest to the connection.
fn carry_out(
    room: &Room,
    mut resident: MutexGuard<'_, Resident>,
    effects: Vec<Effect>,
    answer: &mut Answer,
) -> Result<(), Refusal> {
    let mut done = Ok(());
    let mut effects = std::collections::VecDeque::from(effects);
    while let Some(effect) = effects.pop_front() {
        match effect {
            Effect::Remember(memory) => {
                if let Some(words) = room.remember(&memory) {
                    done = Err(Refusal::new("store", words));
                }
            }
            Effect::Send { .. } | Effect::Deed { .. } if resident.outside.is_at_network() => {
                resident.outside.leave(effect);
            }
            Effect::Send { to, text } => {
                effects.extend(give_back(&mut resident, &to, &text));
            }
            Effect::Deed { to, deed } => {
                effects.extend(give_back(&mut resident, &to, &ctcp::action(&deed)));
            }
            Effect::Show(notice) => {
                let mut lines = words::lines(&notice);
                if let What::Mistake(_) | What::VerifyLocked { .. } = &notice.what {
                    done = Err(Refusal::new("not-done", lines.join(" ")));
                    // They are told once, with the end.
                    lines.clear();
                }
                // What was only asked for is for nobody else.
                let is_answer = is_answer(&notice.what);
                if is_answer || answer.partakes.as_ref() != Some(&room.shelf.profile) {
                    let mut value = crate::present::json::value(&notice);
                    value["profile"] = json!(room.shelf.profile);
                    value["lines"] = json!(lines);
                    answer.push(value);
                }
                if is_answer {
                    continue;
                }
                if resident.outside.is_at_network() {
                    resident.outside.leave(Effect::Show(notice));
                } else {
                    resident.outside.tell(&notice);
                    let lines = resident.told(&notice, &room.habits.prefix);
                    resident.keep(lines);
                }
            }
        }
    }
    done
}

/// There is no connection: it goes when there is one.
fn give_back(resident: &mut Resident, to: &Nick, text: &[u8]) -> Vec<Effect> {
    resident.away = true;
    resident.engine.not_sent(to, text, now())
}

/// How the proxy stands with one of its profiles.
fn standing_of(room: &Room) -> Value {
    let resident = room.resident();
    let profile = &room.shelf.profile;
    let account = resident.engine.account();
    let known = resident
        .engine
        .people()
        .filter(|person| person.acquainted)
        .count();
    let is_private = |standing| matches!(standing, Standing::Unverified | Standing::Verified);
    let private = resident
        .engine
        .people()
        .filter(|person| is_private(person.standing))
        .count();
    let waiting: usize = resident.engine.people().map(|person| person.waiting).sum();
    let client = if resident.outside.is_at_network() {
        "a client is connected"
    } else {
        "no client is connected"
    };
    let line = format!(
        "{profile}: {client}; people known: {known}, private with: {private}, texts waiting: {waiting}"
    );
    json!({
        "event": "proxy", "profile": profile, "connected": resident.outside.is_at_network(), "people": known,
        "private": private, "waiting": waiting, "fingerprint": fingerprint(account.newest_fingerprint()),
        "lines": [line],
    })
}

fn own_keys(room: &Room, resident: &Resident, answer: &mut Answer) {
    let account = resident.engine.account();
    let mut keys = vec![account.newest_fingerprint(), account.fingerprint()];
    keys.dedup();
    for key in keys {
        let remark = Remark::new("own-fingerprint", format!("your own key: {key}"));
        answer.push(event(
            room,
            &remark.with(json!({ "fingerprint": fingerprint(key) })),
        ));
    }
}

fn people(room: &Room, answer: &mut Answer) {
    let resident = room.resident();
    let known = resident
        .engine
        .people()
        .filter(|person| person.acquainted || person.waiting > 0);
    for person in known.take(MOST_LISTED) {
        let name = crate::sanitize::nick(person.nick.as_bytes());
        let waiting = match person.waiting {
            0 => String::new(),
            1 => "; one text waits".to_owned(),
            texts => format!("; {texts} texts wait"),
        };
        let words = format!("{name}: {}{waiting}", standing_words(person.standing));
        let fields = json!({
            "with": person.nick.to_string(), "standing": standing(person.standing), "waiting": person.waiting,
            "lost": person.lost,
        });
        answer.push(event(room, &Remark::new("person", words).with(fields)));
    }
}

fn event(room: &Room, remark: &Remark) -> Value {
    let mut value = remark.value();
    value["profile"] = json!(room.shelf.profile);
    value["lines"] = json!([remark.to_string()]);
    value
}

const LONGEST_NAME: usize = 1024;
const MOST_LISTED: usize = 1000;
