//! The loop: what the person does, what the network says, and the screen between them.

use std::io;
use std::time::{Duration, Instant};

use otr_store::Store;
use ratatui::crossterm::event::{Event, KeyEventKind};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::chat::action::{Action, Command};
use crate::chat::arrival::{Arrival, arrive};
use crate::chat::remark::Remark;
use crate::config::{Mode, Place, Resolved, Rules};
use crate::seat::{Network, News, Seat, now};
use crate::tui::app::{Act, App, Connection};
use crate::tui::conversation::Weight;
use crate::tui::terminal::{Screen, events, term};
use crate::tui::theme::Theme;
use crate::tui::view;
use crate::vault::Vault;
use crate::verify::qr;

/// Talks until the person leaves, or the connection is gone for good. `true` if it was the person's wish to end.
///
/// # Errors
/// What keeps the client from starting, or the screen from being drawn.
pub async fn run(resolved: &Resolved, store: Store) -> io::Result<bool> {
    let no_color = std::env::var("NO_COLOR").ok();
    let theme = Theme::of(
        resolved.color,
        resolved.marks,
        no_color.as_deref(),
        term().as_deref(),
    );
    let local = matches!(resolved.place, Place::Local(_));
    let mut app = App::new(theme, resolved.place.words(), local);
    if let Place::Local(port) = resolved.place
        && port != crate::local::PORT
    {
        app.invitation = format!("chatham chat --local={port} --nick bob");
    }
    for warning in &resolved.warnings {
        app.log.remark(Weight::Bad, &warning.to_string());
    }
    let mut person = Person::arrive()?;
    let Some(Arrival { mut seat, vault }) = begin(resolved, store, &mut app, &mut person).await? else {
        return Ok(true);
    };
    let account = seat.engine().account();
    app.own_keys = vec![account.newest_fingerprint(), account.fingerprint()];
    app.own_keys.dedup();
    if let Some(peer) = &resolved.peer {
        let nick = seat.engine().fold(peer.as_bytes());
        app.turn_to(&nick);
    }
    let mut client = Client {
        seat,
        vault,
        app,
        over: false,
    };
    let wished = client.talk(&mut person).await;
    let effects = client.seat.engine().end_all(now());
    let news = client.seat.carry_out(effects);
    client.take_news(news);
    // What the relay carries out for others ends with us, so that the goodbye comes first.
    drop(person);
    client.seat.leave(PATIENCE).await;
    wished
}

/// The person at their terminal.
struct Person {
    screen: Screen,
    events: mpsc::Receiver<Event>,
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

/// What reached us from the person.
enum Wish {
    Event(Event),
    /// The terminal is gone, or somebody wants the program to end.
    End,
}

impl Person {
    fn arrive() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let hang_up = signal(SignalKind::hangup())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self {
            screen: Screen::enter()?,
            events: events(),
            terminate,
            hang_up,
            interrupt,
        })
    }

    /// Waits for the person. Nothing is lost if the wait is given up.
    async fn next(&mut self) -> Wish {
        tokio::select! {
            event = self.events.recv() => event.map_or(Wish::End, Wish::Event),
            _ = self.terminate.recv() => Wish::End,
            _ = self.hang_up.recv() => Wish::End,
            _ = self.interrupt.recv() => Wish::End,
        }
    }

    /// What is there already, without waiting.
    fn more(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}

/// Makes the key, if there is none, and connects, while the screen lives. `None` if the person left meanwhile.
async fn begin(
    resolved: &Resolved,
    store: Store,
    app: &mut App,
    person: &mut Person,
) -> io::Result<Option<Arrival>> {
    let (sender, mut remarks) = mpsc::unbounded_channel::<Remark>();
    let mut tell = move |remark| {
        // Nobody listens any more only if the person has left.
        let _gone = sender.send(remark);
        Ok(())
    };
    let mut arriving = Box::pin(arrive(resolved, store, &mut tell));
    app.connection = Connection::Starting(format!("connecting to {}", resolved.place.words()));
    loop {
        person.screen.draw(|frame| view::draw(frame, app))?;
        tokio::select! {
            arrival = &mut arriving => {
                while let Ok(remark) = remarks.try_recv() {
                    app.take_remark(&remark);
                }
                app.connection = Connection::Starting(format!("connected to {}; waiting for a welcome", resolved.place.words()));
                return arrival.map(Some);
            }
            Some(remark) = remarks.recv() => app.take_remark(&remark),
            wish = person.next() => match wish {
                Wish::End => return Ok(None),
                Wish::Event(event) => {
                    if take_event(app, event).contains(&Act::Leave) {
                        return Ok(None);
                    }
                }
            },
            () = tokio::time::sleep(TURN) => app.turn += 1,
        }
    }
}

fn take_event(app: &mut App, event: Event) -> Vec<Act> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => app.key(key),
        Event::Paste(text) => {
            app.paste(&text);
            Vec::new()
        }
        // A new size is drawn with everything else.
        _ => Vec::new(),
    }
}

/// A conversation at the screen.
struct Client {
    seat: Seat,
    vault: Vault,
    app: App,
    over: bool,
}

impl Client {
    async fn talk(&mut self, person: &mut Person) -> io::Result<bool> {
        while !self.over {
            person.screen.draw(|frame| view::draw(frame, &mut self.app))?;
            let deadline = self.seat.engine().next_deadline();
            let wait = deadline.map_or(LONG, |deadline| deadline.since(now())).max(TURN);
            let busy = self.seat.has_backlog() || matches!(self.app.connection, Connection::Starting(_));
            tokio::select! {
                news = self.seat.next() => match news {
                    Some(news) => {
                        self.take_news(news);
                        self.take_what_is_there().await;
                    }
                    None => return self.stay(person).await,
                },
                wish = person.next() => match wish {
                    Wish::Event(event) => {
                        self.take_event(event);
                        // A burst of keys is drawn once.
                        while let Some(event) = person.more() {
                            self.take_event(event);
                        }
                    }
                    Wish::End => self.over = true,
                },
                () = tokio::time::sleep(if busy { TURN } else { wait }) => {
                    self.app.turn += 1;
                    let effects = self.seat.engine().tick(now());
                    let news = self.seat.carry_out(effects);
                    self.take_news(news);
                    if let Err(error) = self.vault.renew_profile(self.seat.engine(), now()) {
                        self.app.remark(Weight::Bad, &format!("Not stored: {error}"));
                    }
                }
            }
        }
        Ok(true)
    }

    /// A burst of lines is drawn once, or a few times if it is long.
    async fn take_what_is_there(&mut self) {
        let began = Instant::now();
        while began.elapsed() < BURST {
            tokio::select! {
                biased;
                news = self.seat.next() => match news {
                    Some(news) => self.take_news(news),
                    // It is told again.
                    None => return,
                },
                () = std::future::ready(()) => return,
            }
        }
    }

    /// The connection is gone for good: the texts can still be read, and the person leaves when they like.
    async fn stay(&mut self, person: &mut Person) -> io::Result<bool> {
        self.app.connection = Connection::Away("the connection is gone".into());
        self.app
            .remark(Weight::Bad, "The connection is gone for good. Ctrl-Q leaves.");
        while !self.over {
            person.screen.draw(|frame| view::draw(frame, &mut self.app))?;
            match person.next().await {
                Wish::Event(event) => self.take_event(event),
                Wish::End => self.over = true,
            }
        }
        Ok(false)
    }

    fn take_event(&mut self, event: Event) {
        for act in take_event(&mut self.app, event) {
            match act {
                Act::Leave => self.over = true,
                Act::Picture(path) => self.write_picture(&path),
                Act::Do(command) => self.obey(command),
                Act::Confirm(with, compared) => {
                    let news = self.seat.act(&with, |engine, with, now| {
                        engine.confirm_comparison(with, &compared, now)
                    });
                    self.take_news(news);
                }
            }
        }
    }

    fn write_picture(&mut self, path: &std::path::Path) {
        // The key that the person who scans it sees, or that of the newest version.
        let version = self.app.conversation().and_then(|person| person.version);
        let account = self.seat.engine().account();
        let key = version.and_then(|version| account.fingerprint_in(version));
        let key = key.unwrap_or_else(|| account.newest_fingerprint());
        match qr::write_png(key, path) {
            Ok(()) => {
                let words = format!(
                    "Your fingerprint is in {} now, as a code to be scanned.",
                    path.display()
                );
                self.app.remark(Weight::Note, &words);
            }
            Err(error) => self.app.remark(
                Weight::Bad,
                &format!("{} was not written: {error}", path.display()),
            ),
        }
    }

    fn obey(&mut self, command: Command) {
        let Command { to, action } = command;
        if action == Action::Reconnect {
            if !self.seat.hurry() {
                let stands = self.seat.is_connected();
                self.app.remark(
                    Weight::Note,
                    if stands {
                        "The connection stands."
                    } else {
                        "An attempt is under way."
                    },
                );
            }
            return;
        }
        let Some(to) = to else {
            return;
        };
        let peer = self.seat.engine().fold(&to);
        if let Action::Policy(mode) = action {
            return self.set_policy(&peer, mode);
        }
        let news = self
            .seat
            .act(&peer, |engine, peer, now| action.carry_out(engine, peer, now));
        self.take_news(news);
    }

    fn set_policy(&mut self, peer: &im::irc::Nick, mode: Option<Mode>) {
        if let Some(mode) = mode {
            let policy = Rules::with_mode(self.seat.engine().policy(peer).clone(), mode);
            self.seat.engine().set_policy(peer, policy);
        }
        let words = crate::chat::plain::policy_remark(peer, self.seat.engine().policy(peer)).to_string();
        self.app.remark(Weight::Note, &words);
    }

    fn take_news(&mut self, news: Vec<News>) {
        for news in news {
            match news {
                News::Notice(notice) => self.app.take_notice(&notice),
                News::Remember(memory) => {
                    if let Err(error) = self.vault.remember(&memory) {
                        self.app.remark(Weight::Bad, &format!("Not stored: {error}"));
                    }
                }
                News::Network(network) => self.take_network(&network),
            }
        }
        let mut late = Vec::new();
        self.seat.flush(&mut late);
        if !late.is_empty() {
            self.take_news(late);
        }
        self.settle();
    }

    /// How we stand with everybody is the engine's to say.
    fn settle(&mut self) {
        let engine = self.seat.engine();
        self.app
            .settle(|nick| Some((engine.summary(nick)?, engine.comparison(nick))));
    }

    fn take_network(&mut self, network: &Network) {
        let mapping = self.seat.link().case_mapping();
        self.app.set_case_mapping(mapping);
        self.app.take_network(network);
        match network {
            Network::Registered(_) | Network::Reconnected { .. } if self.app.local => self.seat.join(LOBBY),
            Network::NickRefused { next: None, .. } if self.app.me.is_none() => {
                self.app.connection = Connection::Away("that nick is taken".into());
                self.app.remark(
                    Weight::Bad,
                    "Leave with Ctrl-Q, and come back with another --nick.",
                );
            }
            _ => {}
        }
    }
}

/// Where the people of one computer find each other. Nothing is ever said there.
const LOBBY: &[u8] = b"#chatham";
/// How often something that goes on is drawn anew.
const TURN: Duration = Duration::from_millis(120);
/// The screen is not kept waiting for longer than this.
const BURST: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(60);
/// How long the server may take to let us go.
const PATIENCE: Duration = Duration::from_secs(3);
