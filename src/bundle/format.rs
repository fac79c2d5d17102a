//! Which format bytes are in: told by their content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::pem::LENIENT_BASE64;
use super::text::{may_hold, text, without_mark};
use super::{Reading, archive, der, foreign, jks, kubernetes, pem};

/// Reads `bytes` in the format that they are in, if it is known.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) {
    if binary(bytes, place, reading) {
        return;
    }
    if !may_hold(&WORDS, bytes) && !is_base64(bytes) {
        return;
    }
    let text = text(bytes);
    if kubernetes::read(&text, place, reading) || pem::read(&text, place, reading) {
        return;
    }
    if let Some(decoded) = bare_base64(&text) {
        if !binary(&decoded, place, reading) {
            pem::read(&self::text(&decoded), place, reading);
        }
        return;
    }
    if foreign::read(&text, place, reading) {
        return;
    }
    for decoded in encoded_pem(&text) {
        pem::read(&self::text(&decoded), place, reading);
    }
}

/// Text that is read, or told what it is, has one of these.
const WORDS: [&str; 4] = [pem::BEGIN, kubernetes::KIND, foreign::PUTTY, ENCODED_BEGIN];

/// Reads everything that is no text. Answers whether `bytes` are none.
fn binary(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    archive::read(bytes, place, reading)
        || jks::read(bytes, place, reading)
        || foreign::bouncy_castle(bytes, place, reading)
        || der::read(bytes, place, reading)
}

/// Whether there is nothing but base64 in `bytes`.
fn is_base64(bytes: &[u8]) -> bool {
    without_mark(bytes).iter().all(|byte| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(byte)
    })
}

/// A file as base64 without lines around it, as it is copied from web pages and settings of CI.
fn bare_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let digits = Zeroizing::new(digits.collect::<Vec<_>>());
    STANDARD.decode(&*digits).ok().map(Zeroizing::new)
}

/// `-----BEGIN ` in base64, but for the bits that the next character shares.
const ENCODED_BEGIN: &str = "LS0tLS1CRUdJTi";

/// All PEM in `text` that is encoded in base64 once more, as in settings of CI, kubeconfig files and
/// Traefik's `acme.json`.
fn encoded_pem(text: &str) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    let runs = text.split(|c: char| !matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/'));
    let encoded = runs.filter(|run| run.starts_with(ENCODED_BEGIN));
    encoded.filter_map(|run| LENIENT_BASE64.decode(run).ok().map(Zeroizing::new))
}
