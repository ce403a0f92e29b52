//! The server's side of stream management (XEP-0198): what it counts, and streams that go on after a break.

use std::collections::VecDeque;

use im::xmpp::Stanza;
use tokio::sync::mpsc::UnboundedSender;

use super::{Book, CUT, Server, client, text};

const SM: &str = "urn:xmpp:sm:3";
/// Whatever the time is.
const LATER: &str = "2999-12-31T23:59:59Z";

/// What a server that counts does beside that.
#[derive(Default)]
pub struct Management {
    /// How it answers all wishes to go on, if not truly.
    pub verdict: Option<String>,
    /// How often somebody has wanted to go on.
    wishes: usize,
    /// What has come on streams that were severed, and is lost.
    lost: Vec<String>,
}

/// The way to one client.
pub struct Way {
    pub sender: UnboundedSender<String>,
    counts: Option<Counts>,
    /// Nothing arrives any more, on either side, and nobody knows.
    severed: bool,
    /// The connection is gone.
    pub gone: bool,
}

#[derive(Default)]
struct Counts {
    /// So many stanzas were sent, and so many taken.
    sent: u32,
    taken: u32,
    /// Those of the first that the client has not acknowledged.
    open: VecDeque<String>,
}

/// Whether it is a stanza.
pub fn is_counted(text: &str) -> bool {
    ["<message", "<presence", "<iq"]
        .iter()
        .any(|name| text.starts_with(name))
}

impl Way {
    pub fn new(sender: UnboundedSender<String>) -> Self {
        Self {
            sender,
            counts: None,
            severed: false,
            gone: false,
        }
    }

    /// Whether it is kept for a client that has gone without a word.
    pub fn waits(&self) -> bool {
        self.counts.is_some()
    }

    /// Whether this arrives, or will when the client is there again.
    pub fn send(&mut self, text: &str) -> bool {
        if let Some(counts) = self.counts.as_mut().filter(|_| is_counted(text)) {
            counts.sent += 1;
            counts.open.push_back(text.to_owned());
        }
        if self.severed && text != CUT && !text.starts_with("<stream:error") {
            return true;
        }
        let sent = self.sender.send(text.to_owned()).is_ok();
        sent || self.waits()
    }
}

impl Server {
    /// From now on nothing arrives on either side of a client's stream but why it ends, and nobody knows.
    pub fn sever(&self, account: &str) {
        let mut book = self.book.lock().unwrap();
        book.ways.get_mut(&client(account)).unwrap().severed = true;
    }

    /// What has come on streams that were severed.
    pub fn lost(&self) -> Vec<String> {
        let book = self.book.lock().unwrap();
        let management = book.management.as_ref();
        management.map_or_else(Vec::new, |management| management.lost.clone())
    }

    /// Waits until this has gone and not arrived.
    pub async fn until_lost(&self, test: impl Fn(&str) -> bool) {
        let is_lost = || self.lost().iter().any(|text| test(text));
        assert!(super::eventually(is_lost).await, "nothing of the kind was lost");
    }

    /// Ends the connection of an account's client without a word, and waits until that has noticed.
    pub async fn cut_off(&self, account: &str) {
        self.cut(account).await;
        let is_gone = || self.book.lock().unwrap().ways[&client(account)].gone;
        assert!(super::eventually(is_gone).await, "nobody noticed");
    }

    /// Whether an account's client is there, and not only its stream.
    pub fn has(&self, account: &str) -> bool {
        let book = self.book.lock().unwrap();
        book.ways.get(&client(account)).is_some_and(|way| !way.gone)
    }

    /// How every wish to go on is answered from now on.
    pub fn answer(&self, verdict: &str) {
        let mut book = self.book.lock().unwrap();
        book.management.as_mut().unwrap().verdict = Some(verdict.to_owned());
    }

    /// How many stanzas were sent to an account's client, and how many taken from it, since both count.
    pub fn counts(&self, account: &str) -> [u32; 2] {
        let book = self.book.lock().unwrap();
        let way = book.ways.get(&client(account));
        let counts = way.and_then(|way| way.counts.as_ref());
        counts.map_or([0; 2], |counts| [counts.sent, counts.taken])
    }

    /// How often somebody has wanted to go on with a stream.
    pub fn wishes(&self) -> usize {
        let book = self.book.lock().unwrap();
        book.management.as_ref().unwrap().wishes
    }
}

impl Book {
    /// A client has ended its stream: nobody comes back to it.
    pub(super) fn leave(&mut self, sender: &UnboundedSender<String>) {
        let ways = self.ways.values_mut();
        ways.filter(|way| way.sender.same_channel(sender))
            .for_each(|way| way.counts = None);
    }

    /// Counts, and takes what is about that. Whether nothing else is to be done.
    pub(super) fn manage(
        &mut self,
        (name, resource): (&str, &mut String),
        sender: &UnboundedSender<String>,
        stanza: &Stanza,
    ) -> bool {
        let Some(management) = &mut self.management else {
            return false;
        };
        let text = text(stanza);
        if stanza.is("resume", SM) {
            management.wishes += 1;
            let verdict = management.verdict.clone();
            self.resume((name, resource), sender, (&text, verdict));
            return true;
        }
        let Some(way) = self.ways.get_mut(&format!("{name}/{resource}")) else {
            return false;
        };
        // What comes late on a stream that goes on elsewhere.
        if way.severed || !way.sender.same_channel(sender) {
            management.lost.push(text);
            return true;
        }
        if stanza.namespace() != SM {
            if let Some(counts) = way.counts.as_mut().filter(|_| is_counted(&text)) {
                counts.taken += 1;
            }
            return false;
        }
        match (stanza.name(), &mut way.counts) {
            ("enable", _) => {
                way.counts = Some(Counts::default());
                way.send(&format!(
                    "<enabled xmlns='{SM}' id='{name}/{resource}' resume='true'/>"
                ));
            }
            ("r", Some(counts)) => {
                let answer = format!("<a xmlns='{SM}' h='{}'/>", counts.taken);
                way.send(&answer);
            }
            ("a", Some(counts)) => counts.acknowledge(&text),
            _ => panic!("{text}"),
        }
        self.note((name, resource), &text);
        true
    }

    fn resume(
        &mut self,
        (name, resource): (&str, &mut String),
        sender: &UnboundedSender<String>,
        (text, verdict): (&str, Option<String>),
    ) {
        let id = attribute(text, "previd");
        let ours = self.ways.get_mut(id).filter(|_| id.starts_with(name));
        let (Some(way), None) = (ours, &verdict) else {
            let unknown = format!(
                "<failed xmlns='{SM}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
            );
            let _gone = sender.send(verdict.unwrap_or(unknown));
            return;
        };
        let Some(counts) = &mut way.counts else {
            panic!("{id} was never to go on")
        };
        counts.acknowledge(text);
        *resource = id.split('/').nth(1).unwrap().to_owned();
        (way.sender, way.severed, way.gone) = (sender.clone(), false, false);
        let _gone = sender.send(format!(
            "<resumed xmlns='{SM}' h='{}' previd='{id}'/>",
            counts.taken
        ));
        for stanza in &counts.open {
            // What has waited is marked so, as prosody does it.
            let late = format!("<delay xmlns='urn:xmpp:delay' stamp='{LATER}'/></message>");
            let _gone = sender.send(stanza.replace("</message>", &late));
        }
    }
}

impl Counts {
    /// The client has taken so many.
    fn acknowledge(&mut self, text: &str) {
        let count: u32 = attribute(text, "h").parse().unwrap();
        let before = self.sent - u32::try_from(self.open.len()).unwrap();
        assert!(
            (before..=self.sent).contains(&count),
            "{text} after {before}, and {} were sent",
            self.sent
        );
        self.open.drain(..usize::try_from(count - before).unwrap());
    }
}

fn attribute<'t>(text: &'t str, name: &str) -> &'t str {
    let behind = text.split(&format!(" {name}='")).nth(1).unwrap();
    behind.split('\'').next().unwrap()
}
