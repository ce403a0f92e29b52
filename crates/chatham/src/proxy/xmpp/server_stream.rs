//! The stream to the server: what waits for it, how much of it the server has taken, and how it goes on after a break
//! (XEP-0198; docs/decisions/0171-a-broken-stream-behind-the-proxy.md).

use std::collections::VecDeque;
use std::time::Duration;

use im::xmpp::{Element, Management, Miscounted, Outgoing};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::proxy::xmpp::way_back::{Connection, Found, Search, WayBack};

/// What goes to the server of one client.
pub(super) struct ServerStream {
    /// Bytes that go next.
    bytes: Zeroizing<Vec<u8>>,
    /// What is not among them yet.
    queue: VecDeque<Outgoing>,
    management: Option<Management>,
    /// How to find the server again, while that is of use.
    back: Option<WayBack>,
    /// Since when the server is silent that was asked what it has taken.
    silent: Option<Instant>,
    /// There is no connection.
    gone: bool,
}

impl ServerStream {
    /// A stream that has just begun; and the way back, if the server may go on with it after a break.
    pub(super) fn new(back: Option<WayBack>) -> Self {
        Self {
            bytes: Zeroizing::default(),
            queue: VecDeque::new(),
            management: None,
            back,
            silent: None,
            gone: false,
        }
    }

    /// The client has its place there: from here on both sides count.
    pub(super) fn bound(&mut self) {
        if self.management.is_none() && self.back.is_some() && !self.gone {
            self.bytes.extend_from_slice(Management::enable().as_bytes());
            self.management = Some(Management::default());
        }
    }

    /// A stanza of the server was taken.
    pub(super) fn take(&mut self) {
        self.management.iter_mut().for_each(Management::take);
    }

    /// Takes an element of the server about what was taken.
    pub(super) fn hear(&mut self, element: &Element) -> Result<(), Miscounted> {
        let Some(management) = &mut self.management else {
            return Ok(());
        };
        match element.name() {
            "enabled" => {
                management.enabled(element);
                if !management.is_resumable() {
                    self.back = None;
                }
            }
            "r" => management.hear_question(),
            "a" => {
                self.silent = None;
                return management.hear_count(element);
            }
            // The server does not do it after all.
            "failed" => self.count_no_more(),
            _ => {}
        }
        Ok(())
    }

    /// The server has said something.
    pub(super) fn is_alive(&mut self, now: Instant) {
        self.silent = self.silent.map(|_| now);
    }

    /// When a server is taken for gone that says nothing more, though it was asked; if there is a way back.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let since = self.silent.filter(|_| self.back.is_some())?;
        Some(since + SILENCE)
    }

    /// Nothing goes on after the next break.
    pub(super) fn end_with_its_connection(&mut self) {
        self.back = None;
    }

    fn count_no_more(&mut self) {
        self.management = None;
        self.end_with_its_connection();
    }

    /// The connection is gone. Looks for the server, if the stream may go on. What was not written as a whole is written
    /// again then.
    pub(super) fn search(&mut self) -> Option<Search> {
        let management = self.management.as_ref()?;
        let (resumption, kept_for) = (management.resumption()?, management.kept_for());
        let back = self.back.take()?;
        self.gone = true;
        self.silent = None;
        self.bytes.clear();
        Some(Box::pin(back.search(resumption, kept_for)))
    }

    /// The server was found. Gives back the new connection if this stream goes on there: then the first to go is what the
    /// server has not taken.
    pub(super) fn go_on(&mut self, found: Found) -> Option<Connection> {
        let (count, resumed) = match found {
            Found::Stream(resumed) => (Some(resumed.count), Some(*resumed)),
            Found::Refusal(count) => (count, None),
        };
        let open = self.management.as_mut()?.reopen(count?).ok()?;
        // If it does not go on, this is certainly not sent.
        open.into_iter()
            .rev()
            .for_each(|outgoing| self.queue.push_front(outgoing));
        let resumed = resumed?;
        self.back = Some(resumed.back);
        self.gone = false;
        Some(resumed.connection)
    }

    /// The connection is gone for good.
    pub(super) fn is_gone(&mut self) {
        self.gone = true;
        self.end_with_its_connection();
    }

    /// Says this next, or when there is a connection again.
    pub(super) fn say(&mut self, outgoing: Outgoing) {
        self.queue.push_back(outgoing);
    }

    /// Says what was taken, or the server would keep it for the next client; and that the stream is over, unless that was
    /// the last thing said.
    pub(super) fn say_goodbye(&mut self) {
        self.management.iter_mut().for_each(Management::hear_question);
        if self
            .queue
            .back()
            .is_none_or(|last| !last.as_bytes().starts_with(b"</"))
        {
            self.say(Outgoing::element("</stream:stream>"));
        }
    }

    /// Prepares some bytes. What cannot go any more stays in the queue.
    pub(super) fn refill(&mut self, now: Instant) {
        // A server that does not read may go on asking.
        if self.gone || self.bytes.len() >= WRITE {
            return;
        }
        let agreed = self.management.as_ref().is_some_and(Management::is_agreed);
        if self.is_full() && !agreed {
            // It offers to count and does not: what waits for its word would wait for ever.
            self.count_no_more();
        }
        if let Some(answer) = self.management.as_mut().and_then(Management::answer_due) {
            self.bytes.extend_from_slice(answer.as_bytes());
        }
        while self.bytes.len() < WRITE
            && !self.is_full()
            && let Some(next) = self.queue.pop_front()
        {
            self.management
                .iter_mut()
                .for_each(|management| management.send(&next));
            self.bytes.extend_from_slice(next.as_bytes());
        }
        if let Some(question) = self.management.as_mut().and_then(Management::ask) {
            self.bytes.extend_from_slice(question.as_bytes());
            self.silent = Some(now);
        }
    }

    /// Bytes that go next.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// So many of them have gone.
    pub(super) fn went(&mut self, count: usize) {
        let count = count.min(self.bytes.len());
        self.bytes.drain(..count);
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.queue.is_empty()
    }

    /// How many things wait that are not prepared.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether the server has to say first what it has taken. It was asked.
    pub(super) fn is_full(&self) -> bool {
        self.management.as_ref().is_some_and(Management::is_full)
    }

    /// What has certainly not been sent; and what may be lost, if the connection is gone.
    pub(super) fn into_rest(self) -> [VecDeque<Outgoing>; 2] {
        let counted = self.management.filter(|_| self.gone);
        let open = counted.map_or_else(VecDeque::new, Management::into_open);
        [self.queue, open]
    }
}

/// So many bytes are prepared for one write.
const WRITE: usize = 16 * 1024;
/// So long a server may be silent that was asked: a connection may be gone without a word.
const SILENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use im::xmpp::Login;

    use super::*;

    /// A stream whose server may count.
    fn beginning() -> ServerStream {
        let mut reader = im::xmpp::FrameReader::default();
        let header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
        reader.push(header.as_bytes()).unwrap();
        let Some(im::xmpp::Frame::Header(header)) = reader.next() else {
            panic!()
        };
        let password = Zeroizing::new("secret".to_owned());
        let back = WayBack::new(Login::new("example.org"), ("alice".to_owned(), password), header);
        ServerStream::new(Some(back))
    }

    /// A stream whose server counts.
    fn counted(now: Instant) -> ServerStream {
        let mut stream = beginning();
        stream.bound();
        hear(
            &mut stream,
            "<enabled xmlns='urn:xmpp:sm:3' id='a' resume='true'/>",
        );
        assert_eq!(
            written(&mut stream, now),
            "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
        );
        stream
    }

    fn hear(stream: &mut ServerStream, text: &str) {
        stream.hear(&text.parse().unwrap()).unwrap();
    }

    /// Everything that goes out now.
    fn written(stream: &mut ServerStream, now: Instant) -> String {
        let mut all = String::new();
        loop {
            stream.refill(now);
            let bytes = std::str::from_utf8(stream.bytes()).unwrap().to_owned();
            if bytes.is_empty() {
                return all;
            }
            stream.went(bytes.len());
            all.push_str(&bytes);
        }
    }

    #[test]
    fn what_is_not_acknowledged_is_bounded_and_the_rest_waits() {
        let now = Instant::now();
        let mut stream = counted(now);
        for number in 0..5000 {
            stream.say(Outgoing::stanza(format!("<iq id='{number}'/>").into_bytes()));
        }
        let sent = written(&mut stream, now).matches("<iq").count();
        assert!(stream.is_full() && stream.waiting() == 5000 - sent);
        assert_eq!(written(&mut stream, now), "");
        hear(&mut stream, &format!("<a xmlns='urn:xmpp:sm:3' h='{sent}'/>"));
        let next = written(&mut stream, now);
        assert!(next.starts_with(&format!("<iq id='{sent}'/>")), "{next}");
        assert_eq!(next.matches("<r ").count(), 1);
    }

    #[test]
    fn a_server_that_asks_and_does_not_read_costs_no_memory() {
        let now = Instant::now();
        let mut stream = counted(now);
        for _ in 0..10_000 {
            hear(&mut stream, "<r xmlns='urn:xmpp:sm:3'/>");
            stream.take();
            stream.refill(now);
        }
        assert!(stream.bytes().len() < 2 * WRITE);
        let said = written(&mut stream, now);
        assert!(said.ends_with("<a xmlns='urn:xmpp:sm:3' h='10000'/>"));
    }

    #[test]
    fn a_server_that_does_not_answer_and_says_nothing_is_gone() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut stream = counted(now);
        assert_eq!(stream.deadline(), None);
        stream.say(Outgoing::stanza(b"<iq/>".to_vec()));
        assert!(written(&mut stream, now).ends_with("<r xmlns='urn:xmpp:sm:3'/>"));
        assert_eq!(stream.deadline(), Some(now + SILENCE));
        stream.is_alive(later(20));
        assert_eq!(stream.deadline(), Some(later(20) + SILENCE));
        hear(&mut stream, "<a xmlns='urn:xmpp:sm:3' h='1'/>");
        stream.is_alive(later(20));
        assert_eq!(stream.deadline(), None);
    }

    #[test]
    fn a_server_that_does_not_say_that_it_counts_gets_everything() {
        let now = Instant::now();
        let mut stream = beginning();
        stream.bound();
        for number in 0..5000 {
            stream.say(Outgoing::stanza(format!("<iq id='{number}'/>").into_bytes()));
        }
        assert_eq!(written(&mut stream, now).matches("<iq").count(), 5000);
    }
}
