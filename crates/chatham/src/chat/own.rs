//! Conversations of this program's own: an engine at its connection, and the store.

use std::time::Duration;

use im::irc::{CaseMapping, Nick};
use im::xmpp::ListWish;
use otr::Fingerprint;
use serde_json::json;

use crate::chat::action::Action;
use crate::chat::arrival::Arrival;
use crate::chat::conversations::{Conversations, Report};
use crate::chat::plain::policy_remark;
use crate::chat::remark::Remark;
use crate::config::{Mode, Rules};
use crate::engine::notice::{Comparison, PersonSummary};
use crate::present::json::{fingerprint, standing};
use crate::present::words::standing_words;
use crate::seat::{Network, News, Seat, now};
use crate::vault::Vault;

/// An engine at its connection, and what is remembered.
pub(crate) struct Own {
    seat: Seat,
    vault: Vault,
    /// Whether we go where the people of this computer find each other.
    meets: bool,
}

impl Own {
    /// After an arrival. `meets` makes everybody on this computer show up.
    pub(crate) fn new(arrival: Arrival, meets: bool) -> Self {
        let Arrival { seat, vault } = arrival;
        Self { seat, vault, meets }
    }

    /// Stores what is to be stored; the rest is for the person.
    fn reports(&mut self, mut news: Vec<News>) -> Vec<Report> {
        let mut reports = Vec::new();
        loop {
            for news in news {
                match news {
                    News::Notice(notice) => reports.push(Report::Notice(notice)),
                    News::Remember(memory) => {
                        let stored = self.vault.remember(&memory);
                        reports.extend(stored.err().map(not_stored));
                    }
                    News::Network(network) => {
                        let here = matches!(network, Network::Registered(_) | Network::Reconnected { .. });
                        if here && self.meets {
                            self.seat.join(LOBBY);
                        }
                        reports.push(Report::Network(network));
                    }
                }
            }
            news = Vec::new();
            self.seat.flush(&mut news);
            if news.is_empty() {
                return reports;
            }
        }
    }

    /// Lets time pass.
    fn tick(&mut self) -> Vec<Report> {
        let effects = self.seat.engine().tick(now());
        let news = self.seat.carry_out(effects);
        let mut reports = self.reports(news);
        let renewed = self.vault.renew_profile(self.seat.engine(), now());
        reports.extend(renewed.err().map(not_stored));
        reports
    }

    /// Everybody we know or wait for, and how we stand with them.
    fn people(&mut self) -> Vec<Report> {
        let known = |person: &PersonSummary| person.acquainted || person.waiting > 0;
        let people: Vec<PersonSummary> = self.seat.engine().people().filter(known).collect();
        if people.is_empty() {
            return vec![nobody_yet()];
        }
        let line = |person: PersonSummary| {
            let words = format!("{}: {}", person.nick, standing_words(person.standing));
            let fields = json!({
                "with": person.nick.to_string(), "standing": standing(person.standing), "waiting": person.waiting,
                "lost": person.lost,
            });
            Report::Remark(Remark::new("person", words).with(fields))
        };
        people.into_iter().map(line).collect()
    }

    /// Shows what is willing to happen with somebody, or changes it for this run.
    fn policy(&mut self, peer: &Nick, mode: Option<Mode>) -> Vec<Report> {
        if let Some(mode) = mode {
            let policy = Rules::with_mode(self.seat.engine().policy(peer).clone(), mode);
            self.seat.engine().set_policy(peer, policy);
        }
        let remark = policy_remark(peer, self.seat.engine().policy(peer));
        vec![Report::Remark(remark)]
    }

    /// Changes the list of people of the account.
    fn list(&mut self, whom: &Nick, wish: ListWish) -> Vec<Report> {
        let words = match wish {
            ListWish::Add => format!("{whom} is to be on your list, and is asked to let you see them"),
            ListWish::Allow => format!("{whom} may see when you are there; /add lets you see them, too"),
            ListWish::Refuse => format!("{whom} may not see when you are there"),
            ListWish::Remove => format!("{whom} is to be on your list no more, and sees you no more"),
        };
        let remark = match self.seat.list(whom, wish) {
            Ok(()) => Remark::new("list", words).with(json!({ "with": whom.to_string() })),
            Err(why) => Remark::mistake(why),
        };
        vec![Report::Remark(remark)]
    }

    fn reconnect(&mut self) -> Vec<Report> {
        if self.seat.hurry() {
            return Vec::new();
        }
        let words = if self.seat.is_connected() {
            "the connection stands"
        } else {
            "an attempt is under way"
        };
        vec![Report::Remark(Remark::mistake(words))]
    }
}

impl Conversations for Own {
    async fn next(&mut self) -> Option<Vec<Report>> {
        let deadline = self.seat.engine().next_deadline();
        let wait = deadline.map_or(LONG, |deadline| deadline.since(now())).max(SHORT);
        let wait = if self.seat.has_backlog() { SHORT } else { wait };
        tokio::select! {
            news = self.seat.next() => {
                let news = news?;
                Some(self.reports(news))
            }
            () = tokio::time::sleep(wait) => Some(self.tick()),
        }
    }

    fn obey(&mut self, to: Option<&Nick>, action: Action) -> Vec<Report> {
        let mut reports = Vec::new();
        match action {
            Action::Reconnect => return self.reconnect(),
            Action::People => return self.people(),
            Action::Fingerprints => {
                let own = |key| {
                    let remark = Remark::new("own-fingerprint", format!("your own key: {key}"));
                    Report::Remark(remark.with(json!({ "fingerprint": fingerprint(key) })))
                };
                reports.extend(self.own_keys().into_iter().map(own));
            }
            _ => {}
        }
        let Some(peer) = to else {
            return reports;
        };
        match action {
            Action::Policy(mode) => return self.policy(peer, mode),
            Action::List(wish) => return self.list(peer, wish),
            _ => {}
        }
        let news = self
            .seat
            .act(peer, |engine, peer, now| action.carry_out(engine, peer, now));
        reports.extend(self.reports(news));
        reports
    }

    fn mapping(&mut self) -> CaseMapping {
        self.seat.engine().case_mapping()
    }

    fn own_keys(&mut self) -> Vec<Fingerprint> {
        let account = self.seat.engine().account();
        let mut keys = vec![account.newest_fingerprint(), account.fingerprint()];
        keys.dedup();
        keys
    }

    fn known(&mut self, nick: &Nick) -> Option<(PersonSummary, Option<Comparison>)> {
        let engine = self.seat.engine();
        Some((engine.summary(nick)?, engine.comparison(nick)))
    }

    fn is_busy(&self) -> bool {
        self.seat.has_backlog()
    }

    fn outlives_us(&self) -> bool {
        false
    }

    fn lost_by_leaving(&mut self) -> usize {
        self.seat.engine().people().map(|person| person.waiting).sum()
    }

    /// Ends what is private, and says goodbye.
    async fn leave(mut self) -> Vec<Report> {
        let effects = self.seat.engine().end_all(now());
        let news = self.seat.carry_out(effects);
        let reports = self.reports(news);
        self.seat.leave(PATIENCE).await;
        reports
    }
}

/// There is nobody to be listed.
pub(super) fn nobody_yet() -> Report {
    Report::Remark(Remark::new("hint", "nobody yet; /to NICK begins"))
}

fn not_stored(error: impl std::fmt::Display) -> Report {
    Report::Remark(Remark::new("store", format!("not stored: {error}")))
}

/// Where the people of one computer find each other. Nothing is ever said there.
const LOBBY: &[u8] = b"#chatham";
const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);
/// How long the server may take to let us go.
const PATIENCE: Duration = Duration::from_secs(3);
