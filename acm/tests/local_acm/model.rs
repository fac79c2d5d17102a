//! Our reading of the service's model against the one that botocore carries.

use std::collections::{BTreeMap, BTreeSet};

use certdrop_acm::{DETAIL_MEMBERS, Presence, Shape, Shown, UNBOUNDED, request_of};
use serde_json::{Value, json};

use super::pki::{Authority, Order};
use super::server::{Acm, run};

const OPERATIONS: [(&str, &str); 12] = [
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
    ("resourcegroupstaggingapi", "GetResources"),
    ("resourcegroupstaggingapi", "TagResources"),
];

#[test]
fn every_member_of_every_request_is_handled_with_the_models_limits() {
    let mut differences = Vec::new();
    for (service, operation) in OPERATIONS
        .into_iter()
        .chain([("resourcegroupstaggingapi", "UntagResources")])
    {
        let model = model(service);
        let name = text(&model["operations"][operation]["input"]["shape"]);
        let ours = request_of(operation).expect(operation);
        let mut compared = Compared {
            model: &model,
            seen: BTreeSet::new(),
            differences: &mut differences,
        };
        compared.shape(ours, name, operation);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
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
    let request = json!({"DomainName": "www.example.com"});
    let requested = acm.call("RequestCertificate", request).unwrap();
    let requested = requested["CertificateArn"].as_str().unwrap().to_owned();
    for (arn, kinds) in [
        (imported, [Shown::Always, Shown::Named, Shown::Imported]),
        (requested, [Shown::Always, Shown::Named, Shown::Requested]),
    ] {
        let expected: Vec<&str> = DETAIL_MEMBERS
            .iter()
            .filter(|(_, shown)| kinds.contains(shown))
            .map(|(name, _)| *name)
            .collect();
        let detail = acm.describe(&arn);
        let shown: Vec<&String> = detail.as_object().unwrap().keys().collect();
        assert_eq!(shown, expected);
    }
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
    /// Names of shapes on the way, where the model is recursive.
    seen: BTreeSet<String>,
    differences: &'a mut Vec<String>,
}

impl Compared<'_> {
    fn shape(&mut self, ours: &'static Shape, name: &str, path: &str) {
        if !self.seen.insert(format!("{path} {name}")) || path.matches('.').count() > 12 {
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
