//! A link to a server at the terminal, without any privacy: one fact a line out, one line a text in.
//!
//! ```text
//! talk HOST PORT NICK [roots=FILE] [name=NAME] [chain=FILE key=FILE] [account=NAME password=FILE] [proxy=HOST:PORT]
//!      [pass=FILE]
//! ```
//!
//! `NICK words` speaks to somebody, `/LINE` is sent as it is. It is for looking at servers, and for `interop/irc-servers`.

use std::error::Error;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;

use im::dial::{ClientCertificate, Dial, Proxy, ProxySpeech, Roots, Tls};
use im::irc::{Config, Event, IrcLine, Pacing, Sasl};
use im::link::Link;
use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match talk(std::env::args().skip(1).collect()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            println!("failed {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn talk(arguments: Vec<String>) -> Result<(), Box<dyn Error>> {
    let [host, port, nick, rest @ ..] = &arguments[..] else {
        return Err("HOST PORT NICK".into());
    };
    let named = |name: &str| {
        rest.iter()
            .find_map(|word| word.strip_prefix(&format!("{name}=")))
    };
    let secret = |name: &str| named(name).map(first_line).transpose();
    let mut config = Config::new(nick.as_bytes());
    config.password = secret("pass")?;
    let certificate = match (named("chain"), named("key")) {
        (Some(chain), Some(key)) => Some(ClientCertificate {
            chain: chain.into(),
            key: key.into(),
        }),
        _ => None,
    };
    config.sasl = match (named("account"), secret("password")?) {
        (Some(account), Some(password)) => Some(Sasl::Plain {
            account: account.into(),
            password: password.into(),
        }),
        _ => certificate.as_ref().map(|_| Sasl::External),
    };
    let tls = named("roots").map(|roots| Tls {
        roots: Roots::File(PathBuf::from(roots)),
        certificate,
        server_name: named("name").map(str::to_owned),
    });
    let proxy = match named("proxy").and_then(|proxy| proxy.rsplit_once(':')) {
        Some((host, port)) => Some(Proxy {
            speech: ProxySpeech::Socks5,
            host: host.to_owned(),
            port: port.parse()?,
            user: None,
        }),
        None => None,
    };
    let dial = Dial {
        host: host.clone(),
        port: port.parse()?,
        tls,
        proxy,
    };
    let mut link = dial.connect(config, Pacing::default()).await?;
    let mut input = standard_input();
    loop {
        tokio::select! {
            event = link.next() => match event {
                Some(event) => tell(&event, &link),
                None => return Ok(()),
            },
            line = input.recv() => match line {
                Some(line) => say(&line, &link),
                None => {
                    link.close(b"", std::time::Duration::from_secs(3)).await;
                    return Ok(());
                }
            },
        }
    }
}

fn tell(event: &Event, link: &Link) {
    match event {
        Event::Registered { nick } => {
            let names: Vec<_> = link.client().capabilities().map(|one| one.name()).collect();
            println!("registered {nick} {}", names.join(","));
        }
        Event::Message(said) => println!(
            "message kind={:?} history={} account={} from={} target={} text={}",
            said.kind,
            said.history,
            shown(said.account.as_deref().unwrap_or(b"-")),
            said.from.nick,
            shown(&said.target),
            shown(&said.text),
        ),
        Event::LoggedIn { account } => println!("logged-in {}", shown(account)),
        Event::SaslFailed(fault) => println!("sasl-failed {fault}"),
        Event::Disconnected { reason } => println!("disconnected {reason:?}"),
        Event::Numeric { code, .. } => println!("numeric {code}"),
        other => println!("event {other:?}"),
    }
}

fn say(line: &str, link: &Link) {
    let sent = match (line.strip_prefix('/'), line.split_once(' ')) {
        (Some(raw), _) => IrcLine::new(raw)
            .map_err(|fault| fault.to_string())
            .and_then(|line| link.send(line).map_err(|fault| fault.to_string())),
        (None, Some((nick, words))) => link
            .privmsg(nick.as_bytes(), words.as_bytes())
            .map_err(|fault| fault.to_string()),
        (None, None) => Err("NICK words, or /LINE".to_owned()),
    };
    if let Err(fault) = sent {
        println!("not-sent {fault}");
    }
}

fn first_line(path: &str) -> std::io::Result<Vec<u8>> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().next().unwrap_or_default().as_bytes().to_vec())
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn standard_input() -> mpsc::Receiver<String> {
    let (lines, input) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    input
}
