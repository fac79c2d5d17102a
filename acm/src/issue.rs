//! The authority that signs what is requested.
//!
//! It is made anew in each process and nobody trusts it. Its organization is Amazon's, so that
//! `Issuer` reads as in AWS.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::material::Material;

/// What a certificate is to be like.
pub(super) struct Order<'a> {
    /// The main one first.
    pub names: &'a [String],
    /// The model's name: `RSA_2048`.
    pub key_algorithm: &'a str,
    /// For servers.
    pub server_auth: bool,
    /// For clients.
    pub client_auth: bool,
    /// First instant.
    pub not_before: OffsetDateTime,
    /// Last instant.
    pub not_after: OffsetDateTime,
}

/// The private key of an issued certificate, PKCS#8 PEM, wiped when dropped. It cannot be printed.
#[derive(Clone)]
pub(super) struct ManagedKey(Zeroizing<String>);

impl ManagedKey {
    /// The key encrypted with `passphrase`, PKCS#8 PEM.
    ///
    /// # Errors
    ///
    /// Where OpenSSL cannot encrypt it.
    pub(super) fn encrypted(&self, passphrase: &[u8]) -> Result<String, ErrorStack> {
        let key = PKey::private_key_from_pem(self.0.as_bytes())?;
        let cipher = openssl::symm::Cipher::aes_256_cbc();
        let pem = key.private_key_to_pem_pkcs8_passphrase(cipher, passphrase)?;
        Ok(String::from_utf8_lossy(&pem).into_owned())
    }
}

impl Serialize for ManagedKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ManagedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|pem| Self(Zeroizing::new(pem)))
    }
}

/// One authority for RSA keys and one for ECDSA keys, as Amazon has, each made when it is needed.
#[derive(Default)]
pub(super) struct Issuer {
    rsa: Option<Authority>,
    ecdsa: Option<Authority>,
}

struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

struct Signed {
    leaf: X509,
    issuer: X509,
    key: PKey<Private>,
}

impl Issuer {
    /// A new key and a certificate for it.
    ///
    /// # Errors
    ///
    /// Where OpenSSL cannot make them: a name that is too long, mostly.
    pub(super) fn issue(&mut self, order: &Order<'_>) -> Result<(Material, ManagedKey), String> {
        let signed = self.sign(order).and_then(|Signed { leaf, issuer, key }| {
            let text = |pem: Vec<u8>| String::from_utf8_lossy(&pem).into_owned();
            let key = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
            let key = Zeroizing::new(String::from_utf8_lossy(&key).into_owned());
            Ok((
                text(leaf.to_pem()?),
                text(issuer.to_pem()?),
                ManagedKey(key),
            ))
        });
        let (leaf, chain, key) = signed.map_err(|error| error.to_string())?;
        Ok((Material::read(leaf, Some(chain))?, key))
    }

    fn sign(&mut self, order: &Order<'_>) -> Result<Signed, ErrorStack> {
        let authority = self.authority_for(order)?;
        let key = new_key(order.key_algorithm)?;
        let main = order.names.first().map(String::as_str).unwrap_or_default();
        let mut builder = started(&key, order.not_before, order.not_after)?;
        let subject = named(&[("CN", main)])?;
        builder.set_subject_name(&subject)?;
        builder.set_issuer_name(authority.certificate.subject_name())?;
        extend(&mut builder, order, &authority.certificate)?;
        builder.sign(&authority.key, MessageDigest::sha256())?;
        Ok(Signed {
            leaf: builder.build(),
            issuer: authority.certificate.clone(),
            key,
        })
    }

    fn authority_for(&mut self, order: &Order<'_>) -> Result<&Authority, ErrorStack> {
        let (place, algorithm) = if order.key_algorithm.starts_with("RSA") {
            (&mut self.rsa, "RSA_2048")
        } else {
            (&mut self.ecdsa, "EC_prime256v1")
        };
        if place.is_none() {
            *place = Some(Authority::new(algorithm, order)?);
        }
        place.as_ref().ok_or_else(ErrorStack::get)
    }
}

impl Authority {
    /// Valid for ten years around `first`, which it is made for.
    fn new(algorithm: &str, first: &Order<'_>) -> Result<Self, ErrorStack> {
        let key = new_key(algorithm)?;
        let years = time::Duration::days(3_650);
        let mut builder = started(&key, first.not_before - years, first.not_before + years)?;
        let common_name = format!("certdrop-acm {algorithm}");
        let name = named(&[("C", "US"), ("O", "Amazon"), ("CN", &common_name)])?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().build()?)?;
        let key_id = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(key_id)?;
        builder.sign(&key, MessageDigest::sha256())?;
        let certificate = builder.build();
        Ok(Self { certificate, key })
    }
}

fn new_key(algorithm: &str) -> Result<PKey<Private>, ErrorStack> {
    let curve = match algorithm {
        "EC_prime256v1" => Nid::X9_62_PRIME256V1,
        "EC_secp384r1" => Nid::SECP384R1,
        "EC_secp521r1" => Nid::SECP521R1,
        rsa => {
            let bits = rsa.strip_prefix("RSA_").and_then(|bits| bits.parse().ok());
            return PKey::from_rsa(Rsa::generate(bits.unwrap_or(2_048))?);
        }
    };
    PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(curve)?)?)
}

/// A certificate of version 3 with a random serial number of 16 bytes.
fn started(
    key: &PKey<Private>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::ONE, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    builder.set_pubkey(key)?;
    for (at, is_end) in [(not_before, false), (not_after, true)] {
        let at = Asn1Time::from_unix(at.unix_timestamp())?;
        if is_end {
            builder.set_not_after(&at)?;
        } else {
            builder.set_not_before(&at)?;
        }
    }
    Ok(builder)
}

fn named(attributes: &[(&str, &str)]) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    for (attribute, value) in attributes {
        name.append_entry_by_text(attribute, value)?;
    }
    Ok(name.build())
}

fn extend(builder: &mut X509Builder, order: &Order<'_>, issuer: &X509) -> Result<(), ErrorStack> {
    let mut usages = KeyUsage::new();
    usages.critical().digital_signature();
    if order.key_algorithm.starts_with("RSA") {
        usages.key_encipherment();
    }
    let mut extended = ExtendedKeyUsage::new();
    if order.server_auth {
        extended.server_auth();
    }
    if order.client_auth {
        extended.client_auth();
    }
    let mut names = SubjectAlternativeName::new();
    for name in order.names {
        names.dns(name);
    }
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(usages.build()?)?;
    builder.append_extension(extended.build()?)?;
    let context = builder.x509v3_context(Some(issuer), None);
    let others = [
        SubjectKeyIdentifier::new().build(&context)?,
        AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
        names.build(&context)?,
    ];
    for extension in others {
        builder.append_extension(extension)?;
    }
    Ok(())
}
