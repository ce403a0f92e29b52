//! Servers that are not what they should be, on the way into an XMPP account: nothing is said to them that they could misuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod certificates;

use std::sync::{Arc, Mutex};

use certificates::{Authority, leaf};
use im::dial::{DialError, Proxy, ProxySpeech, Roots, TlsFault};
use im::xmpp::{FrameFault, Login, LoginError, SaslFault, Security, StreamFault};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='example.test' version='1.0'>";
const STARTTLS: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
    </stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// What a server says, each time it has heard something that contains the first.
type Script = Vec<(&'static str, String)>;

fn features(inside: &str) -> String {
    format!("{HEADER}<stream:features>{inside}</stream:features>")
}

fn mechanisms(names: &[&str]) -> String {
    let names: String = names
        .iter()
        .map(|name| format!("<mechanism>{name}</mechanism>"))
        .collect();
    features(&format!(
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{names}</mechanisms>"
    ))
}

fn sasl(name: &str, text: &str) -> String {
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD.encode(text);
    format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</{name}>")
}

async fn play(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), script: &Script, heard: &Mutex<String>) {
    let mut fresh = String::new();
    for (wait, answer) in script {
        let mut buffer = [0; 4096];
        while !fresh.contains(wait) {
            let Ok(count @ 1..) = stream.read(&mut buffer).await else {
                return;
            };
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            heard.lock().unwrap().push_str(&text);
            fresh.push_str(&text);
        }
        fresh.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        let _gone = stream.flush().await;
    }
    // What comes after the script is heard as well.
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        heard
            .lock()
            .unwrap()
            .push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
}

/// A server that plays the first script in the clear, and the second inside TLS if it has a certificate.
struct Server {
    port: u16,
    heard: Arc<Mutex<String>>,
    authority: Authority,
}

impl Server {
    async fn start(in_clear: Script, certificate: Option<&[&str]>, inside: Script) -> Self {
        let authority = Authority::new();
        let acceptor = certificate.map(|names| authority.vouch("server", leaf(names)).acceptor().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(String::new()));
        let ears = Arc::clone(&heard);
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            match acceptor {
                None => play(&mut socket, &in_clear, &ears).await,
                Some(acceptor) => {
                    // The last thing that is said in the clear is that TLS begins.
                    for (wait, answer) in &in_clear {
                        let mut fresh = String::new();
                        let mut byte = [0];
                        while !fresh.contains(wait) {
                            let Ok(1) = socket.read(&mut byte).await else {
                                return;
                            };
                            fresh.push(char::from(byte[0]));
                        }
                        socket.write_all(answer.as_bytes()).await.unwrap();
                    }
                    if let Ok(mut stream) = acceptor.accept(socket).await {
                        play(&mut stream, &inside, &ears).await;
                    }
                }
            }
        });
        Self {
            port,
            heard,
            authority,
        }
    }

    fn login(&self, security: Security) -> Login {
        Login {
            server: Some(("127.0.0.1".to_owned(), Some(self.port))),
            security,
            roots: Roots::File(self.authority.root()),
            ..Login::new("example.test")
        }
    }

    async fn fault(&self, security: Security) -> LoginError {
        let password = Zeroizing::new("pencil".to_owned());
        self.login(security).log_in("user", &password).await.unwrap_err()
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

/// A server whose TLS is good, and which says this inside.
async fn inside(script: Script) -> Server {
    Server::start(Vec::new(), Some(&["example.test"]), script).await
}

#[tokio::test]
async fn a_stripped_starttls_ends_the_attempt() {
    let offers = [
        features(""),
        mechanisms(&["PLAIN", "SCRAM-SHA-1"]),
        features("<starttls xmlns='urn:else'/>"),
    ];
    for offer in offers {
        let server = Server::start(vec![("version=", offer)], None, Vec::new()).await;
        assert!(matches!(
            server.fault(Security::StartTls).await,
            LoginError::NoStartTls(_)
        ));
        assert!(
            !server.heard().contains("auth") && !server.heard().contains("user"),
            "{}",
            server.heard()
        );
    }
    let refusal = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>".to_owned();
    let script = vec![("version=", format!("{HEADER}{STARTTLS}")), ("starttls", refusal)];
    let server = Server::start(script, None, Vec::new()).await;
    assert!(matches!(
        server.fault(Security::Best).await,
        LoginError::NoStartTls(_)
    ));
}

#[tokio::test]
async fn s68_what_comes_with_the_answer_does_not_count_as_encrypted() {
    let early = format!("{PROCEED}{}", sasl("success", ""));
    let script = vec![("version=", format!("{HEADER}{STARTTLS}")), ("starttls", early)];
    let server = Server::start(script, None, Vec::new()).await;
    let fault = server.fault(Security::StartTls).await;
    assert!(
        matches!(
            &fault,
            LoginError::Stream {
                fault: StreamFault::Early,
                ..
            }
        ),
        "{fault}"
    );
}

#[tokio::test]
async fn the_certificate_is_for_the_domain_whatever_the_host() {
    let begin = || {
        vec![
            ("en'>", format!("{HEADER}{STARTTLS}")),
            ("-tls'/>", PROCEED.to_owned()),
        ]
    };
    for (names, direct) in [(["127.0.0.1"], false), (["127.0.0.1"], true)] {
        let in_clear = if direct { Vec::new() } else { begin() };
        let server = Server::start(in_clear, Some(&names), Vec::new()).await;
        let security = if direct {
            Security::Direct
        } else {
            Security::StartTls
        };
        let fault = server.fault(security).await;
        let wrong = matches!(
            &fault,
            LoginError::Dial(DialError::Tls {
                fault: TlsFault::WrongName { .. },
                ..
            })
        );
        assert!(wrong, "{fault}");
    }
    // The right one is taken, and the server has the next word.
    let server = Server::start(
        begin(),
        Some(&["example.test"]),
        vec![("version=", mechanisms(&[]))],
    )
    .await;
    assert!(matches!(
        server.fault(Security::StartTls).await,
        LoginError::Sasl {
            fault: SaslFault::NoMechanism(_),
            ..
        }
    ));
}

#[tokio::test]
async fn nobody_vouches_nobody_is_talked_to() {
    let server = inside(vec![("version=", mechanisms(&["PLAIN"]))]).await;
    let stranger = Authority::new();
    let login = Login {
        roots: Roots::File(stranger.root()),
        ..server.login(Security::Direct)
    };
    let fault = login
        .log_in("user", &Zeroizing::new("pencil".to_owned()))
        .await
        .unwrap_err();
    assert!(
        fault.to_string().contains("nobody this computer trusts vouches"),
        "{fault}"
    );
    assert_eq!(server.heard(), "");
}

#[tokio::test]
async fn without_encryption_only_on_this_computer() {
    for host in ["192.0.2.1", "xmpp.example.test"] {
        let login = Login {
            server: Some((host.to_owned(), None)),
            security: Security::None,
            ..Login::new("example.test")
        };
        assert!(
            matches!(
                login.check(),
                Err(LoginError::Dial(DialError::PasswordInClear(_)))
            ),
            "{host}"
        );
        assert!(matches!(
            login.connect().await,
            Err(LoginError::Dial(DialError::PasswordInClear(_)))
        ));
    }
    // Through a proxy even this computer is another one.
    let proxy = Some(Proxy {
        speech: ProxySpeech::Socks5,
        host: "127.0.0.1".into(),
        port: 9,
        user: None,
    });
    let login = Login {
        server: Some(("127.0.0.1".to_owned(), None)),
        security: Security::None,
        proxy,
        ..Login::new("example.test")
    };
    assert!(login.check().is_err());
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_found_out() {
    // Whatever it says, it cannot say the proof.
    let offer = || ("version=", mechanisms(&["SCRAM-SHA-1"]));
    for answer in ["v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "", "e=other-error"] {
        let server = takes_any_proof(answer).await;
        assert!(matches!(
            server.fault(Security::Direct).await,
            LoginError::Sasl {
                fault: SaslFault::NoProof,
                ..
            }
        ));
    }
    let at_once = inside(vec![offer(), ("</auth>", sasl("success", ""))]).await;
    assert!(matches!(
        at_once.fault(Security::Direct).await,
        LoginError::Sasl {
            fault: SaslFault::NoProof,
            ..
        }
    ));
    let other_nonce = inside(vec![
        offer(),
        ("</auth>", sasl("challenge", "r=abc,s=QSXCR+Q6sek8bf92,i=4096")),
    ])
    .await;
    assert!(matches!(
        other_nonce.fault(Security::Direct).await,
        LoginError::Sasl {
            fault: SaslFault::Garbled,
            ..
        }
    ));
}

/// A server that takes any proof and answers with this.
async fn takes_any_proof(last: &'static str) -> Server {
    // The nonce has to be answered, so the script is a server of its own.
    let authority = Authority::new();
    let acceptor = authority
        .vouch("server", leaf(&["example.test"]))
        .acceptor()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use base64::Engine;
        let base64 = base64::engine::general_purpose::STANDARD;
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(socket).await.unwrap();
        let heard = Mutex::new(String::new());
        let offer = mechanisms(&["SCRAM-SHA-1"]);
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0);
        stream.write_all(offer.as_bytes()).await.unwrap();
        let count = stream.read(&mut buffer).await.unwrap();
        let auth = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let data = auth
            .split('>')
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .unwrap();
        let first = String::from_utf8(base64.decode(data).unwrap()).unwrap();
        let nonce = first.split("r=").nth(1).unwrap();
        let challenge = format!("r={nonce}more,s=QSXCR+Q6sek8bf92,i=4096");
        stream
            .write_all(sasl("challenge", &challenge).as_bytes())
            .await
            .unwrap();
        let _response = stream.read(&mut buffer).await.unwrap();
        stream.write_all(sasl("success", last).as_bytes()).await.unwrap();
        play(&mut stream, &Vec::new(), &heard).await;
    });
    Server {
        port,
        heard: Arc::default(),
        authority,
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let failure = |condition: &str| {
        format!(
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/><text>so \u{1b}[31m</text></failure>"
        )
    };
    let server = inside(vec![
        ("version=", mechanisms(&["PLAIN"])),
        ("</auth>", failure("not-authorized")),
    ])
    .await;
    // A letter that XML does not carry is no refusal.
    assert!(matches!(
        server.fault(Security::Direct).await,
        LoginError::Stream { .. }
    ));
    for (condition, expected) in [
        ("not-authorized", "does not accept name and password"),
        ("account-disabled", "disabled"),
        ("temporary-auth-failure", "later"),
    ] {
        let answer = failure(condition).replace('\u{1b}', "");
        let server = inside(vec![("version=", mechanisms(&["PLAIN"])), ("</auth>", answer)]).await;
        let fault = server.fault(Security::Direct).await.to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[tokio::test]
async fn no_stream_of_a_kind_that_xmpp_forbids_is_read() {
    let bomb = "<!DOCTYPE lolz [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><stream:stream>";
    let long = format!("{HEADER}<stream:features>{}", "a".repeat(2 * 1024 * 1024));
    let deep = format!("{HEADER}{}", "<a>".repeat(1000));
    for hostile in [
        bomb,
        &format!("{HEADER}<a>&bomb;</a>"),
        &format!("{HEADER}<?xml-stylesheet?>"),
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        &deep,
        &long,
        &format!("{HEADER}</stream:stream>"),
    ] {
        let server = inside(vec![("version=", hostile.to_owned())]).await;
        let fault = server.fault(Security::Direct).await;
        assert!(matches!(&fault, LoginError::Stream { .. }), "{fault}");
        assert!(!server.heard().contains("auth"));
    }
    let server = inside(vec![("version=", long)]).await;
    let fault = server.fault(Security::Direct).await;
    let too_long = matches!(
        &fault,
        LoginError::Stream {
            fault: StreamFault::Frame(FrameFault::TooLong(_)),
            ..
        }
    );
    assert!(too_long, "{fault}");
}

#[tokio::test]
async fn s71_with_a_proxy_the_domain_goes_to_it_as_it_is() {
    // The proxy hears the name, which no name system could know.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = [0; 3];
        socket.read_exact(&mut hello).await.unwrap();
        socket.write_all(&[5, 0]).await.unwrap();
        let mut request = vec![0; 64];
        let count = socket.read(&mut request).await.unwrap();
        request[..count].to_vec()
    });
    let proxy = Some(Proxy {
        speech: ProxySpeech::Socks5,
        host: "127.0.0.1".into(),
        port,
        user: None,
    });
    let login = Login {
        proxy,
        ..Login::new("secret.invalid")
    };
    assert!(login.connect().await.is_err());
    let mut expected = vec![5, 1, 0, 3, 14];
    expected.extend_from_slice(b"secret.invalid");
    expected.extend_from_slice(&5222_u16.to_be_bytes());
    assert_eq!(asked.await.unwrap(), expected);
}
