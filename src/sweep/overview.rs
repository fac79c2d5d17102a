//! What a person should know of all bundles, whatever a sweep works on. Pure: everything was listed before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::OffsetDateTime;

use super::index::{Entry, Index};
use super::plan::{ListedCertificate, Listing};
use crate::arn::CertificateArn;
use crate::binding::Standing;
use crate::config::Config;
use crate::inventory::Skipped;
use crate::summary::Outcome;
use crate::target::TargetName;
use crate::timestamp::Timestamp;

/// What the lists and the index tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Bundles whose certificate expires within the warning time, with its end.
    pub expiring: BTreeMap<String, Timestamp>,
    /// Bundles that still wait for parts, with the time at which the last part was dropped.
    pub waiting: BTreeMap<String, Timestamp>,
    /// Bundles whose current version stands rejected, with the codes of its errors. A new version that was not worked
    /// on yet is not among them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<String, BTreeSet<String>>,
    /// Certificates in ACM whose bundle is no longer in the bucket, by the bundle's name.
    pub without_bundle: BTreeMap<String, Vec<String>>,
    /// Certificates in ACM whose bundle the bucket's lifecycle removed, as `CERTDROP_BUNDLE_DAYS` has it, by the
    /// bundle's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bundle_removed: BTreeMap<String, Vec<String>>,
    /// Certificates in targets that their bundle no longer goes to, by the bundle's name. They are not renewed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, BTreeMap<TargetName, CertificateArn>>,
    /// Objects that belong to no bundle.
    #[serde(skip_serializing_if = "Skipped::is_empty")]
    pub skipped: Skipped,
    /// How many imported certificates each target has, certdrop's and others.
    pub certificates: BTreeMap<TargetName, usize>,
    /// How many a target may have.
    pub certificate_quota: usize,
}

impl Overview {
    /// Compares what was listed with what is known of each bundle.
    #[must_use]
    pub fn of(listing: &Listing, index: &Index, config: &Config, now: OffsetDateTime) -> Self {
        let certificates = listing.certificates.iter();
        let mut overview = Self {
            certificates: certificates
                .map(|(target, there)| (target.clone(), there.len()))
                .collect(),
            certificate_quota: config.certificate_quota,
            skipped: listing.skipped.clone(),
            ..Self::default()
        };
        for (name, entry) in &index.bundles {
            let is_removed = entry.is_removed(config.bundle_days, now);
            if !listing.has_bundle(name) {
                overview.add_certificates_of_gone(name, entry, listing, is_removed);
                if !is_removed {
                    continue;
                }
            }
            if !entry.left_out.is_empty() {
                overview
                    .left_out
                    .insert(name.clone(), entry.left_out.clone());
            }
            if let Some(end) = first_end(listing, entry)
                && end <= now + config.expiry_warning
            {
                overview.expiring.insert(name.clone(), Timestamp(end));
            }
            if entry.outcome == Outcome::Rejected {
                let codes = entry.error_codes().map(str::to_owned).collect();
                overview.rejected.insert(name.clone(), codes);
            }
            if entry.outcome == Outcome::Waiting {
                let since = entry.modified_at.unwrap_or(entry.at);
                overview.waiting.insert(name.clone(), Timestamp(since));
            }
        }
        overview
    }

    fn add_certificates_of_gone(
        &mut self,
        name: &str,
        entry: &Entry,
        listing: &Listing,
        is_removed: bool,
    ) {
        let left_out = entry.left_out.values();
        let left_out = left_out.filter(|arn| listing.certificate(arn) != ListedCertificate::Gone);
        let live = live(listing, entry).map(|(arn, _)| arn);
        let live: Vec<_> = live.chain(left_out).map(ToString::to_string).collect();
        let known = if is_removed {
            &mut self.bundle_removed
        } else {
            &mut self.without_bundle
        };
        if !live.is_empty() {
            known.insert(name.to_owned(), live);
        }
    }

    /// Targets that have used 80 % of the quota of imported certificates or more. One that has used it up takes no
    /// new certificate.
    pub fn near_quota(&self) -> impl Iterator<Item = (&TargetName, usize)> {
        let certificates = self
            .certificates
            .iter()
            .map(|(target, count)| (target, *count));
        certificates.filter(|(_, count)| count * 100 >= self.certificate_quota * 80)
    }
}

/// The end of the bundle's certificate that ends first, of those that ACM has.
pub(super) fn first_end(listing: &Listing, entry: &Entry) -> Option<OffsetDateTime> {
    let ends = live(listing, entry).filter_map(|(_, standing)| standing.not_after);
    ends.min()
}

/// The certificates of a bundle that ACM has, in all targets.
fn live<'a>(
    listing: &'a Listing,
    entry: &'a Entry,
) -> impl Iterator<Item = (&'a CertificateArn, &'a Standing)> {
    entry
        .arns()
        .filter_map(|arn| match listing.certificate(arn) {
            ListedCertificate::There(standing) => Some((arn, standing)),
            ListedCertificate::Gone | ListedCertificate::Unknown => None,
        })
}
