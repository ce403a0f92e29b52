//! What lies over the conversation.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::chat::input;
use crate::engine::notice::How;
use crate::present::words::{key_versions, tag, version_meaning, version_words};
use crate::tui::app::App;
use crate::tui::overlay::{Devices, Overlay, Paste, Reading};
use crate::tui::theme::Theme;
use crate::tui::told;
use crate::tui::view::wrap::{cut, wrap_line};
use crate::tui::view::{verify, window};

/// Draws what lies over the conversation, if anything does.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App, area: Rect) {
    let theme = app.theme;
    let reading = &mut app.reading;
    let of = match &app.overlay {
        Some(Overlay::Verify(dialog)) => dialog.subject(),
        Some(Overlay::KeyChanged { key, .. }) => format!("another key {key}"),
        Some(Overlay::Devices(_)) => "devices".to_owned(),
        Some(Overlay::Help) => "help".to_owned(),
        _ => String::new(),
    };
    reading.begin(of);
    match &app.overlay {
        None => *reading = Reading::default(),
        Some(Overlay::Help) => draw_words(frame, theme, area, "Help", &help(theme, app.outlives_us), reading),
        Some(Overlay::Devices(devices)) => {
            let lines = device_lines(devices, &app.own_keys, theme);
            draw_lines(
                frame,
                theme,
                area,
                &format!("Devices of {}", devices.name),
                &lines,
                reading,
            );
        }
        Some(Overlay::Paste(paste)) => draw_paste(frame, theme, area, paste, reading),
        Some(Overlay::Leave(waiting)) => {
            let what = match waiting {
                1 => "One text still waits".to_owned(),
                waiting => format!("{waiting} texts still wait"),
            };
            let words = [
                format!("{what} or may be lost, and would be gone: nothing is written to a file."),
                String::new(),
                "y  leave all the same".into(),
                "any other key: stay".into(),
            ];
            draw_words(frame, theme, area, "Leave?", &words, reading);
        }
        Some(Overlay::KeyChanged {
            name, key, rejected, ..
        }) => {
            let (title, first, why) = if *rejected {
                (
                    "KEY NOT TRUSTED",
                    format!("You have taken back your trust in the key that answers as {name}:"),
                    format!("Trust it again only if you are sure that it is {name}'s."),
                )
            } else {
                (
                    "KEY CHANGED",
                    format!("Another key than the one you know answers as {name}:"),
                    format!(
                        "It may be {name} at a new computer. It may be somebody who pretends to be {name}."
                    ),
                )
            };
            let words = [
                first,
                format!("  {key}"),
                why,
                "Nothing is sent to this key until you decide.".into(),
                String::new(),
                "c  compare it with them: the safe way".into(),
                "a  accept it for now, without having verified it".into(),
                "w  keep waiting".into(),
                "d  drop the texts that wait".into(),
            ];
            draw_words(frame, theme, area, title, &words, reading);
        }
        Some(Overlay::Verify(dialog)) => verify::draw(frame, theme, area, dialog, reading),
    }
}

/// Draws sentences in a window that is as high as they need.
pub(super) fn draw_words(
    frame: &mut Frame<'_>,
    theme: Theme,
    area: Rect,
    title: &str,
    words: &[String],
    reading: &mut Reading,
) {
    let lines: Vec<Line<'static>> = words.iter().cloned().map(Line::from).collect();
    draw_lines(frame, theme, area, title, &lines, reading);
}

/// Draws lines in a window that is as high as they need. What does not fit can be scrolled to, and a sign tells so.
pub(super) fn draw_lines(
    frame: &mut Frame<'_>,
    theme: Theme,
    area: Rect,
    title: &str,
    lines: &[Line<'static>],
    reading: &mut Reading,
) {
    let width = area.width.saturating_sub(4).min(WIDTH);
    let columns = usize::from(width.saturating_sub(4));
    let rows: Vec<Line<'static>> = lines.iter().flat_map(|line| wrap_line(line, columns)).collect();
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inside = window(frame, theme, area, title, (width, height));
    let room = usize::from(inside.height);
    if rows.len() <= room {
        (reading.top, reading.whole) = (0, true);
        frame.render_widget(Paragraph::new(rows), inside);
        return;
    }
    // One row is the sign's.
    let room = room.saturating_sub(1).max(1);
    reading.top = reading.top.min(rows.len() - room);
    let below = rows.len() - room - reading.top;
    reading.whole |= below == 0;
    let mut shown: Vec<Line<'static>> = rows.into_iter().skip(reading.top).take(room).collect();
    let sign = if below > 0 {
        "more: PageDown"
    } else {
        "above: PageUp"
    };
    shown.push(Line::styled(sign, theme.bar()));
    frame.render_widget(Paragraph::new(shown), inside);
}

fn help(theme: Theme, outlives_us: bool) -> Vec<String> {
    use crate::engine::notice::{Delivery, Standing};
    let standing = |standing, words: &str| format!("  {}   {words}", theme.standing_mark(standing));
    let delivery = |delivery, words: &str| format!("  {:<3} {words}", theme.delivery_mark(delivery));
    let mut lines = vec![
        "Before a name, and before each line:".to_owned(),
        standing(
            Standing::NotPrivate,
            "not private: what goes, everybody on the way can read; F3 says whether it goes or waits",
        ),
        standing(
            Standing::Unverified,
            "private, but nobody has checked who it is: F2",
        ),
        standing(Standing::Verified, "private and verified"),
        standing(
            Standing::Finished,
            "they have ended it; nothing is sent until you decide",
        ),
        standing(
            Standing::KeyChanged,
            "another key than before, or one that you do not trust any more; nothing is sent until you decide",
        ),
        String::new(),
        "Behind your name:".to_owned(),
        delivery(Delivery::Held, "waits here until it can go"),
        delivery(
            Delivery::Sent,
            "on its way; nobody knows yet whether they can read it",
        ),
        delivery(Delivery::Readable, "they have proved that they could read it"),
        delivery(
            Delivery::Lost,
            "perhaps not readable for them; not sent again by itself",
        ),
        String::new(),
        "Keys:".to_owned(),
        "  Enter        send             Alt-Enter, Ctrl-J  a new line in the text".to_owned(),
        "  Tab          complete a word; in an empty line: the next person".to_owned(),
        "  Alt-Up/Down  other people     Alt-1 ... Alt-9    the first, second, ...".to_owned(),
        "  PageUp/Down  older, newer     Up, Down           what you typed before".to_owned(),
        "  F2           verify           F3                 devices and keys".to_owned(),
        "  Ctrl-W, Ctrl-U, Ctrl-K, Ctrl-Y, Alt-B, Alt-F ...   as in a shell".to_owned(),
        match outlives_us {
            true => "  Ctrl-Q       leave; the conversations go on in the proxy".to_owned(),
            false => "  Ctrl-Q       end all private conversations and leave".to_owned(),
        },
        String::new(),
        "Commands:".to_owned(),
    ];
    lines.extend(input::help(outlives_us).map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.push("No text is written to a file. What is kept: keys, and whose are trusted.".to_owned());
    lines
}

fn draw_paste(frame: &mut Frame<'_>, theme: Theme, area: Rect, paste: &Paste, reading: &mut Reading) {
    let count = paste.lines.len();
    let messages = paste.lines.iter().filter(|line| !line.is_empty()).count();
    let mut words = vec![
        format!("You pasted {count} lines. To {} they can go", paste.name),
        String::new(),
    ];
    words.push("m  as one message".into());
    words.push(format!("l  as {messages} messages, a line each"));
    words.push("e  into the line below, to be edited".into());
    words.push("Esc  not at all".into());
    words.push(String::new());
    let shown = paste.lines.iter().take(3);
    words.extend(shown.map(|line| {
        format!(
            "  {}",
            cut(
                &crate::sanitize::one_line(line.as_bytes()),
                usize::from(WIDTH).saturating_sub(8)
            )
        )
    }));
    if count > 3 {
        words.push(format!("  ... and {} more", count - 3));
    }
    draw_words(frame, theme, area, "Paste", &words, reading);
}

/// A fingerprint, at most five groups a row.
pub(super) fn key_lines(label: &str, key: otr::Fingerprint) -> Vec<Line<'static>> {
    let shown = key.to_string();
    let groups: Vec<&str> = shown.split(' ').collect();
    let rows = groups.chunks(5).enumerate().map(|(at, groups)| {
        let label = if at == 0 {
            label.to_owned()
        } else {
            " ".repeat(label.len())
        };
        Line::from(format!("{label}{}", groups.join(" ")))
    });
    rows.collect()
}

fn device_lines(shown: &Devices, own_keys: &[otr::Fingerprint], theme: Theme) -> Vec<Line<'static>> {
    let Some(status) = &shown.status else {
        return vec![Line::from("asking")];
    };
    let mut lines = vec![Line::from(match status.next {
        Some(How::Verified) => "What you say goes private, to a verified key.",
        Some(How::Unverified) => "What you say goes private, to a key that nobody has verified.",
        Some(How::Clear) => "What you say goes in the clear.",
        None => "What you say waits until it can go private: nothing goes in the clear.",
    })];
    if status.waiting > 0 {
        lines.push(Line::from(format!("Texts that wait: {}", status.waiting)));
    }
    lines.push(Line::default());
    for device in &status.devices {
        let state = told::version(device).map_or_else(|| "not private".to_owned(), version_words);
        lines.push(Line::styled(
            format!("Device {}: {state}", tag(device.tag)),
            theme.loud(),
        ));
        if let Some(version) = told::version(device) {
            lines.push(Line::from(format!("  {}", version_meaning(version))));
        }
        if let Some(key) = device.fingerprint {
            lines.extend(key_lines("  ", key));
            lines.push(Line::from(format!("  {}", device.trust.word())));
        }
    }
    if status.devices.is_empty() {
        lines.push(Line::from("No device of theirs has spoken the protocol yet."));
    }
    lines.push(Line::default());
    lines.push(Line::styled("Keys seen under this name", theme.loud()));
    for (key, trust) in &status.keys {
        lines.extend(key_lines("  ", *key));
        lines.push(Line::from(format!(
            "  {}, for {}",
            trust.word(),
            key_versions(key.as_bytes())
        )));
    }
    if status.keys.is_empty() {
        lines.push(Line::from("  none"));
    }
    if !own_keys.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled("Your own keys", theme.loud()));
        for key in own_keys {
            lines.extend(key_lines("  ", *key));
            lines.push(Line::from(format!("  for {}", key_versions(key.as_bytes()))));
        }
    }
    lines
}

const WIDTH: u16 = 78;
