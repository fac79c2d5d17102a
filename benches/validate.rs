//! What judging a bundle costs, beside the raw operations that it cannot do without: finding the
//! PEM blocks, parsing three certificates, verifying two signatures, matching the key.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "criterion's macros make public functions; a bench is no production code"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::bundle::{Part, read};
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, Policy, Verdict, validate};
use criterion::{Criterion, criterion_group, criterion_main};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use ring::signature::{EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use std::hint::black_box;
use time::Duration;
use time::macros::datetime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Leaf and issuers from the corpus, whose verdict and chain are known.
const BUNDLES: [(&str, &str); 3] = [
    (
        "RSA-2048",
        include_str!("../tests/corpus/algorithm/rsa2048.pem"),
    ),
    (
        "RSA-4096",
        include_str!("../tests/corpus/algorithm/rsa4096.pem"),
    ),
    ("P-256", include_str!("../tests/corpus/algorithm/p256.pem")),
];

fn ders(pem: &str, label: &str) -> Vec<Vec<u8>> {
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    let bodies = pem
        .split(&begin)
        .skip(1)
        .filter_map(|rest| rest.split(&end).next());
    let digits = |body: &str| {
        body.bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect::<Vec<_>>()
    };
    bodies
        .map(|body| STANDARD.decode(digits(body)).expect("base64"))
        .collect()
}

/// The raw operations, each done once.
fn floor(pem: &str) {
    let certificates = ders(pem, "CERTIFICATE");
    let parsed: Vec<_> = certificates
        .iter()
        .map(|der| X509Certificate::from_der(der).expect("a certificate").1)
        .collect();
    for child in &parsed {
        for issuer in parsed
            .iter()
            .filter(|issuer| issuer.subject() == child.issuer())
        {
            let rsa = issuer
                .signature_algorithm
                .algorithm
                .to_id_string()
                .starts_with("1.2.840.113549");
            let algorithm: &dyn VerificationAlgorithm = if rsa {
                &RSA_PKCS1_2048_8192_SHA256
            } else {
                &ECDSA_P256_SHA256_ASN1
            };
            let key =
                UnparsedPublicKey::new(algorithm, &issuer.public_key().subject_public_key.data);
            let tbs = child.tbs_certificate.as_ref();
            key.verify(tbs, &child.signature_value.data)
                .expect("a signature");
        }
    }
    for key in ders(pem, "PRIVATE KEY") {
        let public = match RsaKeyPair::from_pkcs8(&key) {
            Ok(pair) => pair.public_key().as_ref().to_vec(),
            Err(_) => EcdsaKeyPair::from_pkcs8(
                &ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
                &key,
                &ring::rand::SystemRandom::new(),
            )
            .expect("a key")
            .public_key()
            .as_ref()
            .to_vec(),
        };
        black_box(
            parsed
                .iter()
                .any(|leaf| *leaf.public_key().subject_public_key.data == public),
        );
    }
}

fn judge(pem: &str) -> bool {
    let part = Part {
        name: "bundle.pem".to_owned(),
        bytes: SecretBytes::new(pem.as_bytes().to_vec()),
    };
    let policy = Policy {
        now: datetime!(2026-12-01 00:00 UTC),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
    };
    matches!(validate(read(&[part], &[]), &policy), Verdict::Accepted(..))
}

fn bundles(criterion: &mut Criterion) {
    for (name, pem) in BUNDLES {
        assert!(judge(pem), "{name} is accepted");
        criterion.bench_function(&format!("{name}/certdrop"), |bencher| {
            bencher.iter(|| judge(black_box(pem)));
        });
        criterion.bench_function(&format!("{name}/raw"), |bencher| {
            bencher.iter(|| floor(black_box(pem)));
        });
    }
}

criterion_group!(benches, bundles);
criterion_main!(benches);
