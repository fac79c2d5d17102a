//! DER as the cases need it: also what no library would write.

use pkcs8::ObjectIdentifier;

/// Tag, length, content.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = vec![tag];
    match length {
        0..=0x7f => der.push(u8::try_from(length).expect("short")),
        0x80..=0xff => der.extend([0x81, u8::try_from(length).expect("short")]),
        _ => {
            der.push(0x82);
            der.extend(u16::try_from(length).expect("not that long").to_be_bytes());
        }
    }
    der.extend_from_slice(content);
    der
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(super) fn oid(dotted: &str) -> Vec<u8> {
    let oid = ObjectIdentifier::new(dotted).expect("an object identifier");
    tlv(0x06, oid.as_bytes())
}

pub(super) fn integer(value: u8) -> Vec<u8> {
    tlv(0x02, &[value])
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// The bit string of whole octets.
pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

pub(super) const TRUE: [u8; 3] = [0x01, 0x01, 0xff];
pub(super) const UTF8: u8 = 0x0c;
pub(super) const IA5: u8 = 0x16;
pub(super) const PRINTABLE: u8 = 0x13;

/// A name with an organization and a common name, in strings of the type `tag`.
pub(super) fn name_in(tag: u8, organization: &str, common_name: &str) -> Vec<u8> {
    let attribute = |kind, value: &str| {
        let pair = sequence(&[oid(kind), tlv(tag, value.as_bytes())]);
        tlv(0x31, &pair)
    };
    sequence(&[
        attribute("2.5.4.10", organization),
        attribute("2.5.4.3", common_name),
    ])
}

pub(super) fn name(common_name: &str) -> Vec<u8> {
    name_in(UTF8, "Example Trust", common_name)
}

/// Kinds of `GeneralName` (RFC 5280, section 4.2.1.6).
pub(super) fn dns(name: &str) -> Vec<u8> {
    tlv(0x82, name.as_bytes())
}

pub(super) fn email(address: &str) -> Vec<u8> {
    tlv(0x81, address.as_bytes())
}

pub(super) fn uri(uri: &str) -> Vec<u8> {
    tlv(0x86, uri.as_bytes())
}

/// An address; in name constraints followed by its mask.
pub(super) fn ip(bytes: &[u8]) -> Vec<u8> {
    tlv(0x87, bytes)
}

pub(super) fn directory(name: &[u8]) -> Vec<u8> {
    tlv(0xa4, name)
}

/// 1.2.3.4.
pub(super) fn registered_id() -> Vec<u8> {
    tlv(0x88, &[0x2a, 0x03, 0x04])
}

/// A user's name in Active Directory.
pub(super) fn other_name() -> Vec<u8> {
    let value = tlv(0xa0, &tlv(UTF8, b"me@example.com"));
    tlv(0xa0, &[oid("1.3.6.1.4.1.311.20.2.3"), value].concat())
}
