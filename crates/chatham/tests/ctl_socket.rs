//! The control socket: whose it is, what is left of one, and whoever is hostile at it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod control;

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;

use control::{Proxy, network, program, said, start};

/// Nobody listens there.
const NOWHERE: u16 = 9;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn nobody_else_can_use_it() {
    let proxy = Proxy::start(NOWHERE);
    let folder = proxy.data.join("control");
    assert_eq!((mode(&folder), mode(&proxy.socket())), (0o700, 0o600));
    assert!(fs::metadata(proxy.socket()).unwrap().file_type().is_socket());
    proxy.done(&["status"]);
    // Where this test may become somebody else: with every bit open, the kernel still says who it is.
    for path in [proxy.folder.path(), &proxy.data, &folder] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(proxy.socket(), fs::Permissions::from_mode(0o666)).unwrap();
    let (code, _, complaint) = proxy.ctl(&["status"]);
    assert!(code == 1 && complaint.contains("chmod 700"), "{complaint}");
    let path = proxy.socket();
    let other = std::process::Command::new("sh")
        .args(["-c", "command -v python3 >/dev/null || exit 9; python3 -c 'import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\nsys.stdout.write(repr(s.recv(99)))' \"$1\"", "sh"])
        .arg(&path)
        .uid(65534)
        .output();
    if let Ok(output) = other {
        let (code, words, complaint) = said(output);
        assert!(code == 9 || (code == 0 && words == "b''"), "{words}{complaint}");
    }
}

#[test]
fn what_a_killed_proxy_has_left_is_no_hindrance() {
    let mut proxy = Proxy::start(NOWHERE);
    proxy.child.kill().unwrap();
    proxy.child.wait().unwrap();
    assert!(proxy.socket().exists(), "it was killed too gently");
    let (code, _, complaint) = proxy.ctl(&["people"]);
    assert!(code == 3 && complaint.contains("no proxy runs"), "{complaint}");
    assert_eq!(proxy.keys(&["list"]).0, 0, "the store is free");
    proxy.kill_and_restart(NOWHERE);
    proxy.done(&["people"]);
    assert!(proxy.end());
    assert!(!proxy.socket().exists(), "whoever ends in peace takes it along");
}

#[test]
fn something_else_in_its_place_is_left_alone_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(data.join("control"), "mine").unwrap();
    let proxy = Proxy::with(folder, data.clone(), NOWHERE);
    assert_eq!(fs::read(data.join("control")).unwrap(), b"mine");
    assert_eq!(proxy.ctl(&["people"]).0, 1);
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("x".repeat(120)).join("data");
    let proxy = Proxy::with(folder, data, NOWHERE);
    proxy.done(&["status"]);
    assert_eq!(mode(&proxy.socket()), 0o600);
}

#[test]
fn two_proxies_do_not_share_a_store_and_each_has_its_socket() {
    let (one, two) = (Proxy::start(NOWHERE), Proxy::start(NOWHERE));
    let fault = start(&one.data, NOWHERE).map(|_| ()).unwrap_err();
    assert!(
        fault.contains("a proxy runs") && fault.contains(&one.child.id().to_string()),
        "{fault}"
    );
    let key = |proxy: &Proxy| proxy.done(&["fingerprints"]);
    assert_ne!(key(&one), key(&two));
    for command in [
        &["generate", "work"][..],
        &["forget", "bob", "--yes"],
        &["import", "/tmp"],
    ] {
        let (code, _, complaint) = one.keys(command);
        assert!(
            code == 1 && complaint.contains("end the proxy first"),
            "{command:?}: {complaint}"
        );
    }
    assert_eq!(one.keys(&["list"]).0, 0);
}

#[test]
fn whoever_is_hostile_hurts_nobody() {
    let proxy = Proxy::start(network());
    let mut client = proxy.enter("alice");
    let mut good = proxy.knock();
    assert_eq!(good.next().unwrap()["version"], 1);
    for line in [
        "hello",
        "{",
        "[]",
        "{}",
        "\u{0}\u{1b}[2J",
        r##"{"do":"say","to":"#room","text":"x"}"##,
        r#"{"do":"say","to":"bob","text":"\u0001VERSION\u0001"}"#,
        r#"{"do":"say","to":"bob"}"#,
        r#"{"do":"say","to":"*chatham","text":"answer bob owl"}"#,
        r#"{"do":"say","to":"*Chatham","text":"answer bob owl"}"#,
        r#"{"do":"say","to":"chatham@chatham.invalid","text":"answer bob owl"}"#,
        r#"{"do":"say","to":"b\ufffdb","text":"x"}"#,
        r#"{"do":"converse","profile":"nobody"}"#,
        r#"{"do":"start","to":"x\r\nQUIT"}"#,
        r##"{"do":"start","to":"#room"}"##,
        r#"{"do":"start","to":"NickServ"}"#,
        r#"{"do":"start","to":"bob","profile":"nobody"}"#,
        r#"{"do":"trust","to":"bob","fingerprint":"AB"}"#,
        r#"{"do":"verify","to":"bob"}"#,
    ] {
        let answer = good.ask(line);
        assert_eq!(answer["done"], false, "{line}");
        assert!(answer["error"].is_string(), "{line}");
    }
    let deep = "[".repeat(10_000);
    assert_eq!(good.ask(&deep)["done"], false);
    // A line without an end, much longer than any may be.
    let mut huge = proxy.knock();
    huge.next().unwrap();
    let written = (0..1000).take_while(|_| huge.write(&[b'x'; 4096])).count();
    assert!(written < 1000, "four megabytes were taken");
    // Half lines, and nobody who reads what is told.
    let mut half = proxy.knock();
    half.write(b"{\"do\":");
    let mut deaf = proxy.knock();
    for _ in 0..2000 {
        deaf.write(b"{\"do\":\"proxy\"}\n");
        if half.write(b" ") {
            continue;
        }
    }
    // More than there is room for.
    let crowd: Vec<_> = (0..64).map(|_| proxy.knock()).collect();
    // The one who was there is still served, and so is the client.
    assert_eq!(good.ask(r#"{"do":"people","id":"after"}"#)["id"], "after");
    client.say("PING still-there");
    client.until(&["PONG", "still-there"]);
    drop((crowd, half, deaf, huge));
    let mut left = 50;
    while proxy.ctl(&["status"]).0 != 0 {
        left -= 1;
        assert!(left > 0, "their places are not given to others");
    }
}

#[test]
fn a_secret_is_never_taken_from_the_command_line() {
    let proxy = Proxy::start(NOWHERE);
    let (code, said, complaint) = proxy.ctl(&["verify", "bob", "secret", "hush"]);
    assert_eq!(code, 2);
    assert!(
        complaint.contains("can be read by others") && !complaint.contains("hush"),
        "{said}{complaint}"
    );
    let (code, _, complaint) = proxy.ctl(&["verify", "bob", "secret"]);
    assert!(
        code == 1 && complaint.contains("no secret was given"),
        "{complaint}"
    );
    let (code, _, complaint) = proxy.ctl_with("hush\n", &["verify", "bob", "secret"]);
    assert!(
        code == 1 && complaint.contains("no client of yours is connected"),
        "{complaint}"
    );
}

#[test]
fn without_a_proxy_everything_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for command in [&["people"][..], &["watch"], &["start", "bob", "--json"]] {
        let output = program(&data, "ctl", command).output().unwrap();
        let (code, _, complaint) = said(output);
        assert!(
            code == 3 && complaint.contains("no proxy runs"),
            "{command:?}: {complaint}"
        );
    }
    assert!(!data.exists(), "nothing was made");
}
