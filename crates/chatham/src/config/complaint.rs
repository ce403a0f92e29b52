//! What is wrong with a setting: where it stands, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::sanitize;

/// One fault in what the person has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where it was asked for.
    pub origin: Origin,
    /// What is wrong, as a sentence without its end.
    pub what: String,
    /// What to do.
    pub remedy: Option<String>,
    /// Whether the program goes on all the same.
    pub warning: bool,
}

/// Where a setting was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is how things are without a word of the person.
    Default,
    /// In the environment, under this name.
    Environment(&'static str),
    /// By this option of the command line.
    Option(&'static str),
    /// In the configuration, at these bytes.
    File(Arc<Source>, Range<usize>),
}

/// A configuration file as it was read.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
}

/// A place in a file, as people count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot<'a> {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The whole line.
    pub text: &'a str,
    /// How many characters of the line are meant, at least 1.
    pub width: usize,
}

impl Complaint {
    /// A fault that keeps the program from going on.
    pub fn new(origin: Origin, what: impl Into<String>) -> Self {
        Self {
            origin,
            what: what.into(),
            remedy: None,
            warning: false,
        }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn remedy(mut self, words: impl Into<String>) -> Self {
        self.remedy = Some(words.into());
        self
    }

    /// The same, as something to know and not to stop for.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.warning = true;
        self
    }

    /// As one JSON object.
    pub fn json(&self) -> Value {
        let mut value = json!({
            "event": "complaint", "severity": if self.warning { "warning" } else { "error" },
            "what": self.what, "remedy": self.remedy,
        });
        match &self.origin {
            Origin::Default => {}
            Origin::Environment(name) => value["environment"] = json!(name),
            Origin::Option(name) => value["option"] = json!(name),
            Origin::File(source, bytes) => {
                let spot = source.spot(bytes);
                value["file"] = json!(source.path.to_string_lossy());
                value["line"] = json!(spot.line);
                value["column"] = json!(spot.column);
                value["text"] = json!(spot.text);
            }
        }
        value
    }
}

impl fmt::Display for Complaint {
    /// Several lines, in the form that compilers have made familiar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| sanitize::one_line(text.as_bytes());
        let kind = if self.warning { "warning" } else { "error" };
        write!(f, "{kind}: {}", shown(&self.what))?;
        match &self.origin {
            Origin::Default => {}
            Origin::Environment(name) => write!(f, "\n  --> ${name}")?,
            Origin::Option(name) => write!(f, "\n  --> {name} on the command line")?,
            Origin::File(source, bytes) => {
                let spot = source.spot(bytes);
                let path = shown(&source.path.to_string_lossy());
                let (line, gap) = (spot.line, " ".repeat(spot.line.to_string().len()));
                let before: String = spot.text.chars().take(spot.column - 1).collect();
                let indent = " ".repeat(shown(&before).chars().count());
                write!(
                    f,
                    "\n  --> {path}:{line}:{}\n {gap} |\n {line} | {}\n {gap} | {indent}{}",
                    spot.column,
                    shown(spot.text),
                    "^".repeat(spot.width)
                )?;
            }
        }
        match &self.remedy {
            Some(words) => write!(f, "\n   = help: {}", shown(words)),
            None => Ok(()),
        }
    }
}

impl Source {
    /// Where these bytes stand.
    pub fn spot(&self, bytes: &Range<usize>) -> Spot<'_> {
        let text = self.text.as_str();
        // A fault at the end of the file is shown behind its last character.
        let at = floor(text, bytes.start.min(text.len()));
        let (before, after) = text.split_at(at);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let end = after.find('\n').map_or(text.len(), |end| at + end);
        let line = text.get(start..end).unwrap_or_default();
        let meant = text.get(at..floor(text, bytes.end.clamp(at, end)));
        Spot {
            line: before.matches('\n').count() + 1,
            column: text.get(start..at).unwrap_or_default().chars().count() + 1,
            text: line.strip_suffix('\r').unwrap_or(line),
            width: meant.unwrap_or_default().trim_end().chars().count().max(1),
        }
    }
}

impl fmt::Debug for Source {
    /// Only the name: the text would be printed once for each setting.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.path).finish()
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, bytes: Range<usize>) -> Complaint {
        let source = Source {
            path: "c.toml".into(),
            text: text.into(),
        };
        Complaint::new(Origin::File(Arc::new(source), bytes), "bad")
    }

    #[test]
    fn shows_the_line_and_marks_the_words() {
        let shown = at("a = 1\nünïk = 2\n", 6..12).remedy("write x").to_string();
        let expected = "error: bad\n  --> c.toml:2:1\n   |\n 2 | ünïk = 2\n   | ^^^^\n   = help: write x";
        assert_eq!(shown, expected);
    }

    #[test]
    fn every_place_can_be_shown() {
        let text = "é\r\nß = \"\u{1b}\"";
        for start in 0..text.len() + 2 {
            for end in 0..text.len() + 2 {
                let complaint = at(text, start..end);
                assert!(!complaint.to_string().contains(['\r', '\u{1b}']));
                assert!(
                    complaint.json()["line"]
                        .as_u64()
                        .is_some_and(|line| (1..=2).contains(&line))
                );
            }
        }
    }
}
