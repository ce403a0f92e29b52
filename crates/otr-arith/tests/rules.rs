//! What the decisions say about the source (0070, 0071).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Lines of code with the word, in a file.
fn lines_with(path: &Path, word: &str) -> usize {
    let text = fs::read_to_string(path).unwrap();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.filter(|line| line.contains(word)).count()
}

#[test]
fn unsafe_code_is_where_it_is_said_to_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let mut places: Vec<(String, usize)> = found
        .iter()
        .map(|path| (path.strip_prefix(&root).unwrap(), lines_with(path, "unsafe {")))
        .filter(|(name, count)| *count > 0 && !name.ends_with("tests.rs"))
        .map(|(name, count)| (name.to_string_lossy().replace('\\', "/"), count))
        .collect();
    places.sort();
    // Loading and storing; calling what needs the instructions: product, square, choice from a table.
    let expected = [("ifma/memory.rs", 2), ("ifma/mod.rs", 3)].map(|(name, count)| (name.to_string(), count));
    assert_eq!(places, expected);
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    for path in found {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
    }
}
