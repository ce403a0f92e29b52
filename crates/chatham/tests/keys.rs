//! `chatham keys`, and the rest of the command line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{chatham, text};
use serde_json::Value;

const BOBS: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs `chatham keys …`: the exit code, what it said, what it complained of.
    fn keys(&self, arguments: &[&str]) -> (i32, String, String) {
        let data = self.0.path().join("data");
        let all = [&["keys", "--data", data.to_str().unwrap()], arguments].concat();
        let output = chatham(&all);
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (code, said, complaint) = self.keys(&[arguments, &["--json"]].concat());
        assert_eq!(code, 0, "{complaint}");
        serde_json::from_str(&said).unwrap()
    }

    /// Bob has shown a key to alice, as libotr's file tells it.
    fn with_bob() -> Self {
        let folder = Self::new();
        folder.json(&["generate", "alice"]);
        let file = folder.0.path().join("data/otr.fingerprints");
        std::fs::write(&file, format!("Bob\talice\tIRC\t{}\t\n", BOBS.to_lowercase())).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        folder
    }

    fn trust(&self) -> String {
        self.json(&["list"])["known"][0]["trust"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

#[test]
fn a_key_is_made_once_and_never_overwritten() {
    let folder = Folder::new();
    let (code, said, _) = folder.keys(&["list"]);
    assert_eq!(code, 0);
    assert!(said.contains("no keys yet"));
    let (code, _, complaint) = folder.keys(&["fingerprint"]);
    assert_eq!(code, 1);
    assert!(complaint.contains("keys generate"), "{complaint}");

    let made = folder.json(&["generate", "Alice"]);
    let fingerprint = made["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.len(), 40);
    assert_eq!(made["account"], "alice", "letter case makes no second key");
    assert_eq!(folder.json(&["fingerprint"])["fingerprint"], fingerprint);
    let (code, _, complaint) = folder.keys(&["generate", "ALICE"]);
    assert_eq!(code, 1);
    assert!(complaint.contains("never overwritten"), "{complaint}");
    assert_eq!(folder.json(&["fingerprint", "alice"])["fingerprint"], fingerprint);

    folder.json(&["generate", "second"]);
    let (code, _, complaint) = folder.keys(&["fingerprint"]);
    assert_eq!(code, 1);
    assert!(
        complaint.contains("several accounts (alice, second)"),
        "{complaint}"
    );
    let default = folder.json(&["generate"]);
    assert_eq!(default["account"], "default");
    assert_eq!(
        folder.json(&["fingerprint"])["fingerprint"],
        default["fingerprint"]
    );
}

#[test]
fn trust_needs_a_yes_and_exactly_the_key_that_was_shown() {
    let folder = Folder::with_bob();
    assert_eq!(folder.trust(), "none");
    let (code, _, complaint) = folder.keys(&["trust", "bob", BOBS]);
    assert_eq!(code, 1);
    assert!(complaint.contains("--yes"), "{complaint}");
    assert_eq!(folder.trust(), "none");

    let other = BOBS.replace('0', "F");
    let (code, _, complaint) = folder.keys(&["trust", "bob", &other, "--yes"]);
    assert_eq!(code, 1);
    assert!(complaint.contains("has never shown"), "{complaint}");
    let (code, _, complaint) = folder.keys(&["trust", "bob", "123", "--yes"]);
    assert_eq!(code, 2);
    assert!(complaint.contains("forty hexadecimal digits"), "{complaint}");
    assert_eq!(folder.trust(), "none");

    folder.json(&["trust", "bob", &BOBS.to_lowercase(), "--yes"]);
    assert_eq!(folder.trust(), "verified");
    folder.json(&["distrust", "BOB", BOBS]);
    assert_eq!(folder.trust(), "none");
}

#[test]
fn forgetting_needs_a_yes() {
    let folder = Folder::with_bob();
    assert_eq!(folder.keys(&["forget", "bob"]).0, 1);
    assert_eq!(folder.keys(&["forget", "alice", "--own"]).0, 1);
    assert_eq!(folder.json(&["list"])["known"].as_array().unwrap().len(), 1);
    assert_eq!(folder.json(&["forget", "bob", "--yes"])["forgotten"][0], BOBS);
    let (code, _, complaint) = folder.keys(&["forget", "bob", "--yes"]);
    assert_eq!(code, 1);
    assert!(complaint.contains("no key of bob is known"), "{complaint}");
    folder.json(&["forget", "alice", "--own", "--yes"]);
    assert_eq!(folder.json(&["list"])["own"].as_array().unwrap().len(), 0);
}

#[test]
fn a_damaged_key_file_is_named_and_left_alone() {
    let folder = Folder::with_bob();
    let file = folder.0.path().join("data/otr.private_key");
    let damaged = std::fs::read_to_string(&file).unwrap().replace("dsa", "rsa");
    std::fs::write(&file, &damaged).unwrap();
    let (code, _, complaint) = folder.keys(&["generate", "new"]);
    assert_eq!(code, 1);
    assert!(
        complaint.contains("otr.private_key") && complaint.contains("line"),
        "{complaint}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
}

#[test]
fn the_command_line_explains_itself() {
    let help = text(&chatham(&["--help"]).stdout);
    for command in ["demo", "chat", "keys", "completions"] {
        assert!(help.contains(command), "{help}");
        assert!(chatham(&[command, "--help"]).status.success());
    }
    assert_eq!(
        text(&chatham(&["--version"]).stdout).trim(),
        concat!("chatham ", env!("CARGO_PKG_VERSION"))
    );
    let output = chatham(&["demo", "--jsno"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("--json"),
        "a similar argument is proposed"
    );
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&chatham(&["completions", shell]).stdout);
        assert!(
            script.contains("chatham") && script.contains("fingerprint"),
            "{shell}"
        );
    }
}
