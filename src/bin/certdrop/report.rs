//! What became of one bundle, for people and for programs.

use std::io::Write;

use anyhow::Result;
use certdrop::bundle_name::BundleName;
use certdrop::finding::Finding;
use certdrop::harmless;
use certdrop::summary::{Outcome, Summary, prose};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::checked::Checked;
use crate::session::now;
use crate::{Ending, style, tree};

/// What a program is told of a bundle that stayed here.
#[derive(Serialize)]
struct NotUploaded<'a> {
    outcome: Outcome,
    bundle: &'a str,
    is_uploaded: bool,
    findings: &'a [Finding],
}

/// Says that a bundle was rejected here.
///
/// # Errors
///
/// Where the output is closed.
pub(crate) fn not_uploaded(
    checked: &Checked,
    bundle: &BundleName,
    is_json: bool,
    now: OffsetDateTime,
    output: &mut impl Write,
) -> Result<()> {
    if is_json {
        let told = NotUploaded {
            outcome: Outcome::Rejected,
            bundle: bundle.as_str(),
            is_uploaded: false,
            findings: &checked.findings,
        };
        writeln!(output, "{}", serde_json::to_string(&told)?)?;
        return Ok(());
    }
    tree::write(checked, now, output)?;
    writeln!(output)?;
    writeln!(
        output,
        "  Nothing was uploaded. What ACM has stays as it is."
    )?;
    Ok(())
}

/// Says what the summary says. `if_done_before` is the headline where nothing was left to be done, because the
/// certificate came to ACM since the command `began`.
///
/// # Errors
///
/// Where the output is closed.
pub(crate) fn write(
    summary: &Summary,
    if_done_before: &str,
    began: OffsetDateTime,
    output: &mut impl Write,
) -> Result<()> {
    let style = style::of(summary.outcome);
    let message = harmless::lines(&prose::message(summary, now()));
    let (headline, rest) = message.split_once('\n').unwrap_or((&message, ""));
    let headline = if is_done_since(summary, began) {
        if_done_before
    } else {
        headline
    };
    writeln!(output, "{style}{headline}{style:#}")?;
    write!(output, "{rest}")?;
    Ok(())
}

/// The exit code for what became of a bundle.
pub(crate) fn ending(summary: &Summary) -> Ending {
    match summary.outcome {
        Outcome::Imported | Outcome::Replaced | Outcome::Unchanged => Ending::Done,
        Outcome::Outdated | Outcome::Rejected | Outcome::Waiting | Outcome::Gone => {
            Ending::Rejected
        }
    }
}

/// The certificate that ACM had already came there after `began`.
fn is_done_since(summary: &Summary, began: OffsetDateTime) -> bool {
    let detail = serde_json::to_value(&summary.certificate).unwrap_or_default();
    let imported_at = detail.get("ImportedAt").and_then(|at| at.as_str());
    let imported_at = imported_at.and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
    // ACM tells whole seconds.
    summary.outcome == Outcome::Unchanged
        && imported_at.is_some_and(|at| at + Duration::SECOND > began)
}
