//! Stream management (XEP-0198): what the server has taken, and how a broken stream goes on.

use std::collections::VecDeque;
use std::time::Duration;

use minidom::Element;
use zeroize::Zeroizing;

use super::ns;
use super::resumption::Resumption;
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
    /// A message, a presence or a query.
    #[must_use]
    pub fn stanza(xml: impl Into<Zeroizing<Vec<u8>>>) -> Self {
        Self {
            xml: xml.into(),
            text: None,
            counts: true,
        }
    }

    /// What stands between stanzas, and is not counted.
    #[must_use]
    pub fn element(xml: impl Into<Vec<u8>>) -> Self {
        Self {
            xml: xml.into().into(),
            text: None,
            counts: false,
        }
    }

    /// Has this text in it, as it was given to be sent, and for whom: it is given back if it is not sent.
    #[must_use]
    pub fn with_text(self, to: Nick, text: Vec<u8>) -> Self {
        Self {
            text: Some((to, text)),
            ..self
        }
    }

    /// The XML, as it goes out.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.xml
    }

    /// Whether a text is in it that is given back if it is not sent.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.text.is_some()
    }

    /// That text, and to whom it was to go.
    #[must_use]
    pub fn into_text(self) -> Option<(Nick, Vec<u8>)> {
        self.text
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
pub struct Management {
    /// Whether the server has agreed.
    enabled: bool,
    /// By which name the stream is resumed, if it can be.
    id: Option<String>,
    /// How long the server keeps a stream that broke, if it says so.
    kept_for: Option<Duration>,
    /// How many stanzas of the server we have taken.
    taken: u32,
    /// How many of ours the server has acknowledged.
    acknowledged: u32,
    /// What it has not.
    open: VecDeque<Outgoing>,
    /// How many bytes those are.
    bytes: usize,
    /// Whether the server was asked, and has not answered yet.
    asked: bool,
    /// Whether the server has asked, and was not answered yet.
    owes: bool,
}

/// The server counts what we have not sent, or does not count.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server counts stanzas that were never sent")]
pub struct Miscounted;

impl Management {
    /// What asks for it. Everything that is sent from here on counts.
    #[must_use]
    pub fn enable() -> Outgoing {
        Outgoing::element(format!("<enable xmlns='{}' resume='true'/>", ns::SM))
    }

    /// The server agrees.
    pub fn enabled(&mut self, answer: &Element) {
        self.enabled = true;
        let resumable = matches!(answer.attr("resume"), Some("true" | "1"));
        let id = answer.attr("id").filter(|id| id.len() <= LONGEST_ID);
        self.id = id.filter(|_| resumable).map(str::to_owned);
        let seconds = answer.attr("max").and_then(|max| max.parse::<u32>().ok());
        self.kept_for = seconds.map(|seconds| Duration::from_secs(seconds.into()));
    }

    /// Whether the server has agreed, and counts.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        self.enabled
    }

    /// Whether the stream may go on after a break.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.id.is_some()
    }

    /// How long the server keeps a stream that broke, if it says so.
    #[must_use]
    pub fn kept_for(&self) -> Option<Duration> {
        self.kept_for
    }

    /// Whether so much is unacknowledged that nothing more should go out.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open.len() >= MOST_OPEN || self.bytes >= MOST_OPEN_BYTES
    }

    /// Whether it is time to ask how much the server has taken.
    pub(super) fn is_long(&self) -> bool {
        self.open.len().is_multiple_of(OFTEN)
    }

    /// What asks the server to go on where the stream broke, if that can be.
    #[must_use]
    pub fn resumption(&self) -> Option<Resumption> {
        Some(Resumption::new(self.id.clone()?, self.taken))
    }

    /// Something goes out.
    pub fn send(&mut self, outgoing: &Outgoing) {
        if outgoing.counts {
            self.bytes += outgoing.xml.len();
            self.open.push_back(outgoing.clone());
        }
    }

    /// A stanza of the server was taken.
    pub fn take(&mut self) {
        if self.enabled {
            self.taken = self.taken.wrapping_add(1);
        }
    }

    /// How the server is told what was taken.
    pub(super) fn answer(&self) -> Outgoing {
        Outgoing::element(format!("<a xmlns='{}' h='{}'/>", ns::SM, self.taken))
    }

    /// The server wants to know what was taken.
    pub fn hear_question(&mut self) {
        self.owes = self.enabled;
    }

    /// The answer to that, if one is due: the last of many questions is answered.
    #[must_use]
    pub fn answer_due(&mut self) -> Option<Outgoing> {
        std::mem::take(&mut self.owes).then(|| self.answer())
    }

    /// What asks the server how much it has taken, if that is worth knowing and not asked already.
    #[must_use]
    pub fn ask(&mut self) -> Option<Outgoing> {
        let worth = self.enabled && !self.asked && !self.open.is_empty();
        self.asked |= worth;
        worth.then(question)
    }

    /// The server says how much it has taken.
    ///
    /// # Errors
    /// [`Miscounted`]; nothing has changed then.
    pub fn hear_count(&mut self, element: &Element) -> Result<(), Miscounted> {
        self.acknowledge(count(element).ok_or(Miscounted)?)?;
        self.asked = false;
        Ok(())
    }

    /// The stream has broken, and the server had taken so many stanzas of it in all. Gives back the others, which count
    /// when they go out again.
    ///
    /// # Errors
    /// [`Miscounted`]; nothing has changed then.
    pub fn reopen(&mut self, count: u32) -> Result<VecDeque<Outgoing>, Miscounted> {
        self.acknowledge(count)?;
        (self.asked, self.owes, self.bytes) = (false, false, 0);
        Ok(std::mem::take(&mut self.open))
    }

    /// What the server has not said that it has taken, once the stream does not go on any more. Nothing, if it does not count.
    #[must_use]
    pub fn into_open(self) -> VecDeque<Outgoing> {
        if self.enabled { self.open } else { VecDeque::new() }
    }

    /// The server has taken so many stanzas in all.
    fn acknowledge(&mut self, count: u32) -> Result<(), Miscounted> {
        let newly = count.wrapping_sub(self.acknowledged);
        let newly = usize::try_from(newly).map_err(|_| Miscounted)?;
        if newly > self.open.len() {
            return Err(Miscounted);
        }
        let taken = self.open.drain(..newly).map(|outgoing| outgoing.xml.len());
        self.bytes = self.bytes.saturating_sub(taken.sum());
        self.acknowledged = count;
        Ok(())
    }
}

/// The number of stanzas in an element that counts.
pub(super) fn count(element: &Element) -> Option<u32> {
    element.attr("h")?.parse().ok()
}

/// What asks the server how much it has taken.
pub(super) fn question() -> Outgoing {
    Outgoing::element(format!("<r xmlns='{}'/>", ns::SM))
}

/// All of it has to fit into the queue of the next link; a server that never acknowledges anything gets no more.
pub(super) const MOST_OPEN: usize = 2048;
/// The same in bytes.
const MOST_OPEN_BYTES: usize = 4 * 1024 * 1024;
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
            management.send(&Outgoing::stanza(text.as_bytes().to_vec()));
        }
        management.send(&question());
        assert_eq!(management.acknowledge(2), Ok(()));
        let open = |management: &Management| {
            management
                .open
                .iter()
                .map(|one| one.xml.to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(open(&management), [b"c"]);
        assert_eq!(management.acknowledge(4), Err(Miscounted));
        assert_eq!(
            management.acknowledge(1),
            Err(Miscounted),
            "a count does not go back"
        );
        assert_eq!(management.open.len(), 1, "a wrong count changes nothing");
        assert_eq!(management.acknowledge(3), Ok(()));
        assert_eq!(management.acknowledge(3), Ok(()));
        assert_eq!(management.open.len(), 0);
    }

    #[test]
    fn counts_go_round() {
        let mut management = Management {
            acknowledged: u32::MAX,
            ..Management::default()
        };
        management.send(&Outgoing::stanza(b"a".to_vec()));
        assert_eq!(management.acknowledge(0), Ok(()));
        assert_eq!(management.open.len(), 0);
    }

    #[test]
    fn what_a_broken_stream_has_left_counts_anew() {
        let mut management = Management::default();
        management.enabled(
            &"<enabled xmlns='urn:xmpp:sm:3' id='a' resume='true'/>"
                .parse()
                .unwrap(),
        );
        for text in ["a", "b", "c"] {
            management.send(&Outgoing::stanza(text.as_bytes().to_vec()));
        }
        assert!(management.ask().is_some());
        assert!(management.ask().is_none(), "one question at a time");
        assert_eq!(management.reopen(4), Err(Miscounted));
        let again = management.reopen(1).unwrap();
        assert_eq!(again.len(), 2);
        assert!(management.ask().is_none(), "there is nothing to be known");
        again.iter().for_each(|outgoing| management.send(outgoing));
        assert!(management.ask().is_some(), "nobody answers what was asked before");
        assert_eq!(management.acknowledge(3), Ok(()));
        assert!(management.open.is_empty() && management.bytes == 0);
    }

    #[test]
    fn many_questions_have_one_answer() {
        let mut management = Management::default();
        management.hear_question();
        assert!(management.answer_due().is_none(), "nothing counts yet");
        management.enabled(&"<enabled xmlns='urn:xmpp:sm:3'/>".parse().unwrap());
        management.hear_question();
        management.take();
        management.hear_question();
        let answer = management.answer_due().unwrap();
        assert_eq!(answer.as_bytes(), b"<a xmlns='urn:xmpp:sm:3' h='1'/>");
        assert!(management.answer_due().is_none() && management.resumption().is_none());
    }

    #[test]
    fn long_stanzas_fill_it_as_well() {
        let mut management = Management::default();
        let long = Outgoing::stanza(vec![b'a'; MOST_OPEN_BYTES / 2]);
        management.send(&long);
        assert!(!management.is_full());
        management.send(&long);
        assert!(management.is_full());
        assert_eq!(management.acknowledge(1), Ok(()));
        assert!(!management.is_full());
    }

    #[test]
    fn nothing_counts_before_the_server_agrees() {
        let mut management = Management::default();
        management.take();
        assert!(management.resumption().is_none());
        let enabled = "<enabled xmlns='urn:xmpp:sm:3' id='a&lt;' resume='true'/>";
        management.enabled(&enabled.parse().unwrap());
        management.take();
        let resume = management.resumption().unwrap().request();
        assert_eq!(
            String::from_utf8_lossy(&resume.xml),
            "<resume xmlns='urn:xmpp:sm:3' h='1' previd='a&lt;'/>"
        );
    }
}
