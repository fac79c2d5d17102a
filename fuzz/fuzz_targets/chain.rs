//! The chain builder and the rules: any certificates and keys of the corpus, in any order and number.
//! The readers are left out, so that an execution is about nothing else.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use certdrop::bundle::{Bundle, Part, read};
use certdrop::certificate::Certificate;
use certdrop::public_key::{Curve, KeyAlgorithm};
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use libfuzzer_sys::fuzz_target;
use time::Duration;
use time::macros::datetime;

/// Certificates of the corpus whose signatures take ring 50 us at most: an execution has dozens of
/// them, and large keys make chains of no other shape.
static CERTIFICATES: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let mut found = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus"),
        &mut found,
    );
    found
});

/// Keys that belong to some of them: those of the two hierarchies that most of the corpus is of.
static KEYS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    ["pem/plain.pem", "ca/two-roads-one-root.pem"].map(|file| {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
        let text = std::fs::read_to_string(corpus.join(file)).unwrap_or_default();
        let (_, key) = text
            .split_once("-----BEGIN PRIVATE KEY-----")
            .unwrap_or_default();
        let key = key.split("-----END").next().unwrap_or_default();
        format!("-----BEGIN PRIVATE KEY-----{key}-----END PRIVATE KEY-----").into_bytes()
    })
});

fn collect(path: &Path, found: &mut Vec<Certificate>) {
    if path.is_dir() {
        let mut paths: Vec<_> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        paths.sort_by_key(std::fs::DirEntry::path);
        paths.iter().for_each(|entry| collect(&entry.path(), found));
    } else if let Ok(bytes) = std::fs::read(path) {
        for certificate in part(bytes).certificates {
            if is_quick(&certificate) && !found.iter().any(|known| known.der() == certificate.der())
            {
                found.push(certificate);
            }
        }
    }
}

fn is_quick(certificate: &Certificate) -> bool {
    matches!(
        certificate.public_key.algorithm(),
        KeyAlgorithm::Rsa { bits: ..=2048 } | KeyAlgorithm::Ec(Curve::P256)
    )
}

fn part(bytes: Vec<u8>) -> Bundle {
    let part = Part {
        name: "fuzz".to_owned(),
        bytes: SecretBytes::new(bytes),
    };
    read(&[part], &[])
}

/// Before the first execution, whose time is measured.
fn prepare() {
    LazyLock::force(&CERTIFICATES);
    LazyLock::force(&KEYS);
}

// The first byte is the clock and the key, each other one a certificate.
fuzz_target!(init: prepare(), |bytes: &[u8]| {
    let Some((clock, chosen)) = bytes.split_first() else {
        return;
    };
    let mut bundle = Bundle {
        keys: part(KEYS[usize::from(clock % 2)].clone()).keys,
        ..Bundle::default()
    };
    let pool = &*CERTIFICATES;
    bundle.certificates.extend(
        chosen
            .iter()
            .take(24)
            .filter_map(|byte| pool.get(usize::from(*byte) % pool.len()))
            .cloned(),
    );
    let given: Vec<Vec<u8>> = bundle
        .certificates
        .iter()
        .map(|c| c.der().to_vec())
        .collect();
    let policy = Policy {
        now: datetime!(2026-12-01 00:00 UTC) + Duration::days(i64::from(*clock) * 30),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Always,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    match validate(bundle, &policy) {
        Verdict::Accepted(valid, findings) => {
            assert!(findings.iter().all(|finding| !finding.is_error()));
            let served = valid.served();
            let mut child = &served.leaf;
            for issuer in served.intermediates.iter().chain(&served.root) {
                assert_eq!(child.issuer, issuer.subject);
                assert!(given.iter().any(|der| der == issuer.der()));
                assert!(child.der() != issuer.der());
                child = issuer;
            }
        }
        Verdict::Rejected(rejected) => {
            assert!(rejected.findings.iter().any(|finding| finding.is_error()));
        }
    }
});
