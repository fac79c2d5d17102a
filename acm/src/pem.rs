//! PEM as strictly as ACM reads it.
//!
//! Source: ACM User Guide, "Certificate and key format for importing" (a wrong character or blanks
//! at the end of a line make a certificate invalid), and the patterns of `CertificateBody` and
//! `CertificateChain` in the model: lines of 64 characters, a shorter one at the end, nothing
//! between the blocks. Empty lines around a block are let through (inferred): ACME clients have
//! written them between the certificates of a chain for years.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// One block: its label and its content, which may be a private key.
pub(super) struct Block {
    /// What stands between `BEGIN ` and the dashes.
    pub label: String,
    /// What the base64 stands for.
    pub der: Zeroizing<Vec<u8>>,
}

/// The text is not PEM as ACM wants it. Says no more: the text may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// All blocks of `bytes`, in their order.
///
/// # Errors
///
/// [`Malformed`] for anything outside a block, a wrong character, blanks at the end of a line, a
/// line of another length than 64 that is not the last, header lines, or a block that does not end.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
    let mut found = Vec::new();
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let label = between(line, "-----BEGIN ").ok_or(Malformed)?;
        let body = body(&mut lines, label)?;
        let der = BASE64_STANDARD
            .decode(body.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| Malformed)?;
        found.push(Block {
            label: label.to_owned(),
            der,
        });
    }
    Ok(found)
}

/// The characters of the lines up to the end of the block `label`.
fn body<'a>(
    lines: &mut impl Iterator<Item = &'a str>,
    label: &str,
) -> Result<Zeroizing<String>, Malformed> {
    let mut body = Zeroizing::new(String::new());
    let mut is_last = false;
    for line in lines {
        if let Some(ended) = between(line, "-----END ") {
            return (ended == label).then_some(body).ok_or(Malformed);
        }
        if is_last || line.is_empty() || line.len() > LINE {
            return Err(Malformed);
        }
        is_last = line.len() < LINE;
        body.push_str(line);
    }
    Err(Malformed)
}

/// Whether a block of PEM says of itself that it is encrypted, before it is read at all: such a
/// block has header lines (RFC 1421), or its label says so (RFC 7468, section 11).
pub(super) fn is_encrypted(bytes: &[u8]) -> bool {
    [&b"ENCRYPTED"[..], b"Proc-Type:"]
        .iter()
        .any(|mark| bytes.windows(mark.len()).any(|window| window == *mark))
}

/// PEM of one certificate, as ACM gives it back.
pub(super) fn of_certificate(der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = encoded.as_str();
    while let Some((line, after)) = rest.split_at_checked(LINE) {
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        pem.push_str(rest);
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

fn between<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

/// Characters of a full line (RFC 7468, section 2).
const LINE: usize = 64;
