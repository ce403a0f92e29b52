//! Drawing: from the state to cells, and nothing else.

mod dialogs;
mod messages;
mod people;
mod status;
mod typing;
mod verify;
pub mod wrap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::tui::app::{App, Connection, HOME};
use crate::tui::theme::Theme;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let area = frame.area();
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        let words = format!(
            "The window is too small: {LEAST_WIDTH} columns and {LEAST_HEIGHT} rows at least. Nothing is lost."
        );
        let lines: Vec<Line<'_>> = wrap::wrap(&words, area.width.into())
            .into_iter()
            .map(Line::from)
            .collect();
        frame.render_widget(Paragraph::new(lines), area);
        return;
    }
    let input = input_rows(app, area);
    let [title, middle, state, typing, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(1),
        Constraint::Length(input),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_title(frame, app, title);
    let list = if area.width >= WIDE { LIST_WIDTH } else { 0 };
    let [left, rule, right] = Layout::horizontal([
        Constraint::Length(list),
        Constraint::Length(list.min(1)),
        Constraint::Min(1),
    ])
    .areas(middle);
    people::draw(frame, app, left);
    draw_rule(frame, app.theme, rule);
    app.page = right.height.into();
    messages::draw(frame, app, right);
    status::draw(frame, app, state);
    typing::draw(frame, app, typing, app.overlay.is_none());
    status::draw_keys(frame, app, keys);
    dialogs::draw(frame, app, area);
}

/// Everything is one line, from edge to edge.
fn draw_title(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let who = app
        .me
        .as_deref()
        .map_or_else(|| "chatham".to_owned(), |me| format!("chatham: you are {me}"));
    let unread: usize = app.people.iter().map(|person| person.unread).sum();
    let mut words = format!(" {who} · {}", app.place);
    if app.theme.is_ascii() {
        words = words.replace('·', "-");
    }
    if unread > 0 && area.width < WIDE {
        words.push_str(&format!(" ({unread} unread)"));
    }
    let words = match &app.connection {
        Connection::Starting(what) => format!(" {} {what}", app.theme.spinner(app.turn)),
        Connection::Away(_) => format!("{words} · NO CONNECTION"),
        Connection::Standing => words,
    };
    let words = wrap::cut(&words, area.width.into());
    frame.render_widget(Paragraph::new(words).style(app.theme.bar()), area);
}

fn draw_rule(frame: &mut Frame<'_>, theme: Theme, area: Rect) {
    let lines: Vec<Line<'_>> = (0..area.height).map(|_| Line::from(theme.rule())).collect();
    frame.render_widget(Paragraph::new(lines).style(theme.quiet()), area);
}

/// How many rows the line that is being typed takes.
fn input_rows(app: &App, area: Rect) -> u16 {
    let rows = typing::rows(app, area.width);
    let most = (area.height / 3).clamp(1, MOST_INPUT_ROWS);
    u16::try_from(rows).unwrap_or(most).clamp(1, most)
}

/// A window in the middle, with a title. What is inside.
fn window(frame: &mut Frame<'_>, theme: Theme, area: Rect, title: &str, size: (u16, u16)) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let at = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let title = wrap::cut(&format!(" {title} "), usize::from(width.saturating_sub(4)));
    let block = Block::bordered()
        .border_set(theme.frame())
        .title(Span::styled(title, theme.loud()));
    let inside = block.inner(at);
    frame.render_widget(Clear, at);
    frame.render_widget(block, at);
    // One free column on each side.
    Rect {
        x: inside.x + 1,
        width: inside.width.saturating_sub(2),
        ..inside
    }
}

/// Whether no conversation is shown.
fn is_home(app: &App) -> bool {
    app.current == HOME || app.current >= app.people.len()
}

const LEAST_WIDTH: u16 = 40;
const LEAST_HEIGHT: u16 = 10;
/// From this width on there is room for the list of people.
const WIDE: u16 = 60;
const LIST_WIDTH: u16 = 18;
const MOST_INPUT_ROWS: u16 = 6;
