//! Colours and signs. Everything that a colour says is also said by a word or a sign.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::config::resolve::{self, Marks};
use crate::engine::notice::How;
use crate::engine::notice::{Delivery, Standing};

/// How the screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    color: bool,
    ascii: bool,
}

impl Theme {
    /// With or without colours, with signs of Unicode or of ASCII.
    pub fn new(color: bool, ascii: bool) -> Self {
        Self { color, ascii }
    }

    /// What the settings and the terminal say. `no_color` and `term` are the variables `NO_COLOR` and `TERM`.
    pub fn of(color: resolve::Color, marks: Marks, no_color: Option<&str>, term: Option<&str>) -> Self {
        let wanted = no_color.is_none_or(str::is_empty) && !term.is_some_and(|term| term.ends_with("-m"));
        let color = match color {
            resolve::Color::Auto => wanted,
            resolve::Color::Always => true,
            resolve::Color::Never => false,
        };
        Self::new(color, marks == Marks::Ascii)
    }

    /// Whether there are colours.
    pub fn has_color(self) -> bool {
        self.color
    }

    /// Whether only ASCII is drawn.
    pub fn is_ascii(self) -> bool {
        self.ascii
    }

    /// The title and the line of keys.
    pub fn bar(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Words of the program between words of people.
    pub fn program(self) -> Style {
        self.ink(Color::Cyan)
    }

    /// What is less important.
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What is as it should be.
    pub fn good(self) -> Style {
        self.ink(Color::Green).add_modifier(Modifier::BOLD)
    }

    /// What could be better.
    pub fn doubtful(self) -> Style {
        self.ink(Color::Yellow)
    }

    /// What a person has to look at.
    pub fn bad(self) -> Style {
        let plain = Style::new().add_modifier(Modifier::BOLD);
        if self.color {
            plain.fg(Color::Red)
        } else {
            plain.add_modifier(Modifier::UNDERLINED)
        }
    }

    /// What is chosen.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// Words to be read aloud.
    pub fn loud(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The style of a standing.
    pub fn standing(self, standing: Standing) -> Style {
        match standing {
            Standing::Verified => self.good(),
            Standing::Unverified => self.doubtful(),
            Standing::NotPrivate => Style::new(),
            Standing::Finished | Standing::KeyChanged | Standing::Distrusted => self.bad(),
        }
    }

    /// The sign of a standing, one column wide.
    pub fn standing_mark(self, standing: Standing) -> &'static str {
        let (unicode, ascii) = match standing {
            Standing::Verified => ("●", "V"),
            Standing::Unverified => ("◐", "p"),
            Standing::NotPrivate => ("○", "-"),
            Standing::Finished => ("◌", "x"),
            Standing::KeyChanged | Standing::Distrusted => ("!", "!"),
        };
        self.pick(unicode, ascii)
    }

    /// The sign of how a text travelled, one column wide.
    pub fn how_mark(self, how: How) -> &'static str {
        let (unicode, ascii) = match how {
            How::Verified => ("●", "V"),
            How::Unverified => ("◐", "p"),
            How::Clear => ("○", "-"),
        };
        self.pick(unicode, ascii)
    }

    /// The style of how a text travelled.
    pub fn how(self, how: How) -> Style {
        match how {
            How::Verified => self.good(),
            How::Unverified => self.doubtful(),
            How::Clear => Style::new(),
        }
    }

    /// The sign of how far a text of ours has come, at most two columns wide.
    pub fn delivery_mark(self, delivery: Delivery) -> &'static str {
        let (unicode, ascii) = match delivery {
            Delivery::Held => ("…", ".."),
            Delivery::Sent => ("✓", ">"),
            Delivery::Readable => ("✓✓", ">>"),
            Delivery::Lost => ("✗", "X"),
        };
        self.pick(unicode, ascii)
    }

    /// The line between names and words of people.
    pub fn rule(self) -> &'static str {
        self.pick("│", "|")
    }

    /// What stands before words of the program, where names of people stand before theirs.
    pub fn program_mark(self) -> &'static str {
        self.pick("──", "--")
    }

    /// A piece of a horizontal line.
    pub fn dash(self) -> &'static str {
        self.pick("─", "-")
    }

    /// Something goes on, seen in its turn.
    pub fn spinner(self, turn: usize) -> &'static str {
        const UNICODE: [&str; 4] = ["◐", "◓", "◑", "◒"];
        const ASCII: [&str; 4] = ["|", "/", "-", "\\"];
        if self.ascii {
            ASCII[turn % 4]
        } else {
            UNICODE[turn % 4]
        }
    }

    /// The frame of a dialog.
    pub fn frame(self) -> border::Set<'static> {
        if !self.ascii {
            return border::PLAIN;
        }
        border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        }
    }

    fn ink(self, color: Color) -> Style {
        if self.color {
            Style::new().fg(color)
        } else {
            Style::new()
        }
    }

    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { unicode }
    }
}
