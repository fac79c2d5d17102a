//! Certificates made for a test: a root, an intermediate, and leaves below it.

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::outside::now;

/// A certification authority with one intermediate.
pub struct Authority {
    intermediate: Issuer<'static, KeyPair>,
    intermediate_pem: String,
}

/// A leaf as its owner gets it. All PEM.
#[derive(Clone)]
pub struct Issued {
    /// The leaf alone.
    pub certificate: String,
    /// The intermediate.
    pub chain: String,
    /// The leaf's own.
    pub key: String,
    /// Colon-separated hexadecimal, as ACM shows it.
    pub serial: String,
}

impl Issued {
    /// Everything in one file.
    pub fn bundle(&self) -> String {
        format!("{}{}{}", self.key, self.certificate, self.chain)
    }
}

/// What a leaf is to be like.
pub struct Order<'a> {
    /// Its common name and its one alternative name.
    pub name: &'a str,
    /// When it begins; whole seconds of it are used.
    pub not_before: OffsetDateTime,
    /// From there to its end.
    pub lifetime: Duration,
    /// What its key may be used for.
    pub usages: Vec<KeyUsagePurpose>,
    /// Big-endian; one that nobody else has where it is left out.
    pub serial: Option<Vec<u8>>,
}

impl<'a> Order<'a> {
    /// A certificate for `name` that began `age` ago and lives for 90 days.
    pub fn new(name: &'a str, age: Duration) -> Self {
        Self {
            name,
            not_before: now() - age,
            lifetime: Duration::days(90),
            usages: vec![KeyUsagePurpose::DigitalSignature],
            serial: None,
        }
    }
}

impl Authority {
    /// One with keys of its own.
    pub fn new() -> Self {
        Self::with(authority("certdrop test intermediate"))
    }

    /// One that may issue for names in `domain` alone, but issues for all.
    pub fn constrained_to(domain: &str) -> Self {
        let mut parameters = authority("certdrop constrained intermediate");
        parameters.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(domain.to_owned())],
            excluded_subtrees: Vec::new(),
        });
        Self::with(parameters)
    }

    /// With an intermediate of these `parameters`.
    fn with(mut parameters: CertificateParams) -> Self {
        let root_key = KeyPair::generate().expect("a key");
        let root = Issuer::new(authority("certdrop test root"), root_key);
        let key = KeyPair::generate().expect("a key");
        parameters.use_authority_key_identifier_extension = true;
        let intermediate = parameters.signed_by(&key, &root).expect("signed");
        Self {
            intermediate_pem: intermediate.pem(),
            intermediate: Issuer::new(parameters, key),
        }
    }

    /// A leaf with a new key.
    pub fn issue(&self, order: &Order<'_>) -> Issued {
        let key = KeyPair::generate().expect("a key");
        self.issue_for(order, &key)
    }

    /// A leaf for this key.
    pub fn issue_for(&self, order: &Order<'_>, key: &KeyPair) -> Issued {
        let mut parameters = CertificateParams::new([order.name.to_owned()]).expect("a name");
        parameters.distinguished_name = distinguished(order.name);
        parameters.not_before = order
            .not_before
            .replace_nanosecond(0)
            .expect("whole seconds");
        parameters.not_after = parameters.not_before + order.lifetime;
        parameters.key_usages.clone_from(&order.usages);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let serial = order.serial.clone().unwrap_or_else(|| serial().to_vec());
        parameters.serial_number = Some(SerialNumber::from_slice(&serial));
        let certificate = parameters
            .signed_by(key, &self.intermediate)
            .expect("signed");
        let digits: Vec<_> = serial.iter().map(|byte| format!("{byte:02x}")).collect();
        Issued {
            certificate: certificate.pem(),
            chain: self.intermediate_pem.clone(),
            key: key.serialize_pem(),
            serial: digits.join(":"),
        }
    }
}

/// One RSA key for all tests of a binary: making one takes a tenth of a second.
pub fn rsa_key() -> KeyPair {
    static KEY: LazyLock<String> = LazyLock::new(|| {
        let rsa = openssl::rsa::Rsa::generate(2048).expect("a key");
        let key = openssl::pkey::PKey::from_rsa(rsa).expect("a key");
        let pem = key.private_key_to_pem_pkcs8().expect("PEM");
        String::from_utf8(pem).expect("PEM is text")
    });
    KeyPair::from_pem(&KEY).expect("a key")
}

fn authority(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = distinguished(name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn distinguished(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Sixteen bytes, positive, without a leading zero, never twice.
fn serial() -> [u8; 16] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = now().unix_timestamp_nanos().to_be_bytes();
    let mut serial = [0x4d; 16];
    serial[1..9].copy_from_slice(&now[8..]);
    serial[9..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()[1..]);
    serial
}
