//! A server of XMPP and clients of it, all scripted, with a proxy between them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod management;
#[path = "../running/mod.rs"]
pub mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chatham::proxy::Running;
use im::xmpp::{Frame, FrameReader, Stanza};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::timeout;

pub use management::Management;
use management::Way;

/// Nothing takes so long but what never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Alice's address with the resource that the server gives her.
pub const BOUND: &str = "alice@example.org/a";
const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";
const ANSWER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='s' from='example.org' version='1.0'>";
const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";

/// What no server says.
pub const CUT: &str = "\u{4}";

#[derive(Default)]
struct Book {
    /// What the clients of each account have said since they were bound; and each client, by account and resource.
    heard: BTreeMap<String, Vec<String>>,
    /// The way to each client, by account and resource.
    ways: BTreeMap<String, Way>,
    /// Accounts whose messages go to another device.
    diverted: BTreeSet<String>,
    /// What is offered when a client has logged in.
    features: String,
    /// Whether streams go on after a break, and what is said instead.
    management: Option<Management>,
    /// Whether nobody is let in any more, and how often somebody was not.
    locked: bool,
    sent_away: usize,
}

/// Passes messages and presence between accounts of example.org, whose password is "secret".
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    book: Arc<Mutex<Book>>,
}

impl Server {
    /// One that offers stream management, and then does nothing of it.
    pub async fn start() -> Self {
        Self::offering("<sm xmlns='urn:xmpp:sm:3'/>", None).await
    }

    /// One whose streams go on after a break.
    pub async fn start_managed() -> Self {
        Self::offering("<sm xmlns='urn:xmpp:sm:3'/>", Some(Management::default())).await
    }

    pub async fn offering(features: &str, management: Option<Management>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let book = Arc::new(Mutex::new(Book {
            features: features.to_owned(),
            management,
            ..Book::default()
        }));
        let shared = Arc::clone(&book);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(attend(stream, Arc::clone(&shared)));
            }
        });
        Self { port, book }
    }

    /// What an account's client has said.
    pub fn heard(&self, account: &str) -> Vec<String> {
        let book = self.book.lock().unwrap();
        book.heard.get(account).cloned().unwrap_or_default()
    }

    /// Waits until an account's client has said this.
    pub async fn until(&self, account: &str, test: impl Fn(&str) -> bool) {
        let said = || self.heard(account).iter().any(|stanza| test(stanza));
        if !eventually(said).await {
            panic!("never said, but {:#?}", self.heard(account));
        }
    }

    /// Ends the connection of an account's client without a word.
    pub async fn cut(&self, account: &str) {
        self.inject(account, CUT).await;
    }

    /// No password is right from now on.
    pub fn lock(&self) {
        self.book.lock().unwrap().locked = true;
    }

    /// How often somebody was not let in.
    pub fn sent_away(&self) -> usize {
        self.book.lock().unwrap().sent_away
    }

    /// Messages for an account do not come to its client from now on.
    pub fn divert(&self, account: &str) {
        self.book.lock().unwrap().diverted.insert(account.to_owned());
    }

    /// Says something to an account's client.
    pub async fn inject(&self, account: &str, stanza: &str) {
        assert!(self.try_inject(account, stanza), "{account} is not there");
    }

    /// The same, if the client is there.
    pub fn try_inject(&self, account: &str, stanza: &str) -> bool {
        let mut book = self.book.lock().unwrap();
        let way = book.ways.get_mut(&client(account));
        way.is_some_and(|way| way.send(stanza))
    }
}

/// Whether something comes to hold.
pub async fn eventually(test: impl Fn() -> bool) -> bool {
    let wait = async {
        while !test() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.is_ok()
}

/// A client by its account and resource.
fn client(account: &str) -> String {
    match account.contains('/') {
        true => account.to_owned(),
        false => format!("{account}/{}", &account[..1]),
    }
}

async fn attend(stream: TcpStream, book: Arc<Mutex<Book>>) {
    let (reads, mut writes) = stream.into_split();
    let (sender, mut said) = unbounded_channel::<String>();
    tokio::spawn(async move {
        while let Some(text) = said.recv().await {
            if text == CUT {
                return;
            }
            if writes.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    hear(reads, &sender, &book).await;
    let mut book = book.lock().unwrap();
    book.ways.retain(|_, way| {
        way.gone |= way.sender.same_channel(&sender);
        !way.gone || way.waits()
    });
}

async fn hear(mut reads: OwnedReadHalf, sender: &UnboundedSender<String>, book: &Mutex<Book>) {
    let say = |text: String| {
        let _gone = sender.send(text);
    };
    let mut reader = FrameReader::default();
    let mut account: Option<String> = None;
    let mut resource = String::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some(frame) = reader.next() {
            let stanza = match frame {
                Frame::Header(_) if account.is_none() => {
                    say(format!(
                        "{ANSWER}<stream:features><mechanisms xmlns='{SASL}'><mechanism>PLAIN</mechanism></mechanisms>\
                         </stream:features>"
                    ));
                    continue;
                }
                Frame::Header(_) => {
                    let features = book.lock().unwrap().features.clone();
                    say(format!(
                        "{ANSWER}<stream:features><bind xmlns='{BIND}'/>{features}</stream:features>"
                    ));
                    continue;
                }
                Frame::Stanza(stanza) => stanza,
                Frame::End => return book.lock().unwrap().leave(sender),
            };
            let text = text(&stanza);
            match &account {
                None => {
                    let proof = text.split('>').nth(1).unwrap().split('<').next().unwrap();
                    let proof = String::from_utf8(BASE64.decode(proof).unwrap()).unwrap();
                    let mut parts = proof.split('\0').skip(1);
                    let name = parts.next().unwrap().to_owned();
                    let mut book = book.lock().unwrap();
                    if parts.next() == Some("secret") && !book.locked {
                        say(format!("<success xmlns='{SASL}'/>"));
                        account = Some(name);
                        reader = FrameReader::default();
                    } else {
                        book.sent_away += 1;
                        say(format!("<failure xmlns='{SASL}'><not-authorized/></failure>"));
                    }
                }
                Some(name) => {
                    let mut book = book.lock().unwrap();
                    if !book.manage((name, &mut resource), sender, &stanza) {
                        book.serve((name, &mut resource), sender, &text);
                    }
                }
            }
        }
        match reads.read(&mut buffer).await {
            Ok(count @ 1..) => reader.push(&buffer[..count]).unwrap(),
            _ => break,
        }
    }
}

impl Book {
    fn note(&mut self, (name, resource): (&str, &str), text: &str) {
        for who in [name.to_owned(), format!("{name}/{resource}")] {
            self.heard.entry(who).or_default().push(text.to_owned());
        }
    }

    fn serve(&mut self, (name, resource): (&str, &mut String), sender: &UnboundedSender<String>, text: &str) {
        if text.contains(BIND) {
            let wish = text
                .split("<resource>")
                .nth(1)
                .and_then(|rest| rest.split('<').next());
            *resource = wish.unwrap_or(&name[..1]).to_owned();
            self.ways
                .insert(format!("{name}/{resource}"), Way::new(sender.clone()));
            let jid = format!("{name}@example.org/{resource}");
            let answer =
                format!("<iq type='result' id='bind'><bind xmlns='{BIND}'><jid>{jid}</jid></bind></iq>");
            let _gone = sender.send(answer);
            return;
        }
        self.note((name, resource), text);
        let own = format!("{name}/{resource}");
        let mut answer = |answer: &str| {
            if let Some(way) = self.ways.get_mut(&own) {
                way.send(answer);
            }
        };
        if text.contains("urn:xmpp:carbons:2'/></iq>") {
            return answer("<iq type='result' id='copies'/>");
        }
        if text.contains("jabber:iq:roster") {
            return answer("<iq type='result' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
        }
        let to = text.split("to='").nth(1).and_then(|rest| rest.split('\'').next());
        let Some((to, device)) = to.and_then(|to| to.split_once("@example.org")) else {
            return;
        };
        if !text.starts_with("<message") || self.diverted.contains(to) {
            return;
        }
        let from = format!("<message from='{name}@example.org/{resource}'");
        let said = text.replacen("<message", &from, 1);
        // What is for the account goes to all of its clients.
        let ways = self.ways.iter_mut().filter(|(who, _)| match device {
            "" => who.split('/').next() == Some(to),
            device => **who == format!("{to}{device}"),
        });
        let mut arrives = false;
        for (_, way) in ways {
            arrives |= way.send(&said);
        }
        if !arrives && !text.contains("type='error'") {
            let id = text.split("id='").nth(1).and_then(|rest| rest.split('\'').next());
            let id = id.unwrap_or_default();
            if let Some(way) = self.ways.get_mut(&own) {
                way.send(&format!(
                    "<message from='{to}@example.org' type='error' id='{id}'><error type='cancel'><service-unavailable \
                     xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
                ));
            }
        }
    }
}

fn text(stanza: &Stanza) -> String {
    String::from_utf8(stanza.as_bytes().to_vec()).unwrap()
}

/// A scripted client.
pub struct Client {
    reads: OwnedReadHalf,
    writes: OwnedWriteHalf,
    reader: FrameReader,
    seen: Vec<String>,
}

impl Client {
    /// One that is in, and shows what it gets.
    pub async fn enter(name: &str, port: u16) -> Self {
        Self::enter_as(name, &name[..1], port).await
    }

    /// One of several of an account. Copies of what the others get and say are asked for.
    pub async fn enter_with_copies(name: &str, resource: &str, port: u16) -> Self {
        let mut client = Self::enter_as(name, resource, port).await;
        client
            .say("<iq type='set' id='copies'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
            .await;
        client.until(&["id='copies'"]).await;
        client
    }

    /// One of several of an account.
    pub async fn enter_as(name: &str, resource: &str, port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        Self::enter_over(name, resource, stream).await
    }

    /// The same, on a connection that somebody else has made.
    pub async fn enter_over(name: &str, resource: &str, stream: TcpStream) -> Self {
        let mut client = Self::log_in_over(name, stream, "secret").await;
        client.until(&["<success"]).await;
        client.reader = FrameReader::default();
        client.say(HEADER).await;
        let features = client.until(&["features"]).await;
        assert!(!features.contains("urn:xmpp:sm"), "{features}");
        client
            .say(&format!(
                "<iq type='set' id='bind'><bind xmlns='{BIND}'><resource>{resource}</resource></bind></iq>"
            ))
            .await;
        client.until(&["<jid>"]).await;
        client
            .say("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
            .await;
        client.until(&["id='roster'"]).await;
        client.say("<presence/>").await;
        client.until(&["chatham@chatham.invalid", "Your key is"]).await;
        client
    }

    /// What one is told that does not come in.
    pub async fn refused(port: u16, password: &str) -> String {
        let mut client = Self::log_in("alice", port, password).await;
        let first = client.until(&["urn:ietf:params:xml:ns:xmpp-sasl"]).await;
        if first.contains("<failure") {
            return first;
        }
        client.reader = FrameReader::default();
        client.say(HEADER).await;
        let mut rest = String::new();
        let read = client.reads.read_to_string(&mut rest);
        timeout(PATIENCE, read).await.unwrap().unwrap();
        rest
    }

    async fn log_in(name: &str, port: u16, password: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        Self::log_in_over(name, stream, password).await
    }

    fn over(stream: TcpStream) -> Self {
        let (reads, writes) = stream.into_split();
        Self {
            reads,
            writes,
            reader: FrameReader::default(),
            seen: Vec::new(),
        }
    }

    async fn log_in_over(name: &str, stream: TcpStream, password: &str) -> Self {
        let mut client = Self::over(stream);
        client.say(HEADER).await;
        client.until(&["<mechanism>PLAIN"]).await;
        let proof = BASE64.encode(format!("\0{name}\0{password}"));
        client
            .say(&format!("<auth xmlns='{SASL}' mechanism='PLAIN'>{proof}</auth>"))
            .await;
        client
    }

    /// One that is in, if nothing breaks before. Everything that is shown goes to `seen`.
    pub async fn try_enter(name: &str, port: u16, seen: &mut Vec<String>) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut client = Self::over(stream);
        let entered = client.try_steps(name).await;
        seen.append(&mut client.seen);
        entered.then_some(client)
    }

    async fn try_steps(&mut self, name: &str) -> bool {
        let proof = BASE64.encode(format!("\0{name}\0secret"));
        let auth = format!("<auth xmlns='{SASL}' mechanism='PLAIN'>{proof}</auth>");
        let bind = format!("<iq type='set' id='bind'><bind xmlns='{BIND}'/></iq>");
        for (said, awaited) in [
            (HEADER, "<mechanism>PLAIN"),
            (auth.as_str(), "<success"),
            (HEADER, "features"),
            (bind.as_str(), "<jid>"),
            (
                "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>",
                "id='roster'",
            ),
            ("<presence/>", "Your key is"),
        ] {
            if !self.try_say(said).await {
                return false;
            }
            while !self.seen.last().is_some_and(|last| last.contains(awaited)) {
                // The way to the server may break before the password is proved there.
                if !self.try_read().await || self.seen.last().is_some_and(|last| last.contains("<failure")) {
                    return false;
                }
            }
            if awaited == "<success" {
                self.reader = FrameReader::default();
            }
        }
        true
    }

    /// Reads one stanza more; `false` if there are no more.
    pub async fn try_read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.reader.next() {
                Some(Frame::Stanza(stanza)) => {
                    self.seen.push(text(&stanza));
                    return true;
                }
                Some(_) => {}
                None => match timeout(PATIENCE, self.reads.read(&mut buffer)).await {
                    Ok(Ok(count @ 1..)) => self.reader.push(&buffer[..count]).unwrap(),
                    Ok(_) => return false,
                    Err(_) => panic!("neither a word nor an end after\n{}", self.seen.join("\n")),
                },
            }
        }
    }

    /// Whether it could be said, as far as the client knows.
    pub async fn try_say(&mut self, text: &str) -> bool {
        self.try_raw(text.as_bytes()).await
    }

    pub async fn try_raw(&mut self, bytes: &[u8]) -> bool {
        self.writes.write_all(bytes).await.is_ok()
    }

    /// Says no more, and reads what comes still.
    pub async fn hang_up(&mut self) {
        let _already_gone = self.writes.shutdown().await;
        while self.try_read().await {}
    }

    pub fn take_seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }

    pub async fn say(&mut self, text: &str) {
        self.writes.write_all(text.as_bytes()).await.unwrap();
    }

    /// Says no more, and waits until the other side has ended, too.
    pub async fn leave(&mut self) {
        self.writes.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let read = self.reads.read_to_end(&mut rest);
        timeout(PATIENCE, read).await.unwrap().unwrap();
    }

    /// Waits for a stanza with all these parts.
    pub async fn until(&mut self, parts: &[&str]) -> String {
        self.next(
            |stanza| parts.iter().all(|part| stanza.contains(part)),
            &parts.join(" … "),
        )
        .await
    }

    /// Waits for a stanza that is just this.
    pub async fn until_is(&mut self, whole: &str) {
        self.next(|stanza| stanza == whole, whole).await;
    }

    async fn next(&mut self, test: impl Fn(&str) -> bool, what: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            while let Some(frame) = self.reader.next() {
                if let Frame::Stanza(stanza) = frame {
                    let stanza = text(&stanza);
                    self.seen.push(stanza.clone());
                    if test(&stanza) {
                        return stanza;
                    }
                }
            }
            match timeout(PATIENCE, self.reads.read(&mut buffer)).await {
                Ok(Ok(count @ 1..)) => self.reader.push(&buffer[..count]).unwrap(),
                other => panic!("{what} never came ({other:?}), but\n{}", self.seen.join("\n")),
            }
        }
    }

    /// How often something like this was shown, up to what the server has sent by now.
    pub async fn count(&mut self, server: &Server, who: &str, part: &str) -> usize {
        let fence = format!("<presence from='fence@example.org' id='{}'/>", self.seen.len());
        server.inject(who, &fence).await;
        self.until_is(&fence).await;
        self.times(part)
    }

    /// How often something like this was shown.
    pub fn times(&self, part: &str) -> usize {
        self.seen.iter().filter(|stanza| stanza.contains(part)).count()
    }

    /// Whether something like this was shown.
    pub fn saw(&self, part: &str) -> bool {
        self.seen.iter().any(|stanza| stanza.contains(part))
    }
}

/// Alice and Bob, each behind a door of one proxy.
pub struct Two {
    pub server: Server,
    pub ann: Client,
    pub ben: Client,
    running: Running,
    _folder: tempfile::TempDir,
}

impl Two {
    /// Both are there.
    pub async fn both_arrive() -> Self {
        Self::arrive_at(Server::start().await).await
    }

    /// The same at this server.
    pub async fn arrive_at(server: Server) -> Self {
        let door = |name: &str| {
            format!(
                "[proxy.xmpp.{name}]\nlisten = '127.0.0.1:0'\nloopback = 'plain'\n[profile.{name}.xmpp]\n\
                 jid = '{name}@example.org'\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\n",
                server.port
            )
        };
        let (running, folder) = running::start([door("alice"), door("bob")].concat()).await;
        let port = |door: usize| running.addresses()[door].port();
        let ann = Client::enter("alice", port(0)).await;
        let ben = Client::enter("bob", port(1)).await;
        Self {
            server,
            ann,
            ben,
            running,
            _folder: folder,
        }
    }

    /// They talk privately.
    pub async fn private() -> Self {
        Self::private_at(Server::start().await).await
    }

    /// The same at this server.
    pub async fn private_at(server: Server) -> Self {
        let mut two = Self::arrive_at(server).await;
        let to = |name: &str, text: &str| {
            format!("<message type='chat' to='{name}@example.org' id='p'><body>{text}</body></message>")
        };
        // Who has spoken is no stranger.
        two.ben.say(&to("alice", "in the clear")).await;
        two.ann.until(&["bob@example.org", "in the clear"]).await;
        two.ann.say(&to("bob", "!otr start")).await;
        two.ben
            .until(&["chatham.invalid", "private conversation ("])
            .await;
        two.ann
            .until(&["chatham.invalid", "private conversation ("])
            .await;
        two
    }

    pub fn door(&self, door: usize) -> u16 {
        self.running.addresses()[door].port()
    }

    /// No piece of any of these has gone to the server.
    pub fn nothing_leaked(&self, secrets: &[&str]) {
        let all = [
            self.server.heard("alice"),
            self.server.heard("bob"),
            self.server.lost(),
        ];
        let up = all.concat().concat();
        assert!(up.contains("?OTR:"), "nothing private was said");
        for secret in secrets {
            let letters: Vec<char> = secret.chars().collect();
            for piece in letters.windows(4) {
                let piece: String = piece.iter().collect();
                assert!(!up.contains(&piece), "{piece} in\n{up}");
            }
        }
    }
}

/// The text of a message.
pub fn body(stanza: &str) -> &str {
    let behind = stanza.split("<body>").nth(1).unwrap();
    behind.split("</body>").next().unwrap()
}
