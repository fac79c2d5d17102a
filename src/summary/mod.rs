//! What the world is told of one bundle: one document, the same in every place.

pub mod metrics;
pub mod notice;
pub mod prose;
mod target;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::arn::CertificateArn;
use crate::binding::{Import, Keep};
use crate::bundle_name::BundleName;
use crate::certificate_detail::CertificateDetail;
use crate::content_id::ContentId;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::own_tags::TagSettingsId;
use crate::target::TargetName;
pub use target::{TargetOutcome, TargetSummary};

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
    /// What has become of a bundle once `import` took effect.
    #[must_use]
    pub fn of_import(import: &Import) -> Self {
        match import {
            Import::New { .. } => Self::Imported,
            Import::Replace(_) => Self::Replaced,
        }
    }

    /// What has become of a bundle where nothing was sent.
    #[must_use]
    pub fn of_keep(keep: &Keep) -> Self {
        match keep {
            Keep::Unchanged(_) => Self::Unchanged,
            Keep::Outdated(_) => Self::Outdated,
            Keep::Incompatible(..) => Self::Rejected,
        }
    }

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

    /// How much a person wants to know of it, where targets differ: what is bad most, no change least.
    fn weight(self) -> u8 {
        match self {
            Self::Gone => 0,
            Self::Unchanged => 1,
            Self::Waiting => 2,
            Self::Replaced => 3,
            Self::Imported => 4,
            Self::Outdated => 5,
            Self::Rejected => 6,
        }
    }
}

/// The document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of certdrop that wrote it.
    pub certdrop: Cow<'static, str>,
    /// What became of the bundle.
    pub outcome: Outcome,
    /// The bundle's name.
    pub bundle: BundleName,
    /// The dropped object, or the folder of a bundle that is several objects.
    pub object: ObjectVersion,
    /// The certificate in the home target's ACM that belongs to the bundle, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<CertificateArn>,
    /// What the summary was made from.
    pub content_id: ContentId,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Errors first.
    pub findings: Vec<Finding>,
    /// All that the home target's ACM says of the certificate now, under ACM's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateDetail>,
    /// What ACM said of the certificate that was there before, where it was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<CertificateDetail>,
    /// What became of it in each target; absent where the home target is the only one.
    #[serde(default, alias = "regions", skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<TargetName, TargetSummary>,
    /// Certificates that stay in targets that the bundle no longer goes to. They are not renewed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<TargetName, CertificateArn>,
    /// The value of the tag [`TARGETS_TAG`](crate::tag::TARGETS_TAG), where the bundle has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets_tag: Option<String>,
    /// Which settings for tags of certificates held; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_settings: Option<TagSettingsId>,
}

impl Summary {
    /// The certificates that belong to the bundle now.
    #[must_use]
    pub fn arns(&self) -> Vec<CertificateArn> {
        let home = self.certificate_arn.iter();
        let everywhere = self
            .done()
            .filter_map(|there| there.certificate_arn.as_ref());
        let mut arns: Vec<_> = home.chain(everywhere).cloned().collect();
        arns.sort();
        arns.dedup();
        arns
    }

    /// A target did not take the bundle.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.targets.values().any(|there| there.done().is_none())
    }

    /// It tells people nothing that `earlier` did not: the same upload has the same outcome everywhere, for the same
    /// reasons, and nothing was imported since.
    #[must_use]
    pub fn repeats(&self, earlier: &Self) -> bool {
        let told: BTreeMap<_, _> = earlier.outcomes().collect();
        self.object == earlier.object
            && self.outcomes().count() == told.len()
            && self
                .outcomes()
                .all(|(name, now)| told.get(&name).is_some_and(|then| adds_nothing(now, *then)))
            && self.reasons() == earlier.reasons()
    }

    /// What became of it, in all and by target; `None` where a target is unfinished.
    fn outcomes(&self) -> impl Iterator<Item = (Option<&TargetName>, Option<Outcome>)> {
        let targets = self.targets.iter();
        let targets =
            targets.map(|(name, there)| (Some(name), there.done().map(|done| done.outcome)));
        std::iter::once((None, Some(self.outcome))).chain(targets)
    }

    /// The codes of what was found, each with the target that it is about.
    fn reasons(&self) -> BTreeSet<(&str, Option<&TargetName>)> {
        let findings = self.findings.iter();
        findings
            .map(|finding| (finding.code.as_ref(), finding.target.as_ref()))
            .collect()
    }

    /// What became of it in each target that is done.
    fn done(&self) -> impl Iterator<Item = &TargetOutcome> {
        self.targets.values().filter_map(TargetSummary::done)
    }

    /// The names of the certificate that is served, those of the first target that serves one.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let first = self.certificates().next();
        first.map_or_else(Vec::new, CertificateDetail::names)
    }

    /// When the first of the bundle's certificates ends.
    #[must_use]
    pub fn first_end(&self) -> Option<OffsetDateTime> {
        let ends = self.certificates().filter_map(CertificateDetail::not_after);
        ends.min()
    }

    /// What ACM says of each of the bundle's certificates, the home target's first.
    fn certificates(&self) -> impl Iterator<Item = &CertificateDetail> {
        let everywhere = self.done().filter_map(|there| there.certificate.as_ref());
        self.certificate.iter().chain(everywhere)
    }
}

/// Who heard of the outcome `then` learns nothing from the outcome `now`.
fn adds_nothing(now: Option<Outcome>, then: Option<Outcome>) -> bool {
    match now {
        // Something was imported, whatever was imported before.
        Some(Outcome::Imported | Outcome::Replaced) => false,
        Some(Outcome::Unchanged) => matches!(
            then,
            Some(Outcome::Imported | Outcome::Replaced | Outcome::Unchanged)
        ),
        _ => now == then,
    }
}

/// Where the bundle came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectVersion {
    /// The bucket's name.
    pub bucket: String,
    /// Object key, decoded; ends with `/` for a folder.
    pub key: String,
    /// Absent for folders and for buckets without versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// When it was written, a folder's last file. S3 tells whole seconds.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub modified_at: Option<OffsetDateTime>,
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
    /// The home target.
    pub home: Option<&'a TargetName>,
    /// The value of the tag [`TARGETS_TAG`](crate::tag::TARGETS_TAG), where the bundle has one.
    pub targets_tag: Option<&'a str>,
}

impl Heading<'_> {
    /// The bundle was not there any more.
    #[must_use]
    pub fn gone(&self) -> Summary {
        self.empty(Outcome::Gone)
    }

    /// `findings` are about the bundle itself; `everywhere` is what became of it, target by target.
    /// The outcome is the most notable one of any of them.
    #[must_use]
    pub fn summary(
        &self,
        findings: Vec<Finding>,
        everywhere: &[(TargetName, Result<TargetOutcome, Fault>)],
    ) -> Summary {
        let done = || {
            everywhere
                .iter()
                .filter_map(|(_, result)| result.as_ref().ok())
        };
        let outcome = done()
            .map(|there| there.outcome)
            .max_by_key(|outcome| outcome.weight());
        let mut summary = self.empty(outcome.unwrap_or(Outcome::Gone));
        summary.findings = findings;
        let is_home = |name: &TargetName| Some(name) == self.home;
        let at_home = everywhere.iter().find(|(name, _)| is_home(name));
        if let Some((_, Ok(home))) = at_home {
            summary.certificate_arn.clone_from(&home.certificate_arn);
            summary.certificate.clone_from(&home.certificate);
            summary.previous.clone_from(&home.previous);
        }
        if let [(name, Ok(alone))] = everywhere
            && is_home(name)
        {
            summary.findings.extend(alone.findings.iter().cloned());
        } else {
            for (name, result) in everywhere {
                let findings = result.iter().flat_map(|there| &there.findings);
                let findings = findings.map(|finding| finding.clone().in_target(name));
                summary.findings.extend(findings);
                summary
                    .targets
                    .insert(name.clone(), TargetSummary::of(result));
            }
        }
        summary.findings.sort_by_key(|finding| !finding.is_error());
        summary
    }

    fn empty(&self, outcome: Outcome) -> Summary {
        Summary {
            certdrop: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
            outcome,
            bundle: self.bundle.clone(),
            object: self.object.clone(),
            certificate_arn: None,
            content_id: self.content_id.clone(),
            at: self.now,
            findings: Vec::new(),
            certificate: None,
            previous: None,
            targets: BTreeMap::new(),
            left_out: BTreeMap::new(),
            targets_tag: self.targets_tag.map(str::to_owned),
            tag_settings: None,
        }
    }
}
