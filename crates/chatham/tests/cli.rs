//! The command line: help, manual pages, completions, the configuration's file, and the check.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chatham::commands::Cli;
use clap::{Command, CommandFactory};
use common::{chatham, text};
use serde_json::Value;

fn lines(arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let output = chatham(arguments);
    let shown = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), shown.lines().map(str::to_owned).collect())
}

fn check(config: &Path, more: &[&str]) -> (Option<i32>, String) {
    let data = config.parent().unwrap().join("data");
    let mut arguments = vec![
        "chat",
        "--check",
        "--config",
        config.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    arguments.extend(more);
    let (code, lines) = lines(&arguments);
    (code, lines.join("\n"))
}

/// Every command by its whole name.
fn names(command: &Command, before: &str, all: &mut BTreeSet<String>) {
    let name = format!("{before}{}", command.get_name());
    for inner in command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
    {
        names(inner, &format!("{name}-"), all);
    }
    all.insert(name);
}

#[test]
fn every_command_has_a_manual_page_with_all_of_its_options() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        chatham(&["man", folder.path().to_str().unwrap()])
            .status
            .success()
    );
    let pages = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let pages: BTreeSet<String> = pages
        .map(|name| name.to_str().unwrap().strip_suffix(".1").unwrap().to_owned())
        .collect();
    let mut commands = BTreeSet::new();
    names(&Cli::command(), "", &mut commands);
    assert_eq!(pages, commands);

    let page = |name: &str| fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
    for name in &commands {
        let page = page(name);
        let header = format!(".TH {name} 1 ");
        assert!(page.contains(&header), "{name}: {page}");
        for section in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert_eq!(page.matches(section).count(), 1, "{name}");
        }
        for (number, line) in page.lines().enumerate().filter(|(_, line)| line.starts_with('.')) {
            let request = line.split(' ').next().unwrap();
            let known = [
                ".ie", ".el", ".TH", ".SH", ".TP", ".PP", ".RS", ".RE", ".br", ".IP", ".nf", ".fi", ".ds",
            ];
            assert!(known.contains(&request), "{name}:{}: {line}", number + 1);
        }
    }
    let chat = page("chatham-chat");
    let program = Cli::command();
    let options = program.find_subcommand("chat").unwrap().get_arguments();
    for option in options.filter_map(|option| option.get_long()) {
        let name = option.replace('-', "\\-");
        assert!(chat.contains(&format!("\\-\\-{name}")), "--{option}");
    }
    assert_eq!(text(&chatham(&["man"]).stdout), page("chatham"));
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = chatham(&["completions", shell]);
        let script = text(&output.stdout);
        assert!(output.status.success(), "{shell}");
        for word in ["chat", "config", "man", "--sasl-password-file", "--qr-png"] {
            assert!(script.contains(word.trim_start_matches("--")), "{shell}: {word}");
        }
    }
}

#[test]
fn the_help_has_headings_and_examples_and_fits_the_screen() {
    let (code, help) = lines(&["chat", "--help"]);
    assert_eq!(code, Some(0));
    for heading in ["Who:", "Where:", "Account:", "Form:", "Files:", "Examples:"] {
        assert!(help.iter().any(|line| line == heading), "{heading}");
    }
    assert!(help.iter().all(|line| line.chars().count() <= 100), "{help:#?}");
    assert!(
        help.iter()
            .any(|line| line.contains("chatham chat --local --nick alice"))
    );
}

#[test]
fn a_configuration_is_written_once_for_its_owner_alone_and_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/config.toml");
    let config = path.to_str().unwrap();
    let (code, shown) = lines(&["config", "show", "--config", config]);
    assert_eq!(
        (code, shown.join("\n") + "\n"),
        (Some(0), chatham::config::EXAMPLE.to_owned())
    );
    assert_eq!(lines(&["config", "init", "--config", config]).0, Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), chatham::config::EXAMPLE);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::write(&path, "# mine\n").unwrap();
    let (code, words) = lines(&["config", "init", "--config", config]);
    assert_eq!(code, Some(1));
    assert!(words[0].contains("there already"), "{words:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\n");
    assert_eq!(lines(&["config", "path", "--config", config]).1, [config]);

    let (code, words) = check(&path, &["--local", "--nick", "me"]);
    assert_eq!(code, Some(0), "{words}");
    assert!(words.ends_with("good: a conversation can begin"), "{words}");
    assert!(!folder.path().join("new/data").exists(), "a look makes nothing");
}

#[test]
fn a_check_explains_everything_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(folder.path().join("open"), "owl").unwrap();
    fs::write(folder.path().join("no.pem"), "not a certificate").unwrap();
    let settings = "\
[profile.default.server]
host = 'irc.example'
tls-roots = 'no.pem'
[profile.work.server]
host = 'irc.example'
[profile.work.sasl]
password-file = 'open'
";
    fs::write(&path, settings).unwrap();
    set_mode(&path, 0o666);
    set_mode(&folder.path().join("open"), 0o644);
    let (code, words) = check(&path, &["--nick", "me"]);
    assert_eq!(code, Some(1));
    for part in [
        "config.toml:3:",
        "no.pem",
        "config.toml:7:",
        "others can read the password",
        "others can change",
    ] {
        assert!(words.contains(part), "{part}\n{words}");
    }
    assert!(words.contains("chmod 600"), "{words}");
    assert!(
        words.ends_with("3 things keep a conversation from beginning"),
        "{words}"
    );

    let arguments = [
        "chat",
        "--plain",
        "--local",
        "--nick",
        "me",
        "--config",
        path.to_str().unwrap(),
    ];
    let shown = text(&chatham(&arguments).stderr);
    assert!(shown.contains("others can change"), "{shown}");

    let (code, objects) = check(&path, &["--nick", "me", "--json"]);
    let objects: Vec<Value> = objects
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((code, objects.len()), (Some(1), 4));
    assert!(
        objects
            .iter()
            .any(|object| object["line"] == 3 && object["severity"] == "error")
    );
    assert_eq!(
        (&objects[3]["event"], &objects[3]["good"]),
        (&"checked".into(), &false.into())
    );
}

#[test]
fn a_check_tells_whether_there_is_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let (path, data) = (folder.path().join("config.toml"), folder.path().join("data"));
    fs::write(&path, "[profile.default]\nserver.local = 7000\n").unwrap();
    set_mode(&path, 0o600);
    let (_, words) = check(&path, &["--nick", "me"]);
    assert!(words.contains("will be made"), "{words}");
    assert!(
        chatham(&["keys", "generate", "default", "--data", data.to_str().unwrap()])
            .status
            .success()
    );
    let (code, words) = check(&path, &["--nick", "me"]);
    assert!(
        code == Some(0) && words.contains("the key of the profile is used"),
        "{words}"
    );
    fs::write(data.join("otr.private_key"), "(rubbish").unwrap();
    let (code, words) = check(&path, &["--nick", "me"]);
    assert!(code == Some(1) && words.contains("otr.private_key"), "{words}");
}

#[test]
fn what_cannot_be_together_is_refused_before_anything_happens() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (arguments, words) in [
        (&["--local", "--json"][..], "say --plain --json"),
        (&["--plain", "--server", "irc.example:6667"], "--no-tls"),
        (&["--plain", "--server", "abc.onion"], "Tor"),
        (
            &["--plain", "--server", "irc.example", "--sasl", "external"],
            "--tls-cert",
        ),
        (
            &[
                "--plain",
                "--server",
                "irc.example",
                "--no-tls",
                "--sasl",
                "plain",
            ],
            "everybody on the way can read",
        ),
        (&["--plain", "--local", "--sasl", "plain"], "knows no accounts"),
        (&["--plain"], "no server is named"),
    ] {
        let mut all = vec!["chat", "--nick", "me", "--data", data.to_str().unwrap()];
        all.extend(arguments);
        let output = chatham(&all);
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{shown}");
        assert!(shown.starts_with("error: ") && shown.contains(words), "{shown}");
        assert!(!data.exists(), "nothing was made");
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}
