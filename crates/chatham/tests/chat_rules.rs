//! Rules for single nicks hold for whoever has the nick.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chatham::engine::notice::{What, Words};
use chatham::engine::{Effect, Engine};
use chatham::randomness;
use im::irc::Nick;
use otr::{Account, Policy, Timestamp};

fn engine() -> (Engine, Nick, Nick, Nick) {
    let account = Account::generate(&mut *randomness());
    let engine = Engine::new(account, Policy::opportunistic(), randomness());
    let [bob, carol, robert] = ["bob", "carol", "robert"].map(|nick| engine.fold(nick.as_bytes()));
    (engine, bob, carol, robert)
}

fn is_clear(engine: &mut Engine, nick: &Nick) -> bool {
    let effects = engine.say(nick, Words::said("x"), Timestamp::from_millis(1));
    let clear =
        |effect: &Effect| matches!(effect, Effect::Show(notice) if matches!(notice.what, What::Sent { .. }));
    effects.iter().any(clear)
}

#[test]
fn a_rule_holds_before_and_after_the_first_word() {
    let (mut engine, bob, carol, _) = engine();
    engine.set_policy(&bob, Policy::always());
    assert!(!is_clear(&mut engine, &bob) && is_clear(&mut engine, &carol));
    engine.set_policy(&carol, Policy::always());
    assert!(!is_clear(&mut engine, &carol));
    engine.set_policy(&bob, Policy::opportunistic());
    assert!(is_clear(&mut engine, &bob));
}

#[test]
fn a_nick_that_changes_hands_keeps_its_rule() {
    let (mut engine, bob, carol, robert) = engine();
    engine.set_policy(&bob, Policy::always());
    assert!(!is_clear(&mut engine, &bob));
    // He leaves the nick, and takes the rule along; whoever comes to it later comes under it.
    let _shown = engine.renamed(&bob, &robert);
    assert!(!is_clear(&mut engine, &robert));
    assert!(is_clear(&mut engine, &carol));
    let _shown = engine.renamed(&carol, &bob);
    assert!(!is_clear(&mut engine, &bob));
}
