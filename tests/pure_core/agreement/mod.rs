//! Does certdrop say of a chain what clients say of it? Chains of the kinds in which clients differ, judged by OpenSSL,
//! rustls and Go, and by certdrop.
//!
//! docs/agreement.md has the counts. After a change of a rule or a case,
//! `UPDATE_DOCS=1 cargo test --test pure_core agreement` writes them anew; after a change of a case
//! `tests/agreement/record.sh` has Go judge it first. `tests/agreement/draw.sh SEED COUNT` judges chains that are drawn at
//! random, with Go.

mod cases;
mod clients;
mod der;
mod document;
mod drawn;
mod writer;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::bundle::{Part, read};
use certdrop::finding::{Finding, Judge};
use certdrop::secret::SecretBytes;
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use time::Duration;

use cases::Case;
use clients::{ForGo, Opinion, Recorded, Signed};
use document::EXCEPTIONS;
use writer::{NOW, Order};

/// What certdrop does with a bundle, as far as clients are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// It is imported, and nothing is said about clients.
    Silent,
    /// It is imported, with a warning about clients.
    Warned,
    /// It is rejected.
    Rejected,
}

/// A case with all that is said of it.
struct Judged {
    kind: &'static str,
    name: &'static str,
    openssl: Opinion,
    strict: Opinion,
    rustls: Opinion,
    go: Opinion,
    certdrop: Weight,
    codes: Vec<String>,
}

impl Judged {
    /// Refused by each client, those apart that go by the letter.
    fn is_refused_by_all(&self) -> bool {
        [&self.openssl, &self.rustls, &self.go]
            .iter()
            .all(|opinion| opinion.is_err())
    }

    fn is_refused(&self) -> bool {
        let all = [&self.openssl, &self.strict, &self.rustls, &self.go];
        all.iter().any(|opinion| opinion.is_err())
    }

    /// What certdrop ought to do.
    fn expected(&self) -> Weight {
        if self.is_refused_by_all() {
            Weight::Rejected
        } else if self.is_refused() {
            Weight::Warned
        } else {
            Weight::Silent
        }
    }
}

static JUDGED: LazyLock<Vec<Judged>> = LazyLock::new(|| {
    let recorded = recorded();
    cases::all()
        .iter()
        .map(|case| judge(case, &recorded))
        .collect()
});

#[test]
fn certdrop_says_what_clients_say_but_for_the_exceptions() {
    let exceptions: BTreeMap<_, _> = EXCEPTIONS.into_iter().collect();
    assert_eq!(
        exceptions.len(),
        EXCEPTIONS.len(),
        "an exception stands there twice"
    );
    let mut wrong = Vec::new();
    for judged in &*JUDGED {
        let name = full_name(judged.kind, judged.name);
        let agrees = judged.certdrop == judged.expected();
        if agrees == exceptions.contains_key(name.as_str()) {
            wrong.push(format!(
                "{name}: expected {:?}, is {:?} {:?}\n    openssl {:?}\n    strict  {:?}\n    rustls  {:?}\n    go      {:?}",
                judged.expected(),
                judged.certdrop,
                judged.codes,
                judged.openssl,
                judged.strict,
                judged.rustls,
                judged.go
            ));
        }
    }
    let known = |name: &str| {
        JUDGED
            .iter()
            .any(|one| full_name(one.kind, one.name) == name)
    };
    wrong.extend(
        exceptions
            .keys()
            .filter(|name| !known(name))
            .map(|name| format!("{name}: no such case")),
    );
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        JUDGED.len(),
        wrong.join("\n")
    );
}

#[test]
fn no_chain_that_a_client_refuses_is_accepted_without_a_word() {
    let silent = |judged: &&Judged| judged.is_refused() && judged.certdrop == Weight::Silent;
    let silent: Vec<_> = JUDGED
        .iter()
        .filter(silent)
        .map(|one| full_name(one.kind, one.name))
        .collect();
    assert_eq!(silent, document::ACCEPTED_WITHOUT_A_WORD);
}

#[test]
fn what_clients_refuse_can_be_imported_and_what_acm_refuses_cannot() {
    for case in cases::all() {
        let bundle = bundle(&case);
        let (rejecting, importing) = (
            verdict(&bundle, OnRefusedByClients::Reject),
            verdict(&bundle, OnRefusedByClients::Import),
        );
        let name = full_name(case.kind, case.name);
        let errors = |findings: &[Finding]| {
            let errors = findings.iter().filter(|finding| finding.is_error());
            errors.map(|finding| finding.judge).collect::<Vec<_>>()
        };
        let before = errors(&rejecting);
        let by_clients = !before.is_empty() && before.iter().all(|judge| *judge == Judge::Clients);
        let is_told = importing
            .iter()
            .any(|finding| finding.code == "accepted-against-clients");
        assert_eq!(is_told, by_clients, "{name}");
        let left = if by_clients { Vec::new() } else { before };
        assert_eq!(errors(&importing), left, "{name}");
        let codes = |findings: &[Finding]| {
            let mut codes: Vec<_> = findings
                .iter()
                .map(|finding| finding.code.to_string())
                .collect();
            codes.retain(|code| code != "accepted-against-clients");
            codes.sort();
            codes
        };
        assert_eq!(
            codes(&importing),
            codes(&rejecting),
            "{name} keeps its codes"
        );
    }
}

#[test]
fn the_document_counts_what_the_cases_give() {
    document::compare_or_update(&JUDGED, &recorded().go);
}

#[test]
fn the_cases_can_be_written_for_go() {
    let cases: Vec<_> = cases::all().iter().map(for_go).collect();
    let json = serde_json::to_string(&cases).expect("it is JSON");
    assert!(
        json.len() > cases.len() * 1_000,
        "a case has three certificates"
    );
    if let Some(path) = std::env::var_os("AGREEMENT_CASES") {
        fs::write(path, json).expect("the file is writable");
    }
}

fn full_name(kind: &str, name: &str) -> String {
    format!("{kind}: {name}")
}

fn recorded() -> Recorded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agreement/go.json");
    let json = fs::read(path).expect("tests/agreement/record.sh writes it");
    serde_json::from_slice(&json).expect("it is JSON")
}

fn judge(case: &Case, recorded: &Recorded) -> Judged {
    judge_with(case, by_go(case, recorded))
}

fn judge_with(case: &Case, go: Opinion) -> Judged {
    let signed = signed(case);
    let findings = verdict(&bundle(case), OnRefusedByClients::Reject);
    let about_clients = findings
        .iter()
        .filter(|finding| finding.judge == Judge::Clients);
    let certdrop = if findings.iter().any(Finding::is_error) {
        Weight::Rejected
    } else if about_clients.count() > 0 {
        Weight::Warned
    } else {
        Weight::Silent
    };
    Judged {
        kind: case.kind,
        name: case.name,
        openssl: clients::openssl(&signed),
        strict: clients::strict(&signed),
        rustls: clients::rustls(&signed),
        go,
        certdrop,
        codes: findings
            .iter()
            .filter(|finding| finding.is_error() || finding.judge == Judge::Clients)
            .map(|finding| finding.code.to_string())
            .collect(),
    }
}

fn by_go(case: &Case, recorded: &Recorded) -> Opinion {
    let name = full_name(case.kind, case.name);
    let verdict = recorded.cases.get(&name);
    let verdict = verdict.filter(|verdict| verdict.fingerprint == fingerprint(case));
    let verdict =
        verdict.unwrap_or_else(|| panic!("{name} is new to Go: run tests/agreement/record.sh"));
    verdict.opinion()
}

/// Each order of the case with its signer's, the leaf first.
fn links(case: &Case) -> Vec<(Order, Order)> {
    let chain = case.chain.iter().enumerate().map(|(place, order)| {
        let signer = case.chain.get(place + 1).unwrap_or(order);
        let is_root = place + 1 == case.chain.len();
        let order = if is_root {
            order.clone()
        } else {
            order.clone().named_key(signer.key)
        };
        (order, signer.clone())
    });
    let others = case
        .others
        .iter()
        .map(|(order, signer)| (order.clone().named_key(signer.key), signer.clone()));
    chain.chain(others).collect()
}

fn signed(case: &Case) -> Signed {
    let links = links(case);
    let mut ders: Vec<_> = links
        .iter()
        .map(|(order, signer)| order.signed_by(signer))
        .collect();
    let root = ders.remove(case.chain.len() - 1);
    let leaf = ders.remove(0);
    Signed {
        host: case.host,
        leaf,
        others: ders,
        root,
    }
}

/// Of all that is signed; the signatures are others in each run.
fn fingerprint(case: &Case) -> String {
    let mut bytes = case.host.as_bytes().to_vec();
    for (order, signer) in links(case) {
        bytes.extend(order.to_be_signed(&signer));
    }
    let digest = openssl::sha::sha256(&bytes);
    certdrop::certificate::hexadecimal(&digest[..8], "")
}

fn bundle(case: &Case) -> String {
    let signed = signed(case);
    let key = case.chain[0]
        .key
        .open()
        .private_key_to_pem_pkcs8()
        .expect("a key");
    let mut pem = String::from_utf8(key).expect("PEM is text");
    for der in [&signed.leaf]
        .into_iter()
        .chain(&signed.others)
        .chain([&signed.root])
    {
        let body = STANDARD.encode(der);
        let _ = write!(
            pem,
            "-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
        );
    }
    pem
}

fn verdict(bundle: &str, on_refused_by_clients: OnRefusedByClients) -> Vec<Finding> {
    let part = Part {
        name: "bundle.pem".to_owned(),
        bytes: SecretBytes::new(bundle.as_bytes().to_vec()),
    };
    let policy = Policy {
        now: NOW,
        expiry_warning: Duration::ZERO,
        include_root: IncludeRoot::Auto,
        on_refused_by_clients,
    };
    match validate(read(&[part], &[]), &policy) {
        Verdict::Accepted(_, findings) => findings,
        Verdict::Rejected(rejected) => rejected.findings,
    }
}

fn for_go(case: &Case) -> ForGo {
    let signed = signed(case);
    ForGo {
        name: full_name(case.kind, case.name),
        fingerprint: fingerprint(case),
        host: case.host,
        times: [NOW, clients::AT_THE_END].map(time::OffsetDateTime::unix_timestamp),
        leaf: STANDARD.encode(&signed.leaf),
        others: signed
            .others
            .iter()
            .map(|der| STANDARD.encode(der))
            .collect(),
        root: STANDARD.encode(&signed.root),
    }
}
