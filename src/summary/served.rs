//! What became of a bundle in one region.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::arn::CertificateArn;
use crate::binding::{Found, Import};
use crate::certificate_detail::CertificateDetail;
use crate::fault::Fault;
use crate::finding::Finding;

/// A region's part of the work, done.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// What became of the bundle there.
    pub outcome: Outcome,
    /// The certificate there that belongs to the bundle now, if any.
    pub arn: Option<CertificateArn>,
    /// All that ACM says of it.
    pub certificate: Option<CertificateDetail>,
    /// What ACM said of the certificate before it, where it was replaced.
    pub previous: Option<CertificateDetail>,
    /// What holds in this region.
    pub findings: Vec<Finding>,
}

impl Served {
    /// Nothing was imported; `found` is the certificate that stays.
    #[must_use]
    pub fn kept(outcome: Outcome, findings: Vec<Finding>, found: Option<&Found>) -> Self {
        Self {
            outcome,
            arn: found.map(|found| found.arn.clone()),
            certificate: found.map(|found| found.detail.clone()),
            previous: None,
            findings,
        }
    }

    /// `import` took effect; ACM now has `arn` and says `detail` of it.
    #[must_use]
    pub fn imported(
        import: &Import,
        findings: Vec<Finding>,
        arn: &CertificateArn,
        detail: CertificateDetail,
    ) -> Self {
        let previous = import.previous();
        Self {
            outcome: Outcome::of_import(import),
            arn: Some(arn.clone()),
            certificate: Some(detail),
            previous: previous.map(|old| old.detail.clone()),
            findings,
        }
    }
}

/// A region's line in the summary. It has an outcome or a fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionSummary {
    /// What became of the bundle there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why the region is unfinished. It is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The certificate there that belongs to the bundle, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<CertificateArn>,
    /// All that ACM says of it, under ACM's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateDetail>,
    /// What ACM said of the certificate before it, where it was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<CertificateDetail>,
}

impl RegionSummary {
    pub(super) fn of(result: &Result<Served, Fault>) -> Self {
        match result {
            Ok(served) => Self {
                outcome: Some(served.outcome),
                fault: None,
                certificate_arn: served.arn.clone(),
                certificate: served.certificate.clone(),
                previous: served.previous.clone(),
            },
            Err(fault) => Self {
                fault: Some(fault.to_string()),
                ..Self::default()
            },
        }
    }
}
