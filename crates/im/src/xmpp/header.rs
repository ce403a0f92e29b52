//! The beginning of a stream, and what its stanzas mean below it.

use std::collections::BTreeMap;

use minidom::Element;
use rxml::Parse;
use rxml::parser::{RawEvent, RawParser};

use super::frame::Stanza;

/// The beginning of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub(super) raw: Vec<u8>,
    pub(super) attributes: Vec<(String, String)>,
}

impl Header {
    /// The tag as it came, without what may stand before it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// The value of an attribute without a prefix: `id`, `from`, `to`, `version`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A stanza of this stream as an element, with the names that the header declares. `None` if it is one that the
    /// library does not take, such as an attribute of many kilobytes.
    #[must_use]
    pub fn read(&self, stanza: &Stanza) -> Option<Element> {
        let name = self.raw.get(1..)?;
        let end = name
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte));
        let name = name.get(..end?)?;
        let document = [&self.raw, stanza.as_bytes(), b"</", name, b">"].concat();
        let stream = Element::from_reader(document.as_slice()).ok()?;
        stream.children().next().cloned()
    }

    /// Whether it declares the same names as another one, so that every stanza means the same below both.
    #[must_use]
    pub fn declares_as(&self, other: &Self) -> bool {
        let names = self.names();
        names.is_some() && names == other.names()
    }

    /// The prefixes that it declares, and what each stands for.
    fn names(&self) -> Option<BTreeMap<String, String>> {
        let mut parser = RawParser::default();
        let mut bytes = self.raw.as_slice();
        let mut names = BTreeMap::new();
        loop {
            match parser.parse(&mut bytes, false).ok()?? {
                RawEvent::Attribute(_, (Some(space), prefix), meant) if space.as_str() == "xmlns" => {
                    names.insert(prefix.to_string(), meant);
                }
                RawEvent::Attribute(_, (None, name), meant) if name.as_str() == "xmlns" => {
                    names.insert(String::new(), meant);
                }
                RawEvent::ElementHeadClose(_) => return Some(names),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Frame, FrameReader};
    use super::*;

    const USUAL: &str =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";

    fn header(text: &str) -> Header {
        let mut reader = FrameReader::default();
        reader.push(text.as_bytes()).unwrap();
        match reader.next() {
            Some(Frame::Header(header)) => header,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_headers_declare_the_same_whatever_else_differs() {
        let first = header(&format!("{USUAL} id='1'>"));
        let other = "<stream:stream id = \"2\"\n xmlns:stream=\"http://etherx.jabber.org/streams\" xmlns='jabber:client' >";
        assert!(header(other).declares_as(&first));
        let more = header(&format!("{USUAL} xmlns:x='some:thing'>"));
        assert!(!more.declares_as(&first) && !first.declares_as(&more));
        let other = USUAL.replace("stream:", "s:").replace(":stream=", ":s=");
        assert!(!header(&format!("{other}>")).declares_as(&first));
    }

    #[test]
    fn what_a_header_declares_is_told_however_it_is_written() {
        let spaced = |meant: &str| header(&format!("{USUAL} xmlns:x = '{meant}'>"));
        assert!(!spaced("jabber:client").declares_as(&spaced("some:thing")));
        let beside = |meant: &str, other: &str| {
            header(&format!("{USUAL} xmlns:x='{meant}' id=\"1 xmlns:x='{other}' \">"))
        };
        assert!(!beside("a", "b").declares_as(&beside("b", "a")));
        assert!(beside("a", "b").declares_as(&beside("a", "c")));
    }
}
