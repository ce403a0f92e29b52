//! What the keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::chat::action::{Action, Command};
use crate::chat::input;
use crate::engine::notice::Standing;
use crate::engine::notice::Words;
use crate::tui::app::{Act, App, HOME};
use crate::tui::complete::complete;
use crate::tui::conversation::{Weight, Wish};
use crate::tui::overlay::{Devices, Overlay, Paste};
use crate::tui::verify::{Stage, Step, Verification};

impl App {
    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) -> Vec<Act> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let leaving = matches!(self.overlay, Some(Overlay::Leave(_)));
        if control && matches!(key.code, KeyCode::Char('q' | 'c')) && !leaving {
            return self.leave();
        }
        if self.overlay.is_some() {
            return self.overlay_key(key);
        }
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::F(1) => self.overlay = Some(Overlay::Help),
            KeyCode::F(2) => return self.verify(),
            KeyCode::F(3) => return self.devices(),
            KeyCode::PageUp => self.scroll(true),
            KeyCode::PageDown => self.scroll(false),
            KeyCode::Up if alt => self.step(false),
            KeyCode::Down if alt => self.step(true),
            KeyCode::Char('n') if control => self.step(true),
            KeyCode::Char('p') if control => self.step(false),
            KeyCode::Char(digit @ '1'..='9') if alt => {
                self.show(digit.to_digit(10).map_or(0, |digit| digit as usize - 1));
            }
            KeyCode::Tab => self.tab(),
            KeyCode::BackTab => self.step(false),
            KeyCode::Enter if !alt => return self.enter(),
            _ => self.editor().key(key),
        }
        Vec::new()
    }

    /// Text was pasted.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim_end_matches('\n');
        if let Some(Overlay::Verify(dialog)) = &mut self.overlay {
            dialog.paste(text);
            return;
        }
        if self.overlay.is_some() {
            return;
        }
        match self.conversation() {
            Some(person) if text.contains('\n') => {
                let lines = text.lines().map(str::to_owned).collect();
                let (with, name) = (person.nick.clone(), person.name.clone());
                self.overlay = Some(Overlay::Paste(Paste { with, name, lines }));
            }
            _ => self.editor().insert(text.lines().next().unwrap_or_default()),
        }
    }

    /// The person wants to end the program, or the terminal did.
    pub fn leave(&mut self) -> Vec<Act> {
        // What outlives us loses nothing by it.
        let undelivered = if self.outlives_us { 0 } else { self.undelivered() };
        if undelivered == 0 {
            return vec![Act::Leave];
        }
        self.overlay = Some(Overlay::Leave(undelivered));
        Vec::new()
    }

    /// The line that is being typed.
    fn editor(&mut self) -> &mut crate::tui::input::Editor {
        match self.people.get_mut(self.current) {
            Some(person) => &mut person.editor,
            None => &mut self.log.editor,
        }
    }

    fn scroll(&mut self, up: bool) {
        let page = self.page.saturating_sub(2).max(1);
        let view = match self.people.get_mut(self.current) {
            Some(person) => person,
            None => &mut self.log,
        };
        // The drawing sees to it that there is something to see.
        view.scroll = if up {
            view.scroll + page
        } else {
            view.scroll.saturating_sub(page)
        };
    }

    fn step(&mut self, forward: bool) {
        let count = self.people.len();
        if count == 0 {
            return;
        }
        let next = match (self.current, forward) {
            (HOME, true) => 0,
            (HOME, false) => count - 1,
            (at, true) => (at + 1) % count,
            (at, false) => (at + count - 1) % count,
        };
        self.show(next);
    }

    fn tab(&mut self) {
        if self.editor().is_empty() {
            return self.step(true);
        }
        let names: Vec<String> = self.people.iter().map(|person| person.name.clone()).collect();
        let text = self.editor().text();
        if let Some(text) = complete(&text, names.iter().map(String::as_str)) {
            self.editor().set(&text);
        }
    }

    fn enter(&mut self) -> Vec<Act> {
        let text = zeroize::Zeroizing::new(self.editor().text());
        if text.trim().is_empty() {
            return Vec::new();
        }
        let command = text.starts_with('/') && !text.starts_with("//");
        if command && text.contains('\n') {
            self.remark(
                Weight::Bad,
                "A command is one line; // begins a text with a slash.",
            );
            return Vec::new();
        }
        match input::read(text.as_bytes()) {
            Ok(None) => Vec::new(),
            Ok(Some(command)) => {
                if self.me.is_none() && !matches!(command.action, Action::Quit | Action::Help) {
                    return Vec::new();
                }
                self.editor().take();
                self.obey(command)
            }
            Err(words) => {
                self.remark(Weight::Bad, &words);
                Vec::new()
            }
        }
    }

    fn obey(&mut self, command: Command) -> Vec<Act> {
        let Command { to, action } = command;
        match action {
            Action::Quit => return self.leave(),
            Action::Help => {
                self.overlay = Some(Overlay::Help);
                return Vec::new();
            }
            Action::Reconnect => return vec![Act::Do(Command { to, action })],
            // About somebody with whom nobody need talk now.
            Action::List(_) if to.is_some() => return vec![Act::Do(Command { to, action })],
            Action::Qr(path) => return vec![Act::Picture(path)],
            _ => {}
        }
        if let Some(nick) = &to {
            let nick = self.fold(nick);
            self.turn_to(&nick);
        }
        match action {
            Action::Turn => Vec::new(),
            Action::Compare => self.verify(),
            Action::Status | Action::Fingerprints => self.devices(),
            Action::People => {
                self.remark(
                    Weight::Note,
                    "Everybody stands in the list on the left; Tab goes through it.",
                );
                Vec::new()
            }
            action if self.conversation().is_none() => {
                drop(action);
                self.remark(Weight::Bad, "To whom? /to NICK begins a conversation.");
                Vec::new()
            }
            action => {
                if let Some(person) = self.conversation_mut() {
                    person.scroll = 0;
                }
                self.act(action)
            }
        }
    }

    /// The one action by which people verify each other: whatever is the next step of it.
    fn verify(&mut self) -> Vec<Act> {
        let Some(person) = self.conversation() else {
            self.remark(Weight::Bad, "Whom? /to NICK begins a conversation.");
            return Vec::new();
        };
        let (with, name) = (person.nick.clone(), person.name.clone());
        let (standing, wish) = (person.standing, person.wish.clone());
        let (overlay, acts) = match (wish, standing) {
            (Some(Wish::Secret { question, device }), _) => (
                Overlay::Verify(Box::new(Verification::asked(with, name, question, device))),
                Vec::new(),
            ),
            (_, Standing::KeyChanged | Standing::Distrusted) => {
                let Some(key) = person.comparison.map(|comparison| comparison.their_key) else {
                    return Vec::new();
                };
                let rejected = standing == Standing::Distrusted;
                let overlay = Overlay::KeyChanged {
                    with,
                    name,
                    key,
                    rejected,
                };
                (overlay, Vec::new())
            }
            (_, Standing::Unverified | Standing::Verified) => {
                let mut dialog = Verification::new(with, name, true);
                dialog.verified = standing == Standing::Verified;
                (Overlay::Verify(Box::new(dialog)), Vec::new())
            }
            (wish, Standing::NotPrivate | Standing::Finished) => {
                let action = if wish.is_some() {
                    Action::Accept(None)
                } else {
                    Action::Start
                };
                let acts = self.act(action);
                (
                    Overlay::Verify(Box::new(Verification::new(with, name, false))),
                    acts,
                )
            }
        };
        self.overlay = Some(overlay);
        acts
    }

    fn devices(&mut self) -> Vec<Act> {
        let Some(person) = self.conversation() else {
            for key in self.own_keys.clone() {
                self.remark(Weight::Note, &format!("Your own key: {key}"));
            }
            return Vec::new();
        };
        let (with, name) = (person.nick.clone(), person.name.clone());
        self.overlay = Some(Overlay::Devices(Box::new(Devices {
            with,
            name,
            status: None,
        })));
        self.act(Action::Status)
    }

    fn overlay_key(&mut self, key: KeyEvent) -> Vec<Act> {
        let to_read = matches!(self.overlay, Some(Overlay::Help | Overlay::Devices(_)));
        let scrolls = to_read
            || matches!(
                self.overlay,
                Some(Overlay::Verify(_) | Overlay::KeyChanged { .. })
            );
        // Where nothing is typed or decided, the keys for single rows and the space bar are free.
        let by = match key.code {
            KeyCode::Up if to_read => -1,
            KeyCode::Down if to_read => 1,
            KeyCode::PageUp if scrolls => -STEP,
            KeyCode::PageDown if scrolls => STEP,
            KeyCode::Char(' ') if to_read => STEP,
            _ => 0,
        };
        if by != 0 {
            // The drawing sees to it that there is something to see.
            self.reading.top = self.reading.top.saturating_add_signed(by);
            return Vec::new();
        }
        let read = self.reading.whole;
        match &mut self.overlay {
            Some(Overlay::Help | Overlay::Devices(_)) => self.overlay = None,
            Some(Overlay::Paste(_)) => return self.paste_key(key),
            Some(Overlay::Leave(_)) => {
                self.overlay = None;
                let plain = !key
                    .modifiers
                    .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
                if plain && matches!(key.code, KeyCode::Char('y' | 'Y')) {
                    return vec![Act::Leave];
                }
            }
            // Who types on after the end writes the next text: not a letter of it is lost.
            Some(Overlay::Verify(dialog))
                if matches!(dialog.stage, Stage::Over(_))
                    && matches!(key.code, KeyCode::Char(_))
                    && !key
                        .modifiers
                        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                self.overlay = None;
                self.editor().key(key);
            }
            Some(Overlay::Verify(dialog)) => {
                let person = self.people.iter().find(|person| person.nick == dialog.with);
                let step = dialog.key(key, person.and_then(|person| person.comparison), read);
                let with = dialog.with.clone();
                match step {
                    Some(Step::Close) => self.overlay = None,
                    Some(Step::Do(action)) => return vec![Act::Do(Command::with(with.as_bytes(), action))],
                    None => {}
                }
            }
            Some(Overlay::KeyChanged { .. }) => return self.changed_key(key),
            None => {}
        }
        Vec::new()
    }

    fn paste_key(&mut self, key: KeyEvent) -> Vec<Act> {
        let Some(Overlay::Paste(paste)) = self.overlay.take() else {
            return Vec::new();
        };
        let say = |text: &str| {
            Act::Do(Command::with(
                paste.with.as_bytes(),
                Action::Say(Words::said(text)),
            ))
        };
        match key.code {
            KeyCode::Char('m' | 'M') => vec![say(&paste.lines.join("\n"))],
            KeyCode::Char('l' | 'L') => {
                let lines = paste.lines.iter().filter(|line| !line.is_empty());
                lines.map(|line| say(line)).collect()
            }
            KeyCode::Char('e' | 'E') => {
                self.editor().insert(&paste.lines.join("\n"));
                Vec::new()
            }
            KeyCode::Esc => Vec::new(),
            // Whoever types on must not decide by it.
            _ => {
                self.overlay = Some(Overlay::Paste(paste));
                Vec::new()
            }
        }
    }

    fn changed_key(&mut self, key: KeyEvent) -> Vec<Act> {
        let read = self.reading.whole;
        let Some(Overlay::KeyChanged {
            with,
            name,
            key: shown,
            rejected,
        }) = self.overlay.take()
        else {
            return Vec::new();
        };
        let act = |action| vec![Act::Do(Command::with(with.as_bytes(), action))];
        match key.code {
            KeyCode::Char('c' | 'C') => {
                self.overlay = Some(Overlay::Verify(Box::new(Verification::new(with, name, true))));
                Vec::new()
            }
            // What is not on the screen is not decided about.
            KeyCode::Char('a' | 'A') if read => act(Action::Accept(Some(shown))),
            KeyCode::Char('d' | 'D') => act(Action::Drop(None)),
            KeyCode::Char('w' | 'W') | KeyCode::Esc => Vec::new(),
            _ => {
                self.overlay = Some(Overlay::KeyChanged {
                    with,
                    name,
                    key: shown,
                    rejected,
                });
                Vec::new()
            }
        }
    }
}

/// So many rows at once.
const STEP: isize = 5;
