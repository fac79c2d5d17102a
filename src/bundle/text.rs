//! Text in the encodings that people's tools write.

use memchr::{memchr3, memmem};
use zeroize::Zeroizing;

use super::limits;

/// The text that `bytes` are: UTF-8 (or any other superset of ASCII), or UTF-16 as Windows tools
/// save it, with or without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Zeroizing<String> {
    match units(bytes) {
        Some((units, unit)) => utf16(units, unit),
        None => Zeroizing::new(String::from_utf8_lossy(without_mark(bytes)).into_owned()),
    }
}

/// Whether the text that `bytes` are can hold any of `words`, which are ASCII. Does not make it: that
/// takes many times as long for a picture or a manual that lies beside a certificate.
pub(super) fn may_hold(words: &[&str], bytes: &[u8]) -> bool {
    let found = |word: &&str| memmem::find(bytes, word.as_bytes()).is_some();
    units(bytes).is_some() || words.iter().any(found)
}

/// `bytes` without the byte order mark of UTF-8.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// How a unit of UTF-16 is made of two bytes.
type Unit = fn([u8; 2]) -> u16;

/// The units of UTF-16 in `bytes`; `None` where they are of another encoding.
fn units(bytes: &[u8]) -> Option<(&[u8], Unit)> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => Some((rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Some((rest, u16::from_be_bytes)),
        // Without the mark, two ASCII characters of UTF-16 tell.
        [1..=0xFF, 0, 1..=0xFF, 0, ..] => Some((bytes, u16::from_le_bytes)),
        [0, 1..=0xFF, 0, 1..=0xFF, ..] => Some((bytes, u16::from_be_bytes)),
        _ => None,
    }
}

fn utf16(bytes: &[u8], unit: Unit) -> Zeroizing<String> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let characters = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    // One character of UTF-16 has at most three bytes of UTF-8 for two; growing would leave copies.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    text.extend(characters);
    text
}

/// A name for people: without anything that could disturb a log or a terminal.
pub(super) fn shown(name: &str) -> String {
    let visible = name.chars().map(|c| if c.is_control() { '?' } else { c });
    visible.take(limits::NAME_SHOWN).collect()
}

/// `body` without what web pages, mails and JSON write in the place of characters of base64.
pub(super) fn unescaped(body: &str) -> Zeroizing<String> {
    // Nearly no file has any, and to look for them letter by letter takes longer than the signatures.
    let bytes = body.as_bytes();
    if memchr3(b'<', b'&', b'\\', bytes).is_none() && memmem::find(bytes, b"=3D").is_none() {
        return Zeroizing::new(body.to_owned());
    }
    // Nothing grows, so no copy is left behind.
    let mut text = Zeroizing::new(String::with_capacity(body.len()));
    let mut rest = body;
    let is_mark = |byte: u8| matches!(byte, b'<' | b'&' | b'\\' | b'=');
    while let Some(at) = rest.bytes().position(is_mark) {
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
        '<' => Some((None, split_at_end(inside, b'<', b'>')?.1)),
        '&' => {
            let (name, after) = split_at_end(inside, b'&', b';')?;
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
fn split_at_end(text: &str, begin: u8, end: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == begin || byte == end)?;
    let (before, after) = text.split_at_checked(at)?;
    Some((before, after.strip_prefix(char::from(end))?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_passed_over_that_holds_a_word() {
        let word = "-----BEGIN ";
        let units: Vec<u16> = format!("x{word}").encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            word.as_bytes(),
            b"\xEF\xBB\xBF-----BEGIN ",
            b"\x80\xC3-----BEGIN \xFF",
            &little,
            &[b"\xFF\xFE", &*little].concat(),
            &big,
            &[b"\xFE\xFF", &*big].concat(),
        ] {
            assert!(text(bytes).contains(word), "{bytes:?}");
            assert!(may_hold(&["Secret", word], bytes), "{bytes:?}");
        }
        assert!(!may_hold(
            &["Secret", word],
            b"%PDF-1.7 \x00\x01\xFF----BEGIN"
        ));
    }
}
