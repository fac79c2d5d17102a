//! The configuration of the account, and tags of what is no certificate.

use certdrop_acm::Options;
use serde_json::{Value, json};
use time::Duration;

use super::pki::{Authority, NOW, Order};
use super::server::Acm;

fn days(acm: &mut Acm) -> Value {
    let answer = acm.call("GetAccountConfiguration", json!({})).unwrap();
    answer["ExpiryEvents"]["DaysBeforeExpiry"].clone()
}

fn put(acm: &mut Acm, days: i64, token: &str) {
    let request = json!({"ExpiryEvents": {"DaysBeforeExpiry": days}, "IdempotencyToken": token});
    acm.call("PutAccountConfiguration", request).unwrap();
}

#[test]
fn the_days_before_expiry_are_put_once_for_each_token_within_an_hour() {
    let mut acm = Acm::new();
    assert_eq!(days(&mut acm), 45);
    put(&mut acm, 30, "a");
    put(&mut acm, 60, "a");
    assert_eq!(days(&mut acm), 30);
    put(&mut acm, 60, "b");
    assert_eq!(days(&mut acm), 60);
    acm.set(|knobs| knobs.now = Some(NOW + Duration::HOUR));
    put(&mut acm, 20, "a");
    assert_eq!(days(&mut acm), 20);
    acm.region = "us-east-1";
    assert_eq!(days(&mut acm), 45);
}

#[test]
fn the_configuration_is_there_after_a_restart_and_gone_after_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || {
        Acm::with(Options {
            data: Some(folder.path().to_owned()),
            ..Options::default()
        })
    };
    put(&mut kept(), 30, "a");
    let mut acm = kept();
    assert_eq!(days(&mut acm), 30);
    acm.service.reset().unwrap();
    assert_eq!(days(&mut acm), 45);
    assert_eq!(days(&mut kept()), 45);
}

#[test]
fn tags_of_certificates_have_their_own_operations() {
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue(&Order::default()));
    let endpoint = "arn:aws:acm:eu-central-1:123456789012:acme-endpoint/1";
    for (operation, more) in [
        ("TagResource", json!({"Tags": [{"Key": "a"}]})),
        ("UntagResource", json!({"TagKeys": ["a"]})),
        ("ListTagsForResource", json!({})),
    ] {
        for (arn, code) in [
            (arn.as_str(), "ValidationException"),
            (endpoint, "ResourceNotFoundException"),
        ] {
            let mut request = more.clone();
            request["ResourceArn"] = json!(arn);
            let refusal = acm.call(operation, request).unwrap_err();
            assert_eq!(refusal.code, code, "{operation} {arn}");
        }
    }
}
