//! Other programs' files as the programs wrote them (`interop/import-fixtures`), in a folder where they can be read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{chatham, text};

pub fn golden(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(program)
}

/// The fingerprints that the program itself showed as its own.
pub fn shown(program: &str) -> Vec<String> {
    let text = fs::read_to_string(golden(program).join("shown.txt")).unwrap();
    let words = text.lines().map(|line| line.split(' ').nth(1).unwrap());
    words.map(str::to_uppercase).collect()
}

/// A data directory and a place for others' files.
pub struct Home(pub tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        self.chmod(name, 0o600);
        path
    }

    pub fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Copies a program's files, as its user has them.
    pub fn with(&self, program: &str) -> PathBuf {
        for entry in fs::read_dir(golden(program)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name != "shown.txt" {
                self.put(&format!("{program}/{name}"), fs::read(&path).unwrap());
            }
        }
        self.path(program)
    }

    /// Runs `chatham keys …`: the exit code, what it said, what it complained of.
    pub fn keys(&self, arguments: &[&str]) -> (i32, String, String) {
        let data = self.path("data");
        let all = [&["keys", "--data", data.to_str().unwrap()], arguments].concat();
        let output = chatham(&all);
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let (code, said, complaint) = self.keys(&[arguments, &["--json"]].concat());
        assert_eq!(code, 0, "{complaint}");
        serde_json::from_str(&said).unwrap()
    }

    pub fn refused(&self, arguments: &[&str]) -> String {
        let (code, said, complaint) = self.keys(arguments);
        assert_eq!((code, said.as_str()), (1, ""), "{complaint}");
        complaint
    }

    pub fn own(&self) -> Vec<(String, String)> {
        let list = self.json(&["list"]);
        let own = list["own"].as_array().unwrap().iter();
        own.map(|key| (word(&key["account"]), word(&key["fingerprint"])))
            .collect()
    }

    /// Nick, fingerprint and trust of everybody.
    pub fn known(&self) -> Vec<(String, String, String)> {
        let list = self.json(&["list"]);
        let known = list["known"].as_array().unwrap().iter();
        let mut known: Vec<_> = known
            .map(|key| (word(&key["nick"]), word(&key["fingerprint"]), word(&key["trust"])))
            .collect();
        known.sort();
        known
    }
}

pub fn word(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
