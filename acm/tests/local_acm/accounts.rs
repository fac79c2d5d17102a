//! Several accounts in one process: what belongs to one is not there for another.

use certdrop_acm::{Account, Options, Quota, Rate};
use serde_json::{Value, json};

use super::pki::{Authority, Issued, Order};
use super::server::{Acm, Program, get, import_request, post, run_as};

const DEFAULT: &str = "123456789012";
const OTHER: &str = "222222222222";

fn issued() -> Issued {
    Authority::new().issue(&Order::default())
}

fn as_other(acm: &mut Acm) -> &mut Acm {
    acm.access_key = OTHER;
    acm
}

#[test]
fn an_access_key_of_twelve_digits_names_its_account_and_any_other_key_the_default_one() {
    let issued = issued();
    let mut acm = Acm::new();
    for (key, account) in [
        (OTHER, OTHER),
        (DEFAULT, DEFAULT),
        ("test", DEFAULT),
        ("AKIAIOSFODNN7EXAMPLE", DEFAULT),
        ("22222222222", DEFAULT),
        ("2222222222222", DEFAULT),
        ("22222222222x", DEFAULT),
        ("", DEFAULT),
    ] {
        acm.access_key = key;
        let arn = acm.import(&issued);
        let place = format!("arn:aws:acm:eu-central-1:{account}:certificate/");
        assert!(arn.starts_with(&place), "{key}: {arn}");
    }
}

#[test]
fn no_list_search_or_tag_filter_shows_the_certificates_of_another_account() {
    let issued = issued();
    let mut acm = Acm::new();
    let tagged = |acm: &mut Acm| {
        let mut request = import_request(&issued);
        request["Tags"] = json!([{"Key": "bundle", "Value": "www"}]);
        acm.call("ImportCertificate", request).unwrap()["CertificateArn"].clone()
    };
    let none = json!({});
    let own = tagged(&mut acm);
    let others = tagged(as_other(&mut acm));
    for (key, arn) in [("test", own), (OTHER, others)] {
        acm.access_key = key;
        let all = json!({"Includes": {"keyTypes": ["EC_prime256v1"]}});
        for (operation, request, list, member) in [
            (
                "ListCertificates",
                &all,
                "CertificateSummaryList",
                "CertificateArn",
            ),
            ("SearchCertificates", &none, "Results", "CertificateArn"),
            (
                "GetResources",
                &none,
                "ResourceTagMappingList",
                "ResourceARN",
            ),
        ] {
            let answer = acm.call(operation, request.clone()).unwrap();
            let shown: Vec<&Value> = answer[list].as_array().unwrap().iter().collect();
            assert_eq!(shown.len(), 1, "{key} {operation}");
            assert_eq!(shown[0][member], arn, "{key} {operation}");
        }
    }
}

/// Source: awsdocs/aws-doc-sdk-examples, pull request 236; the service model's own words of
/// `ResourceNotFoundException`: "cannot be found in the caller's account".
#[test]
fn a_certificate_of_another_account_is_not_found() {
    let issued = issued();
    let mut acm = Acm::new();
    let arn = acm.import(&issued);
    as_other(&mut acm);
    let on = json!({"CertificateArn": arn});
    let with = |member: &str, value: Value| {
        let mut request = on.clone();
        request[member] = value;
        request
    };
    let tags = json!([{"Key": "a", "Value": "b"}]);
    let mut reimport = import_request(&issued);
    reimport["CertificateArn"] = json!(arn);
    let in_account = format!("Could not find certificate {arn} in account {OTHER}.");
    for (operation, request, message) in [
        ("DescribeCertificate", on.clone(), in_account.as_str()),
        ("GetCertificate", on.clone(), &in_account),
        ("DeleteCertificate", on.clone(), &in_account),
        ("ListTagsForCertificate", on.clone(), &in_account),
        (
            "AddTagsToCertificate",
            with("Tags", tags.clone()),
            &in_account,
        ),
        ("RemoveTagsFromCertificate", with("Tags", tags), &in_account),
        ("RenewCertificate", on.clone(), &in_account),
        (
            "ImportCertificate",
            reimport,
            &format!("Could not find certificate {arn}."),
        ),
    ] {
        let refusal = acm.call(operation, request).unwrap_err();
        assert_eq!(refusal.code, "ResourceNotFoundException", "{operation}");
        assert_eq!(refusal.message, message, "{operation}");
    }
    let request = json!({"ResourceARNList": [arn], "Tags": {"a": "b"}});
    let answer = acm.call("TagResources", request).unwrap();
    assert!(answer["FailedResourcesMap"][&arn].is_object(), "{answer}");

    acm.access_key = "test";
    acm.describe(&arn);
    let tags = acm.call("ListTagsForCertificate", on).unwrap();
    assert_eq!(tags["Tags"], json!([]));
}

#[test]
fn quotas_and_rates_are_counted_for_each_account_and_region() {
    let issued = issued();
    let mut acm = Acm::new();
    acm.set(|knobs| {
        knobs.quota = Quota {
            certificates: 1,
            ..Quota::default()
        };
        let rate = Rate {
            per_second: 0.0001,
            burst: Some(2.0),
        };
        knobs.rate.insert("ImportCertificate".to_owned(), rate);
    });
    for (key, region) in [
        ("test", "eu-central-1"),
        (OTHER, "eu-central-1"),
        (OTHER, "us-east-1"),
    ] {
        (acm.access_key, acm.region) = (key, region);
        let mut import = || {
            let answer = acm.call("ImportCertificate", import_request(&issued));
            answer.err().map(|refusal| refusal.code)
        };
        let outcomes = [import(), import(), import()];
        let expected = [
            None,
            Some("LimitExceededException"),
            Some("ThrottlingException"),
        ];
        assert_eq!(outcomes, expected, "{key} {region}");
    }
}

#[test]
fn a_request_token_means_nothing_in_another_account() {
    let mut acm = Acm::new();
    let request = json!({"DomainName": "www.example.com", "IdempotencyToken": "a"});
    let first = acm.request(request.clone());
    assert_eq!(acm.request(request.clone()), first);
    assert_ne!(as_other(&mut acm).request(request), first);
}

#[test]
fn a_restart_keeps_each_account_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || {
        Acm::with(Options {
            data: Some(folder.path().to_owned()),
            ..Options::default()
        })
    };
    let put = |acm: &mut Acm, days: i64| {
        let events = json!({"DaysBeforeExpiry": days});
        let request = json!({"ExpiryEvents": events, "IdempotencyToken": "a"});
        acm.call("PutAccountConfiguration", request).unwrap();
    };
    let days = |acm: &mut Acm| {
        let answer = acm.call("GetAccountConfiguration", json!({})).unwrap();
        answer["ExpiryEvents"]["DaysBeforeExpiry"].clone()
    };
    let mut acm = kept();
    put(&mut acm, 30);
    put(as_other(&mut acm), 20);
    let arn = acm.import(&issued());

    let mut acm = kept();
    assert_eq!(days(&mut acm), 30);
    let request = json!({"CertificateArn": arn});
    acm.call("DescribeCertificate", request).unwrap_err();
    assert_eq!(days(as_other(&mut acm)), 20);
    acm.describe(&arn);
}

/// As the version wrote it that knew one account only.
#[test]
fn a_configuration_without_an_account_is_that_of_the_default_one() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("eu-central-1.account");
    let content = json!({"days_before_expiry": 30, "tokens": {"a": 1}}).to_string();
    std::fs::write(&old, content).unwrap();
    let days = |account: Account, key| {
        let mut acm = Acm::with(Options {
            account,
            data: Some(folder.path().to_owned()),
            ..Options::default()
        });
        acm.access_key = key;
        let answer = acm.call("GetAccountConfiguration", json!({})).unwrap();
        answer["ExpiryEvents"]["DaysBeforeExpiry"].clone()
    };
    assert_eq!(days(Account::default(), "test"), 30);
    assert_eq!(days(Account::default(), OTHER), 45);
    assert_eq!(days(OTHER.parse().unwrap(), "test"), 45, "no second owner");
    assert_eq!(days(OTHER.parse().unwrap(), DEFAULT), 30);
}

#[test]
fn two_clients_of_one_server_see_the_certificates_of_their_own_account() {
    let program = Program::start(&[]);
    let request = [
        "acm",
        "request-certificate",
        "--domain-name",
        "www.example.com",
    ];
    let list = [
        "acm",
        "list-certificates",
        "--certificate-statuses",
        "PENDING_VALIDATION",
    ];
    let endpoint = &program.endpoint;
    let arn_of = |text: &str| -> Value {
        let answer: Value = serde_json::from_str(text).unwrap();
        answer["CertificateArn"].clone()
    };
    let arns =
        ["test", OTHER].map(|key| arn_of(&run_as(key, "aws/bin/aws", &request, endpoint).unwrap()));
    for (key, arn) in ["test", OTHER].into_iter().zip(&arns) {
        let listed = run_as(key, "aws/bin/aws", &list, endpoint).unwrap();
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let listed = listed["CertificateSummaryList"].as_array().unwrap();
        assert_eq!(listed.len(), 1, "{key}");
        assert_eq!(listed[0]["CertificateArn"], *arn, "{key}");
    }

    // What ends a request or uses a certificate is told by the ARN alone.
    let end = json!({"arn": arns[1]});
    assert_eq!(post(endpoint, "/_certdrop/end-request", &end), json!({}));
    let uses = json!({"arn": arns[1], "in_use_by": ["arn:x"]});
    assert_eq!(post(endpoint, "/_certdrop/in-use", &uses), json!({}));

    let calls = |path: &str| -> Vec<(Value, Value, Value)> {
        let log = get(endpoint, path);
        let entries = log.as_array().unwrap().iter();
        let of = |entry: &Value, member: &str| entry[member].clone();
        entries
            .map(|e| (of(e, "account"), of(e, "region"), of(e, "operation")))
            .collect()
    };
    let both = |account: &str| {
        ["RequestCertificate", "ListCertificates"]
            .map(|operation| (json!(account), json!("eu-central-1"), json!(operation)))
    };
    assert_eq!(calls("/_certdrop/log"), both(DEFAULT));
    assert_eq!(calls("/_certdrop/log?account=222222222222"), both(OTHER));
    let wrong = get(endpoint, "/_certdrop/log?account=2");
    assert_eq!(wrong["__type"], "SerializationException");
}

#[test]
fn knobs_are_turned_for_one_account_alone() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let own = "/_certdrop/knobs?account=222222222222";
    assert_eq!(get(endpoint, own), json!({}));
    let given = json!({"rate": "aws", "quota": {"names": 100}});
    let turned = post(endpoint, own, &given);
    assert_eq!(turned["rate"]["ListCertificates"]["per_second"], 1.0);
    assert_eq!(get(endpoint, own), turned);
    let all = get(endpoint, "/_certdrop/knobs");
    assert_eq!(all["accounts"], json!({OTHER: turned}));
    assert_eq!(all["rate"], json!({}));
    for wrong in [
        json!({"now": null}),
        json!({"accounts": {}}),
        json!({"rates": {}}),
    ] {
        let answer = post(endpoint, own, &wrong);
        assert_eq!(answer["__type"], "SerializationException", "{wrong}");
    }

    let turned =
        json!({"accounts": {OTHER: {"rate": {"ListCertificates": {"per_second": 0.0001}}}}});
    post(endpoint, "/_certdrop/knobs", &turned);
    let list = |key: &str| {
        let arguments = ["acm", "list-certificates"];
        run_as(key, "aws/bin/aws", &arguments, endpoint)
    };
    for _ in 0..2 {
        list("test").unwrap();
    }
    list(OTHER).unwrap();
    let throttled = list(OTHER).unwrap_err();
    assert!(throttled.contains("(ThrottlingException)"), "{throttled}");
    let defaults = post(endpoint, "/_certdrop/knobs", &json!({}));
    assert_eq!(defaults["accounts"], json!({}));
}

#[test]
fn each_account_has_the_lag_and_the_requests_that_its_knobs_say() {
    let mut acm = Acm::new();
    acm.set(|knobs| {
        let own = json!({
            "lag_ms": {"SearchCertificates": 600_000},
            "quota": {"names": 1},
            "requests": {"end_after_ms": 0},
        });
        let own = serde_json::from_value(own).unwrap();
        knobs.accounts.insert(OTHER.parse().unwrap(), own);
    });
    for (key, found, status) in [("test", 1, "PENDING_VALIDATION"), (OTHER, 0, "ISSUED")] {
        acm.access_key = key;
        let arn = acm.request(json!({"DomainName": "www.example.com"}));
        let answer = acm.call("SearchCertificates", json!({})).unwrap();
        assert_eq!(answer["Results"].as_array().unwrap().len(), found, "{key}");
        assert_eq!(acm.describe(&arn)["Status"], status, "{key}");
    }
    let two = json!({"DomainName": "a.example.com", "SubjectAlternativeNames": ["b.example.com"]});
    let refusal = acm.call("RequestCertificate", two.clone()).unwrap_err();
    assert_eq!(refusal.code, "LimitExceededException");
    acm.access_key = "test";
    acm.request(two);
}

#[test]
fn an_account_has_twelve_digits() {
    for wrong in ["", "12345678901", "1234567890123", "12345678901x"] {
        wrong.parse::<Account>().unwrap_err();
        serde_json::from_value::<Account>(json!(wrong)).unwrap_err();
    }
}
