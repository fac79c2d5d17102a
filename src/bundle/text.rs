//! Text in the encodings that people's tools write.

use zeroize::Zeroizing;

/// The text that `bytes` are: UTF-8 (or any other superset of ASCII), or UTF-16 as Windows tools
/// save it, with or without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Zeroizing<String> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // Without the mark, two ASCII characters of UTF-16 tell.
        [1..=0xFF, 0, 1..=0xFF, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, 1..=0xFF, 0, 1..=0xFF, ..] => utf16(bytes, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Zeroizing<String> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let characters = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    // One character of UTF-16 has at most three bytes of UTF-8 for two; growing would leave copies.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    text.extend(characters);
    text
}

/// `body` without what web pages, mails and JSON write in the place of characters of base64.
pub(super) fn unescaped(body: &str) -> Zeroizing<String> {
    // Nothing grows, so no copy is left behind.
    let mut text = Zeroizing::new(String::with_capacity(body.len()));
    let mut rest = body;
    while let Some(at) = rest.find(['<', '&', '\\', '=']) {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let (character, after) = escaped(escape).unwrap_or_else(|| {
            let mut characters = escape.chars();
            (characters.next(), characters.as_str())
        });
        text.extend(character);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The character that `text` begins with an escape of, and what follows it; no character for a tag
/// of HTML. `None` where it begins with no escape.
fn escaped(text: &str) -> Option<(Option<char>, &str)> {
    let mark = text.chars().next()?;
    let inside = text.get(1..)?;
    match mark {
        '<' => Some((None, split_at_end(inside, mark, '>')?.1)),
        '&' => {
            let (name, after) = split_at_end(inside, mark, ';')?;
            Some((entity(name), after))
        }
        // Quoted-printable (RFC 2045, section 6.7) of the padding; a digit may not follow it anyway.
        '=' => Some((Some('='), inside.strip_prefix("3D")?)),
        _ => {
            let digits = inside.strip_prefix('u')?;
            Some((code(digits.get(..4)?, 16), digits.get(4..)?))
        }
    }
}

/// `text` before and after its first `end`; `None` where it begins anew before, with `begin`, so that
/// a file of nothing but beginnings does not cost its square.
fn split_at_end(text: &str, begin: char, end: char) -> Option<(&str, &str)> {
    let (before, after) = text.split_at_checked(text.find([begin, end])?)?;
    Some((before, after.strip_prefix(end)?))
}

/// An entity of HTML, as far as base64 has such characters.
fn entity(name: &str) -> Option<char> {
    match name {
        "plus" => Some('+'),
        "sol" => Some('/'),
        "equals" => Some('='),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']);
            hexadecimal.map_or_else(|| code(number, 10), |digits| code(digits, 16))
        }
    }
}

fn code(digits: &str, radix: u32) -> Option<char> {
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}
