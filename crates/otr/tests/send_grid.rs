//! S-20, law `no_clear_text_from_a_private_state`: every cell of the grid state × action × policy, driven
//! through a real conversation. No piece of four bytes of the person's text may leave in the clear unless
//! the table, written from version 3's "User types a message to be sent", says that clear text is right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Person, deliver, open_policy, private_pair};
use otr::{Disposition, InstanceTag, Policy, Recipient, SendError, SmpAction, Standing, Start, disposition};

const TEXT: &str = "Treffpunkt Nordbahnhof, 23 Uhr";

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Plaintext,
    Negotiating,
    Encrypted,
    Renewing,
    Finished,
    Acknowledged,
    PrivateElsewhere,
}

const STATES: [State; 7] = [
    State::Plaintext,
    State::Negotiating,
    State::Encrypted,
    State::Renewing,
    State::Finished,
    State::Acknowledged,
    State::PrivateElsewhere,
];

#[derive(Clone, Copy, Debug)]
enum Action {
    Text,
    TextAfterError,
    TextAfterQuery,
    TextAfterClearText,
    TextAfterReconnect,
    TextAfterPolicyChange,
    TextToRecentDevice,
    Start,
    StartInteractive,
    Smp,
    ExtraKey,
    Heartbeat,
    Tick,
}

const ACTIONS: [Action; 13] = [
    Action::Text,
    Action::TextAfterError,
    Action::TextAfterQuery,
    Action::TextAfterClearText,
    Action::TextAfterReconnect,
    Action::TextAfterPolicyChange,
    Action::TextToRecentDevice,
    Action::Start,
    Action::StartInteractive,
    Action::Smp,
    Action::ExtraKey,
    Action::Heartbeat,
    Action::Tick,
];

fn policies() -> Vec<(&'static str, Policy)> {
    let open = |policy: Policy| Policy {
        strangers: otr::Strangers::Answer,
        ..policy
    };
    vec![
        ("never", open(Policy::never())),
        ("manual", open(Policy::manual())),
        ("opportunistic", open(Policy::opportunistic())),
        ("always", open(Policy::always())),
        (
            "tag and require",
            Policy {
                send_tag: true,
                ..open(Policy::always())
            },
        ),
    ]
}

/// Somebody in this state, who had the open policy until then.
fn person_in(state: State) -> Person {
    match state {
        State::Plaintext => Person::alice(&[2, 3]),
        State::Negotiating => {
            let mut alice = Person::alice(&[2, 3]);
            alice.receive(b"?OTRv3?");
            alice
        }
        State::Encrypted => private_pair(&[2, 3]).0,
        State::Renewing => {
            let mut alice = private_pair(&[2, 3]).0;
            alice.receive(b"?OTRv3?");
            alice
        }
        State::Finished | State::Acknowledged => {
            let (mut alice, mut bob) = private_pair(&[2, 3]);
            bob.act(|conversation, env| conversation.end(env, Recipient::Best));
            deliver(&mut alice, &mut bob);
            if state == State::Acknowledged {
                alice.act(|conversation, env| conversation.end(env, Recipient::Best));
            }
            alice
        }
        State::PrivateElsewhere => {
            let (mut alice, _) = private_pair(&[2, 3]);
            // A second device begins an exchange and stays silent.
            let mut phone = Person::new("phone", 1, 0x99, open_policy(&[3]));
            alice.start();
            phone.receive(&alice.only_message());
            alice.receive(&phone.only_message());
            alice
        }
    }
}

/// What the text says becomes of a typed message: clear text is right in MSGSTATE_PLAINTEXT alone, and
/// there only without REQUIRE_ENCRYPTION. A policy that is off altogether changes nothing about a private
/// state.
fn clear_text_is_right(state: State, policy: &Policy) -> bool {
    let plaintext = matches!(state, State::Plaintext | State::Negotiating | State::Acknowledged);
    plaintext && !(policy.require_encryption && policy.is_on())
}

fn shows_text(wire: &[u8]) -> bool {
    let windows: Vec<&[u8]> = TEXT.as_bytes().windows(4).collect();
    wire.windows(4).any(|window| windows.contains(&window))
}

#[test]
fn no_clear_text_from_a_private_state() {
    let mut cells = 0;
    for state in STATES {
        for (name, policy) in policies() {
            for action in ACTIONS {
                let mut alice = person_in(state);
                alice.take_outgoing();
                alice.conversation.set_policy(policy.clone());
                let sent = act(&mut alice, action);
                let clear = alice.outgoing.iter().any(|wire| shows_text(wire));
                let cell = format!("{state:?} × {action:?} × {name}");
                match sent {
                    // An action without text never shows any.
                    None => assert!(!clear, "{cell}: clear text"),
                    Some(result) => {
                        // A policy that an action replaced is judged as it is now.
                        let right = clear_text_is_right(state, alice.conversation.policy());
                        assert_eq!(clear, right, "{cell}: {result:?}");
                        let private = matches!(state, State::Encrypted | State::Renewing);
                        let to_device = matches!(action, Action::TextToRecentDevice);
                        if state == State::Finished {
                            assert_eq!(result, Err(SendError::PeerEnded), "{cell}");
                        } else if state == State::PrivateElsewhere {
                            assert!(!clear && (to_device || result.is_ok()), "{cell}: {result:?}");
                        } else {
                            assert_eq!(result.is_ok(), private || right, "{cell}: {result:?}");
                        }
                    }
                }
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 7 * 5 * 13);
}

/// Runs the action; what became of the text, if it sends one.
fn act(alice: &mut Person, action: Action) -> Option<Result<(), SendError>> {
    match action {
        Action::Text => {}
        Action::TextAfterError => {
            alice.receive(b"?OTR Error: You sent an unreadable message");
        }
        Action::TextAfterQuery => {
            alice.receive(b"?OTRv23?");
        }
        Action::TextAfterClearText => {
            alice.receive(b"I have lost my keys, please repeat");
        }
        Action::TextAfterReconnect => {
            alice
                .pass(86_400_000)
                .act(|conversation, env| conversation.tick(env));
        }
        Action::TextAfterPolicyChange => {
            let lax = Policy {
                require_encryption: false,
                ..alice.conversation.policy().clone()
            };
            alice.conversation.set_policy(lax);
        }
        Action::TextToRecentDevice => {
            return Some(alice.try_send(Recipient::RecentlyHeard, TEXT.as_bytes()));
        }
        Action::Start => {
            alice.act(|conversation, env| conversation.start(env, Start::Query).unwrap_or_default());
            return None;
        }
        Action::StartInteractive => {
            alice.act(|conversation, env| {
                conversation
                    .start(env, Start::Interactive(otr::Version::V3))
                    .unwrap_or_default()
            });
            return None;
        }
        Action::Smp => {
            alice.act(|conversation, env| {
                let action = SmpAction::Start {
                    secret: TEXT.as_bytes(),
                    question: Some(TEXT.as_bytes()),
                };
                conversation.smp(env, Recipient::Best, action).unwrap_or_default()
            });
            return None;
        }
        Action::ExtraKey => {
            alice.act(|conversation, env| {
                let used = conversation.use_extra_key(env, Recipient::Best, 1, TEXT.as_bytes());
                used.map(|(outputs, _)| outputs).unwrap_or_default()
            });
            return None;
        }
        Action::Heartbeat => {
            alice.act(|conversation, env| conversation.heartbeat(env, Recipient::Best).unwrap_or_default());
            return None;
        }
        Action::Tick => {
            alice
                .pass(120_000)
                .act(|conversation, env| conversation.tick(env));
            return None;
        }
    }
    alice.take_outgoing();
    Some(alice.try_say(TEXT))
}

#[test]
fn the_table_of_dispositions() {
    let refuse = Disposition::Refuse;
    // standing, require encryption, tag still out → what the text says
    let table = [
        (Standing::Clear, false, false, Disposition::Plain),
        (Standing::Clear, false, true, Disposition::Tagged),
        (Standing::Clear, true, false, refuse(SendError::NotPrivate)),
        (Standing::Clear, true, true, refuse(SendError::NotPrivate)),
        (Standing::Private, false, false, Disposition::Seal),
        (Standing::Private, false, true, Disposition::Seal),
        (Standing::Private, true, false, Disposition::Seal),
        (Standing::Private, true, true, Disposition::Seal),
        (Standing::KeyChanged, false, false, refuse(SendError::KeyChanged)),
        (Standing::KeyChanged, false, true, refuse(SendError::KeyChanged)),
        (Standing::KeyChanged, true, false, refuse(SendError::KeyChanged)),
        (Standing::KeyChanged, true, true, refuse(SendError::KeyChanged)),
        (Standing::Ended, false, false, refuse(SendError::PeerEnded)),
        (Standing::Ended, false, true, refuse(SendError::PeerEnded)),
        (Standing::Ended, true, false, refuse(SendError::PeerEnded)),
        (Standing::Ended, true, true, refuse(SendError::PeerEnded)),
        (
            Standing::PrivateElsewhere,
            false,
            false,
            refuse(SendError::NotPrivate),
        ),
        (
            Standing::PrivateElsewhere,
            false,
            true,
            refuse(SendError::NotPrivate),
        ),
        (
            Standing::PrivateElsewhere,
            true,
            false,
            refuse(SendError::NotPrivate),
        ),
        (
            Standing::PrivateElsewhere,
            true,
            true,
            refuse(SendError::NotPrivate),
        ),
    ];
    for (standing, require, tag, expected) in table {
        assert_eq!(
            disposition(standing, require, tag),
            expected,
            "{standing:?} {require} {tag}"
        );
    }
}

#[test]
fn a_device_that_is_not_there_gets_nothing() {
    let (mut alice, _) = private_pair(&[2, 3]);
    let nobody = Recipient::Tag(InstanceTag::new(0x4242).unwrap());
    assert_eq!(alice.try_send(nobody, b"x"), Err(SendError::NoSuchInstance));
    let zero = Recipient::Tag(InstanceTag::ZERO);
    assert_eq!(alice.try_send(zero, TEXT.as_bytes()), Err(SendError::NotPrivate));
    assert!(alice.outgoing.is_empty());
}
