//! The beginning of a client's stream: the proxy is a server here. Encryption with a certificate of this computer,
//! name and password in the clear inside it (SASL PLAIN), and a stream that begins anew.
//!
//! Bytes go in, steps come back; nothing is known of sockets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use im::xmpp::{BareJid, Frame, FrameFault, FrameReader, Header, Jid, STREAMS, Stanza, escape};
use zeroize::Zeroizing;

use crate::proxy::xmpp::names;

/// One thing to do, in order.
pub(super) enum Next {
    /// Say this to the client.
    Say(Vec<u8>),
    /// TLS begins.
    Encrypt,
    /// The client says that this is the password of the account. Nothing is read until [`Welcome::judge`].
    Prove(Zeroizing<String>),
    /// The client has begun its last stream; stanzas follow.
    Enter(Header),
    /// Say this, and close.
    Close(Vec<u8>),
}

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its header comes next.
    Header,
    /// It may ask for TLS, or say who it is.
    Negotiating,
    /// It was asked for its password.
    Asked,
    /// TLS begins, or its password is being looked at.
    Waiting,
    /// It is in, and begins its stream anew.
    In,
    /// It is on its way out.
    Over,
}

/// The beginning of one client's stream.
pub(super) struct Welcome {
    account: BareJid,
    reader: FrameReader,
    header: Option<Header>,
    stage: Stage,
    encrypted: bool,
    /// Whether the client may say its password without encryption.
    plain: bool,
    /// Makes the identifiers of streams.
    seed: u64,
    attempts: usize,
}

impl Welcome {
    /// Nothing has come yet.
    pub(super) fn new(account: BareJid, (encrypted, plain): (bool, bool), seed: u64) -> Self {
        Self {
            account,
            reader: FrameReader::new(LONGEST),
            header: None,
            stage: Stage::Header,
            encrypted,
            plain,
            seed,
            attempts: 0,
        }
    }

    /// Takes bytes of the client.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Next> {
        let mut out = Vec::new();
        let pushed = self.reader.push(bytes);
        self.go_on(&mut out);
        if let Err(fault) = pushed
            && self.stage != Stage::Over
        {
            self.close(condition(&fault), &fault.to_string(), &mut out);
        }
        out
    }

    /// TLS stands. The client begins anew, and nothing that it said before counts (S-68).
    pub(super) fn encrypted(&mut self) {
        self.encrypted = true;
        self.begin_anew(Stage::Header);
    }

    /// Whether the server has accepted the password; else why not, by the name of the condition and in words.
    pub(super) fn judge(&mut self, accepted: Result<(), (&str, String)>) -> Vec<Next> {
        match accepted {
            Ok(()) => {
                self.begin_anew(Stage::In);
                vec![Next::Say(format!("<success xmlns='{SASL}'/>").into_bytes())]
            }
            Err((condition, words)) => {
                self.stage = Stage::Negotiating;
                let mut out = Vec::new();
                self.fail(condition, &words, &mut out);
                self.go_on(&mut out);
                out
            }
        }
    }

    /// What was read beyond the header of the last stream.
    pub(super) fn into_reader(self) -> FrameReader {
        self.reader
    }

    fn begin_anew(&mut self, stage: Stage) {
        self.reader = FrameReader::new(if stage == Stage::In {
            LONGEST_STANZA
        } else {
            LONGEST
        });
        self.header = None;
        self.stage = stage;
    }

    fn go_on(&mut self, out: &mut Vec<Next>) {
        while !matches!(self.stage, Stage::Waiting | Stage::Over) {
            let Some(frame) = self.reader.next() else {
                return;
            };
            match (self.stage, frame) {
                (Stage::Header, Frame::Header(header)) => self.greet(header, out),
                (Stage::In, Frame::Header(header)) => {
                    if self.is_ours(&header) {
                        self.stage = Stage::Over;
                        return out.push(Next::Enter(header));
                    }
                    self.close("host-unknown", HOST, out);
                }
                (Stage::Negotiating, Frame::Stanza(stanza)) => self.negotiate(&stanza, out),
                (Stage::Asked, Frame::Stanza(stanza)) if stanza.is("response", SASL) => {
                    self.stage = Stage::Negotiating;
                    self.take_password(&stanza, out);
                }
                (Stage::Asked, Frame::Stanza(stanza)) if stanza.is("abort", SASL) => {
                    self.stage = Stage::Negotiating;
                    self.fail("aborted", "given up", out);
                }
                (_, Frame::End) => {
                    self.stage = Stage::Over;
                    out.push(Next::Close(b"</stream:stream>".to_vec()));
                }
                (_, Frame::Header(_) | Frame::Stanza(_)) => {
                    self.close("policy-violation", "log in first", out);
                }
            }
        }
    }

    fn is_ours(&self, header: &Header) -> bool {
        let to = header.attribute("to").and_then(|to| to.parse::<Jid>().ok());
        to.is_some_and(|to| to.as_str() == self.account.domain().as_str())
    }

    fn greet(&mut self, header: Header, out: &mut Vec<Next>) {
        let ours = self.is_ours(&header);
        out.push(Next::Say(self.our_header()));
        if !ours {
            return self.close("host-unknown", HOST, out);
        }
        self.header = Some(header);
        self.stage = Stage::Negotiating;
        let starttls = match (self.encrypted, self.plain) {
            (true, _) => String::new(),
            (false, true) => format!("<starttls xmlns='{TLS}'/>"),
            (false, false) => format!("<starttls xmlns='{TLS}'><required/></starttls>"),
        };
        let mechanisms = if self.encrypted || self.plain {
            format!("<mechanisms xmlns='{SASL}'><mechanism>PLAIN</mechanism></mechanisms>")
        } else {
            String::new()
        };
        let features = format!("<stream:features>{starttls}{mechanisms}</stream:features>");
        out.push(Next::Say(features.into_bytes()));
    }

    fn our_header(&mut self) -> Vec<u8> {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{STREAMS}' id='{:016x}' from='{}' \
             version='1.0' xml:lang='en'>",
            self.seed,
            escape(self.account.domain().as_str())
        )
        .into_bytes()
    }

    fn negotiate(&mut self, stanza: &Stanza, out: &mut Vec<Next>) {
        if stanza.is("starttls", TLS) && !self.encrypted {
            if !self.reader.is_empty() {
                // It would count as encrypted.
                return self.close("policy-violation", "something came before encryption began", out);
            }
            self.stage = Stage::Waiting;
            out.push(Next::Say(format!("<proceed xmlns='{TLS}'/>").into_bytes()));
            out.push(Next::Encrypt);
        } else if stanza.is("auth", SASL) {
            self.authenticate(stanza, out);
        } else if stanza.is("iq", "jabber:client") {
            self.close("not-authorized", "log in first, by SASL PLAIN", out);
        } else {
            self.close("unsupported-stanza-type", "log in first", out);
        }
    }

    fn authenticate(&mut self, stanza: &Stanza, out: &mut Vec<Next>) {
        let element = self.header.as_ref().and_then(|header| header.read(stanza));
        let mechanism = element.as_ref().and_then(|element| element.attr("mechanism"));
        if !self.encrypted && !self.plain {
            return self.fail("encryption-required", "switch TLS on in your client", out);
        }
        if mechanism != Some("PLAIN") {
            return self.fail("invalid-mechanism", "the proxy knows PLAIN only", out);
        }
        if element.is_some_and(|element| element.text().trim().is_empty()) {
            self.stage = Stage::Asked;
            return out.push(Next::Say(format!("<challenge xmlns='{SASL}'/>").into_bytes()));
        }
        self.take_password(stanza, out);
    }

    fn take_password(&mut self, stanza: &Stanza, out: &mut Vec<Next>) {
        let element = self.header.as_ref().and_then(|header| header.read(stanza));
        let text = element.map(|element| Zeroizing::new(element.text()));
        let decoded = text.and_then(|text| decode(text.trim()));
        let Some(said) = decoded else {
            return self.fail("malformed-request", "what came is no name and password", out);
        };
        let mut parts = said.splitn(3, '\0');
        let (Some(other), Some(name), Some(password)) = (parts.next(), parts.next(), parts.next()) else {
            return self.fail("malformed-request", "what came is no name and password", out);
        };
        let is_account = |name: &str| {
            let whole = names::read(name.as_bytes()).is_some_and(|jid| jid.to_bare() == self.account);
            let short = format!("{name}@{}", self.account.domain().as_str());
            whole || names::read(short.as_bytes()).is_some_and(|jid| jid.to_bare() == self.account)
        };
        if !is_account(name) || !(other.is_empty() || is_account(other)) {
            let words = format!("this port of the proxy is for {} only", self.account);
            return self.fail("not-authorized", &words, out);
        }
        self.stage = Stage::Waiting;
        out.push(Next::Prove(Zeroizing::new(password.to_owned())));
    }

    fn fail(&mut self, condition: &str, words: &str, out: &mut Vec<Next>) {
        self.attempts += 1;
        let failure = format!(
            "<failure xmlns='{SASL}'><{condition}/><text xml:lang='en'>{}</text></failure>",
            escape(words)
        );
        out.push(Next::Say(failure.into_bytes()));
        if self.attempts >= MOST_ATTEMPTS {
            self.close("policy-violation", "too many attempts", out);
        }
    }

    /// Ends the stream with an error, in a stream of ours if there is none yet.
    fn close(&mut self, condition: &str, words: &str, out: &mut Vec<Next>) {
        let begun = !matches!(self.stage, Stage::Header | Stage::In) || !out.is_empty();
        let mut last = if begun { Vec::new() } else { self.our_header() };
        self.stage = Stage::Over;
        last.extend_from_slice(&stream_error(condition, words));
        out.push(Next::Close(last));
    }
}

/// The last of a stream.
pub(super) fn stream_error(condition: &str, words: &str) -> Vec<u8> {
    format!(
        "<stream:error><{condition} xmlns='{STREAM_ERRORS}'/><text xmlns='{STREAM_ERRORS}' xml:lang='en'>{}</text>\
         </stream:error></stream:stream>",
        escape(words)
    )
    .into_bytes()
}

/// The name of the condition in RFC 6120, section 4.9.3.
pub(super) fn condition(fault: &FrameFault) -> &'static str {
    match fault {
        FrameFault::NotXml(_) => "not-well-formed",
        FrameFault::NotXmpp => "invalid-namespace",
        FrameFault::TooLong(_) | FrameFault::TooDeep(_) => "policy-violation",
    }
}

/// The secret as SASL writes it.
fn decode(text: &str) -> Option<Zeroizing<String>> {
    let bytes = Zeroizing::new(BASE64.decode(text).ok()?);
    std::str::from_utf8(&bytes)
        .ok()
        .map(|text| Zeroizing::new(text.to_owned()))
}

pub(super) const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
const HOST: &str = "this port of the proxy leads to another domain; look at the address in your client";
/// Before a client is in it has little to say.
const LONGEST: usize = 16 * 1024;
/// What a client that is in may say at once. Servers commonly take as much.
const LONGEST_STANZA: usize = 512 * 1024;
const MOST_ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";

    fn welcome(encrypted: bool, plain: bool) -> Welcome {
        Welcome::new("alice@example.org".parse().unwrap(), (encrypted, plain), 7)
    }

    /// What was said, and what was to be done besides.
    fn play(welcome: &mut Welcome, text: &str) -> (String, Vec<Next>) {
        let (mut said, mut others) = (String::new(), Vec::new());
        for next in welcome.push(text.as_bytes()) {
            match next {
                Next::Say(bytes) | Next::Close(bytes) => said.push_str(std::str::from_utf8(&bytes).unwrap()),
                other => others.push(other),
            }
        }
        (said, others)
    }

    fn auth(text: &str) -> String {
        format!("<auth xmlns='{SASL}' mechanism='PLAIN'>{text}</auth>")
    }

    #[test]
    fn the_password_is_taken_inside_tls_only_unless_somebody_wants_it() {
        // \0alice\0secret
        let login = auth("AGFsaWNlAHNlY3JldA==");
        let mut outside = welcome(false, false);
        let (said, _) = play(&mut outside, HEADER);
        assert!(said.contains("<required/>") && !said.contains("PLAIN"), "{said}");
        let (said, others) = play(&mut outside, &login);
        assert!(
            said.contains("<encryption-required/>") && others.is_empty(),
            "{said}"
        );
        let (said, others) = play(&mut outside, &format!("<starttls xmlns='{TLS}'/>"));
        assert!(said.contains("<proceed") && matches!(others.as_slice(), [Next::Encrypt]));
        outside.encrypted();
        for mut inside in [outside, welcome(true, false), welcome(false, true)] {
            let (said, _) = play(&mut inside, HEADER);
            assert!(said.contains("<mechanism>PLAIN</mechanism>"), "{said}");
            let (_, others) = play(&mut inside, &login);
            let [Next::Prove(password)] = others.as_slice() else {
                panic!()
            };
            assert_eq!(password.as_str(), "secret");
            let said = inside.judge(Ok(()));
            assert!(matches!(said.as_slice(), [Next::Say(_)]));
            let (_, others) = play(&mut inside, HEADER);
            assert!(matches!(others.as_slice(), [Next::Enter(_)]));
        }
    }

    #[test]
    fn an_error_stands_in_a_stream() {
        let mut one = welcome(true, false);
        play(&mut one, HEADER);
        play(&mut one, &auth("AGFsaWNlAHNlY3JldA=="));
        let _said = one.judge(Ok(()));
        // The client's last stream has begun, and ours to it has not.
        let (said, _) = play(&mut one, &HEADER.replace("example.org", "elsewhere.org"));
        assert!(
            said.starts_with("<?xml") && said.contains("<host-unknown"),
            "{said}"
        );
    }

    #[test]
    fn s68_nothing_before_tls_counts() {
        let mut early = welcome(false, false);
        let text = format!(
            "{HEADER}<starttls xmlns='{TLS}'/>{}",
            auth("AGFsaWNlAHNlY3JldA==")
        );
        let (said, others) = play(&mut early, &text);
        assert!(others.is_empty() && said.contains("policy-violation"), "{said}");
    }

    #[test]
    fn only_the_account_itself_is_asked_about() {
        // \0bob\0secret; alice@example.org\0alice@example.org\0secret; bob@example.org\0alice\0secret; garbage
        for (said, good) in [
            ("AGJvYgBzZWNyZXQ=", false),
            ("YWxpY2VAZXhhbXBsZS5vcmcAYWxpY2VAZXhhbXBsZS5vcmcAc2VjcmV0", true),
            ("Ym9iQGV4YW1wbGUub3JnAGFsaWNlAHNlY3JldA==", false),
            ("AAA", false),
            ("AGFs=WNl", false),
            ("////", false),
        ] {
            let mut one = welcome(true, false);
            play(&mut one, HEADER);
            let (answer, others) = play(&mut one, &auth(said));
            assert_eq!(!others.is_empty(), good, "{said}: {answer}");
            assert_eq!(answer.contains("<failure"), !good, "{said}");
        }
        // Asked for it first.
        let mut slow = welcome(true, false);
        play(&mut slow, HEADER);
        assert!(play(&mut slow, &auth("")).0.contains("<challenge"));
        let response = format!("<response xmlns='{SASL}'>AGFsaWNlAHNlY3JldA==</response>");
        assert_eq!(play(&mut slow, &response).1.len(), 1);
    }

    #[test]
    fn attempts_lengths_and_strangers_are_bounded() {
        let mut one = welcome(true, false);
        play(&mut one, HEADER);
        for _ in 0..2 {
            assert!(!play(&mut one, &auth("AAA")).0.contains("</stream:stream>"));
        }
        assert!(play(&mut one, &auth("AAA")).0.ends_with("</stream:stream>"));
        for text in [
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            HEADER.replace("example.org", "elsewhere.org"),
            format!("{HEADER}<message to='b'/>"),
            format!("{HEADER}<auth xmlns='{SASL}'>{}", "A".repeat(100_000)),
            "<!DOCTYPE x [<!ENTITY a 'b'>]>".to_owned(),
        ] {
            let (said, others) = play(&mut welcome(true, false), &text);
            assert!(
                others.is_empty() && said.ends_with("</stream:stream>"),
                "{text}: {said}"
            );
        }
    }
}
