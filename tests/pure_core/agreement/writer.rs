//! Certificates to order: extension by extension, right or wrong. Their signed part is the same in every run.

use std::path::Path;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::der::{TRUE, bits, dns, integer, name, octets, oid, sequence, tlv};

pub(super) const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);
/// The last second of leaves, which OpenSSL no longer counts.
pub(super) const END: OffsetDateTime = datetime!(2027-02-01 00:00 UTC);

pub(super) const SKI: &str = "2.5.29.14";
pub(super) const KU: &str = "2.5.29.15";
pub(super) const SAN: &str = "2.5.29.17";
pub(super) const BC: &str = "2.5.29.19";
pub(super) const NC: &str = "2.5.29.30";
pub(super) const AKI: &str = "2.5.29.35";
pub(super) const EKU: &str = "2.5.29.37";

pub(super) const SERVER: &str = "1.3.6.1.5.5.7.3.1";
pub(super) const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
pub(super) const CODE: &str = "1.3.6.1.5.5.7.3.3";
pub(super) const ANY: &str = "2.5.29.37.0";

/// `KeyUsage` as its octets: the number of unused bits, then the bits.
pub(super) const SIGN_CERTIFICATES: [u8; 2] = [1, 0x06];
pub(super) const SIGN_CRLS: [u8; 2] = [1, 0x02];
pub(super) const SIGN: [u8; 2] = [7, 0x80];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// P-256 with this private scalar.
    P256(u8),
    /// P-384 with this private scalar.
    P384(u8),
    /// The key of a file of the corpus.
    Rsa(&'static str),
}

impl Key {
    pub(super) fn open(self) -> PKey<Private> {
        let ec = |curve, scalar: u8| {
            let group = EcGroup::from_curve_name(curve).expect("a curve");
            let scalar = BigNum::from_u32(1_000 + u32::from(scalar)).expect("a number");
            let mut point = EcPoint::new(&group).expect("a point");
            let mut context = BigNumContext::new().expect("a context");
            point
                .mul_generator2(&group, &scalar, &mut context)
                .expect("a product");
            let key = EcKey::from_private_components(&group, &scalar, &point).expect("a key");
            PKey::from_ec_key(key).expect("a key")
        };
        match self {
            Self::P256(scalar) => ec(Nid::X9_62_PRIME256V1, scalar),
            Self::P384(scalar) => ec(Nid::SECP384R1, scalar),
            Self::Rsa(file) => {
                let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
                let pem = std::fs::read(corpus.join(file)).expect("a file of the corpus");
                PKey::private_key_from_pem(&pem).expect("a key")
            }
        }
    }

    /// That of its signatures.
    fn algorithm(self, digest: Digest) -> Vec<u8> {
        match (self, digest) {
            (Self::Rsa(_), Digest::Sha1) => {
                sequence(&[oid("1.2.840.113549.1.1.5"), tlv(0x05, &[])])
            }
            (Self::Rsa(_), Digest::Sha256) => {
                sequence(&[oid("1.2.840.113549.1.1.11"), tlv(0x05, &[])])
            }
            (Self::P256(_) | Self::P384(_), Digest::Sha1) => sequence(&[oid("1.2.840.10045.4.1")]),
            (Self::P256(_) | Self::P384(_), Digest::Sha256) => {
                sequence(&[oid("1.2.840.10045.4.3.2")])
            }
        }
    }

    /// Any octets that are the key's own.
    fn id(self) -> Vec<u8> {
        match self {
            Self::P256(scalar) => vec![0x25, scalar],
            Self::P384(scalar) => vec![0x38, scalar],
            Self::Rsa(file) => file.as_bytes().to_vec(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Digest {
    Sha1,
    Sha256,
}

#[derive(Clone, Debug)]
pub(super) struct Extension {
    pub(super) oid: &'static str,
    pub(super) critical: bool,
    pub(super) value: Vec<u8>,
}

/// What a certificate is to be made of.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) subject: Vec<u8>,
    /// Instead of the signer's subject.
    pub(super) issuer: Option<Vec<u8>>,
    pub(super) key: Key,
    /// Content of the version: 2 for version 3; `None` leaves it and the extensions out (version 1).
    pub(super) version: Option<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) begin: OffsetDateTime,
    pub(super) end: OffsetDateTime,
    /// Instead of the beginning and the end.
    pub(super) validity: Option<Vec<u8>>,
    pub(super) extensions: Vec<Extension>,
    /// Over which digest it is signed.
    pub(super) digest: Digest,
    /// What the signed part names as the signature's algorithm, instead of the right one.
    pub(super) inner_algorithm: Option<Vec<u8>>,
}

impl Order {
    fn new(subject: Vec<u8>, key: Key) -> Self {
        Self {
            subject,
            issuer: None,
            key,
            version: Some(2),
            serial: [&[0x01], key.id().as_slice()].concat(),
            begin: NOW - Duration::days(20),
            end: END,
            validity: None,
            extensions: Vec::new(),
            digest: Digest::Sha256,
            inner_algorithm: None,
        }
    }

    /// `www.example.com`, as public CAs issue it.
    pub(super) fn leaf() -> Self {
        Self::new(name("www.example.com"), Key::P256(1))
            .with(BC, true, sequence(&[]))
            .with(KU, true, tlv(0x03, &SIGN))
            .with(EKU, false, usages(&[SERVER]))
            .with(SAN, false, sequence(&[dns("www.example.com")]))
            .with(SKI, false, octets(&Key::P256(1).id()))
    }

    pub(super) fn intermediate(number: u8) -> Self {
        Self::authority(&format!("Issuing CA {number}"), Key::P256(100 + number))
    }

    pub(super) fn root() -> Self {
        Self::authority("Root", Key::P256(200))
    }

    pub(super) fn authority(common_name: &str, key: Key) -> Self {
        let mut order = Self::new(name(common_name), key)
            .with(BC, true, constraints(None))
            .with(KU, true, tlv(0x03, &SIGN_CERTIFICATES))
            .with(SKI, false, octets(&key.id()));
        order.begin = NOW - Duration::days(700);
        order.end = NOW + Duration::days(3_000);
        order
    }

    /// With this extension, in place of the one of the same kind.
    pub(super) fn with(mut self, oid: &'static str, critical: bool, value: Vec<u8>) -> Self {
        let extension = Extension {
            oid,
            critical,
            value,
        };
        match self.extensions.iter_mut().find(|one| one.oid == oid) {
            Some(place) => *place = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    /// With this extension beside the one of the same kind.
    pub(super) fn with_another(mut self, oid: &'static str, value: Vec<u8>) -> Self {
        let critical = false;
        self.extensions.push(Extension {
            oid,
            critical,
            value,
        });
        self
    }

    pub(super) fn without(mut self, oid: &str) -> Self {
        self.extensions.retain(|one| one.oid != oid);
        self
    }

    /// Names its signer's key, unless it was told otherwise.
    pub(super) fn named_key(mut self, signer: Key) -> Self {
        if !self.extensions.iter().any(|one| one.oid == AKI) {
            self = self.with(AKI, false, key_id(&signer.id()));
        }
        self
    }

    pub(super) fn with_key(self, key: Key) -> Self {
        let mut order = self.with(SKI, false, octets(&key.id()));
        order.key = key;
        order
    }

    /// The signed part.
    pub(super) fn to_be_signed(&self, signer: &Self) -> Vec<u8> {
        let info = self.key.open().public_key_to_der().expect("a public key");
        let mut parts = Vec::new();
        parts.extend(self.version.map(|version| tlv(0xa0, &integer(version))));
        parts.push(tlv(0x02, &self.serial));
        parts.push(
            self.inner_algorithm
                .clone()
                .unwrap_or_else(|| signer.key.algorithm(self.digest)),
        );
        parts.push(
            self.issuer
                .clone()
                .unwrap_or_else(|| signer.subject.clone()),
        );
        parts.push(
            self.validity
                .clone()
                .unwrap_or_else(|| sequence(&[moment(self.begin), moment(self.end)])),
        );
        parts.push(self.subject.clone());
        parts.push(info);
        if self.version == Some(2) {
            let extensions: Vec<_> = self.extensions.iter().map(extension).collect();
            parts.push(tlv(0xa3, &sequence(&extensions)));
        }
        sequence(&parts)
    }

    /// DER, signed by the key of `signer`.
    pub(super) fn signed_by(&self, signer: &Self) -> Vec<u8> {
        let content = self.to_be_signed(signer);
        let key = signer.key.open();
        let digest = match self.digest {
            Digest::Sha1 => MessageDigest::sha1(),
            Digest::Sha256 => MessageDigest::sha256(),
        };
        let mut signature = Signer::new(digest, &key).expect("a signer");
        let signature = signature
            .sign_oneshot_to_vec(&content)
            .expect("a signature");
        sequence(&[content, signer.key.algorithm(self.digest), bits(&signature)])
    }
}

fn extension(extension: &Extension) -> Vec<u8> {
    let mut parts = vec![oid(extension.oid)];
    if extension.critical {
        parts.push(TRUE.to_vec());
    }
    parts.push(octets(&extension.value));
    sequence(&parts)
}

/// UTCTime, which RFC 5280, section 4.1.2.5 wants until 2049.
fn moment(at: OffsetDateTime) -> Vec<u8> {
    let (date, time) = (at.date(), at.time());
    let text = format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}Z",
        date.year() % 100,
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    tlv(0x17, text.as_bytes())
}

/// The basic constraints of a CA.
pub(super) fn constraints(path_length: Option<u8>) -> Vec<u8> {
    let mut parts = vec![TRUE.to_vec()];
    parts.extend(path_length.map(integer));
    sequence(&parts)
}

pub(super) fn usages(oids: &[&str]) -> Vec<u8> {
    sequence(&oids.iter().map(|one| oid(one)).collect::<Vec<_>>())
}

pub(super) fn key_id(id: &[u8]) -> Vec<u8> {
    sequence(&[tlv(0x80, id)])
}

/// Name constraints.
pub(super) fn names(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let subtrees = |tag, bases: &[Vec<u8>]| {
        let subtrees: Vec<_> = bases
            .iter()
            .map(|base| sequence(std::slice::from_ref(base)))
            .collect();
        (!bases.is_empty()).then(|| tlv(tag, &subtrees.concat()))
    };
    let lists = [subtrees(0xa0, permitted), subtrees(0xa1, excluded)];
    sequence(&lists.into_iter().flatten().collect::<Vec<_>>())
}
