//! The architecture as a test: who may import whom, no clock, no randomness and no printing inside, no
//! file beyond 500 lines. Law `no_clock_no_randomness_inside`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the bottom. A file may use lower floors and its own folder, and no other folder of its floor.
const FLOORS: [(&str, usize); 18] = [
    ("secret", 0),
    ("text", 0),
    ("time", 0),
    ("traffic", 0),
    ("wire", 1),
    ("crypto", 1),
    ("identity", 2),
    ("smp", 2),
    ("reject", 2),
    ("classic", 3),
    ("v4", 3),
    ("event", 4),
    ("error", 4),
    ("session", 5),
    ("conversation", 6),
    ("outbox", 7),
    ("hazmat", 7),
    ("lib", 7),
];

/// The files in which the variants of `Version` may be named: decoding, choosing, admission, and the table
/// of what the versions share.
const VERSION_FILES: [&str; 17] = [
    "wire/header.rs",
    "wire/classic.rs",
    "wire/message.rs",
    "wire/v1.rs",
    "wire/discovery.rs",
    "identity/policy.rs",
    "classic/channel.rs",
    "session/handshake.rs",
    "session/dake.rs",
    "identity/account.rs",
    "conversation/begin.rs",
    "conversation/receive.rs",
    "conversation/commands.rs",
    "conversation/mod.rs",
    "session/admission.rs",
    "classic/ake.rs",
    "v4/channel.rs",
];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    let name = |path: &Path| {
        path.strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/")
    };
    found
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The code of a file without its unit tests and comments.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn place(name: &str) -> String {
    name.split(['/', '.']).next().unwrap().to_string()
}

fn floor(place: &str) -> usize {
    let found = FLOORS.iter().find(|(known, _)| *known == place);
    found
        .unwrap_or_else(|| panic!("{place} has no floor: add it to the table"))
        .1
}

#[test]
fn imports_look_downward() {
    let mut seen = 0;
    for (name, text) in sources() {
        if name == "lib.rs" {
            continue;
        }
        let here = place(&name);
        for used in code(&text).split("crate::").skip(1) {
            let there: String = used
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if there.is_empty() || there == here || there == "hazmat" || there == "secret_type" {
                continue;
            }
            // The doors of `hazmat` are called from everywhere, when they are open.
            let downward = floor(&there) < floor(&here);
            assert!(downward, "{name} uses crate::{there}, which is not below {here}");
            seen += 1;
        }
    }
    assert!(seen > 100, "the test looks at something: {seen}");
}

#[test]
fn no_clock_no_randomness_inside() {
    let forbidden = [
        "SystemTime",
        "Instant::now",
        "getrandom",
        "OsRng",
        "SysRng",
        "thread_rng",
        "println!",
        "eprintln!",
        "print!(",
        "dbg!(",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "static mut",
    ];
    for (name, text) in sources() {
        for word in forbidden {
            assert!(!code(&text).contains(word), "{name} contains {word}");
        }
    }
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    for (name, text) in sources() {
        let lines = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap()
            .lines()
            .count();
        assert!(
            lines <= 500,
            "{name} has {lines} lines without its tests: which second idea is in it?"
        );
    }
}

#[test]
fn versions_are_compared_in_few_places() {
    for (name, text) in sources() {
        let names_variant = ["Version::V1", "Version::V2", "Version::V3", "Version::V4"]
            .iter()
            .any(|v| code(&text).contains(v));
        // A state dump behind `hazmat` needs some header.
        assert!(
            !names_variant || VERSION_FILES.contains(&name.as_str()),
            "{name} names a version: should the difference be a value of wire::header::Version?"
        );
    }
}

#[test]
fn the_core_depends_on_little() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap()
        .split("[dev-dependencies]")
        .next()
        .unwrap();
    let names: Vec<&str> = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|n| !n.is_empty())
        .collect();
    let allowed = [
        "aes",
        "base64",
        "chacha20",
        // The curve of version 4: decision 0080.
        "crrl",
        "crypto-bigint",
        "crypto-primes",
        "ctr",
        "hmac",
        // Searching long texts: decision 0073.
        "memchr",
        // The arithmetic, in this workspace: decision 0070.
        "otr-arith",
        "rand_core",
        "sha1",
        "sha2",
        "shake",
        "subtle",
        "zeroize",
    ];
    for name in names {
        assert!(
            allowed.contains(&name),
            "{name}: no logging, no async, no serde in the core"
        );
    }
}
