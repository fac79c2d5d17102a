//! What ACM shows of a certificate, read once.

use std::net::IpAddr;

use openssl::asn1::Asn1ObjectRef;
use openssl::nid::Nid;
use openssl::x509::{X509, X509NameRef};
use serde_json::{Map, Value, json};

use super::unsettled::{AbsentUsages, IpNames, IssuerName, Unsettled};
use certdrop::certificate::{AlternativeName, Certificate, KeyUsage};

/// A certificate and all that the answers say of it.
#[derive(Clone)]
pub(super) struct X509Facts {
    /// The shared model of it.
    pub certificate: Certificate,
    /// The subject in the certificate's own order.
    pub subject: String,
    /// `DistinguishedName` of the search.
    pub subject_attributes: Value,
    /// `DistinguishedName` of the search.
    pub issuer_attributes: Value,
    /// `SHA256WITHRSA`.
    pub signature_algorithm: String,
    /// It is its own issuer.
    pub is_self_signed: bool,
    issuer: IssuerNames,
}

/// What an issuer may be called by.
#[derive(Clone)]
struct IssuerNames {
    organization: Option<String>,
    common_name: Option<String>,
    whole: String,
}

impl X509Facts {
    /// Reads `parsed`, which is the same certificate as `certificate`.
    pub(super) fn new(certificate: Certificate, parsed: &X509) -> Self {
        let issuer = parsed.issuer_name();
        Self {
            subject: written(parsed.subject_name()),
            subject_attributes: attributes(parsed.subject_name()),
            issuer_attributes: attributes(issuer),
            signature_algorithm: signature_algorithm(parsed.signature_algorithm().object().nid()),
            is_self_signed: is_signed_by(parsed, parsed),
            issuer: IssuerNames {
                organization: attribute(issuer, Nid::ORGANIZATIONNAME),
                common_name: attribute(issuer, Nid::COMMONNAME),
                whole: written(issuer),
            },
            certificate,
        }
    }

    /// `Issuer`: the issuer's organization.
    pub(super) fn issuer(&self, unsettled: Unsettled) -> &str {
        let IssuerNames {
            organization,
            common_name,
            whole,
        } = &self.issuer;
        let common_name = match unsettled.issuer_without_organization {
            IssuerName::CommonName => common_name.as_deref(),
            IssuerName::WholeName => None,
        };
        organization.as_deref().or(common_name).unwrap_or(whole)
    }

    /// `DomainName`: the common name, or else the first alternative name; `None` for a certificate
    /// that has neither or whose only names are IP addresses.
    pub(super) fn domain_name(&self) -> Option<&str> {
        self.dns_names().next()
    }

    /// The names that the answers show, the common name first.
    pub(super) fn names(&self, unsettled: Unsettled) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let addresses = self
            .certificate
            .alternative_names
            .iter()
            .filter_map(|name| match name {
                AlternativeName::Ip(address) if unsettled.ip_names == IpNames::Listed => {
                    Some(address.to_string())
                }
                _ => None,
            });
        for name in self.dns_names().map(str::to_owned).chain(addresses) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Whether it has a name of any kind that a client can look for.
    pub(super) fn is_named(&self) -> bool {
        let mut alternative = self.certificate.alternative_names.iter();
        self.certificate.subject.common_name().is_some()
            || alternative.any(AlternativeName::is_of_server)
    }

    /// The common name unless it is an IP address, and the alternative names of the DNS.
    fn dns_names(&self) -> impl Iterator<Item = &str> {
        let common_name = self.certificate.subject.common_name();
        let common_name = common_name.filter(|name| name.parse::<IpAddr>().is_err());
        let alternative = self.certificate.alternative_names.iter();
        common_name
            .into_iter()
            .chain(alternative.filter_map(|name| match name {
                AlternativeName::Dns(name) => Some(name.as_str()),
                _ => None,
            }))
    }

    /// ACM's names of the key usages.
    pub(super) fn key_usages(&self, unsettled: Unsettled) -> Vec<&'static str> {
        match &self.certificate.key_usages {
            Some(usages) => usages.iter().map(|usage| usage.acm_name()).collect(),
            None => match unsettled.absent_usages {
                AbsentUsages::AnyAndNone => vec!["ANY"],
                AbsentUsages::Empty => vec![],
            },
        }
    }

    /// ACM's names of the extended key usages with their object identifiers.
    pub(super) fn extended_key_usages(
        &self,
        unsettled: Unsettled,
    ) -> Vec<(&'static str, Option<&str>)> {
        match &self.certificate.extended_key_usages {
            Some(usages) => usages
                .iter()
                .map(|oid| (extended_key_usage_name(oid), Some(oid.as_str())))
                .collect(),
            None => match unsettled.absent_usages {
                AbsentUsages::AnyAndNone => vec![("NONE", None)],
                AbsentUsages::Empty => vec![],
            },
        }
    }

    /// The model's name of the key algorithm: `RSA_2048`.
    pub(super) fn key_algorithm(&self) -> &'static str {
        self.certificate
            .public_key
            .algorithm()
            .acm_name()
            .unwrap_or_default()
    }

    /// Whether a key usage is among those of the extension.
    pub(super) fn has_key_usage(&self, usage: KeyUsage) -> bool {
        self.certificate
            .key_usages
            .as_ref()
            .is_some_and(|usages| usages.contains(&usage))
    }

    /// The alternative names as the search shows them.
    pub(super) fn general_names(&self) -> Vec<Value> {
        self.certificate
            .alternative_names
            .iter()
            .filter_map(|name| match name {
                AlternativeName::Dns(name) => Some(json!({"DnsName": name})),
                AlternativeName::Ip(address) => Some(json!({"IpAddress": address.to_string()})),
                AlternativeName::Mail(mail) => Some(json!({"Rfc822Name": mail})),
                AlternativeName::Uri(uri) => Some(json!({"UniformResourceIdentifier": uri})),
                AlternativeName::Other(_) | AlternativeName::Malformed(_) => None,
            })
            .collect()
    }
}

/// By name and signature. Key usage does not matter: a self-signed server certificate seldom may
/// sign certificates.
pub(super) fn is_signed_by(certificate: &X509, issuer: &X509) -> bool {
    issuer
        .subject_name()
        .try_cmp(certificate.issuer_name())
        .is_ok_and(std::cmp::Ordering::is_eq)
        && issuer
            .public_key()
            .is_ok_and(|key| certificate.verify(&key).unwrap_or(false))
}

/// ACM's name of an extended key usage.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_ExtendedKeyUsage.html>
pub(super) fn extended_key_usage_name(oid: &str) -> &'static str {
    match oid {
        "1.3.6.1.5.5.7.3.1" => "TLS_WEB_SERVER_AUTHENTICATION",
        CLIENT_AUTHENTICATION => "TLS_WEB_CLIENT_AUTHENTICATION",
        "1.3.6.1.5.5.7.3.3" => "CODE_SIGNING",
        "1.3.6.1.5.5.7.3.4" => "EMAIL_PROTECTION",
        "1.3.6.1.5.5.7.3.5" => "IPSEC_END_SYSTEM",
        "1.3.6.1.5.5.7.3.6" => "IPSEC_TUNNEL",
        "1.3.6.1.5.5.7.3.7" => "IPSEC_USER",
        "1.3.6.1.5.5.7.3.8" => "TIME_STAMPING",
        "1.3.6.1.5.5.7.3.9" => "OCSP_SIGNING",
        "2.5.29.37.0" => "ANY",
        _ => "CUSTOM",
    }
}

/// `id-kp-clientAuth` (RFC 5280, section 4.2.1.12).
pub(super) const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";

/// `SHA256WITHRSA`, `SHA384WITHECDSA`: the live service writes the digest and the key type so.
fn signature_algorithm(nid: Nid) -> String {
    let Some(algorithms) = nid.signature_algorithms() else {
        return nid.long_name().unwrap_or("UNKNOWN").to_uppercase();
    };
    let key = match algorithms.pkey {
        Nid::RSAENCRYPTION => "RSA",
        Nid::X9_62_ID_ECPUBLICKEY => "ECDSA",
        other => other.short_name().unwrap_or("UNKNOWN"),
    };
    let digest = algorithms.digest.short_name().unwrap_or("UNKNOWN");
    format!("{digest}WITH{key}").to_uppercase()
}

/// `C=AU,O=Example,CN=www.example.com`: the attributes in the certificate's order (recorded by
/// LocalStack, asserted by ACK). Special characters are escaped as in RFC 2253, section 2.4
/// (inferred).
fn written(name: &X509NameRef) -> String {
    let parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let oid = entry.object();
            let key = match oid.nid() {
                Nid::UNDEF => oid.to_string(),
                nid => nid
                    .short_name()
                    .map_or_else(|_| oid.to_string(), str::to_owned),
            };
            let value = entry.data().to_string();
            format!("{key}={}", escaped(&value.unwrap_or_default()))
        })
        .collect();
    parts.join(",")
}

fn attribute(name: &X509NameRef, nid: Nid) -> Option<String> {
    let first = name.entries_by_nid(nid).next()?;
    first.data().to_string().ok()
}

fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::new();
    for (position, c) in value.chars().enumerate() {
        let at_an_end = position == 0 || position == last;
        if ",+\"\\<>;".contains(c) || (c == '#' && position == 0) || (c == ' ' && at_an_end) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// `DistinguishedName` of SearchCertificates. The last of several values wins, except where the
/// model has a list.
fn attributes(name: &X509NameRef) -> Value {
    let mut attributes = Map::new();
    let mut components = Vec::new();
    let mut custom = Vec::new();
    for entry in name.entries() {
        let Ok(value) = entry.data().to_string() else {
            continue;
        };
        let member = match entry.object().nid() {
            Nid::COMMONNAME => "CommonName",
            Nid::COUNTRYNAME => "Country",
            Nid::DNQUALIFIER => "DistinguishedNameQualifier",
            Nid::GENERATIONQUALIFIER => "GenerationQualifier",
            Nid::GIVENNAME => "GivenName",
            Nid::INITIALS => "Initials",
            Nid::LOCALITYNAME => "Locality",
            Nid::ORGANIZATIONNAME => "Organization",
            Nid::ORGANIZATIONALUNITNAME => "OrganizationalUnit",
            Nid::PSEUDONYM => "Pseudonym",
            Nid::SERIALNUMBER => "SerialNumber",
            Nid::STATEORPROVINCENAME => "State",
            Nid::SURNAME => "Surname",
            Nid::TITLE => "Title",
            Nid::DOMAINCOMPONENT => {
                components.push(value);
                continue;
            }
            _ => {
                let oid = dotted(entry.object());
                custom.push(json!({"ObjectIdentifier": oid, "Value": value}));
                continue;
            }
        };
        attributes.insert(member.to_owned(), Value::from(value));
    }
    if !components.is_empty() {
        attributes.insert("DomainComponents".to_owned(), Value::from(components));
    }
    if !custom.is_empty() {
        attributes.insert("CustomAttributes".to_owned(), Value::from(custom));
    }
    Value::from(attributes)
}

/// The dotted object identifier of an attribute that the model has no member for. OpenSSL's binding
/// names those that it knows and writes only the others as numbers.
fn dotted(object: &Asn1ObjectRef) -> String {
    let known = match object.nid() {
        Nid::PKCS9_EMAILADDRESS => "1.2.840.113549.1.9.1",
        Nid::USERID => "0.9.2342.19200300.100.1.1",
        Nid::STREETADDRESS => "2.5.4.9",
        Nid::BUSINESSCATEGORY => "2.5.4.15",
        Nid::POSTALCODE => "2.5.4.17",
        Nid::NAME => "2.5.4.41",
        _ => return object.to_string(),
    };
    known.to_owned()
}
