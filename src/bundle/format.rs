//! Which format bytes are in: told by their content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::ber::{BIT_STRING, CONTEXT_0, INTEGER, SEQUENCE, element};
use super::text::text;
use super::{Reading, archive, jks, kubernetes, pem, pkcs7, pkcs12, private_key};
use crate::certificate::Certificate;

/// Reads `bytes` in the format that they are in. Answers whether there is one.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    if let Some(recognised) = binary(bytes, place, reading) {
        return recognised;
    }
    let text = text(bytes);
    if let Some(recognised) = kubernetes::read(&text, place, reading) {
        return recognised;
    }
    if pem::has_block(&text) {
        return pem::read(&text, place, reading);
    }
    bare_base64(&text).is_some_and(|decoded| {
        binary(&decoded, place, reading).unwrap_or_else(|| {
            let text = self::text(&decoded);
            pem::has_block(&text) && pem::read(&text, place, reading)
        })
    })
}

/// Everything that is no text. `None` where `bytes` seem to be text.
fn binary(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> Option<bool> {
    if let Some(recognised) = archive::read(bytes, place, reading) {
        return Some(recognised);
    }
    if jks::read(bytes, place, reading) {
        return Some(true);
    }
    // All structures of ASN.1 that we know are a SEQUENCE of more than 127 bytes or of unknown
    // length. Text may start with its first byte, which is the digit 0, but not with its second.
    matches!(bytes, [SEQUENCE, 0x80..=0x84, ..]).then(|| asn1(bytes, place, reading))
}

/// One structure of ASN.1, known or not.
fn asn1(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    let Some(whole) = element(bytes) else {
        reading.malformed(
            place,
            "The file is cut off: its structure (ASN.1) is not whole.",
        );
        return true;
    };
    // Editors and `echo` add line ends, some tools fill up with zeros.
    let rest = bytes.get(whole.whole.len()..).unwrap_or_default();
    let is_padding = rest
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0);
    let der = if is_padding { whole.whole } else { bytes };
    known(der, place, reading) || claimed(der, place, reading)
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
    let outline: Option<u8> = (|| {
        let mut members = element(der)?.inside();
        let signed = members.tagged(SEQUENCE)?;
        members.tagged(SEQUENCE)?;
        members.tagged(BIT_STRING)?;
        Some(signed.inside().next()?.tag)
    })();
    match outline {
        // Its version comes first, a request's is no option and so has no tag of its own.
        Some(CONTEXT_0) => reading.certificate(der, place),
        Some(INTEGER) => reading.bundle.has_request = true,
        _ => return false,
    }
    true
}

/// A file as base64 without lines around it, as it is copied from web pages and settings of CI.
fn bare_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let digits = Zeroizing::new(digits.collect::<Vec<_>>());
    STANDARD.decode(&*digits).ok().map(Zeroizing::new)
}
