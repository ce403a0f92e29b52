//! What went over the relay's sockets, byte for byte.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::server::ConnectionId;

/// Keeps every byte that the relay read from or wrote to its sockets, up to a bound; cheap to clone, all clones
/// share one memory. When the bound is reached it stops, and says so: a search in an incomplete capture proves
/// nothing.
#[derive(Clone, Debug)]
pub struct Capture {
    inner: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    records: Vec<Record>,
    bytes: usize,
    limit: usize,
    complete: bool,
}

/// Some bytes that went over one socket in one piece. The bytes of one connection and direction, joined in order,
/// are the stream as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The place of this record among all, from 0: time without a clock.
    pub index: u64,
    /// Whose socket.
    pub connection: ConnectionId,
    /// Which way.
    pub direction: Direction,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From a client to the relay.
    In,
    /// From the relay to a client.
    Out,
}

impl Capture {
    /// An empty capture that keeps at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let kept = Kept {
            records: Vec::new(),
            bytes: 0,
            limit,
            complete: true,
        };
        Self {
            inner: Arc::new(Mutex::new(kept)),
        }
    }

    /// Adds bytes, or marks the capture as incomplete if they do not fit any more.
    pub fn record(&self, connection: ConnectionId, direction: Direction, bytes: &[u8]) {
        let mut kept = self.kept();
        // A record costs more than its bytes; many tiny ones must not grow without bound either.
        let cost = bytes.len() + RECORD_COST;
        if !kept.complete || kept.bytes + cost > kept.limit {
            kept.complete = false;
            return;
        }
        kept.bytes += cost;
        let index = kept.records.len() as u64;
        kept.records.push(Record {
            index,
            connection,
            direction,
            bytes: bytes.to_vec(),
        });
    }

    /// Whether nothing was left out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.kept().complete
    }

    /// How many records there are: also the index of the next one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept().records.len()
    }

    /// Whether nothing was kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of the records from this index on.
    #[must_use]
    pub fn since(&self, index: usize) -> Vec<Record> {
        self.kept().records.get(index..).unwrap_or_default().to_vec()
    }

    /// Everything that went one way over one socket, as one stream.
    #[must_use]
    pub fn stream(&self, connection: ConnectionId, direction: Direction) -> Vec<u8> {
        let kept = self.kept();
        let parts = kept
            .records
            .iter()
            .filter(|r| r.connection == connection && r.direction == direction);
        parts.flat_map(|record| record.bytes.iter().copied()).collect()
    }

    /// The sockets and directions over which these bytes went in one run, however they were cut into records. An
    /// empty `needle` is found nowhere.
    #[must_use]
    pub fn find(&self, needle: &[u8]) -> Vec<(ConnectionId, Direction)> {
        let mut streams: BTreeMap<(ConnectionId, Direction), Vec<u8>> = BTreeMap::new();
        for record in &self.kept().records {
            let stream = streams.entry((record.connection, record.direction)).or_default();
            stream.extend_from_slice(&record.bytes);
        }
        let holds =
            |stream: &Vec<u8>| !needle.is_empty() && stream.windows(needle.len()).any(|at| at == needle);
        streams
            .into_iter()
            .filter(|(_, stream)| holds(stream))
            .map(|(key, _)| key)
            .collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whoever panicked while holding the lock had at most failed to add a record.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a record is counted for besides its bytes.
const RECORD_COST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_cut_apart_but_not_what_never_met() {
        let capture = Capture::new(10_000);
        let (one, two) = (ConnectionId(1), ConnectionId(2));
        capture.record(one, Direction::In, b"xse");
        capture.record(two, Direction::In, b"sec");
        capture.record(one, Direction::Out, b"cret");
        capture.record(one, Direction::In, b"cretx");
        assert_eq!(capture.find(b"secret"), [(one, Direction::In)]);
        assert_eq!(capture.find(b""), []);
        assert_eq!(capture.stream(one, Direction::In), b"xsecretx");
        assert_eq!(capture.since(3).len(), 1);
        assert_eq!(capture.since(3)[0].index, 3);
        assert!(capture.since(4).is_empty() && capture.since(5).is_empty());
    }

    #[test]
    fn says_when_it_is_full() {
        let capture = Capture::new(200);
        capture.record(ConnectionId(1), Direction::In, &[0; 100]);
        assert!(capture.is_complete());
        capture.record(ConnectionId(1), Direction::In, &[0; 100]);
        capture.record(ConnectionId(1), Direction::In, &[0; 1]);
        assert!(!capture.is_complete());
        assert_eq!(capture.len(), 1, "what comes after a gap is not kept");
    }
}
