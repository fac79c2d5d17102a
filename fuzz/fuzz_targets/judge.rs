//! The leaf, the chain and the rules, on whatever the readers make of the input.
#![no_main]

use certdrop::bundle::{Part, read};
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use libfuzzer_sys::fuzz_target;
use time::Duration;
use time::macros::datetime;

fuzz_target!(|bytes: &[u8]| {
    let part = Part {
        name: "fuzz".to_owned(),
        bytes: SecretBytes::new(bytes.to_vec()),
    };
    let policy = Policy {
        now: datetime!(2026-12-01 00:00 UTC),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Always,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    match validate(read(&[part], &[]), &policy) {
        Verdict::Accepted(valid, findings) => {
            assert!(findings.iter().all(|finding| !finding.is_error()));
            assert!(
                valid
                    .certificate_pem()
                    .starts_with("-----BEGIN CERTIFICATE-----")
            );
        }
        Verdict::Rejected(rejected) => {
            assert!(rejected.findings.iter().any(|finding| finding.is_error()));
        }
    }
});
