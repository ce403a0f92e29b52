//! The dialog in which two people verify each other: by words, by a code, or by a secret.
//!
//! It holds what it shows, and confirms what it has shown (S-33): the key goes into the action that is confirmed.

use im::irc::Nick;
use otr::{Fingerprint, InstanceTag};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::Zeroizing;

use crate::chat::action::{Action, Secret};
use crate::engine::notice::Comparison;
use crate::verify::qr;

/// The dialog about one person.
#[derive(Debug)]
pub struct Verification {
    /// Who.
    pub with: Nick,
    /// The nick, harmless.
    pub name: String,
    /// Whether the key in use is verified already.
    pub verified: bool,
    /// Where we are.
    pub stage: Stage,
    /// What the person should know about it, if something has happened meanwhile.
    pub note: Option<String>,
}

/// Where we are.
#[derive(Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing private stands yet; it was asked for.
    Beginning,
    /// Which way?
    Choice(usize),
    /// Words and digits to be compared.
    Compare(Comparison),
    /// Our code, and a field for what their code says.
    Scan {
        /// What is compared.
        comparison: Comparison,
        /// What a scanner said.
        scanned: Field,
    },
    /// A secret, and a question if there shall be one.
    Secret {
        /// Which of their devices has to know it.
        device: InstanceTag,
        /// What both know.
        secret: Field,
        /// What they are asked.
        question: Field,
        /// Whether the question is being typed.
        asking: bool,
    },
    /// They want to compare a secret.
    Answer {
        /// Which of their devices asks.
        device: InstanceTag,
        /// Their question, harmless; `None` if both just know what is meant.
        question: Option<String>,
        /// Our answer.
        secret: Field,
    },
    /// Their turn.
    Waiting,
    /// The end.
    Over(Outcome),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Their key is verified.
    Verified,
    /// Only they have learned something.
    OneSided,
    /// The secrets differ.
    Different,
    /// It was given up.
    GivenUp,
    /// The person says that words or keys differ.
    Mismatch,
}

/// What a key leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The dialog goes.
    Close,
    /// Something is to be done, and the dialog stays.
    Do(Action),
}

/// A short text that is wiped.
#[derive(Default, PartialEq, Eq)]
pub struct Field(Zeroizing<String>);

/// The three ways, in words.
pub const WAYS: [(&str, &str); 3] = [
    ("Compare words", "on the telephone or face to face"),
    ("Scan a code", "sitting together, with a telephone or a scanner"),
    ("A shared secret", "something that only the two of you know"),
];

impl Verification {
    /// Begins with the choice, or, without anything private, with waiting for that.
    pub fn new(with: Nick, name: String, private: bool) -> Self {
        let stage = if private {
            Stage::Choice(0)
        } else {
            Stage::Beginning
        };
        Self {
            with,
            name,
            verified: false,
            stage,
            note: None,
        }
    }

    /// Begins with their question.
    pub fn asked(with: Nick, name: String, question: Option<String>, device: InstanceTag) -> Self {
        let stage = Stage::Answer {
            device,
            question,
            secret: Field::default(),
        };
        Self {
            with,
            name,
            verified: false,
            stage,
            note: None,
        }
    }

    /// What is shown now, so that having read one thing is not having read another.
    pub fn subject(&self) -> String {
        match &self.stage {
            Stage::Beginning => "beginning".to_owned(),
            Stage::Choice(_) => "choice".to_owned(),
            Stage::Compare(shown) => format!("{} {} {}", shown.ssid, shown.our_key, shown.their_key),
            Stage::Scan { .. } => "scan".to_owned(),
            Stage::Secret { .. } => "secret".to_owned(),
            Stage::Answer { device, .. } => format!("answer {}", device.raw()),
            Stage::Waiting => "waiting".to_owned(),
            Stage::Over(outcome) => format!("{outcome:?}"),
        }
    }

    /// The private conversation stands, or is another one: what is shown may be out of date.
    pub fn renew(&mut self, comparison: Option<Comparison>) {
        let stale = match &self.stage {
            Stage::Beginning => comparison.is_some(),
            Stage::Compare(shown)
            | Stage::Scan {
                comparison: shown, ..
            } => Some(*shown) != comparison,
            _ => false,
        };
        if !stale {
            return;
        }
        let was_beginning = self.stage == Stage::Beginning;
        self.stage = if comparison.is_some() {
            Stage::Choice(0)
        } else {
            Stage::Beginning
        };
        self.note =
            (!was_beginning).then(|| "The private conversation is a new one: begin again.".to_owned());
    }

    /// They ask for a secret while the dialog is open. What is being typed or compared is not taken away for it.
    pub fn ask(&mut self, question: Option<String>, device: InstanceTag) {
        if matches!(
            self.stage,
            Stage::Beginning | Stage::Choice(_) | Stage::Waiting | Stage::Over(_)
        ) {
            self.stage = Stage::Answer {
                device,
                question,
                secret: Field::default(),
            };
            self.note = None;
        } else {
            self.note =
                Some("They ask you for a secret meanwhile: Esc until this is closed, then F2.".to_owned());
        }
    }

    /// It has ended.
    pub fn end(&mut self, outcome: Outcome) {
        // What is being compared by eye has nothing to do with it.
        if !matches!(self.stage, Stage::Compare(_) | Stage::Scan { .. }) || outcome == Outcome::Verified {
            self.stage = Stage::Over(outcome);
            self.note = None;
        }
    }

    /// Characters that were pasted.
    pub fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        if let Some(field) = self.field() {
            line.chars().for_each(|c| field.push(c));
        }
    }

    /// A key. `read` tells whether all of the window was on the screen: what was not is not confirmed.
    pub fn key(&mut self, key: KeyEvent, comparison: Option<Comparison>, read: bool) -> Option<Step> {
        if key.code == KeyCode::Esc {
            return self.escape();
        }
        match &mut self.stage {
            Stage::Beginning => None,
            Stage::Choice(chosen) => {
                match key.code {
                    KeyCode::Up => *chosen = chosen.checked_sub(1).unwrap_or(WAYS.len() - 1),
                    KeyCode::Down | KeyCode::Tab => *chosen = (*chosen + 1) % WAYS.len(),
                    KeyCode::Char('1') => self.choose(0, comparison),
                    KeyCode::Char('2') => self.choose(1, comparison),
                    KeyCode::Char('3') => self.choose(2, comparison),
                    KeyCode::Enter => {
                        let chosen = *chosen;
                        self.choose(chosen, comparison);
                    }
                    _ => {}
                }
                None
            }
            Stage::Compare(shown) => match key.code {
                KeyCode::Char('y' | 'Y') if read => Some(Step::Do(Action::Confirm(Some(*shown)))),
                KeyCode::Char('n' | 'N') => self.differ(),
                _ => None,
            },
            // A key that nobody presses while typing on.
            Stage::Waiting => (key.code == KeyCode::Delete).then_some(Step::Do(Action::Abort)),
            Stage::Over(Outcome::OneSided) if key.code == KeyCode::Enter => {
                self.stage = Stage::Choice(2);
                None
            }
            Stage::Over(_) => (key.code == KeyCode::Enter).then_some(Step::Close),
            Stage::Scan { .. } | Stage::Secret { .. } | Stage::Answer { .. } => self.type_key(key),
        }
    }

    fn type_key(&mut self, key: KeyEvent) -> Option<Step> {
        match key.code {
            KeyCode::Enter => return self.enter(),
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down => {
                if let Stage::Secret { asking, .. } = &mut self.stage {
                    *asking = !*asking;
                }
            }
            KeyCode::Backspace => {
                if let Some(field) = self.field() {
                    field.0.pop();
                }
            }
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                if let Some(field) = self.field() {
                    *field = Field::default();
                }
            }
            KeyCode::Char(c)
                if !key
                    .modifiers
                    .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                if let Some(field) = self.field() {
                    field.push(c);
                }
            }
            _ => {}
        }
        None
    }

    fn enter(&mut self) -> Option<Step> {
        let action = match &mut self.stage {
            Stage::Scan { comparison, scanned } => {
                let read: Option<Fingerprint> = qr::read(&scanned.0);
                match read {
                    None => {
                        self.note = Some("There is no fingerprint in that.".to_owned());
                        return None;
                    }
                    Some(key) if key == comparison.their_key => {
                        return Some(Step::Do(Action::Confirm(Some(*comparison))));
                    }
                    Some(_) => return self.differ(),
                }
            }
            Stage::Secret {
                device,
                secret,
                question,
                asking,
            } => {
                if secret.is_empty() {
                    *asking = false;
                    return None;
                }
                let question = (!question.is_empty()).then(|| question.0.as_bytes().to_vec());
                Action::Verify {
                    secret: secret.secret(),
                    question,
                    device: Some(*device),
                }
            }
            Stage::Answer { secret, device, .. } if !secret.is_empty() => Action::Answer {
                secret: secret.secret(),
                device: Some(*device),
            },
            _ => return None,
        };
        self.stage = Stage::Waiting;
        self.note = None;
        Some(Step::Do(action))
    }

    fn escape(&mut self) -> Option<Step> {
        match self.stage {
            Stage::Compare(_) | Stage::Scan { .. } | Stage::Secret { .. } => {
                self.stage = Stage::Choice(0);
                self.note = None;
                None
            }
            _ => Some(Step::Close),
        }
    }

    fn choose(&mut self, way: usize, comparison: Option<Comparison>) {
        self.note = None;
        let Some(comparison) = comparison else {
            self.stage = Stage::Beginning;
            return;
        };
        self.stage = match way {
            0 => Stage::Compare(comparison),
            1 => Stage::Scan {
                comparison,
                scanned: Field::default(),
            },
            _ => Stage::Secret {
                device: comparison.device,
                secret: Field::default(),
                question: Field::default(),
                asking: false,
            },
        };
    }

    fn differ(&mut self) -> Option<Step> {
        self.note = None;
        let shown = match &self.stage {
            Stage::Compare(shown)
            | Stage::Scan {
                comparison: shown, ..
            } => shown.their_key,
            _ => return None,
        };
        self.stage = Stage::Over(Outcome::Mismatch);
        Some(Step::Do(Action::Distrust(Some(shown))))
    }

    /// The field that is being typed in.
    fn field(&mut self) -> Option<&mut Field> {
        match &mut self.stage {
            Stage::Scan { scanned, .. } => Some(scanned),
            Stage::Secret {
                question,
                asking: true,
                ..
            } => Some(question),
            Stage::Secret { secret, .. } | Stage::Answer { secret, .. } => Some(secret),
            _ => None,
        }
    }
}

impl Field {
    /// What stands there.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether nothing stands there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, c: char) {
        // All the room is there from the beginning, so that no copy is left behind.
        if self.0.capacity() == 0 {
            self.0.reserve_exact(LONGEST);
        }
        if !c.is_control() && self.0.len() + c.len_utf8() <= LONGEST {
            self.0.push(c);
        }
    }

    fn secret(&self) -> Secret {
        Secret::new(self.0.as_bytes())
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Field(..)")
    }
}

const LONGEST: usize = 400;
