//! What we remember about correspondents beyond their keys: the lowest protocol version that we
//! still speak with them, and the user's policy for them.
//!
//! Our own file, `chatham.peers`, written like libotr's:
//!
//! ```text
//! # chatham peers 1
//! user TAB account TAB protocol TAB minimum version or - TAB policy or - LF
//! ```
//!
//! What it says protects people (a version once reached is not to be talked down), so a file with
//! anything that is not understood is refused as a whole.

use std::collections::BTreeMap;

use crate::libotr::lines::{check_columns, lines};
use crate::names::{AccountId, BadName, Correspondent};

/// What the user wants for one correspondent; the meanings are those of the policies of the same
/// names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerPolicy {
    /// No encryption at all.
    Never,
    /// Only when a person asks for it.
    Manual,
    /// Whenever the other can.
    Opportunistic,
    /// Nothing goes out in the clear.
    Always,
}

/// What is remembered about one correspondent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The lowest version to accept from them, 1 to 4.
    pub minimum_version: Option<u16>,
    /// The user's policy, if not the general one.
    pub policy: Option<PeerPolicy>,
}

/// Everybody that something is remembered about, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    all: BTreeMap<Correspondent, Peer>,
}

/// A line of the file that is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct PeerFileError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: PeerFault,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// The first line is another one.
    #[error("the file should start with \"{HEADER}\"; another version of this program may have written it")]
    Header,
    /// Not five columns.
    #[error("there should be five columns, separated by single tabs")]
    Columns,
    /// The fourth column.
    #[error("the fourth column should be a protocol version from 1 to 4, or -")]
    Version,
    /// The fifth column.
    #[error("the fifth column should be never, manual, opportunistic, always or -")]
    Policy,
    /// Two lines about the same correspondent.
    #[error("the correspondent stands in an earlier line already")]
    Duplicate,
    /// No line break at the end.
    #[error("the file ends in the middle of a line; it may have been cut short")]
    Unterminated,
    /// A byte that no line holds.
    #[error("a zero byte or a line longer than any that is written")]
    BadLine,
}

/// The longest peer file that is read, in bytes.
pub const MAX_FILE: usize = 16 << 20;

impl Peers {
    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// The first line that is not understood.
    pub fn read(file: &[u8]) -> Result<Self, PeerFileError> {
        let mut this = Self::default();
        let mut headed = false;
        for raw in lines(file) {
            let error = |fault| PeerFileError {
                line: raw.number,
                fault,
            };
            if raw.number == 1 {
                headed = raw.body == HEADER.as_bytes() && raw.terminated;
                if !headed {
                    return Err(error(PeerFault::Header));
                }
                continue;
            }
            if !raw.terminated {
                return Err(error(PeerFault::Unterminated));
            }
            if raw.common_fault().is_some() {
                return Err(error(PeerFault::BadLine));
            }
            let (correspondent, peer) = parse(raw.body).map_err(error)?;
            if this.all.insert(correspondent, peer).is_some() {
                return Err(error(PeerFault::Duplicate));
            }
        }
        if headed {
            Ok(this)
        } else {
            Err(PeerFileError {
                line: 1,
                fault: PeerFault::Header,
            })
        }
    }

    /// The whole file.
    pub fn write(&self) -> Vec<u8> {
        let mut out = format!("{HEADER}\n").into_bytes();
        for (correspondent, peer) in &self.all {
            let account = correspondent.account();
            for name in [correspondent.user(), account.name(), account.protocol()] {
                out.extend_from_slice(name);
                out.push(b'\t');
            }
            let version = peer
                .minimum_version
                .map_or_else(|| "-".into(), |version| version.to_string());
            let policy = peer.policy.map_or("-", PeerPolicy::word);
            out.extend_from_slice(format!("{version}\t{policy}\n").as_bytes());
        }
        out
    }

    /// Everybody, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Correspondent, &Peer)> {
        self.all.iter()
    }

    /// What is remembered about a correspondent: nothing, if they are unknown.
    pub fn peer(&self, correspondent: &Correspondent) -> Peer {
        self.all.get(correspondent).copied().unwrap_or_default()
    }

    /// Replaces what is remembered; [`Peer::default`] forgets.
    ///
    /// # Errors
    ///
    /// What the file cannot hold.
    pub fn set(&mut self, correspondent: &Correspondent, peer: Peer) -> Result<(), BadPeer> {
        if let Some(version) = peer.minimum_version.filter(|version| !VERSIONS.contains(version)) {
            return Err(BadPeer::Version(version));
        }
        let account = correspondent.account();
        // Four tabs, one digit, the longest policy.
        check_columns(
            &[correspondent.user(), account.name(), account.protocol()],
            4 + 1 + 13,
        )?;
        if peer == Peer::default() {
            self.all.remove(correspondent);
        } else {
            self.all.insert(correspondent.clone(), peer);
        }
        Ok(())
    }
}

impl PeerPolicy {
    const ALL: [Self; 4] = [Self::Never, Self::Manual, Self::Opportunistic, Self::Always];

    /// The word in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Manual => "manual",
            Self::Opportunistic => "opportunistic",
            Self::Always => "always",
        }
    }

    /// The policy of a word.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|policy| policy.word().as_bytes() == word)
    }
}

/// Why something about a correspondent cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPeer {
    /// There is no such version.
    #[error("there is no protocol version {0}")]
    Version(u16),
    /// The line cannot be written.
    #[error(transparent)]
    Name(#[from] BadName),
}

fn parse(body: &[u8]) -> Result<(Correspondent, Peer), PeerFault> {
    let columns: Vec<_> = body.split(|byte| *byte == b'\t').take(6).collect();
    let [user, account, protocol, version, policy] = columns.as_slice() else {
        return Err(PeerFault::Columns);
    };
    let minimum_version = match *version {
        b"-" => None,
        [digit @ b'1'..=b'4'] => Some(u16::from(digit - b'0')),
        _ => return Err(PeerFault::Version),
    };
    let policy = match *policy {
        b"-" => None,
        word => Some(PeerPolicy::from_word(word).ok_or(PeerFault::Policy)?),
    };
    Ok((
        Correspondent::new(*user, AccountId::new(*account, *protocol)),
        Peer {
            minimum_version,
            policy,
        },
    ))
}

const HEADER: &str = "# chatham peers 1";
const VERSIONS: std::ops::RangeInclusive<u16> = 1..=4;

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> Correspondent {
        Correspondent::new("bob", AccountId::new("alice", "IRC"))
    }

    #[test]
    fn what_is_written_is_read() {
        let mut peers = Peers::default();
        for policy in PeerPolicy::ALL {
            peers
                .set(
                    &bob(),
                    Peer {
                        minimum_version: Some(3),
                        policy: Some(policy),
                    },
                )
                .unwrap();
            assert_eq!(Peers::read(&peers.write()), Ok(peers.clone()));
        }
        assert_eq!(peers.write(), b"# chatham peers 1\nbob\talice\tIRC\t3\talways\n");
        peers.set(&bob(), Peer::default()).unwrap();
        assert_eq!(peers.write(), b"# chatham peers 1\n");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, line, fault) in [
            ("", 1, PeerFault::Header),
            ("# chatham peers 1", 1, PeerFault::Header),
            ("# chatham peers 2\n", 1, PeerFault::Header),
            ("\u{feff}# chatham peers 1\n", 1, PeerFault::Header),
            ("# chatham peers 1\nb\ta\tp\t3\n", 2, PeerFault::Columns),
            ("# chatham peers 1\nb\ta\tp\t3\t-\t\n", 2, PeerFault::Columns),
            ("# chatham peers 1\n\n", 2, PeerFault::Columns),
            ("# chatham peers 1\nb\ta\tp\t0\t-\n", 2, PeerFault::Version),
            ("# chatham peers 1\nb\ta\tp\t03\t-\n", 2, PeerFault::Version),
            ("# chatham peers 1\nb\ta\tp\t\t-\n", 2, PeerFault::Version),
            ("# chatham peers 1\nb\ta\tp\t3\tsometimes\n", 2, PeerFault::Policy),
            (
                "# chatham peers 1\nb\ta\tp\t3\t-\nb\ta\tp\t2\t-\n",
                3,
                PeerFault::Duplicate,
            ),
            (
                "# chatham peers 1\nb\ta\tp\t3\t-\nc\ta\tp\t2\talways",
                3,
                PeerFault::Unterminated,
            ),
            ("# chatham peers 1\nb\0\ta\tp\t3\t-\n", 2, PeerFault::BadLine),
        ] {
            assert_eq!(
                Peers::read(text.as_bytes()),
                Err(PeerFileError { line, fault }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let mut peers = Peers::default();
        let version = |version| Peer {
            minimum_version: Some(version),
            policy: None,
        };
        assert_eq!(peers.set(&bob(), version(0)), Err(BadPeer::Version(0)));
        assert_eq!(peers.set(&bob(), version(5)), Err(BadPeer::Version(5)));
        let odd = Correspondent::new("b\tc", AccountId::new("alice", "IRC"));
        assert_eq!(
            peers.set(&odd, version(3)),
            Err(BadPeer::Name(BadName::Separator))
        );
        assert_eq!(peers, Peers::default());
    }
}
