//! Every bundle of `tests/corpus` gets the verdict that its row of `manifest.json` expects.

use std::fs;
use std::path::{Path, PathBuf};

use certdrop::bundle::{Part, read};
use certdrop::secret::{Passphrase, SecretBytes};
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

#[derive(Deserialize)]
struct Manifest {
    rows: Vec<Row>,
}

/// One bundle, a file or a folder.
#[derive(Deserialize)]
struct Row {
    path: String,
    now: String,
    verdict: String,
    passphrase: Option<String>,
    #[serde(default)]
    any_of_codes: Vec<String>,
    #[serde(default)]
    leaf_sha256: String,
    /// In the order to be sent, without the root. Empty where several chains are right.
    #[serde(default)]
    chain_sha256: Vec<String>,
}

#[test]
fn every_bundle_gets_the_verdict_of_its_row() {
    let text =
        fs::read_to_string(corpus().join("manifest.json")).expect("the manifest is readable");
    let manifest: Manifest = serde_json::from_str(&text).expect("the manifest is JSON");
    assert!(manifest.rows.len() > 90, "the corpus has shrunk");
    let wrong: Vec<_> = manifest
        .rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.path, disagreement(row)?)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        manifest.rows.len(),
        wrong.join("\n")
    );
}

/// `None` where the verdict is the expected one.
fn disagreement(row: &Row) -> Option<String> {
    let now = OffsetDateTime::parse(&row.now, &Rfc3339).expect("a row's now is a date");
    let policy = Policy {
        now,
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    let passphrases: Vec<_> = row
        .passphrase
        .iter()
        .cloned()
        .map(Passphrase::new)
        .collect();
    let bundle = read(&parts(&corpus().join(&row.path)), &passphrases);
    match (validate(bundle, &policy), row.verdict.as_str()) {
        (Verdict::Accepted(valid, _), "accepted") => {
            let leaf = valid.leaf().sha256();
            let chain: Vec<_> = valid
                .served()
                .intermediates
                .iter()
                .map(certdrop::certificate::Certificate::sha256)
                .collect();
            let wrong = leaf != row.leaf_sha256
                || (!row.chain_sha256.is_empty() && chain != row.chain_sha256);
            wrong.then(|| format!("leaf {leaf}, chain {chain:?}"))
        }
        (Verdict::Rejected(rejected), "rejected") => {
            let codes: Vec<_> = rejected
                .findings
                .iter()
                .filter(|finding| finding.is_error())
                .map(|finding| finding.code.to_string())
                .collect();
            let expected = codes.iter().any(|code| row.any_of_codes.contains(code));
            (!expected).then(|| format!("{codes:?}, not one of {:?}", row.any_of_codes))
        }
        (Verdict::Accepted(..), _) => Some("accepted".into()),
        (Verdict::Rejected(rejected), _) => Some(format!("rejected: {:#?}", rejected.findings)),
    }
}

fn parts(path: &Path) -> Vec<Part> {
    let mut files = if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder of the corpus is readable");
        entries
            .map(|entry| entry.expect("an entry is readable").path())
            .collect()
    } else {
        vec![path.to_owned()]
    };
    files.sort();
    let part = |file: PathBuf| Part {
        name: file
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        bytes: SecretBytes::new(fs::read(&file).expect("a file of the corpus is readable")),
    };
    files.into_iter().map(part).collect()
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}
