//! Which format bytes are in: told by their content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Reading, archive, jks, kubernetes, pem, pkcs7, pkcs12, private_key};
use crate::certificate::Certificate;

/// Reads `bytes` in the format that they are in. Answers whether there is one.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    if let Some(recognised) = archive::read(bytes, place, reading) {
        return recognised;
    }
    if jks::read(bytes, place, reading) || der(bytes, place, reading) {
        return true;
    }
    if let Some(recognised) = kubernetes::read(bytes, place, reading) {
        return recognised;
    }
    if let Some(text) = pem::text(bytes) {
        return pem::read(&text, place, reading);
    }
    match bare_base64(bytes) {
        Some(decoded) => der(&decoded, place, reading),
        None => false,
    }
}

/// Everything that is one ASN.1 structure.
fn der(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    // All of them are a SEQUENCE, and of text nothing is.
    if bytes.first() != Some(&0x30) {
        return false;
    }
    if Certificate::from_der(bytes).is_ok() {
        reading.certificate(bytes, place);
        return true;
    }
    if let Some(read) = private_key::reader_of(bytes) {
        reading.key(|reading| read(bytes, reading), place);
        return true;
    }
    pkcs12::read(bytes, place, reading) || pkcs7::read(bytes, place, reading)
}

/// DER as base64 without the lines around it, as it is copied from web pages.
fn bare_base64(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(bytes)
        .ok()?
        .trim_start_matches('\u{feff}');
    // A SEQUENCE of more than 127 bytes.
    if !text.trim_start().starts_with("MI") {
        return None;
    }
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let digits = Zeroizing::new(digits.collect::<Vec<_>>());
    STANDARD.decode(&*digits).ok().map(Zeroizing::new)
}
