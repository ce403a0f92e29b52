//! The line where the person types: several rows, the keys of readline, the lines of before.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

/// What is being typed to one person, and what was typed before.
pub struct Editor {
    area: TextArea<'static>,
    history: Vec<String>,
    /// Which line of before is shown; `None` for the one being typed, which is kept in `draft` meanwhile.
    shown: Option<usize>,
    draft: String,
}

impl Default for Editor {
    fn default() -> Self {
        Self {
            area: area(""),
            history: Vec::new(),
            shown: None,
            draft: String::new(),
        }
    }
}

impl Editor {
    /// What stands there.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Whether nothing stands there.
    pub fn is_empty(&self) -> bool {
        self.area.lines().iter().all(String::is_empty)
    }

    /// How many lines it has.
    pub fn rows(&self) -> usize {
        self.area.lines().len()
    }

    /// The widget.
    pub fn area(&self) -> &TextArea<'static> {
        &self.area
    }

    /// The row and column of the cursor, in characters.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    /// Puts another text there, with the cursor at its end.
    pub fn set(&mut self, text: &str) {
        self.area = area(text);
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// Takes the text away, and remembers it among those of before unless it may hold a secret.
    pub fn take(&mut self) -> String {
        let text = self.text();
        let secret = ["/verify", "/answer"].iter().any(|word| text.starts_with(word));
        if !secret && !text.is_empty() && self.history.last() != Some(&text) {
            if self.history.len() == MOST_HISTORY {
                self.history.remove(0);
            }
            self.history.push(text.clone());
        }
        self.area = area("");
        self.shown = None;
        self.draft.clear();
        text
    }

    /// Puts a text at the cursor, as far as there is room.
    pub fn insert(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text().len());
        let end = (0..=room.min(text.len()))
            .rev()
            .find(|&at| text.is_char_boundary(at));
        self.area
            .insert_str(text.get(..end.unwrap_or(0)).unwrap_or_default());
    }

    /// A key. Enter, Tab and the function keys are not for here.
    pub fn key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Up if !alt && !control => self.up(),
            KeyCode::Down if !alt && !control => self.down(),
            KeyCode::Enter => self.insert("\n"),
            KeyCode::Char('j') if control => self.insert("\n"),
            KeyCode::Char('u') if control => {
                self.area.delete_line_by_head();
            }
            KeyCode::Char('y') if control => {
                self.area.paste();
            }
            KeyCode::Char('_' | 'z' | '7') if control => {
                self.area.undo();
            }
            KeyCode::Char(_) if control && alt => {}
            KeyCode::Char(c) if !control && !alt => {
                let mut bytes = [0; 4];
                self.insert(c.encode_utf8(&mut bytes));
            }
            KeyCode::Char('a' | 'e' | 'b' | 'f' | 'd' | 'h' | 'k' | 'w') if control => {
                self.area.input(key);
            }
            KeyCode::Char('b' | 'f' | 'd') if alt => {
                self.area.input(key);
            }
            KeyCode::Backspace
            | KeyCode::Delete
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End => {
                let modifiers = key.modifiers.difference(KeyModifiers::SHIFT);
                self.area.input(KeyEvent::new(key.code, modifiers));
            }
            _ => {}
        }
    }

    fn up(&mut self) {
        if self.cursor().0 > 0 {
            self.area.move_cursor(CursorMove::Up);
            return;
        }
        let last = self.history.len();
        let Some(at) = self.shown.unwrap_or(last).checked_sub(1) else {
            return;
        };
        if self.shown.is_none() {
            self.draft = self.text();
        }
        self.show(Some(at));
    }

    fn down(&mut self) {
        if self.cursor().0 + 1 < self.rows() {
            self.area.move_cursor(CursorMove::Down);
            return;
        }
        if let Some(at) = self.shown {
            self.show(Some(at + 1).filter(|&at| at < self.history.len()));
        }
    }

    fn show(&mut self, at: Option<usize>) {
        self.shown = at;
        let text = match at {
            Some(at) => self.history.get(at).cloned().unwrap_or_default(),
            None => std::mem::take(&mut self.draft),
        };
        self.set(&text);
    }
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_cursor_line_style(ratatui::style::Style::new());
    area.set_wrap_mode(WrapMode::Glyph);
    area
}

/// What is longer goes into a file, not into a line.
pub const LONGEST: usize = 60 * 1024;
const MOST_HISTORY: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut Editor, keys: &[(KeyCode, KeyModifiers)]) {
        for (code, modifiers) in keys {
            editor.key(KeyEvent::new(*code, *modifiers));
        }
    }

    fn typed(text: &str) -> Editor {
        let mut editor = Editor::default();
        for c in text.chars() {
            press(&mut editor, &[(KeyCode::Char(c), KeyModifiers::NONE)]);
        }
        editor
    }

    const CTRL: KeyModifiers = KeyModifiers::CONTROL;
    const ALT: KeyModifiers = KeyModifiers::ALT;
    const NONE: KeyModifiers = KeyModifiers::NONE;

    #[test]
    fn the_keys_of_readline_do_what_they_do_there() {
        for (keys, expected) in [
            (&[(KeyCode::Char('u'), CTRL)][..], ""),
            (&[(KeyCode::Char('w'), CTRL)], "one two "),
            (&[(KeyCode::Char('a'), CTRL), (KeyCode::Char('k'), CTRL)], ""),
            (
                &[(KeyCode::Char('a'), CTRL), (KeyCode::Char('d'), CTRL)],
                "ne two three",
            ),
            (
                &[(KeyCode::Char('b'), ALT), (KeyCode::Char('k'), CTRL)],
                "one two ",
            ),
            (
                &[(KeyCode::Char('w'), CTRL), (KeyCode::Char('y'), CTRL)],
                "one two three",
            ),
            (
                &[(KeyCode::Left, NONE), (KeyCode::Backspace, NONE)],
                "one two thre",
            ),
            (
                &[(KeyCode::Home, NONE), (KeyCode::Char('x'), NONE)],
                "xone two three",
            ),
            (
                &[(KeyCode::Enter, ALT), (KeyCode::Char('x'), NONE)],
                "one two three\nx",
            ),
        ] {
            let mut editor = typed("one two three");
            press(&mut editor, keys);
            assert_eq!(editor.text(), expected, "{keys:?}");
        }
    }

    #[test]
    fn lines_of_before_come_back_and_so_does_the_draft() {
        let mut editor = typed("first");
        assert_eq!(editor.take(), "first");
        editor.insert("second");
        editor.take();
        editor.insert("draft");
        press(&mut editor, &[(KeyCode::Up, NONE)]);
        assert_eq!(editor.text(), "second");
        press(&mut editor, &[(KeyCode::Up, NONE), (KeyCode::Up, NONE)]);
        assert_eq!(editor.text(), "first");
        press(&mut editor, &[(KeyCode::Down, NONE), (KeyCode::Down, NONE)]);
        assert_eq!(editor.text(), "draft");
    }

    #[test]
    fn a_secret_is_not_among_the_lines_of_before() {
        let mut editor = typed("/verify secret owl");
        editor.take();
        press(&mut editor, &[(KeyCode::Up, NONE)]);
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn there_is_an_end_to_what_fits() {
        let mut editor = Editor::default();
        editor.insert(&"ü".repeat(LONGEST));
        assert_eq!(editor.text().len(), LONGEST);
        press(&mut editor, &[(KeyCode::Char('x'), NONE)]);
        assert_eq!(editor.text().len(), LONGEST);
    }
}
