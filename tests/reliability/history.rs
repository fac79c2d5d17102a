//! What was imported, as the log of the calls tells it, and what must never have been.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::certificate::Certificate;
use serde_json::Value;
use time::OffsetDateTime;

use certdrop_test_support::proxy::Call;

/// An import that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// Region and account, as in the ARN.
    pub(crate) place: String,
    pub(crate) arn: String,
    /// The bundle that a new certificate carries the name of; `None` where one was replaced.
    pub(crate) new_for: Option<String>,
    /// Colon-separated hexadecimal.
    pub(crate) serial: String,
    /// Begin of validity.
    pub(crate) begins: OffsetDateTime,
}

/// All imports among `calls` that took effect, whatever the function heard of them, in the order of
/// ACM's answers.
pub(crate) fn imports(calls: &[Call]) -> Vec<Import> {
    let mut taken: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "acm:ImportCertificate" && call.status == Some(200))
        .collect();
    taken.sort_by_key(|call| call.ended);
    taken.into_iter().map(import).collect()
}

fn import(call: &Call) -> Import {
    let answer: Value = serde_json::from_slice(&call.answer).expect("an answer");
    let request: Value = serde_json::from_slice(&call.request).expect("a request");
    let leaf = leaf(request["Certificate"].as_str().expect("a certificate"));
    let tags = request["Tags"].as_array();
    let name = tags
        .into_iter()
        .flatten()
        .find(|tag| tag["Key"] == "certdrop:bundle");
    let name = name.and_then(|tag| tag["Value"].as_str());
    let arn = answer["CertificateArn"].as_str().expect("an ARN");
    let fields: Vec<_> = arn.split(':').collect();
    Import {
        place: fields[3..5].join(":"),
        arn: arn.to_owned(),
        new_for: name.map(str::to_owned),
        serial: leaf.serial.to_string(),
        begins: leaf.not_before,
    }
}

/// The leaf that a request carries: PEM in Base64.
fn leaf(encoded: &str) -> Certificate {
    let pem = String::from_utf8(STANDARD.decode(encoded).expect("base64")).expect("PEM");
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    Certificate::from_der(&STANDARD.decode(body).expect("base64")).expect("a leaf")
}

/// How many new certificates were made for `bundle`, by region and account.
pub(crate) fn made_new(imports: &[Import], bundle: &str) -> BTreeMap<String, usize> {
    let mut made = BTreeMap::new();
    for import in imports {
        if import.new_for.as_deref() == Some(bundle) {
            *made.entry(import.place.clone()).or_default() += 1;
        }
    }
    made
}

/// Where a certificate was put in the place of one that began later: by ARN, the serial number. What was
/// `forced` may be.
pub(crate) fn rolled_back(imports: &[Import], forced: Option<&str>) -> Vec<(String, String)> {
    let mut newest: BTreeMap<&str, OffsetDateTime> = BTreeMap::new();
    let mut back = Vec::new();
    for import in imports {
        let before = newest.insert(&import.arn, import.begins);
        let is_back = before.is_some_and(|before| before > import.begins);
        if is_back && forced != Some(&import.serial) {
            back.push((import.arn.clone(), import.serial.clone()));
        }
    }
    back
}
