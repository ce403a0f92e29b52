//! Every cell of the grid message × version × handshake × state × allowed versions × floor.
//!
//! The expectation is a table of its own, written down from version 3's "State transitions" and not from
//! the code: a row for each kind of message, a column for each authentication state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::versions;
use otr::session::admission::{Gate, Kind, Verdict, Waiting, admit};
use otr::{Reject, SessionState, Version};

const KINDS: [Kind; 6] = [
    Kind::KeyExchange,
    Kind::DhCommit,
    Kind::DhKey,
    Kind::RevealSignature,
    Kind::Signature,
    Kind::Data,
];
const VERSIONS: [Version; 3] = [Version::V1, Version::V2, Version::V3];
const WAITING: [Waiting; 5] = [
    Waiting::Nothing,
    Waiting::DhKey,
    Waiting::RevealSig,
    Waiting::Sig,
    Waiting::V1Setup,
];
const STATES: [SessionState; 5] = [
    SessionState::Plaintext,
    SessionState::Encrypted(Version::V1),
    SessionState::Encrypted(Version::V2),
    SessionState::Encrypted(Version::V3),
    SessionState::Finished,
];

/// `l` look, `i` ignore; columns NONE, AWAITING_DHKEY, AWAITING_REVEALSIG, AWAITING_SIG, V1_SETUP.
const HANDSHAKE_TABLE: [(Kind, &str); 5] = [
    (Kind::KeyExchange, "lllll"),
    (Kind::DhCommit, "lllll"),
    (Kind::DhKey, "ilili"),
    (Kind::RevealSignature, "iilii"),
    (Kind::Signature, "iiili"),
];

#[test]
fn every_cell_is_as_the_text_says() {
    let mut cells = 0;
    let allowed_sets: Vec<&[u16]> = vec![&[], &[1], &[2], &[3], &[1, 2], &[2, 3], &[1, 3], &[1, 2, 3]];
    for kind in KINDS {
        for version in VERSIONS {
            for (column, waiting) in WAITING.into_iter().enumerate() {
                for state in STATES {
                    for allowed in &allowed_sets {
                        for floor in [None, Some(Version::V1), Some(Version::V2), Some(Version::V3)] {
                            let gate = Gate {
                                allowed: versions(allowed),
                                floor,
                            };
                            let verdict = admit(kind, version, gate, state, waiting);
                            let switched_off = !allowed.contains(&version.number());
                            let falls = floor.is_some_and(|floor| version.number() < floor.number());
                            // "If msgstate is MSGSTATE_ENCRYPTED: verify …", whatever the policy says now.
                            let readable = kind == Kind::Data && state == SessionState::Encrypted(version);
                            let expected = if readable {
                                Verdict::Look
                            } else if switched_off {
                                Verdict::Ignore(Reject::VersionRefused)
                            } else if kind == Kind::Data {
                                Verdict::Refuse(Reject::NotPrivate)
                            } else if falls {
                                Verdict::Ignore(Reject::VersionRefused)
                            } else {
                                let row = HANDSHAKE_TABLE.iter().find(|(row, _)| *row == kind).unwrap().1;
                                match row.as_bytes()[column] {
                                    b'l' => Verdict::Look,
                                    _ => Verdict::Ignore(Reject::Unexpected),
                                }
                            };
                            assert_eq!(
                                verdict, expected,
                                "{kind:?} {version:?} {waiting:?} {state:?} allowed {allowed:?} floor {floor:?}"
                            );
                            cells += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(cells, 6 * 3 * 5 * 5 * 8 * 4);
}
