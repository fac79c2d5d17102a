//! What judging a bundle costs, beside the raw operations that it cannot do without: finding the
//! PEM blocks, parsing three certificates, verifying two signatures, matching the key; for a key
//! store deriving its keys, for an archive inflating it. And beside OpenSSL in this process.
#![cfg(test)]
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Cursor, Read as _, Write as _};
use std::num::NonZeroU32;
use std::time::Duration as StdDuration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::bundle::{Part, read};
use certdrop::secret::{Passphrase, SecretBytes};
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use criterion::{Criterion, criterion_group, criterion_main};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509StoreContext};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair as CaKey};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use ring::signature::{EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use ring::{digest, pbkdf2};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);

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

fn judge(name: &str, bytes: &[u8], passphrases: &[Passphrase]) -> bool {
    let part = Part {
        name: name.to_owned(),
        bytes: SecretBytes::new(bytes.to_vec()),
    };
    let policy = Policy {
        now: NOW,
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    matches!(
        validate(read(&[part], passphrases), &policy),
        Verdict::Accepted(..)
    )
}

/// Chain and key, judged as far as OpenSSL does it: no rule of ACM.
fn judge_by_openssl(certificates: &[X509], key: &PKey<Private>) -> bool {
    let is_leaf = |one: &&X509| one.public_key().is_ok_and(|public| public.public_eq(key));
    let leaf = certificates.iter().find(is_leaf).expect("a leaf");
    let mut anchors = X509StoreBuilder::new().expect("a store");
    let anchor = certificates.last().expect("an anchor");
    anchors.add_cert(anchor.clone()).expect("an anchor");
    let mut parameters = X509VerifyParam::new().expect("parameters");
    parameters.set_time(NOW.unix_timestamp());
    parameters
        .set_flags(X509VerifyFlags::PARTIAL_CHAIN)
        .expect("flags");
    anchors.set_param(&parameters).expect("parameters");
    let mut others = Stack::new().expect("a stack");
    for certificate in certificates {
        others.push(certificate.clone()).expect("a certificate");
    }
    let mut context = X509StoreContext::new().expect("a context");
    context
        .init(&anchors.build(), leaf, &others, |context| {
            context.verify_cert()
        })
        .expect("it verifies")
}

fn openssl_pem(pem: &str) -> bool {
    let certificates = X509::stack_from_pem(pem.as_bytes()).expect("certificates");
    let key = PKey::private_key_from_pem(pem.as_bytes()).expect("a key");
    judge_by_openssl(&certificates, &key)
}

fn bundles(criterion: &mut Criterion) {
    for (name, pem) in BUNDLES {
        assert!(
            judge("bundle.pem", pem.as_bytes(), &[]),
            "{name} is accepted"
        );
        assert!(openssl_pem(pem), "{name} is accepted by OpenSSL");
        let mut group = criterion.benchmark_group(name);
        group.bench_function("certdrop", |bencher| {
            bencher.iter(|| judge("bundle.pem", black_box(pem).as_bytes(), &[]));
        });
        group.bench_function("raw", |bencher| bencher.iter(|| floor(black_box(pem))));
        group.bench_function("openssl", |bencher| {
            bencher.iter(|| openssl_pem(black_box(pem)));
        });
    }
}

/// As OpenSSL 3 makes it: two PBES2 and a MAC, 2,048 rounds each.
const PKCS12: &[u8] = include_bytes!("../tests/corpus/pkcs12/openssl3.p12");
const PASSPHRASE: &str = "hunter2";

fn openssl_pkcs12() -> (Vec<X509>, PKey<Private>) {
    let store = Pkcs12::from_der(black_box(PKCS12)).and_then(|store| store.parse2(PASSPHRASE));
    let store = store.expect("a key store");
    let leaf = store.cert.expect("a leaf");
    let others = store.ca.into_iter().flatten();
    let certificates = std::iter::once(leaf).chain(others).collect();
    (certificates, store.pkey.expect("a key"))
}

/// The key derivations, each done once.
fn derive() {
    let rounds = NonZeroU32::new(2_048).expect("not zero");
    let mut key = [0; 32];
    for salt in [[1; 16], [2; 16]] {
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(
            algorithm,
            rounds,
            &salt,
            black_box(PASSPHRASE).as_bytes(),
            &mut key,
        );
        black_box(&key);
    }
    // RFC 7292, appendix B: each round hashes what the one before gave.
    let mut hash = digest::digest(&digest::SHA256, &[0; 128]);
    for _ in 1..rounds.get() {
        hash = digest::digest(&digest::SHA256, hash.as_ref());
    }
    black_box(hash);
}

fn key_store(criterion: &mut Criterion) {
    let passphrase = [Passphrase::new(PASSPHRASE.to_owned())];
    assert!(
        judge("bundle.p12", PKCS12, &passphrase),
        "the key store is accepted"
    );
    let (certificates, key) = openssl_pkcs12();
    let pem = to_pem(&certificates, &key);
    let mut group = criterion.benchmark_group("PKCS12");
    group.bench_function("certdrop", |bencher| {
        bencher.iter(|| judge("bundle.p12", black_box(PKCS12), &passphrase));
    });
    group.bench_function("raw", |bencher| {
        bencher.iter(|| {
            derive();
            floor(black_box(&pem));
        });
    });
    group.bench_function("openssl", |bencher| {
        bencher.iter(|| {
            let (certificates, key) = openssl_pkcs12();
            judge_by_openssl(&certificates, &key)
        });
    });
}

fn to_pem(certificates: &[X509], key: &PKey<Private>) -> String {
    let mut pem = key.private_key_to_pem_pkcs8().expect("a key");
    for certificate in certificates {
        pem.extend(certificate.to_pem().expect("a certificate"));
    }
    String::from_utf8(pem).expect("PEM is text")
}

/// What a CA sends: the bundle, and a manual that nothing compresses.
fn delivery(pem: &str) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    let manual: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
        .take(1024 * 1024)
        .collect();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [("bundle.pem", pem.as_bytes()), ("manual.pdf", &manual)] {
        zip.start_file(name, options).expect("a file");
        zip.write_all(bytes).expect("its bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

fn archive(criterion: &mut Criterion) {
    let (_, pem) = BUNDLES[0];
    let zipped = delivery(pem);
    assert!(judge("bundle.zip", &zipped, &[]), "the zip is accepted");
    let mut group = criterion.benchmark_group("zip-1MiB");
    group.bench_function("certdrop", |bencher| {
        bencher.iter(|| judge("bundle.zip", black_box(&zipped), &[]));
    });
    group.bench_function("raw", |bencher| {
        bencher.iter(|| {
            // What may hold a key is wiped.
            let copy = Zeroizing::new(black_box(&zipped).clone());
            let mut zip = zip::ZipArchive::new(Cursor::new(&**copy)).expect("a zip");
            for place in 0..zip.len() {
                let mut bytes = Zeroizing::new(Vec::new());
                let mut file = zip.by_index(place).expect("a file");
                file.read_to_end(&mut bytes).expect("its bytes");
                black_box(bytes);
            }
            floor(black_box(pem));
        });
    });
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("certificates-in-the-bundle");
    for count in [2, 10, 100] {
        let mut pem = chain(1);
        for _ in 2..count {
            pem.push_str(&stranger());
        }
        bench(&mut group, &count.to_string(), &pem);
    }
    group.finish();
    let mut group = criterion.benchmark_group("issuers-in-the-chain");
    // The judge verifies sixty signatures at most.
    for issuers in [1, 10, 59] {
        bench(&mut group, &issuers.to_string(), &chain(issuers));
    }
    group.finish();
    let mut group = criterion.benchmark_group("KiB-of-PEM");
    for kib in [10, 100, 1_000] {
        let mut pem = String::new();
        while pem.len() < kib * 1024 {
            let _ = writeln!(pem, "    Modulus: 00:b5:7d:8c:5a:{:08x}", pem.len());
        }
        pem.push_str(BUNDLES[2].1);
        bench(&mut group, &kib.to_string(), &pem);
    }
}

fn bench(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    pem: &str,
) {
    assert!(
        judge("bundle.pem", pem.as_bytes(), &[]),
        "{name} is accepted"
    );
    group.bench_function(name, |bencher| {
        bencher.iter(|| judge("bundle.pem", black_box(pem).as_bytes(), &[]));
    });
}

/// A key, its leaf, and so many issuers, the last of them the root.
fn chain(length: usize) -> String {
    let root_key = CaKey::generate().expect("a key");
    let root = authority("root").self_signed(&root_key).expect("signed");
    let mut issuer = Issuer::new(authority("root"), root_key);
    let mut issuers = vec![root.pem()];
    for number in 1..length {
        let key = CaKey::generate().expect("a key");
        let parameters = authority(&format!("authority {number}"));
        let certificate = parameters.signed_by(&key, &issuer).expect("signed");
        issuers.push(certificate.pem());
        issuer = Issuer::new(parameters, key);
    }
    let key = CaKey::generate().expect("a key");
    let mut leaf = CertificateParams::new(["growth.example.com".to_owned()]).expect("a name");
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &issuer).expect("signed");
    let issuers: String = issuers.into_iter().rev().collect();
    format!("{}{}{issuers}", key.serialize_pem(), leaf.pem())
}

/// A certificate that has nothing to do with the others.
fn stranger() -> String {
    let key = CaKey::generate().expect("a key");
    let parameters = authority("stranger");
    parameters.self_signed(&key).expect("signed").pem()
}

fn authority(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

/// The differences looked for are large: a second each is enough.
fn brief() -> Criterion {
    Criterion::default()
        .warm_up_time(StdDuration::from_millis(300))
        .measurement_time(StdDuration::from_secs(1))
        .sample_size(30)
        .without_plots()
}

criterion_group! {
    name = benches;
    config = brief();
    targets = bundles, key_store, archive, growth
}
criterion_main!(benches);
