//! The texts of a conversation.
//!
//! Every row begins with columns of ours: a sign of how a text travelled, a name, how far a text of ours has come, and
//! a rule. What people wrote stands behind the rule and never before it, in whatever row, so that nobody can imitate a
//! row of somebody else or of the program (S-58).

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::engine::notice::Standing;
use crate::tui::app::{App, Connection};
use crate::tui::conversation::{Conversation, Entry, From, Weight};
use crate::tui::theme::Theme;
use crate::tui::view::is_home;
use crate::tui::view::wrap::{columns, cut, wrap};

/// Draws the conversation that is shown, and brings its scrolling back to what there is.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App, area: Rect) {
    let theme = app.theme;
    let me = app.me.clone().unwrap_or_else(|| "you".to_owned());
    let guide = guide(app, area.width.into());
    let view = match app.people.get_mut(app.current) {
        Some(person) => person,
        None => &mut app.log,
    };
    let height = usize::from(area.height);
    let names = Names {
        me: &me,
        them: &view.name,
        width: name_width(area.width),
    };
    let mut rows = newest_rows(view, &names, theme, area.width.into(), height + view.scroll);
    if rows.len() < height + view.scroll {
        // All there is: the guide stands above it, and no scrolling goes beyond.
        rows.extend(guide.into_iter().rev());
    }
    view.scroll = view.scroll.min(rows.len().saturating_sub(height));
    let below = view.scroll;
    let mut shown: Vec<Line<'static>> = rows.into_iter().skip(below).take(height).collect();
    shown.reverse();
    if below > 0
        && let Some(last) = shown.last_mut()
    {
        *last = Line::styled(cut(" more below: PageDown", area.width.into()), theme.bar());
    }
    frame.render_widget(Paragraph::new(shown), area);
}

struct Names<'a> {
    me: &'a str,
    them: &'a str,
    width: usize,
}

fn name_width(width: u16) -> usize {
    match width {
        0..50 => 7,
        50..80 => 10,
        _ => 14,
    }
}

/// The last rows, newest first.
fn newest_rows(
    view: &Conversation,
    names: &Names<'_>,
    theme: Theme,
    width: usize,
    wanted: usize,
) -> Vec<Line<'static>> {
    let mut rows = Vec::new();
    for entry in view.entries().iter().rev() {
        if rows.len() >= wanted {
            break;
        }
        let mut of_entry = rows_of(entry, names, theme, width);
        of_entry.reverse();
        rows.extend(of_entry);
    }
    rows
}

fn rows_of(entry: &Entry, names: &Names<'_>, theme: Theme, width: usize) -> Vec<Line<'static>> {
    if let From::Program(weight) = entry.from {
        return program_rows(entry, weight, theme, width);
    }
    let (mark, mark_style, who, fate) = margin(entry.from, names, theme);
    let who = cut(who, names.width);
    let pad = " ".repeat(names.width.saturating_sub(columns(&who)));
    let name = format!(" {who}{pad} {fate:<2} ");
    let rule = theme.rule();
    let before = 1 + columns(&name) + 2;
    let room = width.saturating_sub(before).max(2);
    let style = words_style(entry, theme);
    let rows = entry.lines.iter().flat_map(|line| wrap(line, room));
    rows.enumerate()
        .map(|(at, words)| {
            let (mark, name) = if at == 0 {
                (mark.to_owned(), name.clone())
            } else {
                (" ".to_owned(), " ".repeat(columns(&name)))
            };
            Line::from(vec![
                Span::styled(mark, mark_style),
                Span::styled(name, theme.loud()),
                Span::styled(format!("{rule} "), theme.quiet()),
                Span::styled(words, style),
            ])
        })
        .collect()
}

/// Words of the program begin in the columns where nobody else can write.
fn program_rows(entry: &Entry, weight: Weight, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let style = weight_style(weight, theme);
    let mark = format!(" {} ", theme.program_mark());
    let room = width.saturating_sub(columns(&mark)).max(2);
    let rows = entry.lines.iter().flat_map(|line| wrap(line, room));
    rows.enumerate()
        .map(|(at, words)| {
            let before = if at == 0 {
                mark.clone()
            } else {
                " ".repeat(columns(&mark))
            };
            Line::styled(format!("{before}{words}"), style)
        })
        .collect()
}

/// The sign, its style, the name, and how far a text of ours has come.
fn margin<'a>(from: From, names: &Names<'a>, theme: Theme) -> (&'static str, Style, &'a str, &'static str) {
    match from {
        From::Them { alarming: true, .. } => ("!", theme.bad(), names.them, ""),
        From::Them { how, .. } => (theme.how_mark(how), theme.how(how), names.them, ""),
        From::Aside => (" ", Style::new(), names.them, ""),
        From::Us { how, delivery } => {
            let (mark, style) = how.map_or((" ", Style::new()), |how| (theme.how_mark(how), theme.how(how)));
            (mark, style, names.me, theme.delivery_mark(delivery))
        }
        From::Program(weight) => (" ", weight_style(weight, theme), theme.program_mark(), ""),
    }
}

fn words_style(entry: &Entry, theme: Theme) -> Style {
    match entry.from {
        From::Program(weight) => weight_style(weight, theme),
        From::Aside => theme.quiet(),
        From::Them { .. } | From::Us { .. } if entry.deed => Style::new().add_modifier(Modifier::ITALIC),
        From::Them { .. } | From::Us { .. } => Style::new(),
    }
}

fn weight_style(weight: Weight, theme: Theme) -> Style {
    match weight {
        Weight::Note => theme.program(),
        Weight::Good => theme.good(),
        Weight::Bad => theme.bad(),
    }
}

/// What to do next, for whoever has not read anything.
fn guide(app: &App, width: usize) -> Vec<Line<'static>> {
    let mut words: Vec<String> = Vec::new();
    if is_home(app) {
        home_words(app, &mut words);
    } else if let Some(person) = app.conversation() {
        let name = &person.name;
        words.push(format!("Your conversation with {name}."));
        words.push("No text is written to a file, only keys and trust.".into());
        if person.standing == Standing::NotPrivate && person.entries().is_empty() {
            words.push(String::new());
            words.push(format!(
                "Type and press Enter to talk to {name}. Nothing is private yet;"
            ));
            words.push(format!(
                "press F2 to make it private and to verify that it really is {name}."
            ));
        }
        words.push(String::new());
    }
    words
        .iter()
        .flat_map(|line| wrap(line, width.saturating_sub(2)))
        .map(|row| Line::styled(format!(" {row}"), app.theme.program()))
        .collect()
}

fn home_words(app: &App, words: &mut Vec<String>) {
    words.push("Conversations off the record.".into());
    words.push("No text is written to a file, only keys and trust.".into());
    words.push(String::new());
    match (&app.connection, app.local) {
        (Connection::Starting(_), _) => {}
        (_, true) if app.people.is_empty() => {
            words.push("Nobody else is here yet. In another terminal, start".into());
            words.push(format!("    {}", app.invitation));
            words.push("and bob appears in the list on the left.".into());
        }
        _ => {
            words.push("/to NICK begins a conversation; Tab goes through those on the left.".into());
        }
    }
    words.push(String::new());
}
