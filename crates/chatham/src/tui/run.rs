//! The loop: what the person does, what the conversations tell, and the screen between them.

use std::io;
use std::time::{Duration, Instant};

use im::irc::Nick;
use otr_store::Store;
use ratatui::crossterm::event::{Event, KeyEventKind};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::chat::action::{Action, Command};
use crate::chat::arrival::{Arrival, arrive};
use crate::chat::attached::Attached;
use crate::chat::conversations::{Conversations, Report, key_in};
use crate::chat::own::Own;
use crate::chat::remark::Remark;
use crate::config::{Attachment, Color, Marks, Place, Resolved};
use crate::control::Client as Control;
use crate::seat::Network;
use crate::tui::app::{Act, App, Connection};
use crate::tui::conversation::Weight;
use crate::tui::terminal::{Screen, events, term};
use crate::tui::theme::Theme;
use crate::tui::view;
use crate::verify::qr;

/// Talks until the person leaves, or the connection is gone for good. `true` if it was the person's wish to end.
///
/// # Errors
/// What keeps the client from starting, or the screen from being drawn.
pub async fn run(resolved: &Resolved, store: Store) -> io::Result<bool> {
    let local = matches!(resolved.place, Place::Local(_));
    let theme = theme(resolved.color, resolved.marks);
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
    let Some(arrival) = begin(resolved, store, &mut app, &mut person).await? else {
        return Ok(true);
    };
    let client = Client {
        conversations: Own::new(arrival, local),
        app,
        over: false,
    };
    client.run(Vec::new(), resolved.peer.as_deref(), person).await
}

/// The same in the conversations of a running proxy.
///
/// # Errors
/// What the proxy refuses, or the screen from being drawn.
pub(crate) async fn attach(
    attachment: &Attachment,
    (control, profile): (Control, String),
) -> io::Result<bool> {
    let theme = theme(attachment.color, attachment.marks);
    let shown = crate::sanitize::one_line(profile.as_bytes());
    let place = format!("the proxy that runs here (process {}, {shown})", control.pid);
    let begins = Attached::begin(control, profile).await;
    let (conversations, reports) = begins.map_err(io::Error::other)?;
    let mut app = App::new(theme, place, false);
    app.outlives_us = true;
    let mut client = Client {
        conversations,
        app,
        over: false,
    };
    let mapping = client.conversations.mapping();
    client.app.set_case_mapping(mapping);
    for nick in client.conversations.people().iter().take(MOST_LISTED) {
        client.app.with(nick);
    }
    let first = client.app.people.first().map(|person| person.nick.to_string());
    let peer = attachment.peer.clone().or(first);
    client.run(reports, peer.as_deref(), Person::arrive()?).await
}

fn theme(color: Color, marks: Marks) -> Theme {
    let no_color = std::env::var("NO_COLOR").ok();
    Theme::of(color, marks, no_color.as_deref(), term().as_deref())
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

/// Conversations at the screen.
struct Client<C> {
    conversations: C,
    app: App,
    over: bool,
}

impl<C: Conversations> Client<C> {
    async fn run(mut self, first: Vec<Report>, peer: Option<&str>, mut person: Person) -> io::Result<bool> {
        self.app.own_keys = self.conversations.own_keys();
        self.take(first);
        if let Some(peer) = peer {
            let nick = Nick::new(peer, self.conversations.mapping());
            self.app.turn_to(&nick);
            self.settle();
        }
        let wished = self.talk(&mut person).await;
        // What the relay carries out for others ends with us, so that the goodbye comes first.
        drop(person);
        self.conversations.leave().await;
        wished
    }

    async fn talk(&mut self, person: &mut Person) -> io::Result<bool> {
        while !self.over {
            person.screen.draw(|frame| view::draw(frame, &mut self.app))?;
            let busy = self.conversations.is_busy() || matches!(self.app.connection, Connection::Starting(_));
            tokio::select! {
                reports = self.conversations.next() => match reports {
                    Some(reports) => {
                        self.take(reports);
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
                () = tokio::time::sleep(TURN), if busy => self.app.turn += 1,
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
                reports = self.conversations.next() => match reports {
                    Some(reports) => self.take(reports),
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
            }
        }
    }

    fn write_picture(&mut self, path: &std::path::Path) {
        // The key that the person who scans it sees, or that of the newest version.
        let version = self.app.conversation().and_then(|person| person.version);
        let Some(key) = key_in(&self.app.own_keys, version) else {
            return;
        };
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
        let mapping = self.conversations.mapping();
        let peer = to.map(|to| Nick::new(to.as_slice(), mapping));
        if peer.is_some() || action == Action::Reconnect {
            let reports = self.conversations.obey(peer.as_ref(), action);
            self.take(reports);
        }
    }

    fn take(&mut self, reports: Vec<Report>) {
        for report in reports {
            match report {
                Report::Notice(notice) => self.app.take_notice(&notice),
                Report::Remark(remark) => {
                    let weight = match remark.event {
                        "mistake" | "store" | "left-out" => Weight::Bad,
                        _ => Weight::Note,
                    };
                    self.app.remark(weight, &remark.to_string());
                }
                Report::Network(network) => self.take_network(&network),
            }
        }
        self.settle();
    }

    /// How we stand with everybody is the engine's to say.
    fn settle(&mut self) {
        let conversations = &mut self.conversations;
        self.app.settle(|nick| conversations.known(nick));
    }

    fn take_network(&mut self, network: &Network) {
        let mapping = self.conversations.mapping();
        self.app.set_case_mapping(mapping);
        self.app.take_network(network);
        if let Network::NickRefused { next: None, .. } = network
            && self.app.me.is_none()
        {
            self.app.connection = Connection::Away("that nick is taken".into());
            self.app.remark(
                Weight::Bad,
                "Leave with Ctrl-Q, and come back with another --nick.",
            );
        }
    }
}

/// How often something that goes on is drawn anew.
const TURN: Duration = Duration::from_millis(120);
/// The screen is not kept waiting for longer than this.
const BURST: Duration = Duration::from_millis(10);
/// So many people show up at the beginning; others need a word.
const MOST_LISTED: usize = 100;
