//! The status page in a real browser, with none, three and two thousand bundles.
#![cfg(test)]

mod browser;
mod samples;

use std::path::{Path, PathBuf};

use browser::Browser;
use certdrop::sweep::status::Status;
use certdrop::sweep::status_page::page;
use serde_json::Value;

const LOOK: &str = include_str!("look.js");
const NARROW: u32 = 360;
const WIDE: u32 = 1_280;

/// Pages and pictures of them, for people to look at.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("status-page");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Shows the page narrow and wide, light and dark, as it comes and unfolded. What must always hold
/// is checked; what was seen is given back, that of the wide light page.
fn look(name: &str, status: &Status) -> Value {
    let file = folder().join(format!("{name}.html"));
    std::fs::write(&file, page(status)).expect("a page");
    let mut browser = Browser::start();
    let mut grounds = Vec::new();
    let mut seen = Value::Null;
    for (scheme, width) in [
        ("light", NARROW),
        ("dark", NARROW),
        ("dark", WIDE),
        ("light", WIDE),
    ] {
        let variant = format!("{name}-{scheme}-{width}");
        browser.show(&file, width, scheme);
        let picture = browser.screenshot();
        std::fs::write(folder().join(format!("{variant}.png")), picture).expect("a picture");
        seen = browser.evaluate(LOOK);
        always(&variant, &seen);
        browser.evaluate(
            "document.querySelectorAll('details').forEach((part) => { part.open = true })",
        );
        let unfolded = browser.evaluate(LOOK);
        always(&format!("{variant}-unfolded"), &unfolded);
        assert_eq!(
            unfolded["seen"],
            status.rows.len(),
            "{variant}: unfolded, all is seen"
        );
        let picture = browser.screenshot();
        std::fs::write(folder().join(format!("{variant}-unfolded.png")), picture)
            .expect("a picture");
        tables_are_tables(&variant, &mut browser, status.rows.len());
        grounds.push(seen["ground"].as_str().map(str::to_owned));
    }
    assert_eq!(grounds[0], grounds[3], "light is light");
    assert_eq!(grounds[1], grounds[2], "dark is dark");
    assert_ne!(grounds[0], grounds[1], "light is not dark");
    browser.show(&file, WIDE, "dark");
    browser.emulate("print", "dark");
    let printed = browser.evaluate(LOOK);
    assert_eq!(
        printed["seen"],
        status.rows.len(),
        "{name}: on paper all is unfolded"
    );
    assert_eq!(
        printed["ground"], "rgb(255, 255, 255)",
        "{name}: paper is white"
    );
    assert_eq!(browser.complaints, Vec::<String>::new(), "{name}");
    seen
}

/// What holds for every page, however it is shown.
fn always(variant: &str, seen: &Value) {
    for none in ["outside", "faint", "faintBars", "loaded"] {
        assert_eq!(seen[none], Value::Array(Vec::new()), "{variant}: {none}");
    }
    for zero in ["overflow", "foreign", "barsOutside"] {
        assert_eq!(seen[zero], 0, "{variant}: {zero}");
    }
    assert!(
        seen["small"].as_f64() >= Some(12.0),
        "{variant}: {}",
        seen["small"]
    );
    for table in seen["tables"].as_array().expect("tables") {
        assert_eq!(
            (&table["columns"], &table["uneven"]),
            (&Value::from(4), &Value::from(0)),
            "{variant}"
        );
        assert_ne!(table["caption"], "", "{variant}");
    }
}

/// A style that lays rows out as blocks must not take the table away from a screen reader.
fn tables_are_tables(variant: &str, browser: &mut Browser, rows: usize) {
    let roles = browser.roles();
    let count = |wanted: &str| roles.iter().filter(|(role, _)| role == wanted).count();
    let tables = count("table");
    assert_eq!(count("rowheader"), rows, "{variant}");
    assert_eq!(
        count("row"),
        rows + tables,
        "{variant}: each table has a row of headers"
    );
    assert_eq!(count("columnheader"), 4 * tables, "{variant}");
    let nameless = roles
        .iter()
        .filter(|(role, name)| (role == "image" || role == "table") && name.is_empty());
    assert_eq!(nameless.count(), 0, "{variant}: bars and tables have names");
}

fn rows(seen: &Value) -> Vec<&str> {
    let rows = seen["rows"].as_array().expect("rows");
    rows.iter().filter_map(Value::as_str).collect()
}

#[test]
fn no_bundles() {
    let seen = look("none", &samples::none());
    assert_eq!(seen["title"], "certdrop: no bundles");
    assert_eq!(rows(&seen), Vec::<&str>::new());
    let text = seen["text"].as_str().expect("text");
    for words in ["As of 2026-12-01 06:30 UTC", "due by 2026-12-02 06:30 UTC"] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn three_bundles() {
    let seen = look("three", &samples::three());
    assert_eq!(seen["title"], "certdrop: 2 of 3 need action");
    assert_eq!(
        rows(&seen),
        ["mail.example.com", "wicked", "www.example.com"]
    );
    assert_eq!(
        (&seen["pressing"], &seen["seen"]),
        (&Value::from(2), &Value::from(3))
    );
    let text = seen["text"].as_str().expect("text");
    let shown = samples::HOSTILE.replace('\u{202e}', "\u{fffd}");
    for words in [
        "12 days",
        "until 2026-12-13",
        "Drop the renewed bundle",
        "eu-central-1",
        "us-east-1",
        &shown,
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn three_bundles_in_twelve_targets() {
    let seen = look("twelve-targets", &samples::twelve_targets());
    assert_eq!(seen["title"], "certdrop: 2 of 3 need action");
    assert_eq!(
        rows(&seen),
        [
            "www.example.com",
            "api.example.com",
            "_wildcard.apps.example.com"
        ]
    );
    let text = seen["text"].as_str().expect("text");
    for words in [
        "Expires on 2026-12-10 in payments-eu-west-1.",
        "Unfinished: in search-eu-west-1",
        "11 more targets",
        "10 more targets",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // What asks for nothing at once is folded.
    let folded = page(&samples::twelve_targets());
    for words in [
        "edge-and-delivery-ap-southeast-2",
        "The bundle no longer goes to edge-and-delivery-eu-west-1.",
        "warehouse is no longer a target.",
    ] {
        assert!(folded.contains(words), "{words}");
    }
}

#[test]
fn two_thousand_bundles() {
    let (status, pressing) = samples::two_thousand();
    let seen = look("two-thousand", &status);
    assert_eq!(
        seen["title"],
        format!("certdrop: {pressing} of 2,000 need action")
    );
    let rows = rows(&seen);
    assert_eq!(rows.len(), 2_000);
    let first = [
        "long-expired",
        "expired",
        "half",
        "last-day",
        "new",
        "soon-3",
        "soon-9",
        "soon-17",
        "soon-24",
        "shop",
        "soon-29",
        "denied",
    ];
    assert_eq!(
        rows[..pressing],
        first.map(|name| format!("{name}.example.com"))
    );
    assert_eq!(
        (&seen["pressing"], &seen["seen"]),
        (&Value::from(pressing), &Value::from(pressing))
    );
    let ordered: Vec<_> = status.rows.iter().map(|row| row.bundle.as_str()).collect();
    assert_eq!(rows, ordered, "folded by month, the order stays");
}
