//! Names in certificates: whom they are about, and where they may serve.

use std::fmt;
use std::net::IpAddr;

use pkcs8::der::Decode as _;
use pkcs8::der::asn1::AnyRef;
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Name;

/// Bytes of the longest DER header of a sequence in a certificate: tag, length of length, 4 bytes.
const MAX_HEADER: usize = 6;

/// A subject or issuer. Compared as RFC 5280, section 7.1 says, shown as text.
#[derive(Clone, Debug)]
pub struct DistinguishedName {
    der: Vec<u8>,
    canonical: Vec<u8>,
    text: String,
    common_name: Option<String>,
    /// Values of `emailAddress`.
    pub mail_addresses: Vec<String>,
    /// A value of `emailAddress` is in another string type than IA5String, which RFC 5280, section 4.1.2.6 wants.
    pub has_odd_mail_address: bool,
    /// A text has other octets than its string type allows.
    pub has_malformed_text: bool,
}

impl DistinguishedName {
    pub(super) fn from_parsed(name: &X509Name<'_>) -> Self {
        Self {
            der: name.as_raw().to_vec(),
            canonical: canonical(name),
            text: name.to_string(),
            common_name: name
                .iter_common_name()
                .last()
                .and_then(|value| value.as_str().ok())
                .map(str::to_owned),
            mail_addresses: name
                .iter_email()
                .filter_map(|value| value.as_str().ok())
                .map(str::to_owned)
                .collect(),
            has_odd_mail_address: name
                .iter_email()
                .any(|attribute| attribute.attr_value().tag() != Tag::Ia5String),
            has_malformed_text: name
                .iter_attributes()
                .any(|attribute| !is_well_formed(attribute.attr_value())),
        }
    }

    /// The content of its DER: what follows the header of the outer `SEQUENCE`.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        AnyRef::from_der(&self.der).map_or(&[], AnyRef::value)
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

    /// `base` is this name or one above it (RFC 5280, section 7.1).
    #[must_use]
    pub fn is_within(&self, base: &Self) -> bool {
        let rest = self.canonical.strip_prefix(base.canonical.as_slice());
        // What is left begins with a relative name, not within one.
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(&NEXT))
    }

    /// The last common name, which is the most specific one.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
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

/// What stands before each relative name in [`canonical`]: no length of a type is 0.
const NEXT: [u8; size_of::<usize>()] = [0; size_of::<usize>()];

/// Bytes that are equal where two names are (RFC 5280, section 7.1): CAs have written their own name
/// as PrintableString in one certificate and as UTF8String in the next. As OpenSSL does it: letters
/// of ASCII in lower case, blanks at the ends left out, blanks in a row taken for one.
fn canonical(name: &X509Name<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.as_raw().len());
    let mut with_length = |part: &[u8]| {
        bytes.extend(part.len().to_be_bytes());
        bytes.extend_from_slice(part);
    };
    for set in name.iter_rdn() {
        with_length(b"");
        for attribute in set.iter() {
            with_length(attribute.attr_type().as_bytes());
            let value = attribute.attr_value();
            if let Some(text) = text_of(value) {
                with_length(folded(&text).as_bytes());
            } else {
                with_length(&value.tag().0.to_be_bytes());
                with_length(value.data);
            }
        }
    }
    bytes
}

/// The octets are what the string type of ASN.1 allows (X.680, section 41); so is any value of another type. Blank, `*`
/// and `&` beyond PrintableString are common in old certificates, and clients take them.
fn is_well_formed(value: &Any<'_>) -> bool {
    let is_printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(byte);
    match value.tag() {
        Tag::Utf8String => std::str::from_utf8(value.data).is_ok(),
        Tag::PrintableString => value.data.iter().all(is_printable),
        Tag::NumericString => value
            .data
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b' '),
        Tag::Ia5String => value.data.is_ascii(),
        Tag::BmpString => value.data.len().is_multiple_of(2) && text_of(value).is_some(),
        _ => true,
    }
}

/// The characters of a string type of ASN.1; `None` for any other type.
fn text_of(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
            String::from_utf8(value.data.to_vec()).ok()
        }
        // In practice Latin-1.
        Tag::T61String => Some(value.data.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => {
            let units = value.data.as_chunks::<2>().0.iter().copied();
            char::decode_utf16(units.map(u16::from_be_bytes))
                .collect::<Result<_, _>>()
                .ok()
        }
        _ => None,
    }
}

fn folded(text: &str) -> String {
    let words = text.split_ascii_whitespace().map(str::to_ascii_lowercase);
    words.collect::<Vec<_>>().join(" ")
}

/// A subject alternative name (RFC 5280, section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlternativeName {
    /// `dNSName`, as written in the certificate.
    Dns(String),
    /// `iPAddress`.
    Ip(IpAddr),
    /// `rfc822Name`, as written in the certificate.
    Mail(String),
    /// `uniformResourceIdentifier`, as written in the certificate.
    Uri(String),
    /// A name of another kind, such as a directory name. No TLS client looks at it; kept for display.
    Other(String),
    /// No such kind of name, or content that is not of its kind.
    Malformed(String),
}

impl AlternativeName {
    /// A kind of name that TLS clients look for.
    #[must_use]
    pub fn is_of_server(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Ip(_))
    }

    pub(super) fn from_parsed(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Dns((*name).to_owned()),
            GeneralName::IPAddress(bytes) => {
                let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
                let v6 = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
                v4.or(v6).map_or_else(
                    |_| Self::Malformed("IP address of odd length".into()),
                    Self::Ip,
                )
            }
            // A name with other characters than UTF-8's, which no client would match.
            GeneralName::Invalid(Tag(2), bytes) => {
                Self::Dns(String::from_utf8_lossy(bytes).into_owned())
            }
            GeneralName::Invalid(..) => Self::Malformed(name.to_string()),
            GeneralName::RFC822Name(mail) => Self::Mail((*mail).to_owned()),
            GeneralName::URI(uri) => Self::Uri((*uri).to_owned()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Other(name) | Self::Malformed(name) => f.write_str(name),
            Self::Mail(mail) => write!(f, "email:{mail}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}
