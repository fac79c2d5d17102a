//! RSA keys: PKCS#1, and the numbers in it.

use pkcs1::{RsaPrivateKeyRef, UintRef};
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::AlgorithmIdentifierRef;
use rsa::BoxedUint;
use zeroize::Zeroizing;

use super::{KeyFault, RSA, pkcs8, unusable};
use crate::bundle::limits;
use crate::public_key::{KeyAlgorithm, PublicKey};
use crate::secret::PrivateKey;

/// Whether `der` is a key in PKCS#1. Computes nothing.
pub(super) fn is_pkcs1(der: &[u8]) -> bool {
    RsaPrivateKeyRef::from_der(der).is_ok()
}

/// Reads an RSA key in PKCS#1 (RFC 8017, appendix A.1.2), DER.
pub(in crate::bundle) fn from_pkcs1(der: &[u8]) -> Result<PrivateKey, KeyFault> {
    let key = RsaPrivateKeyRef::from_der(der)
        .map_err(|_| KeyFault::Malformed("is not the DER of an RSA key"))?;
    let algorithm = KeyAlgorithm::rsa(key.modulus.as_bytes());
    if key.other_prime_infos.is_some() {
        return Ok(unusable(der, "RSA with more than two primes".into()));
    }
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
        &key.exponent1,
        &key.exponent2,
        &key.coefficient,
    ];
    numbers
        .iter()
        .all(|number| number.as_bytes().len() * 8 <= limits::RSA_BITS)
}

/// A key that was damaged in a way that ASN.1 does not show would be refused by ACM, or worse.
fn rsa_numbers_belong_together(der: &[u8], key: &RsaPrivateKeyRef<'_>) -> bool {
    // ring's check of the primes is ten times as fast, but it knows only 2048 to 4096 bits and common
    // exponents, and it takes the private exponents as they are.
    let primes_fit = ring::rsa::KeyPair::from_der(der).is_ok() || {
        let primes = vec![number(&key.prime1), number(&key.prime2)];
        rsa::PrivateKey::from_components(
            number(&key.modulus),
            number(&key.public_exponent),
            number(&key.private_exponent),
            primes,
        )
        .is_ok()
    };
    primes_fit
        && exponents_fit(key, &key.prime1, &key.exponent1)
        && exponents_fit(key, &key.prime2, &key.exponent2)
        && are_inverse(&key.coefficient, &key.prime2, &number(&key.prime1))
}

/// The private exponent and `reduced`, its short form for `prime`, undo the public exponent
/// (RFC 8017, section 3.2).
fn exponents_fit(key: &RsaPrivateKeyRef<'_>, prime: &UintRef<'_>, reduced: &UintRef<'_>) -> bool {
    let order = Zeroizing::new(number(prime).wrapping_sub(BoxedUint::one()));
    let whole = Zeroizing::new(number(&key.private_exponent));
    order
        .as_nz_vartime()
        .is_some_and(|order| whole.rem_vartime(order) == number(reduced))
        && are_inverse(reduced, &key.public_exponent, &order)
}

/// The product of the two is one more than a multiple of `modulus`.
fn are_inverse(one: &UintRef<'_>, other: &UintRef<'_>, modulus: &BoxedUint) -> bool {
    let bytes = one.as_bytes().len() + other.as_bytes().len();
    let wide = u32::try_from(bytes * 8).ok();
    let wide = wide.and_then(|bits| BoxedUint::from_be_slice(one.as_bytes(), bits).ok());
    let (Some(wide), Some(modulus)) = (wide.map(Zeroizing::new), modulus.as_nz_vartime()) else {
        return false;
    };
    let product = Zeroizing::new(wide.wrapping_mul(number(other)));
    product.rem_vartime(modulus).is_one().into()
}

fn number(uint: &UintRef<'_>) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(uint.as_bytes())
}
