//! PEM (RFC 7468), as tools and people really write it: in any order, with text around the blocks,
//! byte order marks, any line ends, blanks, lines of any length, or `\n` written out.
//!
//! Reading is lenient because ACM is strict: what is sent there is encoded anew.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::archive::shown;
use super::private_key::{self, KeyFault};
use super::{Reading, pkcs7, pkcs12};
use crate::secret::PrivateKey;

/// Padding that is missing or too much loses no bits, and the DER inside has its own length.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The text of `bytes` if they are text with a PEM block in it: UTF-8 (or any other superset of
/// ASCII), or UTF-16 with a byte order mark as Windows tools save it.
pub(super) fn text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => Zeroizing::new(String::from_utf8_lossy(bytes).into_owned()),
    };
    text.contains("-----BEGIN ").then_some(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Zeroizing<String> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let characters = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    Zeroizing::new(characters.collect())
}

/// Adds what all blocks of `text` hold. Answers whether any block was of a kind that we know.
pub(super) fn read(text: &str, place: &str, reading: &mut Reading<'_>) -> bool {
    let mut recognised = false;
    for (index, block) in blocks(text).enumerate() {
        let place = format!("{place}, PEM block {}", index + 1);
        recognised |= match block {
            Ok(block) => read_block(&block, &place, reading),
            Err(Unclosed { label }) => {
                let label = shown(label);
                let message = format!("The block `{label}` has a BEGIN line but no END line.");
                reading.malformed(&place, &message);
                true
            }
        };
    }
    recognised
}

fn read_block(block: &Block<'_>, place: &str, reading: &mut Reading<'_>) -> bool {
    if !is_known(block.label) {
        return false;
    }
    let Some(der) = block.decode() else {
        let message = format!("The block `{}` is not valid base64.", block.label);
        reading.malformed(place, &message);
        return true;
    };
    match block.label {
        "CERTIFICATE" | "X509 CERTIFICATE" => reading.certificate(&der, place),
        // OpenSSL appends its trust settings to the certificate.
        "TRUSTED CERTIFICATE" => reading.certificate(first_element(&der), place),
        "PRIVATE KEY" => reading.key(|_| private_key::from_pkcs8(&der), place),
        "RSA PRIVATE KEY" => traditional(block, &der, private_key::from_pkcs1, place, reading),
        "EC PRIVATE KEY" => traditional(block, &der, private_key::from_sec1, place, reading),
        "ENCRYPTED PRIVATE KEY" => {
            reading.key(
                |reading| private_key::from_encrypted_pkcs8(&der, reading),
                place,
            );
        }
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" if pkcs7::read(&der, place, reading) => {}
        "PKCS12" if pkcs12::read(&der, place, reading) => {}
        label @ ("PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" | "PKCS12") => {
            reading.malformed(
                place,
                &format!("The block `{label}` does not hold what it says."),
            );
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => reading.bundle.has_request = true,
        _ => {}
    }
    true
}

/// A key in OpenSSL's traditional form, plain or encrypted as its headers say.
fn traditional(
    block: &Block<'_>,
    der: &[u8],
    read: fn(&[u8]) -> Result<PrivateKey, KeyFault>,
    place: &str,
    reading: &mut Reading<'_>,
) {
    let dek_info = block.header("DEK-Info");
    reading.key(
        |reading| match dek_info {
            Some(dek_info) => private_key::from_traditional(der, dek_info, reading, read),
            None => read(der),
        },
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
        let lines = self
            .body
            .split(['\n', '\r'])
            .flat_map(|line| line.split("\\n"));
        let mut named = lines.filter_map(|line| {
            line.trim()
                .strip_prefix(name)?
                .trim_start()
                .strip_prefix(':')
        });
        named.next().map(str::trim)
    }

    /// `None` where the body is no base64. Headers (`Proc-Type: ...`) are not part of it.
    fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut digits = Zeroizing::new(Vec::with_capacity(self.body.len()));
        // People put PEM into JSON and environment variables, where line ends are written `\n`.
        for line in self.body.split(['\n', '\r']).flat_map(|l| l.split("\\n")) {
            if !line.contains(':') {
                digits.extend(line.bytes().filter(|byte| !byte.is_ascii_whitespace()));
            }
        }
        BASE64.decode(&*digits).ok().map(Zeroizing::new)
    }
}

/// All blocks of `text`, in order; an error where a block is not closed by an END line of its label.
fn blocks(text: &str) -> impl Iterator<Item = Result<Block<'_>, Unclosed<'_>>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let Some((label, after)) = after.split_once("-----") else {
            rest = "";
            return Some(Err(Unclosed { label: "" }));
        };
        rest = after;
        // An END line behind the next BEGIN belongs to a later block. Not to look there also keeps
        // the work linear where no block has an end.
        let until_next = after
            .split_once("-----BEGIN ")
            .map_or(after, |(before, _)| before);
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
