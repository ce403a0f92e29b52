//! `chatham proxy`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Args, Subcommand};

use super::chat::{complain, option, print};
use super::proxy_setup::Setup;
use super::proxy_text::{ProxyText, proxy};
use crate::chat::arrival::open_store;
use crate::chat::remark::Remark;
use crate::config::place::host_and_port;
use crate::config::profile::{Profile, Server};
use crate::config::proxy::{Plan, ProxyRequest};
use crate::config::proxy_check::look;
use crate::config::{Request, Setting, default_path, write_example};
use crate::proxy::{Running, setup};
use crate::sanitize;

/// What can be typed behind `chatham proxy`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "`chatham proxy --help` has examples. `chatham config init` writes a commented configuration.",
    after_long_help = EXAMPLES
)]
pub struct Proxy {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the exact steps by which a client is set up
    Setup(Box<Setup>),
    /// Print a unit by which systemd runs the proxy for you: put it into ~/.config/systemd/user/chatham-proxy.service
    Unit,
}

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where clients find the proxy: a port of this computer, and of no other [default: 127.0.0.1:16697]
    #[arg(long, value_name = "[HOST:]PORT", help_heading = WHERE)]
    listen: Option<String>,
    /// A port for clients that speak SOCKS5 and name the server themselves
    #[arg(long, value_name = "[HOST:]PORT", help_heading = WHERE)]
    socks5: Option<String>,
    /// A port for clients that speak HTTP CONNECT and name the server themselves
    #[arg(long, value_name = "[HOST:]PORT", help_heading = WHERE)]
    http: Option<String>,
    /// The IRC server; encrypted on port 6697 unless it is this computer or --no-tls is said
    #[arg(long, value_name = "HOST[:PORT]", value_parser = host_and_port, help_heading = WHERE)]
    upstream: Option<(String, Option<u16>)>,
    /// Encrypt the connection to the server (the default, but for this computer)
    #[arg(long, conflicts_with = "no_tls", action = ArgAction::SetTrue, help_heading = WHERE)]
    tls: bool,
    /// Do not encrypt the connection to the server
    #[arg(long, help_heading = WHERE)]
    no_tls: bool,
    /// Certificates (PEM) that may vouch for the server, instead of those of the system
    #[arg(long, value_name = "FILE", help_heading = WHERE)]
    tls_roots: Option<PathBuf>,
    /// Go to the server through this proxy (socks5:// or http://), which looks names up, too
    #[arg(long, value_name = "socks5://[USER[:PASSWORD]@]HOST:PORT", value_parser = proxy, help_heading = WHERE)]
    proxy: Option<ProxyText>,
    /// That proxy's password is the first line of this file
    #[arg(long, value_name = "FILE", requires = "proxy", help_heading = WHERE)]
    proxy_password_file: Option<PathBuf>,
    /// A profile of the configuration: whose key it is, which server, by which rules
    #[arg(long, value_name = "NAME", help_heading = FILES)]
    profile: Option<String>,
    /// Where keys, trust and the proxy's password are kept [default: $CHATHAM_DATA, $XDG_DATA_HOME/chatham or
    /// ~/.local/share/chatham]
    #[arg(long, value_name = "DIR", help_heading = FILES)]
    data: Option<PathBuf>,
    /// The configuration [default: $CHATHAM_CONFIG, $XDG_CONFIG_HOME/chatham/config.toml or ~/.config/chatham/config.toml]
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    config: Option<PathBuf>,
    /// The pass phrase of the store is the first line of this file
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    passphrase_file: Option<PathBuf>,
    /// One JSON object a line for everything that is said
    #[arg(long, help_heading = FILES)]
    pub(super) json: bool,
    /// Look at everything, explain what is wrong, and listen nowhere
    #[arg(long, help_heading = FILES)]
    check: bool,
}

impl Proxy {
    /// Does it.
    pub fn run(self) -> ExitCode {
        match self.action {
            Some(Action::Setup(setup)) => setup.run(),
            Some(Action::Unit) => match std::env::current_exe() {
                Ok(program) => {
                    print!("{}", setup::unit(&program.to_string_lossy()));
                    ExitCode::SUCCESS
                }
                Err(fault) => super::complain(fault),
            },
            None => self.serve.run(),
        }
    }
}

impl Serve {
    fn run(self) -> ExitCode {
        let (check, json) = (self.check, self.json);
        let request = self.request();
        if check {
            return print(&look(&request), json);
        }
        if let Some(written) = first_start(&request) {
            eprintln!("{written}");
            return ExitCode::FAILURE;
        }
        let plan = match request.resolve() {
            Ok(plan) => plan,
            Err(complaints) => return complain(&complaints),
        };
        for warning in &plan.warnings {
            eprintln!("{warning}");
        }
        super::in_runtime(serve(plan, json), |()| ExitCode::SUCCESS)
    }

    pub(super) fn request(self) -> ProxyRequest {
        let password_file = self.proxy_password_file;
        let way = self.proxy.map(|proxy| proxy.settings(password_file));
        let tls = match (self.tls, self.no_tls) {
            (true, _) => Some(Setting::option(true, "--tls")),
            (_, true) => Some(Setting::option(false, "--no-tls")),
            _ => None,
        };
        let (host, port) = self
            .upstream
            .map_or((None, None), |(host, port)| (Some(host), port));
        let server = Server {
            host: option(host, "--upstream"),
            port: option(port, "--upstream"),
            tls,
            roots: option(self.tls_roots, "--tls-roots"),
            ..Server::default()
        };
        ProxyRequest {
            common: Request {
                config: self.config,
                profile: self.profile,
                data: self.data,
                passphrase_file: self.passphrase_file,
                settings: Profile {
                    server,
                    proxy: way.unwrap_or_default(),
                    ..Profile::default()
                },
                ..Request::default()
            },
            listen: option(self.listen, "--listen"),
            socks5: option(self.socks5, "--socks5"),
            http: option(self.http, "--http"),
        }
    }
}

/// Writes the commented configuration where it belongs, if there is none and nobody has named a place or a server.
fn first_start(request: &ProxyRequest) -> Option<String> {
    let named = request.common.config.is_some() || std::env::var_os("CHATHAM_CONFIG").is_some();
    if named || request.is_settled_here() {
        return None;
    }
    let path = default_path().filter(|path| !path.exists())?;
    write_example(&path).ok()?;
    let path = sanitize::one_line(path.to_string_lossy().as_bytes());
    Some(format!(
        "{path} is written; every line of it is explained there.\n\
         Say in it, under [profile.default.server], the `host` to which the proxy is to lead, or open [proxy.xmpp.home] for\n\
         an account of XMPP, and start again;\n\
         `chatham proxy --check` tells whether all is well. Or name it here: chatham proxy --upstream HOST"
    ))
}

/// Runs until somebody ends it.
async fn serve(plan: Plan, json: bool) -> io::Result<()> {
    let mut doors = plan.doors.iter().map(|door| &door.resolved);
    let Some(resolved) = doors
        .next()
        .or_else(|| plan.xmpp.first().map(|door| &door.resolved))
    else {
        return Ok(());
    };
    let store = open_store(resolved)?;
    let mut tell = |remark: Remark| {
        let mut out = io::stdout().lock();
        if json {
            writeln!(out, "{}", sanitize::json(&remark.value().to_string()))?;
        } else {
            writeln!(out, "{remark}")?;
        }
        out.flush()
    };
    let running = Running::start(&plan, store, &mut tell).await?;
    ended().await?;
    running.end().await;
    Ok(())
}

/// Waits for an interrupt, or for the word of whoever supervises us.
async fn ended() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

const WHERE: &str = "Where";
const FILES: &str = "Files";

// Paragraphs are one line each: the terminal decides where they break.
const EXAMPLES: &str = "\
Examples:
  chatham proxy --upstream irc.example
      clients connect to 127.0.0.1:16697, and reach irc.example, encrypted
  chatham proxy setup irssi --upstream irc.example
      what to type in irssi for that
  chatham proxy setup gajim
      what to click in Gajim for each account of the configuration: [proxy.xmpp.NAME]
  chatham proxy
      every door of the configuration: [proxy.irc.NAME], [proxy.xmpp.NAME]
  chatham proxy --upstream irc.example --socks5 11080
      clients that speak SOCKS5 find irc.example through port 11080, too
  chatham proxy unit > ~/.config/systemd/user/chatham-proxy.service
      then: systemctl --user enable --now chatham-proxy
  chatham proxy --check
      what is wrong with it, line by line

The client says the proxy's password, which is made at the first start, as the password of the server. Everything passes as \
it is, but messages between people: with whoever speaks OTR they can be private, and where privacy is required nothing goes \
in the clear. The proxy speaks as *chatham; type \"!otr help\" to anybody, or \"help\" to it.

Exit code 0: you ended it. 1: it could not begin. 2: the command line cannot be followed.";
