//! What a sweep found and did.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::overview::Overview;
use super::plan::Reason;
use super::status::{Progress, Undone};
use crate::fault::Fault;
use crate::summary::Outcome;
use crate::target::TargetName;

/// The report of a sweep.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many bundles there are.
    pub bundles: usize,
    /// How many of them needed nothing.
    pub unchanged: usize,
    /// Nothing was done, only found out.
    pub dry_run: bool,
    /// What had to be done and why, by bundle.
    pub worked_on: BTreeMap<String, Reason>,
    /// What became of it, by bundle.
    pub outcomes: BTreeMap<String, Outcome>,
    /// What became of earlier versions that no run had seen, where the current one is rejected or waits for
    /// parts, by bundle.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub earlier: BTreeMap<String, Outcome>,
    /// Those that could not be finished, with the reason. The next sweep tries them again.
    pub unfinished: BTreeMap<String, String>,
    /// How many were left to the next sweep because time was up.
    pub left: usize,
    /// Those that were put into the queue because time was up or AWS was briefly bad. The function goes on with them
    /// at once.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub queued: BTreeSet<String>,
    /// What is to be known of all bundles.
    #[serde(flatten)]
    pub overview: Overview,
    /// Targets whose certificates could not be listed, and why. They were left out of the work.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_listed: BTreeMap<TargetName, Fault>,
}

impl Report {
    /// Bundles that are new or changed and that were not worked on: what is known of them is about former content.
    #[must_use]
    pub fn not_judged(&self) -> BTreeSet<String> {
        let new = self.worked_on.iter();
        let new = new.filter(|(_, reason)| **reason == Reason::NotDone);
        let open = new.filter(|(name, _)| !self.outcomes.contains_key(*name));
        open.map(|(name, _)| name.clone()).collect()
    }

    /// How far the work on each bundle came.
    #[must_use]
    pub fn progress(&self) -> Progress<'_> {
        let done: BTreeSet<_> = self.outcomes.keys().map(String::as_str).collect();
        let left = self.worked_on.keys().map(String::as_str);
        let left = left.filter(|name| !done.contains(name));
        let unfinished = self.unfinished.iter();
        let unfinished =
            unfinished.map(|(name, why)| (name.as_str(), Undone::Unfinished(why.into())));
        let queued = self.queued.iter();
        let queued = queued.map(|name| (name.as_str(), Undone::Queued));
        Progress {
            // Of several the last one counts.
            open: left
                .map(|name| (name, Undone::Left))
                .chain(unfinished)
                .chain(queued)
                .collect(),
            done,
        }
    }
}
