//! Which format bytes are in: told by their content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::ber::{INTEGER, SEQUENCE};
use super::pem::LENIENT_BASE64;
use super::text::{may_hold, text, without_mark};
use super::{Reading, archive, der, foreign, jks, kubernetes, pem};

/// Reads `bytes` in the format that they are in. Answers whether there is one.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    if let Some(recognised) = binary(bytes, place, reading) {
        return recognised;
    }
    if !may_hold(&WORDS, bytes) && !is_base64(bytes) {
        return false;
    }
    let text = text(bytes);
    if let Some(recognised) = kubernetes::read(&text, place, reading) {
        return recognised;
    }
    if pem::has_block(&text) {
        return pem::read(&text, place, reading);
    }
    if let Some(decoded) = bare_base64(&text) {
        return binary(&decoded, place, reading).unwrap_or_else(|| {
            let text = self::text(&decoded);
            pem::has_block(&text) && pem::read(&text, place, reading)
        });
    }
    if foreign::read(&text, place, reading) {
        return true;
    }
    let mut recognised = false;
    for decoded in encoded_pem(&text) {
        recognised |= pem::read(&self::text(&decoded), place, reading);
    }
    recognised
}

/// Text that is read, or told what it is, has one of these.
const WORDS: [&str; 4] = [pem::BEGIN, kubernetes::KIND, foreign::PUTTY, ENCODED_BEGIN];

/// Everything that is no text. `None` where `bytes` seem to be text.
fn binary(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> Option<bool> {
    if let Some(recognised) = archive::read(bytes, place, reading) {
        return Some(recognised);
    }
    if jks::read(bytes, place, reading) || foreign::bouncy_castle(bytes, place, reading) {
        return Some(true);
    }
    // All structures of ASN.1 that we know are a SEQUENCE of more than 127 bytes or of unknown
    // length, or a small private key, whose first member is a number. Text may start with the first
    // byte, which is the digit 0, but not with the second, or not with the third.
    matches!(
        bytes,
        [SEQUENCE, 0x80..=0x84, ..] | [SEQUENCE, ..0x80, INTEGER, ..]
    )
    .then(|| der::read(bytes, place, reading))
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
