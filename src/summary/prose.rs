//! The summary for a person at three in the morning: what happened, whether it is bad, what to do.

use std::fmt::Write as _;

use time::OffsetDateTime;

use super::{Outcome, Summary, TargetOutcome, TargetSummary};
use crate::arn::CertificateArn;
use crate::certificate_detail::CertificateDetail;
use crate::days_left::days_left;
use crate::finding::Finding;
use crate::harmless::line;
use crate::target::TargetName;

/// Characters that a subject of SNS may have.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const SUBJECT_CHARACTERS: usize = 99;

/// Names of a certificate that are listed before the rest is only counted.
const NAMES_SHOWN: usize = 10;

/// One line of ASCII, at most 99 characters.
#[must_use]
pub fn subject(summary: &Summary) -> String {
    let line = format!("certdrop: {} {}", summary.bundle, what(summary.outcome));
    let ascii = line.chars().map(|c| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    });
    ascii.take(SUBJECT_CHARACTERS).collect()
}

fn what(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Imported => "imported",
        Outcome::Replaced => "replaced",
        Outcome::Unchanged => "unchanged",
        Outcome::Outdated => "not replaced: a newer one is there",
        Outcome::Rejected => "REJECTED",
        Outcome::Waiting => "waiting for more files",
        Outcome::Gone => "gone before it was read",
    }
}

/// The whole message, plain text, lines short enough for a mail. `now` counts the days.
#[must_use]
pub fn message(summary: &Summary, now: OffsetDateTime) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, summary, now);
    text
}

fn write(text: &mut String, summary: &Summary, now: OffsetDateTime) -> std::fmt::Result {
    writeln!(text, "{}", headline(summary))?;
    writeln!(text)?;
    writeln!(text, "Bundle       {}", line(summary.bundle.as_str()))?;
    writeln!(
        text,
        "Object       s3://{}/{}",
        summary.object.bucket,
        line(&summary.object.key)
    )?;
    if let Some(version) = &summary.object.version_id {
        writeln!(text, "Version      {}", line(version))?;
    }
    if summary.targets.is_empty() {
        let (arn, certificate) = (
            summary.certificate_arn.as_ref(),
            summary.certificate.as_ref(),
        );
        served(text, arn, certificate, summary.previous.as_ref(), now)?;
    }
    for (name, there) in &summary.targets {
        target(text, name, there, now)?;
    }
    for finding in &summary.findings {
        self::finding(text, finding)?;
    }
    Ok(())
}

fn target(
    text: &mut String,
    name: &TargetName,
    there: &TargetSummary,
    now: OffsetDateTime,
) -> std::fmt::Result {
    writeln!(text)?;
    match there {
        TargetSummary::Unfinished { fault } => {
            writeln!(text, "{name}: UNFINISHED: {}", line(fault))
        }
        TargetSummary::Done(there) => {
            writeln!(text, "{name}: {}", what(there.outcome))?;
            let (arn, certificate) = (there.certificate_arn.as_ref(), there.certificate.as_ref());
            served(text, arn, certificate, there.previous.as_ref(), now)
        }
    }
}

fn served(
    text: &mut String,
    arn: Option<&CertificateArn>,
    certificate: Option<&CertificateDetail>,
    previous: Option<&CertificateDetail>,
    now: OffsetDateTime,
) -> std::fmt::Result {
    if let Some(arn) = arn {
        writeln!(text, "Certificate  {arn}")?;
    }
    let Some(certificate) = certificate else {
        return Ok(());
    };
    live(text, certificate, now)?;
    match previous {
        Some(previous) => changes(text, previous, certificate),
        None => Ok(()),
    }
}

fn headline(summary: &Summary) -> &'static str {
    let mut targets = summary.targets.values();
    let is_other = |there: &TargetOutcome| there.outcome != summary.outcome;
    if targets.any(|there| there.done().is_none_or(is_other)) {
        return headline_of_several(summary);
    }
    match summary.outcome {
        Outcome::Imported => "ACM has a new certificate. Attach it to a service to use it.",
        Outcome::Replaced => "The renewed certificate is served under the same ARN as before.",
        Outcome::Unchanged => "ACM had this very certificate already.",
        Outcome::Outdated => "The dropped certificate is older than the one in ACM, which stays.",
        Outcome::Rejected if summary.certificate_arn.is_some() => {
            "The dropped bundle has errors and was not imported. The certificate in ACM stays as it was."
        }
        Outcome::Rejected => "The dropped bundle has errors and was not imported.",
        Outcome::Waiting => {
            "The parts in the folder do not fit together yet. The next upload may complete them."
        }
        Outcome::Gone => "The object was deleted before it was read.",
    }
}

/// Targets differ; their own lines tell how.
fn headline_of_several(summary: &Summary) -> &'static str {
    if summary.is_unfinished() {
        return "A target is unfinished and will be retried. The others are done.";
    }
    match summary.outcome {
        Outcome::Rejected => {
            "A target would refuse the dropped certificate, and keeps what it has. See which, and why, below."
        }
        Outcome::Outdated => {
            "A target has a newer certificate than the dropped one, which stays there."
        }
        _ => "Every target serves the dropped certificate now.",
    }
}

fn live(
    text: &mut String,
    certificate: &CertificateDetail,
    now: OffsetDateTime,
) -> std::fmt::Result {
    let names = certificate.names();
    let shown = names
        .iter()
        .take(NAMES_SHOWN)
        .map(|name| line(name))
        .collect::<Vec<_>>()
        .join(", ");
    let more = names.len().saturating_sub(NAMES_SHOWN);
    match more {
        // ACM lists no IP addresses.
        0 if names.is_empty() => writeln!(text, "Names        none that ACM lists")?,
        0 => writeln!(text, "Names        {shown}")?,
        _ => writeln!(text, "Names        {shown} and {more} more")?,
    }
    if let Some(end) = certificate.not_after() {
        writeln!(text, "Valid until  {}, {}", end.date(), days(end, now))?;
    }
    let users = certificate.in_use_by();
    if users.is_empty() {
        return writeln!(text, "In use by    nothing");
    }
    for user in users {
        writeln!(text, "In use by    {}", line(user))?;
    }
    Ok(())
}

/// In days, as people count them: the last day is day 0.
fn days(end: OffsetDateTime, now: OffsetDateTime) -> String {
    match days_left(end, now) {
        ..=-1 => "EXPIRED".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

fn changes(
    text: &mut String,
    old: &CertificateDetail,
    new: &CertificateDetail,
) -> std::fmt::Result {
    writeln!(text)?;
    writeln!(text, "What changed")?;
    if let (Some(from), Some(to)) = (old.not_after(), new.not_after()) {
        writeln!(text, "  valid until  {} -> {}", from.date(), to.date())?;
    }
    if let (Some(from), Some(to)) = (old.serial(), new.serial()) {
        writeln!(text, "  serial       {from} -> {to}")?;
    }
    for (label, from, to) in [
        ("issuer      ", old.issuer(), new.issuer()),
        ("key         ", old.key_algorithm(), new.key_algorithm()),
    ] {
        if from != to {
            let shown = |value: Option<&str>| line(value.unwrap_or("unknown"));
            writeln!(text, "  {label} {} -> {}", shown(from), shown(to))?;
        }
    }
    let (before, after) = (old.names(), new.names());
    for gone in before.iter().filter(|name| !after.contains(name)) {
        writeln!(text, "  name gone    {}", line(gone))?;
    }
    for added in after.iter().filter(|name| !before.contains(name)) {
        writeln!(text, "  name added   {}", line(added))?;
    }
    Ok(())
}

fn finding(text: &mut String, finding: &Finding) -> std::fmt::Result {
    let weight = if finding.is_error() {
        "Error"
    } else {
        "Warning"
    };
    writeln!(text)?;
    let message = line(&finding.message);
    match &finding.target {
        Some(target) => writeln!(text, "{weight} {} in {target}: {message}", finding.code)?,
        None => writeln!(text, "{weight} {}: {message}", finding.code)?,
    }
    writeln!(text, "  about  {}", line(&finding.subject))?;
    writeln!(text, "  judge  {}", finding.judge)?;
    writeln!(text, "  to do  {}", line(&finding.remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    /// As DescribeCertificate answers for a certificate whose only name is an address: Terraform's
    /// acceptance test `Imported_ipAddress`.
    #[test]
    fn a_certificate_for_an_address_has_no_names_that_acm_lists() {
        let answer = json!({
            "Subject": "O=Example,CN=192.0.2.1", "SubjectAlternativeNames": [], "NotAfter": 1_796_083_200,
        });
        let detail =
            CertificateDetail::from_answer(answer.as_object().cloned().unwrap_or_default());
        let mut text = String::new();
        live(&mut text, &detail, datetime!(2026-11-30 00:00 UTC)).expect("a String");
        let expected = "Names        none that ACM lists\n\
            Valid until  2026-12-01, 1 day left\n\
            In use by    nothing\n";
        assert_eq!(text, expected);
    }
}
