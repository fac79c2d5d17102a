//! What the world is told of one bundle: one document, the same in every place.

pub mod metrics;
pub mod prose;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::binding::{CertificateArn, Found, Plan};
use crate::bundle_name::BundleName;
use crate::certificate_detail::CertificateDetail;
use crate::content_id::ContentId;
use crate::validate::finding::Finding;

/// What became of a bundle. All of these are finished: running again would change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// ACM has a new certificate.
    Imported,
    /// ACM has the new certificate under the old one's ARN.
    Replaced,
    /// ACM had this very certificate already.
    Unchanged,
    /// ACM has a newer certificate, which stays.
    Outdated,
    /// The bundle is bad; what ACM has stays.
    Rejected,
    /// Parts of the bundle are still to come.
    Waiting,
    /// The object was deleted before it was read.
    Gone,
}

impl Outcome {
    /// The outcome's name, as in the summary and in the object's tag.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Replaced => "replaced",
            Self::Unchanged => "unchanged",
            Self::Outdated => "outdated",
            Self::Rejected => "rejected",
            Self::Waiting => "waiting",
            Self::Gone => "gone",
        }
    }
}

/// The document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Version of certdrop that wrote it.
    pub certdrop: &'static str,
    /// What became of the bundle.
    pub outcome: Outcome,
    /// The bundle's name.
    pub bundle: String,
    /// The dropped object, or the folder of a bundle that is several objects.
    pub object: ObjectVersion,
    /// The certificate in ACM that belongs to the bundle, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
    /// What the summary was made from.
    pub content_id: String,
    /// When, RFC 3339.
    pub at: String,
    /// Errors first.
    pub findings: Vec<Finding>,
    /// All that ACM says of the certificate now, under ACM's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateDetail>,
    /// What ACM said of the certificate that was there before, where it was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<CertificateDetail>,
}

/// Where the bundle came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectVersion {
    /// The bucket's name.
    pub bucket: String,
    /// Object key, decoded; ends with `/` for a folder.
    pub key: String,
    /// Absent for folders and for buckets without versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// What every summary of one run begins with.
pub struct Heading<'a> {
    /// The bundle's name.
    pub bundle: &'a BundleName,
    /// Where the bundle came from.
    pub object: &'a ObjectVersion,
    /// What it was made from.
    pub content_id: &'a ContentId,
    /// The instant that the bundle was judged at.
    pub now: OffsetDateTime,
}

impl Heading<'_> {
    /// Nothing was imported; `found` is the certificate that stays.
    #[must_use]
    pub fn kept(&self, outcome: Outcome, findings: Vec<Finding>, found: Option<&Found>) -> Summary {
        let mut summary = self.summary(outcome, findings);
        summary.certificate_arn = found.map(|found| found.arn.to_string());
        summary.certificate = found.map(|found| found.detail.clone());
        summary
    }

    /// `plan` was carried out; ACM now has `arn` and says `detail` of it.
    #[must_use]
    pub fn imported(
        &self,
        plan: &Plan,
        findings: Vec<Finding>,
        arn: &CertificateArn,
        detail: CertificateDetail,
    ) -> Summary {
        let (outcome, previous) = match plan {
            Plan::Replace(old) => (Outcome::Replaced, Some(old)),
            Plan::ImportNew { superseded } => (Outcome::Imported, superseded.as_ref()),
            Plan::Unchanged(_) | Plan::Outdated(_) | Plan::Incompatible(..) => {
                (Outcome::Unchanged, None)
            }
        };
        let mut summary = self.summary(outcome, findings);
        summary.certificate_arn = Some(arn.to_string());
        summary.certificate = Some(detail);
        summary.previous = previous.map(|old| old.detail.clone());
        summary
    }

    fn summary(&self, outcome: Outcome, mut findings: Vec<Finding>) -> Summary {
        findings.sort_by_key(|finding| !finding.is_error());
        Summary {
            certdrop: env!("CARGO_PKG_VERSION"),
            outcome,
            bundle: self.bundle.to_string(),
            object: self.object.clone(),
            certificate_arn: None,
            content_id: self.content_id.to_string(),
            at: self.now.format(&Rfc3339).unwrap_or_default(),
            findings,
            certificate: None,
            previous: None,
        }
    }
}
