//! The demo keeps its promises, and notices when one is broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{chatham, text};
use serde_json::Value;

#[test]
fn every_promise_is_kept_and_told_in_plain_lines() {
    let output = chatham(&["demo"]);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(!told.contains('\x1b'), "no terminal, no colours");
    for column in ["   alice   | ", "   bob     | ", "   network | "] {
        assert!(told.contains(column), "{told}");
    }
    assert!(told.contains("All ") && !told.contains('✗'), "{told}");
    for act in 1..=10 {
        assert!(told.contains(&format!("\n{act}. ")), "act {act}");
    }
}

#[test]
fn the_columns_keep_their_width() {
    for width in ["80", "120"] {
        let output = chatham(&["demo", "--width", width]);
        let told = text(&output.stdout);
        assert!(output.status.success(), "{told}");
        let heads = ["What Alice saw", "What Bob saw", "What the network saw"];
        let head = told
            .lines()
            .find(|line| heads.iter().all(|head| line.contains(head)))
            .expect("the heads");
        let bars: Vec<_> = head
            .match_indices('│')
            .map(|(at, _)| head[..at].chars().count())
            .collect();
        assert_eq!(bars.len(), 2);
        let rows: Vec<_> = told.lines().filter(|line| line.contains('│')).collect();
        assert!(rows.len() > 50);
        for row in rows {
            let at: Vec<_> = row
                .match_indices('│')
                .map(|(at, _)| row[..at].chars().count())
                .collect();
            assert_eq!(at, bars, "{row}");
        }
        let limit: usize = width.parse().unwrap();
        // The first line names the port and is a sentence of its own.
        assert!(
            told.lines().skip(1).all(|line| line.chars().count() <= limit),
            "{told}"
        );
    }
}

#[test]
fn as_json_every_line_is_an_object_and_every_check_is_one() {
    let output = chatham(&["demo", "--json"]);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}");
    let objects: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(objects.iter().all(Value::is_object));
    let checks: Vec<_> = objects
        .iter()
        .filter(|object| object["check"].is_string())
        .collect();
    assert!(checks.len() > 30 && checks.iter().all(|check| check["ok"] == true));
    let event = |name: &str| objects.iter().filter(|object| object["event"] == name).count();
    assert_eq!(event("act"), 11);
    assert!(event("wire") > 30 && event("heard") > 10);
    let end = objects.last().unwrap();
    assert_eq!(end["event"], "end");
    assert_eq!(end["kept"], checks.len());
    assert_eq!(end["broken"], 0);
}

#[test]
fn a_leak_is_noticed_in_the_bytes_and_fails_the_demo() {
    let output = chatham(&["demo", "--leak", "--json"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let broken: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|object: &Value| object["ok"] == false)
        .collect();
    let secrecy = broken
        .iter()
        .find(|check| check["check"].as_str().unwrap().contains("no four bytes"));
    assert!(secrecy.expect("the search noticed").get("detail").is_some());
    assert!(
        told.lines()
            .any(|line| line.contains(r#""event":"end""#) && !line.contains(r#""broken":0"#))
    );
}

#[test]
fn the_leak_is_in_no_program_that_is_built_without_asking_for_it() {
    let manifest = include_str!("../Cargo.toml");
    assert!(manifest.contains("\ndeliberate-leak = []"));
    assert!(!manifest.contains("default ="), "there are no default features");
}
