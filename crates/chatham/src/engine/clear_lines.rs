//! Clear text in lines that the network carries.

/// Cuts clear text into lines of at most `room` bytes: at line ends, else after a space, else between
/// characters. Empty lines are left out.
pub(crate) fn split(text: &[u8], room: usize) -> Vec<&[u8]> {
    let room = room.max(SMALLEST_LINE);
    let mut lines = Vec::new();
    for mut line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
        while line.len() > room {
            let head = line.get(..room).unwrap_or(line);
            let space = head.iter().rposition(|&byte| byte == b' ').map(|at| at + 1);
            let at = space
                .filter(|&at| at > room / 2)
                .unwrap_or_else(|| character_start(line, room));
            let (head, rest) = line.split_at(at);
            lines.push(head);
            line = rest;
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

/// The last place not after `at` where no UTF-8 character is cut apart; `at` itself in what is no UTF-8.
fn character_start(text: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at)
        .rev()
        .find(|&at| text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80))
        .unwrap_or(at)
}

/// No line is cut smaller, whatever the network says; it refuses what is too long by itself.
const SMALLEST_LINE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_is_cut_where_it_hurts_least() {
        assert_eq!(
            split(b"one two three four five", 16),
            [&b"one two three "[..], b"four five"]
        );
        assert_eq!(split(b"a\r\nb\n\nc", 16), [b"a", b"b", b"c"]);
        let long = "ü".repeat(20);
        let lines = split(long.as_bytes(), 17);
        assert!(
            lines
                .iter()
                .all(|line| line.len() <= 17 && std::str::from_utf8(line).is_ok())
        );
        assert_eq!(lines.concat(), long.as_bytes());
        assert_eq!(split(&[0x80; 40], 16).concat(), [0x80; 40]);
    }
}
