//! The line that says how things stand, and the line of keys.
//!
//! The first never says more than is true.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::engine::notice::Standing;
use crate::present::words::version_words;
use crate::tui::app::{App, Connection};
use crate::tui::conversation::{Conversation, Wish};
use crate::tui::overlay::Overlay;
use crate::tui::view::wrap::{columns, cut};

/// Draws how things stand.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let theme = app.theme;
    let dash = theme.dash();
    let mut spans = vec![Span::styled(dash.repeat(2), theme.quiet())];
    match app.conversation() {
        Some(person) => {
            let name = cut(&person.name, 16);
            spans.push(Span::styled(format!(" {name}: "), theme.loud()));
            let mark = theme.standing_mark(person.standing);
            let words = format!("{mark} {}", words(person));
            spans.push(Span::styled(words, theme.standing(person.standing)));
            spans.push(Span::raw(details(person)));
        }
        None => spans.push(Span::raw(" nobody chosen ")),
    }
    if let Connection::Away(_) = app.connection {
        spans.insert(1, Span::styled(" NO CONNECTION", theme.bad()));
    }
    let mut room = usize::from(area.width);
    for span in &mut spans {
        // What is missing has its sign: half a status must not look like a whole one.
        span.content = cut(&span.content, room).into();
        room -= columns(&span.content);
    }
    let used: usize = spans.iter().map(|span| columns(&span.content)).sum();
    let rest = usize::from(area.width).saturating_sub(used + 1);
    spans.push(Span::styled(format!(" {}", dash.repeat(rest)), theme.quiet()));
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// How we stand, in words.
fn words(person: &Conversation) -> &'static str {
    match (&person.wish, person.standing) {
        (Some(Wish::Secret { .. }), Standing::Unverified) => "private, NOT VERIFIED; they ask you: F2",
        (Some(Wish::Secret { .. }), Standing::Verified) => "private and verified; they ask you: F2",
        (Some(Wish::Privacy), Standing::NotPrivate) => "NOT PRIVATE; they ask for it: F2",
        (_, Standing::NotPrivate) => "NOT PRIVATE",
        (_, Standing::Unverified) => "private, NOT VERIFIED: F2",
        (_, Standing::Verified) => "private and verified",
        (_, Standing::Finished) => "ENDED by them, nothing is sent: F2",
        (_, Standing::KeyChanged) => "KEY CHANGED, nothing is sent: F2",
        (_, Standing::Distrusted) => "KEY NOT TRUSTED, nothing is sent: F2",
    }
}

/// The version, the devices, what waits.
fn details(person: &Conversation) -> String {
    let mut details = String::new();
    if let Some(version) = person.version {
        details.push_str(&format!(" · {}", version_words(version)));
    }
    if person.devices > 1 {
        details.push_str(&format!(" · {} devices", person.devices));
    }
    match person.undelivered() - person.lost {
        0 => {}
        1 => details.push_str(" · 1 text waits"),
        waiting => details.push_str(&format!(" · {waiting} texts wait")),
    }
    if person.lost > 0 {
        details.push_str(&format!(" · {} may be lost", person.lost));
    }
    if person.present == Some(false) {
        details.push_str(" · not here");
    }
    details
}

/// Draws which keys do what, here and now.
pub(super) fn draw_keys(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let wide = area.width >= 76;
    let words = match &app.overlay {
        None if wide => " Enter send  Tab next person  F2 verify  F3 devices  F1 help  Ctrl-Q quit",
        None if area.width >= 50 => " Enter send  Tab next  F2 verify  F1 help  Ctrl-Q quit",
        None => " F1 help  F2 verify  Ctrl-Q quit",
        Some(Overlay::Help | Overlay::Devices(_)) => " Up, Down scroll  Esc back",
        Some(_) => " Esc back",
    };
    let words = cut(words, area.width.into());
    frame.render_widget(Paragraph::new(words).style(app.theme.bar()), area);
}
