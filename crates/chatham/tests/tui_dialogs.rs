//! What lies over a conversation in the full screen: it decides only what was shown, and only by the keys it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chatham::chat::action::{Action, Command, Secret};
use chatham::engine::notice::{Device, Lower, Standing, What, Words};
use chatham::engine::trust::Trust;
use chatham::tui::app::{Act, App};
use otr::{FingerprintV4, InstanceTag, SessionState, Version};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

mod screens;
use screens::*;

#[test]
fn s33_what_is_confirmed_is_what_was_shown() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    press(&mut app, KeyCode::F(2));
    press(&mut app, KeyCode::Char('1'));
    let shown = screen(&mut app);
    for words in [
        "you read   abandon  abandon  abandon",
        "they read  lend  zoo  zoo",
        &THEIRS.to_string(),
        &OURS.to_string(),
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(
        press(&mut app, KeyCode::Char('y')),
        [Act::Do(Command::with(
            "bob",
            Action::Confirm(Some(comparison(THEIRS)))
        ))]
    );
    // Another key comes under the open window: it is taken away, and y confirms nothing.
    settle(&mut app, Standing::Unverified, (0, 0), Some(comparison(OTHER)));
    assert!(!screen(&mut app).contains(&THEIRS.to_string()));
    assert_eq!(press(&mut app, KeyCode::Char('y')), []);
}

#[test]
fn of_whom_nothing_is_known_nothing_is_claimed() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    settle(&mut app, Standing::Verified, (0, 0), Some(comparison(THEIRS)));
    assert_eq!(app.conversation().unwrap().standing, Standing::Verified);
    app.settle(|_| None);
    let person = app.conversation().unwrap();
    assert_eq!((person.standing, person.comparison), (Standing::NotPrivate, None));
}

#[test]
fn another_key_asks_for_a_decision() {
    let mut app = app();
    private(&mut app, OTHER, true);
    assert_eq!(press(&mut app, KeyCode::F(2)), []);
    let shown = screen(&mut app);
    for words in ["compare", "accept it for now", "keep waiting", "drop the texts"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Typing on decides nothing.
    assert_eq!(press(&mut app, KeyCode::Char('x')), []);
    assert_eq!(
        press(&mut app, KeyCode::Char('a')),
        [Act::Do(Command::with("bob", Action::Accept(Some(OTHER))))]
    );
}

#[test]
fn a_paste_of_several_lines_is_asked_about() {
    let mut app = app();
    app.paste("one\r\n/quit\nthree\n");
    assert!(screen(&mut app).contains("You pasted 3 lines. To bob"));
    assert_eq!(press(&mut app, KeyCode::Char('x')), []);
    let say = |text: &str| Act::Do(Command::with("bob", Action::Say(Words::said(text))));
    assert_eq!(
        press(&mut app, KeyCode::Char('l')),
        [say("one"), say("/quit"), say("three")]
    );
    app.paste("one\ntwo");
    assert_eq!(press(&mut app, KeyCode::Char('m')), [say("one\ntwo")]);
    app.paste("one\ntwo");
    press(&mut app, KeyCode::Esc);
    assert!(app.conversation().unwrap().editor.is_empty());
    app.paste("a single line\n");
    assert_eq!(press(&mut app, KeyCode::Enter), [say("a single line")]);
}

#[test]
fn leaving_asks_if_texts_would_be_lost() {
    let mut app = app();
    let control_q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL);
    settle(&mut app, Standing::Finished, (2, 0), None);
    assert_eq!(app.key(control_q), []);
    assert!(screen(&mut app).contains("2 texts still wait"));
    assert_eq!(press(&mut app, KeyCode::Esc), []);
    settle(&mut app, Standing::NotPrivate, (0, 0), None);
    assert_eq!(app.key(control_q), [Act::Leave]);
}

#[test]
fn leaving_is_decided_by_one_key_alone() {
    let mut app = app();
    let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
    settle(&mut app, Standing::Finished, (2, 1), None);
    assert!(screen(&mut app).contains("1 text waits") && screen(&mut app).contains("1 may be lost"));
    for stay in [
        control('q'),
        control('c'),
        control('y'),
        KeyEvent::from(KeyCode::Enter),
    ] {
        assert_eq!(app.key(control('q')), []);
        assert!(screen(&mut app).contains("any other key: stay"));
        assert_eq!(app.key(stay), [], "{stay:?}");
        assert!(app.overlay.is_none());
    }
    app.key(control('q'));
    assert_eq!(press(&mut app, KeyCode::Char('y')), [Act::Leave]);
}

#[test]
fn s33_what_is_not_on_the_screen_is_not_confirmed() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    press(&mut app, KeyCode::F(2));
    rows(&mut app, 40, 10);
    press(&mut app, KeyCode::Char('1'));
    let first = rows(&mut app, 40, 10).join("\n");
    assert!(first.contains("more: PageDown"), "{first}");
    assert_eq!(press(&mut app, KeyCode::Char('y')), []);
    let mut seen = first;
    for _ in 0..5 {
        press(&mut app, KeyCode::PageDown);
        seen.push_str(&rows(&mut app, 40, 10).join("\n"));
    }
    for word in ["abandon", "lend", "zoo", "they match", "22222222"] {
        assert!(seen.contains(word), "{word}: {seen}");
    }
    assert_eq!(
        press(&mut app, KeyCode::Char('y')),
        [Act::Do(Command::with(
            "bob",
            Action::Confirm(Some(comparison(THEIRS)))
        ))]
    );
    // Another key was not read by reading this one.
    settle(&mut app, Standing::Unverified, (0, 0), Some(comparison(OTHER)));
    rows(&mut app, 40, 10);
    press(&mut app, KeyCode::Char('1'));
    rows(&mut app, 40, 10);
    assert_eq!(press(&mut app, KeyCode::Char('y')), []);
}

#[test]
fn s33_a_decision_about_a_key_is_about_the_key_that_is_shown() {
    let mut app = app();
    private(&mut app, OTHER, true);
    press(&mut app, KeyCode::F(2));
    assert!(screen(&mut app).contains(&OTHER.to_string()));
    // A third key comes under the open window, which goes: the next key decides nothing.
    settle(&mut app, Standing::KeyChanged, (0, 0), Some(comparison(THEIRS)));
    assert_eq!(press(&mut app, KeyCode::Char('a')), []);
    assert_eq!(app.conversation().unwrap().editor.text(), "a");
}

#[test]
fn a_key_that_lost_its_trust_is_not_called_another_one() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    settle(&mut app, Standing::Distrusted, (1, 0), Some(comparison(THEIRS)));
    press(&mut app, KeyCode::F(2));
    let shown = screen(&mut app);
    assert!(
        shown.contains("KEY NOT TRUSTED") && shown.contains("taken back your trust"),
        "{shown}"
    );
    assert!(
        shown.contains(&THEIRS.to_string()) && !shown.contains("Another key"),
        "{shown}"
    );
    assert_eq!(
        press(&mut app, KeyCode::Char('a')),
        [Act::Do(Command::with("bob", Action::Accept(Some(THEIRS))))]
    );
}

#[test]
fn a_comparison_under_way_is_not_given_up_by_typing_on() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    press(&mut app, KeyCode::F(2));
    press(&mut app, KeyCode::Char('3'));
    type_text(&mut app, "owl");
    assert!(matches!(press(&mut app, KeyCode::Enter)[..], [Act::Do(_)]));
    type_text(&mut app, "an answer");
    assert!(screen(&mut app).contains("Delete"));
    assert_eq!(
        press(&mut app, KeyCode::Delete),
        [Act::Do(Command::with("bob", Action::Abort))]
    );
}

#[test]
fn an_answer_goes_to_the_device_whose_question_was_read() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    let (laptop, phone) = (
        InstanceTag::new(0x1111).unwrap(),
        InstanceTag::new(0x2222).unwrap(),
    );
    let asks = |device| What::Asked {
        question: Some(b"which bird?".to_vec()),
        device,
    };
    tell(&mut app, "bob", asks(laptop));
    press(&mut app, KeyCode::F(2));
    type_text(&mut app, "owl");
    // Another device asks while the answer is typed.
    tell(&mut app, "bob", asks(phone));
    let answer = Action::Answer {
        secret: Secret::new("owl"),
        device: Some(laptop),
    };
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Act::Do(Command::with("bob", answer))]
    );
}

#[test]
fn empty_lines_are_not_counted_as_messages() {
    let mut app = app();
    app.paste("one\n\nthree");
    let shown = screen(&mut app);
    assert!(
        shown.contains("You pasted 3 lines") && shown.contains("l  as 2 messages"),
        "{shown}"
    );
    assert_eq!(press(&mut app, KeyCode::Char('l')).len(), 2);
}

#[test]
fn whoever_looks_once_more_at_a_verified_person_is_not_asked_who_it_is() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    settle(&mut app, Standing::Verified, (0, 0), Some(comparison(THEIRS)));
    press(&mut app, KeyCode::F(2));
    assert!(screen(&mut app).contains("bob is verified"));
}

#[test]
fn who_types_on_after_the_end_loses_no_letter() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    press(&mut app, KeyCode::F(2));
    tell(
        &mut app,
        "bob",
        What::Same {
            fingerprint: THEIRS,
            vouched: true,
        },
    );
    assert!(screen(&mut app).contains("VERIFIED. From now on"));
    type_text(&mut app, "hello");
    assert_eq!(app.conversation().unwrap().editor.text(), "hello");
}

#[test]
fn the_keys_are_scrolled_by_lines_and_name_their_versions() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    press(&mut app, KeyCode::F(3));
    let what = What::Status {
        devices: Vec::new(),
        keys: vec![
            (THEIRS, Trust::Seen),
            (FingerprintV4::from_bytes([9; 56]).into(), Trust::Seen),
        ],
        waiting: 0,
        next: None,
    };
    tell(&mut app, "bob", what);
    let first = rows(&mut app, 40, 10).join("\n");
    assert!(first.contains("more: PageDown"), "{first}");
    let mut seen = first.clone();
    for _ in 0..40 {
        assert_eq!(press(&mut app, KeyCode::Down), []);
        seen.push_str(&rows(&mut app, 40, 10).join("\n"));
    }
    assert!(
        seen.contains("for versions 1 to 3") && seen.contains("for version 4"),
        "{seen}"
    );
    for _ in 0..40 {
        press(&mut app, KeyCode::Up);
        rows(&mut app, 40, 10);
    }
    assert_eq!(rows(&mut app, 40, 10).join("\n"), first);
    press(&mut app, KeyCode::Esc);
    assert!(app.overlay.is_none());
}

/// The version stands in the line of the conversation, and what it means under F3.
#[test]
fn the_screen_says_which_version_protects_and_what_that_means() {
    for (version, word, meaning) in [
        (Version::V3, "OTR version 3", "Afterwards nobody can prove"),
        (
            Version::V4,
            "OTR version 4",
            "not even with the help of one of you",
        ),
    ] {
        let mut app = app();
        private(&mut app, THEIRS, false);
        let what = What::Private {
            fingerprint: THEIRS,
            trust: Trust::Seen,
            version,
            ssid: comparison(THEIRS).ssid,
            device: InstanceTag::ZERO,
            devices: 1,
            renewed: false,
            changed: false,
            blocked: false,
        };
        tell(&mut app, "bob", what);
        let shown = screen(&mut app);
        assert!(shown.contains(word), "{shown}");
        press(&mut app, KeyCode::F(3));
        let device = Device {
            tag: InstanceTag::ZERO,
            state: SessionState::Encrypted(version),
            fingerprint: Some(THEIRS),
            trust: Trust::Seen,
        };
        let what = What::Status {
            devices: vec![device],
            keys: Vec::new(),
            waiting: 0,
            next: None,
        };
        tell(&mut app, "bob", what);
        let shown = rows(&mut app, 80, 40).join(" ");
        let words: Vec<&str> = shown.split_whitespace().filter(|word| *word != "│").collect();
        let shown = words.join(" ");
        assert!(shown.contains(word) && shown.contains(meaning), "{shown}");
    }
}

/// S-11: in capital letters, and counted for whoever looks elsewhere.
#[test]
fn less_than_before_is_loud_on_the_screen() {
    for outcome in [Lower::Spoken, Lower::Offered, Lower::Refused] {
        let mut app = app();
        private(&mut app, THEIRS, false);
        let what = What::LowerVersion {
            version: Some(Version::V3),
            spoken: Version::V4,
            outcome,
        };
        tell(&mut app, "bob", what);
        let shown = screen(&mut app);
        let loud = match outcome {
            Lower::Spoken => "ONLY OTR version 3",
            Lower::Offered => "NAMED ONLY OTR version 3",
            Lower::Refused => "REFUSED: OTR version 3",
        };
        assert!(shown.contains(loud) && shown.contains("version 4"), "{shown}");
    }
}

#[test]
fn no_word_of_the_help_is_cut_off_in_a_small_window() {
    let mut app = app();
    let words = |app: &mut App, width, height| {
        app.overlay = None;
        press(app, KeyCode::F(1));
        let mut seen: Vec<String> = Vec::new();
        for _ in 0..200 {
            let shown = rows(app, width, height);
            // The inside of the window, whose frame is one column away from its words.
            let edge = |row: &String, corner| row.chars().position(|c| c == corner);
            let top = shown.iter().position(|row| row.contains("┌ Help")).unwrap();
            let (left, right) = (edge(&shown[top], '┌').unwrap(), edge(&shown[top], '┐').unwrap());
            let inside = shown[top + 1..]
                .iter()
                .take_while(|row| edge(row, '└') != Some(left));
            for row in inside.map(|row| row.chars().take(right).skip(left + 1).collect::<String>()) {
                for word in row.split_whitespace() {
                    seen.push(word.to_owned());
                }
            }
            press(app, KeyCode::Down);
        }
        seen.sort();
        seen.dedup();
        seen
    };
    let (small, large) = (words(&mut app, 44, 20), words(&mut app, 100, 90));
    assert!(large.len() > 100 && !large.contains(&"more:".to_owned()));
    let missing: Vec<&String> = large.iter().filter(|word| !small.contains(word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_status_that_is_cut_says_so() {
    let mut app = app();
    private(&mut app, THEIRS, false);
    settle(&mut app, Standing::Unverified, (3, 1), Some(comparison(THEIRS)));
    let status = |app: &mut App, width| {
        let shown = rows(app, width, 24);
        shown
            .into_iter()
            .find(|row| row.contains("NOT VERIFIED"))
            .unwrap()
    };
    assert!(status(&mut app, 40).contains('…'), "{}", status(&mut app, 40));
    assert!(!status(&mut app, 120).contains('…'));
}
