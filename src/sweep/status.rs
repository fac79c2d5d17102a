//! How every bundle stands after a sweep: what people look at, free of any form.
//!
//! A page is made of it; a table in a terminal can be made of the same.

mod view;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::bundle_name::BundleName;
use crate::finding;
use crate::inventory::Skipped;
use crate::summary::Outcome;
use crate::target::TargetName;
pub use view::{Progress, Undone, View};

/// All bundles, what needs action first, then what expires first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The instant that all days are counted from.
    #[serde(with = "time::serde::rfc3339")]
    pub made_at: OffsetDateTime,
    /// A certificate with no more days than these should have been renewed.
    pub warning_days: i64,
    /// The schedule of sweeps, as AWS writes it, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// When the next one is due at the latest, where the schedule tells. Past that, what is shown is
    /// stale.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub next_sweep: Option<OffsetDateTime>,
    /// What a person must do that is about no single bundle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to_do: Vec<Note>,
    /// Objects that belong to no bundle.
    #[serde(skip_serializing_if = "Skipped::is_empty")]
    pub skipped: Skipped,
    /// One a bundle.
    pub rows: Vec<Row>,
}

/// How one bundle stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name.
    pub bundle: String,
    /// What became of what was dropped last.
    pub state: State,
    /// When the last of its objects was dropped.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub dropped_at: Option<OffsetDateTime>,
    /// Names that its certificate in ACM has, the first of them.
    pub names: Vec<String>,
    /// How many names there are beside those.
    pub more_names: usize,
    /// What ACM serves for it, one a target. A bundle that was rejected keeps its former one.
    pub certificates: Vec<Live>,
    /// Of the certificate that expires first; negative once it has expired.
    pub days_left: Option<i64>,
    /// What a person must do, the most pressing first. Empty where nobody has to act.
    pub to_do: Vec<Note>,
    /// What a person may want to know.
    pub remarks: Vec<Note>,
    /// How many findings there are beside those; the bundle's summary has them all.
    pub more_findings: usize,
}

/// A certificate in ACM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Live {
    /// Where it is.
    pub target: String,
    /// Its name in AWS.
    pub arn: String,
    /// Last instant of validity; `None` where ACM does not tell.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub not_after: Option<OffsetDateTime>,
    /// Whole days until then; negative once it is past.
    pub days_left: Option<i64>,
}

/// What became of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", untagged)]
pub enum State {
    /// It was worked on to the end.
    Done(Outcome),
    /// See [`Open`].
    Open(Open),
}

/// Why a bundle has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Open {
    /// The sweep had no time for it.
    Left,
    /// The sweep put it into the queue: the function works on it by now.
    Queued,
    /// A fault stopped the work.
    Unfinished,
    /// The bundle is no longer in the bucket, its certificate still in ACM.
    WithoutBundle,
    /// The same, and the bucket's lifecycle removed it, as the settings say.
    BundleRemoved,
}

/// How pressing a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Its certificate is served.
    Well,
    /// Nothing is to be done, and nothing was imported.
    Idle,
    /// It expires soon.
    Soon,
    /// A person has to act.
    Bad,
}

/// How near the end of a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// It has expired.
    Past,
    /// It should have been renewed.
    Near,
    /// There is time.
    Far,
}

/// Something to do or to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The finding's code, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whom it is about, where it is not the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What is wrong. A sentence.
    pub what: String,
    /// What to do. A sentence, or empty.
    pub remedy: String,
}

impl State {
    /// In a word or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done(outcome) => outcome.as_str(),
            Self::Open(Open::Left) => "not looked at yet",
            Self::Open(Open::Unfinished) => "unfinished",
            Self::Open(Open::Queued) => "queued",
            Self::Open(Open::WithoutBundle) => "no bundle",
            Self::Open(Open::BundleRemoved) => "bundle removed",
        }
    }
}

/// Targets whose certificates are all shown at once.
const MOST_SHOWN: usize = 3;

impl Row {
    /// Somebody has to act.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        !self.to_do.is_empty()
    }

    /// The names beside the one that the bundle has from its file.
    pub fn other_names(&self) -> impl Iterator<Item = &str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| *name != self.bundle)
    }

    /// The certificates that are shown at once, and those that are folded behind them: of many targets only the one that
    /// ends first is shown.
    #[must_use]
    pub fn shown_and_folded(&self) -> (Vec<&Live>, Vec<&Live>) {
        let mut shown: Vec<_> = self.certificates.iter().collect();
        if shown.len() <= MOST_SHOWN {
            return (shown, Vec::new());
        }
        shown.sort_by_key(|live| live.days_left);
        let folded = shown.split_off(1);
        (shown, folded)
    }

    /// How pressing it is.
    #[must_use]
    pub fn mood(&self) -> Mood {
        let is_soon = |note: &Note| note.code.as_deref() == Some(finding::EXPIRES_SOON.code);
        match self.state {
            _ if self.needs_person() && self.to_do.iter().all(is_soon) => Mood::Soon,
            _ if self.needs_person() => Mood::Bad,
            State::Open(Open::Left | Open::Queued)
            | State::Done(Outcome::Waiting | Outcome::Rejected | Outcome::Gone) => Mood::Idle,
            _ => Mood::Well,
        }
    }
}

impl Status {
    /// Puts together what is known of all bundles.
    #[must_use]
    pub fn of(view: &View<'_>) -> Self {
        let View { overview, now, .. } = *view;
        let bundles = view.listing.bundles.keys().map(BundleName::as_str);
        let orphans = overview.without_bundle.keys().map(String::as_str);
        let removed = overview.bundle_removed.keys().map(String::as_str);
        let all = bundles.chain(orphans).chain(removed);
        let mut rows: Vec<_> = all.map(|name| view.row(name)).collect();
        // Nothing at all is served for a bundle without a certificate: as pressing as its last day.
        rows.sort_by_cached_key(|row| {
            let days = row.days_left.unwrap_or_default();
            (!row.needs_person(), days, row.bundle.clone())
        });
        Self {
            made_at: now,
            warning_days: view.expiry_warning.whole_days(),
            schedule: None,
            next_sweep: None,
            to_do: overview
                .near_quota()
                .map(|(target, count)| near_quota(target, count, overview.certificate_quota))
                .collect(),
            skipped: overview.skipped.clone(),
            rows,
        }
    }

    /// The same, with the schedule of sweeps, of which the last was at `swept_at`.
    #[must_use]
    pub fn scheduled(mut self, schedule: Option<&str>, swept_at: OffsetDateTime) -> Self {
        self.next_sweep = schedule.and_then(pause).map(|pause| swept_at + pause);
        self.schedule = schedule.map(str::to_owned);
        self
    }

    /// How near the end of a certificate is that is valid for `days_left`.
    #[must_use]
    pub fn haste(&self, days_left: i64) -> Haste {
        match days_left {
            ..0 => Haste::Past,
            days if days <= self.warning_days => Haste::Near,
            _ => Haste::Far,
        }
    }

    /// The rows that need action: the first ones.
    #[must_use]
    pub fn pressing(&self) -> &[Row] {
        let count = self.rows.partition_point(Row::needs_person);
        self.rows.get(..count).unwrap_or_default()
    }

    /// The other rows.
    #[must_use]
    pub fn well(&self) -> &[Row] {
        self.rows.get(self.pressing().len()..).unwrap_or_default()
    }
}

fn near_quota(target: &TargetName, count: usize, quota: usize) -> Note {
    let what = format!(
        "{target} has {count} imported certificates, and the quota is {quota}. ACM refuses new ones beyond it."
    );
    let remedy = "Ask AWS for a higher quota (Service Quotas, ACM, imported certificates) and set CertificateQuota, or delete certificates that nothing uses.";
    Note::plain(&what, remedy)
}

/// The time between two sweeps of a `rate(...)`; `None` for a `cron(...)`.
///
/// Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based>
fn pause(schedule: &str) -> Option<Duration> {
    let rate = schedule.trim().strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = rate.trim().split_once(' ')?;
    let minutes = match unit.trim().trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return None,
    };
    Some(Duration::minutes(
        i64::from(count.parse::<u16>().ok()?) * minutes,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::CertificateArn;
    use crate::binding::Standing;
    use crate::inventory::{Listed, by_bundle};
    use crate::region::Region;
    use crate::sweep::Report;
    use crate::sweep::index::Index;
    use crate::sweep::plan::{Listing, Reason};
    use crate::target::Targets;
    use serde_json::{Value, json};
    use std::collections::{BTreeMap, HashMap};
    use std::sync::Arc;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);

    fn arn(name: &str) -> String {
        format!("arn:aws:acm:eu-central-1:123456789012:certificate/{name}")
    }

    fn targets() -> Arc<Targets> {
        let regions = ["eu-central-1", "us-east-1"];
        let regions = regions.map(|name| Region::parse(name).expect("a region"));
        Arc::new(Targets::of_regions(&regions))
    }

    fn by_target(
        certificates: HashMap<CertificateArn, Standing>,
    ) -> BTreeMap<TargetName, HashMap<CertificateArn, Standing>> {
        let home = TargetName::parse("eu-central-1").expect("a target");
        BTreeMap::from([(home, certificates)])
    }

    /// What a sweep knows of bundles, put together piece by piece.
    #[derive(Default)]
    struct Swept {
        objects: Vec<Listed>,
        entries: serde_json::Map<String, Value>,
        certificates: HashMap<CertificateArn, Standing>,
        report: Report,
    }

    impl Swept {
        /// A bundle whose certificate ends so long from now.
        fn bundle(mut self, name: &str, outcome: &str, left: Duration) -> Self {
            self = self.nothing_live(name, outcome, &[]);
            self.entries[name]["targets"] =
                json!({"eu-central-1": {"certificate_arn": arn(name), "serial": "01"}});
            let standing = Standing {
                serial: None,
                not_after: Some(NOW + left),
            };
            let arn = CertificateArn::parse(&arn(name)).expect("an ARN");
            self.certificates.insert(arn, standing);
            self
        }

        /// A bundle without a certificate, with findings of these codes.
        fn nothing_live(mut self, name: &str, outcome: &str, errors: &[&str]) -> Self {
            self.objects.push(Listed {
                key: format!("drop/{name}.pem"),
                etag: "1".into(),
                modified_at: NOW - Duration::minutes(5),
                version_id: None,
            });
            self.entries.insert(name.into(), json!({
                "content_id": "0123456789abcdef0123456789abcdef", "outcome": outcome, "at": "2026-12-01T11:59:00Z", "names": [name],
            }));
            self.with_errors(name, errors)
        }

        fn with_errors(mut self, name: &str, errors: &[&str]) -> Self {
            let finding = |code: &&str| json!({"code": code, "is_error": true, "subject": "CN=x", "message": "Bad.", "remedy": "Mend it."});
            self.entries[name]["findings"] = errors.iter().map(finding).collect();
            self
        }

        fn dropped(mut self, name: &str, ago: Duration) -> Self {
            let key = format!("drop/{name}.pem");
            for object in self.objects.iter_mut().filter(|object| object.key == key) {
                object.modified_at = NOW - ago;
            }
            self
        }

        fn status(self) -> Status {
            let listing = Listing {
                bundles: by_bundle(self.objects, "drop/"),
                targets: targets(),
                certificates: by_target(self.certificates),
                ..Listing::default()
            };
            let index = json!({"version": 2, "bundles": self.entries}).to_string();
            let index = Index::from_json(index.as_bytes());
            assert_eq!(index.bundles.len(), self.entries.len(), "the index is read");
            Status::of(&View {
                listing: &listing,
                index: &index,
                overview: &self.report.overview,
                progress: self.report.progress(),
                now: NOW,
                expiry_warning: Duration::days(30),
            })
        }

        fn row(self) -> Row {
            let mut rows = self.status().rows;
            assert_eq!(rows.len(), 1);
            rows.remove(0)
        }
    }

    #[test]
    fn what_needs_a_person_comes_first_then_what_ends_first() {
        let day = Duration::DAY;
        let status = Swept::default()
            .bundle("well-later", "imported", 300 * day)
            .bundle("b-well-sooner", "replaced", 31 * day)
            .bundle("a-well-sooner", "replaced", 31 * day)
            .bundle("expiring", "unchanged", 30 * day)
            .bundle("expired", "imported", -day)
            .bundle("rejected-live", "rejected", 200 * day)
            .with_errors("rejected-live", &["key-mismatch"])
            .nothing_live("rejected", "rejected", &["malformed"])
            .status();
        let order: Vec<_> = status.rows.iter().map(|row| row.bundle.as_str()).collect();
        assert_eq!(
            order,
            [
                "expired",
                "rejected",
                "expiring",
                "rejected-live",
                "a-well-sooner",
                "b-well-sooner",
                "well-later",
            ]
        );
        assert_eq!((status.pressing().len(), status.well().len()), (4, 3));
    }

    #[test]
    fn days_are_whole_and_the_last_one_is_day_zero() {
        for (left, days, is_pressing) in [
            (Duration::seconds(1), 0, true),
            (Duration::ZERO, 0, true),
            (-Duration::seconds(1), -1, true),
            (-Duration::DAY, -1, true),
            (Duration::days(30), 30, true),
            (Duration::days(30) + Duration::seconds(1), 30, false),
            (Duration::days(2) - Duration::seconds(1), 1, true),
        ] {
            let row = Swept::default().bundle("a", "imported", left).row();
            assert_eq!(
                (row.days_left, row.needs_person()),
                (Some(days), is_pressing),
                "{left}"
            );
        }
    }

    #[test]
    fn a_rejected_bundle_shows_why_and_what_is_still_served() {
        let row = Swept::default()
            .bundle("a", "rejected", Duration::days(200))
            .with_errors("a", &["key-mismatch"])
            .row();
        assert_eq!(row.state, State::Done(Outcome::Rejected));
        assert_eq!(row.certificates[0].arn, arn("a"));
        assert_eq!(row.certificates[0].target, "eu-central-1");
        assert_eq!(row.to_do[0].code.as_deref(), Some("key-mismatch"));
        assert_eq!(row.to_do[0].remedy, "Mend it.");
    }

    #[test]
    fn the_target_that_ends_first_counts_and_is_named() {
        let mut swept = Swept::default().bundle("a", "imported", Duration::days(99));
        swept.entries["a"]["targets"]["us-east-1"] = json!({
            "certificate_arn": arn("a").replace("eu-central-1", "us-east-1"),
            "serial": "01", "not_after": "2026-12-11T12:00:00Z",
        });
        let row = swept.row();
        let targets: Vec<_> = row
            .certificates
            .iter()
            .map(|live| live.target.as_str())
            .collect();
        assert_eq!(targets, ["eu-central-1", "us-east-1"]);
        assert_eq!(row.days_left, Some(10));
        assert_eq!(row.to_do[0].what, "Expires on 2026-12-11 in us-east-1.");
    }

    #[test]
    fn what_passes_by_itself_needs_no_action() {
        let early = Swept::default()
            .nothing_live("a", "rejected", &["not-yet-valid"])
            .row();
        assert!(!early.needs_person());
        assert_eq!(early.remarks.len(), 1);
        for (ago, is_pressing) in [
            (Duration::minutes(59), false),
            (Duration::minutes(61), true),
        ] {
            let waiting = Swept::default().nothing_live("a", "waiting", &["no-private-key"]);
            assert_eq!(
                waiting.dropped("a", ago).row().needs_person(),
                is_pressing,
                "{ago}"
            );
        }
    }

    #[test]
    fn a_bundle_that_the_sweep_did_not_finish_shows_no_former_verdict() {
        let swept = || {
            Swept::default()
                .bundle("a", "rejected", Duration::days(99))
                .with_errors("a", &["malformed"])
        };
        let begun = || Report {
            worked_on: BTreeMap::from([("a".to_owned(), Reason::NotDone)]),
            ..Report::default()
        };
        let mut left = swept();
        left.report = begun();
        let left = left.row();
        assert_eq!((left.state, left.to_do.len()), (State::Open(Open::Left), 0));
        assert_eq!(left.days_left, Some(99), "what was live goes on");

        let mut unfinished = swept();
        unfinished.report = begun();
        unfinished
            .report
            .unfinished
            .insert("a".into(), "access denied".into());
        let unfinished = unfinished.row();
        assert_eq!(unfinished.state, State::Open(Open::Unfinished));
        assert_eq!(unfinished.to_do[0].what, "Unfinished: access denied.");
    }

    #[test]
    fn what_this_sweep_imported_is_newer_than_its_lists() {
        let mut swept = Swept::default().nothing_live("a", "imported", &[]);
        swept.entries["a"]["targets"] = json!({"eu-central-1": {
            "certificate_arn": arn("a"), "not_after": "2027-12-01T12:00:00Z",
        }});
        swept.report.worked_on.insert("a".into(), Reason::NotDone);
        swept.report.outcomes.insert("a".into(), Outcome::Imported);
        let row = swept.row();
        assert_eq!((row.days_left, row.needs_person()), (Some(365), false));
    }

    #[test]
    fn certificates_and_bundles_that_lost_each_other_are_shown() {
        let mut lost = Swept::default().bundle("a", "imported", Duration::days(99));
        lost.certificates.clear();
        let lost = lost.row();
        assert!(lost.needs_person() && lost.certificates.is_empty());

        let mut orphan = Swept::default().bundle("a", "imported", Duration::days(99));
        orphan.objects.clear();
        orphan
            .report
            .overview
            .without_bundle
            .insert("a".into(), vec![arn("a")]);
        let orphan = orphan.row();
        assert_eq!(orphan.state, State::Open(Open::WithoutBundle));
        assert!(orphan.needs_person() && orphan.certificates.len() == 1);
    }

    #[test]
    fn the_next_sweep_is_told_where_the_schedule_tells() {
        for (schedule, hours) in [
            (Some("rate(1 day)"), Some(24)),
            (Some("rate(12 hours)"), Some(12)),
            (Some("rate(120 minutes)"), Some(2)),
            (Some("cron(0 6 * * ? *)"), None),
            (Some("rate(soon)"), None),
            (None, None),
        ] {
            let status = Swept::default().status().scheduled(schedule, NOW);
            let expected = hours.map(|hours| NOW + Duration::hours(hours));
            assert_eq!(
                (status.schedule.as_deref(), status.next_sweep),
                (schedule, expected)
            );
        }
    }

    #[test]
    fn a_status_is_json_for_programs() {
        let status = Swept::default()
            .bundle("a", "imported", Duration::days(99))
            .status();
        let json = serde_json::to_value(&status).expect("it is JSON");
        assert_eq!(json["made_at"], "2026-12-01T12:00:00Z");
        assert_eq!(json["rows"][0]["state"], "imported");
        assert_eq!(
            json["rows"][0]["certificates"][0]["not_after"],
            "2027-03-10T12:00:00Z"
        );
    }
}
