//! Adium's `Accounts.plist`, which gives the accounts names instead of numbers.

use std::collections::BTreeMap;

use plist::Value;

/// The account names by number.
///
/// # Errors
///
/// What is wrong, in words for a person.
pub(super) fn names(file: &[u8]) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, &'static str> {
    if file.starts_with(b"bplist") {
        return Err(
            "the list is in Apple's binary form; `plutil -convert xml1 Accounts.plist` makes it readable",
        );
    }
    if depth(file) > MAX_DEPTH {
        return Err("the list has more levels than any that Adium writes");
    }
    let list = Value::from_reader_xml(file).map_err(|_| "the file is no property list")?;
    let accounts = list
        .as_dictionary()
        .and_then(|top| top.get("Accounts"))
        .and_then(Value::as_array)
        .ok_or("the list has no Accounts")?;
    let named = accounts.iter().filter_map(|account| {
        let account = account.as_dictionary()?;
        let number = match account.get("ObjectID")? {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            _ => return None,
        };
        let name = account.get("UID")?.as_string()?;
        Some((number.into_bytes(), name.as_bytes().to_vec()))
    });
    Ok(named.collect())
}

/// Elements inside each other, at least: what frees them recurses.
fn depth(file: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for (position, _) in file.iter().enumerate().filter(|(_, byte)| **byte == b'<') {
        let tag = file.get(position + 1..).unwrap_or_default();
        if tag.starts_with(b"dict") || tag.starts_with(b"array") {
            open += 1;
            deepest = deepest.max(open);
        } else if tag.starts_with(b"/dict") || tag.starts_with(b"/array") {
            open = open.saturating_sub(1);
        }
    }
    deepest
}

/// The longest list that is read, in bytes.
pub(super) const MAX_FILE: usize = 1 << 20;

const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_accounts_is_refused_in_words() {
        let deep = ["<plist>", &"<array>".repeat(200_000)].concat();
        for (text, words) in [
            ("", "no property list"),
            ("bplist00\0\0", "plutil"),
            ("<plist><array></array></plist>", "no Accounts"),
            (
                "<plist><dict><key>Accounts</key><string>x</string></dict></plist>",
                "no Accounts",
            ),
            (&deep, "levels"),
        ] {
            let error = names(text.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
