//! `chatham proxy` on the command line: what it refuses, what it explains, and the steps that it prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{NOWHERE, chatham, free_port, text};

fn proxy(data: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let data = data.join("data");
    let arguments = [&["proxy"], more, &["--data", data.to_str().unwrap()]].concat();
    let output = chatham(&arguments);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn s70_it_listens_on_this_computer_only() {
    let folder = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:16697", "[::]:16697", "192.168.0.1:16697"] {
        let (code, _, said) = proxy(folder.path(), &["--listen", listen, "--upstream", "irc.example"]);
        assert_eq!(code, Some(1), "{listen}");
        for part in [
            "on this computer only",
            "--listen on the command line",
            "help: write \"127.0.0.1:16697\"",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, said) = proxy(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("no server is named") && said.contains("--upstream HOST"),
        "{said}"
    );
    let (code, _, said) = proxy(folder.path(), &["--upstream", "irc.example:6667"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("port 6667 is the one without encryption"), "{said}");
    let (code, ..) = proxy(folder.path(), &["--upstream", "irc.example", "--tls", "--no-tls"]);
    assert_eq!(code, Some(2));
}

#[test]
fn a_check_explains_every_fault_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let check = |text: &str| {
        fs::write(&config, text).unwrap();
        proxy(folder.path(), &["--check", "--config", config.to_str().unwrap()])
    };
    let bad = "[proxy]\ncommand = 'two words'\n[proxy.irc.work]\nlisten = '0.0.0.0:16697'\nport = 3\n";
    let (code, said, _) = check(bad);
    assert_eq!(code, Some(1));
    for part in [
        "a command begins with one word",
        "config.toml:2:11",
        "there is no setting `port` in [proxy.irc.work]",
        "config.toml:5:1",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let bad = "[proxy.irc.work]\nlisten = '0.0.0.0:16697'\n[proxy.irc.other]\nprofile = 'nobody'\n\
               [profile.work.server]\nhost = 'irc.example'\n";
    let (code, said, _) = check(bad);
    assert_eq!(code, Some(1));
    for part in [
        "config.toml:2:10",
        "on this computer only",
        "the configuration has no profile `nobody`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let server = "[profile.work.server]\nhost = 'irc.example'\n";
    let twins =
        format!("{server}[proxy.irc.work]\n[proxy.irc.two]\nprofile = 'work'\nlisten = '127.0.0.1:1'\n");
    let (code, said, _) = check(&twins);
    assert!(
        code == Some(1) && said.contains("have the same profile"),
        "{said}"
    );
    // A door for everybody needs a certificate; two doors need two ports; one way is enough.
    let bad = format!(
        "{server}[proxy.irc.work]\nlisten = '0.0.0.0:1'\neverywhere = true\n[proxy.socks5]\nlisten = '127.0.0.1:2'\n\
         [proxy.http]\nlisten = '127.0.0.1:2'\n[proxy.others]\nconnections = 'some'\n"
    );
    let (code, said, _) = check(&bad);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("`connections` cannot be \"some\"") && said.contains("config.toml:11:1"),
        "{said}"
    );
    let (code, said, _) = check(&bad.replace("some", "pass"));
    assert_eq!(code, Some(1));
    for part in [
        "the password with it",
        "config.toml:4:1",
        "another door listens on 127.0.0.1:2",
        "config.toml:9:1",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // How long one stays is a time, or one of two words.
    let stays = format!("{server}[proxy.irc.work]\nlisten = '127.0.0.1:1'\nstay = '30 minutes'\n");
    let (code, said, _) = check(&stays);
    assert!(
        code == Some(1) && said.contains("`stay` cannot be \"30 minutes\"") && said.contains("\"30m\""),
        "{said}"
    );
    let off = format!("{server}[proxy.irc.work]\nlisten = 'off'\n");
    let (code, said, _) = check(&off);
    assert!(
        code == Some(1) && said.contains("every door is switched off"),
        "{said}"
    );
    let (code, said, _) = check(&format!("{off}[proxy.socks5]\nlisten = '{}'\n", free_port()));
    assert!(
        code == Some(0) && said.contains("takes SOCKS5 to the servers of all profiles"),
        "{said}"
    );
    let port = free_port();
    let (code, said, _) = check(&format!(
        "{server}[proxy.irc.work]\nlisten = '127.0.0.1:{port}'\n"
    ));
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(&format!(
            "127.0.0.1:{port} leads to irc.example, port 6697, encrypted"
        )),
        "{said}"
    );
}

#[test]
fn the_steps_name_everything_and_the_password_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    for client in ["irssi", "weechat", "hexchat"] {
        let arguments = ["setup", client, "--upstream", "irc.example", "--listen", "17001"];
        let (code, said, _) = proxy(folder.path(), &arguments);
        assert_eq!(code, Some(0));
        let password = fs::read_to_string(folder.path().join("data/proxy-password")).unwrap();
        let password = password.trim_end();
        assert!(said.contains("PASSWORD") && !said.contains(password), "{said}");
        assert!(
            said.contains("17001") && said.contains("proxy-password"),
            "{said}"
        );
        let (_, said, _) = proxy(folder.path(), &[&arguments[..], &["--show-password"]].concat());
        assert!(said.contains(password), "{said}");
        let entries = ["--socks5", "17002", "--http", "17003"];
        let (_, said, _) = proxy(folder.path(), &[&arguments[..], &entries].concat());
        assert!(said.contains("17003") && said.contains("irc.example"), "{said}");
    }
}

#[test]
fn a_check_explains_every_fault_of_a_door_to_an_account_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let check = |text: &str| {
        fs::write(&config, text).unwrap();
        proxy(folder.path(), &["--check", "--config", config.to_str().unwrap()])
    };
    let account = "account = 'alice@example.org'\n";
    let table = "[proxy.xmpp.home]\n";
    for (bad, line, words, remedy) in [
        (
            format!("{table}{account}port = 5222\n"),
            "config.toml:3:1",
            "no setting `port` in [proxy.xmpp.home]",
            "help",
        ),
        (
            format!("{table}{account}loopback = 'none'\n"),
            "config.toml:3:",
            "`loopback` cannot be \"none\"",
            "there are: starttls, plain",
        ),
        (
            format!("{table}{account}listen = '0.0.0.0:15222'\n"),
            "config.toml:3:10",
            "on this computer only",
            "127.0.0.1:15222",
        ),
        (
            table.to_owned(),
            "config.toml:1:",
            "this door has no account",
            "account = \"you@example.org\"",
        ),
        (
            format!("{table}account = 'alice'\n"),
            "config.toml:2:11",
            "alice",
            "alice@example.org",
        ),
        (
            format!("{table}{account}profile = 'nobody'\n"),
            "config.toml:3:11",
            "the configuration has no profile `nobody`",
            "help",
        ),
        (
            format!("{table}account = 'chatham@chatham.invalid'\n"),
            "config.toml:1:",
            "the name of the proxy itself",
            "the address of your account",
        ),
        (
            format!(
                "{table}{account}[proxy.xmpp.two]\nlisten = '127.0.0.1:15222'\naccount = 'bob@example.org'\n"
            ),
            "config.toml:4:10",
            "another door listens on 127.0.0.1:15222",
            "a port of its own",
        ),
        (
            format!(
                "{table}profile = 'p'\n{account}[proxy.xmpp.two]\nprofile = 'p'\nlisten = '1'\n[profile.p]\n[profile.p.xmpp]\njid = 'b@c.example'\n"
            ),
            "config.toml:6:10",
            "has the profile of another door",
            "a profile is one network",
        ),
    ] {
        let (code, said, _) = check(&bad);
        assert_eq!(code, Some(1), "{bad}{said}");
        for part in [line, words, remedy] {
            assert!(said.contains(part), "{part}:\n{bad}{said}");
        }
    }
    let (code, said, _) = check(&format!("{table}listen = '{}'\n{account}", free_port()));
    assert!(
        code == Some(0)
            && said.contains("leads to alice@example.org")
            && said.contains("with the profile home"),
        "{said}"
    );
}

#[test]
fn the_steps_for_xmpp_name_the_door_the_account_and_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let steps = |client: &str, more: &[&str]| {
        let arguments = [&["setup", client, "--config", config.to_str().unwrap()], more].concat();
        let (code, said, fault) = proxy(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{fault}");
        said
    };
    let door = "[proxy.xmpp.home]\nlisten = '127.0.0.1:17101'\naccount = 'alice@example.org'\n";
    fs::write(&config, door).unwrap();
    let clients = ["profanity", "mcabber", "gajim", "dino", "psi"];
    let first = steps("gajim", &[]);
    let shown = |start: &str| {
        let line = first
            .lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let (sha1, sha256) = (shown("SHA-1 "), shown("SHA-256 "));
    assert_eq!((sha1.len(), sha256.len()), (59, 95), "{first}");
    let bare = |text: &str| text.replace(':', "");
    for (client, pinned) in [
        ("profanity", bare(&sha1)),
        ("mcabber", bare(&sha256).to_lowercase()),
        ("gajim", sha256.clone()),
        ("psi", sha256.clone()),
    ] {
        let said = steps(client, &[]);
        for part in ["127.0.0.1", "17101", "alice@example.org", &pinned, "for home:"] {
            assert!(said.contains(part), "{client}: {part}: {said}");
        }
        assert!(!said.contains("PASSWORD"), "the account's is enough: {said}");
    }
    assert!(steps("dino", &[]).contains("take the door for SOCKS5"));
    // By the doors where a client names its server it says the proxy's password, and for which profile.
    let entries = "[proxy.socks5]\nlisten = '127.0.0.1:17102'\n[proxy.http]\nlisten = '127.0.0.1:17103'\n";
    fs::write(&config, format!("{door}{entries}")).unwrap();
    let password = fs::read_to_string(folder.path().join("data/proxy-password")).unwrap();
    let password = password.trim_end();
    for (client, ports) in [
        ("gajim", ["17102", "17103"]),
        ("psi", ["17102", "17103"]),
        ("mcabber", ["17103", "17103"]),
        ("dino", ["17102", "17102"]),
    ] {
        let said = steps(client, &[]);
        assert!(
            ports.iter().all(|port| said.contains(port)) && !said.contains(password),
            "{said}"
        );
        assert!(steps(client, &["--show-password"]).contains(password), "{client}");
    }
    let said = steps("profanity", &[]);
    assert!(said.contains("no setting for a proxy"), "{said}");
    // Without encryption there is no certificate.
    fs::write(&config, format!("{door}loopback = 'plain'\n")).unwrap();
    for client in clients {
        let said = steps(client, &[]);
        assert!(
            !said.contains(&sha1) && !said.contains(&bare(&sha256).to_lowercase()),
            "{said}"
        );
    }
    assert!(steps("mcabber", &[]).contains("set tls = 0"));
    // One object for each way.
    fs::write(&config, format!("{door}{entries}")).unwrap();
    let objects: Vec<serde_json::Value> = steps("mcabber", &["--json"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ways: Vec<_> = objects.iter().map(|each| each["by"].as_str().unwrap()).collect();
    assert_eq!(ways, ["direct", "socks5", "http"]);
    assert_eq!(objects[0]["listen"], "127.0.0.1:17101");
    assert!(
        objects[0]["steps"][1]
            .as_str()
            .unwrap()
            .contains("alice@example.org")
    );
    // There is nothing for a client of the other network.
    let (code, _, said) = proxy(folder.path(), &["setup", "gajim", "--upstream", "irc.example"]);
    assert!(code == Some(1) && said.contains("[proxy.xmpp.NAME]"), "{said}");
}

#[test]
fn the_first_start_writes_a_configuration_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_chatham"))
            .arg("proxy")
            .env_remove("CHATHAM_CONFIG")
            .env("XDG_CONFIG_HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .output()
            .unwrap()
    };
    let output = start();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    let path = folder.path().join("chatham/config.toml");
    for part in [
        path.to_str().unwrap(),
        "[profile.default.server]",
        "`host`",
        "--check",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("[proxy.socks5]") && written.contains("[proxy.xmpp.home]"));
    // The second says what is missing, and where.
    let output = start();
    let said = text(&output.stderr);
    assert!(
        output.status.code() == Some(1) && said.contains("no server is named"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn a_unit_for_systemd_names_this_program() {
    let output = chatham(&["proxy", "unit"]);
    let unit = text(&output.stdout);
    let start = format!("ExecStart=\"{}\" proxy\n", env!("CARGO_BIN_EXE_chatham"));
    assert!(
        unit.contains(&start) && unit.contains("WantedBy=default.target"),
        "{unit}"
    );
    assert!(!unit.contains('@'), "{unit}");
}

#[test]
fn it_says_where_it_is_and_ends_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_chatham"))
        .args([
            "proxy",
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            "127.0.0.1:9",
            "--json",
        ])
        .args(["--data", folder.path().join("data").to_str().unwrap()])
        .env("CHATHAM_CONFIG", NOWHERE)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut events = Vec::new();
    for line in lines.map_while(Result::ok) {
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let event = value["event"].as_str().unwrap().to_owned();
        let ready = event == "ready";
        events.push(event);
        if ready {
            break;
        }
    }
    assert_eq!(events, ["making-key", "door", "ready"]);
    // The store is its own meanwhile, and it answers for it.
    let data = folder.path().join("data");
    let keys = |command: &str| chatham(&["keys", "--data", data.to_str().unwrap(), command]);
    assert!(!keys("generate").status.success());
    assert!(keys("list").status.success(), "it is the proxy that looks");
    let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert!(child.wait().unwrap().success());
}
