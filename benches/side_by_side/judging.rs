//! What `benches/validate.rs` has measured just before, as criterion left it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::report::{Report, Verdict};
use crate::statistics::exponent;

/// Beside the raw operations: how many times their sum may be taken.
const MOST: f64 = 2.0;

/// The bundles of the bench, as it names them.
const BUNDLES: [&str; 5] = ["RSA-2048", "RSA-4096", "P-256", "PKCS12", "zip-1MiB"];

const GROWTH: [(&str, [&str; 3]); 3] = [
    ("certificates in the bundle", ["2", "10", "100"]),
    ("issuers in the chain", ["1", "10", "59"]),
    ("KiB of PEM", ["10", "100", "1000"]),
];

pub fn read(report: &mut Report) {
    let mut rows = Vec::new();
    for name in BUNDLES {
        let (mine, raw) = (micros(name, "certdrop"), micros(name, "raw"));
        let what = format!("judging, {name}");
        let budget = format!("at most {MOST} x the raw operations");
        let (Some(mine), Some(raw)) = (mine, raw) else {
            report.budget(what, budget, "", Verdict::Unknown("not measured"));
            continue;
        };
        let ratio = mine / raw;
        report.budget(what, budget, format!("{ratio:.2} x"), ratio <= MOST);
        let peer = micros(name, "openssl");
        rows.push(vec![
            name.to_owned(),
            format!("{mine:.0}"),
            format!("{raw:.0}"),
            peer.map_or_else(String::new, |peer| format!("{peer:.0}")),
            format!("{:.0}", 1e6 / mine),
        ]);
    }
    report.table(
        "Judging a bundle",
        "Microseconds from bytes to verdict (criterion, one core). Raw are the operations that nobody can do without, each \
         done once: base64, parsing, two signatures, one key check, key derivation, inflating and wiping. OpenSSL, in process, reads \
         the same bundle, verifies the chain and matches the key; it checks no rule of ACM.",
        &["", "certdrop", "raw", "OpenSSL", "bundles a second"],
        rows,
    );
    let rows = GROWTH.iter().filter_map(|(what, sizes)| {
        let group = what.replace(' ', "-");
        let values: Option<Vec<f64>> = sizes.iter().map(|size| micros(&group, size)).collect();
        let values = values?;
        let works: Vec<f64> = sizes.iter().filter_map(|size| size.parse().ok()).collect();
        let mut row = vec![(*what).to_owned()];
        let cells = sizes.iter().zip(&values);
        row.extend(cells.map(|(size, value)| format!("{size}: {value:.0}")));
        row.push(format!("{:.2}", exponent(&works, &values)));
        Some(row)
    });
    report.table(
        "Growth: judging",
        "Size: microseconds. Exponent 1 is linear. certdrop takes 100 certificates in a bundle and verifies 60 signatures at most.",
        &["", "little", "more", "much", "exponent"],
        rows.collect(),
    );
}

/// Criterion's estimate of the median.
fn micros(group: &str, name: &str) -> Option<f64> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/criterion");
    let file = folder.join(group).join(name).join("new/estimates.json");
    let text = std::fs::read_to_string(file).ok()?;
    let estimates: Value = serde_json::from_str(&text).ok()?;
    Some(estimates["median"]["point_estimate"].as_f64()? / 1e3)
}
