//! What the answers show.

use certdrop_acm::Account;
use openssl::nid::Nid;
use serde_json::{Value, json};
use time::Duration;

use super::pki::{Authority, NOW, Order, ec, rsa};
use super::server::{Acm, Program, run};

/// 2026-12-01T00:00:00Z, by `date -d 2026-12-01T00:00:00Z +%s`.
const NOW_SECONDS: f64 = 1_796_083_200.0;

#[test]
fn describe_shows_what_openssl_shows_in_acms_words() {
    let authority = Authority::new();
    let issued = authority.issue_for(
        &rsa(2048),
        &Order {
            names: vec!["example.com", "www.example.com", "192.0.2.1"],
            key_usages: Some(vec!["digitalSignature", "keyEncipherment"]),
            extended_key_usages: Some(vec!["serverAuth", "1.2.3.4"]),
            ..Order::default()
        },
    );
    let mut acm = Acm::new();
    let arn = acm.import(&issued);
    let parsed = openssl::x509::X509::from_pem(issued.certificate.as_bytes()).unwrap();
    let serial = parsed
        .serial_number()
        .to_bn()
        .unwrap()
        .to_hex_str()
        .unwrap()
        .to_lowercase();
    let serial: Vec<&str> = (0..serial.len())
        .step_by(2)
        .map(|at| &serial[at..at + 2])
        .collect();
    assert_eq!(
        acm.describe(&arn),
        json!({
            "CertificateArn": arn,
            "CertificateKeyPairOrigin": "CUSTOMER_PROVIDED",
            "CreatedAt": NOW_SECONDS,
            "DomainName": "www.example.com",
            "DomainValidationOptions": [
                {"DomainName": "www.example.com"},
                {"DomainName": "example.com"},
            ],
            "ExtendedKeyUsages": [
                {"Name": "CUSTOM", "OID": "1.2.3.4"},
                {"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"},
            ],
            "ImportedAt": NOW_SECONDS,
            "InUseBy": [],
            "Issuer": "Example, Inc.",
            "KeyAlgorithm": "RSA-2048",
            "KeyUsages": [{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}],
            "NotAfter": NOW_SECONDS + 89.0 * 86_400.0,
            "NotBefore": NOW_SECONDS - 86_400.0,
            "Options": {
                "CertificateTransparencyLoggingPreference": "DISABLED",
                "Export": "DISABLED",
            },
            "RenewalEligibility": "INELIGIBLE",
            "Serial": serial.join(":"),
            "SignatureAlgorithm": "SHA256WITHECDSA",
            "Status": "ISSUED",
            "Subject": "C=DE,O=Example\\, Inc.,CN=www.example.com",
            "SubjectAlternativeNames": ["www.example.com", "example.com"],
            "Type": "IMPORTED",
        })
    );
}

#[test]
fn the_live_names_of_key_algorithms_have_a_hyphen() {
    let authority = Authority::new();
    for (key, name) in [
        (rsa(1024), "RSA-1024"),
        (ec(Nid::X9_62_PRIME256V1), "EC-prime256v1"),
        (ec(Nid::SECP384R1), "EC-secp384r1"),
        (ec(Nid::SECP521R1), "EC-secp521r1"),
    ] {
        let mut acm = Acm::new();
        let arn = acm.import(&authority.issue_for(&key, &Order::default()));
        assert_eq!(acm.describe(&arn)["KeyAlgorithm"], name);
    }
}

#[test]
fn absent_extensions_are_any_and_none() {
    let order = Order {
        key_usages: None,
        extended_key_usages: None,
        ..Order::default()
    };
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue(&order));
    let detail = acm.describe(&arn);
    assert_eq!(detail["KeyUsages"], json!([{"Name": "ANY"}]));
    assert_eq!(detail["ExtendedKeyUsages"], json!([{"Name": "NONE"}]));
}

#[test]
fn without_a_common_name_the_first_alternative_name_is_the_domain() {
    let order = Order {
        common_name: None,
        names: vec!["b.example.com", "a.example.com"],
        ..Order::default()
    };
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue(&order));
    assert_eq!(acm.describe(&arn)["DomainName"], "b.example.com");
}

#[test]
fn a_certificate_without_names_has_no_domain_and_is_not_listed() {
    let order = Order {
        common_name: None,
        names: vec![],
        ..Order::default()
    };
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue_for(&rsa(2048), &order));
    let detail = acm.describe(&arn);
    assert_eq!(detail.get("DomainName"), None);
    for empty in ["SubjectAlternativeNames", "DomainValidationOptions"] {
        assert_eq!(detail[empty], json!([]), "{empty}");
    }
    let listed = acm.call("ListCertificates", json!({})).unwrap();
    assert_eq!(listed["CertificateSummaryList"], json!([]));
}

#[test]
fn issued_in_the_last_second_and_expired_in_the_next() {
    let order = Order::default();
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue(&order));
    acm.set(|knobs| knobs.now = Some(order.not_after));
    assert_eq!(acm.describe(&arn)["Status"], "ISSUED");
    acm.set(|knobs| knobs.now = Some(order.not_after + Duration::seconds(1)));
    assert_eq!(acm.describe(&arn)["Status"], "EXPIRED");
}

#[test]
fn get_gives_back_certificate_and_chain_and_never_the_key() {
    let issued = Authority::new().issue(&Order::default());
    let mut acm = Acm::new();
    let arn = acm.import(&issued);
    let answer = acm
        .call("GetCertificate", json!({"CertificateArn": arn}))
        .unwrap();
    let expected = json!({"Certificate": issued.certificate, "CertificateChain": issued.chain});
    assert_eq!(answer, expected);
}

#[test]
fn a_certificate_in_use_is_not_deleted() {
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue(&Order::default()));
    let delete = json!({"CertificateArn": arn});
    acm.service
        .set_in_use_by(&arn, vec!["arn:x".to_owned()])
        .unwrap();
    let refusal = acm.call("DeleteCertificate", delete.clone()).unwrap_err();
    assert_eq!(refusal.code, "ResourceInUseException");
    let sentence = format!("Certificate {arn} in account 123456789012 is in use.");
    assert_eq!(refusal.message, sentence);
    acm.service.set_in_use_by(&arn, vec![]).unwrap();
    acm.call("DeleteCertificate", delete.clone()).unwrap();
    let gone = acm.call("DescribeCertificate", delete).unwrap_err();
    assert_eq!(gone.code, "ResourceNotFoundException");
}

#[test]
fn regions_do_not_see_each_other() {
    let issued = Authority::new().issue(&Order::default());
    let mut acm = Acm::new();
    let home = acm.import(&issued);
    acm.region = "us-east-1";
    let other = acm.import(&issued);
    assert!(other.starts_with("arn:aws:acm:us-east-1:123456789012:certificate/"));
    let results = acm.call("SearchCertificates", json!({})).unwrap()["Results"].clone();
    assert_eq!(results.as_array().map(Vec::len), Some(1));
    assert_eq!(results[0]["CertificateArn"], json!(other));
    let request = json!({"CertificateArn": home});
    let refusal = acm.call("DescribeCertificate", request).unwrap_err();
    assert_eq!(refusal.code, "ResourceNotFoundException");
}

#[test]
fn an_operation_that_is_not_answered_is_unknown() {
    let program = Program::start(&[]);
    let arguments = ["acm", "list-acme-endpoints"];
    let error = run("aws/bin/aws", &arguments, &program.endpoint).unwrap_err();
    assert!(error.contains("UnknownOperationException"), "{error}");
    let refusal = Acm::new().call("PutTheKettleOn", json!({})).unwrap_err();
    assert_eq!(refusal.code, "UnknownOperationException");
}

#[test]
fn the_log_names_calls_and_outcomes_and_no_key() {
    let issued = Authority::new().issue(&Order::default());
    let mut acm = Acm::new();
    let arn = acm.import(&issued);
    acm.call("DescribeCertificate", json!({"CertificateArn": arn}))
        .unwrap();
    acm.reimport(
        &arn,
        &Authority::new().issue_for(&rsa(2048), &Order::default()),
    )
    .unwrap_err();
    let entries: Vec<Value> = acm
        .service
        .journal
        .entries(&Account::default())
        .map(|entry| json!(entry))
        .collect();
    let row = |operation: &str, outcome: &str| {
        json!({
            "time": "2026-12-01T00:00:00Z",
            "operation": operation,
            "account": "123456789012",
            "region": "eu-central-1",
            "arn": arn,
            "outcome": outcome,
        })
    };
    let expected = [
        row("ImportCertificate", "ok"),
        row("DescribeCertificate", "ok"),
        row("ImportCertificate", "ValidationException"),
    ];
    assert_eq!(entries, expected);
    assert_eq!(NOW.unix_timestamp(), 1_796_083_200);
}
