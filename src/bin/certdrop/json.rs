//! The verdict for programs: one object a line. Its members are a public contract.

use std::io::Write;

use anyhow::Result;
use certdrop::certificate::Certificate;
use certdrop::finding::Finding;
use serde::Serialize;
use time::OffsetDateTime;

use crate::checked::Checked;

#[derive(Serialize)]
struct Document<'a> {
    bundle: &'a str,
    verdict: &'static str,
    findings: &'a [Finding],
    leaf: Option<Leaf>,
    /// In the order in which they are sent, without the leaf and the root.
    chain: Vec<Link>,
}

#[derive(Serialize)]
struct Leaf {
    subject: String,
    issuer: String,
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    /// By the names of ACM's model where ACM has one.
    key_algorithm: String,
    names: Vec<String>,
    sha256: String,
}

#[derive(Serialize)]
struct Link {
    subject: String,
    sha256: String,
}

/// Writes `checked` as one line.
///
/// # Errors
///
/// Where the output is closed.
pub(crate) fn write(checked: &Checked, output: &mut impl Write) -> Result<()> {
    let served = checked.served.as_ref();
    let chain = served.into_iter().flat_map(|served| &served.intermediates);
    let document = Document {
        bundle: &checked.bundle,
        verdict: if checked.is_accepted() {
            "accepted"
        } else {
            "rejected"
        },
        findings: &checked.findings,
        leaf: served.map(|served| leaf(&served.leaf)),
        chain: chain
            .map(|certificate| Link {
                subject: certificate.subject.to_string(),
                sha256: certificate.sha256(),
            })
            .collect(),
    };
    writeln!(output, "{}", serde_json::to_string(&document)?)?;
    Ok(())
}

fn leaf(leaf: &Certificate) -> Leaf {
    let algorithm = leaf.public_key.algorithm();
    Leaf {
        subject: leaf.subject.to_string(),
        issuer: leaf.issuer.to_string(),
        serial: leaf.serial.to_string(),
        not_before: leaf.not_before,
        not_after: leaf.not_after,
        key_algorithm: algorithm
            .acm_name()
            .map_or_else(|| algorithm.to_string(), str::to_owned),
        names: leaf
            .alternative_names
            .iter()
            .map(ToString::to_string)
            .collect(),
        sha256: leaf.sha256(),
    }
}
