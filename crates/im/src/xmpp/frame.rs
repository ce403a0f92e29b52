//! Bytes of an XML stream -> its header, its stanzas as they came, its end.
//!
//! The parser knows no document types, no entities but the five of XML, no processing instructions and no comments
//! (RFC 6120, section 11.1), so there is nothing that could expand. What it reads is bounded in length and depth.

use std::collections::VecDeque;

use rxml::{Event, Options, Parse, Parser, WithOptions};

use super::header::Header;

/// What an XML stream is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The stream has begun.
    Header(Header),
    /// One child of the stream: a stanza or an element of a negotiation.
    Stanza(Stanza),
    /// The stream was ended by whoever sends it.
    End,
}

/// One child of a stream, as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Stanza {
    raw: Vec<u8>,
    namespace: String,
    name: String,
}

impl Stanza {
    /// The bytes, from the first `<` to the last `>`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Its name without a prefix: `message`, `iq`, `features`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace of its name.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether it has this name in this namespace.
    #[must_use]
    pub fn is(&self, name: &str, namespace: &str) -> bool {
        self.name == name && self.namespace == namespace
    }
}

impl std::fmt::Debug for Stanza {
    /// Without the bytes: there are words of people in them, and passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "<{} xmlns='{}'> of {} bytes",
            self.name,
            self.namespace,
            self.raw.len()
        )
    }
}

/// Why a stream cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// No XML, or XML of a kind that XMPP forbids.
    #[error("what came is no XML stream ({0})")]
    NotXml(String),
    /// XML, but not a stream of XMPP.
    #[error("what came is no stream of XMPP")]
    NotXmpp,
    /// A stanza longer than we take.
    #[error("a stanza of more than {0} bytes")]
    TooLong(usize),
    /// Elements in elements in elements.
    #[error("a stanza with more than {0} elements in each other")]
    TooDeep(usize),
}

/// Takes the bytes of one stream in any portions. A stream that begins anew, after TLS or SASL, has a new reader.
pub struct FrameReader {
    parser: Parser,
    /// What belongs to the frame that is not whole yet.
    buffer: Vec<u8>,
    /// How many bytes of the buffer the parser has told us about.
    told: usize,
    depth: usize,
    /// The name of the stanza that is being read.
    stanza: Option<(String, String)>,
    frames: VecDeque<Frame>,
    longest: usize,
    ended: bool,
}

impl Default for FrameReader {
    /// A reader that takes stanzas of up to a megabyte.
    fn default() -> Self {
        Self::new(LONGEST_STANZA)
    }
}

impl FrameReader {
    /// A reader that takes stanzas of so many bytes.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        let options = Options {
            max_token_length: longest.min(LONGEST_TOKEN),
            ..Options::default()
        };
        Self {
            parser: Parser::with_options(options),
            buffer: Vec::new(),
            told: 0,
            depth: 0,
            stanza: None,
            frames: VecDeque::new(),
            longest,
            ended: false,
        }
    }

    /// Takes bytes; what is whole by now is had from [`Self::next`].
    ///
    /// # Errors
    /// [`FrameFault`]; nothing more can be read then, but frames before the fault are still there.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), FrameFault> {
        if self.ended {
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        // Servers for other things say hello in words, and then wait.
        let first = self.buffer.iter().find(|byte| !byte.is_ascii_whitespace());
        if self.depth == 0 && first.is_some_and(|&byte| byte != b'<') {
            return Err(FrameFault::NotXmpp);
        }
        loop {
            match self.parser.parse(&mut bytes, false) {
                Ok(Some(event)) => self.take(event)?,
                Ok(None) => return Ok(()),
                Err(rxml::error::EndOrError::NeedMoreData) => break,
                Err(rxml::error::EndOrError::Error(fault)) => {
                    return Err(FrameFault::NotXml(fault.to_string()));
                }
            }
            if self.ended {
                return Ok(());
            }
        }
        if self.buffer.len() > self.longest {
            return Err(FrameFault::TooLong(self.longest));
        }
        Ok(())
    }

    /// The next frame, in the order of the stream.
    #[expect(clippy::should_implement_trait, reason = "more may come after `None`")]
    pub fn next(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    /// Whether nothing has come beyond the last frame that was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.frames.is_empty()
    }

    fn take(&mut self, event: Event) -> Result<(), FrameFault> {
        self.told += event.metrics().len();
        match event {
            Event::XmlDeclaration(..) => self.cut(),
            Event::StartElement(_, (namespace, name), attributes) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(FrameFault::TooDeep(DEEPEST));
                }
                match self.depth {
                    1 => {
                        if namespace.as_str() != STREAMS || name.as_str() != "stream" {
                            return Err(FrameFault::NotXmpp);
                        }
                        let attributes = attributes
                            .into_iter()
                            .filter(|((namespace, _), _)| namespace.as_str().is_empty())
                            .map(|((_, name), value)| (name.to_string(), value))
                            .collect();
                        let raw = self.cut_bytes();
                        // Spaces may stand before it.
                        let begin = raw.iter().position(|&byte| byte == b'<').unwrap_or_default();
                        let raw = raw.get(begin..).unwrap_or_default().to_vec();
                        // It is read again with each stanza.
                        if raw.len() > LONGEST_HEADER {
                            return Err(FrameFault::TooLong(LONGEST_HEADER));
                        }
                        self.frames.push_back(Frame::Header(Header { raw, attributes }));
                    }
                    2 => self.stanza = Some((namespace.to_string(), name.to_string())),
                    _ => {}
                }
            }
            Event::EndElement(_) => {
                self.depth = self.depth.saturating_sub(1);
                match self.depth {
                    0 => {
                        self.cut();
                        self.buffer.clear();
                        self.ended = true;
                        self.frames.push_back(Frame::End);
                    }
                    1 => {
                        let raw = self.cut_bytes();
                        let (namespace, name) = self.stanza.take().unwrap_or_default();
                        if raw.len() > self.longest {
                            return Err(FrameFault::TooLong(self.longest));
                        }
                        self.frames
                            .push_back(Frame::Stanza(Stanza { raw, namespace, name }));
                    }
                    _ => {}
                }
            }
            // Between stanzas white space keeps a connection alive, and nothing else has a place there.
            Event::Text(_, text) if self.depth <= 1 => {
                if !text.chars().all(|letter| letter.is_ascii_whitespace()) {
                    return Err(FrameFault::NotXmpp);
                }
                self.cut();
            }
            Event::Text(..) => {}
        }
        Ok(())
    }

    /// Forgets what the parser has told us about.
    fn cut(&mut self) {
        let _whole = self.cut_bytes();
    }

    fn cut_bytes(&mut self) -> Vec<u8> {
        let told = std::mem::take(&mut self.told).min(self.buffer.len());
        let rest = self.buffer.split_off(told);
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// The namespace of a stream's own elements.
pub const STREAMS: &str = "http://etherx.jabber.org/streams";
/// The longest stanza that is taken. Servers commonly allow a quarter of it; a roster of some thousand people fits.
const LONGEST_STANZA: usize = 1024 * 1024;
const LONGEST_TOKEN: usize = 64 * 1024;
const LONGEST_HEADER: usize = 8 * 1024;
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='example' version='1.0'>";

    fn read(portions: &[&[u8]], longest: usize) -> (Vec<Frame>, Option<FrameFault>) {
        let mut reader = FrameReader::new(longest);
        let fault = portions.iter().find_map(|portion| reader.push(portion).err());
        (std::iter::from_fn(|| reader.next()).collect(), fault)
    }

    #[test]
    fn stanzas_are_the_bytes_that_came_however_they_are_cut() {
        let stanzas = [
            "<message to='a&amp;b'><body>&lt; one &#x1F600;</body></message>",
            "<iq/>",
            "<x:y xmlns:x='u'\n a=\"1\" ><![CDATA[<&]]></x:y >",
        ];
        let text = format!(
            "{HEADER} \n{}\n{} {}</stream:stream>",
            stanzas[0], stanzas[1], stanzas[2]
        );
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        for portions in [vec![text.as_bytes()], single] {
            let (frames, fault) = read(&portions, 1000);
            assert_eq!(fault, None);
            let Frame::Header(header) = &frames[0] else {
                panic!("{frames:?}")
            };
            assert_eq!(header.attribute("id"), Some("s1"));
            assert!(header.as_bytes().starts_with(b"<stream:stream ") && header.as_bytes().ends_with(b">"));
            let raw: Vec<_> = frames
                .iter()
                .filter_map(|frame| match frame {
                    Frame::Stanza(stanza) => Some(std::str::from_utf8(stanza.as_bytes()).unwrap()),
                    _ => None,
                })
                .collect();
            assert_eq!(raw, stanzas);
            assert_eq!(frames.last(), Some(&Frame::End));
            let Frame::Stanza(first) = &frames[1] else {
                panic!("{frames:?}")
            };
            assert!(first.is("message", "jabber:client"));
            let element = header.read(first).unwrap();
            assert_eq!(element.attr("to"), Some("a&b"));
            assert_eq!(
                element.get_child("body", "jabber:client").unwrap().text(),
                "< one \u{1f600}"
            );
        }
    }

    #[test]
    fn what_xmpp_forbids_is_refused() {
        for hostile in [
            "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><stream:stream>".to_owned(),
            format!("{HEADER}<message><body>&bomb;</body></message>"),
            format!("{HEADER}<?php x?>"),
            format!("{HEADER}<!-- a --><iq/>"),
            format!("{HEADER}<iq></message>"),
            format!("{HEADER}<p:iq/>"),
            format!("{HEADER}words<iq/>"),
            "HTTP/1.1 400 Bad Request\r\n".to_owned(),
            "<html>".to_owned(),
            "<stream:stream xmlns:stream='other'>".to_owned(),
        ] {
            let (frames, fault) = read(&[hostile.as_bytes()], 1000);
            assert!(fault.is_some(), "{hostile}: {frames:?}");
        }
    }

    #[test]
    fn length_and_depth_are_bounded() {
        let long = format!("{HEADER}<message><body>{}", "a".repeat(2000));
        assert_eq!(read(&[long.as_bytes()], 1000).1, Some(FrameFault::TooLong(1000)));
        let whole = format!("{long}</body></message>");
        assert_eq!(read(&[whole.as_bytes()], 1000).1, Some(FrameFault::TooLong(1000)));
        let deep = format!("{HEADER}{}", "<a>".repeat(100));
        assert_eq!(
            read(&[deep.as_bytes()], 1000).1,
            Some(FrameFault::TooDeep(DEEPEST))
        );
        let names: String = (0..2000).map(|number| format!(" xmlns:n{number}='u'")).collect();
        let header = HEADER.replace("'1.0'>", &format!("'1.0'{names}>"));
        assert_eq!(
            read(&[header.as_bytes()], 1_000_000).1,
            Some(FrameFault::TooLong(LONGEST_HEADER)),
            "or each stanza would cost its whole length"
        );
        // White space without end is no stanza.
        let blank = " ".repeat(100);
        let mut portions = vec![HEADER.as_bytes()];
        portions.extend(std::iter::repeat_n(blank.as_bytes(), 1000));
        let mut reader = FrameReader::new(100_000);
        for portion in portions {
            reader.push(portion).unwrap();
            assert!(reader.buffer.len() < 70_000);
        }
    }
}
