//! The verdict for people: first the verdict, then the chain as a tree, the names, the findings.

use std::io::Write;

use anyhow::Result;
use certdrop::certificate::Certificate;
use certdrop::days_left;
use certdrop::finding::Finding;
use certdrop::harmless;
use certdrop::validate::Served;
use time::{Date, OffsetDateTime};

use crate::checked::Checked;
use crate::style::{BAD, CAUTION, GOOD, QUIET, STRONG};
use crate::terminal::{columns, fitted, width, wrapped};

/// No line is wider than this, however wide the terminal is: eyes get lost.
const MOST_COLUMNS: usize = 110;
/// Cells of the bar that shows how much of a validity is left.
const BAR: usize = 10;

/// Writes `checked` as a person wants to read it at the instant `now`.
///
/// # Errors
///
/// Where the output is closed.
pub(crate) fn write(checked: &Checked, now: OffsetDateTime, output: &mut impl Write) -> Result<()> {
    let (style, verdict) = if checked.is_accepted() {
        (GOOD, "accepted")
    } else {
        (BAD, "rejected")
    };
    writeln!(
        output,
        "{style}{verdict}{style:#}  {STRONG}{}{STRONG:#}",
        harmless::line(&checked.bundle)
    )?;
    if let Some(served) = &checked.served {
        chain(served, now, output)?;
        facts(&served.leaf, output)?;
    }
    for finding in &checked.findings {
        self::finding(finding, output)?;
    }
    Ok(())
}

/// From the root down, each certificate below the one that signed it.
fn chain(served: &Served, now: OffsetDateTime, output: &mut impl Write) -> Result<()> {
    let signers = served.intermediates.iter().chain(&served.root).rev();
    let members: Vec<_> = signers.chain([&served.leaf]).collect();
    writeln!(output)?;
    let mut depth = 0;
    let top = members.first().copied().unwrap_or(&served.leaf);
    if !top.is_self_issued() {
        writeln!(
            output,
            "  {QUIET}{}  not in the bundle{QUIET:#}",
            short_name(&top.issuer)
        )?;
        depth = 1;
    }
    let widest = members
        .iter()
        .enumerate()
        .map(|(below, member)| width(&branch(depth + below)) + width(&short_name(&member.subject)))
        .max()
        .unwrap_or_default()
        .min(columns(MOST_COLUMNS).saturating_sub(FACTS_WIDTH));
    for (below, member) in members.into_iter().enumerate() {
        let branch = branch(depth + below);
        let room = widest.saturating_sub(width(&branch));
        let name = fitted(&short_name(&member.subject), room);
        let (key, left) = (
            member.public_key.algorithm().to_string(),
            days_left(member, now),
        );
        let style = urgency(member, now);
        writeln!(
            output,
            "  {QUIET}{branch}{QUIET:#}{name}  {key:<8}  {style}{left:>15}  {}{style:#}",
            bar(member, now)
        )?;
    }
    Ok(())
}

/// Columns of what stands behind a name: margins, key, days, bar.
const FACTS_WIDTH: usize = 2 + 2 + 8 + 2 + 15 + 2 + BAR + 2;

fn branch(depth: usize) -> String {
    match depth {
        0 => String::new(),
        _ => format!("{}└─ ", "   ".repeat(depth - 1)),
    }
}

/// The common name if there is one: the rest of a subject is mostly the same all the way up.
fn short_name(name: &certdrop::certificate::DistinguishedName) -> String {
    let name = name
        .common_name()
        .map_or_else(|| name.to_string(), str::to_owned);
    harmless::line(&name)
}

fn days_left(certificate: &Certificate, now: OffsetDateTime) -> String {
    if now < certificate.not_before {
        return "not yet valid".to_owned();
    }
    match days_left::days_left(certificate.not_after, now) {
        ..=-1 => "expired".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

fn urgency(certificate: &Certificate, now: OffsetDateTime) -> anstyle::Style {
    let left = certificate.not_after - now;
    if left.is_negative() || now < certificate.not_before {
        BAD
    } else if left < time::Duration::days(30) {
        CAUTION
    } else {
        anstyle::Style::new()
    }
}

/// How much of the validity is left: full when new, empty when expired.
fn bar(certificate: &Certificate, now: OffsetDateTime) -> String {
    let whole = (certificate.not_after - certificate.not_before)
        .whole_seconds()
        .max(1);
    let left = (certificate.not_after - now)
        .whole_seconds()
        .clamp(0, whole);
    let cells = i64::try_from(BAR).unwrap_or_default();
    // Rounded up: what is valid shows at least one cell.
    let filled = (left * cells + whole - 1) / whole;
    let filled = usize::try_from(filled).unwrap_or_default().min(BAR);
    format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled))
}

fn facts(leaf: &Certificate, output: &mut impl Write) -> Result<()> {
    let names: Vec<_> = leaf
        .alternative_names
        .iter()
        .map(ToString::to_string)
        .collect();
    writeln!(output)?;
    labelled("names", &names.join(", "), output)?;
    let (begin, end) = (leaf.not_before.date(), leaf.not_after.date());
    labelled(
        "valid",
        &format!("{} to {}", shown(begin), shown(end)),
        output,
    )?;
    labelled("serial", &leaf.serial.to_string(), output)
}

fn shown(date: Date) -> String {
    date.to_string()
}

fn finding(finding: &Finding, output: &mut impl Write) -> Result<()> {
    let (style, weight) = if finding.is_error() {
        (BAD, "error")
    } else {
        (CAUTION, "warning")
    };
    writeln!(output)?;
    writeln!(
        output,
        "  {style}{weight:<8}{style:#}{STRONG}{}{STRONG:#}",
        finding.code
    )?;
    labelled("about", &finding.subject, output)?;
    labelled("", &finding.message, output)?;
    labelled("judge", &finding.judge.to_string(), output)?;
    labelled("to do", &finding.remedy, output)
}

/// A label in the margin and a text beside it, wrapped at blanks.
fn labelled(label: &str, text: &str, output: &mut impl Write) -> Result<()> {
    let mut label = label;
    for line in wrapped(
        &harmless::lines(text),
        columns(MOST_COLUMNS).saturating_sub(MARGIN),
    ) {
        writeln!(output, "  {QUIET}{label:<8}{QUIET:#}{line}")?;
        label = "";
    }
    Ok(())
}

/// Columns before a labelled text.
const MARGIN: usize = 10;
