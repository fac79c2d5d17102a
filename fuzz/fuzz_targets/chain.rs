//! The chain builder and the rules: any certificates and keys of the corpus, in any order and number.
//! The readers are left out, so that an execution is about nothing else.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use certdrop::bundle::{Bundle, Part, read};
use certdrop::certificate::Certificate;
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, Policy, Verdict, validate};
use libfuzzer_sys::fuzz_target;
use time::Duration;
use time::macros::datetime;

/// All certificates of the corpus that are small enough to be verified often.
static CERTIFICATES: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let mut found = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus"),
        &mut found,
    );
    found
});

/// A key that belongs to some of them.
static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = "../tests/corpus/pem/plain.pem";
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default()
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
            if !found.iter().any(|known| known.der() == certificate.der()) {
                found.push(certificate);
            }
        }
    }
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
    LazyLock::force(&KEY);
}

// The first byte is the clock, each other one a certificate.
fuzz_target!(init: prepare(), |bytes: &[u8]| {
    let Some((clock, chosen)) = bytes.split_first() else {
        return;
    };
    let mut bundle = Bundle {
        keys: part(KEY.clone()).keys,
        ..Bundle::default()
    };
    let pool = &*CERTIFICATES;
    bundle.certificates.extend(
        chosen
            .iter()
            .take(64)
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
