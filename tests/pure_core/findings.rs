//! docs/findings.md lists every code as the code has it. After a change of a rule,
//! `UPDATE_DOCS=1 cargo test --test pure_core findings` writes the tables anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use certdrop::finding::{ALL, Rule, Severity};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/findings.md");
/// What stands before the tables is written by hand.
const BEGIN: &str =
    "<!-- from src/finding.rs: UPDATE_DOCS=1 cargo test --test pure_core findings -->\n";

#[test]
fn the_document_lists_every_code_as_the_code_has_it() {
    let text = fs::read_to_string(DOCUMENT).expect("docs/findings.md is there");
    let (by_hand, tables) = text
        .split_once(BEGIN)
        .expect("the mark stands before the tables");
    let expected = tables_of_all();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(DOCUMENT, format!("{by_hand}{BEGIN}{expected}"))
            .expect("the document is writable");
        return;
    }
    assert_eq!(
        tables, expected,
        "run UPDATE_DOCS=1 cargo test --test pure_core findings"
    );
}

#[test]
fn no_code_stands_for_two_rules() {
    let codes: BTreeSet<_> = ALL.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), ALL.len());
    for code in codes {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(code.chars().all(plain), "{code}");
    }
}

fn tables_of_all() -> String {
    let mut text = String::new();
    for (heading, severity) in [
        ("Errors: the bundle is rejected", Severity::Error),
        ("Warnings: the bundle is imported", Severity::Warning),
    ] {
        let rules = ALL.iter().filter(|rule| rule.severity == severity);
        let _ = write!(
            text,
            "\n## {heading}\n\n| code | by | meaning | what to do | source |\n|---|---|---|---|---|\n"
        );
        for rule in rules {
            let _ = writeln!(text, "{}", row(rule));
        }
    }
    text
}

fn row(rule: &Rule) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let source: Vec<_> = rule
        .source
        .split("; ")
        .map(|source| match source.rsplit_once('/') {
            Some((_, page)) if source.starts_with("https://") => format!("[{page}]({source})"),
            _ => source.to_owned(),
        })
        .collect();
    format!(
        "| `{}` | {} | {} | {} | {} |",
        rule.code,
        rule.judge,
        cell(rule.meaning),
        cell(rule.remedy),
        cell(&source.join("; "))
    )
}
