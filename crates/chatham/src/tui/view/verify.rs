//! The dialog in which two people verify each other.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::engine::notice::Comparison;
use crate::tui::overlay::Reading;
use crate::tui::theme::Theme;
use crate::tui::verify::{Field, Outcome, Stage, Verification, WAYS};
use crate::tui::view::dialogs::{draw_lines, draw_words};
use crate::tui::view::window;
use crate::tui::view::wrap::{columns, wrap};
use crate::verify::qr::{QUIET, Square};
use crate::verify::words::Phrase;

/// Draws the dialog.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    theme: Theme,
    area: Rect,
    dialog: &Verification,
    reading: &mut Reading,
) {
    let title = format!("Verify {}", dialog.name);
    let name = &dialog.name;
    match &dialog.stage {
        Stage::Scan { comparison, scanned } => draw_scan(frame, theme, area, dialog, *comparison, scanned),
        Stage::Compare(comparison) => {
            let lines = compare(theme, name, *comparison, dialog.note.as_deref());
            draw_lines(frame, theme, area, &title, &lines, reading);
        }
        Stage::Secret {
            secret,
            question,
            asking,
            ..
        } => {
            let mut lines = plain(&[
                "Type something that only the two of you know. They type the same, letter for letter. \
                 Neither side learns what the other typed, only whether it is the same.",
                "Each attempt is one guess: a wrong one tells that it was wrong, and nothing more.",
                "",
            ]);
            lines.push(field(theme, "The secret", secret, !asking));
            lines.push(field(
                theme,
                "A question for them, if you like",
                question,
                *asking,
            ));
            lines.push(Line::default());
            lines.extend(plain(&[
                "A question is shown to them as yours. Tab goes to it; Enter begins.",
            ]));
            noted(&mut lines, theme, dialog);
            draw_lines(frame, theme, area, &title, &lines, reading);
        }
        Stage::Answer { question, secret, .. } => {
            let mut lines = match question {
                Some(question) => {
                    let mut lines = plain(&[
                        &format!("{name}, or whoever it is, asks (their words, not verified):"),
                        "",
                    ]);
                    lines.extend(
                        wrap(question, 60)
                            .into_iter()
                            .map(|row| Line::styled(format!("  {row}"), theme.loud())),
                    );
                    lines.extend(plain(&["", "By the right answer they verify you. You learn nothing about them: ask them in turn."]));
                    lines
                }
                None => plain(&[&format!(
                    "{name}, or whoever it is, wants to compare a secret that both of you know."
                )]),
            };
            lines.push(Line::default());
            lines.push(field(theme, "The answer, letter for letter", secret, true));
            lines.push(Line::default());
            lines.extend(plain(&[
                "Each attempt is one guess. Enter answers; Esc decides later.",
            ]));
            noted(&mut lines, theme, dialog);
            draw_lines(frame, theme, area, &title, &lines, reading);
        }
        stage => {
            let mut words = sentences(stage);
            words.extend(dialog.note.iter().cloned().flat_map(|note| [String::new(), note]));
            if let Stage::Choice(chosen) = stage {
                draw_choice(frame, theme, area, dialog, *chosen, reading);
            } else {
                draw_words(frame, theme, area, &title, &words, reading);
            }
        }
    }
}

fn sentences(stage: &Stage) -> Vec<String> {
    let words: &[&str] = match stage {
        Stage::Beginning => &[
            "There is no private conversation yet. It was asked for, and this goes on when it stands.",
            "",
            "Nothing happens? They may have to press F2, or their program does not speak OTR.",
        ],
        Stage::Waiting => {
            &["Now it is their turn to type. Esc waits in the background; the Delete key gives up."]
        }
        Stage::Over(Outcome::Verified) => &[
            "VERIFIED. From now on you would be told if another key answered.",
            "",
            "Enter goes on.",
        ],
        Stage::Over(Outcome::OneSided) => &[
            "They know now that you know the answer: you are verified for them.",
            "They are not verified for you yet. Enter asks them in turn; Esc leaves it at that.",
        ],
        Stage::Over(Outcome::Different) => &[
            "NOT VERIFIED: the secrets differ. One of you may have mistyped it. Otherwise somebody else is at the other end.",
            "",
            "Talk about it in another way before you try again. Enter goes on.",
        ],
        Stage::Over(Outcome::Mismatch) => &[
            "NOT VERIFIED: what you compared is not the same. Somebody may stand between you and read everything.",
            "",
            "Say nothing here that is not for everybody. Enter goes on.",
        ],
        Stage::Over(Outcome::GivenUp) => &[
            "The comparison was given up. Nothing has changed.",
            "",
            "Enter goes on.",
        ],
        _ => &[],
    };
    words.iter().map(|words| (*words).to_owned()).collect()
}

fn draw_choice(
    frame: &mut Frame<'_>,
    theme: Theme,
    area: Rect,
    dialog: &Verification,
    chosen: usize,
    reading: &mut Reading,
) {
    let mut lines = plain(&[
        &match dialog.verified {
            true => format!("{} is verified. Three ways to look once more:", dialog.name),
            false => format!(
                "Is it really {} at the other end? Three ways to find out:",
                dialog.name
            ),
        },
        "",
    ]);
    for (at, (way, how)) in WAYS.iter().enumerate() {
        let style = if at == chosen {
            theme.chosen()
        } else {
            Style::new()
        };
        lines.push(Line::from(vec![
            Span::styled(format!(" {}  {way} ", at + 1), style),
            Span::styled(format!("  {how}"), theme.quiet()),
        ]));
    }
    lines.push(Line::default());
    lines.push(Line::from("Up, Down, Enter; or 1, 2, 3."));
    noted(&mut lines, theme, dialog);
    let title = format!("Verify {}", dialog.name);
    draw_lines(frame, theme, area, &title, &lines, reading);
}

fn compare(theme: Theme, name: &str, shown: Comparison, note: Option<&str>) -> Vec<Line<'static>> {
    let mut lines = plain(&[&format!(
        "Call {name}, or meet. Both of you open this window and read to each other:"
    )]);
    lines.push(Line::default());
    match Phrase::of(&shown.ssid) {
        Some(phrase) => {
            lines.push(Line::from(vec![
                Span::raw("  you read   "),
                Span::styled(phrase.ours().join("  "), theme.loud()),
            ]));
            lines.push(Line::from(vec![
                Span::raw("  they read  "),
                Span::styled(phrase.theirs().join("  "), theme.loud()),
            ]));
            lines.push(Line::styled(
                format!("  as digits  {}, yours in brackets", shown.ssid),
                theme.quiet(),
            ));
        }
        None => lines.push(Line::from(format!(
            "  {} (you read what is in brackets)",
            shown.ssid
        ))),
    }
    lines.push(Line::default());
    lines.push(Line::from("Or compare the keys, digit by digit:"));
    lines.push(Line::from(format!("  yours   {}", shown.our_key)));
    lines.push(Line::from(format!("  theirs  {}", shown.their_key)));
    lines.push(Line::default());
    lines.push(Line::from(vec![
        Span::styled("y", theme.loud()),
        Span::raw("  they match     "),
        Span::styled("n", theme.loud()),
        Span::raw("  they do not match     "),
        Span::styled("Esc", theme.loud()),
        Span::raw("  another way"),
    ]));
    lines.extend(plain(&["Each of you does this for themselves."]));
    if let Some(note) = note {
        lines.push(Line::styled(note.to_owned(), theme.bad()));
    }
    lines
}

fn draw_scan(
    frame: &mut Frame<'_>,
    theme: Theme,
    area: Rect,
    dialog: &Verification,
    comparison: Comparison,
    scanned: &Field,
) {
    let inside = window(
        frame,
        theme,
        area,
        &format!("Verify {}", dialog.name),
        (area.width.min(80), area.height.min(24)),
    );
    let rows = Square::of(comparison.our_key).and_then(|square| picture(theme, &square, inside));
    let (code, code_width) = match rows {
        Some(rows) => {
            let width = rows.first().map_or(0, |row| row.width());
            (rows, u16::try_from(width).unwrap_or(0))
        }
        None => (Vec::new(), 0),
    };
    let has_code = !code.is_empty();
    frame.render_widget(Paragraph::new(code), inside);
    let gap = if has_code { code_width + 1 } else { 0 };
    let beside = Rect {
        x: inside.x + gap,
        width: inside.width.saturating_sub(gap),
        ..inside
    };
    let name = &dialog.name;
    let mut words = Vec::new();
    if has_code {
        words.push(format!(
            "This is your key. {name} scans it, and it has to be the key that {name} sees under your name."
        ));
    } else {
        words.push("The window is too small for your code; /qr FILE writes it into a picture.".into());
    }
    words.push(String::new());
    words.push(format!(
        "Then scan the code on the screen of {name}, and type or paste here what it says:"
    ));
    let width = usize::from(beside.width).max(8);
    let mut lines: Vec<Line<'static>> = words
        .iter()
        .flat_map(|line| wrap(line, width))
        .map(Line::from)
        .collect();
    let typed = crate::sanitize::one_line(scanned.text().as_bytes());
    for row in wrap(&format!("{typed}_"), width) {
        lines.push(Line::styled(row, theme.loud()));
    }
    lines.push(Line::default());
    lines.extend(
        wrap("Enter compares; Esc another way.", width)
            .into_iter()
            .map(Line::from),
    );
    if let Some(note) = &dialog.note {
        lines.extend(
            wrap(note, width)
                .into_iter()
                .map(|row| Line::styled(row, theme.bad())),
        );
    }
    frame.render_widget(Paragraph::new(lines), beside);
}

/// The code in half rows. `None` if it does not fit. Without colours the ink of the terminal is light, as it mostly is.
fn picture(theme: Theme, square: &Square, area: Rect) -> Option<Vec<Line<'static>>> {
    let fits = |quiet: &usize| {
        let width = square.width(*quiet);
        width + MARGIN <= area.width.into() && width.div_ceil(2) <= area.height.into()
    };
    let quiet = [QUIET, 2, 1].into_iter().find(fits)?;
    let width = square.width(quiet);
    let style = if theme.has_color() {
        Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(0, 0, 0))
    } else {
        Style::new()
    };
    let rows = (0..width.div_ceil(2)).map(|row| {
        let fields = (0..width).map(|column| {
            let light = |row: usize| row < width && !square.is_dark(column, row, quiet);
            match (light(2 * row), light(2 * row + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        });
        Line::styled(fields.collect::<String>(), style)
    });
    Some(rows.collect())
}

fn field(theme: Theme, label: &str, field: &Field, active: bool) -> Line<'static> {
    let typed = crate::sanitize::one_line(field.text().as_bytes());
    // The end is what one looks at while typing.
    let mut shown = typed.as_str();
    while columns(shown) > FIELD {
        shown = shown.char_indices().nth(1).map_or("", |(at, _)| &shown[at..]);
    }
    let cursor = if active { "_" } else { "" };
    Line::from(vec![
        Span::raw(format!("{label}: ")),
        Span::styled(
            format!("{shown}{cursor}"),
            if active { theme.loud() } else { Style::new() },
        ),
    ])
}

fn noted(lines: &mut Vec<Line<'static>>, theme: Theme, dialog: &Verification) {
    if let Some(note) = &dialog.note {
        lines.push(Line::default());
        lines.extend(
            wrap(note, TEXT)
                .into_iter()
                .map(|row| Line::styled(row, theme.bad())),
        );
    }
}

fn plain(words: &[&str]) -> Vec<Line<'static>> {
    words
        .iter()
        .flat_map(|line| wrap(line, TEXT))
        .map(Line::from)
        .collect()
}

const TEXT: usize = 66;
const FIELD: usize = 34;
/// Columns beside the code that words need.
const MARGIN: usize = 24;
