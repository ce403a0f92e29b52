//! The full screen without a terminal: what tests press, tell, and read off its cells.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use chatham::engine::notice::{Comparison, How, Notice, PersonSummary, Standing, What, Words};
use chatham::engine::trust::Trust;
use chatham::seat::Network;
use chatham::tui::app::{Act, App};
use chatham::tui::theme::Theme;
use chatham::tui::view::draw;
use im::irc::{CaseMapping, Nick};
use otr::{Fingerprint, Half, InstanceTag, Ssid, Version};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub const OURS: Fingerprint = Fingerprint::from_bytes([0x11; 20]);
pub const THEIRS: Fingerprint = Fingerprint::from_bytes([0x22; 20]);
pub const OTHER: Fingerprint = Fingerprint::from_bytes([0x33; 20]);

pub fn nick(name: &str) -> Nick {
    Nick::new(name, CaseMapping::Rfc1459)
}

pub fn app() -> App {
    let mut app = App::new(Theme::new(true, false), "the relay of this computer".into(), true);
    app.own_key = Some(OURS);
    app.take_network(&Network::Registered(nick("alice")));
    app.take_network(&Network::Present(nick("bob")));
    app
}

pub fn tell(app: &mut App, who: &str, what: What) {
    app.take_notice(&Notice {
        with: nick(who),
        what,
    });
}

pub fn hear(app: &mut App, who: &str, text: &str, how: How) {
    let words = Words::said(text);
    let device = InstanceTag::ZERO;
    tell(
        app,
        who,
        What::Heard {
            words,
            how,
            alarming: false,
            device,
        },
    );
}

pub fn comparison(key: Fingerprint) -> Comparison {
    let ssid = Ssid::short([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], Half::First);
    Comparison {
        ssid,
        our_key: OURS,
        their_key: key,
        device: InstanceTag::ZERO,
    }
}

pub fn private(app: &mut App, key: Fingerprint, blocked: bool) {
    let what = What::Private {
        fingerprint: key,
        trust: Trust::Seen,
        version: Version::V3,
        ssid: comparison(key).ssid,
        device: InstanceTag::ZERO,
        devices: 1,
        renewed: false,
        changed: blocked,
        blocked,
    };
    tell(app, "bob", what);
    let standing = if blocked {
        Standing::KeyChanged
    } else {
        Standing::Unverified
    };
    settle(app, standing, (0, 0), Some(comparison(key)));
}

pub fn rows(app: &mut App, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    (0..height)
        .map(|y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect())
        .collect()
}

pub fn screen(app: &mut App) -> String {
    rows(app, 80, 24).join("\n")
}

pub fn press(app: &mut App, code: KeyCode) -> Vec<Act> {
    app.key(KeyEvent::new(code, KeyModifiers::NONE))
}

pub fn type_text(app: &mut App, text: &str) {
    for c in text.chars() {
        assert_eq!(press(app, KeyCode::Char(c)), []);
    }
}

/// The engine says how we stand with bob, how many texts wait, and how many of them may be lost.
pub fn settle(
    app: &mut App,
    standing: Standing,
    (waiting, lost): (usize, usize),
    comparison: Option<Comparison>,
) {
    app.settle(|who| {
        let summary = PersonSummary {
            nick: who.clone(),
            standing,
            waiting,
            lost,
            acquainted: true,
        };
        (*who == nick("bob")).then_some((summary, comparison))
    });
}
