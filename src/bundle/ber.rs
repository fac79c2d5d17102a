//! BER (X.690), as far as key stores and PKCS#7 need it.
//!
//! Windows, Java and Firefox write these with indefinite lengths and with octet strings in pieces,
//! which the DER parsers of the other files refuse.

use zeroize::Zeroizing;

/// `SEQUENCE`, constructed.
pub(super) const SEQUENCE: u8 = 0x30;
/// `OBJECT IDENTIFIER`.
pub(super) const OID: u8 = 0x06;
/// `INTEGER`.
pub(super) const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub(super) const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub(super) const OCTET_STRING: u8 = 0x04;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xA0;

/// Nesting of what is read. PKCS#12 has ten levels.
const DEPTH: usize = 24;

/// One element: its identifier octet, and its content without the length.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// With identifier and length.
    pub(super) whole: &'a [u8],
}

/// Elements one after the other.
pub(super) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The next element, if it has this `tag`; else nothing is taken.
    pub(super) fn tagged(&mut self, tag: u8) -> Option<Element<'a>> {
        let (element, rest) = first(self.0, DEPTH)?;
        if element.tag != tag {
            return None;
        }
        self.0 = rest;
        Some(element)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (element, rest) = first(self.0, DEPTH)?;
        self.0 = rest;
        Some(element)
    }
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(super) fn inside(&self) -> Elements<'a> {
        Elements(self.content)
    }

    /// The bytes of an octet string, put together where it is in pieces.
    pub(super) fn octets(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.content.len()));
        collect(self, &mut bytes, DEPTH);
        bytes
    }

    /// A small non-negative integer.
    pub(super) fn number(&self) -> Option<u64> {
        let significant = self.content.iter().skip_while(|byte| **byte == 0);
        if self.tag != INTEGER || significant.clone().count() > 7 {
            return None;
        }
        Some(significant.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// The one element that `bytes` begin with.
pub(super) fn element(bytes: &[u8]) -> Option<Element<'_>> {
    first(bytes, DEPTH).map(|(element, _)| element)
}

/// What follows `structure` in `bytes`. Editors and `echo` add line ends, some tools fill up with
/// zeros: that is nothing.
pub(super) fn after<'a>(bytes: &'a [u8], structure: &[u8]) -> &'a [u8] {
    let rest = bytes.get(structure.len()..).unwrap_or_default();
    let is_padding = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    if rest.iter().all(is_padding) {
        &[]
    } else {
        rest
    }
}

/// `der` without padding behind its one structure.
pub(super) fn unpadded(der: &[u8]) -> &[u8] {
    match element(der) {
        Some(whole) if after(der, whole.whole).is_empty() => whole.whole,
        _ => der,
    }
}

fn collect(element: &Element<'_>, bytes: &mut Vec<u8>, depth: usize) {
    const CONSTRUCTED: u8 = 0x20;
    if element.tag & CONSTRUCTED == 0 || depth == 0 {
        bytes.extend_from_slice(element.content);
        return;
    }
    for piece in element.inside() {
        collect(&piece, bytes, depth - 1);
    }
}

/// The first element of `bytes`, and what follows it.
fn first(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    // No structure that is read here has a tag number of more than one octet.
    if tag & 0x1F == 0x1F {
        return None;
    }
    let (&length, rest) = rest.split_first()?;
    if length == 0x80 {
        let (content, after) = indefinite(rest, depth.checked_sub(1)?)?;
        let whole = bytes.get(..bytes.len() - after.len())?;
        return Some((
            Element {
                tag,
                content,
                whole,
            },
            after,
        ));
    }
    let (length, rest) = match length {
        0..0x80 => (usize::from(length), rest),
        _ => long_length(usize::from(length & 0x7F), rest)?,
    };
    let (content, after) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - after.len())?;
    Some((
        Element {
            tag,
            content,
            whole,
        },
        after,
    ))
}

fn long_length(octets: usize, bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_at_checked(octets)?;
    if octets > 4 {
        return None;
    }
    let length = length
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    Some((length, rest))
}

/// Content up to the end mark, and what follows the mark.
fn indefinite(bytes: &[u8], depth: usize) -> Option<(&[u8], &[u8])> {
    let mut rest = bytes;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            return Some((bytes.get(..bytes.len() - rest.len())?, after));
        }
        (_, rest) = first(rest, depth)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_all_forms_give_the_same_content() {
        for bytes in [
            &[0x30, 3, 0x02, 1, 5][..],
            &[0x30, 0x81, 3, 0x02, 1, 5],
            &[0x30, 0x84, 0, 0, 0, 3, 0x02, 1, 5],
            &[0x30, 0x80, 0x02, 1, 5, 0, 0],
        ] {
            let element = element(bytes).expect("an element");
            assert_eq!(element.whole, bytes);
            let number = element
                .inside()
                .tagged(INTEGER)
                .and_then(|number| number.number());
            assert_eq!(number, Some(5), "{bytes:?}");
        }
    }

    #[test]
    fn octets_in_pieces_are_put_together() {
        let pieces = [0x24, 0x80, 4, 2, 1, 2, 0x24, 3, 4, 1, 3, 0, 0];
        assert_eq!(*element(&pieces).expect("an element").octets(), [1, 2, 3]);
    }

    #[test]
    fn what_is_cut_short_or_endless_is_no_element() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 5, 1],
            &[0x30, 0x80, 2, 1, 5],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
        ] {
            assert!(element(bytes).is_none(), "{bytes:?}");
        }
        let deep = [0x30, 0x80].repeat(100_000);
        assert!(element(&deep).is_none());
    }
}
