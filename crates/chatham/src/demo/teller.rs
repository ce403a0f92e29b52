//! How the story is told: in three columns, in plain lines, or as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};
use unicode_width::UnicodeWidthChar;

use crate::demo::screen::{Cell, Tone};
use crate::sanitize;

/// Where the story goes.
pub struct Teller<'a> {
    out: &'a mut dyn Write,
    form: Form,
    color: bool,
    failed: Option<io::Error>,
}

/// The form of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Three columns in so many character cells.
    Columns(usize),
    /// One line after the other.
    Plain,
    /// One JSON object a line.
    Json,
}

/// What happened in one step, in the columns of Alice, Bob and the network.
pub type Beat = [Vec<Cell>; 3];

impl<'a> Teller<'a> {
    /// A teller that writes to `out`. Columns narrower than [`NARROWEST`] become plain lines.
    pub fn new(out: &'a mut dyn Write, form: Form, color: bool) -> Self {
        let form = if matches!(form, Form::Columns(width) if width < NARROWEST) {
            Form::Plain
        } else {
            form
        };
        Self {
            out,
            form,
            color,
            failed: None,
        }
    }

    /// The first words.
    pub fn open(&mut self, address: &str) {
        let words = format!("chatham demo on {address}: real sockets, and every promise checked");
        match self.form {
            Form::Json => self.json(&json!({ "event": "begin", "relay": address })),
            Form::Plain => self.line(&words),
            Form::Columns(width) => {
                self.line(&words);
                let heads = HEADS.map(|head| self.paint(BOLD, head));
                self.row(&column_widths(width), heads, HEADS.map(display_width));
            }
        }
    }

    /// A new act.
    pub fn act(&mut self, number: usize, title: &str) {
        match self.form {
            Form::Json => self.json(&json!({ "event": "act", "number": number, "title": title })),
            Form::Plain => {
                let title = self.paint(BOLD, &format!("{number}. {title}"));
                self.line("");
                self.line(&title);
            }
            Form::Columns(width) => {
                let title = format!("── {number}. {title} ");
                let rest = width.saturating_sub(display_width(&title));
                let line = self.paint(BOLD, &format!("{title}{}", "─".repeat(rest)));
                self.line(&line);
            }
        }
    }

    /// One step of the story.
    pub fn beat(&mut self, beat: &Beat) {
        match self.form {
            Form::Json => beat.iter().flatten().for_each(|cell| self.json(&cell.value)),
            Form::Plain => {
                for (column, head) in beat.iter().zip(["alice  ", "bob    ", "network"]) {
                    for cell in column {
                        let text = self.paint(color_of(cell.tone), &cell.text);
                        self.line(&format!("   {head} | {text}"));
                    }
                }
            }
            Form::Columns(width) => self.columns(width, beat),
        }
    }

    /// A promise, and whether it was kept.
    pub fn check(&mut self, name: &str, ok: bool, detail: &str) {
        if self.form == Form::Json {
            let mut value = json!({ "check": name, "ok": ok });
            if !ok {
                value["detail"] = Value::String(detail.into());
            }
            return self.json(&value);
        }
        let mark = if ok {
            self.paint(GREEN, "✓")
        } else {
            self.paint(RED, "✗ BROKEN:")
        };
        let detail = if ok || detail.is_empty() {
            String::new()
        } else {
            format!(" ({detail})")
        };
        let width = match self.form {
            Form::Columns(width) => width,
            _ => usize::MAX,
        };
        for (position, part) in wrap(&format!("{name}{detail}"), width.saturating_sub(5))
            .iter()
            .enumerate()
        {
            let mark = if position == 0 { &mark } else { " " };
            self.line(&format!("   {mark} {part}"));
        }
    }

    /// The last words.
    pub fn close(&mut self, kept: usize, broken: usize) {
        if self.form == Form::Json {
            return self.json(&json!({ "event": "end", "kept": kept, "broken": broken }));
        }
        self.line("");
        let words = match broken {
            0 => self.paint(GREEN, &format!("All {kept} promises were kept.")),
            _ => self.paint(
                RED,
                &format!("{broken} of {} promises were BROKEN.", kept + broken),
            ),
        };
        self.line(&words);
    }

    /// The story could not be told to its end.
    pub fn give_up(&mut self, reason: &str) {
        let reason = sanitize::one_line(reason.as_bytes());
        match self.form {
            Form::Json => self.json(&json!({ "event": "given-up", "reason": reason })),
            _ => {
                let words = self.paint(RED, &format!("The demo could not go on: {reason}"));
                self.line(&words);
            }
        }
    }

    /// Whether all could be written.
    ///
    /// # Errors
    /// The first error of writing.
    pub fn finish(self) -> io::Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    fn columns(&mut self, width: usize, beat: &Beat) {
        let widths = column_widths(width);
        let mut columns: [Vec<String>; 3] = Default::default();
        let mut shown: [Vec<usize>; 3] = Default::default();
        for (position, cells) in beat.iter().enumerate() {
            for cell in cells {
                for (row, part) in wrap(&cell.text, widths[position]).iter().enumerate() {
                    let part = if row == 0 {
                        part.clone()
                    } else {
                        format!("  {part}")
                    };
                    shown[position].push(display_width(&part));
                    columns[position].push(self.paint(color_of(cell.tone), &part));
                }
            }
        }
        let height = columns.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..height {
            let cell = |position: usize| columns[position].get(row).cloned().unwrap_or_default();
            let size = |position: usize| shown[position].get(row).copied().unwrap_or(0);
            self.row(&widths, [cell(0), cell(1), cell(2)], [size(0), size(1), size(2)]);
        }
    }

    fn row(&mut self, widths: &[usize; 3], cells: [String; 3], sizes: [usize; 3]) {
        let mut line = String::new();
        for position in 0..3 {
            line.push_str(&cells[position]);
            if position < 2 {
                line.push_str(&" ".repeat(widths[position].saturating_sub(sizes[position])));
                line.push_str(" │ ");
            }
        }
        self.line(line.trim_end());
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color && !code.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn json(&mut self, value: &Value) {
        self.line(&sanitize::json(&value.to_string()));
    }

    fn line(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = writeln!(self.out, "{text}").err();
        }
    }
}

/// The widths of the three columns; the network gets what is left over.
fn column_widths(width: usize) -> [usize; 3] {
    let inner = width.saturating_sub(2 * SEPARATOR);
    let side = inner / 3;
    [side, side, inner - 2 * side]
}

/// Cuts a text into rows: at spaces if possible, else anywhere. All rows but the first leave room for an indent.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    let mut size = 0;
    for word in text.split(' ') {
        let room = |rows: &Vec<String>| {
            if rows.is_empty() {
                width
            } else {
                width.saturating_sub(2)
            }
            .max(4)
        };
        let length = display_width(word);
        if size > 0 && size + 1 + length > room(&rows) {
            rows.push(std::mem::take(&mut row));
            size = 0;
        } else if size > 0 {
            row.push(' ');
            size += 1;
        }
        for c in word.chars() {
            let step = c.width().unwrap_or(0);
            if size + step > room(&rows) {
                rows.push(std::mem::take(&mut row));
                size = 0;
            }
            row.push(c);
            size += step;
        }
    }
    rows.push(row);
    rows
}

fn display_width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

fn color_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Verified => GREEN,
        Tone::Unverified => CYAN,
        Tone::Clear => YELLOW,
        Tone::Remark => "",
        Tone::Alarm => RED,
        Tone::Wire => DIM,
    }
}

/// Columns narrower than this cannot be read.
pub const NARROWEST: usize = 60;
const SEPARATOR: usize = 3;
const HEADS: [&str; 3] = ["What Alice saw", "What Bob saw", "What the network saw"];
const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_never_grow_over_their_column() {
        let text = "a word, then Donaudampfschifffahrtsgesellschaft, 你好你好你好你好你好, and ?OTR:AAMCabcdefghijklmnop";
        for width in 8..60 {
            let rows = wrap(text, width);
            assert!(display_width(&rows[0]) <= width);
            assert!(
                rows[1..].iter().all(|row| display_width(row) <= width - 2),
                "{width}: {rows:?}"
            );
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&rows.concat()), squeeze(text));
        }
    }

    #[test]
    fn the_columns_fill_the_width() {
        for width in NARROWEST..200 {
            let widths = column_widths(width);
            assert_eq!(widths.iter().sum::<usize>() + 2 * SEPARATOR, width);
        }
    }
}
