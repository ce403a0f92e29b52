//! `chatham chat`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Args, ValueEnum};
use im::xmpp::Security;

use super::proxy_text::{ProxyText, proxy};
use crate::chat::arrival::open_store;
use crate::chat::{self, standard_input};
use crate::config::place::{LOCAL, host_and_port};
use crate::config::profile::{self, Mechanism, Server, Xmpp};
use crate::config::{Complaint, Form, Origin, Profile, Request, Resolved, Setting, check};
use crate::{sanitize, tui};

/// What can be typed behind `chatham chat`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("where").multiple(false),
    after_help = "`chatham chat --help` has examples. `chatham config init` writes a commented configuration.",
    after_long_help = EXAMPLES
)]
pub struct Chat {
    /// A profile of the configuration: who you are on one network, and whose key you have
    #[arg(long, value_name = "NAME", help_heading = WHO)]
    profile: Option<String>,
    /// Your nick [default: that of the profile, else the name of your account on this computer]
    #[arg(long, help_heading = WHO)]
    nick: Option<String>,
    /// With whom to talk at first
    #[arg(long, value_name = "NICK", help_heading = WHO)]
    peer: Option<String>,
    #[command(flatten)]
    place: PlaceOptions,
    #[command(flatten)]
    account: AccountOptions,
    #[command(flatten)]
    form: FormOptions,
    /// Where keys and trust are kept [default: $CHATHAM_DATA, $XDG_DATA_HOME/chatham or ~/.local/share/chatham]
    #[arg(long, value_name = "DIR", help_heading = FILES)]
    data: Option<PathBuf>,
    /// The configuration [default: $CHATHAM_CONFIG, $XDG_CONFIG_HOME/chatham/config.toml or ~/.config/chatham/config.toml]
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    config: Option<PathBuf>,
    /// The pass phrase of the store is the first line of this file
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    passphrase_file: Option<PathBuf>,
    /// Look at everything, explain what is wrong, and connect to nobody
    #[arg(long, conflicts_with = "qr_png", help_heading = FILES)]
    check: bool,
}

#[derive(Debug, Args)]
struct PlaceOptions {
    /// An IRC server; encrypted on port 6697 unless it is this computer or --no-tls is said
    #[arg(long, value_name = "HOST[:PORT]", value_parser = host_and_port, group = "where", help_heading = WHERE)]
    server: Option<(String, Option<u16>)>,
    /// The relay of this computer, started if it is not there; on another port than 16667 if it is named
    #[arg(long, value_name = "PORT", group = "where", num_args = 0..=1,
          default_missing_value = "16667", value_parser = clap::value_parser!(u16).range(1..), help_heading = WHERE)]
    local: Option<u16>,
    /// An XMPP account; its server is found by the address, and always encrypted
    #[arg(long, value_name = "NAME@DOMAIN", group = "where", help_heading = WHERE)]
    xmpp: Option<String>,
    /// The host of the XMPP server, if it is not the one that the address leads to
    #[arg(long, value_name = "HOST[:PORT]", value_parser = host_and_port, help_heading = WHERE)]
    xmpp_host: Option<(String, Option<u16>)>,
    /// How XMPP is encrypted: as the domain says, from the first byte, or after a greeting [default: best]
    #[arg(long, value_name = "HOW", help_heading = WHERE)]
    xmpp_tls: Option<XmppTls>,
    /// Encrypt the connection (the default, but for this computer)
    #[arg(long, conflicts_with = "no_tls", action = ArgAction::SetTrue, help_heading = WHERE)]
    tls: bool,
    /// Do not encrypt the connection (of XMPP only to a server of this computer): everybody on the way sees with whom you talk
    #[arg(long, help_heading = WHERE)]
    no_tls: bool,
    /// Certificates (PEM) that may vouch for the server, instead of those of the system
    #[arg(long, value_name = "FILE", help_heading = WHERE)]
    tls_roots: Option<PathBuf>,
    /// Go through this proxy (socks5:// or http://), which looks names up, too; a password here is seen by whoever
    /// lists processes
    #[arg(long, value_name = "socks5://[USER[:PASSWORD]@]HOST:PORT", value_parser = proxy, help_heading = WHERE)]
    proxy: Option<ProxyText>,
    /// The proxy's password is the first line of this file
    #[arg(long, value_name = "FILE", requires = "proxy", help_heading = WHERE)]
    proxy_password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct AccountOptions {
    /// Prove to the network that an account is yours: by its password, or by your certificate
    #[arg(long, value_name = "HOW", help_heading = ACCOUNT)]
    sasl: Option<How>,
    /// The account [default: your nick]
    #[arg(long, value_name = "NAME", help_heading = ACCOUNT)]
    sasl_account: Option<String>,
    /// The account's password is the first line of this file
    #[arg(long, value_name = "FILE", help_heading = ACCOUNT)]
    sasl_password_file: Option<PathBuf>,
    /// Your certificate (PEM), which the server is shown
    #[arg(long, value_name = "FILE", help_heading = ACCOUNT)]
    tls_cert: Option<PathBuf>,
    /// Its private key (PEM) [default: in the same file]
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = ACCOUNT)]
    tls_key: Option<PathBuf>,
    /// The password of the server itself, or of the XMPP account, is the first line of this file
    #[arg(long, value_name = "FILE", help_heading = ACCOUNT)]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct FormOptions {
    /// Lines in, lines out, for pipes and simple terminals
    #[arg(long, help_heading = FORM)]
    plain: bool,
    /// With --plain: one JSON object a line for everything that happens, and for what you do if you like
    #[arg(long, help_heading = FORM)]
    json: bool,
    /// No colours, as if NO_COLOR were set
    #[arg(long, help_heading = FORM)]
    no_color: bool,
    /// Write your fingerprint as a QR code into this picture, and end
    #[arg(long, value_name = "FILE", help_heading = FORM)]
    qr_png: Option<PathBuf>,
}

/// The two ways to prove an account.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum How {
    /// By the account's password, inside the encrypted connection.
    Plain,
    /// By your certificate.
    External,
}

/// How an XMPP connection is encrypted.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum XmppTls {
    /// As the domain says.
    Best,
    /// From the first byte.
    Direct,
    /// After a greeting in the clear.
    Starttls,
}

impl Chat {
    /// Talks.
    pub fn run(self) -> ExitCode {
        let refused = self.form.refused(self.check);
        let (check, json, qr) = (self.check, self.form.json, self.form.qr_png.clone());
        let about_connection = self.about_connection();
        let request = self.request();
        if let Some(complaint) = refused {
            return complain(&[complaint]);
        }
        if check {
            return print(&check::look(request), json);
        }
        if qr.is_none()
            && let Some(attachment) = request.attachment()
        {
            return super::attach::run(&attachment, about_connection);
        }
        let mut resolved = match request.for_a_picture(qr.is_some()).resolve() {
            Ok(resolved) => resolved,
            Err(complaints) => {
                // Whoever reads objects learns of it there, too.
                if json {
                    let objects = complaints.iter().map(Complaint::json);
                    objects.for_each(|object| println!("{}", sanitize::json(&object.to_string())));
                }
                return complain(&complaints);
            }
        };
        if let Some(picture) = qr {
            return super::qr::write(&resolved, &picture);
        }
        if let Err(error) = resolved.ask_password() {
            return super::complain(error);
        }
        match resolved.form {
            Form::Screen => show(&resolved),
            Form::Plain | Form::Json => talk(&resolved),
        }
    }

    /// An option that says how to connect, and as whom, if there is one.
    fn about_connection(&self) -> Option<&'static str> {
        let (place, account) = (&self.place, &self.account);
        let options = [
            ("--server", place.server.is_some()),
            ("--local", place.local.is_some()),
            ("--xmpp", place.xmpp.is_some()),
            ("--xmpp-host", place.xmpp_host.is_some()),
            ("--xmpp-tls", place.xmpp_tls.is_some()),
            ("--tls", place.tls),
            ("--no-tls", place.no_tls),
            ("--tls-roots", place.tls_roots.is_some()),
            ("--proxy", place.proxy.is_some()),
            ("--proxy-password-file", place.proxy_password_file.is_some()),
            ("--sasl", account.sasl.is_some()),
            ("--sasl-account", account.sasl_account.is_some()),
            ("--sasl-password-file", account.sasl_password_file.is_some()),
            ("--tls-cert", account.tls_cert.is_some()),
            ("--tls-key", account.tls_key.is_some()),
            ("--password-file", account.password_file.is_some()),
            ("--nick", self.nick.is_some()),
        ];
        options.into_iter().find(|(_, said)| *said).map(|(name, _)| name)
    }

    fn request(self) -> Request {
        let (place, account, form) = (self.place, self.account, self.form);
        let password_file = place.proxy_password_file;
        let proxy = place.proxy.map(|proxy| proxy.settings(password_file));
        let tls = match (place.tls, place.no_tls) {
            (true, _) => Some(Setting::option(true, "--tls")),
            (_, true) => Some(Setting::option(false, "--no-tls")),
            _ => None,
        };
        let (host, port) = place
            .server
            .map_or((None, None), |(host, port)| (Some(host), port));
        let server = Server {
            local: option(place.local, "--local"),
            host: option(host, "--server"),
            port: option(port, "--server"),
            tls,
            roots: option(place.tls_roots, "--tls-roots"),
            name: None,
            certificate: option(account.tls_cert, "--tls-cert"),
            key: option(account.tls_key, "--tls-key"),
            password_file: option(account.password_file, "--password-file"),
        };
        let (xmpp_host, xmpp_port) = place
            .xmpp_host
            .map_or((None, None), |(host, port)| (Some(host), port));
        let security = place.xmpp_tls.map(|how| match how {
            XmppTls::Best => Security::Best,
            XmppTls::Direct => Security::Direct,
            XmppTls::Starttls => Security::StartTls,
        });
        let xmpp = Xmpp {
            jid: option(place.xmpp, "--xmpp"),
            host: option(xmpp_host, "--xmpp-host"),
            port: option(xmpp_port, "--xmpp-host"),
            security: option(security, "--xmpp-tls"),
            ..Xmpp::default()
        };
        let mechanism = account.sasl.map(|how| match how {
            How::Plain => Mechanism::Plain,
            How::External => Mechanism::External,
        });
        Request {
            config: self.config,
            profile: self.profile,
            data: self.data,
            passphrase_file: self.passphrase_file,
            form: form.form(),
            no_color: form.no_color,
            settings: Profile {
                nick: option(self.nick, "--nick"),
                peer: option(self.peer, "--peer"),
                server,
                sasl: profile::Sasl {
                    mechanism: option(mechanism, "--sasl"),
                    account: option(account.sasl_account, "--sasl-account"),
                    password_file: option(account.sasl_password_file, "--sasl-password-file"),
                },
                xmpp,
                proxy: proxy.unwrap_or_default(),
                ..Profile::default()
            },
        }
    }
}

impl FormOptions {
    fn form(&self) -> Form {
        match (self.plain, self.json) {
            (_, true) => Form::Json,
            (true, false) => Form::Plain,
            (false, false) => Form::Screen,
        }
    }

    fn refused(&self, check: bool) -> Option<Complaint> {
        let stray = self.json && !self.plain && !check;
        stray.then(|| {
            let what = "JSON is a form of the plain client, not of the full screen";
            Complaint::new(Origin::Option("--json"), what).remedy("say --plain --json")
        })
    }
}

pub(super) fn option<T>(value: Option<T>, name: &'static str) -> Option<Setting<T>> {
    value.map(|value| Setting::option(value, name))
}

fn talk(resolved: &Resolved) -> ExitCode {
    if resolved.form == Form::Plain {
        for warning in &resolved.warnings {
            eprintln!("{warning}");
        }
    }
    let store = match open_store(resolved) {
        Ok(store) => store,
        Err(error) => return super::complain(error),
    };
    let talk = async {
        let mut out = io::stdout().lock();
        chat::plain::run(resolved, store, standard_input(), &mut out).await
    };
    super::in_runtime(talk, |wished| {
        if wished {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    })
}

fn show(resolved: &Resolved) -> ExitCode {
    let store = match open_store(resolved) {
        Ok(store) => store,
        Err(error) => return super::complain(error),
    };
    super::in_runtime(tui::run(resolved, store), |_| ExitCode::SUCCESS)
}

/// Every fault, one below the other.
pub(super) fn complain(complaints: &[Complaint]) -> ExitCode {
    for complaint in complaints {
        eprintln!("{complaint}");
    }
    ExitCode::FAILURE
}

pub(super) fn print(report: &check::Report, json: bool) -> ExitCode {
    let mut out = io::stdout().lock();
    let lines = if json { report.objects() } else { report.lines() };
    let lines = lines
        .into_iter()
        .map(|line| if json { sanitize::json(&line) } else { line });
    let written = lines.into_iter().try_for_each(|line| writeln!(out, "{line}"));
    match written {
        Ok(()) if report.is_good() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => super::complain(error),
    }
}

const WHO: &str = "Who";
const WHERE: &str = "Where";
const ACCOUNT: &str = "Account";
const FORM: &str = "Form";
const FILES: &str = "Files";

const _: () = assert!(LOCAL == 16667, "the help names this port");

// Paragraphs are one line each: the terminal decides where they break.
const EXAMPLES: &str = "\
Examples:
  chatham chat --local --nick alice
      try it out: the relay of this computer is an ordinary IRC server on
      127.0.0.1:16667, which any IRC client can join
  chatham chat --server irc.example --nick alice --peer bob
      an IRC network, encrypted, on port 6697
  chatham chat --server irc.example --sasl plain --sasl-password-file FILE
      the same, proving that the account is yours
  chatham chat --xmpp alice@example.org --peer bob@example.net
      an XMPP account; the password is asked for, or --password-file FILE
  chatham chat --server abcdef.onion --proxy socks5://127.0.0.1:9050
      through Tor; no name is looked up on the way
  chatham chat --profile work
      what stands in the configuration under [profile.work]
  chatham chat --profile work --check
      what is wrong with it, line by line

While `chatham proxy` runs with the same keys, `chatham chat` alone talks through it, beside the client that is connected there.

The first program that needs the relay of --local runs it; when that one ends, another one that is there takes it over.

The command line wins over the profile, and the profile over what the configuration says for everybody. A server \
named here gets none of the profile's passwords. Nothing that is said is written to a file.

Exit code 0: you ended it. 1: it could not begin, or the connection ended. 2: the command line cannot be followed.";
