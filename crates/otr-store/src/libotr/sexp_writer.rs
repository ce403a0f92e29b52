//! Atoms as libgcrypt's "advanced" form prints them.

/// Appends one atom: a token if every byte can stand in one, else a quoted string if it is
/// printable, else upper-case hex.
///
/// The choice looks only at the bytes, so a number that happens to be printable comes out as text.
pub(super) fn write_atom(out: &mut Vec<u8>, atom: &[u8]) {
    match form(atom) {
        Form::Token => out.extend_from_slice(atom),
        Form::Quoted => {
            out.push(b'"');
            atom.iter().for_each(|byte| write_quoted(out, *byte));
            out.push(b'"');
        }
        Form::Hex => {
            out.push(b'#');
            for byte in atom {
                out.extend([hex_digit(byte >> 4), hex_digit(byte & 15)]);
            }
            out.push(b'#');
        }
    }
}

/// Bytes that one atom of `length` bytes can take at most.
pub(super) const fn longest(length: usize) -> usize {
    length.saturating_mul(4).saturating_add(2)
}

enum Form {
    Token,
    Quoted,
    Hex,
}

fn form(atom: &[u8]) -> Form {
    let Some(first) = atom.first() else {
        return Form::Quoted;
    };
    // A top bit or a zero in front marks a number.
    if *first >= 0x80 || *first == 0 || !atom.iter().all(|byte| is_quotable(*byte)) {
        Form::Hex
    } else if first.is_ascii_digit() || !atom.iter().all(|byte| is_token(*byte)) {
        Form::Quoted
    } else {
        Form::Token
    }
}

fn write_quoted(out: &mut Vec<u8>, byte: u8) {
    match byte {
        0x08 => out.extend(b"\\b"),
        b'\t' => out.extend(b"\\t"),
        0x0b => out.extend(b"\\v"),
        b'\n' => out.extend(b"\\n"),
        0x0c => out.extend(b"\\f"),
        b'\r' => out.extend(b"\\r"),
        b'"' | b'\'' | b'\\' => out.extend([b'\\', byte]),
        0 => out.extend(b"\\x00"),
        _ => out.push(byte),
    }
}

/// Zero inside a string is quoted although other controls are not: so libgcrypt does.
const fn is_quotable(byte: u8) -> bool {
    matches!(byte, 0 | 0x08..=0x0d | 0x20..=0x7e | 0xa1..=0xff)
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/' | b'_' | b':' | b'*' | b'+' | b'=')
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'A' + nibble - 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What genuine libgcrypt printed for all single bytes and for pairs after ` `, `a` and `9`.
    const GENUINE: &str = include_str!("../../tests/golden/atoms.txt");

    #[test]
    fn every_atom_is_printed_as_libgcrypt_prints_it() {
        let unhex = |hex: &str| -> Vec<u8> {
            (0..hex.len() / 2)
                .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
                .collect()
        };
        let mut lines = 0;
        for line in GENUINE.lines() {
            let (atom, printed) = line.split_once(' ').unwrap();
            let (atom, printed) = (unhex(atom), unhex(printed));
            let mut out = Vec::new();
            write_atom(&mut out, &atom);
            assert_eq!(out, printed, "{}", atom.escape_ascii());
            assert!(out.len() <= longest(atom.len()));
            lines += 1;
        }
        assert_eq!(lines, 256 + 3 * 255);
    }

    #[test]
    fn zero_inside_a_would_be_token_stays_readable() {
        let mut out = Vec::new();
        write_atom(&mut out, b"a\0");
        assert_eq!(out, b"\"a\\x00\"");
    }
}
