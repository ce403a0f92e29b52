//! An XML stream on a byte stream, read frame by frame.

use std::fmt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fault::StreamFault;
use super::frame::{Frame, FrameReader, STREAMS, Stanza};
use super::header::Header;
use crate::dial::Stream;

/// Both directions of a connection that speaks XMPP.
pub struct XmlStream {
    socket: Box<dyn Stream>,
    reader: FrameReader,
    /// What the other side's stream began with.
    header: Option<Header>,
}

impl XmlStream {
    /// A stream that begins on this connection.
    pub(super) fn new(socket: Box<dyn Stream>) -> Self {
        Self {
            socket,
            reader: FrameReader::default(),
            header: None,
        }
    }

    /// The next frame.
    async fn next(&mut self) -> Result<Frame, StreamFault> {
        loop {
            if let Some(frame) = self.reader.next() {
                if let Frame::Header(header) = &frame {
                    self.header = Some(header.clone());
                }
                return Ok(frame);
            }
            let mut bytes = [0; READ_SIZE];
            let read = self.socket.read(&mut bytes).await;
            let count = read.map_err(|fault| StreamFault::Broken(fault.to_string()))?;
            if count == 0 {
                return Err(StreamFault::Closed);
            }
            self.reader.push(bytes.get(..count).unwrap_or_default())?;
        }
    }

    /// Writes bytes that are XML, all of them.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), StreamFault> {
        let broken = |fault: std::io::Error| StreamFault::Broken(fault.to_string());
        self.socket.write_all(bytes).await.map_err(broken)?;
        self.socket.flush().await.map_err(broken)
    }

    /// The connection, and the reader with what was read beyond the last frame.
    #[must_use]
    pub fn into_parts(self) -> (Box<dyn Stream>, FrameReader) {
        (self.socket, self.reader)
    }

    /// Sends our header, and reads the other side's with its features.
    pub(super) async fn open(&mut self, domain: &str) -> Result<(Header, Stanza), StreamFault> {
        let domain = escape(domain);
        let hello = format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{STREAMS}' to='{domain}' \
             version='1.0' xml:lang='en'>"
        );
        self.write(hello.as_bytes()).await?;
        let header = match self.next().await? {
            Frame::Header(header) => header,
            Frame::Stanza(stanza) => return Err(unexpected(&stanza)),
            Frame::End => return Err(StreamFault::Closed),
        };
        let features = self.element().await?;
        if features.is("features", STREAMS) {
            Ok((header, features))
        } else {
            Err(unexpected(&features))
        }
    }

    /// The next element of a negotiation.
    pub(super) async fn element(&mut self) -> Result<Stanza, StreamFault> {
        match self.next().await? {
            Frame::Stanza(stanza) if stanza.is("error", STREAMS) => Err(self.condition(&stanza)),
            Frame::Stanza(stanza) => Ok(stanza),
            Frame::Header(_) => Err(StreamFault::Unexpected("stream".to_owned())),
            Frame::End => Err(StreamFault::Closed),
        }
    }

    fn condition(&self, stanza: &Stanza) -> StreamFault {
        let element = self.header.as_ref().and_then(|header| header.read(stanza));
        element.map_or(StreamFault::Closed, |element| stream_error(&element))
    }

    /// The connection, for another stream on it. What came already would belong to that one, and was not its turn.
    pub(super) fn into_socket(self) -> Result<Box<dyn Stream>, StreamFault> {
        if self.reader.is_empty() {
            Ok(self.socket)
        } else {
            Err(StreamFault::Early)
        }
    }
}

impl fmt::Debug for XmlStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XmlStream").finish_non_exhaustive()
    }
}

/// What a `<stream:error/>` says.
pub(super) fn stream_error(element: &minidom::Element) -> StreamFault {
    let (condition, text) = condition_and_text(element);
    StreamFault::Condition { condition, text }
}

/// The name of the condition in an error, and its text.
pub(super) fn condition_and_text(element: &minidom::Element) -> (String, Option<String>) {
    let condition = element.children().find(|child| child.name() != "text");
    let text = element.children().find(|child| child.name() == "text");
    let short = |text: String| text.chars().take(LONGEST_WORDS).collect::<String>();
    (
        condition.map_or_else(
            || "undefined-condition".to_owned(),
            |child| short(child.name().to_owned()),
        ),
        text.map(|child| short(child.text()))
            .filter(|text| !text.is_empty()),
    )
}

pub(super) fn unexpected(stanza: &Stanza) -> StreamFault {
    StreamFault::Unexpected(stanza.name().chars().take(LONGEST_WORDS).collect())
}

/// Gives an element an attribute. Nothing happens if the name is none.
pub fn set_attribute(element: &mut minidom::Element, name: &str, value: &str) {
    if let Ok(name) = rxml::NcName::try_from(name) {
        element.set_attr(rxml::Namespace::NONE, name, value);
    }
}

/// Text as it stands in an attribute or an element.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            // Which would be read as another end of a line.
            '\r' => escaped.push_str("&#xD;"),
            // What XML cannot carry.
            letter if !is_xml(letter) => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Whether XML 1.0 can carry it at all.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

const READ_SIZE: usize = 4096;
/// So much of somebody's words goes into an error.
const LONGEST_WORDS: usize = 200;
