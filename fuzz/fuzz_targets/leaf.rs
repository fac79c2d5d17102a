//! A leaf of any bytes, whose key is in the bundle: what the readers of certificates, the rules and webpki make of it.
//! Its issuer is not there, so that no signature stops it.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use certdrop::bundle::{Bundle, Part, read};
use certdrop::certificate::Certificate;
use certdrop::finding::Judge;
use certdrop::public_key::PublicKey;
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use libfuzzer_sys::fuzz_target;
use time::Duration;
use time::macros::datetime;

/// The bundle whose key every leaf gets.
static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = "../tests/corpus/algorithm/p256.pem";
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default()
});

static PUBLIC_KEY: LazyLock<Option<PublicKey>> = LazyLock::new(|| {
    let bundle = bundle();
    bundle.keys.first().map(|key| key.public_key().clone())
});

fn bundle() -> Bundle {
    let part = Part {
        name: "fuzz".to_owned(),
        bytes: SecretBytes::new(KEY.clone()),
    };
    read(&[part], &[])
}

fuzz_target!(init: { LazyLock::force(&PUBLIC_KEY); }, |bytes: &[u8]| {
    let Ok(mut leaf) = Certificate::from_der(bytes) else {
        return;
    };
    // Whatever key it has: the bytes that webpki reads stay as they are.
    let Some(key) = &*PUBLIC_KEY else { return };
    leaf.public_key = key.clone();
    let policy = |on_refused_by_clients| Policy {
        now: datetime!(2026-12-01 00:00 UTC),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Always,
        on_refused_by_clients,
    };
    let judge = |on_refused_by_clients| {
        let mut bundle = bundle();
        bundle.certificates = vec![leaf.clone()];
        match validate(bundle, &policy(on_refused_by_clients)) {
            Verdict::Accepted(_, findings) => findings,
            Verdict::Rejected(rejected) => rejected.findings,
        }
    };
    let rejecting = judge(OnRefusedByClients::Reject);
    let importing = judge(OnRefusedByClients::Import);
    // Only clients are overruled, and never without a word.
    let by_acm = |finding: &certdrop::finding::Finding| finding.is_error() && finding.judge == Judge::Acm;
    assert_eq!(
        rejecting.iter().filter(|one| by_acm(one)).count(),
        importing.iter().filter(|one| by_acm(one)).count()
    );
    let is_overruled = rejecting.iter().any(|one| one.is_error()) && !importing.iter().any(|one| one.is_error());
    assert_eq!(
        is_overruled,
        importing.iter().any(|one| one.code == "accepted-against-clients")
    );
});
