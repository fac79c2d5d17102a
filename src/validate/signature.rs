//! Does this key's owner stand behind this certificate? (RFC 5280, section 6.1.3 (a) (1))
//!
//! ring checks what the web uses, fast; the RustCrypto crates check what only private CAs use
//! (P-521, unusual pairs of curve and digest, short RSA keys, RSA-PSS with its own salt lengths).

use pkcs8::der::asn1::{AnyRef, ContextSpecific};
use pkcs8::der::{Decode, Reader, SliceReader, TagNumber};
use pkcs8::spki::AlgorithmIdentifierRef;
use ring::signature as fast;
use rsa::signature::Verifier as _;
use rsa::signature::hazmat::PrehashVerifier as _;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::certificate::Certificate;
use crate::public_key::{Curve, KeyAlgorithm, PublicKey, name_of_algorithm};

/// Why a signature does not vouch for its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SignatureFault {
    /// It is not this key's signature over this certificate.
    Invalid,
    /// Nobody checks signatures of this kind; names it.
    Unsupported(String),
}

/// Checks that `issuer_key` signed `certificate`.
pub(super) fn verify(
    certificate: &Certificate,
    issuer_key: &PublicKey,
) -> Result<(), SignatureFault> {
    let scheme = Scheme::of(certificate)?;
    let message = certificate.to_be_signed();
    let signature = &certificate.signature;
    let valid = match (issuer_key.algorithm(), scheme) {
        (KeyAlgorithm::Rsa { bits }, Scheme::Pkcs1(hash)) => {
            rsa_pkcs1(issuer_key, *bits, hash, message, signature)
        }
        (KeyAlgorithm::Rsa { bits }, Scheme::Pss { hash, salt_length }) => {
            rsa_pss(issuer_key, *bits, hash, salt_length, message, signature)
        }
        (KeyAlgorithm::Ec(curve), Scheme::Ecdsa(hash)) => {
            ecdsa(issuer_key, *curve, hash, message, signature)
        }
        (KeyAlgorithm::Ed25519, Scheme::Ed25519) => {
            with_ring(&fast::ED25519, issuer_key, message, signature)
        }
        (KeyAlgorithm::Other(name), _) => {
            return Err(SignatureFault::Unsupported(format!(
                "a key of the kind {name}"
            )));
        }
        // The issuer's key cannot have made a signature of this scheme.
        _ => false,
    };
    if valid {
        Ok(())
    } else {
        Err(SignatureFault::Invalid)
    }
}

/// The certificate is signed over a SHA-1 digest, which can be forged (RFC 9155).
pub(super) fn uses_sha1(certificate: &Certificate) -> bool {
    matches!(
        Scheme::of(certificate),
        Ok(Scheme::Pkcs1(Hash::Sha1)
            | Scheme::Ecdsa(Hash::Sha1)
            | Scheme::Pss {
                hash: Hash::Sha1,
                ..
            })
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Pkcs1(Hash),
    Pss { hash: Hash, salt_length: usize },
    Ecdsa(Hash),
    Ed25519,
}

impl Scheme {
    /// By the object identifiers of RFC 4055 and RFC 5758.
    fn of(certificate: &Certificate) -> Result<Self, SignatureFault> {
        let algorithm = &certificate.signature_algorithm;
        match algorithm.oid.as_str() {
            "1.2.840.113549.1.1.5" => Ok(Self::Pkcs1(Hash::Sha1)),
            "1.2.840.113549.1.1.14" => Ok(Self::Pkcs1(Hash::Sha224)),
            "1.2.840.113549.1.1.11" => Ok(Self::Pkcs1(Hash::Sha256)),
            "1.2.840.113549.1.1.12" => Ok(Self::Pkcs1(Hash::Sha384)),
            "1.2.840.113549.1.1.13" => Ok(Self::Pkcs1(Hash::Sha512)),
            "1.2.840.10045.4.1" => Ok(Self::Ecdsa(Hash::Sha1)),
            "1.2.840.10045.4.3.1" => Ok(Self::Ecdsa(Hash::Sha224)),
            "1.2.840.10045.4.3.2" => Ok(Self::Ecdsa(Hash::Sha256)),
            "1.2.840.10045.4.3.3" => Ok(Self::Ecdsa(Hash::Sha384)),
            "1.2.840.10045.4.3.4" => Ok(Self::Ecdsa(Hash::Sha512)),
            "1.3.101.112" => Ok(Self::Ed25519),
            "1.2.840.113549.1.1.10" => {
                pss_parameters(algorithm.parameters.as_deref().unwrap_or_default()).ok_or_else(
                    || SignatureFault::Unsupported("RSASSA-PSS with unusual parameters".into()),
                )
            }
            other => Err(SignatureFault::Unsupported(name_of_algorithm(other))),
        }
    }
}

impl Hash {
    fn from_oid(oid: &str) -> Option<Self> {
        match oid {
            "1.3.14.3.2.26" => Some(Self::Sha1),
            "2.16.840.1.101.3.4.2.4" => Some(Self::Sha224),
            "2.16.840.1.101.3.4.2.1" => Some(Self::Sha256),
            "2.16.840.1.101.3.4.2.2" => Some(Self::Sha384),
            "2.16.840.1.101.3.4.2.3" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha224 => Sha224::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// `RSASSA-PSS-params` (RFC 4055, section 3.1): the fields of the sequence, without its header.
/// SHA-1 and 20 bytes of salt where they are absent. The mask must use the message's digest, as
/// RFC 4055 strongly recommends and all known issuers do.
fn pss_parameters(fields: &[u8]) -> Option<Scheme> {
    let mut reader = SliceReader::new(fields).ok()?;
    let (mut hash, mut mask_hash, mut salt_length) = (Hash::Sha1, Hash::Sha1, 20);
    while !reader.is_finished() {
        let field = ContextSpecific::<AnyRef<'_>>::decode(&mut reader).ok()?;
        match field.tag_number {
            TagNumber(0) => {
                let algorithm: AlgorithmIdentifierRef<'_> = field.value.decode_as().ok()?;
                hash = Hash::from_oid(&algorithm.oid.to_string())?;
            }
            TagNumber(1) => {
                let mask: AlgorithmIdentifierRef<'_> = field.value.decode_as().ok()?;
                let inner: AlgorithmIdentifierRef<'_> = mask.parameters?.decode_as().ok()?;
                mask_hash = Hash::from_oid(&inner.oid.to_string())?;
            }
            TagNumber(2) => salt_length = usize::from(field.value.decode_as::<u16>().ok()?),
            TagNumber(3) => {}
            _ => return None,
        }
    }
    (hash == mask_hash).then_some(Scheme::Pss { hash, salt_length })
}

fn with_ring(
    algorithm: &'static dyn fast::VerificationAlgorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> bool {
    fast::UnparsedPublicKey::new(algorithm, key.subject_public_key())
        .verify(message, signature)
        .is_ok()
}

fn rsa_pkcs1(key: &PublicKey, bits: usize, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let known: &'static dyn fast::VerificationAlgorithm = match (hash, bits) {
        (Hash::Sha1, 1024..=8192) => &fast::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (Hash::Sha256, 1024..=8192) => &fast::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (Hash::Sha384, 2048..=8192) => &fast::RSA_PKCS1_2048_8192_SHA384,
        (Hash::Sha512, 1024..=8192) => &fast::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        _ => return rsa_pkcs1_unusual(key, hash, message, signature),
    };
    with_ring(known, key, message, signature)
}

fn rsa_pkcs1_unusual(key: &PublicKey, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let (Some(key), Ok(signature)) = (rsa_key(key), signature.try_into()) else {
        return false;
    };
    let signature: rsa::pkcs1v15::Signature = signature;
    macro_rules! verified {
        ($digest:ty) => {
            rsa::pkcs1v15::VerifyingKey::<$digest>::new(key)
                .verify(message, &signature)
                .is_ok()
        };
    }
    match hash {
        Hash::Sha1 => verified!(Sha1),
        Hash::Sha224 => verified!(Sha224),
        Hash::Sha256 => verified!(Sha256),
        Hash::Sha384 => verified!(Sha384),
        Hash::Sha512 => verified!(Sha512),
    }
}

fn rsa_pss(
    key: &PublicKey,
    bits: usize,
    hash: Hash,
    salt_length: usize,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let known: &'static dyn fast::VerificationAlgorithm = match (hash, salt_length, bits) {
        (Hash::Sha256, 32, 2048..=8192) => &fast::RSA_PSS_2048_8192_SHA256,
        (Hash::Sha384, 48, 2048..=8192) => &fast::RSA_PSS_2048_8192_SHA384,
        (Hash::Sha512, 64, 2048..=8192) => &fast::RSA_PSS_2048_8192_SHA512,
        _ => return rsa_pss_unusual(key, hash, salt_length, message, signature),
    };
    with_ring(known, key, message, signature)
}

fn rsa_pss_unusual(
    key: &PublicKey,
    hash: Hash,
    salt_length: usize,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let (Some(key), Ok(signature)) = (rsa_key(key), signature.try_into()) else {
        return false;
    };
    let signature: rsa::pss::Signature = signature;
    macro_rules! verified {
        ($digest:ty) => {
            rsa::pss::VerifyingKey::<$digest>::new_with_salt_len(key, salt_length)
                .verify(message, &signature)
                .is_ok()
        };
    }
    match hash {
        Hash::Sha1 => verified!(Sha1),
        Hash::Sha224 => verified!(Sha224),
        Hash::Sha256 => verified!(Sha256),
        Hash::Sha384 => verified!(Sha384),
        Hash::Sha512 => verified!(Sha512),
    }
}

/// Up to 16,384 bits, so that a hostile modulus costs milliseconds only.
fn rsa_key(key: &PublicKey) -> Option<rsa::PublicKey> {
    let parsed = pkcs1::RsaPublicKeyRef::from_der(key.subject_public_key()).ok()?;
    let number = |uint: &pkcs1::UintRef<'_>| rsa::BoxedUint::from_be_slice_vartime(uint.as_bytes());
    rsa::PublicKey::new_with_size_limits(
        number(&parsed.modulus),
        number(&parsed.public_exponent),
        512..=16_384,
    )
    .ok()
}

fn ecdsa(key: &PublicKey, curve: Curve, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let known: &'static dyn fast::VerificationAlgorithm = match (curve, hash) {
        (Curve::P256, Hash::Sha256) => &fast::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &fast::ECDSA_P256_SHA384_ASN1,
        (Curve::P384, Hash::Sha256) => &fast::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &fast::ECDSA_P384_SHA384_ASN1,
        _ => return ecdsa_unusual(key, curve, &hash.digest(message), signature),
    };
    with_ring(known, key, message, signature)
}

fn ecdsa_unusual(key: &PublicKey, curve: Curve, digest: &[u8], signature: &[u8]) -> bool {
    macro_rules! verified {
        ($curve:ident) => {{
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(key.subject_public_key());
            let signature = $curve::ecdsa::Signature::from_der(signature);
            matches!((key, signature), (Ok(key), Ok(signature))
                if key.verify_prehash(digest, &signature).is_ok())
        }};
    }
    match curve {
        Curve::P256 => verified!(p256),
        Curve::P384 => verified!(p384),
        Curve::P521 => verified!(p521),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hashAlgorithm [0]` and `maskGenAlgorithm [1]` with SHA-256, `saltLength [2]` 32, `trailerField [3]` 1.
    const HASH: &[u8] = b"\xA0\x0D\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    const MASK: &[u8] =
        b"\xA1\x1A\x30\x18\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x08\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    const SALT: &[u8] = b"\xA2\x03\x02\x01\x20";
    const TRAILER: &[u8] = b"\xA3\x03\x02\x01\x01";
    const UNKNOWN: &[u8] = b"\xA4\x03\x02\x01\x01";
    const NULL: &[u8] = b"\x05\x00";

    #[test]
    fn parameters_of_rsassa_pss_are_read_as_rfc_4055_has_them() {
        let sha256 = |salt_length| Scheme::Pss {
            hash: Hash::Sha256,
            salt_length,
        };
        let sha1 = Scheme::Pss {
            hash: Hash::Sha1,
            salt_length: 20,
        };
        for (name, fields, expected) in [
            ("all by default", vec![], Some(sha1)),
            ("usual", vec![HASH, MASK, SALT], Some(sha256(32))),
            ("the default salt", vec![HASH, MASK], Some(sha256(20))),
            // DER leaves a default out, and some write it.
            (
                "a trailer",
                vec![HASH, MASK, SALT, TRAILER],
                Some(sha256(32)),
            ),
            ("another digest for the mask", vec![HASH, SALT], None),
            ("an unknown field", vec![HASH, MASK, SALT, UNKNOWN], None),
            ("no parameters", vec![NULL], None),
        ] {
            assert_eq!(pss_parameters(&fields.concat()), expected, "{name}");
        }
    }
}
