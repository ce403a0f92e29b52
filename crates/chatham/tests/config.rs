//! The configuration: what it means, and what is said about a fault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use chatham::config::{
    Complaint, Configuration, EXAMPLE, Origin, Place, Profile, Request, Resolved, Rules, Setting,
};
use im::dial::ProxySpeech;
use im::irc::{Pacing, Sasl};
use otr::{Policy, Version};

/// A configuration in a folder of its own, and what a request makes of it.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> &Self {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("config.toml")
    }

    fn resolve(&self, text: &str, mut request: Request) -> Result<Resolved, Vec<Complaint>> {
        let configuration = Configuration::parse(self.path(), text)?;
        request.data = Some(self.folder.path().join("data"));
        request.settings.nick = request
            .settings
            .nick
            .or_else(|| Some(Setting::option("me".to_owned(), "--nick")));
        request.over(&configuration)
    }

    fn refusal(&self, text: &str, request: Request) -> Vec<String> {
        let complaints = self.resolve(text, request).expect_err(text);
        complaints
            .iter()
            .filter(|complaint| !complaint.warning)
            .map(ToString::to_string)
            .collect()
    }
}

fn faults(text: &str) -> Vec<(usize, String)> {
    let complaints = Configuration::parse("c.toml", text).expect_err(text);
    let line = |complaint: Complaint| {
        let line = complaint.json()["line"].as_u64().unwrap_or(0);
        (usize::try_from(line).unwrap(), complaint.to_string())
    };
    complaints.into_iter().map(line).collect()
}

fn at(host: &str) -> Request {
    let server = chatham::config::profile::Server {
        host: Some(Setting::option(host.to_owned(), "--server")),
        ..Default::default()
    };
    Request {
        settings: Profile {
            server,
            ..Profile::default()
        },
        ..Request::default()
    }
}

#[test]
fn every_fault_is_told_at_once_with_its_line_and_a_remedy() {
    let text = "\
default-profile = 1
[ui]
color = \"never\"
colour = \"never\"
marks = \"asci\"
[profile.work]
nikc = \"alice\"
[profile.work.server]
port = 70000
tls = \"yes\"
[profile.work.person.bob]
mode = \"allways\"
zebra = 1
[polcy]
";
    let found = faults(text);
    let expected = [
        (1, "`default-profile` is a number", "has to be a text in quotes"),
        (4, "no setting `colour` in [ui]", "did you mean `color`?"),
        (5, "`marks` cannot be \"asci\"", "did you mean `ascii`?"),
        (7, "no setting `nikc` in [profile.work]", "did you mean `nick`?"),
        (9, "`port` cannot be 70000", "a whole number from 1 to 65535"),
        (10, "`tls` is a text in quotes", "true or false, without quotes"),
        (12, "`mode` cannot be \"allways\"", "did you mean `always`?"),
        (
            13,
            "no setting `zebra` in [profile.work.person.bob]",
            "there are: mode, ",
        ),
        (
            14,
            "no setting `polcy` at the top of the file",
            "did you mean `policy`?",
        ),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((line, words), (expected, what, remedy)) in found.iter().zip(expected) {
        assert_eq!(*line, expected, "{words}");
        assert!(words.contains(what) && words.contains(remedy), "{words}");
        assert!(words.contains(&format!("c.toml:{line}:")), "{words}");
        assert!(words.contains(text.lines().nth(line - 1).unwrap()), "{words}");
    }
}

#[test]
fn faults_of_the_grammar_have_a_line_too() {
    for (text, line) in [
        ("a = \n", 1),
        ("[ui]\ncolor = never\n", 2),
        ("x\n", 1),
        ("[ui]\n[ui]\n", 2),
        ("a = \"b\n", 1),
    ] {
        let found = faults(text);
        assert_eq!(found[0].0, line, "{found:?}");
        assert!(found[0].1.contains("no TOML"), "{found:?}");
    }
}

#[test]
fn no_text_makes_the_reader_fail_in_another_way() {
    let full = uncommented();
    let step = full.len() / 300 + 1;
    for at in (0..full.len())
        .step_by(step)
        .filter(|at| full.is_char_boundary(*at))
    {
        let (head, tail) = full.split_at(at);
        for wrong in [
            head.to_owned(),
            format!("{head}\u{1b}{tail}"),
            format!("{head}]{tail}"),
            format!("{head} = {tail}"),
        ] {
            if let Err(complaints) = Configuration::parse("c", wrong) {
                assert!(
                    complaints
                        .iter()
                        .all(|complaint| !complaint.to_string().contains('\u{1b}'))
                );
            }
        }
    }
    let deep = "a=".to_owned() + &"[".repeat(100_000);
    assert!(Configuration::parse("c", deep).is_err());
}

#[test]
fn the_commented_example_says_what_holds_without_it() {
    let empty = Configuration::parse("c", "").unwrap();
    let commented = Configuration::parse("c", EXAMPLE).unwrap();
    assert_eq!(commented.rules, empty.rules);
    assert!(commented.profile.is_none() && commented.data.is_none() && commented.color.is_none());

    let full = Configuration::parse("c", uncommented()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let profile = &full.profiles["default"];
    let policy = Policy::default().with_v4(true);
    assert_eq!(Rules::policy(&[&full.rules]), policy);
    assert_eq!(
        Rules::policy(&[&full.rules, &profile.rules, &profile.people["bob"]]),
        policy
    );
    let flags = [
        (&full.rules.require_encryption, policy.require_encryption),
        (&full.rules.send_tag, policy.send_tag),
        (&full.rules.tag_starts, policy.tag_starts),
        (&full.rules.error_starts, policy.error_starts),
        (&full.rules.answer_strangers, false),
    ];
    for (said, holds) in flags {
        assert_eq!(said.as_ref().unwrap().value, holds);
    }
    assert_eq!(full.profile.unwrap().value, chatham::vault::DEFAULT_PROFILE);
    assert_eq!(full.color.unwrap().value, chatham::config::Color::default());
    assert_eq!(full.marks.unwrap().value, chatham::config::Marks::default());
    let pacing = Pacing::default();
    assert_eq!(profile.burst.as_ref().unwrap().value, pacing.burst);
    let interval = Duration::from_millis(u64::from(profile.interval.as_ref().unwrap().value));
    assert_eq!(interval, pacing.interval);
    assert_eq!(
        profile.server.local.as_ref().unwrap().value,
        chatham::config::place::LOCAL
    );
}

#[test]
fn the_command_line_wins_over_the_profile_and_the_profile_over_the_rest() {
    let desk = Desk::new();
    let text = "
default-profile = 'work'
[policy]
padding = 0
[profile.work]
nick = 'alice'
peer = 'bob'
[profile.work.server]
host = 'irc.example'
[profile.work.policy]
mode = 'manual'
[profile.work.person.Carol]
mode = 'always'
minimum-version = 3
[profile.home]
nick = 'al'
server.local = 7000
";
    let work = desk
        .resolve(
            text,
            Request {
                profile: None,
                ..Request::default()
            },
        )
        .unwrap();
    assert_eq!(
        (work.profile.as_str(), work.peer.as_deref()),
        ("work", Some("bob"))
    );
    let Place::Server(dial) = &work.place else {
        panic!()
    };
    assert_eq!(
        (dial.host.as_str(), dial.port, dial.tls.is_some()),
        ("irc.example", 6697, true)
    );
    assert_eq!(
        work.policy,
        Policy {
            padding_bucket: 0,
            ..Policy::manual().with_v4(true)
        }
    );
    let (nick, carol) = &work.people[0];
    assert_eq!(
        (nick.as_str(), carol.minimum_version),
        ("Carol", Some(Version::V3))
    );
    assert!(carol.require_encryption && carol.padding_bucket == 0);

    let home = desk
        .resolve(
            text,
            Request {
                profile: Some("HOME".into()),
                ..Request::default()
            },
        )
        .unwrap();
    assert_eq!(home.place, Place::Local(7000));
    let elsewhere = desk.resolve(text, at("other.example")).unwrap();
    let Place::Server(dial) = &elsewhere.place else {
        panic!()
    };
    assert_eq!(
        (dial.host.as_str(), elsewhere.nick().as_str()),
        ("other.example", "me")
    );
}

#[test]
fn passwords_go_to_the_server_they_were_meant_for_and_to_no_other() {
    let desk = Desk::new();
    desk.file("secret", "owl\nmore\n", 0o600);
    let text = "
[profile.default.server]
host = 'irc.example'
password-file = 'secret'
[profile.default.sasl]
account = 'alice'
password-file = 'secret'
[profile.default.proxy]
socks5 = '127.0.0.1:9050'
user = 'me'
password-file = 'secret'
";
    let resolved = desk.resolve(text, Request::default()).unwrap();
    assert_eq!(resolved.registration.password.as_deref(), Some(&b"owl"[..]));
    let Some(Sasl::Plain { account, password }) = &resolved.registration.sasl else {
        panic!()
    };
    assert_eq!((&account[..], &password[..]), (&b"alice"[..], &b"owl"[..]));
    let shown = format!("{resolved:?}");
    assert!(
        !shown.contains("owl") && !shown.contains("111, 119, 108"),
        "{shown}"
    );

    let other = desk.resolve(text, at("other.example")).unwrap();
    assert!(other.registration.password.is_none() && other.registration.sasl.is_none());
    let Place::Server(dial) = other.place else {
        panic!()
    };
    assert_eq!(dial.proxy.unwrap().port, 9050, "the way there stays");
}

#[test]
fn unsafe_combinations_are_refused_with_a_sentence() {
    let desk = Desk::new();
    desk.file("secret", "owl", 0o600)
        .file("open", "owl", 0o644)
        .file("empty", "\nowl", 0o600);
    let server = |lines: &str| format!("[profile.default.server]\n{lines}");
    for (text, what) in [
        (
            server("host='h.example'\ntls=false\n[profile.default.sasl]\npassword-file='secret'"),
            "everybody on the way can read",
        ),
        (
            server("host='h.example'\ntls=false\npassword-file='secret'"),
            "everybody on the way can read",
        ),
        (
            server("host='h.example'\n[profile.default.sasl]\nmechanism='external'"),
            "there is none to show",
        ),
        (
            server("host='h.example'\n[profile.default.sasl]\nmechanism='plain'"),
            "needs the password",
        ),
        (
            server("host='h.example'\n[profile.default.sasl]\npassword-file='open'"),
            "others can read the password",
        ),
        (
            server("host='h.example'\n[profile.default.sasl]\npassword-file='empty'"),
            "first line",
        ),
        (
            server("host='h.example'\n[profile.default.sasl]\npassword-file='none'"),
            "cannot be read",
        ),
        (
            server("host='h.example'\nport=6667"),
            "port 6667 is the one without encryption",
        ),
        (
            server("host='h.example'\ntls=false\ntls-roots='r.pem'"),
            "with TLS only",
        ),
        (server("host='h.example'\nkey='k.pem'"), "without its certificate"),
        (server("host='h.example'\nlocal=1"), "both a host and the relay"),
        (server("local=1\ntls=true"), "speaks no TLS"),
        (
            server("local=1\n[profile.default.sasl]\npassword-file='secret'"),
            "knows no accounts",
        ),
        (server("host='abc.onion'"), "Tor"),
        (
            server("host='h.example'\n[profile.default.proxy]\nsocks5='http://x'"),
            "no SOCKS5 proxy",
        ),
        (
            server("host='h.example'\n[profile.default.proxy]\nsocks5='h:1'\nuser='me'"),
            "both a user and a password",
        ),
        (
            server("host='h.example'\n[profile.default.proxy]\nsocks5='h:1'\nhttp='h:2'"),
            "two proxies, and one way",
        ),
        (
            server("host='h.example'\n[profile.default.proxy]\nuser='me'"),
            "no proxy is named",
        ),
        (String::new(), "no server is named"),
        (
            "default-profile='x'\n[profile.y]\n".to_owned(),
            "has no profile `x`",
        ),
        (
            "[profile.a]\n[profile.A]\n".to_owned(),
            "already, in other letters",
        ),
        ("[profile.'a b']\n".to_owned(), "cannot be called"),
    ] {
        let refusals = desk.refusal(&text, Request::default());
        assert!(
            refusals.iter().any(|words| words.contains(what)),
            "{text}\n{refusals:#?}"
        );
        assert!(
            refusals.iter().all(|words| words.contains("help: ")),
            "{refusals:#?}"
        );
    }
}

#[test]
fn clear_connections_are_asked_for_and_warned_about() {
    let desk = Desk::new();
    let clear = |text: &str| {
        desk.resolve(&format!("[profile.default.server]\n{text}"), Request::default())
            .unwrap()
    };
    let tls = |resolved: &Resolved| match &resolved.place {
        Place::Server(dial) => (dial.tls.is_some(), dial.port),
        _ => panic!(),
    };
    let asked = clear("host='h.example'\ntls=false");
    assert_eq!(tls(&asked), (false, 6667));
    assert!(asked.warnings[0].what.contains("not encrypted") && asked.warnings[0].warning);
    for (text, expected) in [
        ("host='h.example'", (true, 6697)),
        ("host='h.example'\nport=7000", (true, 7000)),
        ("host='127.0.0.1'", (false, 6667)),
        ("host='127.0.0.1'\nport=6697", (true, 6697)),
        ("host='localhost'\ntls=true", (true, 6697)),
    ] {
        let resolved = clear(text);
        assert_eq!((tls(&resolved), resolved.warnings.len()), (expected, 0), "{text}");
    }
    let onion = clear("host='abc.onion'\n[profile.default.proxy]\nsocks5='127.0.0.1:9050'");
    assert_eq!((tls(&onion), onion.warnings.len()), ((false, 6667), 0));
}

#[test]
fn s71_each_account_goes_through_a_proxy_by_itself() {
    let desk = Desk::new();
    let way = |text: &str| {
        let text = format!("[profile.default.server]\nhost='h.example'\n[profile.default.proxy]\n{text}");
        match desk.resolve(&text, Request::default()).unwrap().place {
            Place::Server(dial) => dial.proxy.unwrap(),
            place => panic!("{place:?}"),
        }
    };
    for (text, speech) in [
        ("socks5='127.0.0.1:9050'", ProxySpeech::Socks5),
        ("http='http://127.0.0.1:3128'", ProxySpeech::HttpConnect),
    ] {
        let [one, two] = [way(text), way(text)];
        assert_eq!((one.speech, two.speech), (speech, speech));
        assert_ne!(
            one.user.unwrap(),
            two.user.unwrap(),
            "two streams could share their way"
        );
    }
}

#[test]
fn paths_begin_at_the_file_or_at_home() {
    let desk = Desk::new();
    let text =
        "data='/d'\npassphrase-file='p'\n[profile.default.server]\nhost='h.example'\ntls-roots='x/r.pem'\n";
    let configuration = Configuration::parse(desk.path(), text).unwrap();
    let roots = configuration.profiles["default"].server.roots.clone().unwrap();
    assert_eq!(roots.value, desk.folder.path().join("x/r.pem"));
    assert_eq!(configuration.data.unwrap().value, Path::new("/d"));
    assert!(matches!(roots.origin, Origin::File(..)));
}

/// The example with every setting in force.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ")
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || b"-15".contains(&byte))
    };
    // A table that would open a door is not there either.
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if is_setting(rest) || rest.starts_with('[') => rest.to_owned() + "\n",
        _ => line.to_owned() + "\n",
    };
    EXAMPLE.lines().map(line).collect()
}
