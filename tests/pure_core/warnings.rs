//! What is told of a bundle that is accepted: each warning on both sides of its limit.

use std::fs;
use std::path::Path;

use certdrop::bundle::{Part, read};
use certdrop::finding::Finding;
use certdrop::secret::SecretBytes;
use certdrop::validate::{
    IncludeRoot, OnRefusedByClients, Policy, ValidatedBundle, Verdict, validate,
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PKCS_RSA_SHA256, SanType,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use certdrop_test_support::pki::rsa_key;

const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);

fn policy() -> Policy {
    Policy {
        now: NOW,
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    }
}

fn judged(pem: &[u8], policy: &Policy) -> (ValidatedBundle, Vec<Finding>) {
    let part = Part {
        name: "bundle.pem".to_owned(),
        bytes: SecretBytes::new(pem.to_vec()),
    };
    match validate(read(&[part], &[]), policy) {
        Verdict::Accepted(valid, warnings) => (valid, warnings),
        Verdict::Rejected(rejected) => panic!("rejected: {:#?}", rejected.findings),
    }
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| &*finding.code).collect()
}

/// A self-signed certificate for `www.example.com` as nobody would say anything else of, changed by `change`.
fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> String {
    let key = KeyPair::generate().expect("a key");
    let mut parameters = CertificateParams::new(["www.example.com".to_owned()]).expect("a name");
    parameters.distinguished_name = common_name("www.example.com");
    parameters.not_before = NOW - Duration::DAY;
    parameters.not_after = NOW + Duration::days(89);
    change(&mut parameters);
    let certificate = parameters.self_signed(&key).expect("signed");
    key.serialize_pem() + &certificate.pem()
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.to_owned().try_into().expect("ASCII"))
}

/// Codes beside `self-signed`, which all of these have.
fn warned(change: impl FnOnce(&mut CertificateParams)) -> Vec<(String, String)> {
    let (_, warnings) = judged(self_signed(change).as_bytes(), &policy());
    let (own, others): (Vec<_>, Vec<_>) = warnings
        .into_iter()
        .partition(|finding| finding.code == "self-signed");
    assert_eq!(own.len(), 1, "it is one");
    let told = |finding: Finding| (finding.code.into_owned(), finding.message);
    others.into_iter().map(told).collect()
}

#[test]
fn a_certificate_is_warned_of_from_thirty_days_before_its_end() {
    for (left, expected) in [
        (Duration::days(30), None),
        (
            Duration::days(30) - Duration::SECOND,
            Some("It expires at 2026-12-30 23:59:59 UTC, in 29 days."),
        ),
        (
            Duration::ZERO,
            Some("It expires at 2026-12-01 00:00:00 UTC, in 0 days."),
        ),
    ] {
        let told = warned(|parameters| parameters.not_after = NOW + left);
        let expected: Vec<_> = expected
            .map(|message| ("expires-soon".to_owned(), message.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(told, expected, "{left}");
    }
}

/// CA/Browser Forum Baseline Requirements, section 6.3.2; both ends count, so that the last second is a day's too.
#[test]
fn a_lifetime_is_too_long_by_the_day_of_issue() {
    for (issued, days) in [
        (datetime!(2026-03-14 23:59:59 UTC), 398),
        (datetime!(2026-03-15 00:00 UTC), 200),
        (datetime!(2027-03-14 23:59:59 UTC), 200),
        (datetime!(2027-03-15 00:00 UTC), 100),
        (datetime!(2029-03-14 23:59:59 UTC), 100),
        (datetime!(2029-03-15 00:00 UTC), 47),
    ] {
        for (more, expected) in [(Duration::ZERO, false), (Duration::SECOND, true)] {
            let pem = self_signed(|parameters| {
                parameters.not_before = issued;
                parameters.not_after = issued + Duration::days(days) - Duration::SECOND + more;
            });
            let policy = Policy {
                now: issued,
                ..policy()
            };
            let (_, warnings) = judged(pem.as_bytes(), &policy);
            let told = warnings
                .iter()
                .find(|told| told.code == "lifetime-too-long");
            assert_eq!(told.is_some(), expected, "{issued}, {days} days and {more}");
            if let Some(told) = told {
                let say = format!("It is valid for {days} days; browsers take at most {days}");
                assert!(told.message.starts_with(&say), "{}", told.message);
            }
        }
    }
}

#[test]
fn names_that_no_client_looks_for_are_told() {
    let list = |names: usize| -> Vec<SanType> {
        let others = (1..names).map(|name| dns(&format!("{name}.example.com")));
        [dns("www.example.com")].into_iter().chain(others).collect()
    };
    for (names, expected) in [
        (100, None),
        (101, Some("It has 101 names; ACM shows the first 100.")),
    ] {
        let told = warned(|parameters| parameters.subject_alt_names = list(names));
        let expected: Vec<_> = expected
            .map(|message| ("too-many-names".to_owned(), message.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(told, expected);
    }
    let told = warned(|parameters| {
        parameters.subject_alt_names.push(dns("-a.example.com"));
    });
    let expected = (
        "name-invalid".to_owned(),
        "`-a.example.com` is no domain name.".to_owned(),
    );
    assert_eq!(told, [expected]);
}

#[test]
fn a_common_name_that_looks_like_a_host_s_must_be_listed() {
    for (name, is_told) in [
        ("www.example.com", false),
        ("WWW.example.com", false),
        ("other.example.com", true),
        ("192.0.2.1", true),
        ("::1", true),
        // People and products.
        ("localhost", false),
        ("Example Shop", false),
        ("Example Inc.", false),
    ] {
        let told = warned(|parameters| parameters.distinguished_name = common_name(name));
        let expected = format!("Its common name `{name}` is not among its alternative names.");
        let expected = is_told.then(|| ("common-name-not-listed".to_owned(), expected));
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_certificate_that_is_not_for_tls_servers_is_told() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    for (usages, expected) in [
        (vec![], None),
        (vec![ServerAuth], None),
        (vec![ClientAuth, ServerAuth], None),
        (vec![Any], Some("refused-by-some-clients")),
        (vec![ClientAuth], Some("no-server-auth")),
    ] {
        let told = warned(|parameters| parameters.extended_key_usages.clone_from(&usages));
        let codes: Vec<_> = told.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(codes, Vec::from_iter(expected), "{usages:?}");
    }
}

fn corpus(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    fs::read(folder.join(path)).expect("it is in the corpus")
}

/// Source: <https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html>
#[test]
fn keys_that_not_every_service_takes_are_told() {
    for (path, expected) in [
        ("algorithm/rsa1024.pem", &["weak-key"][..]),
        ("algorithm/rsa2048.pem", &[]),
        ("algorithm/rsa3072.pem", &["service-limited-key"]),
        ("algorithm/rsa4096.pem", &[]),
        ("algorithm/p256.pem", &[]),
        ("algorithm/p384.pem", &["service-limited-key"]),
        ("algorithm/p521.pem", &["service-limited-key"]),
    ] {
        let (_, warnings) = judged(&corpus(path), &policy());
        let mut told = codes(&warnings);
        told.retain(|code| code.ends_with("-key"));
        assert_eq!(told, expected, "{path}");
    }
}

#[test]
fn what_lies_in_a_bundle_beside_its_chain_is_told() {
    for (path, expected) in [
        ("pem/plain.pem", vec![]),
        ("pem/with-root.pem", vec!["The bundle holds this root."]),
        (
            "ca/expired-root.pem",
            vec!["The bundle holds this root, which is out of its validity and so not sent."],
        ),
        ("pem/duplicates.pem", vec![]),
    ] {
        let (_, warnings) = judged(&corpus(path), &policy());
        let told: Vec<_> = warnings
            .iter()
            .filter(|told| told.code.ends_with("-in-bundle"))
            .map(|told| told.message.as_str())
            .collect();
        assert_eq!(told, expected, "{path}");
    }
    let plain = String::from_utf8(corpus("pem/plain.pem")).expect("PEM is text");
    let stranger = |_: &usize| {
        let alone = self_signed(|_| ());
        let begin = alone.find("-----BEGIN CERTIFICATE").expect("a certificate");
        alone[begin..].to_owned()
    };
    for (count, expected) in [
        (1, "A certificate of the bundle is not part of its chain."),
        (2, "2 certificates of the bundle are not part of its chain."),
    ] {
        let strangers: String = [0, 1][..count].iter().map(stranger).collect();
        let (_, warnings) = judged((plain.clone() + &strangers).as_bytes(), &policy());
        let told: Vec<_> = warnings
            .iter()
            .filter(|told| told.code == "strangers-in-bundle")
            .map(|told| told.message.as_str())
            .collect();
        assert_eq!(told, [expected]);
    }
}

#[test]
fn the_root_of_a_private_ca_is_sent_where_the_setting_does_not_forbid_it() {
    let bundle = corpus("pem/with-root.pem");
    for (include_root, expected) in [
        (IncludeRoot::Auto, 3),
        (IncludeRoot::Always, 3),
        (IncludeRoot::Never, 2),
    ] {
        let policy = Policy {
            include_root,
            ..policy()
        };
        let (valid, _) = judged(&bundle, &policy);
        let chain = valid.chain_pem().expect("a chain");
        let sent = chain.matches("-----BEGIN CERTIFICATE-----").count();
        assert_eq!(sent, expected, "{include_root:?}");
    }
}

#[test]
fn a_key_of_another_kind_than_its_issuer_s_is_told() {
    let ec = || KeyPair::generate().expect("a key");
    let names = |key: &KeyPair| {
        if key.is_compatible(&PKCS_RSA_SHA256) {
            "RSA 2048"
        } else {
            "EC P-256"
        }
    };
    for (own, issuer, is_told) in [
        (ec(), ec(), false),
        (rsa_key(), rsa_key(), false),
        (ec(), rsa_key(), true),
        (rsa_key(), ec(), true),
    ] {
        let message = format!(
            "Its key is {}, its issuer's is {}.",
            names(&own),
            names(&issuer)
        );
        let mut root = CertificateParams::default();
        root.distinguished_name = common_name("root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_pem = root.self_signed(&issuer).expect("signed").pem();
        let issuer = Issuer::new(root, issuer);
        let mut leaf = CertificateParams::new(["www.example.com".to_owned()]).expect("a name");
        leaf.not_before = NOW - Duration::DAY;
        leaf.not_after = NOW + Duration::days(89);
        let leaf = leaf.signed_by(&own, &issuer).expect("signed").pem();
        let bundle = own.serialize_pem() + &leaf + &root_pem;
        let (_, warnings) = judged(bundle.as_bytes(), &policy());
        let told = warnings
            .iter()
            .find(|told| told.code == "algorithm-mismatch");
        let told = told.map(|told| told.message.clone());
        assert_eq!(told, is_told.then_some(message));
    }
}
