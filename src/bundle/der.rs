//! One structure of ASN.1 in DER or BER: what it is, told by its outline.

use super::ber::{BIT_STRING, CONTEXT_0, INTEGER, SEQUENCE, after, element};
use super::{Reading, pkcs7, pkcs12, private_key};
use crate::certificate::Certificate;

/// One structure of ASN.1, known or not.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    let Some(whole) = element(bytes) else {
        reading.malformed(
            place,
            "The file is cut off: its structure (ASN.1) is not whole.",
        );
        return true;
    };
    let rest = after(bytes, whole.whole);
    if rest.is_empty() {
        return known(whole.whole, place, reading) || claimed(whole.whole, place, reading);
    }
    // `cat leaf.der intermediate.der`: each is read if the first is known, else they are something else.
    let mut recognised = known(whole.whole, place, reading);
    if recognised {
        let mut bytes = rest;
        while let Some(next) = element(bytes).filter(|next| known(next.whole, place, reading)) {
            bytes = after(bytes, next.whole);
        }
        if !bytes.is_empty() {
            reading.malformed(
                place,
                "The file goes on after its structure (ASN.1) has ended.",
            );
        }
    } else {
        recognised = claimed(bytes, place, reading);
    }
    recognised
}

/// Everything that is one structure which can be read. Answers whether `der` is one.
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

/// What has the outline of a certificate or of a request, but cannot be read.
fn claimed(der: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
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
        Some(Outline::Request) => reading.bundle.has_request = true,
        None => return false,
    }
    true
}

enum Outline {
    Certificate,
    Request,
}
