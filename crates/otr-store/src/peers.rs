//! What we remember about correspondents beyond their keys: the lowest protocol version that we
//! still speak with them, the user's policy for them, and when comparisons with them failed.
//!
//! Our own file, `chatham.peers`, written like libotr's:
//!
//! ```text
//! # chatham peers 2
//! user TAB account TAB protocol TAB minimum version or - TAB policy or - TAB failures or - LF
//! ```
//!
//! The failures are moments in milliseconds since 1970, in their order, with commas between them.
//! A file of the first form, whose lines end with the policy, is read too.
//!
//! What it says protects people (a version once reached is not to be talked down), so a file with
//! anything that is not understood is refused as a whole.

use std::collections::BTreeMap;

use otr::Timestamp;

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
    all: BTreeMap<Correspondent, Record>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Record {
    peer: Peer,
    /// In the order of time, at most [`MAX_FAILURES`].
    failures: Vec<Timestamp>,
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
    /// Too few columns, or too many.
    #[error("there should be six columns, separated by single tabs (five in a file of the first form)")]
    Columns,
    /// The fourth column.
    #[error("the fourth column should be a protocol version from 1 to 4, or -")]
    Version,
    /// The fifth column.
    #[error("the fifth column should be never, manual, opportunistic, always or -")]
    Policy,
    /// The sixth column.
    #[error("the sixth column should hold at most {MAX_FAILURES} moments in their order, or -")]
    Failures,
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

/// How many failed comparisons are remembered of one correspondent: the latest ones.
pub const MAX_FAILURES: usize = 8;

impl Peers {
    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// The first line that is not understood.
    pub fn read(file: &[u8]) -> Result<Self, PeerFileError> {
        let mut this = Self::default();
        let mut form = None;
        for raw in lines(file) {
            let error = |fault| PeerFileError {
                line: raw.number,
                fault,
            };
            if raw.number == 1 {
                form = Form::of(raw.body).filter(|_| raw.terminated);
                continue;
            }
            let form = form.ok_or(PeerFileError {
                line: 1,
                fault: PeerFault::Header,
            })?;
            if !raw.terminated {
                return Err(error(PeerFault::Unterminated));
            }
            if raw.common_fault().is_some() {
                return Err(error(PeerFault::BadLine));
            }
            let (correspondent, record) = parse(raw.body, form).map_err(error)?;
            if this.all.insert(correspondent, record).is_some() {
                return Err(error(PeerFault::Duplicate));
            }
        }
        form.map(|_| this).ok_or(PeerFileError {
            line: 1,
            fault: PeerFault::Header,
        })
    }

    /// The whole file.
    pub fn write(&self) -> Vec<u8> {
        let mut out = format!("{HEADER}\n").into_bytes();
        for (correspondent, Record { peer, failures }) in &self.all {
            let account = correspondent.account();
            for name in [correspondent.user(), account.name(), account.protocol()] {
                out.extend_from_slice(name);
                out.push(b'\t');
            }
            let version = peer
                .minimum_version
                .map_or_else(|| "-".into(), |version| version.to_string());
            let policy = peer.policy.map_or("-", PeerPolicy::word);
            let failures: Vec<_> = failures.iter().map(|at| at.as_millis().to_string()).collect();
            let failures = if failures.is_empty() {
                "-".into()
            } else {
                failures.join(",")
            };
            out.extend_from_slice(format!("{version}\t{policy}\t{failures}\n").as_bytes());
        }
        out
    }

    /// Everybody, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Correspondent, &Peer)> {
        self.all.iter().map(|(who, record)| (who, &record.peer))
    }

    /// What is remembered about a correspondent: nothing, if they are unknown.
    pub fn peer(&self, correspondent: &Correspondent) -> Peer {
        self.all
            .get(correspondent)
            .map(|record| record.peer)
            .unwrap_or_default()
    }

    /// When comparisons with a correspondent failed, in the order of time.
    pub fn failures(&self, correspondent: &Correspondent) -> &[Timestamp] {
        self.all
            .get(correspondent)
            .map_or(&[], |record| record.failures.as_slice())
    }

    /// Notes that a comparison failed; of more than [`MAX_FAILURES`] the oldest goes.
    ///
    /// # Errors
    ///
    /// What the file cannot hold.
    pub fn add_failure(&mut self, correspondent: &Correspondent, at: Timestamp) -> Result<(), BadPeer> {
        let mut failures = self.failures(correspondent).to_vec();
        failures.push(at);
        failures.sort_unstable();
        let surplus = failures.len().saturating_sub(MAX_FAILURES);
        failures.drain(..surplus);
        let peer = self.peer(correspondent);
        self.put(correspondent, Record { peer, failures })
    }

    /// Forgets the failed comparisons with a correspondent; `false` if there were none.
    pub fn clear_failures(&mut self, correspondent: &Correspondent) -> bool {
        let Some(record) = self.all.get_mut(correspondent) else {
            return false;
        };
        let had = !record.failures.is_empty();
        record.failures.clear();
        if record.peer == Peer::default() {
            self.all.remove(correspondent);
        }
        had
    }

    /// Replaces version and policy; [`Peer::default`] forgets them.
    ///
    /// # Errors
    ///
    /// What the file cannot hold.
    pub fn set(&mut self, correspondent: &Correspondent, peer: Peer) -> Result<(), BadPeer> {
        if let Some(version) = peer.minimum_version.filter(|version| !VERSIONS.contains(version)) {
            return Err(BadPeer::Version(version));
        }
        let failures = self.failures(correspondent).to_vec();
        self.put(correspondent, Record { peer, failures })
    }

    fn put(&mut self, correspondent: &Correspondent, record: Record) -> Result<(), BadPeer> {
        let account = correspondent.account();
        // Five tabs, one digit, the longest policy, the most failures of twenty digits and a comma.
        check_columns(
            &[correspondent.user(), account.name(), account.protocol()],
            5 + 1 + 13 + MAX_FAILURES * 21,
        )?;
        if record == Record::default() {
            self.all.remove(correspondent);
        } else {
            self.all.insert(correspondent.clone(), record);
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

/// Which columns a line has.
#[derive(Clone, Copy)]
enum Form {
    First,
    Second,
}

impl Form {
    fn of(header: &[u8]) -> Option<Self> {
        match header {
            header if header == FIRST_HEADER.as_bytes() => Some(Self::First),
            header if header == HEADER.as_bytes() => Some(Self::Second),
            _ => None,
        }
    }
}

fn parse(body: &[u8], form: Form) -> Result<(Correspondent, Record), PeerFault> {
    let columns: Vec<_> = body.split(|byte| *byte == b'\t').take(7).collect();
    let (user, account, protocol, version, policy, failures) = match (form, columns.as_slice()) {
        (Form::First, [user, account, protocol, version, policy]) => {
            (user, account, protocol, version, policy, &b"-"[..])
        }
        (Form::Second, [user, account, protocol, version, policy, failures]) => {
            (user, account, protocol, version, policy, *failures)
        }
        _ => return Err(PeerFault::Columns),
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
    let peer = Peer {
        minimum_version,
        policy,
    };
    let failures = moments(failures).ok_or(PeerFault::Failures)?;
    let correspondent = Correspondent::new(*user, AccountId::new(*account, *protocol));
    Ok((correspondent, Record { peer, failures }))
}

fn moments(column: &[u8]) -> Option<Vec<Timestamp>> {
    if column == b"-" {
        return Some(Vec::new());
    }
    let moments: Option<Vec<_>> = column
        .split(|byte| *byte == b',')
        .take(MAX_FAILURES + 1)
        .map(|digits| {
            let shortest = digits == b"0" || !matches!(digits, [] | [b'0' | b'+', ..]);
            let millis = str::from_utf8(digits).ok().filter(|_| shortest)?.parse().ok()?;
            Some(Timestamp::from_millis(millis))
        })
        .collect();
    moments.filter(|all| all.len() <= MAX_FAILURES && all.is_sorted())
}

const FIRST_HEADER: &str = "# chatham peers 1";
const HEADER: &str = "# chatham peers 2";
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
        assert_eq!(
            peers.write(),
            b"# chatham peers 2\nbob\talice\tIRC\t3\talways\t-\n"
        );
        peers.set(&bob(), Peer::default()).unwrap();
        assert_eq!(peers.write(), b"# chatham peers 2\n");
    }

    #[test]
    fn failed_comparisons_are_kept_beside_the_rest_and_are_bounded() {
        let mut peers = Peers::read(b"# chatham peers 1\nbob\talice\tIRC\t3\talways\n").unwrap();
        for at in [50, 10, 40, 30, 20, 60, 70, 80, 90, 0] {
            peers.add_failure(&bob(), Timestamp::from_millis(at)).unwrap();
        }
        let written = b"# chatham peers 2\nbob\talice\tIRC\t3\talways\t20,30,40,50,60,70,80,90\n";
        assert_eq!(peers.write(), written);
        assert_eq!(Peers::read(written), Ok(peers.clone()));
        peers.set(&bob(), Peer::default()).unwrap();
        assert_eq!(peers.failures(&bob()).len(), MAX_FAILURES);
        assert!(peers.clear_failures(&bob()));
        assert!(!peers.clear_failures(&bob()));
        assert_eq!(peers, Peers::default());
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, line, fault) in [
            ("", 1, PeerFault::Header),
            ("# chatham peers 1", 1, PeerFault::Header),
            ("# chatham peers 3\n", 1, PeerFault::Header),
            ("# chatham peers 2\nb\ta\tp\t3\t-\n", 2, PeerFault::Columns),
            ("# chatham peers 2\nb\ta\tp\t3\t-\t\n", 2, PeerFault::Failures),
            ("# chatham peers 2\nb\ta\tp\t3\t-\t7,\n", 2, PeerFault::Failures),
            ("# chatham peers 2\nb\ta\tp\t3\t-\t7,6\n", 2, PeerFault::Failures),
            ("# chatham peers 2\nb\ta\tp\t3\t-\t07\n", 2, PeerFault::Failures),
            ("# chatham peers 2\nb\ta\tp\t3\t-\t+7\n", 2, PeerFault::Failures),
            (
                "# chatham peers 2\nb\ta\tp\t3\t-\t1,1,1,1,1,1,1,1,1\n",
                2,
                PeerFault::Failures,
            ),
            (
                "# chatham peers 2\nb\ta\tp\t3\t-\t18446744073709551616\n",
                2,
                PeerFault::Failures,
            ),
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
