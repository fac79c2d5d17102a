//! What is not settled about ACM: both readings of each question.

use certdrop_acm::{
    AbsentUsages, IpNames, IssuerName, Reading, ReservedTag, TagWithoutValue, TooManyTags,
    Unsettled,
};
use serde_json::{Value, json};

use super::pki::{Authority, Issued, Order, issued_alone, p256, pem, pem_of_key, rsa, self_signed};
use super::server::{Acm, blob, import_request};

fn with(change: impl FnOnce(&mut Unsettled)) -> Acm {
    let mut acm = Acm::new();
    acm.set(|knobs| change(&mut knobs.unsettled));
    acm
}

#[test]
fn a_leaf_without_its_chain_is_taken_or_refused_and_a_self_signed_one_always_taken() {
    let key = p256();
    let own = pem(&self_signed(&key, &Order::default()));
    let leaf = Authority::new().issue_for(&key, &Order::default());
    let alone = |certificate: &str| json!({"Certificate": blob(certificate), "PrivateKey": blob(pem_of_key(&key))});
    let strict = || with(|unsettled| unsettled.leaf_without_chain = Reading::Refused);
    let import = |mut acm: Acm, request| acm.call("ImportCertificate", request);
    assert!(import(Acm::new(), alone(&leaf.certificate)).is_ok());
    assert!(import(strict(), alone(&own)).is_ok());
    assert!(import(strict(), import_request(&leaf)).is_ok());
    let refusal = import(strict(), alone(&leaf.certificate)).unwrap_err();
    let sentence = "Provided certificate is not a valid self signed.";
    assert!(refusal.message.starts_with(sentence), "{refusal:?}");
}

#[test]
fn an_rsa_leaf_of_an_ecdsa_issuer_is_taken_or_refused() {
    let issued = Authority::new().issue_for(&rsa(2048), &Order::default());
    let strict = || with(|unsettled| unsettled.other_key_type_than_issuer = Reading::Refused);
    assert!(
        Acm::new()
            .call("ImportCertificate", import_request(&issued))
            .is_ok()
    );
    let refusal = strict()
        .call("ImportCertificate", import_request(&issued))
        .unwrap_err();
    assert!(
        refusal.message.contains("that of its issuer's key"),
        "{refusal:?}"
    );
    let alike = Authority::new().issue(&Order::default());
    assert!(
        strict()
            .call("ImportCertificate", import_request(&alike))
            .is_ok()
    );
}

#[test]
fn version_1_is_refused_or_taken() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/corpus/bad/x509-v1.pem"
    );
    let text = std::fs::read(path).unwrap();
    let certificates = openssl::x509::X509::stack_from_pem(&text).unwrap();
    let key = openssl::pkey::PKey::private_key_from_pem(&text).unwrap();
    let issued = Issued {
        certificate: pem(&certificates[0]),
        key: pem_of_key(&key),
        chain: certificates[1..].iter().map(pem).collect(),
    };
    let refusal = Acm::new()
        .call("ImportCertificate", import_request(&issued))
        .unwrap_err();
    assert!(refusal.message.contains("version 3"), "{refusal:?}");
    let mut lax = with(|unsettled| unsettled.version_1 = Reading::Accepted);
    assert!(
        lax.call("ImportCertificate", import_request(&issued))
            .is_ok()
    );
}

#[test]
fn answers_show_what_is_chosen() {
    let order = Order {
        attributes: vec![],
        common_name: Some("Own"),
        names: vec!["www.example.com", "192.0.2.1"],
        key_usages: None,
        extended_key_usages: None,
        ..Order::default()
    };
    let key = rsa(2048);
    let own = issued_alone(&key, &order);
    let mut acm = Acm::new();
    let arn = acm.import(&own);
    let mut shown = |change: fn(&mut Unsettled)| {
        acm.set(|knobs| change(&mut knobs.unsettled));
        acm.describe(&arn)
    };
    let detail = shown(|_| {});
    assert_eq!(detail["Issuer"], "Own");
    assert_eq!(
        detail["SubjectAlternativeNames"],
        json!(["Own", "www.example.com"])
    );
    assert_eq!(detail["KeyUsages"], json!([{"Name": "ANY"}]));
    assert_eq!(detail["ExtendedKeyUsages"], json!([{"Name": "NONE"}]));
    let detail = shown(|unsettled| {
        unsettled.issuer_without_organization = IssuerName::WholeName;
        unsettled.ip_names = IpNames::Listed;
        unsettled.absent_usages = AbsentUsages::Empty;
    });
    assert_eq!(detail["Issuer"], "CN=Own");
    let names = json!(["Own", "www.example.com", "192.0.2.1"]);
    assert_eq!(detail["SubjectAlternativeNames"], names);
    assert_eq!(detail["KeyUsages"], json!([]));
    assert_eq!(detail["ExtendedKeyUsages"], json!([]));
}

#[test]
fn tags_are_refused_by_the_chosen_code() {
    let code = |acm: &mut Acm, tags: &Value| {
        let arn = acm.import(&Authority::new().issue(&Order::default()));
        let request = json!({"CertificateArn": arn, "Tags": tags});
        acm.call("AddTagsToCertificate", request).unwrap_err().code
    };
    let reserved = json!([{"Key": "aws:a", "Value": "b"}]);
    let many: Value = (0..51).map(|n| json!({"Key": format!("{n}")})).collect();
    let mut acm = Acm::new();
    assert_eq!(code(&mut acm, &reserved), "InvalidTagException");
    assert_eq!(code(&mut acm, &many), "ValidationException");
    let mut acm = with(|unsettled| {
        unsettled.reserved_tag = ReservedTag::ValidationException;
        unsettled.too_many_tags = TooManyTags::TooManyTagsException;
    });
    assert_eq!(code(&mut acm, &reserved), "ValidationException");
    assert_eq!(code(&mut acm, &many), "TooManyTagsException");
}

#[test]
fn reserved_tags_are_not_removed() {
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue(&Order::default()));
    let request = json!({"CertificateArn": arn, "Tags": [{"Key": "aws:a"}]});
    let refusal = acm.call("RemoveTagsFromCertificate", request).unwrap_err();
    assert_eq!(refusal.code, "InvalidTagException");
}

#[test]
fn a_tag_without_a_value_has_an_empty_one_or_none() {
    for (reading, shown) in [
        (TagWithoutValue::Empty, json!({"Key": "a", "Value": ""})),
        (TagWithoutValue::Absent, json!({"Key": "a"})),
    ] {
        let mut acm = with(|unsettled| unsettled.tag_without_value = reading);
        let arn = acm.import(&Authority::new().issue(&Order::default()));
        let tags = json!([{"Key": "a"}, {"Key": "b", "Value": ""}]);
        let request = json!({"CertificateArn": arn, "Tags": tags});
        acm.call("AddTagsToCertificate", request).unwrap();
        let answer = acm.call("ListTagsForCertificate", json!({"CertificateArn": arn}));
        let expected = json!([shown, {"Key": "b", "Value": ""}]);
        assert_eq!(answer.unwrap()["Tags"], expected, "{reading:?}");
    }
}
