//! What became of a bundle in one target.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::arn::CertificateArn;
use crate::binding::{Found, Import};
use crate::certificate_detail::CertificateDetail;
use crate::fault::Fault;
use crate::finding::Finding;

/// A target's part of the work, done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetOutcome {
    /// What became of the bundle there.
    pub outcome: Outcome,
    /// The certificate there that belongs to the bundle now, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<CertificateArn>,
    /// All that ACM says of it, under ACM's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateDetail>,
    /// What ACM said of the certificate before it, where it was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<CertificateDetail>,
    /// What holds in this target. A summary has it among its own findings.
    #[serde(skip)]
    pub findings: Vec<Finding>,
    /// Why the certificate's tags are not yet as they ought to be. All else is done.
    #[serde(skip)]
    pub untagged: Option<Box<Fault>>,
}

impl TargetOutcome {
    /// Nothing was imported; `found` is the certificate that stays.
    #[must_use]
    pub fn kept(outcome: Outcome, findings: Vec<Finding>, found: Option<&Found>) -> Self {
        Self {
            outcome,
            certificate_arn: found.map(|found| found.arn.clone()),
            certificate: found.map(|found| found.detail.clone()),
            previous: None,
            findings,
            untagged: None,
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
            certificate_arn: Some(arn.clone()),
            certificate: Some(detail),
            previous: previous.map(|old| old.detail.clone()),
            findings,
            untagged: None,
        }
    }

    /// The same, with what came of its tags.
    #[must_use]
    pub fn tagged(mut self, findings: Vec<Finding>, untagged: Option<Fault>) -> Self {
        self.findings.extend(findings);
        self.untagged = untagged.map(Box::new);
        self
    }
}

/// A target's line in the summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TargetSummary {
    /// It is tried again.
    Unfinished {
        /// Why.
        fault: String,
    },
    /// It is done.
    Done(TargetOutcome),
}

impl TargetSummary {
    pub(super) fn of(result: &Result<TargetOutcome, Fault>) -> Self {
        match result {
            Ok(done) => Self::Done(TargetOutcome {
                findings: Vec::new(),
                untagged: None,
                ..done.clone()
            }),
            Err(fault) => Self::Unfinished {
                fault: fault.to_string(),
            },
        }
    }

    /// `None` where it is unfinished.
    #[must_use]
    pub fn done(&self) -> Option<&TargetOutcome> {
        match self {
            Self::Done(done) => Some(done),
            Self::Unfinished { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_target_is_done_or_unfinished_in_json_too() {
        let done = TargetOutcome {
            outcome: Outcome::Waiting,
            certificate_arn: None,
            certificate: None,
            previous: None,
            findings: Vec::new(),
            untagged: None,
        };
        for (result, expected) in [
            (Ok(done), json!({"outcome": "waiting"})),
            (
                Err(Fault::transient("no answer")),
                json!({"fault": "no answer; it will be retried"}),
            ),
        ] {
            let summary = TargetSummary::of(&result);
            assert_eq!(serde_json::to_value(&summary).expect("JSON"), expected);
            let read: TargetSummary = serde_json::from_value(expected).expect("a line");
            assert_eq!(read, summary);
        }
        assert!(serde_json::from_value::<TargetSummary>(json!({})).is_err());
    }
}
