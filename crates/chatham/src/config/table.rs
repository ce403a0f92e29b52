//! A table of the file, out of which settings are taken one by one.
//!
//! What was never asked for is unknown, so the list of known keys is the list of questions and cannot be wrong. A fault
//! is noted and the reading goes on, so that a person sees all of them at once.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::Setting;
use crate::config::complaint::{Complaint, Origin, Source};

/// The file that is being read, and what is wrong with it so far.
pub(super) struct Reader {
    source: Arc<Source>,
    pub(super) complaints: Vec<Complaint>,
}

/// What is left of one table.
pub(super) struct Table<'t> {
    /// Its name as the file writes it; empty for the file itself.
    name: String,
    entries: BTreeMap<String, (Range<usize>, Spanned<DeValue<'t>>)>,
    asked: Vec<&'static str>,
}

impl Reader {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            complaints: Vec::new(),
        }
    }

    pub(super) fn origin(&self, bytes: Range<usize>) -> Origin {
        Origin::File(Arc::clone(&self.source), bytes)
    }

    fn complain(&mut self, bytes: Range<usize>, what: String, remedy: impl Into<String>) {
        let complaint = Complaint::new(self.origin(bytes), what);
        self.complaints.push(complaint.remedy(remedy));
    }

    fn setting<T>(&self, value: T, bytes: Range<usize>) -> Setting<T> {
        Setting {
            value,
            origin: self.origin(bytes),
        }
    }
}

impl<'t> Table<'t> {
    pub(super) fn new(name: impl Into<String>, table: DeTable<'t>) -> Self {
        let entry = |(key, value): (Spanned<std::borrow::Cow<'t, str>>, _)| {
            let bytes = key.span();
            (key.into_inner().into_owned(), (bytes, value))
        };
        Self {
            name: name.into(),
            entries: table.into_iter().map(entry).collect(),
            asked: Vec::new(),
        }
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str, reader: &mut Reader) -> Option<Setting<String>> {
        let (bytes, value) = self.take(key)?;
        match value {
            DeValue::String(text) if !text.is_empty() => Some(reader.setting(text.into_owned(), bytes)),
            DeValue::String(_) => {
                reader.complain(
                    bytes,
                    format!("`{key}` is empty"),
                    "fill it, or take the line out",
                );
                None
            }
            other => self.mistyped(key, bytes, &other, "a text in quotes", reader),
        }
    }

    /// A file or folder. `~/` is the home, and a path that does not begin at the root begins where the file is.
    pub(super) fn path(&mut self, key: &'static str, reader: &mut Reader) -> Option<Setting<PathBuf>> {
        let text = self.text(key, reader)?;
        let path = match text.value.strip_prefix("~/") {
            Some(rest) => match super::home() {
                Some(home) => home.join(rest),
                None => {
                    let complaint = Complaint::new(text.origin, "there is no home for `~/`");
                    reader
                        .complaints
                        .push(complaint.remedy("write the whole path, or set $HOME"));
                    return None;
                }
            },
            None => {
                let folder = reader.source.path.parent();
                folder.map_or_else(|| PathBuf::from(&text.value), |folder| folder.join(&text.value))
            }
        };
        Some(Setting {
            value: path,
            origin: text.origin,
        })
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &'static str, reader: &mut Reader) -> Option<Setting<bool>> {
        let (bytes, value) = self.take(key)?;
        match value {
            DeValue::Boolean(flag) => Some(reader.setting(flag, bytes)),
            other => self.mistyped(key, bytes, &other, "true or false, without quotes", reader),
        }
    }

    /// A whole number in a range.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u32>,
        reader: &mut Reader,
    ) -> Option<Setting<u32>> {
        let (bytes, value) = self.take(key)?;
        let wanted = format!(
            "a whole number from {} to {}, without quotes",
            range.start(),
            range.end()
        );
        match value {
            DeValue::Integer(digits) => match u32::from_str_radix(digits.as_str(), digits.radix()) {
                Ok(number) if range.contains(&number) => Some(reader.setting(number, bytes)),
                _ => {
                    let what = format!("`{key}` cannot be {digits}");
                    reader.complain(bytes, what, format!("it is {wanted}"));
                    None
                }
            },
            other => self.mistyped(key, bytes, &other, &wanted, reader),
        }
    }

    /// A port.
    pub(super) fn port(&mut self, key: &'static str, reader: &mut Reader) -> Option<Setting<u16>> {
        let number = self.number(key, 1..=u32::from(u16::MAX), reader)?;
        Some(Setting {
            value: u16::try_from(number.value).ok()?,
            origin: number.origin,
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
        reader: &mut Reader,
    ) -> Option<Setting<T>> {
        let text = self.text(key, reader)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(Setting {
                value: *value,
                origin: text.origin,
            });
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let complaint = Complaint::new(text.origin, format!("`{key}` cannot be \"{}\"", text.value));
        reader
            .complaints
            .push(complaint.remedy(suggestion(&text.value, &known)));
        None
    }

    /// A table inside this one; an empty one if it is not there.
    pub(super) fn table(&mut self, key: &'static str, reader: &mut Reader) -> Self {
        let name = self.name_of(key);
        match self.take(key) {
            None => Self::new(name, DeTable::new()),
            Some((_, DeValue::Table(table))) => Self::new(name, table),
            Some((bytes, _)) => {
                let remedy = format!("write a line [{name}], and its settings below it");
                reader.complain(bytes, format!("`{key}` is a table"), remedy);
                Self::new(name, DeTable::new())
            }
        }
    }

    /// All tables inside this one, whatever they are called, with their names and where these stand.
    pub(super) fn tables(self, reader: &mut Reader) -> Vec<(Setting<String>, Self)> {
        let mut tables = Vec::new();
        for (key, (bytes, value)) in self.entries {
            let name = format!("{}.{}", self.name, quoted(&key));
            match value.into_inner() {
                DeValue::Table(table) => tables.push((reader.setting(key, bytes), Self::new(name, table))),
                _ => {
                    let remedy = format!("settings stand below a line [{}.NAME]", self.name);
                    reader.complain(bytes, format!("`{key}` does not belong here"), remedy);
                }
            }
        }
        tables
    }

    /// Complains about whatever nobody asked for.
    pub(super) fn finish(self, reader: &mut Reader) {
        for (key, (bytes, _)) in &self.entries {
            let place = match self.name.as_str() {
                "" => "at the top of the file".to_owned(),
                name => format!("in [{name}]"),
            };
            let what = format!("there is no setting `{key}` {place}");
            reader.complain(bytes.clone(), what, suggestion(key, &self.asked));
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(Range<usize>, DeValue<'t>)> {
        self.asked.push(key);
        let (_, value) = self.entries.remove(key)?;
        Some((value.span(), value.into_inner()))
    }

    fn mistyped<T>(
        &self,
        key: &str,
        bytes: Range<usize>,
        found: &DeValue<'_>,
        wanted: &str,
        reader: &mut Reader,
    ) -> Option<T> {
        let found = match found {
            DeValue::String(_) => "a text in quotes",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        reader.complain(
            bytes,
            format!("`{key}` is {found}"),
            format!("it has to be {wanted}"),
        );
        None
    }

    fn name_of(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }
}

/// What somebody may have meant, or all there is.
fn suggestion(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(word, known), known));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, known)) if likeness >= LIKE => format!("did you mean `{known}`?"),
        _ => format!("there are: {}", known.join(", ")),
    }
}

fn quoted(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

/// How like two words are that may have been meant for one another: of eight letters, three may be wrong.
const LIKE: f64 = 0.6;
