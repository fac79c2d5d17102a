//! How one bundle's row comes about.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use time::{Duration, OffsetDateTime};

use super::{Live, Note, Open, Row, State};
use crate::bundle_name::BundleName;
use crate::days_left::days_left;
use crate::finding;
use crate::summary::Outcome;
use crate::sweep::index::{Entry, Index, KeptCertificate, KeptFinding};
use crate::sweep::overview::Overview;
use crate::sweep::plan::{ListedCertificate, Listing};
use crate::target::TargetName;

/// How long a folder may lie incomplete before a person should look. Uploads of its parts are
/// seconds apart.
const PATIENCE: Duration = Duration::hours(1);

/// Errors that need no action: they pass by themselves.
const MENDED_BY_TIME: [&str; 1] = [finding::NOT_YET_VALID.code];

/// What a status is made from.
pub struct View<'a> {
    /// What was listed.
    pub listing: &'a Listing,
    /// What is known of each bundle.
    pub index: &'a Index,
    /// What both tell of all bundles.
    pub overview: &'a Overview,
    /// How far the work on bundles came.
    pub progress: Progress<'a>,
    /// The instant that days are counted from.
    pub now: OffsetDateTime,
    /// How long before its end a certificate should be renewed.
    pub expiry_warning: Duration,
}

/// How far the work on bundles came that need some, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Progress<'a> {
    /// They were worked on to the end: what the index knows is later than the lists.
    pub done: BTreeSet<&'a str>,
    /// They have to be worked on still.
    pub open: BTreeMap<&'a str, Undone<'a>>,
}

/// Why a bundle has to be worked on still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone<'a> {
    /// There was no time for it.
    Left,
    /// It was put into the queue.
    Queued,
    /// The work could not be finished, for this reason.
    Unfinished(Cow<'a, str>),
}

impl View<'_> {
    pub(super) fn row(&self, name: &str) -> Row {
        let entry = self.index.bundles.get(name);
        let dropped_at = self.dropped_at(name);
        let state = self.state(name, entry);
        let certificates = self.certificates(name, entry);
        let days_left = certificates.iter().filter_map(|live| live.days_left).min();
        let mut to_do: Vec<_> = self.expiry(days_left, &certificates).into_iter().collect();
        let mut remarks = Vec::new();
        to_do.extend(lost(&certificates, state));
        // What is known of a bundle that has no outcome is about its former content.
        let findings = entry.filter(|_| matches!(state, State::Done(_)));
        for kept in findings.iter().flat_map(|entry| &entry.findings) {
            if self.is_pressing(kept, state, dropped_at) {
                to_do.push(Note::of(kept));
            } else if kept.code != finding::EXPIRES_SOON.code {
                remarks.push(Note::of(kept));
            }
        }
        remarks.extend(left_out(entry));
        to_do.extend(self.open(name, state));
        Row {
            bundle: name.to_owned(),
            state,
            dropped_at,
            names: entry.map(|entry| entry.names.clone()).unwrap_or_default(),
            more_names: entry.map(|entry| entry.more_names).unwrap_or_default(),
            certificates,
            days_left,
            to_do,
            remarks,
            more_findings: findings
                .map(|entry| entry.more_findings)
                .unwrap_or_default(),
        }
    }

    fn dropped_at(&self, name: &str) -> Option<OffsetDateTime> {
        let bundle = BundleName::new(name)?;
        self.listing.bundles.get(&bundle)?.modified_at()
    }

    fn state(&self, name: &str, entry: Option<&Entry>) -> State {
        if self.overview.without_bundle.contains_key(name) {
            return State::Open(Open::WithoutBundle);
        }
        if self.overview.bundle_removed.contains_key(name) {
            return State::Open(Open::BundleRemoved);
        }
        match (self.progress.open.get(name), entry) {
            (Some(Undone::Queued), _) => State::Open(Open::Queued),
            (Some(Undone::Unfinished(_)), _) => State::Open(Open::Unfinished),
            (Some(Undone::Left), _) | (None, None) => State::Open(Open::Left),
            (None, Some(entry)) => State::Done(entry.outcome),
        }
    }

    /// The home target's first, the others in the order in which they are declared.
    fn certificates(&self, name: &str, entry: Option<&Entry>) -> Vec<Live> {
        let Some(entry) = entry else {
            return Vec::new();
        };
        let targets = self.listing.targets.all().iter();
        let live = targets.filter_map(|target| {
            let kept = entry.targets.get(&target.name)?;
            self.live(name, &target.name, kept)
        });
        live.collect()
    }

    fn live(&self, name: &str, target: &TargetName, kept: &KeptCertificate) -> Option<Live> {
        let arn = kept.certificate_arn.as_ref()?;
        let is_done = self.progress.done.contains(name);
        let listed = match self.listing.certificate(arn) {
            ListedCertificate::There(standing) if !is_done => standing.not_after,
            ListedCertificate::Gone if !is_done => return None,
            _ => None,
        };
        let not_after = listed.or(kept.not_after);
        Some(Live {
            target: target.to_string(),
            arn: arn.to_string(),
            not_after,
            days_left: not_after.map(|end| days_left(end, self.now)),
        })
    }

    fn expiry(&self, days_left: Option<i64>, certificates: &[Live]) -> Option<Note> {
        let days = days_left?;
        let first = certificates
            .iter()
            .find(|live| live.days_left == days_left)?;
        let end = first
            .not_after
            .filter(|end| *end <= self.now + self.expiry_warning)?;
        let (rule, when) = if days < 0 {
            (&finding::EXPIRED, "Expired")
        } else {
            (&finding::EXPIRES_SOON, "Expires")
        };
        Some(Note {
            code: Some(rule.code.to_owned()),
            subject: None,
            what: match certificates.len() {
                1 => format!("{when} on {}.", end.date()),
                _ => format!("{when} on {} in {}.", end.date(), first.target),
            },
            remedy: "Drop the renewed bundle under the same name.".to_owned(),
        })
    }

    /// A target that was added after the bundle was removed got no certificate.
    fn not_in_every_target(&self, name: &str) -> Option<Note> {
        let entry = self.index.bundles.get(name)?;
        let missing = self.listing.targets_without(&BundleName::new(name)?, entry);
        let missing: Vec<_> = missing.into_iter().map(TargetName::as_str).collect();
        (!missing.is_empty()).then(|| {
            let what = format!(
                "The bundle was removed from the bucket before {} was added.",
                missing.join(", ")
            );
            Note::plain(&what, "Drop the bundle again to import it there.")
        })
    }

    fn is_pressing(
        &self,
        kept: &KeptFinding,
        state: State,
        dropped_at: Option<OffsetDateTime>,
    ) -> bool {
        let waits_too_long = dropped_at.is_some_and(|then| then + PATIENCE < self.now);
        kept.is_error
            && !MENDED_BY_TIME.contains(&kept.code.as_str())
            && (state != State::Done(Outcome::Waiting) || waits_too_long)
    }

    fn open(&self, name: &str, state: State) -> Option<Note> {
        match state {
            State::Open(Open::Unfinished) => {
                let Undone::Unfinished(fault) = self.progress.open.get(name)? else {
                    return None;
                };
                let again = "The next sweep tries again; the function's log tells more.";
                Some(Note::plain(&format!("Unfinished: {fault}."), again))
            }
            State::Open(Open::WithoutBundle) => Some(Note::plain(
                "ACM has the certificate, the bucket no longer has its bundle: it is not renewed.",
                "Drop the bundle again, or delete the certificate in ACM once nothing uses it.",
            )),
            State::Open(Open::BundleRemoved) => self.not_in_every_target(name),
            State::Open(Open::Left | Open::Queued) | State::Done(_) => None,
        }
    }
}

/// Where a target is declared no more, no finding of the bundle's summary tells of it.
fn left_out(entry: Option<&Entry>) -> impl Iterator<Item = Note> {
    let left_out = entry.into_iter().flat_map(|entry| {
        let is_told = |name: &TargetName| {
            let mut findings = entry.findings.iter();
            findings.any(|finding| {
                finding.code == finding::TARGET_REMOVED.code && finding.subject == name.as_str()
            })
        };
        let left_out = entry.left_out.iter();
        left_out.filter(move |(name, _)| !is_told(name))
    });
    left_out.map(|(name, arn)| {
        let what = format!(
            "{name} is no longer a target. The certificate {arn} stays there and is not renewed."
        );
        Note::plain(&what, finding::TARGET_REMOVED.remedy)
    })
}

/// A bundle that was imported and has no certificate any more.
fn lost(certificates: &[Live], state: State) -> Option<Note> {
    let State::Done(outcome) = state else {
        return None;
    };
    let was_there = !matches!(
        outcome,
        Outcome::Rejected | Outcome::Waiting | Outcome::Gone
    );
    (was_there && certificates.is_empty()).then(|| {
        Note::plain(
            "ACM no longer has the certificate.",
            "Nothing if the next sweep imports it; else drop the bundle again.",
        )
    })
}

impl Note {
    fn of(kept: &KeptFinding) -> Self {
        Self {
            code: Some(kept.code.clone()),
            subject: Some(kept.subject.clone()).filter(|subject| !subject.is_empty()),
            what: kept.message.clone(),
            remedy: kept.remedy.clone(),
        }
    }

    pub(super) fn plain(what: &str, remedy: &str) -> Self {
        Self {
            code: None,
            subject: None,
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}
