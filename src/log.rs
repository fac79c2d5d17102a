//! The log: what is written of the news, and whose lines never are.

use tracing::{error, info, warn};
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::arn::CertificateArn;
use crate::news::{News, Swept};
use crate::summary::Summary;
use crate::timestamp::Timestamp;

/// Whose lines are never written, whatever is wanted: they may print requests. Prefixes of their targets.
const NOT_OURS: [&str; 5] = ["aws_", "hyper", "h2", "rustls", "tower"];

/// What is written where `wanted` (the value of `RUST_LOG`) says so; `None` where it says nothing that can be read.
#[must_use]
pub fn filter(wanted: Option<&str>) -> Option<Targets> {
    let wanted = wanted?.parse().ok()?;
    Some(without_others(wanted))
}

/// What is written where nobody says.
#[must_use]
pub fn default_filter() -> Targets {
    without_others(Targets::new().with_default(LevelFilter::INFO))
}

fn without_others(wanted: Targets) -> Targets {
    NOT_OURS.into_iter().fold(wanted, |filter, target| {
        filter.with_target(target, LevelFilter::OFF)
    })
}

/// Writes one line, where `news` is for people who read a log. ERROR is for what somebody must correct.
pub fn write(news: News<'_>) {
    match news {
        News::Listed { bundles, to_do } => info!(bundles, to_do, "listed"),
        News::Done { summary, .. } => done(summary),
        News::Unfinished(fault) if fault.is_set_up() => error!(%fault, "unfinished"),
        News::Unfinished(fault) => warn!(%fault, "unfinished"),
        News::ExpiresSoon { bundle, end } => {
            warn!(bundle, end = %Timestamp(end), "certificate expires soon");
        }
        News::NearQuota {
            target,
            count,
            quota,
        } => {
            warn!(target = %target, count, quota, "the quota of imported certificates is nearly used up");
        }
        News::Swept(swept) => self::swept(swept),
        News::Throttled(_) | News::Kept { .. } => {}
    }
}

fn done(summary: &Summary) {
    let codes: Vec<_> = summary
        .findings
        .iter()
        .map(|finding| finding.code.as_ref())
        .collect();
    info!(
        bundle = summary.bundle.as_str(),
        key = summary.object.key,
        outcome = summary.outcome.as_str(),
        arn = summary.certificate_arn.as_ref().map(CertificateArn::as_str),
        findings = codes.join(","),
        "done"
    );
}

fn swept(swept: Swept) {
    info!(
        dry_run = swept.dry_run,
        bundles = swept.bundles,
        worked_on = swept.worked_on,
        unfinished = swept.unfinished,
        queued = swept.queued,
        left = swept.left,
        "swept"
    );
}
