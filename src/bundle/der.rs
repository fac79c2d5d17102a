//! One structure of ASN.1 in DER or BER: what it is, told by its outline.

use super::ber::{BIT_STRING, CONTEXT_0, INTEGER, SEQUENCE, after, element};
use super::{Reading, pkcs7, pkcs12, private_key};
use crate::certificate::Certificate;

/// Reads one structure, known or not, or several behind each other. Answers whether `bytes` begin as one.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    // All structures of ASN.1 that we know are a SEQUENCE of more than 127 bytes or of unknown
    // length, or a small private key, whose first member is a number. Text may start with the first
    // byte, which is the digit 0, but not with the second, or not with the third.
    let is_structure = matches!(
        bytes,
        [SEQUENCE, 0x80..=0x84, ..] | [SEQUENCE, ..0x80, INTEGER, ..]
    );
    if is_structure {
        read_structure(bytes, place, reading);
    }
    is_structure
}

fn read_structure(bytes: &[u8], place: &str, reading: &mut Reading<'_>) {
    let Some(whole) = element(bytes) else {
        reading.malformed(
            place,
            "The file is cut off: its structure (ASN.1) is not whole.",
        );
        return;
    };
    let mut rest = after(bytes, whole.whole);
    if !known(whole.whole, place, reading) {
        // What goes on behind a structure that is not known is something else.
        let all = if rest.is_empty() { whole.whole } else { bytes };
        claimed(all, place, reading);
        return;
    }
    // `cat leaf.der intermediate.der`
    while let Some(next) = element(rest).filter(|next| known(next.whole, place, reading)) {
        rest = after(rest, next.whole);
    }
    if !rest.is_empty() {
        reading.malformed(
            place,
            "The file goes on after its structure (ASN.1) has ended.",
        );
    }
}

/// Reads one structure. Answers whether `der` is one that can be read.
pub(super) fn known(der: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    if Certificate::from_der(der).is_ok() {
        reading.certificate(der, place);
        return true;
    }
    if let Some(read) = private_key::reader_of(der) {
        reading.key(|reading| read(der, reading), place);
        return true;
    }
    pkcs12::read(der, place, reading) || pkcs7::read(der, place, reading)
}

/// Takes what has the outline of a certificate or of a request, but cannot be read.
fn claimed(der: &[u8], place: &str, reading: &mut Reading<'_>) {
    let outline = (|| {
        let mut members = element(der)?.inside();
        let signed = members.tagged(SEQUENCE)?;
        members.tagged(SEQUENCE)?;
        members.tagged(BIT_STRING)?;
        let version = signed.inside().next()?;
        // Its version comes first. That of a request is 0 and no option, so it has no tag of its own;
        // that of a revocation list is 1.
        match version.tag {
            CONTEXT_0 => Some(Outline::Certificate),
            INTEGER if version.number() == Some(0) => Some(Outline::Request),
            _ => None,
        }
    })();
    match outline {
        Some(Outline::Certificate) => reading.certificate(der, place),
        Some(Outline::Request) => reading.request(),
        None => {}
    }
}

enum Outline {
    Certificate,
    Request,
}
