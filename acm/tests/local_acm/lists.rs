//! ListCertificates, SearchCertificates, and pages of both and of GetResources.

use std::collections::BTreeSet;

use openssl::nid::Nid;
use serde_json::{Value, json};
use time::Duration;

use super::pki::{Authority, Key, NOW, Order, ec, p256, rsa};
use super::server::Acm;

const ALL_KEY_TYPES: [&str; 7] = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
];

fn arns(answer: &Value, list: &str, member: &str) -> Vec<String> {
    let list = answer[list].as_array().unwrap().iter();
    list.map(|item| item[member].as_str().unwrap().to_owned())
        .collect()
}

/// One certificate a name: small RSA, P-256 in use, P-384 for code signing, and a requested one.
fn mixed() -> (Acm, [String; 4]) {
    let authority = Authority::new();
    let mut acm = Acm::new();
    let mut import = |at: i64, key: &Key, order: Order| {
        acm.set(|knobs| knobs.now = Some(NOW + Duration::hours(at)));
        acm.import(&authority.issue_for(key, &order))
    };
    let named = |name| Order {
        common_name: Some(name),
        names: vec![name],
        ..Order::default()
    };
    let small = import(0, &rsa(2048), named("a.example.com"));
    let used = import(
        1,
        &p256(),
        Order {
            not_after: NOW + Duration::days(30),
            names: vec!["b.example.com", "Shop.Example.Org"],
            ..named("b.example.com")
        },
    );
    let signing = import(
        2,
        &ec(Nid::SECP384R1),
        Order {
            key_usages: Some(vec!["keyAgreement"]),
            extended_key_usages: Some(vec!["codeSigning"]),
            ..named("c.example.com")
        },
    );
    acm.service
        .set_in_use_by(&used, vec!["arn:x".to_owned()])
        .unwrap();
    acm.set(|knobs| knobs.now = Some(NOW + Duration::hours(3)));
    let request = json!({"DomainName": "d.example.com", "ValidationMethod": "DNS"});
    let answer = acm.call("RequestCertificate", request).unwrap();
    let requested = answer["CertificateArn"].as_str().unwrap().to_owned();
    (acm, [small, used, signing, requested])
}

#[test]
fn list_hides_all_but_small_rsa_keys_by_default() {
    let (mut acm, [small, used, signing, requested]) = mixed();
    let all = json!({"keyTypes": ALL_KEY_TYPES});
    for (request, expected) in [
        (json!({}), vec![&small, &requested]),
        (json!({"Includes": {}}), vec![&small, &requested]),
        (
            json!({"Includes": {"keyTypes": []}}),
            vec![&small, &requested],
        ),
        (
            json!({"Includes": all}),
            vec![&small, &used, &signing, &requested],
        ),
        (
            json!({"Includes": {"keyTypes": ["EC_secp384r1"]}}),
            vec![&signing],
        ),
        (
            json!({"Includes": {"keyTypes": ALL_KEY_TYPES, "keyUsage": ["KEY_AGREEMENT"]}}),
            vec![&signing],
        ),
        (
            json!({"Includes": {"keyTypes": ALL_KEY_TYPES, "extendedKeyUsage": ["TLS_WEB_SERVER_AUTHENTICATION"]}}),
            vec![&small, &used],
        ),
        (json!({"CertificateStatuses": ["ISSUED"]}), vec![&small]),
        (
            json!({"CertificateStatuses": ["PENDING_VALIDATION", "EXPIRED"]}),
            vec![&requested],
        ),
        (
            json!({"CertificateKeyPairOrigins": ["CUSTOMER_PROVIDED"]}),
            vec![&small],
        ),
        (
            json!({"Includes": all, "SortBy": "CREATED_AT", "SortOrder": "DESCENDING"}),
            vec![&requested, &signing, &used, &small],
        ),
    ] {
        let answer = acm.call("ListCertificates", request.clone()).unwrap();
        let found = arns(&answer, "CertificateSummaryList", "CertificateArn");
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{request}");
    }
    let half = acm
        .call("ListCertificates", json!({"SortBy": "CREATED_AT"}))
        .unwrap_err();
    assert_eq!(half.code, "ValidationException");
}

#[test]
fn search_combines_its_filters() {
    let (mut acm, [small, used, signing, requested]) = mixed();
    let serial = acm.describe(&used)["Serial"].clone();
    let x509 = |filter: Value| json!({"Filter": {"X509AttributeFilter": filter}});
    let metadata = |filter: Value| json!({"Filter": {"AcmCertificateMetadataFilter": filter}});
    let name = |value: &str, operator: &str| {
        x509(json!({"SubjectAlternativeName": {"DnsName": {
            "Value": value, "ComparisonOperator": operator}}}))
    };
    let at = |days: i64| (NOW + Duration::days(days)).unix_timestamp();
    let rows = [
        (json!({}), vec![&small, &used, &signing, &requested]),
        (x509(json!({"SerialNumber": serial})), vec![&used]),
        (x509(json!({"SerialNumber": "00:01"})), vec![]),
        (name("shop.example.org", "EQUALS"), vec![&used]),
        (name("example", "EQUALS"), vec![]),
        (
            name("EXAMPLE.com", "CONTAINS"),
            vec![&small, &used, &signing, &requested],
        ),
        (
            x509(
                json!({"Subject": {"CommonName": {"Value": "a.example.com", "ComparisonOperator": "EQUALS"}}}),
            ),
            vec![&small],
        ),
        (
            x509(json!({"KeyAlgorithm": "EC_secp384r1"})),
            vec![&signing],
        ),
        (x509(json!({"KeyUsage": "KEY_AGREEMENT"})), vec![&signing]),
        (
            x509(json!({"ExtendedKeyUsage": "CODE_SIGNING"})),
            vec![&signing],
        ),
        (x509(json!({"NotAfter": {"End": at(30)}})), vec![&used]),
        (
            x509(json!({"NotAfter": {"Start": at(30), "End": at(30)}})),
            vec![&used],
        ),
        (
            x509(json!({"NotAfter": {"Start": at(31)}})),
            vec![&small, &signing],
        ),
        (x509(json!({"NotBefore": {"Start": at(0)}})), vec![]),
        (
            metadata(json!({"Type": "IMPORTED"})),
            vec![&small, &used, &signing],
        ),
        (metadata(json!({"Type": "AMAZON_ISSUED"})), vec![&requested]),
        (
            metadata(json!({"Status": "PENDING_VALIDATION"})),
            vec![&requested],
        ),
        (metadata(json!({"InUse": true})), vec![&used]),
        (
            metadata(json!({"InUse": false})),
            vec![&small, &signing, &requested],
        ),
        (
            metadata(json!({"ValidationMethod": "DNS"})),
            vec![&requested],
        ),
        (metadata(json!({"ManagedBy": "CLOUDFRONT"})), vec![]),
        (json!({"Filter": {"CertificateArn": small}}), vec![&small]),
        (
            json!({"Not": metadata(json!({"InUse": true}))}),
            vec![&small, &signing, &requested],
        ),
        (
            json!({"And": [x509(json!({"SerialNumber": serial})), metadata(json!({"Type": "IMPORTED"}))]}),
            vec![&used],
        ),
        (
            json!({"And": [x509(json!({"SerialNumber": serial})), metadata(json!({"Type": "PRIVATE"}))]}),
            vec![],
        ),
        (
            json!({"Or": [json!({"Filter": {"CertificateArn": small}}), name("c.example.com", "EQUALS")]}),
            vec![&small, &signing],
        ),
    ];
    for (statement, expected) in rows {
        let mut request = json!({});
        if statement != json!({}) {
            request["FilterStatement"] = statement.clone();
        }
        let answer = acm.call("SearchCertificates", request).unwrap();
        let found = arns(&answer, "Results", "CertificateArn");
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{statement}");
    }
}

#[test]
fn search_sorts_by_what_it_is_told() {
    let (mut acm, [small, used, signing, requested]) = mixed();
    for (by, order, expected) in [
        (
            "NOT_AFTER",
            "ASCENDING",
            [&requested, &used, &small, &signing],
        ),
        (
            "CREATED_AT",
            "DESCENDING",
            [&requested, &signing, &used, &small],
        ),
        (
            "COMMON_NAME",
            "ASCENDING",
            [&requested, &small, &used, &signing],
        ),
    ] {
        let request = json!({"SortBy": by, "SortOrder": order});
        let answer = acm.call("SearchCertificates", request).unwrap();
        let found = arns(&answer, "Results", "CertificateArn");
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{by}");
    }
}

#[test]
fn search_refuses_what_the_model_refuses() {
    let serial = |serial: &str| json!({"FilterStatement": {"Filter": {"X509AttributeFilter": {"SerialNumber": serial}}}});
    let many: Vec<Value> = (0..16)
        .map(|_| json!({"Filter": {"CertificateArn": "arn"}}))
        .collect();
    for (request, code) in [
        (serial("0A:1B"), "ValidationException"),
        (serial("0a"), "ValidationException"),
        (json!({"MaxResults": 501}), "ValidationException"),
        (json!({"MaxResults": 0}), "ValidationException"),
        (json!({"NextToken": "rubbish"}), "ValidationException"),
        (
            json!({"FilterStatement": {"And": many}}),
            "ValidationException",
        ),
        (
            json!({"FilterStatement": {"And": []}}),
            "ValidationException",
        ),
        (json!({"FilterStatement": {}}), "SerializationException"),
        (
            json!({"FilterStatement": {"And": [], "Or": []}}),
            "SerializationException",
        ),
    ] {
        let refusal = Acm::new().call("SearchCertificates", request.clone());
        let refusal = refusal.expect_err(&request.to_string());
        assert_eq!(refusal.code, code, "{request}: {refusal:?}");
    }
    let mut deep = json!({"Filter": {"X509AttributeFilter": {"SerialNumber": "00:01"}}});
    for _ in 0..60 {
        deep = json!({"Not": deep});
    }
    let request = json!({"FilterStatement": deep});
    let refusal = Acm::new().call("SearchCertificates", request).unwrap_err();
    assert_eq!(refusal.code, "ValidationException");
}

#[test]
fn pages_show_every_certificate_once_though_one_goes_meanwhile() {
    let authority = Authority::new();
    let issued = authority.issue_for(&rsa(2048), &Order::default());
    for (operation, length, token, next, list, member) in [
        (
            "ListCertificates",
            "MaxItems",
            "NextToken",
            "NextToken",
            "CertificateSummaryList",
            "CertificateArn",
        ),
        (
            "SearchCertificates",
            "MaxResults",
            "NextToken",
            "NextToken",
            "Results",
            "CertificateArn",
        ),
        (
            "GetResources",
            "ResourcesPerPage",
            "PaginationToken",
            "PaginationToken",
            "ResourceTagMappingList",
            "ResourceARN",
        ),
    ] {
        let mut acm = Acm::new();
        let all: Vec<String> = (0..7).map(|_| acm.import(&issued)).collect();
        for arn in &all {
            let request = json!({"CertificateArn": arn, "Tags": [{"Key": "k"}]});
            acm.call("AddTagsToCertificate", request).unwrap();
        }
        let mut request = json!({length: 3});
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let answer = acm.call(operation, request.clone()).unwrap();
            seen.extend(arns(&answer, list, member));
            pages += 1;
            if pages == 1 {
                // The last one of the page that the token follows.
                acm.call("DeleteCertificate", json!({"CertificateArn": all[2]}))
                    .unwrap();
            }
            match answer[next].as_str().filter(|token| !token.is_empty()) {
                Some(next) => request[token] = json!(next),
                None => break,
            }
        }
        assert_eq!(pages, 3, "{operation}");
        assert_eq!(
            seen.iter().collect::<BTreeSet<_>>().len(),
            seen.len(),
            "{operation}"
        );
        assert_eq!(seen, all, "{operation}");
    }
}

#[test]
fn a_page_is_a_hundred_or_a_thousand_by_default() {
    let issued = Authority::new().issue_for(&rsa(2048), &Order::default());
    let mut acm = Acm::new();
    for _ in 0..101 {
        acm.import(&issued);
    }
    let search = acm.call("SearchCertificates", json!({})).unwrap();
    assert_eq!(arns(&search, "Results", "CertificateArn").len(), 100);
    let list = acm.call("ListCertificates", json!({})).unwrap();
    assert_eq!(
        arns(&list, "CertificateSummaryList", "CertificateArn").len(),
        101
    );
}

#[test]
fn a_summary_shows_a_hundred_names_and_says_that_there_are_more() {
    let names: Vec<&'static str> = (0..101)
        .map(|n| &*Box::leak(format!("n{n}.example.com").into_boxed_str()))
        .collect();
    let order = Order {
        common_name: None,
        names,
        ..Order::default()
    };
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue_for(&rsa(2048), &order));
    let list = acm.call("ListCertificates", json!({})).unwrap();
    let summary = &list["CertificateSummaryList"][0];
    assert_eq!(
        summary["SubjectAlternativeNameSummaries"]
            .as_array()
            .map(Vec::len),
        Some(100)
    );
    assert_eq!(summary["HasAdditionalSubjectAlternativeNames"], true);
    assert_eq!(
        acm.describe(&arn)["SubjectAlternativeNames"]
            .as_array()
            .map(Vec::len),
        Some(101)
    );
}
