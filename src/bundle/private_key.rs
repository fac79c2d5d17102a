//! Private keys: PKCS#1, SEC1 and PKCS#8, plain or encrypted, become plain PKCS#8 and the public key
//! that belongs to them.

mod ec;
mod rsa;

use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

pub(super) use ec::from_sec1;
pub(super) use rsa::from_pkcs1;

use super::Reading;
use super::encryption::traditional::decrypt_traditional;
use super::encryption::{NotDecrypted, Secret, decrypt, encrypted_key_info};
use crate::public_key::{KeyAlgorithm, PublicKey, name_of_algorithm};
use crate::secret::PrivateKey;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Why bytes gave no private key. Parsers' own errors are not quoted: they were given secrets.
#[derive(Debug)]
pub(super) enum KeyFault {
    /// Damaged; says in which way.
    Malformed(&'static str),
    /// Encrypted.
    Closed(NotDecrypted),
}

/// How a kind of private key is read.
pub(super) type Reader = fn(&[u8], &mut Reading<'_>) -> Result<PrivateKey, KeyFault>;

/// What reads the private key that `der` is; `None` where it is none. Computes nothing yet.
pub(super) fn reader_of(der: &[u8]) -> Option<Reader> {
    if PrivateKeyInfoRef::from_der(der).is_ok() {
        return Some(|der, _| from_pkcs8(der));
    }
    if rsa::is_pkcs1(der) {
        return Some(|der, _| from_pkcs1(der));
    }
    if ec::is_sec1(der) {
        return Some(|der, _| from_sec1(der));
    }
    encrypted_key_info(der)?;
    Some(from_encrypted_pkcs8)
}

/// Reads an unencrypted PKCS#8 key (RFC 5958), DER.
pub(super) fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, KeyFault> {
    let info = PrivateKeyInfoRef::from_der(der)
        .map_err(|_| KeyFault::Malformed("is not the DER of a PKCS#8 key"))?;
    let inner = info.private_key.as_bytes();
    match info.algorithm.oid {
        RSA => from_pkcs1(inner),
        EC => ec::from_pkcs8_content(inner, info.algorithm.parameters),
        ED25519 => ed25519(der),
        other => Ok(unusable(der, name_of_algorithm(&other.to_string()))),
    }
}

/// Opens an encrypted PKCS#8 key (RFC 5958, section 3) with the first passphrase that fits.
pub(super) fn from_encrypted_pkcs8(
    der: &[u8],
    reading: &mut Reading<'_>,
) -> Result<PrivateKey, KeyFault> {
    let (scheme, ciphertext) = encrypted_key_info(der).ok_or(KeyFault::Malformed(
        "is not the DER of an encrypted PKCS#8 key",
    ))?;
    for secret in Secret::all(reading.passphrases) {
        match decrypt(&scheme, &ciphertext, &secret, &mut reading.cost) {
            // By chance a wrong passphrase may give right padding, but hardly a key.
            Ok(opened) if PrivateKeyInfoRef::from_der(&opened).is_ok() => {
                return from_pkcs8(&opened);
            }
            Ok(_) | Err(NotDecrypted::WrongPassphrase) => {}
            Err(failure) => return Err(KeyFault::Closed(failure)),
        }
    }
    Err(KeyFault::Closed(NotDecrypted::WrongPassphrase))
}

/// Opens a key of OpenSSL's traditional PEM with the first passphrase that fits: `read` is the
/// reader of what is inside, `dek_info` the value of the header of that name.
pub(super) fn from_traditional(
    ciphertext: &[u8],
    dek_info: &str,
    reading: &Reading<'_>,
    read: fn(&[u8]) -> Result<PrivateKey, KeyFault>,
) -> Result<PrivateKey, KeyFault> {
    let (cipher, iv) = dek_info.split_once(',').unwrap_or((dek_info, ""));
    let iv = hex::decode(iv.trim());
    let iv = iv.map_err(|_| KeyFault::Malformed("has a damaged DEK-Info line"))?;
    for passphrase in reading.passphrases {
        match decrypt_traditional(cipher.trim(), &iv, ciphertext, passphrase).map(|der| read(&der))
        {
            Ok(Ok(key)) => return Ok(key),
            Ok(Err(_)) | Err(NotDecrypted::WrongPassphrase) => {}
            Err(failure) => return Err(KeyFault::Closed(failure)),
        }
    }
    Err(KeyFault::Closed(NotDecrypted::WrongPassphrase))
}

fn ed25519(pkcs8_der: &[u8]) -> Result<PrivateKey, KeyFault> {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8_der)
        .map_err(|_| KeyFault::Malformed("is not an Ed25519 key"))?;
    Ok(PrivateKey::new(
        Zeroizing::new(pkcs8_der.to_vec()),
        PublicKey::new(KeyAlgorithm::Ed25519, pair.public_key().as_ref().to_vec()),
    ))
}

/// A key that ACM takes in no case: kept so that the verdict can name its algorithm.
fn unusable(der: &[u8], algorithm: String) -> PrivateKey {
    PrivateKey::new(
        Zeroizing::new(der.to_vec()),
        PublicKey::new(KeyAlgorithm::Other(algorithm), Vec::new()),
    )
}

fn pkcs8(
    algorithm: AlgorithmIdentifierRef<'_>,
    inner: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let malformed = |_| KeyFault::Malformed("cannot be encoded");
    let inner = OctetStringRef::new(inner).map_err(malformed)?;
    let info = pkcs8::PrivateKeyInfo::<AnyRef<'_>, _, BitStringRef<'_>>::new(algorithm, inner);
    info.to_der().map(Zeroizing::new).map_err(malformed)
}
