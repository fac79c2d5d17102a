//! What may change under one ARN.

use openssl::nid::Nid;
use serde_json::json;
use time::Duration;

use super::pki::{Authority, Key, NOW, Order, ec, p256, rsa};
use super::server::{Acm, import_request};

const KEY_USAGES: &str = "New certificate is missing one or more Key Usages";
const EXTENDED: &str = "New certificate is missing one or more Extended Key Usages";

fn order(key_usages: Option<&[&'static str]>, extended: Option<&[&'static str]>) -> Order {
    Order {
        key_usages: key_usages.map(<[_]>::to_vec),
        extended_key_usages: extended.map(<[_]>::to_vec),
        ..Order::default()
    }
}

#[test]
fn usages_may_grow_and_must_not_shrink_but_for_two_exceptions() {
    let (signature, both) = (
        &["digitalSignature"][..],
        &["digitalSignature", "keyEncipherment"][..],
    );
    let (server, client) = (&["serverAuth"][..], &["serverAuth", "clientAuth"][..]);
    let rows = [
        // kind, before, after, refused with
        (
            "RSA",
            order(Some(both), Some(server)),
            order(Some(signature), Some(server)),
            Some(KEY_USAGES),
        ),
        (
            "EC",
            order(Some(both), Some(server)),
            order(Some(signature), Some(server)),
            None,
        ),
        (
            "EC",
            order(Some(signature), Some(server)),
            order(Some(both), Some(server)),
            None,
        ),
        (
            "EC",
            order(Some(signature), Some(server)),
            order(None, Some(server)),
            Some(KEY_USAGES),
        ),
        (
            "EC",
            order(None, Some(server)),
            order(Some(signature), Some(server)),
            Some("New certificate has a Key Usage extension"),
        ),
        (
            "EC",
            order(None, Some(server)),
            order(None, Some(server)),
            None,
        ),
        (
            "EC",
            order(Some(signature), Some(client)),
            order(Some(signature), Some(server)),
            None,
        ),
        (
            "EC",
            order(Some(signature), Some(server)),
            order(Some(signature), Some(client)),
            None,
        ),
        (
            "EC",
            order(Some(signature), Some(client)),
            order(Some(signature), Some(&["clientAuth"])),
            Some(EXTENDED),
        ),
        (
            "EC",
            order(Some(signature), Some(server)),
            order(Some(signature), None),
            Some(EXTENDED),
        ),
        (
            "EC",
            order(Some(signature), None),
            order(Some(signature), Some(server)),
            Some("New certificate has an Extended Key Usage extension"),
        ),
    ];
    let authority = Authority::new();
    let rsa = rsa(2048);
    for (row, (kind, before, after, refused)) in rows.into_iter().enumerate() {
        let key = || if kind == "RSA" { rsa.clone() } else { p256() };
        let mut acm = Acm::new();
        let arn = acm.import(&authority.issue_for(&key(), &before));
        let answer = acm.reimport(&arn, &authority.issue_for(&key(), &after));
        match refused {
            None => assert!(answer.is_ok(), "row {row}: {answer:?}"),
            Some(sentence) => {
                let refusal = answer.expect_err(sentence);
                assert_eq!(refusal.code, "ValidationException", "row {row}");
                assert!(
                    refusal.message.starts_with(sentence),
                    "row {row}: {refusal:?}"
                );
            }
        }
    }
}

#[test]
fn key_type_and_size_stay() {
    let authority = Authority::new();
    let keys: [(&str, Key); 4] = [
        ("RSA 2048", rsa(2048)),
        ("RSA 3072", rsa(3072)),
        ("P-256", p256()),
        ("P-384", ec(Nid::SECP384R1)),
    ];
    for (before, old) in &keys {
        for (after, new) in &keys {
            let mut acm = Acm::new();
            let arn = acm.import(&authority.issue_for(old, &Order::default()));
            let answer = acm.reimport(&arn, &authority.issue_for(new, &Order::default()));
            assert_eq!(
                answer.is_ok(),
                before == after,
                "{before} to {after}: {answer:?}"
            );
        }
    }
}

#[test]
fn names_may_change_but_not_all_go() {
    let authority = Authority::new();
    let named = |common_name, names: &[&'static str]| {
        authority.issue(&Order {
            common_name,
            names: names.to_vec(),
            ..Order::default()
        })
    };
    let mut acm = Acm::new();
    let arn = acm.import(&named(
        Some("a.example.com"),
        &["a.example.com", "b.example.com"],
    ));
    acm.reimport(&arn, &named(Some("c.example.com"), &["c.example.com"]))
        .unwrap();
    assert_eq!(acm.describe(&arn)["DomainName"], "c.example.com");
    let refusal = acm.reimport(&arn, &named(None, &[])).unwrap_err();
    assert!(refusal.message.contains("no domain name"), "{refusal:?}");
}

#[test]
fn the_arn_the_tags_the_uses_and_the_creation_stay_and_the_import_moves() {
    let authority = Authority::new();
    let mut acm = Acm::new();
    let mut request = import_request(&authority.issue(&Order::default()));
    request["Tags"] = json!([{"Key": "team", "Value": "web"}]);
    let answer = acm.call("ImportCertificate", request).unwrap();
    let arn = answer["CertificateArn"].as_str().unwrap().to_owned();
    let user = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/b";
    acm.service
        .set_in_use_by(&arn, vec![user.to_owned()])
        .unwrap();
    let before = acm.describe(&arn);

    acm.set(|knobs| knobs.now = Some(NOW + Duration::days(2)));
    let renewed = authority.issue(&Order::default());
    let again = acm.reimport(&arn, &renewed).unwrap();
    assert_eq!(again["CertificateArn"], json!(arn));

    let after = acm.describe(&arn);
    assert_eq!(after["CreatedAt"], before["CreatedAt"]);
    assert_eq!(after["InUseBy"], json!([user]));
    assert_eq!(
        after["ImportedAt"].as_f64(),
        before["ImportedAt"].as_f64().map(|t| t + 172_800.0)
    );
    assert_ne!(after["Serial"], before["Serial"]);
    let tags = acm
        .call("ListTagsForCertificate", json!({"CertificateArn": arn}))
        .unwrap();
    assert_eq!(tags["Tags"], json!([{"Key": "team", "Value": "web"}]));
}

#[test]
fn a_refused_re_import_leaves_what_was_there() {
    let authority = Authority::new();
    let mut acm = Acm::new();
    let arn = acm.import(&authority.issue(&Order::default()));
    let before = acm.describe(&arn);
    acm.reimport(&arn, &authority.issue_for(&rsa(2048), &Order::default()))
        .unwrap_err();
    assert_eq!(acm.describe(&arn), before);
}

#[test]
fn an_issued_certificate_is_not_replaced() {
    let mut acm = Acm::new();
    let request = json!({"DomainName": "www.example.com", "ValidationMethod": "DNS"});
    let answer = acm.call("RequestCertificate", request).unwrap();
    let arn = answer["CertificateArn"].as_str().unwrap();
    assert_eq!(acm.describe(arn)["Type"], "AMAZON_ISSUED");
    let refusal = acm
        .reimport(arn, &Authority::new().issue(&Order::default()))
        .unwrap_err();
    assert_eq!(refusal.code, "ValidationException");
    let pending = acm
        .call("GetCertificate", json!({"CertificateArn": arn}))
        .unwrap_err();
    assert_eq!(pending.code, "RequestInProgressException");
}

#[test]
fn an_arn_that_is_gone_or_elsewhere_is_not_found() {
    let issued = Authority::new().issue(&Order::default());
    let mut acm = Acm::new();
    let arn = acm.import(&issued);
    for (elsewhere, code) in [
        (
            arn.replace("eu-central-1", "us-east-1"),
            "ResourceNotFoundException",
        ),
        (
            arn.replace("123456789012", "999999999999"),
            "ResourceNotFoundException",
        ),
        (
            arn.replace("certificate/", "certificates/"),
            "InvalidArnException",
        ),
        (arn.replace(":acm:", ":iam:"), "ValidationException"),
    ] {
        let refusal = acm.reimport(&elsewhere, &issued).expect_err(&elsewhere);
        assert_eq!(refusal.code, code, "{elsewhere}: {refusal:?}");
    }
    acm.region = "us-east-1";
    assert_eq!(
        acm.reimport(&arn, &issued).unwrap_err().code,
        "ResourceNotFoundException"
    );
}

#[test]
fn tags_on_a_re_import_are_refused_even_none() {
    let issued = Authority::new().issue(&Order::default());
    let mut acm = Acm::new();
    let arn = acm.import(&issued);
    for tags in [json!([]), json!([{"Key": "a", "Value": "b"}])] {
        let mut request = import_request(&issued);
        request["CertificateArn"] = json!(arn);
        request["Tags"] = tags;
        let refusal = acm.call("ImportCertificate", request).unwrap_err();
        assert_eq!(refusal.message, "Tagging is not permitted on re-import.");
    }
}
