//! What the last sweep knew of each bundle: one document, so that the next one need not ask again.
//!
//! It is a cache. Without it every bundle is looked at once more, and nothing is lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::arn::CertificateArn;
use crate::bundle_name::BundleName;
use crate::certificate::SerialNumber;
use crate::certificate_detail::CertificateDetail;
use crate::content_id::ContentId;
use crate::finding::{self, Finding};
use crate::own_tags::TagSettingsId;
use crate::summary::{Outcome, Summary};
use crate::target::{TargetName, Targets};

/// The document: bundles by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Version of this form. Another one is not read.
    version: u32,
    /// By the bundle's name.
    pub bundles: BTreeMap<String, Entry>,
    /// It is no longer what was read.
    #[serde(skip)]
    is_changed: bool,
}

/// The most that is read of it, in bytes. Ten thousand bundles with findings take some ten million;
/// one that is larger still is forgotten, and each sweep reads all summaries.
pub const LARGEST: usize = 64 * 1024 * 1024;

/// The current form.
const VERSION: u32 = 2;

/// What became of a bundle when it was last worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it was made from.
    pub content_id: ContentId,
    /// What became of it.
    pub outcome: Outcome,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// When what was worked on had been written, its last file.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub modified_at: Option<OffsetDateTime>,
    /// S3's mark of the summary that this was read from. Absent where the sweep itself did the work: the next one
    /// reads the summary, which an event may have written anew by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_etag: Option<String>,
    /// What each of its targets serves for it.
    #[serde(default)]
    pub targets: BTreeMap<TargetName, KeptCertificate>,
    /// Certificates that stay in targets that it no longer goes to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<TargetName, CertificateArn>,
    /// Its tag that chooses among targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets_tag: Option<String>,
    /// The first of its certificate's names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// How many names it has beside those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_names: usize,
    /// The first of what was found, errors before warnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<KeptFinding>,
    /// How many findings there are beside those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_findings: usize,
    /// A target did not take it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unfinished: bool,
    /// Which settings for tags of certificates held then; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_settings: Option<TagSettingsId>,
    /// Time or a person's hand elsewhere may change the verdict on the same content.
    #[serde(default)]
    pub retry: bool,
}

/// A certificate as the index keeps it. All members are absent where a target has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCertificate {
    /// Its name in AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<CertificateArn>,
    /// Its serial number; absent where ACM did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialNumber>,
    /// Last instant of its validity.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub not_after: Option<OffsetDateTime>,
}

impl KeptCertificate {
    fn of(arn: Option<&CertificateArn>, certificate: Option<&CertificateDetail>) -> Self {
        Self {
            certificate_arn: arn.cloned(),
            serial: certificate.and_then(CertificateDetail::serial),
            not_after: certificate.and_then(CertificateDetail::not_after),
        }
    }
}

/// A finding as the index keeps it: what a person must read to act. The summary has it whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFinding {
    /// Stable name, see [`finding::Rule::code`].
    pub code: String,
    /// It stopped the import.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_error: bool,
    /// Whom it is about.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Names and findings of one bundle that are kept. The index of ten thousand bundles is read and
/// written whole by every sweep.
const NAMES_KEPT: usize = 10;
const FINDINGS_KEPT: usize = 5;

/// Characters that are kept of each text of a finding. Only long lists of names are longer.
const CHARACTERS_KEPT: usize = 400;

/// Codes whose verdict another sweep may change though the bundle stays the same: time passes, the
/// common passphrase is stored, ACM's rules, the settings or the role change, ACM shows what it has.
const RETRIED: [&str; 8] = [
    finding::NOT_YET_VALID.code,
    finding::KEY_ENCRYPTED.code,
    finding::WRONG_PASSPHRASE.code,
    finding::NO_PRIVATE_KEY.code,
    finding::REFUSED_BY_ACM.code,
    finding::NOT_SHOWN_YET.code,
    finding::ANSWER_LOST.code,
    finding::TAGS_NOT_SET.code,
];

impl Index {
    /// Reads a stored index; an empty one where it is of another form or damaged.
    #[must_use]
    pub fn from_json(json: &[u8]) -> Self {
        let index: Self = serde_json::from_slice(json).unwrap_or_default();
        if index.version == VERSION {
            index
        } else {
            Self::default()
        }
    }

    /// What is known of `bundle` with just this content.
    #[must_use]
    pub fn entry(&self, bundle: &BundleName, content: &ContentId) -> Option<&Entry> {
        let entry = self.bundles.get(bundle.as_str())?;
        (entry.content_id == *content).then_some(entry)
    }

    /// Takes the certificates of targets that are declared no more for such as are left out; and forgets those left out
    /// that are gone.
    pub fn keep_targets(&mut self, targets: &Targets, is_gone: impl Fn(&CertificateArn) -> bool) {
        for entry in self.bundles.values_mut() {
            let is_declared = |name: &TargetName| targets.get(name).is_some();
            let removed: Vec<_> = entry
                .targets
                .extract_if(.., |name, _| !is_declared(name))
                .collect();
            self.is_changed |= !removed.is_empty();
            let removed = removed.into_iter();
            let removed = removed.filter_map(|(name, kept)| Some((name, kept.certificate_arn?)));
            entry.left_out.extend(removed);
            let before = entry.left_out.len();
            entry.left_out.retain(|_, arn| !is_gone(arn));
            self.is_changed |= entry.left_out.len() != before;
        }
    }

    /// Forgets the bundles that are not to be kept.
    pub fn keep(&mut self, is_kept: impl Fn(&str, &Entry) -> bool) {
        let before = self.bundles.len();
        self.bundles.retain(|name, entry| is_kept(name, entry));
        self.is_changed |= self.bundles.len() != before;
    }

    /// It is to be written. Two indexes of ten thousand bundles, one to compare with, are megabytes.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Remembers what became of `bundle`. A summary does not tell of targets that are declared no more: what was left out
    /// there stays known.
    pub fn remember(&mut self, bundle: &BundleName, mut entry: Entry) {
        if let Some(before) = self.bundles.get(bundle.as_str()) {
            let left_out = before.left_out.iter();
            let left_out = left_out.filter(|(name, _)| !entry.targets.contains_key(name));
            let left_out: Vec<_> = left_out.collect();
            for (name, arn) in left_out {
                entry
                    .left_out
                    .entry(name.clone())
                    .or_insert_with(|| arn.clone());
            }
        }
        if self.bundles.get(bundle.as_str()) != Some(&entry) {
            self.version = VERSION;
            self.is_changed = true;
            self.bundles.insert(bundle.to_string(), entry);
        }
    }
}

impl Entry {
    /// What the index keeps of `summary`, where `home` is the home target.
    #[must_use]
    pub fn of(summary: &Summary, home: Option<&TargetName>) -> Self {
        let names = summary.names();
        let mut findings: Vec<_> = summary.findings.iter().collect();
        // The sweep goes by it, so it is among those that are kept.
        findings.sort_by_key(|finding| finding.code != finding::TAGS_FULL.code);
        Self {
            content_id: summary.content_id.clone(),
            outcome: summary.outcome,
            at: summary.at,
            modified_at: summary.object.modified_at,
            summary_etag: None,
            targets: kept_by_target(summary, home),
            left_out: summary.left_out.clone(),
            targets_tag: summary.targets_tag.clone(),
            more_names: names.len().saturating_sub(NAMES_KEPT),
            names: names
                .into_iter()
                .take(NAMES_KEPT)
                .map(str::to_owned)
                .collect(),
            more_findings: findings.len().saturating_sub(FINDINGS_KEPT),
            findings: findings
                .into_iter()
                .take(FINDINGS_KEPT)
                .map(KeptFinding::of)
                .collect(),
            unfinished: summary.is_unfinished(),
            tag_settings: summary.tag_settings.clone(),
            retry: is_retried(summary),
        }
    }

    /// The bucket's lifecycle has removed the bundle by now, so long after it was dropped. It removes bundles that are
    /// served, no others.
    #[must_use]
    pub fn is_removed(&self, bundle_days: Option<Duration>, now: OffsetDateTime) -> bool {
        let dropped_at = self.modified_at.unwrap_or(self.at);
        self.is_served() && bundle_days.is_some_and(|days| dropped_at + days <= now)
    }

    /// One of its findings that are kept is of `rule`.
    #[must_use]
    pub fn has_finding(&self, rule: &finding::Rule) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.code == rule.code)
    }

    /// The codes of its errors, of those findings that are kept.
    pub fn error_codes(&self) -> impl Iterator<Item = &str> {
        let errors = self.findings.iter().filter(|finding| finding.is_error);
        errors.map(|finding| finding.code.as_str())
    }

    /// ACM has this very version.
    #[must_use]
    pub fn is_served(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Imported | Outcome::Replaced | Outcome::Unchanged
        )
    }

    /// The bundle itself is bad or incomplete: what it serves is an earlier version, if anything.
    #[must_use]
    pub fn is_not_served(&self) -> bool {
        matches!(self.outcome, Outcome::Rejected | Outcome::Waiting)
    }

    /// The same, where an `earlier` version is what is served.
    #[must_use]
    pub fn serving(self, earlier: Self) -> Self {
        Self {
            targets: earlier.targets,
            names: earlier.names,
            more_names: earlier.more_names,
            ..self
        }
    }

    /// The certificates that ACM ought to have, one a target at most.
    pub fn certificates(&self) -> impl Iterator<Item = (&TargetName, &KeptCertificate)> {
        let targets = self.targets.iter();
        targets.filter(|(_, kept)| kept.certificate_arn.is_some())
    }

    /// Their ARNs.
    pub fn arns(&self) -> impl Iterator<Item = &CertificateArn> {
        self.certificates()
            .filter_map(|(_, kept)| kept.certificate_arn.as_ref())
    }
}

/// A summary of the home target alone names no targets.
fn kept_by_target(
    summary: &Summary,
    home: Option<&TargetName>,
) -> BTreeMap<TargetName, KeptCertificate> {
    if summary.targets.is_empty() {
        let certificate = summary.certificate.as_ref();
        let kept = KeptCertificate::of(summary.certificate_arn.as_ref(), certificate);
        return home.map(|home| (home.clone(), kept)).into_iter().collect();
    }
    let targets = summary.targets.iter().map(|(name, there)| {
        let kept = there.done().map(|there| {
            let arn = there.certificate_arn.as_ref();
            KeptCertificate::of(arn, there.certificate.as_ref())
        });
        (name.clone(), kept.unwrap_or_default())
    });
    targets.collect()
}

fn is_retried(summary: &Summary) -> bool {
    let mut codes = summary.findings.iter().map(|finding| finding.code.as_ref());
    codes.any(|code| RETRIED.contains(&code)) || summary.is_unfinished()
}

impl KeptFinding {
    fn of(finding: &Finding) -> Self {
        Self {
            code: finding.code.to_string(),
            is_error: finding.is_error(),
            subject: shortened(&finding.subject),
            message: shortened(&finding.message),
            remedy: shortened(&finding.remedy),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS_KEPT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;
    use serde_json::{Value, json};

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn entry(summary: &Value) -> Entry {
        let home = TargetName::parse("eu-central-1").expect("a target");
        let summary = Summary::deserialize(summary).expect("a summary");
        Entry::of(&summary, Some(&home))
    }

    fn summary(findings: &Value) -> Value {
        let names: Vec<_> = (0..12)
            .map(|number| format!("{number}.example.com"))
            .collect();
        json!({
            "certdrop": "0.1.0", "bundle": "0.example.com", "object": {"bucket": "bundles", "key": "drop/0.example.com.pem"},
            "content_id": ID, "outcome": "rejected", "at": "2026-12-01T00:00:00Z",
            "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
            "certificate": {"Serial": "01", "NotAfter": "2027-01-15T08:00:00Z",
                "DomainName": "0.example.com", "SubjectAlternativeNames": names},
            "findings": findings,
        })
    }

    #[test]
    fn an_entry_keeps_what_people_are_shown_and_no_more() {
        let finding = json!({"code": "key-mismatch", "severity": "error", "subject": "CN=x",
            "message": "ä".repeat(500), "remedy": "Drop the right key."});
        let mut retried = finding.clone();
        retried["code"] = json!(finding::NOT_YET_VALID.code);
        let mut findings = vec![finding; 6];
        findings.push(retried);
        let entry = entry(&summary(&json!(findings)));
        assert_eq!((entry.names.len(), entry.more_names), (10, 2));
        assert_eq!((entry.findings.len(), entry.more_findings), (5, 2));
        assert!(entry.findings[0].is_error);
        assert_eq!(entry.findings[0].message.chars().count(), 401);
        assert_eq!(
            entry
                .certificates()
                .next()
                .and_then(|(_, kept)| kept.not_after)
                .map(OffsetDateTime::unix_timestamp),
            Some(1_800_000_000)
        );
        assert!(entry.retry, "findings that are not kept count too");

        let stored = serde_json::to_vec(&entry).expect("it is JSON");
        let again: Entry = serde_json::from_slice(&stored).expect("it is an entry");
        assert_eq!(again, entry);
    }

    #[test]
    fn an_index_of_another_form_is_forgotten_and_members_may_be_absent() {
        for (version, bundles) in [(1, 0), (2, 1), (3, 0)] {
            let json = json!({"version": version, "bundles": {"a": {
                "content_id": ID, "outcome": "imported", "at": "2026-12-01T00:00:00Z",
            }}});
            let index = Index::from_json(json.to_string().as_bytes());
            assert_eq!(index.bundles.len(), bundles, "{version}");
        }
    }

    #[test]
    fn what_is_left_out_stays_known_until_it_is_gone() {
        let region = |name| Region::parse(name).expect("a region");
        let two = Targets::of_regions(&["eu-central-1", "us-east-1"].map(region));
        let one = Targets::of_regions(&[region("eu-central-1")]);
        let there = |region: &str| {
            json!({"outcome": "imported", "certificate_arn": format!("arn:aws:acm:{region}:123456789012:certificate/1"),
                "certificate": {"Serial": "02", "NotAfter": "2027-01-15T08:00:00Z"}})
        };
        let bundle = BundleName::new("0.example.com").expect("a name");
        let left_out = |index: &Index| {
            let entry = &index.bundles[bundle.as_str()];
            entry
                .left_out
                .keys()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        let mut json = summary(&json!([]));
        json["targets"] =
            json!({"eu-central-1": there("eu-central-1"), "us-east-1": there("us-east-1")});
        let both = entry(&json);
        let mut index = Index::default();
        index.remember(&bundle, both.clone());
        index.keep_targets(&two, |_| false);
        assert_eq!(left_out(&index), Vec::<String>::new());

        index.keep_targets(&one, |_| false);
        assert_eq!(left_out(&index), ["us-east-1"]);
        let mut json = summary(&json!([]));
        json["targets"] = json!({"eu-central-1": there("eu-central-1")});
        index.remember(&bundle, entry(&json));
        assert_eq!(
            left_out(&index),
            ["us-east-1"],
            "a later summary does not tell of it"
        );

        let mut back = index.clone();
        back.remember(&bundle, both);
        assert_eq!(left_out(&back), Vec::<String>::new(), "it goes there again");
        index.keep_targets(&one, |_| true);
        assert_eq!(
            left_out(&index),
            Vec::<String>::new(),
            "ACM no longer has it"
        );
    }

    #[test]
    fn an_entry_keeps_a_certificate_for_each_target_and_tries_unfinished_ones_again() {
        let mut json = summary(&json!([]));
        json["targets"] = json!({
            "eu-central-1": {"outcome": "replaced", "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"},
            "us-east-1": {"outcome": "imported", "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/2",
                "certificate": {"Serial": "02", "NotAfter": "2027-01-15T08:00:00Z"}},
        });
        let kept = entry(&json);
        let regions: Vec<_> = kept.arns().map(|arn| arn.region().as_str()).collect();
        assert_eq!(regions, ["eu-central-1", "us-east-1"]);
        assert!(!kept.retry);
        json["targets"]["us-east-1"] = json!({"fault": "no answer in time"});
        let entry = entry(&json);
        assert!(entry.retry);
        assert_eq!(entry.certificates().count(), 1);

        let stored = serde_json::to_vec(&entry).expect("it is JSON");
        let again: Entry = serde_json::from_slice(&stored).expect("it is an entry");
        assert_eq!(again, entry);
    }
}
