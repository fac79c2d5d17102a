//! PEM (RFC 7468), as tools and people really write it: in any order, with text around the blocks,
//! byte order marks, any line ends, blanks, lines of any length, or `\n` written out.
//!
//! Reading is lenient because ACM is strict: what is sent there is encoded anew.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::ber::unpadded;
use super::text::{shown, unescaped};
use super::{Reading, der, private_key};
use crate::finding::{self, Finding};

/// Padding that is missing or too much loses no bits, and the DER inside has its own length.
pub(super) const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What every block begins with.
pub(super) const BEGIN: &str = "-----BEGIN ";

/// Whether there is any block in `text`, damaged ones included.
pub(super) fn has_block(text: &str) -> bool {
    text.contains(BEGIN)
}

/// Adds what all blocks of `text` hold. Answers whether there is any.
pub(super) fn read(text: &str, place: &str, reading: &mut Reading<'_>) -> bool {
    for (index, block) in blocks(text).enumerate() {
        let place = format!("{place}, PEM block {}", index + 1);
        match block {
            Ok(block) => read_block(&block, &place, reading),
            // A signed mail has a line of this kind before its text.
            Err(Unclosed { label }) if label.starts_with("PGP ") => {}
            Err(Unclosed { label }) => {
                let label = shown(label);
                let message = format!("The block `{label}` has a BEGIN line but no END line.");
                reading.malformed(&place, &message);
            }
        }
    }
    has_block(text)
}

fn read_block(block: &Block<'_>, place: &str, reading: &mut Reading<'_>) {
    let decoded = block.decode();
    if !is_known(block.label) {
        // Tools make up labels; where we know what is inside, the label does not matter.
        if let Some(der) = decoded {
            der::known(&der, place, reading);
        }
        return;
    }
    reading.recognised();
    let Some(der) = decoded else {
        let message = format!("The block `{}` is not valid base64.", block.label);
        reading.malformed(place, &message);
        return;
    };
    let der = unpadded(&der);
    match block.label {
        // OpenSSL appends its trust settings to the certificate.
        "TRUSTED CERTIFICATE" => reading.certificate(first_element(der), place),
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" if block.header("DEK-Info").is_some() => {
            encrypted_traditional(block, der, place, reading);
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => reading.request(),
        label @ ("OPENSSH PRIVATE KEY" | "DSA PRIVATE KEY") => {
            reading.closed(unusable(label, place));
        }
        // Labels are often wrong: `PRIVATE KEY` over PKCS#1, `CERTIFICATE` over PKCS#7.
        _ if der::known(der, place, reading) => {}
        "CERTIFICATE" | "X509 CERTIFICATE" => reading.certificate(der, place),
        label if label.ends_with("PRIVATE KEY") || label.starts_with("PKC") || label == "CMS" => {
            reading.malformed(
                place,
                &format!("The block `{label}` does not hold what it says."),
            );
        }
        _ => {}
    }
}

/// A key of a kind that cannot serve TLS as it is.
fn unusable(label: &str, place: &str) -> Finding {
    let message = format!("The block `{label}` is of a kind that ACM does not take.");
    let finding = Finding::new(&finding::KEY_UNSUPPORTED, place, message);
    match label {
        "OPENSSH PRIVATE KEY" => finding.with_remedy(
            "If the certificate was made for this key, convert it: `ssh-keygen -p -m PKCS8 -f FILE`.",
        ),
        _ => finding,
    }
}

/// A key in OpenSSL's traditional form, encrypted as its headers say.
fn encrypted_traditional(
    block: &Block<'_>,
    ciphertext: &[u8],
    place: &str,
    reading: &mut Reading<'_>,
) {
    let dek_info = block.header("DEK-Info").unwrap_or_default();
    let read = match block.label {
        "RSA PRIVATE KEY" => private_key::from_pkcs1,
        _ => private_key::from_sec1,
    };
    reading.key(
        |reading| private_key::from_traditional(ciphertext, dek_info, reading, read),
        place,
    );
}

/// Labels that mean something to us, the harmless ones (`EC PARAMETERS`) included.
fn is_known(label: &str) -> bool {
    matches!(
        label,
        "CERTIFICATE"
            | "X509 CERTIFICATE"
            | "TRUSTED CERTIFICATE"
            | "PRIVATE KEY"
            | "RSA PRIVATE KEY"
            | "EC PRIVATE KEY"
            | "ENCRYPTED PRIVATE KEY"
            | "OPENSSH PRIVATE KEY"
            | "DSA PRIVATE KEY"
            | "CERTIFICATE REQUEST"
            | "NEW CERTIFICATE REQUEST"
            | "PKCS7"
            | "CMS"
            | "PKCS #7 SIGNED DATA"
            | "PKCS12"
            | "PUBLIC KEY"
            | "EC PARAMETERS"
            | "DH PARAMETERS"
    )
}

/// The first DER element of `bytes`, or all of them where there is no whole one.
fn first_element(bytes: &[u8]) -> &[u8] {
    use pkcs8::der::{Reader as _, SliceReader};
    SliceReader::new(bytes)
        .ok()
        .and_then(|mut reader| reader.tlv_bytes().ok())
        .unwrap_or(bytes)
}

struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

struct Unclosed<'a> {
    label: &'a str,
}

impl Block<'_> {
    /// The value of a header such as `DEK-Info: AES-256-CBC,0123…`.
    fn header(&self, name: &str) -> Option<&str> {
        let mut named = lines(self.body).filter_map(|line| {
            line.trim()
                .strip_prefix(name)?
                .trim_start()
                .strip_prefix(':')
        });
        named.next().map(str::trim)
    }

    /// `None` where the body is no base64. Headers (`Proc-Type: ...`) are not part of it.
    fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let body = unescaped(self.body);
        let mut digits = Zeroizing::new(Vec::with_capacity(body.len()));
        for line in lines(&body).filter(|line| !line.contains(':')) {
            let kept = line.chars().filter(|c| !is_decoration(*c));
            // What is not ASCII is no base64 either.
            digits.extend(kept.map(|c| u8::try_from(c).unwrap_or(b'!')));
        }
        LENIENT_BASE64.decode(&*digits).ok().map(Zeroizing::new)
    }
}

/// The lines of a body, also where their ends are written out, as in JSON and environment variables.
fn lines(body: &str) -> impl Iterator<Item = &str> {
    body.split(['\n', '\r'])
        .flat_map(|line| line.split("\\n"))
        .flat_map(|line| line.split("\\r"))
}

/// What stands between base64 digits in mails (`> `), JSON (`\/`, quotes, commas), comments (`# `) and
/// what was copied from web pages, and never is a digit.
fn is_decoration(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '>' | '#' | '\\' | '"' | '\'' | ',' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}'
        )
}

/// All blocks of `text`, in order; an error where a block is not closed by an END line of its label.
fn blocks(text: &str) -> impl Iterator<Item = Result<Block<'_>, Unclosed<'_>>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(BEGIN)?;
        let Some((label, after)) = after.split_once("-----") else {
            rest = "";
            return Some(Err(Unclosed { label: "" }));
        };
        rest = after;
        // An END line behind the next BEGIN belongs to a later block. Not to look there also keeps
        // the work linear where no block has an end.
        let until_next = after.split_once(BEGIN).map_or(after, |(before, _)| before);
        match until_next.split_once("-----END ") {
            Some((body, end)) if end.starts_with(label) => Some(Ok(Block { label, body })),
            _ => Some(Err(Unclosed { label })),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_whatever_stands_around_them() {
        for (text, expected) in [
            (
                "-----BEGIN A-----\nAAAA\n-----END A-----\n",
                vec![Some("A")],
            ),
            (
                "x\r\n-----BEGIN A-----\r\nAAAA\r\n-----END A-----",
                vec![Some("A")],
            ),
            ("-----BEGIN A-----AAAA-----END A-----", vec![Some("A")]),
            ("-----BEGIN A-----\nAAAA\n", vec![None]),
            (
                "-----BEGIN A-----\nAA\n-----BEGIN B-----\nAAAA\n-----END B-----",
                vec![None, Some("B")],
            ),
            ("-----BEGIN A-----\nAAAA\n-----END B-----", vec![None]),
            ("no block at all", vec![]),
        ] {
            let found: Vec<_> = blocks(text).map(|b| b.ok().map(|b| b.label)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn bodies_decode_whatever_their_lines_look_like() {
        for body in [
            "aGVsbG8=",
            " aGVs \r\n\r\nbG8= ",
            "aGVsbG8",
            "aGVs\\nbG8=\\n",
            "Proc-Type: 4\n\naGVsbG8=",
            "\\r\\naGVs\\r\\nbG8=\\r\\n",
            "\n> aGVs\n> bG8=\n",
            "\u{a0}aGVs\u{200b}\n\"bG8=\",",
            "<br>aGVs<br>bG8=<br>",
            "</p>\n<p>aGVs</p>\n<p>bG8=</p>",
            "\n# aGVs\n# bG8=\n# ",
            "aGVs\nbG8=3D\n",
            "aGVsbG8\\u003d\\n",
            "a&#71;Vsb&#x47;8&equals;",
        ] {
            let block = Block { label: "A", body };
            assert_eq!(
                block.decode().as_deref().map(Vec::as_slice),
                Some(&b"hello"[..]),
                "{body}"
            );
        }
        assert!(
            Block {
                label: "A",
                body: "aGV*bG8="
            }
            .decode()
            .is_none()
        );
    }
}
