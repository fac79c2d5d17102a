//! EC keys: SEC1, and the point that belongs to a private number.

use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Encode, Tag, Tagged};
use pkcs8::spki::AlgorithmIdentifierRef;
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use super::{EC, KeyFault, pkcs8, unusable};
use crate::bundle::ber::{CONTEXT_0, INTEGER, OCTET_STRING, SEQUENCE, element};
use crate::public_key::{Curve, KeyAlgorithm, PublicKey, name_of_curve, uncompressed};
use crate::secret::PrivateKey;

/// Whether `der` is a key in SEC1 form. Computes nothing.
pub(super) fn is_sec1(der: &[u8]) -> bool {
    EcPrivateKey::from_der(der).is_ok() || has_explicit_curve(der)
}

/// Reads an EC key in SEC1 form (RFC 5915), DER, which names its own curve.
pub(in crate::bundle) fn from_sec1(der: &[u8]) -> Result<PrivateKey, KeyFault> {
    from_ec(der, None)
}

/// Reads the inner part of a PKCS#8 key (RFC 5958): SEC1, whose curve is named outside of it.
pub(super) fn from_pkcs8_content(
    der: &[u8],
    parameters: Option<AnyRef<'_>>,
) -> Result<PrivateKey, KeyFault> {
    if parameters.is_some_and(|parameters| parameters.tag() == Tag::Sequence) {
        return Ok(unusable(der, EXPLICIT.into()));
    }
    from_ec(
        der,
        parameters.and_then(|parameters| parameters.decode_as().ok()),
    )
}

/// Keys of old tools spell out the numbers of their curve, which RFC 5480, section 2.1.1 forbids.
const EXPLICIT: &str = "EC with explicit parameters";

fn has_explicit_curve(der: &[u8]) -> bool {
    let explicit = || {
        let mut members = element(der).filter(|key| key.tag == SEQUENCE)?.inside();
        let version = members.tagged(INTEGER)?.number()?;
        members.tagged(OCTET_STRING)?;
        let curve = members.tagged(CONTEXT_0)?.inside().next()?;
        Some(version == 1 && curve.tag == SEQUENCE)
    };
    explicit() == Some(true)
}

/// `curve` is the one named outside of the key, as PKCS#8 does.
fn from_ec(der: &[u8], curve: Option<ObjectIdentifier>) -> Result<PrivateKey, KeyFault> {
    if has_explicit_curve(der) {
        return Ok(unusable(der, EXPLICIT.into()));
    }
    let key = EcPrivateKey::from_der(der)
        .map_err(|_| KeyFault::Malformed("is not the DER of an EC key"))?;
    let Some(oid) = curve.or(key.parameters.and_then(sec1::EcParameters::named_curve)) else {
        return Err(KeyFault::Malformed("names no curve"));
    };
    let Some(known) = Curve::from_oid(&oid.to_string()) else {
        return Ok(unusable(der, name_of_curve(&oid.to_string())));
    };
    let scalar = of_full_length(key.private_key, known)
        .ok_or(KeyFault::Malformed("is no number of its curve"))?;
    if let Some(embedded) = key.public_key {
        // ring computes the point, too, ten times as fast, but only to compare it, and not on P-521.
        let whole = ec_pkcs8(&oid, &scalar, embedded)?;
        if is_pair_by_ring(known, &whole) {
            let public = PublicKey::new(KeyAlgorithm::Ec(known), embedded.to_vec());
            return Ok(PrivateKey::new(whole, public));
        }
    }
    let point = ec_point(known, &scalar).ok_or(KeyFault::Malformed("is no number of its curve"))?;
    if key.public_key.is_some_and(|embedded| {
        uncompressed(known, embedded).as_deref().unwrap_or(embedded) != point
    }) {
        return Err(KeyFault::Malformed(
            "is damaged: its public half belongs to another key",
        ));
    }
    let whole = ec_pkcs8(&oid, &scalar, &point)?;
    let public = PublicKey::new(KeyAlgorithm::Ec(known), point);
    Ok(PrivateKey::new(whole, public))
}

/// The private number in as many bytes as RFC 5915, section 3 wants: some tools leave leading zeros
/// out, others put one too many in front.
fn of_full_length(scalar: &[u8], curve: Curve) -> Option<Zeroizing<Vec<u8>>> {
    let length = curve.field_bytes();
    let zeros = scalar.iter().take_while(|byte| **byte == 0).count();
    let significant = scalar.get(zeros..)?;
    let mut whole = Zeroizing::new(Vec::with_capacity(length));
    whole.resize(length.checked_sub(significant.len())?, 0);
    whole.extend_from_slice(significant);
    Some(whole)
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
