//! Tags, by ACM and by the tagging API.

use serde_json::{Value, json};

use super::pki::{Authority, Order};
use super::server::{Acm, import_request};

fn acm_with_certificate() -> (Acm, String) {
    let mut acm = Acm::new();
    let arn = acm.import(&Authority::new().issue(&Order::default()));
    (acm, arn)
}

fn tags_of(acm: &mut Acm, arn: &str) -> Value {
    let request = json!({"CertificateArn": arn});
    acm.call("ListTagsForCertificate", request).unwrap()["Tags"].clone()
}

fn numbered(count: usize) -> Value {
    (0..count)
        .map(|n| json!({"Key": format!("key{n:02}"), "Value": "v"}))
        .collect()
}

#[test]
fn tags_are_added_overwritten_and_removed() {
    let (mut acm, arn) = acm_with_certificate();
    let mut change = |operation: &str, tags: Value| {
        let request = json!({"CertificateArn": arn, "Tags": tags});
        acm.call(operation, request).unwrap();
        tags_of(&mut acm, &arn)
    };
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let added = change("AddTagsToCertificate", json!([tag("b", "1"), {"Key": "a"}]));
    assert_eq!(added, json!([tag("a", ""), tag("b", "1")]));
    let changed = change("AddTagsToCertificate", json!([tag("b", "2")]));
    assert_eq!(changed, json!([tag("a", ""), tag("b", "2")]));
    let another_value = change("RemoveTagsFromCertificate", json!([tag("b", "1")]));
    assert_eq!(another_value, changed, "a tag with another value stays");
    let same_value = change(
        "RemoveTagsFromCertificate",
        json!([tag("b", "2"), {"Key": "x"}]),
    );
    assert_eq!(same_value, json!([tag("a", "")]));
    assert_eq!(
        change("RemoveTagsFromCertificate", json!([{"Key": "a"}])),
        json!([])
    );
}

#[test]
fn tags_that_aws_refuses_are_refused_by_both_calls() {
    let issued = Authority::new().issue(&Order::default());
    let long = |length| "x".repeat(length);
    let rows = [
        (json!([]), "ValidationException"),
        (numbered(51), "ValidationException"),
        (json!([{"Key": ""}]), "ValidationException"),
        (json!([{"Value": "v"}]), "ValidationException"),
        (json!([{"Key": long(129)}]), "ValidationException"),
        (
            json!([{"Key": "k", "Value": long(257)}]),
            "ValidationException",
        ),
        (json!([{"Key": "semi;colon"}]), "ValidationException"),
        (
            json!([{"Key": "k", "Value": "new\nline"}]),
            "ValidationException",
        ),
        (json!([{"Key": "aws:k"}]), "InvalidTagException"),
        (
            json!([{"Key": "k", "Value": "aws:v"}]),
            "InvalidTagException",
        ),
        (json!([{"Key": "k"}, {"Key": "k"}]), "InvalidTagException"),
    ];
    for (tags, code) in rows {
        let (mut acm, arn) = acm_with_certificate();
        let request = json!({"CertificateArn": arn, "Tags": tags});
        let refusal = acm
            .call("AddTagsToCertificate", request)
            .expect_err(&tags.to_string());
        assert_eq!(refusal.code, code, "{tags}: {refusal:?}");
        let mut request = import_request(&issued);
        request["Tags"] = tags.clone();
        let refusal = acm
            .call("ImportCertificate", request)
            .expect_err(&tags.to_string());
        assert_eq!(refusal.code, code, "{tags}: {refusal:?}");
    }
}

#[test]
fn fifty_tags_fit_and_one_more_is_too_many() {
    let (mut acm, arn) = acm_with_certificate();
    let add = |tags: Value| json!({"CertificateArn": arn, "Tags": tags});
    acm.call("AddTagsToCertificate", add(numbered(50))).unwrap();
    acm.call(
        "AddTagsToCertificate",
        add(json!([{"Key": "key00", "Value": "other"}])),
    )
    .unwrap();
    let more = add(json!([{"Key": "one more: grüße_1/2=3+4-5@6.7", "Value": ""}]));
    let refusal = acm.call("AddTagsToCertificate", more).unwrap_err();
    assert_eq!(refusal.code, "TooManyTagsException");
}

#[test]
fn the_tagging_api_finds_by_all_keys_and_any_value() {
    let authority = Authority::new();
    let mut acm = Acm::new();
    let mut import = |tags: Value| {
        let mut request = import_request(&authority.issue(&Order::default()));
        request["Tags"] = tags;
        let answer = acm.call("ImportCertificate", request).unwrap();
        answer["CertificateArn"].as_str().unwrap().to_owned()
    };
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let a = import(json!([tag("bundle", "a"), tag("managed", "true")]));
    let b = import(json!([tag("bundle", "b")]));
    acm.import(&authority.issue(&Order::default()));
    let filter = |key: &str, values: &[&str]| json!({"Key": key, "Values": values});
    for (request, expected) in [
        (json!({}), vec![&a, &b]),
        (json!({"TagFilters": [filter("bundle", &["a"])]}), vec![&a]),
        (
            json!({"TagFilters": [filter("bundle", &["b", "a"])]}),
            vec![&a, &b],
        ),
        (json!({"TagFilters": [filter("bundle", &[])]}), vec![&a, &b]),
        (
            json!({"TagFilters": [filter("bundle", &[]), filter("managed", &["true"])]}),
            vec![&a],
        ),
        (json!({"TagFilters": [filter("bundle", &["c"])]}), vec![]),
        (
            json!({"ResourceTypeFilters": ["acm:certificate"]}),
            vec![&a, &b],
        ),
        (json!({"ResourceTypeFilters": ["acm"]}), vec![&a, &b]),
        (json!({"ResourceTypeFilters": ["s3:bucket"]}), vec![]),
        (json!({"ResourceARNList": [b]}), vec![&b]),
    ] {
        let answer = acm.call("GetResources", request.clone()).unwrap();
        let found: Vec<&Value> = answer["ResourceTagMappingList"]
            .as_array()
            .unwrap()
            .iter()
            .map(|resource| &resource["ResourceARN"])
            .collect();
        assert_eq!(found, expected, "{request}");
        assert_eq!(answer["PaginationToken"], "", "{request}");
    }
    let tagged = acm
        .call("GetResources", json!({"ResourceARNList": [b]}))
        .unwrap();
    assert_eq!(
        tagged["ResourceTagMappingList"][0]["Tags"],
        json!([tag("bundle", "b")])
    );
}

#[test]
fn the_tagging_api_tags_what_it_can_and_names_the_rest() {
    let (mut acm, arn) = acm_with_certificate();
    let gone = format!("{arn}0");
    let request = json!({"ResourceARNList": [arn, gone], "Tags": {"a": "b"}});
    let answer = acm.call("TagResources", request).unwrap();
    let failed: Vec<&String> = answer["FailedResourcesMap"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(failed, [&gone]);
    assert_eq!(tags_of(&mut acm, &arn), json!([{"Key": "a", "Value": "b"}]));
    let request = json!({"ResourceARNList": [arn], "TagKeys": ["a"]});
    acm.call("UntagResources", request).unwrap();
    assert_eq!(tags_of(&mut acm, &arn), json!([]));
}
