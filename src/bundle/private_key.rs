//! Private keys: PKCS#1, SEC1 and PKCS#8, plain or encrypted, become plain PKCS#8 and the public key
//! that belongs to them.

use pkcs1::RsaPrivateKeyRef;
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use super::encryption::traditional::decrypt_traditional;
use super::encryption::{Failure, Secret, decrypt, encrypted_key_info};
use super::{Reading, limits};
use crate::public_key::{Curve, KeyAlgorithm, PublicKey};
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
    Closed(Failure),
}

/// How a kind of private key is read.
pub(super) type Reader = fn(&[u8], &mut Reading<'_>) -> Result<PrivateKey, KeyFault>;

/// What reads the private key that `der` is; `None` where it is none. Computes nothing yet.
pub(super) fn reader_of(der: &[u8]) -> Option<Reader> {
    if PrivateKeyInfoRef::from_der(der).is_ok() {
        return Some(|der, _| from_pkcs8(der));
    }
    if RsaPrivateKeyRef::from_der(der).is_ok() {
        return Some(|der, _| from_pkcs1(der));
    }
    if EcPrivateKey::from_der(der).is_ok() {
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
        EC => {
            let curve = info.algorithm.parameters.and_then(|p| p.decode_as().ok());
            from_ec(inner, curve)
        }
        ED25519 => ed25519(der),
        other => Ok(unusable(der, format!("algorithm {other}"))),
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
            Ok(_) | Err(Failure::WrongPassphrase) => {}
            Err(failure) => return Err(KeyFault::Closed(failure)),
        }
    }
    Err(KeyFault::Closed(Failure::WrongPassphrase))
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
    let iv = bytes_of(iv.trim()).ok_or(KeyFault::Malformed("has a damaged DEK-Info line"))?;
    for passphrase in reading.passphrases {
        match decrypt_traditional(cipher.trim(), &iv, ciphertext, passphrase).map(|der| read(&der))
        {
            Ok(Ok(key)) => return Ok(key),
            Ok(Err(_)) | Err(Failure::WrongPassphrase) => {}
            Err(failure) => return Err(KeyFault::Closed(failure)),
        }
    }
    Err(KeyFault::Closed(Failure::WrongPassphrase))
}

/// Bytes written as hexadecimal digits.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Reads an RSA key in PKCS#1 (RFC 8017, appendix A.1.2), DER.
pub(super) fn from_pkcs1(der: &[u8]) -> Result<PrivateKey, KeyFault> {
    let key = RsaPrivateKeyRef::from_der(der)
        .map_err(|_| KeyFault::Malformed("is not the DER of an RSA key"))?;
    let algorithm = KeyAlgorithm::rsa(key.modulus.as_bytes());
    if !may_be_checked(&key) {
        return Err(KeyFault::Malformed("has numbers too large for an RSA key"));
    }
    if !rsa_numbers_belong_together(der, &key) {
        return Err(KeyFault::Malformed(
            "is damaged: its numbers do not belong together",
        ));
    }
    let public = key
        .public_key()
        .to_der()
        .map_err(|_| KeyFault::Malformed("has no public half"))?;
    let identifier = AlgorithmIdentifierRef {
        oid: RSA,
        parameters: Some(AnyRef::NULL),
    };
    Ok(PrivateKey::new(
        pkcs8(identifier, der)?,
        PublicKey::new(algorithm, public),
    ))
}

/// None of the numbers that the check computes with is larger than an RSA key's.
fn may_be_checked(key: &RsaPrivateKeyRef<'_>) -> bool {
    let numbers = [
        &key.modulus,
        &key.public_exponent,
        &key.private_exponent,
        &key.prime1,
        &key.prime2,
    ];
    numbers
        .iter()
        .all(|number| number.as_bytes().len() * 8 <= limits::RSA_BITS)
}

/// A key that was damaged in a way that ASN.1 does not show would be refused by ACM, or worse.
fn rsa_numbers_belong_together(der: &[u8], key: &RsaPrivateKeyRef<'_>) -> bool {
    // ring's check is ten times as fast, but it knows only 2048 to 4096 bits and common exponents.
    ring::rsa::KeyPair::from_der(der).is_ok() || {
        let number =
            |uint: &pkcs1::UintRef<'_>| rsa::BoxedUint::from_be_slice_vartime(uint.as_bytes());
        let primes = vec![number(&key.prime1), number(&key.prime2)];
        rsa::PrivateKey::from_components(
            number(&key.modulus),
            number(&key.public_exponent),
            number(&key.private_exponent),
            primes,
        )
        .is_ok()
    }
}

/// Reads an EC key in SEC1 form (RFC 5915), DER, which names its own curve.
pub(super) fn from_sec1(der: &[u8]) -> Result<PrivateKey, KeyFault> {
    from_ec(der, None)
}

/// `curve` is the one named outside of the key, as PKCS#8 does.
fn from_ec(der: &[u8], curve: Option<ObjectIdentifier>) -> Result<PrivateKey, KeyFault> {
    let key = EcPrivateKey::from_der(der)
        .map_err(|_| KeyFault::Malformed("is not the DER of an EC key"))?;
    let Some(oid) = curve.or(key.parameters.and_then(sec1::EcParameters::named_curve)) else {
        return Err(KeyFault::Malformed("names no curve"));
    };
    let Some(known) = Curve::from_oid(&oid.to_string()) else {
        return Ok(unusable(der, format!("EC on curve {oid}")));
    };
    if let Some(embedded) = key.public_key {
        // ring computes the point, too, ten times as fast, but only to compare it, and not on P-521.
        let whole = ec_pkcs8(&oid, key.private_key, embedded)?;
        if is_pair_by_ring(known, &whole) {
            let public = PublicKey::new(KeyAlgorithm::Ec(known), embedded.to_vec());
            return Ok(PrivateKey::new(whole, public));
        }
    }
    let point =
        ec_point(known, key.private_key).ok_or(KeyFault::Malformed("is no number of its curve"))?;
    if key
        .public_key
        .is_some_and(|embedded| is_another_point(embedded, &point))
    {
        return Err(KeyFault::Malformed(
            "is damaged: its public half belongs to another key",
        ));
    }
    let whole = ec_pkcs8(&oid, key.private_key, &point)?;
    let public = PublicKey::new(KeyAlgorithm::Ec(known), point);
    Ok(PrivateKey::new(whole, public))
}

/// PKCS#8 of an EC key, with its public point.
fn ec_pkcs8(
    curve: &ObjectIdentifier,
    scalar: &[u8],
    point: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let complete = EcPrivateKey {
        private_key: scalar,
        parameters: None,
        public_key: Some(point),
    };
    let inner = complete
        .to_der()
        .map(Zeroizing::new)
        .map_err(|_| KeyFault::Malformed("cannot be encoded"))?;
    let identifier = AlgorithmIdentifierRef {
        oid: EC,
        parameters: Some(AnyRef::from(curve)),
    };
    pkcs8(identifier, &inner)
}

/// Whether the two halves of the key are known to belong together.
fn is_pair_by_ring(curve: Curve, pkcs8_der: &[u8]) -> bool {
    use ring::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    };
    let algorithm = match curve {
        Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        Curve::P521 => return false,
    };
    let random = ring::rand::SystemRandom::new();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8_der, &random).is_ok()
}

/// The uncompressed public point of the private number `scalar` on `curve`.
fn ec_point(curve: Curve, scalar: &[u8]) -> Option<Vec<u8>> {
    macro_rules! point {
        ($curve:ident) => {{
            let key = $curve::SecretKey::from_slice(scalar).ok()?;
            Some(
                $curve::Sec1Point::from(key.public_key())
                    .as_bytes()
                    .to_vec(),
            )
        }};
    }
    match curve {
        Curve::P256 => point!(p256),
        Curve::P384 => point!(p384),
        Curve::P521 => point!(p521),
    }
}

/// Compares X only where `embedded` is compressed: the key itself was used to compute `computed`.
fn is_another_point(embedded: &[u8], computed: &[u8]) -> bool {
    match embedded {
        [2 | 3, x @ ..] => !computed.get(1..).is_some_and(|xy| xy.starts_with(x)),
        _ => embedded != computed,
    }
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
