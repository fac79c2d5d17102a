//! The knobs, over HTTP and in process.

use std::time::{Duration, Instant};

use certdrop_acm::Rate;
use serde_json::{Value, json};

use super::life::drop_files;
use super::pki::{Authority, Order};
use super::server::{Acm, Program, get, post, run};

#[test]
fn a_rate_lets_its_burst_through_and_then_throttles() {
    let mut acm = Acm::new();
    acm.set(|knobs| {
        let rate = Rate {
            per_second: 0.001,
            burst: Some(3.0),
        };
        knobs.rate.insert("ListCertificates".to_owned(), rate);
    });
    let outcomes: Vec<_> = (0..5)
        .map(|_| {
            acm.call("ListCertificates", json!({}))
                .map_err(|refusal| refusal.code)
        })
        .map(Result::err)
        .collect();
    let throttled = Some("ThrottlingException");
    assert_eq!(outcomes, [None, None, None, throttled, throttled]);
    acm.call("SearchCertificates", json!({}))
        .expect("another operation has its own rate");
}

#[test]
fn a_rate_fills_up_again() {
    let mut acm = Acm::new();
    acm.set(|knobs| {
        let rate = Rate {
            per_second: 50.0,
            burst: Some(1.0),
        };
        knobs.rate.insert("*".to_owned(), rate);
    });
    acm.call("ListCertificates", json!({})).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while acm.call("ListCertificates", json!({})).is_err() {
        assert!(Instant::now() < deadline, "never filled");
    }
}

#[test]
fn searches_and_tags_are_as_late_as_told_and_the_rest_is_not() {
    let mut acm = Acm::new();
    acm.set(|knobs| {
        for operation in ["GetResources", "SearchCertificates"] {
            knobs.lag_ms.insert(operation.to_owned(), 600_000);
        }
    });
    let arn = acm.import(&Authority::new().issue(&Order::default()));
    let tags = json!({"CertificateArn": arn, "Tags": [{"Key": "a"}]});
    acm.call("AddTagsToCertificate", tags).unwrap();
    let sees = |acm: &mut Acm| {
        let search = acm.call("SearchCertificates", json!({})).unwrap()["Results"].clone();
        let tagged = acm.call("GetResources", json!({})).unwrap();
        let tagged = tagged["ResourceTagMappingList"].clone();
        [search, tagged].map(|list| list.as_array().unwrap().len())
    };
    assert_eq!(sees(&mut acm), [0, 0]);
    acm.describe(&arn);

    acm.set(|knobs| knobs.lag_ms.clear());
    assert_eq!(sees(&mut acm), [1, 1]);

    acm.set(|knobs| {
        knobs.lag_ms.insert("SearchCertificates".to_owned(), 30);
    });
    acm.call("DeleteCertificate", json!({"CertificateArn": arn}))
        .unwrap();
    assert_eq!(sees(&mut acm)[1], 0, "tags have no lag now");
    let deadline = Instant::now() + Duration::from_secs(10);
    while sees(&mut acm)[0] == 1 {
        assert!(
            Instant::now() < deadline,
            "a deleted certificate is found for ever"
        );
    }
}

#[test]
fn knobs_are_turned_shown_and_reset_over_http() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let defaults = get(endpoint, "/_certdrop/knobs");
    assert_eq!(defaults["now"], "2026-12-01T00:00:00Z");
    let list = ["acm", "list-certificates"];
    run("aws/bin/aws", &list, endpoint).unwrap();

    let turned = json!({
        "rate": {"ListCertificates": {"per_second": 0.0001}},
        "delay_ms": {"*": 1},
        "quota": {"certificates": 1},
        "now": "2026-12-02T00:00:00Z",
    });
    let answer = post(endpoint, "/_certdrop/knobs", &turned);
    assert_eq!(answer, get(endpoint, "/_certdrop/knobs"));
    assert_eq!(
        answer["quota"],
        json!({"certificates": 1, "imports_per_year": 5_000, "names": 10})
    );
    run("aws/bin/aws", &list, endpoint).unwrap();
    let throttled = run("aws/bin/aws", &list, endpoint).unwrap_err();
    assert!(throttled.contains("(ThrottlingException)"), "{throttled}");

    let wrong = post(endpoint, "/_certdrop/knobs", &json!({"rates": {}}));
    assert_eq!(wrong["__type"], "SerializationException");
    let aws = post(endpoint, "/_certdrop/knobs", &json!({"rate": "aws"}));
    assert_eq!(aws["rate"]["ImportCertificate"]["per_second"], 1.0);

    let log = get(endpoint, "/_certdrop/log");
    let outcomes: Vec<&Value> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["outcome"])
        .collect();
    assert_eq!(outcomes, ["ok", "ok", "ThrottlingException"]);
    post(endpoint, "/_certdrop/reset", &json!({}));
    assert_eq!(get(endpoint, "/_certdrop/log"), json!([]));
    assert_eq!(get(endpoint, "/_certdrop/knobs"), defaults);
}

#[test]
fn uses_are_set_over_http() {
    let program = Program::start(&[]);
    let folder = drop_files();
    let file = |part: &str| format!("fileb://{}/first-{part}.pem", folder.path().display());
    let (certificate, key, chain) = (file("certificate"), file("key"), file("chain"));
    let mut arguments = vec!["acm", "import-certificate", "--certificate", &certificate];
    arguments.extend(["--private-key", &key, "--certificate-chain", &chain]);
    let answer: Value =
        serde_json::from_str(&run("aws/bin/aws", &arguments, &program.endpoint).unwrap()).unwrap();
    let arn = answer["CertificateArn"].as_str().unwrap();
    let user =
        json!({"arn": arn, "in_use_by": ["arn:aws:cloudfront::123456789012:distribution/E1"]});
    assert_eq!(
        post(&program.endpoint, "/_certdrop/in-use", &user),
        json!({})
    );
    let arguments = ["acm", "delete-certificate", "--certificate-arn", arn];
    let refused = run("aws/bin/aws", &arguments, &program.endpoint).unwrap_err();
    assert!(refused.contains("(ResourceInUseException)"), "{refused}");
}
