//! The list of people.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::app::App;
use crate::tui::conversation::Conversation;
use crate::tui::view::wrap::{columns, cut};

/// Draws the list.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, area: Rect) {
    if area.width == 0 {
        return;
    }
    let mut lines = vec![Line::styled(" People", app.theme.quiet())];
    let room = usize::from(area.height).saturating_sub(1);
    let first = if app.current < app.people.len() {
        (app.current + 1).saturating_sub(room)
    } else {
        0
    };
    for (at, person) in app.people.iter().enumerate().skip(first).take(room) {
        lines.push(line(app, person, at == app.current, area.width.into()));
    }
    if app.people.is_empty() {
        lines.push(Line::styled(" nobody yet", app.theme.quiet()));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn line(app: &App, person: &Conversation, chosen: bool, width: usize) -> Line<'static> {
    let theme = app.theme;
    let unread = match (person.wish.is_some(), person.unread) {
        (true, _) => "?".to_owned(),
        (false, 0) => String::new(),
        (false, unread) => unread.min(99).to_string(),
    };
    // The sign, the name, a space, what is new.
    let room = width.saturating_sub(4 + columns(&unread));
    let name = cut(&person.name, room);
    let fill = " ".repeat(room.saturating_sub(columns(&name)));
    let style = match (chosen, person.present, person.unread) {
        (true, ..) => theme.chosen(),
        (false, _, 1..) => theme.loud(),
        (false, Some(false), _) => theme.quiet(),
        _ => ratatui::style::Style::new(),
    };
    Line::from(vec![
        Span::styled(
            format!(" {}", theme.standing_mark(person.standing)),
            theme.standing(person.standing),
        ),
        Span::styled(format!(" {name}{fill}"), style),
        Span::styled(unread, theme.loud()),
    ])
}
