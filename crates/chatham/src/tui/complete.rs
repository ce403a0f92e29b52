//! Completion by Tab: commands at the beginning of a line, nicks behind those that take one and in the text.

/// The commands that begin a line, as the help lists them.
pub fn commands() -> impl Iterator<Item = &'static str> {
    let words = crate::chat::input::HELP.iter().flat_map(|line| {
        let usage = line.split("  ").next().unwrap_or_default();
        usage
            .split([' ', ','])
            .filter(|word| word.starts_with('/') && !word.starts_with("//"))
    });
    words.filter(|word| word.len() > 1)
}

/// What a line becomes, of which all stands before the cursor. `None` if nothing fits; if several do, as far as they
/// agree.
pub fn complete<'a>(line: &str, nicks: impl Iterator<Item = &'a str>) -> Option<String> {
    let start = line.rfind([' ', '\n']).map_or(0, |at| at + 1);
    let (before, word) = line.split_at(start);
    if word.is_empty() {
        return None;
    }
    let fitting: Vec<String> = if before.is_empty() && word.starts_with('/') {
        let mut all: Vec<String> = commands().map(str::to_owned).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
            .filter(|command| command.starts_with(word))
            .collect()
    } else {
        let lower = word.to_lowercase();
        nicks
            .filter(|nick| nick.to_lowercase().starts_with(&lower))
            .map(str::to_owned)
            .collect()
    };
    let (first, rest) = fitting.split_first()?;
    if rest.is_empty() {
        return Some(format!("{before}{first} "));
    }
    let common = rest
        .iter()
        .fold(first.as_str(), |common, next| agreed(common, next));
    (common.len() > word.len()).then(|| format!("{before}{common}"))
}

/// The beginning that both have.
fn agreed<'a>(one: &'a str, other: &str) -> &'a str {
    let pairs = one.char_indices().zip(other.chars());
    let end = pairs
        .take_while(|((_, a), b)| a.to_lowercase().eq(b.to_lowercase()))
        .last()
        .map_or(0, |((at, c), _)| at + c.len_utf8());
    one.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_commands_and_nicks() {
        let nicks = ["bob", "Bobby", "carol"];
        for (line, expected) in [
            ("/fi", Some("/fingerprints ")),
            ("/st", Some("/status ")),
            ("/to ca", Some("/to carol ")),
            ("hello CAR", Some("hello carol ")),
            ("bo", Some("bob")),
            ("bob", None),
            ("/xyz", None),
            ("", None),
            ("hello ", None),
            ("// b", None),
        ] {
            let nicks = nicks
                .iter()
                .copied()
                .filter(|nick| line != "// b" || *nick == "x");
            assert_eq!(complete(line, nicks).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn every_command_is_known() {
        let all: Vec<_> = commands().collect();
        for command in ["/verify", "/to", "/quit", "/otr", "/devices", "/status"] {
            assert!(all.contains(&command), "{command}: {all:?}");
        }
    }
}
