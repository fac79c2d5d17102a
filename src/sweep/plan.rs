//! Which bundles a sweep has to work on, and why. Pure: everything was listed before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;

use super::index::{Entry, Index, KeptCertificate};
use crate::arn::CertificateArn;
use crate::binding::Standing;
use crate::bundle_name::BundleName;
use crate::content_id::ContentId;
use crate::fault::Fault;
use crate::finding;
use crate::inventory::{Dropped, Skipped};
use crate::own_tags::TagSettingsId;
use crate::secret_names::SecretVersion;
use crate::target::{Target, TargetName, Targets};

/// Why a bundle is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No summary tells what became of this content: an event was missed, or the work unfinished.
    NotDone,
    /// A worker did not come to its end: the summary may be there, and tags or parameters not.
    Interrupted,
    /// Another version of the bundle was worked on after the current one.
    OtherVersion,
    /// The verdict may be another one today.
    Retry,
    /// ACM no longer has the certificate.
    CertificateGone,
    /// ACM has another certificate under the ARN.
    CertificateChanged,
    /// A target was added to those that the bundle goes to.
    TargetAdded,
    /// The bundle no longer goes to a target that has its certificate.
    TargetRemoved,
    /// The rules allow the bundle now what its tag names, or no longer.
    RulesChanged,
    /// The settings for tags of certificates were changed.
    TagsChanged,
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
    /// What lies there and belongs to no bundle.
    pub skipped: Skipped,
    /// Versions of stored secrets, by the name of the parameter.
    pub secrets: HashMap<String, SecretVersion>,
    /// The summaries that were written, by key.
    pub summaries: HashMap<String, Written>,
    /// Bundles whose lease was neither given back nor is held: their worker died, or AWS did not answer it.
    pub left_leases: BTreeSet<BundleName>,
    /// Where certificates are served.
    pub targets: Arc<Targets>,
    /// All imported certificates, by target; a target is absent where its ACM cannot be searched.
    pub certificates: BTreeMap<TargetName, HashMap<CertificateArn, Standing>>,
    /// Targets whose certificates could not be listed, and why. They are left out of the work.
    pub not_listed: BTreeMap<TargetName, Fault>,
    /// Which settings for tags of certificates hold; `None` where there are none.
    pub tag_settings: Option<TagSettingsId>,
}

/// A summary as it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// When. S3 tells whole seconds.
    pub at: OffsetDateTime,
    /// S3's mark of its content.
    pub etag: String,
}

/// What was listed of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedCertificate<'a> {
    /// ACM has it.
    There(&'a Standing),
    /// ACM no longer has it.
    Gone,
    /// Its target's ACM was not searched, or it is in none of the targets.
    Unknown,
}

impl Listing {
    /// What was listed of `arn`.
    #[must_use]
    pub fn certificate(&self, arn: &CertificateArn) -> ListedCertificate<'_> {
        let target = self.targets.of(arn);
        match target.and_then(|target| self.certificates.get(&target.name)) {
            Some(there) => there
                .get(arn)
                .map_or(ListedCertificate::Gone, ListedCertificate::There),
            None => ListedCertificate::Unknown,
        }
    }

    /// The bundle with this name is in the bucket.
    #[must_use]
    pub fn has_bundle(&self, name: &str) -> bool {
        BundleName::new(name).is_some_and(|bundle| self.bundles.contains_key(&bundle))
    }

    /// What `index` knows, put into the terms of the targets that there are now.
    pub fn keep_targets(&self, index: &mut Index) {
        let is_gone = |arn: &CertificateArn| self.certificate(arn) == ListedCertificate::Gone;
        index.keep_targets(&self.targets, is_gone);
    }

    /// ACM has a certificate of the bundle, or could not be asked.
    #[must_use]
    pub fn may_be_live(&self, entry: &Entry) -> bool {
        let mut arns = entry.arns().chain(entry.left_out.values());
        arns.any(|arn| self.certificate(arn) != ListedCertificate::Gone)
    }

    /// Targets that the bundle goes to, and of which nothing is known of it: they were added since, or their name was
    /// that of another place.
    #[must_use]
    pub fn targets_without(&self, bundle: &BundleName, entry: &Entry) -> Vec<&TargetName> {
        let targets = self.targets_of(bundle, entry);
        let names = targets.iter().map(|target| &target.name);
        names
            .filter(|name| {
                let kept = entry.targets.get(name);
                kept.is_none_or(|kept| self.is_elsewhere(name, kept))
            })
            .collect()
    }

    /// The certificate is not where `target` is now.
    fn is_elsewhere(&self, target: &TargetName, kept: &KeptCertificate) -> bool {
        let arn = kept.certificate_arn.as_ref();
        arn.is_some_and(|arn| {
            let place = self.targets.of(arn);
            place.is_none_or(|place| place.name != *target)
        })
    }

    /// Where the bundle goes; or, where its tag names what the rules do not allow, where it might go.
    fn targets_of(&self, bundle: &BundleName, entry: &Entry) -> Vec<&Target> {
        let tagged = self.targets.of_bundle(bundle, entry.targets_tag.as_deref());
        let allowed = || self.targets.of_bundle(bundle, None).unwrap_or_default();
        tagged.unwrap_or_else(|_| allowed())
    }

    /// The bundle has a certificate in a target that it no longer goes to.
    fn has_left(&self, bundle: &BundleName, entry: &Entry) -> bool {
        let targets = self.targets_of(bundle, entry);
        let goes_to = |name: &TargetName| targets.iter().any(|target| target.name == *name);
        let mut there = entry.certificates();
        there.any(|(name, _)| !goes_to(name))
    }

    /// What the rules say of the bundle's tag is no longer what it was judged by.
    fn has_other_rules(&self, bundle: &BundleName, entry: &Entry) -> bool {
        let tagged = self.targets.of_bundle(bundle, entry.targets_tag.as_deref());
        tagged.is_err() != entry.has_finding(&finding::TARGET_NOT_ALLOWED)
    }

    /// All summaries by the name of their bundle, each with its key.
    #[must_use]
    pub fn summaries_by_bundle(&self, summary_prefix: &str) -> Summaries<'_> {
        let mut by_bundle: BTreeMap<&str, Vec<(&str, &Written)>> = BTreeMap::new();
        for (key, written) in &self.summaries {
            let path = key.strip_prefix(summary_prefix);
            if let Some((name, _)) = path.and_then(|path| path.split_once('/')) {
                by_bundle.entry(name).or_default().push((key, written));
            }
        }
        Summaries(by_bundle)
    }
}

/// The summaries that were listed, by bundle. Each content of a bundle has its own.
#[derive(Debug)]
pub struct Summaries<'a>(BTreeMap<&'a str, Vec<(&'a str, &'a Written)>>);

impl Summaries<'_> {
    /// The event of another version of `bundle` was worked on after the content whose summary is at `key`: it may have
    /// brought a newer certificate, under another ARN. S3 tells whole seconds: within one nothing is later.
    fn is_followed(&self, bundle: &BundleName, key: &str, written: &Written) -> bool {
        let all = self.0.get(bundle.as_str()).map_or(&[][..], Vec::as_slice);
        all.iter()
            .any(|(other, later)| *other != key && later.at > written.at)
    }

    /// There is one of the bundle with this name.
    #[must_use]
    pub fn has(&self, bundle: &str) -> bool {
        self.0.contains_key(bundle)
    }

    /// Bundles without objects, each with the key of its latest summary.
    pub fn without_objects(&self, listing: &Listing) -> impl Iterator<Item = (BundleName, &str)> {
        self.0.iter().filter_map(|(name, all)| {
            let bundle = BundleName::new(name)?;
            let (key, _) = all.iter().max_by_key(|(_, written)| written.at)?;
            (!listing.bundles.contains_key(&bundle)).then_some((bundle, *key))
        })
    }
}

/// Decides about one bundle. `content` is what it is made from now, `summary_key` where its summary
/// would be.
#[must_use]
pub fn step(
    listing: &Listing,
    summaries: &Summaries<'_>,
    index: &Index,
    bundle: &BundleName,
    content: &ContentId,
    summary_key: &str,
) -> Step {
    let modified_at = listing.bundles.get(bundle).and_then(Dropped::modified_at);
    // The same content may be dropped again after another: only a summary that is not older than
    // the objects is about this drop. S3 tells both times in whole seconds.
    let written = listing.summaries.get(summary_key);
    let Some(written) = written.filter(|written| Some(written.at) >= modified_at) else {
        return Step::Work(Reason::NotDone);
    };
    if listing.left_leases.contains(bundle) {
        return Step::Work(Reason::Interrupted);
    }
    // Behind a version that is not served others are looked at anyway, by `earlier`.
    let is_served = !index
        .entry(bundle, content)
        .is_some_and(Entry::is_not_served);
    if is_served && summaries.is_followed(bundle, summary_key, written) {
        return Step::Work(Reason::OtherVersion);
    }
    // An event may have written it anew since, with another outcome of the same content.
    let known = index.entry(bundle, content);
    match known.filter(|entry| entry.summary_etag.as_ref() == Some(&written.etag)) {
        Some(entry) => check(listing, bundle, entry),
        None => Step::ReadSummary,
    }
}

/// Compares what was left with what the bucket and ACM have.
#[must_use]
pub fn check(listing: &Listing, bundle: &BundleName, entry: &Entry) -> Step {
    // The same content may have been uploaded once more while it was worked on, and lie there without tags.
    let modified_at = listing.bundles.get(bundle).and_then(Dropped::modified_at);
    if entry.modified_at.is_some() && entry.modified_at != modified_at {
        return Step::Work(Reason::NotDone);
    }
    if entry.retry {
        return Step::Work(Reason::Retry);
    }
    if listing.has_other_rules(bundle, entry) {
        return Step::Work(Reason::RulesChanged);
    }
    if !is_finished(listing, bundle, entry) {
        return Step::Work(Reason::TargetAdded);
    }
    if listing.has_left(bundle, entry) {
        return Step::Work(Reason::TargetRemoved);
    }
    let mut reasons = entry
        .certificates()
        .filter_map(|(_, kept)| changed(listing, kept));
    let reason = reasons.next();
    let reason = reason.or_else(|| has_other_tags(listing, entry).then_some(Reason::TagsChanged));
    reason.map_or(Step::Nothing, Step::Work)
}

/// Its certificates were tagged by other settings. Where the settings name no tags any more, and where another version
/// is served, no work would change their tags.
fn has_other_tags(listing: &Listing, entry: &Entry) -> bool {
    let settings = &listing.tag_settings;
    settings.is_some() && entry.is_served() && entry.tag_settings != *settings
}

/// No target failed to take what was worked on, and none was added since.
#[must_use]
pub fn is_finished(listing: &Listing, bundle: &BundleName, entry: &Entry) -> bool {
    !entry.unfinished && listing.targets_without(bundle, entry).is_empty()
}

fn changed(listing: &Listing, kept: &KeptCertificate) -> Option<Reason> {
    let (arn, serial) = (kept.certificate_arn.as_ref()?, kept.serial.as_ref()?);
    match listing.certificate(arn) {
        ListedCertificate::Gone => Some(Reason::CertificateGone),
        ListedCertificate::There(standing) => {
            let is_other = standing
                .serial
                .as_ref()
                .is_some_and(|there| there != serial);
            is_other.then_some(Reason::CertificateChanged)
        }
        ListedCertificate::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content_id::Source;
    use crate::inventory::{self, by_bundle};
    use crate::region::Region;
    use serde_json::json;
    use time::Duration;
    use time::macros::datetime;

    const KEY: &str = "summaries/www.example.com/id.json";
    const DROPPED: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);
    const REGION: &str = "eu-central-1";
    const OTHER: &str = "us-east-1";
    const ARN: &str = "arn:aws:acm:eu-central-1:123456789012:certificate/1";

    fn settings(set: &str) -> Option<TagSettingsId> {
        let settings = crate::own_tags::TagSettings::read(set, "", "");
        settings.expect("they are right").id()
    }

    #[test]
    fn a_bundle_that_was_tagged_by_other_settings_is_due_where_it_is_served() {
        let bundle = BundleName::new("www.example.com").expect("a name");
        let (ours, before) = (settings("team=a"), settings("team=b"));
        for (outcome, of_entry, of_sweep, is_due) in [
            ("imported", &ours, &ours, false),
            ("imported", &before, &ours, true),
            ("replaced", &None, &ours, true),
            ("unchanged", &before, &ours, true),
            ("unchanged", &before, &None, false),
            ("unchanged", &None, &None, false),
            ("rejected", &before, &ours, false),
            ("outdated", &before, &ours, false),
            ("waiting", &before, &ours, false),
        ] {
            let entry = json!({"content_id": "0".repeat(32), "outcome": outcome, "tag_settings": of_entry,
                "at": "2026-12-01T00:00:00Z", "targets": {REGION: {"certificate_arn": ARN, "serial": "01:02"}}});
            let entry: Entry = serde_json::from_value(entry).expect("an entry");
            let listing = Listing {
                targets: Arc::new(targets(1)),
                certificates: BTreeMap::from([(home(), standing("01:02"))]),
                tag_settings: of_sweep.clone(),
                ..Listing::default()
            };
            let expected = if is_due {
                Step::Work(Reason::TagsChanged)
            } else {
                Step::Nothing
            };
            let step = check(&listing, &bundle, &entry);
            assert_eq!(step, expected, "{outcome} {of_entry:?} {of_sweep:?}");
        }
    }

    fn standing(serial: &str) -> HashMap<CertificateArn, Standing> {
        let arn = CertificateArn::parse(ARN).expect("an ARN");
        let standing = Standing {
            serial: crate::certificate::SerialNumber::from_hexadecimal(serial),
            not_after: None,
        };
        HashMap::from([(arn, standing)])
    }

    fn home() -> TargetName {
        TargetName::parse(REGION).expect("a target")
    }

    fn targets(regions: usize) -> Targets {
        let regions = [REGION, OTHER].iter().take(regions);
        let regions: Vec<_> = regions.filter_map(|name| Region::parse(name)).collect();
        Targets::of_regions(&regions)
    }

    fn decide(
        seconds: Option<i64>,
        entry: Option<(&str, bool)>,
        certificates: Option<HashMap<CertificateArn, Standing>>,
    ) -> Step {
        decide_for(1, seconds, entry, certificates)
    }

    /// The step for a bundle whose summary was written `seconds` after the drop, which the index
    /// knows (or not) as made from this content (or another), with what ACM has, where so many regions are
    /// served.
    fn decide_for(
        regions: usize,
        seconds: Option<i64>,
        entry: Option<(&str, bool)>,
        certificates: Option<HashMap<CertificateArn, Standing>>,
    ) -> Step {
        let bundle = BundleName::new("www.example.com").expect("a name");
        let object = inventory::Listed {
            key: "drop/www.example.com.pem".into(),
            etag: "1".into(),
            modified_at: DROPPED,
            version_id: None,
        };
        let content = ContentId::of(vec![Source {
            name: object.key.clone(),
            version: "1".into(),
        }]);
        let written = seconds.map(|seconds| {
            let written = Written {
                at: DROPPED + Duration::seconds(seconds),
                etag: "1".to_owned(),
            };
            (KEY.to_owned(), written)
        });
        let listing = Listing {
            bundles: by_bundle(vec![object], "drop/"),
            summaries: written.into_iter().collect(),
            targets: Arc::new(targets(regions)),
            certificates: certificates
                .into_iter()
                .map(|there| (home(), there))
                .collect(),
            ..Listing::default()
        };
        let bundles = entry.map_or_else(|| json!({}), |(made_from, retry)| {
            let content = if made_from == "other" { "0".repeat(32) } else { content.to_string() };
            let etag = if made_from == "summary before" { "0" } else { "1" };
            let modified_at = if made_from == "upload before" { "2026-11-30T23:59:59Z" } else { "2026-12-01T00:00:00Z" };
            json!({"www.example.com": {"content_id": content, "outcome": "imported", "retry": retry,
                "modified_at": modified_at, "summary_etag": etag,
                "at": "2026-12-01T00:00:00Z", "targets": {REGION: {"certificate_arn": ARN, "serial": "01:02"}}}})
        });
        let index = Index::from_json(
            json!({"version": 2, "bundles": bundles})
                .to_string()
                .as_bytes(),
        );
        let summaries = listing.summaries_by_bundle("summaries/");
        step(&listing, &summaries, &index, &bundle, &content, KEY)
    }

    #[test]
    fn a_version_that_was_worked_on_later_makes_the_current_one_due() {
        let written = |seconds| Written {
            at: DROPPED + Duration::seconds(seconds),
            etag: "1".to_owned(),
        };
        for (name, other, seconds, expected) in [
            (
                "an older version, before",
                "www.example.com/other",
                9,
                false,
            ),
            ("in the same second", "www.example.com/other", 10, false),
            ("after", "www.example.com/other", 11, true),
            ("of another bundle", "www.example.com.old/other", 11, false),
            ("the page", "status", 11, false),
        ] {
            let listing = Listing {
                summaries: HashMap::from([
                    (KEY.to_owned(), written(10)),
                    (format!("summaries/{other}.json"), written(seconds)),
                ]),
                ..Listing::default()
            };
            let summaries = listing.summaries_by_bundle("summaries/");
            let bundle = BundleName::new("www.example.com").expect("a name");
            let found = summaries.is_followed(&bundle, KEY, &written(10));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn each_bundle_gets_the_step_that_its_state_asks_for() {
        let known = Some(("this", false));
        let there = || Some(standing("01:02"));
        let empty = Some(HashMap::new());
        for (name, step, expected) in [
            (
                "never summarised",
                decide(None, known, there()),
                Step::Work(Reason::NotDone),
            ),
            (
                "dropped again since",
                decide(Some(-1), known, there()),
                Step::Work(Reason::NotDone),
            ),
            (
                "done in the same second",
                decide(Some(0), known, there()),
                Step::Nothing,
            ),
            ("done", decide(Some(60), known, there()), Step::Nothing),
            (
                "done by an event",
                decide(Some(60), None, there()),
                Step::ReadSummary,
            ),
            (
                "changed by an event",
                decide(Some(60), Some(("other", false)), there()),
                Step::ReadSummary,
            ),
            (
                "the same content, worked on by an event",
                decide(Some(60), Some(("summary before", false)), there()),
                Step::ReadSummary,
            ),
            (
                "uploaded once more during the work",
                decide(Some(60), Some(("upload before", false)), there()),
                Step::Work(Reason::NotDone),
            ),
            (
                "worth another try",
                decide(Some(60), Some(("this", true)), there()),
                Step::Work(Reason::Retry),
            ),
            (
                "deleted by hand",
                decide(Some(60), known, empty),
                Step::Work(Reason::CertificateGone),
            ),
            (
                "replaced by hand",
                decide(Some(60), known, Some(standing("03"))),
                Step::Work(Reason::CertificateChanged),
            ),
            (
                "no search in this ACM",
                decide(Some(60), known, None),
                Step::Nothing,
            ),
            (
                "a region more than before",
                decide_for(2, Some(60), known, there()),
                Step::Work(Reason::TargetAdded),
            ),
        ] {
            assert_eq!(step, expected, "{name}");
        }
    }

    #[test]
    fn an_index_of_another_form_is_forgotten() {
        for json in [
            "",
            "[]",
            "{\"version\": 1, \"bundles\": {}}",
            "{\"version\": 2, \"bundles\": {\"a\": 1}}",
        ] {
            assert_eq!(
                Index::from_json(json.as_bytes()),
                Index::default(),
                "{json}"
            );
        }
    }

    fn dropped(name: &str) -> inventory::Listed {
        inventory::Listed {
            key: format!("drop/{name}.pem"),
            etag: "1".into(),
            modified_at: DROPPED,
            version_id: None,
        }
    }

    fn written(seconds: i64) -> Written {
        Written {
            at: DROPPED + Duration::seconds(seconds),
            etag: "1".to_owned(),
        }
    }

    #[test]
    fn a_bundle_without_objects_is_known_by_its_latest_summary() {
        let listing = Listing {
            bundles: by_bundle(vec![dropped("here")], "drop/"),
            summaries: [
                ("summaries/here/1.json", 1),
                ("summaries/gone/1.json", 1),
                ("summaries/gone/3.json", 3),
                ("summaries/gone/2.json", 2),
                ("summaries/status.html", 4),
            ]
            .map(|(key, seconds)| (key.to_owned(), written(seconds)))
            .into(),
            ..Listing::default()
        };
        let summaries = listing.summaries_by_bundle("summaries/");
        for (name, expected) in [
            ("here", true),
            ("gone", true),
            ("never", false),
            ("status.html", false),
        ] {
            assert_eq!(summaries.has(name), expected, "{name}");
        }
        let gone: Vec<_> = summaries.without_objects(&listing).collect();
        let name = BundleName::new("gone").expect("a name");
        assert_eq!(gone, [(name, "summaries/gone/3.json")]);
    }

    /// Of a bundle whose current version is bad an earlier one may be served: its summary is always the later one.
    #[test]
    fn a_bad_version_is_not_due_because_an_earlier_one_was_worked_on_after_it() {
        let name = "www.example.com";
        let bundle = BundleName::new(name).expect("a name");
        let content = ContentId::of(Vec::new());
        let listing = Listing {
            bundles: by_bundle(vec![dropped(name)], "drop/"),
            summaries: HashMap::from([
                (KEY.to_owned(), written(10)),
                (format!("summaries/{name}/earlier.json"), written(11)),
            ]),
            targets: Arc::new(targets(1)),
            ..Listing::default()
        };
        for (outcome, expected) in [
            ("imported", Step::Work(Reason::OtherVersion)),
            ("outdated", Step::Work(Reason::OtherVersion)),
            ("rejected", Step::Nothing),
            ("waiting", Step::Nothing),
        ] {
            let entry = json!({"content_id": content.to_string(), "outcome": outcome, "summary_etag": "1",
                "at": "2026-12-01T00:00:10Z", "targets": {REGION: {}}});
            let index = json!({"version": 2, "bundles": {name: entry}}).to_string();
            let index = Index::from_json(index.as_bytes());
            let summaries = listing.summaries_by_bundle("summaries/");
            let step = step(&listing, &summaries, &index, &bundle, &content, KEY);
            assert_eq!(step, expected, "{outcome}");
        }
    }
}
