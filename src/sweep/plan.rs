//! Which bundles a sweep has to work on, and why. Pure: everything was listed before.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use time::OffsetDateTime;

use super::index::{Entry, Index};
use crate::binding::{CertificateArn, Standing};
use crate::bundle_name::BundleName;
use crate::content_id::ContentId;
use crate::inventory::Dropped;

/// Why a bundle is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No summary tells what became of this content: an event was missed, or the work unfinished.
    NotDone,
    /// The verdict may be another one today.
    Retry,
    /// ACM no longer has the certificate.
    CertificateGone,
    /// ACM has another certificate under the ARN.
    CertificateChanged,
}

/// What has to be done about one bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: all is as it was left.
    Nothing,
    /// Its summary has to be read first: an event brought something since the last sweep.
    ReadSummary,
    /// It has to be worked on.
    Work(Reason),
}

/// Everything that was listed.
#[derive(Debug, Default)]
pub struct Listing {
    /// What lies below the drop prefix.
    pub bundles: BTreeMap<BundleName, Dropped>,
    /// Versions of secret parameters, by name.
    pub secrets: HashMap<String, i64>,
    /// When each summary was written, by key.
    pub summaries: HashMap<String, OffsetDateTime>,
    /// All imported certificates; `None` where ACM has no search.
    pub certificates: Option<HashMap<CertificateArn, Standing>>,
}

/// Decides about one bundle. `content` is what it is made from now, `summary_key` where its summary
/// would be.
#[must_use]
pub fn step(
    listing: &Listing,
    index: &Index,
    bundle: &BundleName,
    content: &ContentId,
    summary_key: &str,
) -> Step {
    let modified_at = listing.bundles.get(bundle).and_then(Dropped::modified_at);
    let written_at = listing.summaries.get(summary_key).copied();
    // The same content may be dropped again after another: only a summary that is not older than
    // the objects is about this drop. S3 tells both times in whole seconds.
    if written_at < modified_at || written_at.is_none() {
        return Step::Work(Reason::NotDone);
    }
    match index.entry(bundle, content) {
        Some(entry) => check(listing, entry),
        None => Step::ReadSummary,
    }
}

/// Compares what was left with what ACM has.
#[must_use]
pub fn check(listing: &Listing, entry: &Entry) -> Step {
    if entry.retry {
        return Step::Work(Reason::Retry);
    }
    let (Some(certificates), Some((arn, serial))) = (&listing.certificates, entry.certificate())
    else {
        return Step::Nothing;
    };
    match certificates.get(&arn) {
        None => Step::Work(Reason::CertificateGone),
        Some(standing) => match &standing.serial {
            Some(there) if *there != serial => Step::Work(Reason::CertificateChanged),
            _ => Step::Nothing,
        },
    }
}
