//! Java key stores: JKS as `keytool` wrote it before PKCS#12 became its default.
//!
//! Source: `sun.security.provider.JavaKeyStore` and `KeyProtector` of OpenJDK; there is no other
//! document. Everything is big-endian.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, digest};
use zeroize::Zeroizing;

use super::ber::{SEQUENCE, element};
use super::encryption::NotDecrypted;
use super::{Reading, private_key};
use crate::finding::{self, Finding};
use crate::secret::Passphrase;

const JKS: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];
const JCEKS: [u8; 4] = [0xCE, 0xCE, 0xCE, 0xCE];

/// Bytes of a SHA-1 digest: of the salt, the check and the store's own digest.
const DIGEST: usize = 20;

/// What is hashed before the entries, beside the password.
const MAGIC: &[u8] = b"Mighty Aphrodite";

/// Adds what the store holds. Answers whether `bytes` are a Java key store.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    if bytes.starts_with(&JCEKS) {
        reading.closed_store(jceks(place));
        return true;
    }
    if !bytes.starts_with(&JKS) {
        return false;
    }
    reading.recognised();
    let Some(entries) = entries(bytes) else {
        reading.malformed(place, "The Java key store is damaged.");
        return true;
    };
    for certificate in entries.certificates {
        reading.certificate(certificate, place);
    }
    let passwords: Vec<_> = reading.passphrases.iter().map(utf16).collect();
    let opens_store = passwords.iter().any(|password| is_whole(bytes, password));
    for protected in entries.keys {
        match passwords
            .iter()
            .find_map(|password| unprotected(protected, password))
        {
            Some(key) => reading.key(|_| private_key::from_pkcs8(&key), place),
            None if opens_store => reading.closed(own_password(place)),
            None => reading.failed(NotDecrypted::WrongPassphrase, "The Java key store", place),
        }
    }
    if !passwords.is_empty() && !opens_store && reading.bundle.keys.is_empty() {
        reading.failed(NotDecrypted::WrongPassphrase, "The Java key store", place);
    }
    true
}

/// A key may have another password than its store.
fn own_password(place: &str) -> Finding {
    let message = "The passphrase is the Java key store's, but a key in it has another one.";
    Finding::new(&finding::WRONG_PASSPHRASE, place, message)
        .with_remedy("Give both the same: `keytool -keypasswd -keystore FILE -alias ALIAS`.")
}

fn jceks(place: &str) -> Finding {
    let message = "It is a Java key store of the kind JCEKS.";
    Finding::new(&finding::UNSUPPORTED_FORMAT, place, message).with_remedy(
        "Convert it: `keytool -importkeystore -srckeystore OLD -srcstoretype JCEKS -destkeystore NEW.p12 -deststoretype PKCS12`.",
    )
}

#[derive(Default)]
struct Entries<'a> {
    certificates: Vec<&'a [u8]>,
    /// EncryptedPrivateKeyInfo with Sun's own scheme: the content of its octet string.
    keys: Vec<&'a [u8]>,
}

fn entries(bytes: &[u8]) -> Option<Entries<'_>> {
    let mut cursor = Cursor(bytes.get(JKS.len()..bytes.len().checked_sub(DIGEST)?)?);
    let version = cursor.u32()?;
    let mut entries = Entries::default();
    for _ in 0..cursor.u32()? {
        let kind = cursor.u32()?;
        cursor.text()?;
        cursor.take(8)?;
        match kind {
            1 => {
                let mut info = element(cursor.long_block()?)
                    .filter(|info| info.tag == SEQUENCE)?
                    .inside();
                info.tagged(SEQUENCE)?;
                entries.keys.push(info.next()?.content);
                for _ in 0..cursor.u32()? {
                    entries.certificates.push(cursor.certificate(version)?);
                }
            }
            2 => entries.certificates.push(cursor.certificate(version)?),
            _ => return None,
        }
    }
    Some(entries)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(usize::from(length))
    }

    fn long_block(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn certificate(&mut self, version: u32) -> Option<&'a [u8]> {
        if version == 2 {
            self.text()?;
        }
        self.long_block()
    }
}

/// Java's characters, two bytes each.
fn utf16(passphrase: &Passphrase) -> Zeroizing<Vec<u8>> {
    let units = passphrase.expose().encode_utf16();
    Zeroizing::new(units.flat_map(u16::to_be_bytes).collect())
}

/// Salt, key XOR keystream, check (`KeyProtector.recover`); `None` where `password` does not fit.
fn unprotected(protected: &[u8], password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (salt, rest) = protected.split_at_checked(DIGEST)?;
    let (encrypted, check) = rest.split_at_checked(rest.len().checked_sub(DIGEST)?)?;
    let mut key = Zeroizing::new(Vec::with_capacity(encrypted.len()));
    let mut last = salt.to_vec();
    for chunk in encrypted.chunks(DIGEST) {
        last = sha1(&[password, &last]);
        key.extend(chunk.iter().zip(&last).map(|(byte, mask)| byte ^ mask));
    }
    (sha1(&[password, &key]) == check).then_some(key)
}

/// The digest at the store's end is that of its content with this password.
fn is_whole(bytes: &[u8], password: &[u8]) -> bool {
    let Some((content, expected)) = bytes.split_at_checked(bytes.len().saturating_sub(DIGEST))
    else {
        return false;
    };
    sha1(&[password, MAGIC, content]) == expected
}

fn sha1(parts: &[&[u8]]) -> Vec<u8> {
    if let [only] = parts {
        return digest(&SHA1_FOR_LEGACY_USE_ONLY, only).as_ref().to_vec();
    }
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}
