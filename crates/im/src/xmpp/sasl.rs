//! Proving the account with the best mechanism that both sides know (RFC 6120, section 6; XEP-0440).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use minidom::Element;
use zeroize::Zeroizing;

use super::fault::{SaslFault, StreamFault};
use super::frame::Stanza;
use super::header::Header;
use super::ns::{CHANNEL_BINDING, SASL};
use super::scram::{Binding, Hash, Scram};
use super::stream::{XmlStream, condition_and_text, unexpected};

/// What the server offers, and what we know about the encryption below.
pub(super) struct Offer {
    mechanisms: Vec<String>,
    /// The kinds of channel binding that the server names, if it names any.
    bindings: Option<Vec<String>>,
    /// What binds to the encryption, if something does.
    exporter: Option<Zeroizing<Vec<u8>>>,
    /// Whether nobody on the way can read what is said.
    private: bool,
}

/// Why there is no proof.
pub(super) enum Unproved {
    Sasl(SaslFault),
    Stream(StreamFault),
}

impl From<SaslFault> for Unproved {
    fn from(fault: SaslFault) -> Self {
        Self::Sasl(fault)
    }
}

impl From<StreamFault> for Unproved {
    fn from(fault: StreamFault) -> Self {
        Self::Stream(fault)
    }
}

enum Mechanism {
    Scram { name: &'static str, scram: Box<Scram> },
    Plain,
}

impl Offer {
    pub(super) fn of(features: &Element, exporter: Option<Zeroizing<Vec<u8>>>, private: bool) -> Self {
        let mechanisms = features.get_child("mechanisms", SASL);
        let mechanisms = mechanisms.into_iter().flat_map(Element::children);
        let bindings = features.get_child("sasl-channel-binding", CHANNEL_BINDING);
        let named = |element: &Element| element.attr("type").unwrap_or_default().to_owned();
        Self {
            mechanisms: mechanisms
                .filter(|child| child.is("mechanism", SASL))
                .map(|child| child.text().trim().to_owned())
                .take(MOST_MECHANISMS)
                .collect(),
            bindings: bindings.map(|list| list.children().map(named).take(MOST_MECHANISMS).collect()),
            exporter,
            private,
        }
    }

    fn has(&self, name: &str) -> bool {
        self.mechanisms.iter().any(|offered| offered == name)
    }

    fn choose(&self, user: &str, password: &Zeroizing<String>) -> Result<Mechanism, SaslFault> {
        let nameable = |list: &Vec<String>| list.iter().any(|kind| kind == "tls-exporter");
        // A server that names no kinds knows an older one, which is none of ours: docs/decisions/0150-binding-by-name.md.
        let exporter = self
            .exporter
            .as_ref()
            .filter(|_| self.bindings.as_ref().is_some_and(nameable));
        let plus_offered = self.mechanisms.iter().any(|name| name.ends_with("-PLUS"));
        for (name, plus, hash) in SCRAM {
            if !self.has(name) {
                continue;
            }
            let binding = match (plus, exporter) {
                (true, Some(exporter)) => Binding::Exporter(exporter.clone()),
                (true, None) => continue,
                // Said where the offer of binding may have been taken away on the way, and never where there was one
                // that we could not use: the server has to refuse the former.
                (false, _) if self.exporter.is_some() && !plus_offered => Binding::NotOffered,
                (false, _) => Binding::None,
            };
            let scram = Scram::new(hash, binding, user, password.clone(), nonce()?);
            return Ok(Mechanism::Scram {
                name,
                scram: Box::new(scram),
            });
        }
        if self.private && self.has("PLAIN") {
            return Ok(Mechanism::Plain);
        }
        let offered = self.mechanisms.join(", ").escape_debug().to_string();
        let offered = if offered.is_empty() {
            "it offers none".to_owned()
        } else {
            offered
        };
        Err(SaslFault::NoMechanism(offered))
    }

    /// Proves on this stream that the account is ours, and lets the server prove that it knows the password, too, where
    /// the mechanism can do that.
    pub(super) async fn prove(
        &self,
        stream: &mut XmlStream,
        header: &Header,
        user: &str,
        password: &Zeroizing<String>,
    ) -> Result<(), Unproved> {
        match self.choose(user, password)? {
            Mechanism::Plain => {
                let said = Zeroizing::new(format!("\0{user}\0{}", password.as_str()));
                begin(stream, "PLAIN", said.as_bytes()).await?;
                let answer = stream.element().await?;
                match step(header, &answer)? {
                    Step::Success(_) => Ok(()),
                    Step::Challenge(_) => Err(unexpected(&answer).into()),
                }
            }
            Mechanism::Scram { name, mut scram } => {
                begin(stream, name, &scram.first()).await?;
                let answer = stream.element().await?;
                let Step::Challenge(first) = step(header, &answer)? else {
                    // Success without a proof of either side.
                    return Err(SaslFault::NoProof.into());
                };
                // Hashing takes its time, and the screen must not stand still meanwhile.
                let hashed = tokio::task::spawn_blocking(move || {
                    let last = scram.answer(&first);
                    (scram, last)
                });
                let (scram, last) = hashed.await.map_err(|_| SaslFault::Garbled)?;
                respond(stream, &last?).await?;
                let answer = stream.element().await?;
                match step(header, &answer)? {
                    Step::Success(proof) => scram.verify(&proof)?,
                    // The proof may come by itself, before success.
                    Step::Challenge(proof) => {
                        scram.verify(&proof)?;
                        respond(stream, b"").await?;
                        let answer = stream.element().await?;
                        if let Step::Challenge(_) = step(header, &answer)? {
                            return Err(unexpected(&answer).into());
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

/// What the server says to what we said.
enum Step {
    Challenge(Vec<u8>),
    Success(Vec<u8>),
}

fn step(header: &Header, answer: &Stanza) -> Result<Step, Unproved> {
    if answer.namespace() != SASL {
        return Err(unexpected(answer).into());
    }
    let element = header.read(answer).ok_or(SaslFault::Garbled)?;
    let data = || match element.text().trim() {
        // How a success with nothing in it may be written.
        "=" => Ok(Vec::new()),
        text => BASE64.decode(text).map_err(|_| SaslFault::Garbled),
    };
    match answer.name() {
        "challenge" => Ok(Step::Challenge(data()?)),
        "success" => Ok(Step::Success(data()?)),
        "failure" => Err(refusal(&element).into()),
        _ => Err(unexpected(answer).into()),
    }
}

fn refusal(failure: &Element) -> SaslFault {
    let (condition, text) = condition_and_text(failure);
    match condition.as_str() {
        "not-authorized" | "invalid-authzid" => SaslFault::NotAuthorized,
        _ => SaslFault::Refused { condition, text },
    }
}

async fn begin(stream: &mut XmlStream, name: &str, first: &[u8]) -> Result<(), StreamFault> {
    let data = Zeroizing::new(BASE64.encode(first));
    // It never grows: there would be a copy of the password in the old one.
    let mut auth = Zeroizing::new(String::with_capacity(128 + data.len()));
    for part in [
        "<auth xmlns='",
        SASL,
        "' mechanism='",
        name,
        "'>",
        &data,
        "</auth>",
    ] {
        auth.push_str(part);
    }
    stream.write(auth.as_bytes()).await
}

async fn respond(stream: &mut XmlStream, data: &[u8]) -> Result<(), StreamFault> {
    let data = BASE64.encode(data);
    let response = Zeroizing::new(format!("<response xmlns='{SASL}'>{data}</response>"));
    stream.write(response.as_bytes()).await
}

fn nonce() -> Result<String, SaslFault> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|_| SaslFault::NoRandomness)?;
    Ok(BASE64.encode(bytes))
}

/// The best first: what is bound to the encryption before what is not.
const SCRAM: [(&str, bool, Hash); 4] = [
    ("SCRAM-SHA-256-PLUS", true, Hash::Sha256),
    ("SCRAM-SHA-1-PLUS", true, Hash::Sha1),
    ("SCRAM-SHA-256", false, Hash::Sha256),
    ("SCRAM-SHA-1", false, Hash::Sha1),
];
const MOST_MECHANISMS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(mechanisms: &str, bindings: Option<&str>, exporter: bool, private: bool) -> Option<String> {
        let list = |names: &str, begin: &str, end: &str| {
            let each = names.split_whitespace().map(|name| format!("{begin}{name}{end}"));
            each.collect::<String>()
        };
        let bindings = bindings.map_or_else(String::new, |names| {
            let names = list(names, "<channel-binding type='", "'/>");
            format!("<sasl-channel-binding xmlns='{CHANNEL_BINDING}'>{names}</sasl-channel-binding>")
        });
        let mechanisms = list(mechanisms, "<mechanism>", "</mechanism>");
        let features = format!(
            "<features xmlns='http://etherx.jabber.org/streams'><mechanisms xmlns='{SASL}'>{mechanisms}</mechanisms>\
             {bindings}</features>"
        );
        let exporter = exporter.then(|| Zeroizing::new(vec![7; 32]));
        let offer = Offer::of(&features.parse().unwrap(), exporter, private);
        match offer.choose("user", &Zeroizing::new("pencil".to_owned())) {
            Ok(Mechanism::Plain) => Some("PLAIN".to_owned()),
            Ok(Mechanism::Scram { name, scram }) => {
                let first = String::from_utf8(scram.first()).unwrap();
                Some(format!("{name} {}", first.split(',').next().unwrap()))
            }
            Err(_) => None,
        }
    }

    #[test]
    fn takes_the_best_that_both_sides_know() {
        let all = "PLAIN SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS X";
        for (mechanisms, bindings, exporter, private, expected) in [
            (all, None, true, true, Some("SCRAM-SHA-256 n")),
            (
                all,
                Some("tls-exporter"),
                true,
                true,
                Some("SCRAM-SHA-256-PLUS p=tls-exporter"),
            ),
            (all, Some("tls-unique"), true, true, Some("SCRAM-SHA-256 n")),
            (all, None, false, true, Some("SCRAM-SHA-256 n")),
            (
                "PLAIN SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256",
                Some("tls-unique tls-exporter"),
                true,
                true,
                Some("SCRAM-SHA-1-PLUS p=tls-exporter"),
            ),
            (
                "PLAIN SCRAM-SHA-1 SCRAM-SHA-256",
                None,
                true,
                true,
                Some("SCRAM-SHA-256 y"),
            ),
            (
                "SCRAM-SHA-1",
                Some("tls-exporter"),
                false,
                false,
                Some("SCRAM-SHA-1 n"),
            ),
            ("PLAIN", None, true, true, Some("PLAIN")),
            ("PLAIN", None, false, false, None),
            ("EXTERNAL DIGEST-MD5", None, true, true, None),
            ("", None, true, true, None),
        ] {
            let got = chosen(mechanisms, bindings, exporter, private);
            assert_eq!(got.as_deref(), expected, "{mechanisms} {bindings:?}");
        }
    }
}
