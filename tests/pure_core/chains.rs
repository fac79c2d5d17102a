//! Which certificates of a bundle become its chain where several have the issuer's name.

use certdrop::bundle::{Part, read};
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyIdMethod, KeyPair,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// A CA named `name`, or with the name `leaf` no CA.
fn named(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(["www.example.com".to_owned()]).expect("a name");
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = NOW - Duration::DAY;
    parameters.not_after = NOW + Duration::days(80);
    if name != "leaf" {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    parameters
}

/// `subject` with the key `key`, signed by the CA `issuer` with the key `issuer_key`.
fn signed(
    subject: &CertificateParams,
    key: &KeyPair,
    issuer: &CertificateParams,
    issuer_key: &KeyPair,
) -> Certificate {
    let issuer = Issuer::from_params(issuer, issuer_key);
    subject.signed_by(key, &issuer).expect("signed")
}

/// The codes of what was found, and the chain that is sent where the bundle is accepted.
fn judged(key: &KeyPair, certificates: &[&Certificate]) -> (Vec<String>, Option<String>) {
    let certificates: String = certificates.iter().map(|one| one.pem()).collect();
    let part = Part {
        name: "bundle.pem".to_owned(),
        bytes: SecretBytes::new((key.serialize_pem() + &certificates).into_bytes()),
    };
    let policy = Policy {
        now: NOW,
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    let (findings, chain) = match validate(read(&[part], &[]), &policy) {
        Verdict::Accepted(valid, warnings) => (warnings, valid.chain_pem()),
        Verdict::Rejected(rejected) => (rejected.findings, None),
    };
    // Most of these name no key of their issuer, which strict clients want.
    let codes = findings.iter().map(|finding| finding.code.to_string());
    let codes = codes.filter(|code| code != "refused-by-strict-clients");
    (codes.collect(), chain)
}

/// Some CAs have hundreds of intermediates of one name.
#[test]
fn the_issuer_that_is_meant_is_found_among_any_number_of_its_name() {
    let [leaf_key, right_key, root_key] = [(); 3].map(|()| key());
    let (issuer, root) = (named("issuer"), named("root"));
    let others: Vec<_> = (0..90)
        .map(|_| signed(&issuer, &key(), &root, &root_key))
        .collect();
    let right = signed(&issuer, &right_key, &root, &root_key);
    let mut leaf = named("leaf");
    leaf.use_authority_key_identifier_extension = true;
    let leaf = signed(&leaf, &leaf_key, &issuer, &right_key);

    let certificates: Vec<_> = [&leaf].into_iter().chain(&others).chain([&right]).collect();
    let (codes, chain) = judged(&leaf_key, &certificates);
    assert_eq!(codes, ["issuer-unknown", "strangers-in-bundle"]);
    assert_eq!(chain, Some(right.pem()));
}

/// CAs certify one key more than once, and give the certificates other identifiers.
#[test]
fn of_two_certificates_of_the_issuer_s_key_the_one_that_the_leaf_names_is_sent() {
    let [leaf_key, issuer_key, root_key] = [(); 3].map(|()| key());
    let (issuer, root) = (named("issuer"), named("root"));
    let mut renamed = named("issuer");
    renamed.key_identifier_method = KeyIdMethod::PreSpecified(vec![1, 2, 3]);
    let other = signed(&renamed, &issuer_key, &root, &root_key);
    let right = signed(&issuer, &issuer_key, &root, &root_key);
    let mut leaf = named("leaf");
    leaf.use_authority_key_identifier_extension = true;
    let leaf = signed(&leaf, &leaf_key, &issuer, &issuer_key);
    for certificates in [[&leaf, &other, &right], [&leaf, &right, &other]] {
        let (_, chain) = judged(&leaf_key, &certificates);
        assert_eq!(chain, Some(right.pem()));
    }
}

#[test]
fn a_root_of_the_issuer_s_name_is_a_stranger_unless_its_very_key_is_meant() {
    let [leaf_key, lower_key, real_key, fake_key, above_key] = [(); 5].map(|()| key());
    let root = named("root");
    let fake_root = signed(&root, &fake_key, &root, &fake_key);
    let fake_intermediate = signed(&root, &fake_key, &named("above"), &above_key);
    let fake_id = root.key_identifier(&fake_key);
    let mut root_by_the_fake_s_id = root.clone();
    root_by_the_fake_s_id.key_identifier_method = KeyIdMethod::PreSpecified(fake_id);
    let lower = |issuer: &CertificateParams, names_key| {
        let mut lower = named("lower");
        lower.use_authority_key_identifier_extension = names_key;
        signed(&lower, &lower_key, issuer, &real_key)
    };
    let leaf = signed(&named("leaf"), &leaf_key, &named("lower"), &lower_key);

    for (name, lower, other, expected) in [
        (
            "names no key",
            lower(&root, false),
            &fake_root,
            "issuer-unknown",
        ),
        (
            "names another key",
            lower(&root, true),
            &fake_root,
            "issuer-unknown",
        ),
        (
            "names the root's key",
            lower(&root_by_the_fake_s_id, true),
            &fake_root,
            "signature-invalid",
        ),
        (
            "it is no root",
            lower(&root, false),
            &fake_intermediate,
            "signature-invalid",
        ),
    ] {
        let (codes, chain) = judged(&leaf_key, &[&leaf, &lower, other]);
        assert_eq!(codes, [expected, "strangers-in-bundle"], "{name}");
        let is_accepted = expected == "issuer-unknown";
        assert_eq!(chain, is_accepted.then(|| lower.pem()), "{name}");
    }
}
