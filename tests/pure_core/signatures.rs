//! Every kind of signature that openssl makes and a CA may use: the right one is taken, and no other.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::bundle::{Part, read};
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use certdrop_test_support::outside::now;
use time::Duration;

use super::round_trips::openssl;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----\n";
const END: &str = "-----END CERTIFICATE-----\n";

/// A self-signed certificate by the key in `key.pem`, PEM.
fn signed(folder: &Path, digest: &str, options: &[&str]) -> String {
    let request = "req -x509 -new -key key.pem -days 90 -subj /CN=www.example.com \
        -addext subjectAltName=DNS:www.example.com";
    let options = options.iter().flat_map(|option| ["-sigopt", option]);
    let more: Vec<_> = [digest].into_iter().chain(options).collect();
    String::from_utf8(openssl(folder, request, &more)).expect("PEM")
}

/// The same certificate with one bit of its signature, which is its end, turned over.
fn forged(certificate: &str) -> String {
    let body = certificate
        .replace(BEGIN, "")
        .replace(END, "")
        .replace('\n', "");
    let mut der = STANDARD.decode(body).expect("base64");
    *der.last_mut().expect("bytes") ^= 1;
    format!("{BEGIN}{}\n{END}", STANDARD.encode(der))
}

/// The code of the first error, and whether the digest is told to be weak.
fn judged(key: &str, certificate: &str) -> (Option<String>, bool) {
    let part = Part {
        name: "bundle.pem".to_owned(),
        bytes: SecretBytes::new((key.to_owned() + certificate).into_bytes()),
    };
    let policy = Policy {
        now: now(),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    let (error, findings) = match validate(read(&[part], &[]), &policy) {
        Verdict::Accepted(_, warnings) => (None, warnings),
        Verdict::Rejected(rejected) => {
            let first = rejected.findings.first().expect("a reason");
            (Some(first.code.to_string()), rejected.findings)
        }
    };
    let is_weak = findings
        .iter()
        .any(|finding| finding.code == "weak-signature");
    (error, is_weak)
}

#[test]
fn a_signature_of_every_kind_is_taken_and_a_forged_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let digests = ["-sha1", "-sha224", "-sha256", "-sha384", "-sha512"];
    let pss = |salt: &'static str| vec!["rsa_padding_mode:pss", salt];
    let (own, short) = (pss("rsa_pss_saltlen:digest"), pss("rsa_pss_saltlen:20"));
    for (algorithm, option, ways) in [
        ("RSA", "rsa_keygen_bits:1024", vec![vec![]]),
        ("RSA", "rsa_keygen_bits:2048", vec![vec![], own, short]),
        ("EC", "ec_paramgen_curve:P-256", vec![vec![]]),
        ("EC", "ec_paramgen_curve:P-384", vec![vec![]]),
        ("EC", "ec_paramgen_curve:P-521", vec![vec![]]),
    ] {
        let options = ["-algorithm", algorithm, "-pkeyopt", option];
        openssl(folder.path(), "genpkey -out key.pem", &options);
        let key = fs::read_to_string(folder.path().join("key.pem")).expect("it was written");
        for digest in digests {
            for options in &ways {
                let name = format!("{option} {digest} {options:?}");
                let certificate = signed(folder.path(), digest, options);
                let is_weak = digest == "-sha1";
                assert_eq!(judged(&key, &certificate), (None, is_weak), "{name}");
                let (error, _) = judged(&key, &forged(&certificate));
                assert_eq!(
                    error.as_deref(),
                    Some("signature-invalid"),
                    "{name}, forged"
                );
            }
        }
    }
}
