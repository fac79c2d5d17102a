//! Certificates made for a test, by OpenSSL.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The instant that tests judge at.
pub const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);

pub type Key = PKey<Private>;

pub fn rsa(bits: u32) -> Key {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

pub fn ec(curve: Nid) -> Key {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub fn p256() -> Key {
    ec(Nid::X9_62_PRIME256V1)
}

pub fn pem_of_key(key: &Key) -> String {
    String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
}

pub fn pem(certificate: &X509) -> String {
    String::from_utf8(certificate.to_pem().unwrap()).unwrap()
}

/// What a certificate is to be like.
#[derive(Clone)]
pub struct Order {
    /// Those of the subject before the common name.
    pub attributes: Vec<(&'static str, &'static str)>,
    pub common_name: Option<&'static str>,
    pub names: Vec<&'static str>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// OpenSSL's names; `None` for no extension.
    pub key_usages: Option<Vec<&'static str>>,
    pub extended_key_usages: Option<Vec<&'static str>>,
    pub is_ca: bool,
    /// Whether it has basic constraints at all.
    pub has_constraints: bool,
    /// Random if left out.
    pub serial: Option<u32>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            attributes: vec![("C", "DE"), ("O", "Example, Inc.")],
            common_name: Some("www.example.com"),
            names: vec!["www.example.com"],
            not_before: NOW - Duration::days(1),
            not_after: NOW + Duration::days(89),
            key_usages: Some(vec!["digitalSignature"]),
            extended_key_usages: Some(vec!["serverAuth"]),
            is_ca: false,
            has_constraints: true,
            serial: None,
        }
    }
}

/// An authority: root, intermediate.
pub struct Authority {
    pub root: X509,
    pub intermediate: X509,
    pub intermediate_key: Key,
}

/// All PEM.
#[derive(Clone)]
pub struct Issued {
    pub certificate: String,
    pub key: String,
    pub chain: String,
}

impl Authority {
    pub fn new() -> Self {
        let (root_key, intermediate_key) = (p256(), p256());
        let authority = |name| Order {
            common_name: Some(name),
            names: vec![],
            not_before: NOW - Duration::days(1_000),
            not_after: NOW + Duration::days(1_000),
            key_usages: Some(vec!["keyCertSign"]),
            extended_key_usages: None,
            is_ca: true,
            ..Order::default()
        };
        let root = sign(&authority("Root"), &root_key, None);
        let intermediate = sign(
            &authority("Intermediate"),
            &intermediate_key,
            Some((&root, &root_key)),
        );
        Self {
            root,
            intermediate,
            intermediate_key,
        }
    }

    pub fn issue(&self, order: &Order) -> Issued {
        self.issue_for(&p256(), order)
    }

    pub fn issue_for(&self, key: &Key, order: &Order) -> Issued {
        let leaf = sign(
            order,
            key,
            Some((&self.intermediate, &self.intermediate_key)),
        );
        Issued {
            certificate: pem(&leaf),
            key: pem_of_key(key),
            chain: pem(&self.intermediate),
        }
    }
}

/// Without a chain.
pub fn issued_alone(key: &Key, order: &Order) -> Issued {
    Issued {
        certificate: pem(&self_signed(key, order)),
        key: pem_of_key(key),
        chain: String::new(),
    }
}

pub fn self_signed(key: &Key, order: &Order) -> X509 {
    sign(order, key, None)
}

/// Signs what `order` wants for `key`, by `issuer` or by itself.
pub fn sign(order: &Order, key: &Key, issuer: Option<(&X509, &Key)>) -> X509 {
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = [0_u8; 16];
    openssl::rand::rand_bytes(&mut serial).unwrap();
    serial[0] = (serial[0] & 0x7f) | 0x01;
    let serial = match order.serial {
        Some(serial) => BigNum::from_u32(serial).unwrap(),
        None => BigNum::from_slice(&serial).unwrap(),
    };
    let serial = serial.to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    let subject = name(order);
    builder.set_subject_name(&subject).unwrap();
    let issuer_name = issuer.map_or(&*subject, |(certificate, _)| certificate.subject_name());
    builder.set_issuer_name(issuer_name).unwrap();
    builder.set_pubkey(key).unwrap();
    let at = |at: OffsetDateTime| Asn1Time::from_unix(at.unix_timestamp()).unwrap();
    builder.set_not_before(&at(order.not_before)).unwrap();
    builder.set_not_after(&at(order.not_after)).unwrap();
    extend(
        &mut builder,
        order,
        issuer.map(|(certificate, _)| certificate),
    );
    let signer = issuer.map_or(key, |(_, key)| key);
    let digest = match signer.id() {
        openssl::pkey::Id::ED25519 => MessageDigest::null(),
        _ => MessageDigest::sha256(),
    };
    builder.sign(signer, digest).unwrap();
    builder.build()
}

fn name(order: &Order) -> X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    for (attribute, value) in &order.attributes {
        name.append_entry_by_text(attribute, value).unwrap();
    }
    if let Some(common_name) = order.common_name {
        name.append_entry_by_text("CN", common_name).unwrap();
    }
    name.build()
}

fn extend(builder: &mut X509Builder, order: &Order, issuer: Option<&X509>) {
    let mut constraints = BasicConstraints::new();
    constraints.critical();
    if order.is_ca {
        constraints.ca();
    }
    if order.has_constraints {
        builder
            .append_extension(constraints.build().unwrap())
            .unwrap();
    }
    if let Some(usages) = &order.key_usages {
        builder.append_extension(key_usage(usages)).unwrap();
    }
    if let Some(usages) = &order.extended_key_usages {
        let mut extension = ExtendedKeyUsage::new();
        for usage in usages {
            extension.other(usage);
        }
        builder
            .append_extension(extension.build().unwrap())
            .unwrap();
    }
    let context = builder.x509v3_context(issuer.map(|issuer| &**issuer), None);
    let subject_key = SubjectKeyIdentifier::new().build(&context).unwrap();
    let mut others = vec![subject_key];
    if issuer.is_some() {
        let mut authority_key = AuthorityKeyIdentifier::new();
        others.push(authority_key.keyid(true).build(&context).unwrap());
    }
    if !order.names.is_empty() {
        let mut alternative = SubjectAlternativeName::new();
        for name in &order.names {
            match name.parse::<std::net::IpAddr>() {
                Ok(_) => alternative.ip(name),
                Err(_) => alternative.dns(name),
            };
        }
        others.push(alternative.build(&context).unwrap());
    }
    for extension in others {
        builder.append_extension(extension).unwrap();
    }
}

fn key_usage(usages: &[&str]) -> openssl::x509::X509Extension {
    let mut extension = KeyUsage::new();
    extension.critical();
    for usage in usages {
        match *usage {
            "digitalSignature" => extension.digital_signature(),
            "nonRepudiation" => extension.non_repudiation(),
            "keyEncipherment" => extension.key_encipherment(),
            "dataEncipherment" => extension.data_encipherment(),
            "keyAgreement" => extension.key_agreement(),
            "keyCertSign" => extension.key_cert_sign(),
            other => panic!("no key usage {other}"),
        };
    }
    extension.build().unwrap()
}
