//! The relay's capture, read as an observer of the network reads it: lines, and what can be told from them without
//! any key. Everything the demo proves, it proves from here.

use std::collections::{BTreeMap, BTreeSet};

use im::irc::Message as IrcMessage;
use im::relay::{Capture, ConnectionId, Direction};
use otr::InstanceTag;
use otr::wire::{Incoming, Message, armor, classify, decode_message, v4};

/// One line that went over one of the relay's sockets.
#[derive(Clone, Debug)]
pub struct WireLine {
    /// Whose socket.
    pub connection: ConnectionId,
    /// Which way.
    pub direction: Direction,
    /// The line with its end.
    pub bytes: Vec<u8>,
    /// Its length with its end.
    pub length: usize,
}

/// What an observer can tell about a message without any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Words that anybody can read.
    Words,
    /// Words with an offer hidden in white space.
    WordsAndOffer,
    /// A request for a private conversation.
    Query,
    /// An error report.
    Error,
    /// A message of the key exchange, by its place in it.
    Exchange(u8),
    /// The same in version 4.
    Interactive(u8),
    /// A private message.
    Data {
        /// The device it is from.
        from: InstanceTag,
        /// The device it is for.
        to: InstanceTag,
    },
    /// Pieces that are no whole message.
    Pieces,
    /// What follows no format.
    Unknown,
}

/// A message as one socket carried it: a PRIVMSG, or all the pieces of one cut message.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The socket.
    pub connection: ConnectionId,
    /// The receiver's name.
    pub to: Vec<u8>,
    /// The text of its first line.
    pub text: Vec<u8>,
    /// In how many lines.
    pub lines: usize,
    /// The length of these lines, with their ends.
    pub bytes: usize,
    /// What can be told about it.
    pub seen: Seen,
    /// The message itself without armour; empty if it is no message of the protocol.
    pub body: Vec<u8>,
}

/// Reads a capture as it grows.
pub struct Tap {
    capture: Capture,
    next: usize,
    buffers: BTreeMap<(ConnectionId, Direction), Vec<u8>>,
    lines: Vec<WireLine>,
}

impl Tap {
    /// A reader at the beginning of a capture.
    pub fn new(capture: Capture) -> Self {
        Self {
            capture,
            next: 0,
            buffers: BTreeMap::new(),
            lines: Vec::new(),
        }
    }

    /// Reads what is new. Everybody should be silent, so that no line is half there.
    pub fn read(&mut self) {
        for record in self.capture.since(self.next) {
            self.next += 1;
            let (connection, direction) = (record.connection, record.direction);
            let held = self.buffers.entry((connection, direction)).or_default();
            for part in record.bytes.split_inclusive(|&byte| byte == b'\n') {
                held.extend_from_slice(part);
                // Nothing is dropped and nothing is mended here: a line that breaks a rule has to be seen.
                if part.ends_with(b"\n") {
                    let bytes = std::mem::take(held);
                    self.lines.push(WireLine {
                        connection,
                        direction,
                        length: bytes.len(),
                        bytes,
                    });
                }
            }
        }
    }

    /// Whether the capture holds every byte.
    pub fn is_complete(&self) -> bool {
        self.capture.is_complete()
    }

    /// The number of lines so far: a mark to begin from later.
    pub fn mark(&self) -> usize {
        self.lines.len()
    }

    /// The lines since a mark, both ways over all sockets.
    pub fn since(&self, mark: usize) -> &[WireLine] {
        self.lines.get(mark..).unwrap_or_default()
    }

    /// The messages that were given to the relay since a mark.
    pub fn messages(&self, mark: usize) -> Vec<Sighting> {
        self.going(mark, Direction::In)
    }

    /// The messages that the relay passed on since a mark; `connection` is the receiver's socket.
    pub fn delivered(&self, mark: usize) -> Vec<Sighting> {
        self.going(mark, Direction::Out)
    }

    fn going(&self, mark: usize, direction: Direction) -> Vec<Sighting> {
        let mut sightings: Vec<Sighting> = Vec::new();
        // Where in the list the message stands whose pieces are still coming, and what has come of it.
        let mut open: BTreeMap<(ConnectionId, Vec<u8>), (usize, Vec<u8>)> = BTreeMap::new();
        for line in self.since(mark).iter().filter(|line| line.direction == direction) {
            let Some((source, to, text)) = privmsg(line) else {
                continue;
            };
            let key = (line.connection, source);
            let Incoming::Piece(piece) = classify(&text) else {
                let (seen, body) = kind(&text);
                let (lines, bytes) = (1, line.length);
                sightings.push(Sighting {
                    connection: line.connection,
                    to,
                    text,
                    lines,
                    bytes,
                    seen,
                    body,
                });
                continue;
            };
            if piece.index > 1
                && let Some((at, whole)) = open.get_mut(&key)
                && let Some(sighting) = sightings.get_mut(*at)
            {
                whole.extend_from_slice(piece.body);
                sighting.lines += 1;
                sighting.bytes += line.length;
                if piece.index == piece.total && sighting.lines == usize::from(piece.total) {
                    (sighting.seen, sighting.body) = kind(whole);
                }
                continue;
            }
            open.insert(key, (sightings.len(), piece.body.to_vec()));
            sightings.push(Sighting {
                connection: line.connection,
                to,
                text: text.clone(),
                lines: 1,
                bytes: line.length,
                seen: Seen::Pieces,
                body: Vec::new(),
            });
        }
        sightings
    }

    /// Every line since a mark, and what the base64 in it decodes to.
    pub fn haystacks(&self, mark: usize) -> (Vec<&[u8]>, Vec<Vec<u8>>) {
        let raw = self
            .since(mark)
            .iter()
            .map(|line| line.bytes.as_slice())
            .collect();
        let decoded = self
            .messages(mark)
            .into_iter()
            .map(|sighting| sighting.body)
            .collect();
        (raw, decoded)
    }
}

/// The first piece of `secret` of `size` bytes that stands anywhere in the haystacks.
pub fn find_piece<'a>(
    secret: &[u8],
    size: usize,
    haystacks: impl IntoIterator<Item = &'a [u8]>,
) -> Option<Vec<u8>> {
    let pieces: BTreeSet<&[u8]> = secret.windows(size).collect();
    let found = |hay: &'a [u8]| hay.windows(size).find(|window| pieces.contains(window));
    haystacks.into_iter().find_map(found).map(<[u8]>::to_vec)
}

/// Whether white space in a text hides an offer.
pub fn hides_offer(text: &[u8]) -> bool {
    text.windows(TAG.len()).any(|window| window == TAG)
}

/// The beginning of every white-space tag, as the specification prints it.
const TAG: &[u8] = b"\x20\x09\x20\x20\x09\x09\x09\x09\x20\x09\x20\x09\x20\x09\x20\x20";

/// Source, receiver and text of a line that is a PRIVMSG.
fn privmsg(line: &WireLine) -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let bytes = line.bytes.strip_suffix(b"\r\n").unwrap_or(&line.bytes);
    let parsed = IrcMessage::parse(bytes)
        .ok()
        .filter(|parsed| parsed.is("PRIVMSG"))?;
    let source = parsed
        .source
        .map(|source| source.name.to_vec())
        .unwrap_or_default();
    Some((source, parsed.param(0).to_vec(), parsed.last().to_vec()))
}

fn kind(text: &[u8]) -> (Seen, Vec<u8>) {
    let seen = match classify(text) {
        Incoming::Plaintext(_, None) => Seen::Words,
        Incoming::Plaintext(_, Some(_)) => Seen::WordsAndOffer,
        Incoming::Query(_) => Seen::Query,
        Incoming::Error(_) => Seen::Error,
        Incoming::Piece(_) => Seen::Pieces,
        Incoming::BadPiece | Incoming::BadArmor => Seen::Unknown,
        Incoming::Armored(text) => {
            let body = armor::decode(text).unwrap_or_default();
            let seen = match decode_message(&body) {
                Ok((_, Message::DhCommit(_) | Message::KeyExchange(_))) => Seen::Exchange(1),
                Ok((_, Message::DhKey(_))) => Seen::Exchange(2),
                Ok((_, Message::RevealSignature(_))) => Seen::Exchange(3),
                Ok((_, Message::Signature(_))) => Seen::Exchange(4),
                Ok((header, Message::Data(_))) => Seen::Data {
                    from: header.sender,
                    to: header.receiver,
                },
                Ok((header, Message::V4(message))) => match *message {
                    v4::Message::Identity(_) => Seen::Interactive(1),
                    v4::Message::AuthR(_) => Seen::Interactive(2),
                    v4::Message::AuthI(_) => Seen::Interactive(3),
                    v4::Message::Data(_) => Seen::Data {
                        from: header.sender,
                        to: header.receiver,
                    },
                    v4::Message::NonInteractiveAuth(_) => Seen::Unknown,
                },
                Err(_) => Seen::Unknown,
            };
            return (seen, body);
        }
    };
    (seen, Vec::new())
}
