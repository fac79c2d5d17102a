//! Our view of one X.509 certificate: everything that a rule asks about, read once.

mod key_usage;
mod name;
mod name_constraints;
mod serial_number;

use std::collections::BTreeSet;
use std::ops::Range;

use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode as _, Encode as _, SliceReader, Tag, Tagged as _};
use thiserror::Error;
use time::OffsetDateTime;
use x509_parser::asn1_rs::{Any, Oid};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::SubjectPublicKeyInfo;

pub use key_usage::KeyUsage;
pub use name::{AlternativeName, DistinguishedName};
pub use name_constraints::{Base, NameConstraints, Network};
pub use serial_number::SerialNumber;

use crate::public_key::{
    Curve, KeyAlgorithm, PublicKey, name_of_algorithm, name_of_curve, uncompressed,
};
use key_usage::extended_key_usages;

/// One X.509 certificate. Owns its DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    to_be_signed: Range<usize>,
    /// X.509 version as people say it: 1, 2 or 3.
    pub version: u32,
    /// Unique per issuer.
    pub serial: SerialNumber,
    /// The serial number is below zero, which RFC 5280, section 4.1.2.2 forbids.
    pub has_negative_serial: bool,
    /// The serial number has no octet, or more than it needs, which DER forbids (X.690, section 8.3).
    pub has_malformed_serial: bool,
    /// Whom the certificate is about.
    pub subject: DistinguishedName,
    /// Who signed it.
    pub issuer: DistinguishedName,
    /// First instant of validity, inclusive (RFC 5280, section 4.1.2.5).
    pub not_before: OffsetDateTime,
    /// Last instant of validity, inclusive (RFC 5280, section 4.1.2.5).
    pub not_after: OffsetDateTime,
    /// A date is not written as RFC 5280, section 4.1.2.5 says: to the second, in UTC.
    pub has_malformed_dates: bool,
    /// The subject's key.
    pub public_key: PublicKey,
    /// How the issuer signed.
    pub signature_algorithm: AlgorithmIdentifier,
    /// The issuer's signature over [`Certificate::to_be_signed`].
    pub signature: Vec<u8>,
    /// All extensions, in their order. What certdrop reads of their content are the members below.
    pub extensions: Vec<Extension>,
    /// All subject alternative names, in their order.
    pub alternative_names: Vec<AlternativeName>,
    /// `None` where the extension is absent.
    pub basic_constraints: Option<BasicConstraints>,
    /// `None` where the extension is absent.
    pub key_usages: Option<BTreeSet<KeyUsage>>,
    /// Object identifiers, dotted; `None` where the extension is absent.
    pub extended_key_usages: Option<BTreeSet<String>>,
    /// `None` where the extension is absent.
    pub name_constraints: Option<NameConstraints>,
    /// SKI (RFC 5280, section 4.2.1.2).
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the AKI (RFC 5280, section 4.2.1.1).
    pub authority_key_id: Option<Vec<u8>>,
    /// The issuer's serial number in the AKI.
    pub authority_serial: Option<SerialNumber>,
    /// Where the issuer's certificate can be had (AIA, `caIssuers`).
    pub ca_issuer_urls: Vec<String>,
    /// Where the issuer answers for this certificate (AIA, `ocsp`).
    pub ocsp_urls: Vec<String>,
}

/// Why bytes are no certificate. Names the part that could not be read, never quotes the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct MalformedCertificate(String);

impl Certificate {
    /// Reads one DER certificate. Nothing may follow it.
    ///
    /// # Errors
    ///
    /// Where the structure, a date, the public key or an extension that certdrop judges by cannot
    /// be read, or bytes follow the certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, MalformedCertificate> {
        let (rest, parsed) = X509Certificate::from_der(der)
            .map_err(|_| malformed("is not the DER of an X.509 certificate"))?;
        if !rest.is_empty() {
            return Err(malformed("has bytes after its end"));
        }
        let mut certificate = Self::without_extensions(der, &parsed)?;
        for extension in parsed.extensions() {
            certificate.extensions.push(Extension {
                oid: extension.oid.to_id_string(),
                is_critical: extension.critical,
                is_readable: !matches!(
                    extension.parsed_extension(),
                    ParsedExtension::ParseError { .. }
                ),
            });
            certificate.take_extension(&extension.oid, extension.parsed_extension())?;
        }
        Ok(certificate)
    }

    fn without_extensions(
        der: &[u8],
        parsed: &X509Certificate<'_>,
    ) -> Result<Self, MalformedCertificate> {
        let tbs: &[u8] = parsed.tbs_certificate.as_ref();
        let start = offset_within(der, tbs).ok_or_else(|| malformed("has no body"))?;
        Ok(Self {
            der: der.to_vec(),
            to_be_signed: start..start + tbs.len(),
            version: parsed.version().0 + 1,
            serial: SerialNumber::from_bytes(parsed.raw_serial()),
            has_negative_serial: parsed
                .raw_serial()
                .first()
                .is_some_and(|byte| byte & 0x80 != 0),
            has_malformed_serial: match parsed.raw_serial() {
                [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => true,
                [_, ..] => false,
            },
            subject: DistinguishedName::from_parsed(parsed.subject()),
            issuer: DistinguishedName::from_parsed(parsed.issuer()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            has_malformed_dates: has_der_dates(tbs) == Some(false),
            public_key: public_key(parsed.public_key())?,
            signature_algorithm: AlgorithmIdentifier {
                oid: parsed.signature_algorithm.algorithm.to_id_string(),
                parameters: parsed
                    .signature_algorithm
                    .parameters
                    .as_ref()
                    .map(|any| any.data.to_vec()),
            },
            signature: parsed.signature_value.data.to_vec(),
            extensions: Vec::new(),
            alternative_names: Vec::new(),
            basic_constraints: None,
            key_usages: None,
            extended_key_usages: None,
            name_constraints: None,
            subject_key_id: None,
            authority_key_id: None,
            authority_serial: None,
            ca_issuer_urls: Vec::new(),
            ocsp_urls: Vec::new(),
        })
    }

    fn take_extension(
        &mut self,
        oid: &Oid<'_>,
        extension: &ParsedExtension<'_>,
    ) -> Result<(), MalformedCertificate> {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                self.alternative_names = names
                    .general_names
                    .iter()
                    .map(AlternativeName::from_parsed)
                    .collect();
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.basic_constraints = Some(BasicConstraints {
                    ca: constraints.ca,
                    path_length: constraints.path_len_constraint,
                });
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_usages = Some(KeyUsage::from_flags(usage.flags));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.extended_key_usages = Some(extended_key_usages(usage));
            }
            ParsedExtension::NameConstraints(constraints) => {
                self.name_constraints = Some(NameConstraints::from_parsed(constraints));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                self.authority_serial = id.authority_cert_serial.map(SerialNumber::from_bytes);
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                for description in access.iter() {
                    let GeneralName::URI(url) = description.access_location else {
                        continue;
                    };
                    match description.access_method.to_id_string().as_str() {
                        "1.3.6.1.5.5.7.48.1" => self.ocsp_urls.push(url.to_owned()),
                        "1.3.6.1.5.5.7.48.2" => self.ca_issuer_urls.push(url.to_owned()),
                        _ => {}
                    }
                }
            }
            ParsedExtension::ParseError { .. } if is_judged_by(oid) => {
                return Err(malformed(&format!("has an unreadable extension {oid}")));
            }
            _ => {}
        }
        Ok(())
    }

    /// The whole certificate, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The part that the issuer signed (`tbsCertificate`), DER with its header.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        self.der.get(self.to_be_signed.clone()).unwrap_or_default()
    }

    /// Subject and issuer are the same name. Says nothing about the signature.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Both ends are inclusive (RFC 5280, section 4.1.2.5).
    #[must_use]
    pub fn is_valid_at(&self, now: OffsetDateTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// May sign certificates, as far as its basic constraints say (RFC 5280, section 4.2.1.9).
    ///
    /// A version 1 certificate has no extensions; old roots are of that kind, so a self-issued one
    /// counts as a CA.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        match &self.basic_constraints {
            Some(constraints) => constraints.ca,
            None => self.version < 3 && self.is_self_issued(),
        }
    }

    /// SHA-256 over the DER, lower-case hexadecimal without separators.
    #[must_use]
    pub fn sha256(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.der);
        hex::encode(digest)
    }
}

/// An extension that a rule or the chain builder asks about, or that OpenSSL reads before it verifies
/// anything. What stands in the others has been damaged in real certificates for years.
fn is_judged_by(oid: &Oid<'_>) -> bool {
    matches!(
        oid.to_id_string().as_str(),
        "2.5.29.14" // subjectKeyIdentifier
            | "2.5.29.15" // keyUsage
            | "2.5.29.17" // subjectAltName
            | "2.5.29.19" // basicConstraints
            | "2.5.29.30" // nameConstraints
            | "2.5.29.31" // cRLDistributionPoints
            | "2.5.29.35" // authorityKeyIdentifier
            | "2.5.29.37" // extKeyUsage
            | "1.3.6.1.5.5.7.1.1" // authorityInfoAccess
            | "2.16.840.1.113730.1.1" // nsCertType
    )
}

/// An extension, by its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Dotted object identifier.
    pub oid: String,
    /// Who does not know it has to refuse the certificate (RFC 5280, section 4.2).
    pub is_critical: bool,
    /// Its content is what its definition says, or its definition is not known here.
    pub is_readable: bool,
}

/// `oid` dotted; `parameters` the content of the parameters field, without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier {
    /// Dotted object identifier.
    pub oid: String,
    /// Content of the parameters, `None` where they are absent.
    pub parameters: Option<Vec<u8>>,
}

/// RFC 5280, section 4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The subject is a certification authority.
    pub ca: bool,
    /// How many intermediates may follow.
    pub path_length: Option<u32>,
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`. The parser takes other forms too, and keeps no text.
fn has_der_dates(tbs: &[u8]) -> Option<bool> {
    let content = AnyRef::from_der(tbs).ok()?.value();
    let mut fields = SliceReader::new(content).ok()?;
    let mut next = || AnyRef::decode(&mut fields).ok();
    // A version is there unless it is 1. Serial number, algorithm and issuer follow.
    if next()?.tag() != Tag::Integer {
        next()?;
    }
    next()?;
    next()?;
    let mut dates = SliceReader::new(next()?.value()).ok()?;
    let mut is_der = || {
        let date = AnyRef::decode(&mut dates).ok()?;
        let length = match date.tag() {
            Tag::UtcTime => 13,
            Tag::GeneralizedTime => 15,
            _ => return Some(false),
        };
        let (zone, digits) = date.value().split_last()?;
        let is_written = *zone == b'Z' && digits.iter().all(u8::is_ascii_digit);
        Some(is_written && date.value().len() == length)
    };
    Some(is_der()? && is_der()?)
}

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> Result<PublicKey, MalformedCertificate> {
    let algorithm = match info.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => match info.parsed() {
            Ok(ParsedKey::RSA(key)) => KeyAlgorithm::rsa(key.modulus),
            _ => return Err(malformed("has an unreadable RSA public key")),
        },
        "1.2.840.10045.2.1" => named_curve(info.algorithm.parameters.as_ref()),
        "1.3.101.112" => KeyAlgorithm::Ed25519,
        other => KeyAlgorithm::Other(name_of_algorithm(other)),
    };
    let content = &info.subject_public_key.data;
    let point = match algorithm {
        KeyAlgorithm::Ec(curve) => uncompressed(curve, content),
        _ => None,
    };
    let content = point.unwrap_or_else(|| content.to_vec());
    Ok(PublicKey::new(algorithm, content))
}

/// The key of a `SubjectPublicKeyInfo`, given the content of its outer `SEQUENCE`.
///
/// # Errors
///
/// Where it cannot be read.
pub fn public_key_from_info_content(content: &[u8]) -> Result<PublicKey, MalformedCertificate> {
    let der = AnyRef::new(Tag::Sequence, content)
        .and_then(|info| info.to_der())
        .map_err(|_| malformed("has a huge public key"))?;
    let (_, info) = SubjectPublicKeyInfo::from_der(&der)
        .map_err(|_| malformed("has an unreadable public key"))?;
    public_key(&info)
}

fn named_curve(parameters: Option<&Any<'_>>) -> KeyAlgorithm {
    let Some(oid) = parameters.and_then(|any| any.as_oid().ok()) else {
        return KeyAlgorithm::Other("EC with explicit parameters".into());
    };
    let oid = oid.to_id_string();
    Curve::from_oid(&oid).map_or_else(
        || KeyAlgorithm::Other(name_of_curve(&oid)),
        KeyAlgorithm::Ec,
    )
}

fn offset_within(whole: &[u8], part: &[u8]) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (offset + part.len() <= whole.len()).then_some(offset)
}

/// Lower-case hexadecimal of `bytes`, with `separator` between them.
#[must_use]
pub fn hexadecimal(bytes: &[u8], separator: &str) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| hex::encode([*byte])).collect();
    pairs.join(separator)
}

fn malformed(what: &str) -> MalformedCertificate {
    MalformedCertificate(what.to_owned())
}
