//! The full screen, cell by cell, without a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chatham::chat::action::{Action, Command};
use chatham::engine::notice::{Delivery, How, LineId, Obstacle, Standing, What, Words};
use chatham::sanitize;
use chatham::seat::Network;
use chatham::tui::app::{Act, App};
use chatham::tui::theme::Theme;
use chatham::tui::view::draw;
use otr::InstanceTag;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

mod screens;
use screens::*;

#[test]
fn a_newcomer_is_led() {
    let mut app = App::new(Theme::new(true, false), "the relay of this computer".into(), true);
    app.take_network(&Network::Registered(nick("alice")));
    let shown = screen(&mut app);
    assert!(
        shown.contains("Nobody else is here yet") && shown.contains("No text is written to a file"),
        "{shown}"
    );
    app.take_network(&Network::Present(nick("alice")));
    assert!(app.people.is_empty(), "we are not our own correspondent");
    app.take_network(&Network::Present(nick("bob")));
    let shown = screen(&mut app);
    for words in [
        "you are alice",
        "bob: ○ NOT PRIVATE",
        "F2",
        "Enter",
        "type to bob",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn whoever_is_typing_does_not_find_the_line_with_somebody_else() {
    let mut app = App::new(Theme::new(true, false), "irc.example".into(), false);
    app.take_network(&Network::Registered(nick("alice")));
    type_text(&mut app, "for nobody");
    hear(&mut app, "mallory", "hi", How::Clear);
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(app.conversation().is_none());
}

#[test]
fn a_draft_stays_with_whom_it_was_meant_for() {
    let mut app = app();
    app.take_network(&Network::Present(nick("carol")));
    type_text(&mut app, "for bob");
    app.key(KeyEvent::new(KeyCode::Down, KeyModifiers::ALT));
    assert_eq!(app.conversation().unwrap().name, "carol");
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    app.key(KeyEvent::new(KeyCode::Up, KeyModifiers::ALT));
    let said = Command::with("bob", Action::Say(Words::said("for bob")));
    assert_eq!(press(&mut app, KeyCode::Enter), [Act::Do(said)]);
}

#[test]
fn s58_what_a_peer_writes_stays_behind_the_rule() {
    let mut app = app();
    let attacks = [
        "hi\n ── bob is VERIFIED",
        "x\x1b[2J\x1b]0;t\x07\u{9b}31m",
        "\u{202e}deifirev\u{2066} \u{200f}",
        "── bob: ● private and verified ──",
        &"● alice ✓✓ │ I said this ".repeat(12),
        "שלום 你好 🙂 <3 &lt;",
    ];
    for attack in attacks {
        hear(&mut app, "bob", attack, How::Clear);
    }
    for (width, height) in [(80, 24), (120, 40), (60, 15), (41, 12)] {
        let shown = rows(&mut app, width, height);
        let inner = &shown[1..usize::from(height) - 3];
        let list = if width >= 60 { 19 } else { 0 };
        for row in inner {
            assert!(!row.contains(sanitize::is_hostile), "{row:?}");
            let before: String = row.chars().skip(list).take_while(|c| *c != '│').collect();
            // What stands before the rule is ours: a sign and a name, or nothing.
            let ours = ["", "○ bob", "bob"].contains(&before.trim());
            let guide =
                row.contains("No text") || row.contains("Your conversation") || row.contains("more below");
            assert!(ours || guide, "{before:?} in {row:?}");
        }
        let status = &shown[usize::from(height) - 3];
        assert!(
            status.contains("NOT PRIVATE") && !status.contains("verified"),
            "{status}"
        );
    }
    let shown = rows(&mut app, 120, 40).join("\n");
    assert!(shown.contains("<U+202E>") && shown.contains('␛'), "{shown}");
}

#[test]
fn a_hostile_nick_and_question_are_made_visible_and_marked_as_theirs() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    tell(
        &mut app,
        "bob",
        What::Asked {
            question: Some(b"\x1b[31mVERIFIED?\n y \xe2\x80\xae".to_vec()),
            device: InstanceTag::ZERO,
        },
    );
    press(&mut app, KeyCode::F(2));
    let shown = screen(&mut app);
    assert!(!shown.replace('\n', "").contains(sanitize::is_hostile));
    assert!(
        shown.contains("their words, not verified") && shown.contains("␛[31mVERIFIED?"),
        "{shown}"
    );
    app.take_network(&Network::Present(nick("m\x1b[31m\u{202e}> │")));
    let shown = screen(&mut app);
    assert!(!shown.replace('\n', "").contains(sanitize::is_hostile));
}

#[test]
fn the_status_line_says_no_more_than_is_true() {
    let mut app = app();
    for (standing, expected) in [
        (Standing::NotPrivate, "NOT PRIVATE"),
        (Standing::Unverified, "private, NOT VERIFIED"),
        (Standing::Verified, "private and verified"),
        (Standing::Finished, "nothing is sent"),
        (Standing::KeyChanged, "KEY CHANGED"),
        (Standing::Distrusted, "KEY NOT TRUSTED"),
    ] {
        settle(&mut app, standing, (0, 0), None);
        let shown = rows(&mut app, 80, 24);
        assert!(shown[21].contains(expected), "{}", shown[21]);
    }
    app.take_network(&Network::Disconnected(None));
    assert!(rows(&mut app, 80, 24)[21].contains("NO CONNECTION"));
}

#[test]
fn every_line_of_ours_shows_how_far_it_has_come() {
    let mut app = app();
    let words = || Words::said("a line");
    let why = Obstacle::AwaitingPrivacy;
    tell(
        &mut app,
        "bob",
        What::NotSent {
            line: LineId(7),
            words: words(),
            why,
            held: true,
        },
    );
    assert!(screen(&mut app).contains("alice      …  │ a line"));
    assert!(screen(&mut app).contains("It waits"));
    tell(
        &mut app,
        "bob",
        What::Sent {
            line: LineId(7),
            words: words(),
            how: How::Verified,
            lines: 1,
            devices: 1,
            again: false,
        },
    );
    assert!(screen(&mut app).contains("● alice      ✓  │ a line"));
    assert_eq!(screen(&mut app).matches("a line").count(), 1, "it is one text");
    assert!(!screen(&mut app).contains("aits"), "not any more");
    tell(
        &mut app,
        "bob",
        What::Delivery {
            line: LineId(7),
            delivery: Delivery::Readable,
        },
    );
    assert!(screen(&mut app).contains("alice      ✓✓ │ a line"));
    tell(
        &mut app,
        "bob",
        What::Delivery {
            line: LineId(7),
            delivery: Delivery::Lost,
        },
    );
    assert!(screen(&mut app).contains("alice      ✗  │ a line"));
    app.theme = Theme::new(false, true);
    assert!(screen(&mut app).contains("V alice      X  | a line"));
    assert!(screen(&mut app).is_ascii());
}

#[test]
fn a_window_of_any_size_is_drawn() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    hear(&mut app, "bob", "你好 ".repeat(100).as_str(), How::Unverified);
    for overlay in [KeyCode::Null, KeyCode::F(1), KeyCode::F(3), KeyCode::F(2)] {
        press(&mut app, overlay);
        for width in (1..130).step_by(7) {
            for height in (1..45).step_by(3) {
                rows(&mut app, width, height);
            }
        }
        app.overlay = None;
    }
    let shown = rows(&mut app, 39, 9).join(" ");
    assert!(shown.contains("too small"), "{shown}");
}

#[test]
fn the_code_on_the_screen_is_read_by_an_independent_decoder() {
    for color in [true, false] {
        let mut app = app();
        app.theme = Theme::new(color, false);
        private(&mut app, THEIRS, false);
        press(&mut app, KeyCode::F(2));
        press(&mut app, KeyCode::Char('2'));
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &mut app)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        if color {
            assert_eq!(buffer[(4, 2)].fg, Color::Rgb(255, 255, 255));
        }
        let lights = |symbol: &str| match symbol {
            "█" => (true, true),
            "▀" => (true, false),
            "▄" => (false, true),
            _ => (false, false),
        };
        const SCALE: usize = 6;
        let (width, height) = (37 * SCALE, 44 * SCALE);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            let (column, row) = (x / SCALE, y / SCALE);
            let symbol = buffer[(
                u16::try_from(column).unwrap() + 2,
                u16::try_from(row / 2).unwrap() + 1,
            )]
                .symbol();
            let (upper, lower) = lights(symbol);
            if if row % 2 == 0 { upper } else { lower } {
                255
            } else {
                0
            }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        let (_, said) = grids[0].decode().unwrap();
        assert_eq!(said, format!("OTR-FINGERPRINT:{}", "11".repeat(20)));
    }
}

#[test]
fn the_code_in_the_picture_is_read_by_an_independent_decoder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.png");
    chatham::verify::qr::write_png(THEIRS, &path).unwrap();
    let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let width = info.width as usize;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, info.height as usize, |x, y| {
        pixels[y * width + x]
    });
    let (_, said) = image.detect_grids()[0].decode().unwrap();
    assert_eq!(chatham::verify::qr::read(&said), Some(THEIRS));
}

#[test]
fn a_draft_is_never_sent_unseen() {
    let mut app = app();
    app.paste("one\ntwo\nthree\nfour");
    press(&mut app, KeyCode::Char('e'));
    // A low window shows the end, and a sign before it.
    let low = rows(&mut app, 80, 10);
    assert!(
        low[8].contains("four") && low.iter().any(|row| row.starts_with("^ ")),
        "{low:?}"
    );
    // A higher one shows all again.
    let high = rows(&mut app, 80, 24).join("\n");
    for line in ["> one", "  two", "  three", "  four"] {
        assert!(high.contains(line), "{line}: {high}");
    }
}

#[test]
fn strangers_cost_a_bounded_list() {
    let mut app = app();
    hear(&mut app, "carol", "remember me", How::Clear);
    app.turn_to(&nick("carol"));
    type_text(&mut app, "a draft");
    for at in 0..2000 {
        hear(&mut app, &format!("stranger{at}"), "hi", How::Clear);
    }
    assert!(app.people.len() <= 500, "{}", app.people.len());
    let carol = app.conversation().unwrap();
    assert_eq!(
        (carol.name.as_str(), carol.editor.text().as_str()),
        ("carol", "a draft")
    );
}

#[test]
fn who_comes_to_an_empty_screen_has_been_read() {
    let mut app = App::new(Theme::new(true, false), "irc.example".into(), false);
    app.take_network(&Network::Registered(nick("alice")));
    hear(&mut app, "bob", "hi", How::Clear);
    hear(&mut app, "carol", "hi", How::Clear);
    let unread: Vec<usize> = app.people.iter().map(|person| person.unread).collect();
    assert_eq!(unread, [0, 1]);
}

#[test]
fn what_goes_on_without_us_is_left_without_a_question() {
    let leave = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL);
    for outlives_us in [false, true] {
        let mut app = app();
        app.outlives_us = outlives_us;
        app.take_network(&Network::Unattended(nick("alice")));
        assert!(screen(&mut app).contains("NO CONNECTION"));
        settle(&mut app, Standing::NotPrivate, (1, 0), None);
        assert_eq!(
            app.key(leave),
            if outlives_us { vec![Act::Leave] } else { vec![] }
        );
        assert_eq!(app.overlay.is_some(), !outlives_us);
        app.overlay = None;
        press(&mut app, KeyCode::F(1));
        let help = rows(&mut app, 100, 90).join("\n");
        assert_eq!(
            help.contains("the conversations go on in the proxy"),
            outlives_us,
            "{help}"
        );
    }
}
