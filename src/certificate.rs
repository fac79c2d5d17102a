//! Our view of one X.509 certificate: everything that a rule asks about, read once.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Encode as _, Tag};
use thiserror::Error;
use time::OffsetDateTime;
use x509_parser::asn1_rs::{Any, Oid};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::public_key::{Curve, KeyAlgorithm, PublicKey};

/// One X.509 certificate. Owns its DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    to_be_signed: Range<usize>,
    /// X.509 version as people say it: 1, 2 or 3.
    pub version: u32,
    /// Unique per issuer.
    pub serial: SerialNumber,
    /// Whom the certificate is about.
    pub subject: DistinguishedName,
    /// Who signed it.
    pub issuer: DistinguishedName,
    /// First instant of validity, inclusive (RFC 5280, section 4.1.2.5).
    pub not_before: OffsetDateTime,
    /// Last instant of validity, inclusive (RFC 5280, section 4.1.2.5).
    pub not_after: OffsetDateTime,
    /// The subject's key.
    pub public_key: PublicKey,
    /// How the issuer signed.
    pub signature_algorithm: AlgorithmIdentifier,
    /// The issuer's signature over [`Certificate::to_be_signed`].
    pub signature: Vec<u8>,
    /// All subject alternative names, in their order.
    pub alternative_names: Vec<AlternativeName>,
    /// `None` where the extension is absent.
    pub basic_constraints: Option<BasicConstraints>,
    /// `None` where the extension is absent.
    pub key_usages: Option<BTreeSet<KeyUsage>>,
    /// Object identifiers, dotted; `None` where the extension is absent.
    pub extended_key_usages: Option<BTreeSet<String>>,
    /// SKI (RFC 5280, section 4.2.1.2).
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the AKI (RFC 5280, section 4.2.1.1).
    pub authority_key_id: Option<Vec<u8>>,
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
            subject: DistinguishedName::from_parsed(parsed.subject()),
            issuer: DistinguishedName::from_parsed(parsed.issuer()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
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
            alternative_names: Vec::new(),
            basic_constraints: None,
            key_usages: None,
            extended_key_usages: None,
            subject_key_id: None,
            authority_key_id: None,
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
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
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
            ParsedExtension::ParseError { .. } => {
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
        hexadecimal(digest.as_ref(), "")
    }
}

/// `oid` dotted; `parameters` the content of the parameters field, without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier {
    /// Dotted object identifier.
    pub oid: String,
    /// Content of the parameters, `None` where they are absent.
    pub parameters: Option<Vec<u8>>,
}

/// Bytes of the longest DER header of a sequence in a certificate: tag, length of length, 4 bytes.
const MAX_HEADER: usize = 6;

/// RFC 5280, section 4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The subject is a certification authority.
    pub ca: bool,
    /// How many intermediates may follow.
    pub path_length: Option<u32>,
}

/// A serial number: a positive integer, big-endian, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    fn from_bytes(bytes: &[u8]) -> Self {
        let leading_zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Self(bytes.get(leading_zeros..).unwrap_or_default().to_vec())
    }

    /// Reads hexadecimal with or without colons, as ACM writes it: `07:71:71:f4`.
    #[must_use]
    pub fn from_hexadecimal(text: &str) -> Option<Self> {
        let mut digits: String = text.chars().filter(|c| *c != ':').collect();
        if digits.len() % 2 == 1 {
            digits.insert(0, '0');
        }
        let bytes = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect::<Option<Vec<_>>>()?;
        Some(Self::from_bytes(&bytes))
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("00");
        }
        f.write_str(&hexadecimal(&self.0, ":"))
    }
}

/// A subject or issuer. Compared by its DER, shown as text.
#[derive(Clone, Debug)]
pub struct DistinguishedName {
    der: Vec<u8>,
    text: String,
    common_name: Option<String>,
}

impl DistinguishedName {
    fn from_parsed(name: &X509Name<'_>) -> Self {
        Self {
            der: name.as_raw().to_vec(),
            text: name.to_string(),
            common_name: name
                .iter_common_name()
                .last()
                .and_then(|value| value.as_str().ok())
                .map(str::to_owned),
        }
    }

    /// Its DER has this content (what follows the header of the outer `SEQUENCE`).
    #[must_use]
    pub fn has_content(&self, content: &[u8]) -> bool {
        !content.is_empty()
            && self.der.ends_with(content)
            && self.der.len() - content.len() <= MAX_HEADER
    }

    /// No attribute at all: `SEQUENCE {}`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.der.len() <= 2
    }

    /// The last common name, which is the most specific one.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for DistinguishedName {}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() {
            "(empty)"
        } else {
            &self.text
        })
    }
}

/// A subject alternative name (RFC 5280, section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlternativeName {
    /// `dNSName`, as written in the certificate.
    Dns(String),
    /// `iPAddress`.
    Ip(IpAddr),
    /// Anything that no TLS client looks at: mail, URI, directory name. Kept for display.
    Other(String),
}

impl AlternativeName {
    fn from_parsed(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Dns((*name).to_owned()),
            GeneralName::IPAddress(bytes) => {
                let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
                let v6 = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
                v4.or(v6)
                    .map_or_else(|_| Self::Other("IP address of odd length".into()), Self::Ip)
            }
            GeneralName::RFC822Name(mail) => Self::Other(format!("email:{mail}")),
            GeneralName::URI(uri) => Self::Other(format!("URI:{uri}")),
            other => Self::Other(other.to_string()),
        }
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Other(name) => f.write_str(name),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

/// RFC 5280, section 4.2.1.3, in the order of its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUsage {
    /// Bit 0.
    DigitalSignature,
    /// Bit 1, also called content commitment.
    NonRepudiation,
    /// Bit 2.
    KeyEncipherment,
    /// Bit 3.
    DataEncipherment,
    /// Bit 4.
    KeyAgreement,
    /// Bit 5.
    CertificateSigning,
    /// Bit 6.
    CrlSigning,
    /// Bit 7.
    EncipherOnly,
    /// Bit 8.
    DecipherOnly,
}

impl KeyUsage {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::CertificateSigning,
        Self::CrlSigning,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    fn from_flags(flags: u16) -> BTreeSet<Self> {
        Self::ALL
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| flags & (1 << bit) != 0)
            .map(|(_, usage)| usage)
            .collect()
    }

    /// ACM's name (`KeyUsage.Name`).
    ///
    /// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_KeyUsage.html>
    #[must_use]
    pub fn acm_name(self) -> &'static str {
        match self {
            Self::DigitalSignature => "DIGITAL_SIGNATURE",
            Self::NonRepudiation => "NON_REPUDIATION",
            Self::KeyEncipherment => "KEY_ENCIPHERMENT",
            Self::DataEncipherment => "DATA_ENCIPHERMENT",
            Self::KeyAgreement => "KEY_AGREEMENT",
            Self::CertificateSigning => "CERTIFICATE_SIGNING",
            Self::CrlSigning => "CRL_SIGNING",
            Self::EncipherOnly => "ENCIPHER_ONLY",
            Self::DecipherOnly => "DECIPHER_ONLY",
        }
    }
}

fn extended_key_usages(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> BTreeSet<String> {
    let named = [
        (usage.any, "2.5.29.37.0"),
        (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
        (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ];
    let others = usage.other.iter().map(Oid::to_id_string);
    named
        .into_iter()
        .filter(|(present, _)| *present)
        .map(|(_, oid)| oid.to_owned())
        .chain(others)
        .collect()
}

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> Result<PublicKey, MalformedCertificate> {
    let algorithm = match info.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => match info.parsed() {
            Ok(ParsedKey::RSA(key)) => KeyAlgorithm::rsa(key.modulus),
            _ => return Err(malformed("has an unreadable RSA public key")),
        },
        "1.2.840.10045.2.1" => named_curve(info.algorithm.parameters.as_ref()),
        "1.3.101.112" => KeyAlgorithm::Ed25519,
        "1.3.101.113" => KeyAlgorithm::Other("Ed448".into()),
        "1.2.840.113549.1.1.10" => KeyAlgorithm::Other("RSASSA-PSS".into()),
        "1.2.840.10040.4.1" => KeyAlgorithm::Other("DSA".into()),
        other => KeyAlgorithm::Other(format!("algorithm {other}")),
    };
    Ok(PublicKey::new(
        algorithm,
        info.subject_public_key.data.to_vec(),
    ))
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
        || KeyAlgorithm::Other(format!("EC on curve {oid}")),
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
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(separator)
}

fn malformed(what: &str) -> MalformedCertificate {
    MalformedCertificate(what.to_owned())
}
