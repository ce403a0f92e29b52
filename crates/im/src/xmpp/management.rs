//! Stream management (XEP-0198): what the server has taken, and how a broken stream goes on.

use std::collections::VecDeque;

use minidom::Element;
use zeroize::Zeroizing;

use super::ns;
use super::stream::escape;
use crate::irc::Nick;

/// One thing to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The XML.
    pub(super) xml: Zeroizing<Vec<u8>>,
    /// The text in it, as it was given to be sent, and to whom.
    pub(super) text: Option<(Nick, Vec<u8>)>,
    /// Whether it is a stanza, which counts.
    pub(super) counts: bool,
}

impl Outgoing {
    /// The XML, as it goes out.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.xml
    }

    pub(super) fn stanza(xml: Vec<u8>) -> Self {
        Self {
            xml: xml.into(),
            text: None,
            counts: true,
        }
    }

    pub(super) fn element(xml: impl Into<Vec<u8>>) -> Self {
        Self {
            xml: xml.into().into(),
            text: None,
            counts: false,
        }
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} bytes to {:?}",
            self.xml.len(),
            self.text.as_ref().map(|(to, _)| to)
        )
    }
}

/// The counts of one stream that may go on after a break.
#[derive(Debug, Default)]
pub(super) struct Management {
    /// Whether the server has agreed.
    enabled: bool,
    /// By which name the stream is resumed, if it can be.
    id: Option<String>,
    /// How many stanzas of the server we have taken.
    taken: u32,
    /// How many of ours the server has acknowledged.
    acknowledged: u32,
    /// What it has not.
    open: VecDeque<Outgoing>,
}

/// The server counts what we have not sent, or does not count.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server counts stanzas that were never sent")]
pub(super) struct Miscounted;

impl Management {
    /// What asks for it. Everything that is sent from here on counts.
    pub(super) fn enable() -> Outgoing {
        Outgoing::element(format!("<enable xmlns='{}' resume='true'/>", ns::SM))
    }

    pub(super) fn enabled(&mut self, answer: &Element) {
        self.enabled = true;
        let resumable = matches!(answer.attr("resume"), Some("true" | "1"));
        let id = answer.attr("id").filter(|id| id.len() <= LONGEST_ID);
        self.id = id.filter(|_| resumable).map(str::to_owned);
    }

    pub(super) fn is_resumable(&self) -> bool {
        self.id.is_some()
    }

    /// Whether so much is unacknowledged that nothing more should go out.
    pub(super) fn is_full(&self) -> bool {
        self.open.len() >= MOST_OPEN
    }

    /// Whether it is time to ask how much the server has taken.
    pub(super) fn is_long(&self) -> bool {
        self.open.len().is_multiple_of(OFTEN)
    }

    /// What asks the server to go on where the stream broke.
    pub(super) fn resume(&self) -> Option<Outgoing> {
        let id = escape(self.id.as_deref()?);
        let resume = format!("<resume xmlns='{}' h='{}' previd='{id}'/>", ns::SM, self.taken);
        Some(Outgoing::element(resume))
    }

    /// Something goes out.
    pub(super) fn send(&mut self, outgoing: &Outgoing) {
        if outgoing.counts {
            self.open.push_back(outgoing.clone());
        }
    }

    /// A stanza of the server was taken.
    pub(super) fn take(&mut self) {
        if self.enabled {
            self.taken = self.taken.wrapping_add(1);
        }
    }

    /// How the server is told what was taken.
    pub(super) fn answer(&self) -> Outgoing {
        Outgoing::element(format!("<a xmlns='{}' h='{}'/>", ns::SM, self.taken))
    }

    /// The server says how much it has taken.
    pub(super) fn hear_count(&mut self, element: &Element) -> Result<(), Miscounted> {
        let count = element.attr("h").and_then(|count| count.parse().ok());
        self.acknowledge(count.ok_or(Miscounted)?)
    }

    /// The server has taken so many stanzas in all.
    fn acknowledge(&mut self, count: u32) -> Result<(), Miscounted> {
        let newly = count.wrapping_sub(self.acknowledged);
        let newly = usize::try_from(newly).map_err(|_| Miscounted)?;
        if newly > self.open.len() {
            return Err(Miscounted);
        }
        self.open.drain(..newly);
        self.acknowledged = count;
        Ok(())
    }

    /// What the server has not acknowledged, in order.
    pub(super) fn open(&self) -> impl Iterator<Item = &Outgoing> {
        self.open.iter()
    }

    /// The same, for good.
    pub(super) fn into_open(self) -> Vec<Outgoing> {
        self.open.into()
    }
}

/// What asks the server how much it has taken.
pub(super) fn question() -> Outgoing {
    Outgoing::element(format!("<r xmlns='{}'/>", ns::SM))
}

/// All of it has to fit into the queue of the next link; a server that never acknowledges anything gets no more.
pub(super) const MOST_OPEN: usize = 2048;
/// After so many answers that nobody has asked about.
const OFTEN: usize = 64;
/// The longest name that the specification allows.
const LONGEST_ID: usize = 4000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sent_can_be_acknowledged() {
        let mut management = Management::default();
        for text in ["a", "b", "c"] {
            management.send(&Outgoing::stanza(text.into()));
        }
        management.send(&question());
        assert_eq!(management.acknowledge(2), Ok(()));
        let open: Vec<_> = management.open().map(|one| one.xml.to_vec()).collect();
        assert_eq!(open, [b"c"]);
        assert_eq!(management.acknowledge(4), Err(Miscounted));
        assert_eq!(
            management.acknowledge(1),
            Err(Miscounted),
            "a count does not go back"
        );
        assert_eq!(management.open().count(), 1, "a wrong count changes nothing");
        assert_eq!(management.acknowledge(3), Ok(()));
        assert_eq!(management.acknowledge(3), Ok(()));
        assert_eq!(management.open().count(), 0);
    }

    #[test]
    fn counts_go_round() {
        let mut management = Management {
            acknowledged: u32::MAX,
            ..Management::default()
        };
        management.send(&Outgoing::stanza(b"a".to_vec()));
        assert_eq!(management.acknowledge(0), Ok(()));
        assert_eq!(management.open().count(), 0);
    }

    #[test]
    fn nothing_counts_before_the_server_agrees() {
        let mut management = Management::default();
        management.take();
        assert!(management.resume().is_none());
        let enabled = "<enabled xmlns='urn:xmpp:sm:3' id='a&lt;' resume='true'/>";
        management.enabled(&enabled.parse().unwrap());
        management.take();
        let resume = management.resume().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&resume.xml),
            "<resume xmlns='urn:xmpp:sm:3' h='1' previd='a&lt;'/>"
        );
    }
}
