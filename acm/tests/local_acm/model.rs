//! Our reading of the service's model against the one that botocore carries.

use std::collections::{BTreeMap, BTreeSet};

use certdrop_acm::{
    ASSUME_ROLE, DETAIL_MEMBERS, End, Presence, Shape, Shown, UNBOUNDED, request_of,
};
use serde_json::{Value, json};

use super::pki::{Authority, Order};
use super::server::{Acm, run};

const OPERATIONS: [(&str, &str); 24] = [
    ("acm", "ImportCertificate"),
    ("acm", "DescribeCertificate"),
    ("acm", "GetCertificate"),
    ("acm", "ListCertificates"),
    ("acm", "SearchCertificates"),
    ("acm", "DeleteCertificate"),
    ("acm", "AddTagsToCertificate"),
    ("acm", "RemoveTagsFromCertificate"),
    ("acm", "ListTagsForCertificate"),
    ("acm", "RequestCertificate"),
    ("acm", "ListCertificateDomainValidations"),
    ("acm", "ResendValidationEmail"),
    ("acm", "UpdateCertificateOptions"),
    ("acm", "ExportCertificate"),
    ("acm", "RenewCertificate"),
    ("acm", "RevokeCertificate"),
    ("acm", "GetAccountConfiguration"),
    ("acm", "PutAccountConfiguration"),
    ("acm", "TagResource"),
    ("acm", "UntagResource"),
    ("acm", "ListTagsForResource"),
    ("resourcegroupstaggingapi", "GetResources"),
    ("resourcegroupstaggingapi", "TagResources"),
    ("resourcegroupstaggingapi", "UntagResources"),
];

#[test]
fn every_operation_of_acm_is_answered_but_those_of_acme() {
    let model = model("acm");
    let operations = model["operations"].as_object().unwrap();
    for operation in operations.keys() {
        let is_answered = request_of(operation).is_some();
        assert_eq!(is_answered, !operation.contains("Acme"), "{operation}");
    }
}

#[test]
fn every_member_of_every_request_is_handled_with_the_models_limits() {
    let mut differences = Vec::new();
    let services = ["acm", "resourcegroupstaggingapi"];
    let models: BTreeMap<_, _> = services.map(|service| (service, model(service))).into();
    for (service, operation) in OPERATIONS {
        let model = &models[service];
        let Some(name) = model["operations"][operation]["input"]["shape"].as_str() else {
            assert_eq!(
                operation, "GetAccountConfiguration",
                "it alone has no input"
            );
            continue;
        };
        let ours = request_of(operation).expect(operation);
        let mut compared = Compared {
            model,
            seen: BTreeSet::new(),
            differences: &mut differences,
        };
        compared.shape(ours, name, operation);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_members_of_assume_role_that_are_looked_at_have_the_models_limits() {
    let model = model("sts");
    let mut differences = Vec::new();
    let mut compared = Compared {
        model: &model,
        seen: BTreeSet::new(),
        differences: &mut differences,
    };
    compared.shape(&ASSUME_ROLE, "AssumeRoleRequest", "AssumeRole");
    let [only] = &*differences else {
        panic!("{}", differences.join("\n"));
    };
    let looked_at = r#"members is ["DurationSeconds","ExternalId","RoleArn","RoleSessionName"]"#;
    assert!(only.contains(looked_at), "{only}");
}

#[test]
fn every_member_of_certificate_detail_is_handled() {
    let model = model("acm");
    let members = model["shapes"]["CertificateDetail"]["members"]
        .as_object()
        .unwrap();
    let theirs: BTreeSet<&str> = members.keys().map(String::as_str).collect();
    let ours: BTreeSet<&str> = DETAIL_MEMBERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn certificate_detail_shows_the_members_that_it_says_it_shows() {
    let mut acm = Acm::new();
    let imported = acm.import(&Authority::new().issue(&Order::default()));
    let pending = acm.request(json!({"DomainName": "www.example.com"}));
    let issued = acm.request(json!({"DomainName": "www.example.com"}));
    acm.service.end_request_now(&issued, End::Issued).unwrap();
    for (arn, kinds, sometimes) in [
        (imported, vec![Shown::Imported, Shown::Certified], vec![]),
        (pending, vec![Shown::Requested], vec![]),
        (
            issued,
            vec![Shown::Requested, Shown::Certified],
            vec!["IssuedAt"],
        ),
    ] {
        let expected: Vec<&str> = DETAIL_MEMBERS
            .iter()
            .filter(|(name, shown)| {
                [Shown::Always, Shown::Named].contains(shown)
                    || kinds.contains(shown)
                    || sometimes.contains(name)
            })
            .map(|(name, _)| *name)
            .collect();
        let detail = acm.describe(&arn);
        let shown: Vec<&String> = detail.as_object().unwrap().keys().collect();
        assert_eq!(shown, expected);
    }
}

#[test]
fn requests_fail_for_every_reason_of_the_model_and_no_other() {
    let model = model("acm");
    for reason in model["shapes"]["FailureReason"]["enum"].as_array().unwrap() {
        let end: End = serde_json::from_value(json!({"FAILED": reason})).unwrap();
        assert_ne!(end, End::Issued);
    }
    serde_json::from_value::<End>(json!({"FAILED": "BAD_LUCK"})).unwrap_err();
}

/// `service-2.json` of the installed botocore.
fn model(service: &str) -> Value {
    let script = format!(
        "import json, botocore.loaders as l; \
         print(json.dumps(l.Loader().load_service_model('{service}', 'service-2')))"
    );
    let output = run("aws/bin/python", &["-c", &script], "http://127.0.0.1:9").unwrap();
    serde_json::from_str(&output).unwrap()
}

/// Walks a shape of ours and one of the model side by side.
struct Compared<'a> {
    model: &'a Value,
    /// What has been compared, so that recursion ends.
    seen: BTreeSet<String>,
    differences: &'a mut Vec<String>,
}

impl Compared<'_> {
    fn shape(&mut self, ours: &'static Shape, name: &str, path: &str) {
        if !self.seen.insert(format!("{name} {ours:p}")) {
            return;
        }
        let theirs = &self.model["shapes"][name];
        let limit = |member: &str| theirs[member].as_u64().map(|n| usize::try_from(n).unwrap());
        let bounds = (limit("min").unwrap_or(0), limit("max").unwrap_or(UNBOUNDED));
        let mut expect = |what: &str, ours: Value, theirs: Value| {
            if ours != theirs {
                self.differences
                    .push(format!("{path} ({name}): {what} is {ours}, model {theirs}"));
            }
        };
        let enumeration = theirs.get("enum").cloned().unwrap_or(Value::Null);
        let kind = if enumeration.is_array() {
            "enum"
        } else {
            text(&theirs["type"])
        };
        expect("kind", json!(kind_of(ours)), json!(kind));
        match ours {
            Shape::Text { min, max, pattern } => {
                expect("length", json!((min, max)), json!(bounds));
                expect(
                    "pattern",
                    json!(pattern.map(|p| p.text)),
                    theirs["pattern"].clone(),
                );
            }
            Shape::Blob { min, max } => expect("length", json!((min, max)), json!(bounds)),
            Shape::Integer { min, max } => {
                let bound = |member: &str, none: i64| theirs[member].as_i64().unwrap_or(none);
                let bounds = (bound("min", i64::MIN), bound("max", i64::MAX));
                expect("range", json!((min, max)), json!(bounds));
            }
            Shape::OneOf(words) => expect("words", json!(words), enumeration),
            Shape::Boolean | Shape::Timestamp => {}
            Shape::List { of, min, max } => {
                expect("length", json!((min, max)), json!(bounds));
                let element = text(&theirs["member"]["shape"]).to_owned();
                self.shape(of, &element, &format!("{path}[]"));
            }
            Shape::Map {
                keys,
                values,
                min,
                max,
            } => {
                expect("length", json!((min, max)), json!(bounds));
                let (key, value) = (
                    text(&theirs["key"]["shape"]),
                    text(&theirs["value"]["shape"]),
                );
                let (key, value) = (key.to_owned(), value.to_owned());
                self.shape(keys, &key, &format!("{path}{{key}}"));
                self.shape(values, &value, &format!("{path}{{value}}"));
            }
            Shape::Structure(members) | Shape::Union(members) => {
                let union = matches!(ours, Shape::Union(_));
                expect("union", json!(union), json!(theirs["union"] == true));
                let required: BTreeSet<&str> = theirs["required"]
                    .as_array()
                    .map(|names| names.iter().map(text).collect())
                    .unwrap_or_default();
                let theirs: BTreeMap<&str, &str> = theirs["members"]
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, member)| (name.as_str(), text(&member["shape"])))
                    .collect();
                let ours: BTreeSet<&str> = members.iter().map(|member| member.name).collect();
                expect(
                    "members",
                    json!(ours),
                    json!(theirs.keys().collect::<BTreeSet<_>>()),
                );
                for member in *members {
                    let is_required = member.presence == Presence::Required;
                    let name = member.name;
                    let expected = required.contains(name);
                    if is_required != expected {
                        self.differences
                            .push(format!("{path}.{name}: required is {is_required}"));
                    }
                    let shape = theirs.get(name).map_or("", |shape| shape).to_owned();
                    self.shape(member.shape, &shape, &format!("{path}.{name}"));
                }
            }
        }
    }
}

fn kind_of(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text { .. } => "string",
        Shape::Blob { .. } => "blob",
        Shape::Integer { .. } => "integer",
        Shape::Boolean => "boolean",
        Shape::Timestamp => "timestamp",
        Shape::OneOf(_) => "enum",
        Shape::List { .. } => "list",
        Shape::Map { .. } => "map",
        Shape::Structure(_) | Shape::Union(_) => "structure",
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
