//! What a sweep tells: its report, and the metrics of all bundles.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::warn;

use super::index::{Entry, Index};
use super::plan::{Listed, Listing, Reason};
use crate::arn::CertificateArn;
use crate::binding::Standing;
use crate::bundle_name::BundleName;
use crate::fault::Fault;
use crate::news::{News, Swept};
use crate::pipeline::Invocation;
use crate::region::Region;
use crate::summary::Outcome;

/// What a sweep found and did.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many bundles there are.
    pub bundles: usize,
    /// How many of them needed nothing.
    pub unchanged: usize,
    /// Nothing was done, only found out.
    pub dry_run: bool,
    /// What had to be done and why, by bundle.
    pub worked_on: BTreeMap<String, Reason>,
    /// What became of it, by bundle.
    pub outcomes: BTreeMap<String, Outcome>,
    /// What became of earlier versions that no run had seen, where the current one is rejected or waits for
    /// parts, by bundle.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub earlier: BTreeMap<String, Outcome>,
    /// Those that could not be finished, with the reason. The next sweep tries them again.
    pub unfinished: BTreeMap<String, String>,
    /// How many were left to the next sweep because time was up.
    pub left: usize,
    /// Those that were put into the queue because time was up or AWS was briefly bad. The function goes on with them
    /// at once.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub queued: BTreeSet<String>,
    /// Bundles whose certificate expires within the warning time, with its end.
    pub expiring: BTreeMap<String, Instant>,
    /// Bundles that still wait for parts, with the time at which the last part was dropped.
    pub waiting: BTreeMap<String, Instant>,
    /// Certificates in ACM whose bundle is no longer in the bucket, by the bundle's name.
    pub without_bundle: BTreeMap<String, Vec<String>>,
    /// Certificates in ACM whose bundle the bucket's lifecycle removed, as `CERTDROP_BUNDLE_DAYS` has it, by the
    /// bundle's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bundle_removed: BTreeMap<String, Vec<String>>,
    /// How many imported certificates each region has, certdrop's and others.
    pub certificates: BTreeMap<Region, usize>,
    /// How many a region may have.
    pub certificate_quota: usize,
    /// Regions whose certificates could not be listed, and why. They were left out of the work.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_listed: BTreeMap<Region, Fault>,
}

/// An instant in a report, as RFC 3339 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Instant(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl Report {
    /// Regions that have used 80 % of the quota of imported certificates or more. One that has used it up takes no
    /// new certificate.
    pub fn near_quota(&self) -> impl Iterator<Item = (&Region, usize)> {
        let certificates = self
            .certificates
            .iter()
            .map(|(region, count)| (region, *count));
        certificates.filter(|(_, count)| count * 100 >= self.certificate_quota * 80)
    }
}

/// What a person should know though nothing could be done about it.
pub(super) fn tell(listing: &Listing, index: &Index, report: &mut Report, world: Invocation<'_>) {
    let warn_before = world.now + world.config.expiry_warning;
    let is_there = |name: &str| is_there(listing, name);
    for (name, entry) in &index.bundles {
        let live: Vec<_> = live(listing, entry).collect();
        let is_removed = !is_there(name) && entry.is_removed(world.config.bundle_days, world.now);
        if !is_there(name) {
            let known = if is_removed {
                &mut report.bundle_removed
            } else {
                &mut report.without_bundle
            };
            if !live.is_empty() {
                let arns = live.iter().map(|(arn, _)| arn.to_string()).collect();
                known.insert(name.clone(), arns);
            }
            if !is_removed {
                continue;
            }
        }
        let ends = live.iter().filter_map(|(_, standing)| standing.not_after);
        if let Some(end) = ends.min().filter(|end| *end <= warn_before) {
            report.expiring.insert(name.clone(), Instant(end));
        }
        if entry.outcome == Outcome::Waiting {
            let since = entry.modified_at.unwrap_or(entry.at);
            report.waiting.insert(name.clone(), Instant(since));
        }
    }
    for (bundle, end) in &report.expiring {
        warn!(bundle, %end, "certificate expires soon");
    }
    let certificates = listing.certificates.iter();
    report.certificates = certificates
        .map(|(region, there)| (region.clone(), there.len()))
        .collect();
    report.certificate_quota = world.config.certificate_quota;
    for (region, count) in report.near_quota() {
        let quota = report.certificate_quota;
        warn!(%region, count, quota, "the quota of imported certificates is nearly used up");
    }
}

/// Forgets the bundles that are gone and have no certificate any more.
pub(super) fn forget(listing: &Listing, index: &mut Index, world: Invocation<'_>) {
    let config = world.config;
    let summaries = config
        .bundle_days
        .map(|_| listing.summaries_by_bundle(&config.summary_prefix));
    // A summary that is not in the index is read by every sweep for as long as it is there.
    let is_recalled = |name: &str| summaries.as_ref().is_some_and(|all| all.has(name));
    index.keep(|name, entry| {
        is_there(listing, name) || may_be_live(listing, entry) || is_recalled(name)
    });
}

fn is_there(listing: &Listing, name: &str) -> bool {
    BundleName::new(name).is_some_and(|bundle| listing.bundles.contains_key(&bundle))
}

/// The certificates of a bundle that ACM has, in all regions.
fn live<'a>(
    listing: &'a Listing,
    entry: &'a Entry,
) -> impl Iterator<Item = (&'a CertificateArn, &'a Standing)> {
    entry
        .arns()
        .filter_map(|arn| match listing.certificate(arn) {
            Listed::There(standing) => Some((arn, standing)),
            Listed::Gone | Listed::Unknown => None,
        })
}

/// ACM has a certificate of the bundle, or could not be asked.
fn may_be_live(listing: &Listing, entry: &Entry) -> bool {
    let mut arns = entry.arns();
    arns.any(|arn| listing.certificate(arn) != Listed::Gone)
}

/// The news of bundles that were left as they were, and of the sweep as a whole.
pub(super) fn swept(listing: &Listing, index: &Index, report: &Report, world: Invocation<'_>) {
    let ends: BTreeMap<_, _> = index
        .bundles
        .iter()
        .filter_map(|(name, entry)| {
            let ends = live(listing, entry).filter_map(|(_, standing)| standing.not_after);
            Some((name, ends.min()?))
        })
        .collect();
    let worked_on = |name: &String| report.outcomes.contains_key(name);
    for (bundle, end) in ends.iter().filter(|(name, _)| !worked_on(name)) {
        (world.news)(News::Kept { bundle, end: *end });
    }
    (world.news)(News::Swept(Swept {
        bundles: report.bundles,
        worked_on: report.worked_on.len(),
        unfinished: report.unfinished.len(),
        not_listed: report.not_listed.len(),
        queued: report.queued.len(),
        left: report.left,
        first_end: ends.values().min().copied(),
        certificates: report
            .certificates
            .values()
            .max()
            .copied()
            .unwrap_or_default(),
        quota: report.certificate_quota,
    }));
}
