//! The text that is being typed, in the rows that there is room for.
//!
//! As many rows as fit are shown, the one with the cursor among them, and what is hidden has a sign in front: nobody
//! shall send what they have not seen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthChar;

use crate::sanitize::is_hostile;
use crate::tui::app::App;
use crate::tui::input::Editor;
use crate::tui::view::wrap::cut;

/// How many columns stand before what is being typed.
const PROMPT: u16 = 2;

/// How many rows the text takes in a window of this width.
pub(super) fn rows(app: &App, width: u16) -> usize {
    Layout::of(editor(app), columns_beside_prompt(width)).rows.len()
}

/// Draws the text, with the cursor in it if it is there that keys go.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, area: Rect, focused: bool) {
    let theme = app.theme;
    let editor = editor(app);
    let typing = Rect {
        x: area.x + PROMPT.min(area.width),
        width: area.width.saturating_sub(PROMPT),
        ..area
    };
    if editor.is_empty() {
        frame.render_widget(Paragraph::new("> ").style(theme.loud()), area);
        if focused {
            let hint = match app.conversation() {
                Some(person) => format!(" type to {}", cut(&person.name, 16)),
                None if app.me.is_some() => " /to NICK".to_owned(),
                None => String::new(),
            };
            frame.render_widget(Paragraph::new(hint).style(theme.quiet()), typing);
            frame.set_cursor_position((typing.x, typing.y));
        }
        return;
    }
    let layout = Layout::of(editor, columns_beside_prompt(area.width));
    let (height, total) = (usize::from(area.height).max(1), layout.rows.len());
    let top = (layout.row + 1)
        .saturating_sub(height)
        .min(total.saturating_sub(height));
    let shown = layout.rows.into_iter().skip(top).take(height);
    let lines: Vec<Line<'_>> = shown
        .enumerate()
        .map(|(at, row)| {
            let sign = match at {
                0 if top > 0 => Span::styled("^ ", theme.bad()),
                at if at + 1 == height && top + height < total => Span::styled("v ", theme.bad()),
                0 => Span::styled("> ", theme.loud()),
                _ => Span::raw("  "),
            };
            Line::from(vec![sign, Span::raw(row)])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
    if focused {
        let row = u16::try_from(layout.row - top).unwrap_or(0);
        frame.set_cursor_position((typing.x + layout.column, area.y + row));
    }
}

fn editor(app: &App) -> &Editor {
    match app.people.get(app.current) {
        Some(person) => &person.editor,
        None => &app.log.editor,
    }
}

fn columns_beside_prompt(width: u16) -> usize {
    usize::from(width.saturating_sub(PROMPT)).max(2)
}

/// A text in rows, and where its cursor is in them.
struct Layout {
    rows: Vec<String>,
    row: usize,
    column: u16,
}

impl Layout {
    fn of(editor: &Editor, width: usize) -> Self {
        let cursor = editor.cursor();
        let mut layout = Self {
            rows: Vec::new(),
            row: 0,
            column: 0,
        };
        for (at, line) in editor.area().lines().iter().enumerate() {
            let (mut row, mut used) = (String::new(), 0);
            for (place, c) in line.chars().enumerate() {
                let c = if is_hostile(c) {
                    char::REPLACEMENT_CHARACTER
                } else {
                    c
                };
                let wide = c.width().unwrap_or(0);
                if used + wide > width {
                    layout.rows.push(std::mem::take(&mut row));
                    used = 0;
                }
                if cursor == (at, place) {
                    layout.point(used);
                }
                row.push(c);
                used += wide;
            }
            if cursor.0 == at && cursor.1 >= line.chars().count() {
                // Behind a full row there is no room for a cursor.
                if used >= width {
                    layout.rows.push(std::mem::take(&mut row));
                    used = 0;
                }
                layout.point(used);
            }
            layout.rows.push(row);
        }
        layout
    }

    fn point(&mut self, column: usize) {
        (self.row, self.column) = (self.rows.len(), u16::try_from(column).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str, width: usize) -> (Vec<String>, (usize, u16)) {
        let mut editor = Editor::default();
        editor.insert(text);
        let layout = Layout::of(&editor, width);
        (layout.rows, (layout.row, layout.column))
    }

    #[test]
    fn rows_and_cursor() {
        let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
        assert_eq!(layout("abc", 4), (rows(&["abc"]), (0, 3)));
        assert_eq!(layout("abcd", 4), (rows(&["abcd", ""]), (1, 0)));
        assert_eq!(layout("abcdef\ng", 4), (rows(&["abcd", "ef", "g"]), (2, 1)));
        assert_eq!(layout("你好世", 5), (rows(&["你好", "世"]), (1, 2)));
        assert_eq!(layout("a\u{202e}b", 9), (rows(&["a\u{fffd}b"]), (0, 3)));
    }
}
