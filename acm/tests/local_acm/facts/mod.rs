//! The real ACM, fact by fact: what was recorded on it, what tests that run on it assert, what it was
//! quoted with, and what its documents say. Each fact is a row with its source.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::OnceLock;

use certdrop_acm::Refusal;
use serde_json::{Value, json};

use super::pki::{Authority, Issued, Key, Order, rsa};
use super::server::{Acm, import_request};

mod described;
mod imported;
mod listed;
mod operations;
mod reimported;
mod requested;

/// How a fact is known.
#[derive(Clone, Copy, Debug)]
pub enum Grade {
    /// Recorded on AWS.
    Recorded,
    /// Asserted by a public test that runs on AWS.
    Asserted,
    /// An answer of AWS that somebody has quoted.
    Quoted,
    /// In AWS's documents or its service model.
    Documented,
}

/// One fact.
pub struct Fact {
    id: &'static str,
    grade: Grade,
    claim: &'static str,
    source: &'static str,
    holds: fn() -> Held,
}

/// `Err` says what is there instead.
pub type Held = Result<(), String>;

pub const fn fact(
    id: &'static str,
    grade: Grade,
    claim: &'static str,
    source: &'static str,
    holds: fn() -> Held,
) -> Fact {
    Fact {
        id,
        grade,
        claim,
        source,
        holds,
    }
}

const ALL: [&[Fact]; 6] = [
    described::FACTS,
    imported::FACTS,
    listed::FACTS,
    operations::FACTS,
    reimported::FACTS,
    requested::FACTS,
];

#[test]
fn there_are_104_facts_each_once() {
    let ids: Vec<&str> = ALL.into_iter().flatten().map(|fact| fact.id).collect();
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!((ids.len(), once.len()), (104, 104));
}

/// All facts of a table hold; those that do not are named with their sources.
fn hold(facts: &[Fact]) {
    let broken: Vec<String> = facts
        .iter()
        .filter_map(|fact| {
            let instead = (fact.holds)().err()?;
            let Fact {
                id,
                grade,
                claim,
                source,
                ..
            } = fact;
            Some(format!(
                "{id}: {claim} ({grade:?}: {source}), but {instead}"
            ))
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

const LOCALSTACK_IMPORT: &str =
    "localstack tests/aws/services/acm/test_acm.snapshot.json, test_import_certificate, 2025-10-14";
const TERRAFORM: &str = "terraform-provider-aws internal/service/acm/certificate_test.go";
const ANSIBLE: &str =
    "ansible-collections/community.aws integration test acm_certificate, full_acm_test.yml";
const GUIDE_IMPORT: &str = "ACM User Guide, prerequisites for importing; API_ImportCertificate";

#[allow(
    clippy::needless_pass_by_value,
    reason = "what is compared is made for it"
)]
fn is<T: PartialEq + Debug>(actual: T, expected: T) -> Held {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("it is {actual:?} where {expected:?} belongs"))
    }
}

fn shows(answer: &Value, member: &str, expected: Value) -> Held {
    is(answer[member].clone(), expected)
}

fn taken<T>(answer: Result<T, Refusal>) -> Held {
    answer.map(|_| ()).map_err(|refusal| format!("{refusal:?}"))
}

/// It is refused with `code`, in a sentence that has all of `parts`.
fn refused<T: Debug>(answer: Result<T, Refusal>, code: &str, parts: &[&str]) -> Held {
    match answer {
        Ok(answer) => Err(format!("it is taken: {answer:?}")),
        Err(refusal)
            if refusal.code == code && parts.iter().all(|part| refusal.message.contains(part)) =>
        {
            Ok(())
        }
        Err(refusal) => Err(format!("{refusal:?} where {code} {parts:?} belongs")),
    }
}

/// An answer has these members and no other, those aside that are newer than the recordings.
fn has_members(answer: &Value, expected: &[&str]) -> Held {
    let members = answer.as_object().ok_or("it is no structure")?;
    let members = members.keys().map(String::as_str);
    let shown: BTreeSet<&str> = members
        .filter(|m| *m != "CertificateKeyPairOrigin")
        .collect();
    is(shown, expected.iter().copied().collect())
}

fn sorted(list: &Value) -> Vec<Value> {
    let mut list = list.as_array().cloned().unwrap_or_default();
    list.sort_by_key(Value::to_string);
    list
}

/// One key for all that need just some key.
fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| rsa(2048))
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(Authority::new)
}

/// A good certificate for `order` with its chain.
fn issue(order: &Order) -> Issued {
    authority().issue_for(key(), order)
}

fn import(issued: &Issued) -> Result<Value, Refusal> {
    Acm::new().call("ImportCertificate", import_request(issued))
}

/// A service with one certificate, and its ARN.
fn with(issued: &Issued) -> (Acm, String) {
    let mut acm = Acm::new();
    let arn = acm.import(issued);
    (acm, arn)
}

fn described(issued: &Issued) -> Value {
    let (mut acm, arn) = with(issued);
    acm.describe(&arn)
}

fn on(arn: &str) -> Value {
    json!({"CertificateArn": arn})
}

/// The certificate of LocalStack's recordings.
fn localstack() -> Order {
    Order {
        attributes: vec![
            ("C", "AU"),
            ("ST", "Some-State"),
            ("L", "Some-Locality"),
            ("O", "LocalStack Org"),
            ("OU", "Testing"),
        ],
        common_name: Some("localhost"),
        names: vec![
            "localhost",
            "test.localhost.atlassian.io",
            "localhost.localstack.cloud",
            "localhost.localstack.cloudIP:127.0.0.1",
        ],
        key_usages: Some(vec![
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
        ]),
        extended_key_usages: Some(vec!["serverAuth"]),
        serial: Some(0x03e9),
        ..Order::default()
    }
}
