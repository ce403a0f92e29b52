//! The records behind the text of a private message.

/// A type/length/value record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tlv {
    kind: u16,
    value: Vec<u8>,
}

impl Tlv {
    /// A record; `None` if the value is longer than 65535 bytes.
    pub fn new(kind: u16, value: Vec<u8>) -> Option<Self> {
        (value.len() <= usize::from(u16::MAX)).then_some(Self { kind, value })
    }

    /// The type.
    pub fn kind(&self) -> u16 {
        self.kind
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

/// The value is ignored.
pub const PADDING: u16 = 0;
/// The other side ends the private conversation.
pub const DISCONNECTED: u16 = 1;
/// First message of the socialist millionaires' protocol.
pub const SMP1: u16 = 2;
/// Second message.
pub const SMP2: u16 = 3;
/// Third message.
pub const SMP3: u16 = 4;
/// Fourth message.
pub const SMP4: u16 = 5;
/// The sender gave up.
pub const SMP_ABORT: u16 = 6;
/// First message, preceded by a question and a NUL.
pub const SMP1Q: u16 = 7;
/// The extra symmetric key is used.
pub const EXTRA_KEY: u16 = 8;
