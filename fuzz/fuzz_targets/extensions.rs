//! Leaf, intermediate and root with extensions of any bytes, rightly signed: what reaches webpki of a whole chain.
#![no_main]

use std::sync::LazyLock;

use certdrop::bundle::{Bundle, Part, read};
use certdrop::certificate::Certificate;
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use libfuzzer_sys::fuzz_target;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use time::Duration;
use time::macros::datetime;

struct Key {
    pkcs8: Vec<u8>,
    pair: EcdsaKeyPair,
}

static RANDOM: LazyLock<SystemRandom> = LazyLock::new(SystemRandom::new);
static KEYS: LazyLock<[Key; 3]> = LazyLock::new(|| [(); 3].map(|()| key()));

fn key() -> Key {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &*RANDOM).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &*RANDOM);
    Key {
        pkcs8: pkcs8.as_ref().to_vec(),
        pair: pair.unwrap(),
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head = match content.len() {
        0..=0x7f => vec![tag, length[1]],
        0x80..=0xff => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head.as_slice(), content].concat()
}

fn name(text: &str) -> Vec<u8> {
    let value = tlv(0x0c, text.as_bytes());
    let attribute = tlv(0x30, &[&[0x06, 0x03, 0x55, 0x04, 0x03], value.as_slice()].concat());
    tlv(0x30, &tlv(0x31, &attribute))
}

const ECDSA_SHA256: [u8; 12] = [
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
const P256: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];
/// cA is true; without it no chain is built beyond its first finding.
const CA: [u8; 17] = [
    0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xff,
];

fn certificate(subject: &str, key: &Key, issuer: &str, signer: &Key, extensions: &[u8]) -> Vec<u8> {
    let public = [&[0], key.pair.public_key().as_ref()].concat();
    let signed = tlv(
        0x30,
        &[
            vec![0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01],
            ECDSA_SHA256.to_vec(),
            name(issuer),
            tlv(0x30, &[tlv(0x17, b"260101000000Z"), tlv(0x17, b"270101000000Z")].concat()),
            name(subject),
            tlv(0x30, &[P256.to_vec(), tlv(0x03, &public)].concat()),
            tlv(0xa3, &tlv(0x30, extensions)),
        ]
        .concat(),
    );
    let signature = signer.pair.sign(&*RANDOM, &signed).unwrap();
    let signature = tlv(0x03, &[&[0], signature.as_ref()].concat());
    tlv(0x30, &[signed, ECDSA_SHA256.to_vec(), signature].concat())
}

// The first two bytes say how the others are divided among the three.
fuzz_target!(init: { LazyLock::force(&KEYS); }, |bytes: &[u8]| {
    let [first, second, rest @ ..] = bytes else { return };
    let (leaf, rest) = rest.split_at(usize::from(*first).min(rest.len()));
    let (intermediate, root) = rest.split_at(usize::from(*second).min(rest.len()));
    let [of_leaf, of_intermediate, of_root] = &*KEYS;
    let ders = [
        certificate("www.example.com", of_leaf, "Issuing CA", of_intermediate, leaf),
        certificate("Issuing CA", of_intermediate, "Root", of_root, &[&CA, intermediate].concat()),
        certificate("Root", of_root, "Root", of_root, &[&CA, root].concat()),
    ];
    let part = Part {
        name: "key.der".to_owned(),
        bytes: SecretBytes::new(of_leaf.pkcs8.clone()),
    };
    let certificates: Vec<_> = ders.iter().flat_map(|der| Certificate::from_der(der)).collect();
    let bundle = Bundle {
        keys: read(&[part], &[]).keys,
        certificates,
        ..Bundle::default()
    };
    let policy = Policy {
        now: datetime!(2026-06-01 00:00 UTC),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Always,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    match validate(bundle, &policy) {
        Verdict::Accepted(_, findings) => assert!(findings.iter().all(|one| !one.is_error())),
        Verdict::Rejected(rejected) => assert!(rejected.findings.iter().any(|one| one.is_error())),
    }
});
