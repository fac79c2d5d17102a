//! `certdrop sweep`: look at every bundle, and work on those whose event was lost.

use std::fmt::Display;
use std::io::Write;

use anyhow::Result;
use certdrop::event::SweepRequest;
use certdrop::harmless;
use certdrop::sweep::plan::Reason;
use certdrop::sweep::{self, Report};
use clap::Args;
use time::Duration;

use crate::session::{self, Session, told};
use crate::style::{self, BAD, CAUTION, GOOD, QUIET, STRONG};
use crate::terminal::{fitted, width};
use crate::{Ending, progress, table};

/// Look at every bundle in the bucket, and work on those that need it
///
/// The same pass as the function's own sweep, with your credentials and without Lambda's time
/// limit: bundles that are new or changed are imported, what was missed or left unfinished is
/// finished, and certificates that somebody deleted or replaced by hand are put right. The status
/// page in the bucket is written anew. A sweep may be run at any time, also beside the function.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Only say what would be worked on
    #[arg(long)]
    dry_run: bool,
    /// Begin no further bundle after so long; the next sweep goes on
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    timeout: u16,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    session: session::Options,
}

const AFTER_HELP: &str = "\
Examples:
  certdrop sweep --function certdrop-Function-1A2B3C --dry-run
  certdrop sweep --bucket certificates --profile production --region eu-central-1
  certdrop sweep --json | jq .unfinished

On a terminal it shows how far it is. Ctrl-C stops it; what was begun is finished by the next sweep.

Exit codes:
  0  every bundle was looked at, and what had to be done is done
  1  the same, and a bundle stands rejected, by this sweep or before: `certdrop status` says why
  2  wrong usage, no credentials, or bundles that are left or unfinished: run it again";

/// Sweeps and prints the report.
///
/// # Errors
///
/// Where there are no credentials, something cannot be listed, or the output is closed.
pub(crate) async fn run(arguments: &Arguments) -> Result<Ending> {
    let patience = Duration::minutes(i64::from(arguments.timeout));
    let session = Session::open(&arguments.session, patience).await?;
    progress::say("looking at what is in the bucket and in ACM");
    let request = SweepRequest {
        dry_run: arguments.dry_run,
    };
    let report = Box::pin(sweep::sweep(request, session.world())).await;
    progress::clear();
    let report = report.map_err(|fault| told(&fault))?;
    let mut output = anstream::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string(&report)?)?;
    } else {
        write(&report, &mut output)?;
    }
    output.flush()?;
    Ok(ending(&report))
}

fn ending(report: &Report) -> Ending {
    if report.left > 0 || !report.unfinished.is_empty() || !report.not_listed.is_empty() {
        Ending::Unfinished
    } else if !report.overview.rejected.is_empty() {
        Ending::Rejected
    } else {
        Ending::Done
    }
}

/// The report for people: what was done, then what is left for them.
fn write(report: &Report, output: &mut impl Write) -> Result<()> {
    let bundles = counted(report.bundles, "bundle");
    let work = report.worked_on.len();
    match (work, report.dry_run) {
        (0, _) => writeln!(output, "{GOOD}{bundles}, nothing to do{GOOD:#}")?,
        (_, true) => writeln!(
            output,
            "{STRONG}{bundles}, {work} to be worked on{STRONG:#}"
        )?,
        (_, false) => writeln!(output, "{STRONG}{bundles}, {work} worked on{STRONG:#}")?,
    }
    let names = report.worked_on.keys();
    let widest = names.map(|name| width(&harmless::line(name))).max();
    let widest = widest.unwrap_or_default();
    for (name, reason) in &report.worked_on {
        let because = because(*reason);
        let shown = fitted(&harmless::line(name), widest);
        write!(output, "  {shown}  {QUIET}")?;
        match report.outcomes.get(name.as_str()) {
            _ if report.dry_run => writeln!(output, "{because}{QUIET:#}")?,
            Some(outcome) => {
                let (style, outcome) = (style::of(*outcome), outcome.as_str());
                writeln!(
                    output,
                    "{because:<BECAUSE$}{QUIET:#}  {style}{outcome}{style:#}"
                )?;
            }
            None if report.unfinished.contains_key(name.as_str()) => {
                writeln!(
                    output,
                    "{because:<BECAUSE$}{QUIET:#}  {BAD}unfinished{BAD:#}"
                )?;
            }
            None => writeln!(
                output,
                "{because:<BECAUSE$}{QUIET:#}  {CAUTION}left{CAUTION:#}"
            )?,
        }
    }
    list(
        "Unfinished, the next sweep tries again",
        &report.unfinished,
        output,
    )?;
    let not_listed = report.not_listed.iter();
    let not_listed: Vec<_> = not_listed
        .map(|(region, why)| (region.to_string(), why))
        .collect();
    let not_listed = not_listed.iter().map(|(region, why)| (region, why));
    list("Not listed, and left out of the work", not_listed, output)?;
    let rejected = report.overview.rejected.iter();
    let rejected = rejected.map(|(name, codes)| {
        let codes: Vec<_> = codes.iter().map(String::as_str).collect();
        (name, codes.join(", "))
    });
    list("Rejected", rejected, output)?;
    list("Expires soon", &report.overview.expiring, output)?;
    list("Waits for more parts", &report.overview.waiting, output)?;
    let removed = report.overview.bundle_removed.iter();
    let removed = removed.map(|(name, arns)| (name, arns.join(", ")));
    list(
        "In ACM; the bundle was removed from the bucket after CERTDROP_BUNDLE_DAYS",
        removed,
        output,
    )?;
    let quota = report.overview.certificate_quota;
    let full: Vec<_> = report
        .overview
        .near_quota()
        .map(|(region, count)| {
            let told = format!("{count} imported certificates, the quota is {quota}");
            (region.to_string(), told)
        })
        .collect();
    let full = full.iter().map(|(region, told)| (region, told));
    list("The quota of ACM is nearly used up", full, output)?;
    let orphans = report.overview.without_bundle.iter();
    let orphans = orphans.map(|(name, arns)| (name, arns.join(", ")));
    list("In ACM, but no longer in the bucket", orphans, output)?;
    table::skipped(&report.overview.skipped, output)?;
    if report.left > 0 {
        let left = counted(report.left, "bundle");
        writeln!(
            output,
            "\n{CAUTION}Time was up: {left} left to the next sweep{CAUTION:#}"
        )?;
    }
    Ok(())
}

fn list<'a>(
    title: &str,
    lines: impl IntoIterator<Item = (&'a String, impl Display)>,
    output: &mut impl Write,
) -> Result<()> {
    for (number, (name, what)) in lines.into_iter().enumerate() {
        if number == 0 {
            writeln!(output, "\n{CAUTION}{title}{CAUTION:#}")?;
        }
        let line = format!("{name}: {what}");
        writeln!(output, "  {}", harmless::line(&line))?;
    }
    Ok(())
}

/// Columns of the longest reason.
const BECAUSE: usize = 24;

fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::NotDone => "new or changed",
        Reason::TargetAdded => "a target was added",
        Reason::TargetRemoved => "a target was removed",
        Reason::RulesChanged => "the rules for its targets changed",
        Reason::TagsChanged => "tags were changed",
        Reason::Interrupted => "work was interrupted",
        Reason::OtherVersion => "another version was done",
        Reason::Retry => "retrying",
        Reason::CertificateGone => "certificate was deleted",
        Reason::CertificateChanged => "certificate was replaced",
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
