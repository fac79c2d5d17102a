//! How all bundles stand, found out without changing anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use tracing::info;

use super::overview::Overview;
use super::plan::{Listing, Reason};
use super::status::{Progress, Status, Undone, View};
use super::{Survey, Tags, ToDo, list, load_index};
use crate::bundle_name::BundleName;
use crate::fault::Fault;
use crate::inventory::Dropped;
use crate::pipeline::Invocation;
use crate::target::TargetName;

/// How long a drop may lie before somebody should ask why nothing became of it: events take
/// seconds, and are tried again for some minutes.
const PATIENCE: Duration = Duration::hours(1);

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// When the last sweep ended, as far as the bucket shows.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub swept_at: Option<OffsetDateTime>,
    /// Targets whose certificates could not be listed, and why: they are shown as they were.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_listed: BTreeMap<TargetName, Fault>,
    /// Every bundle.
    #[serde(flatten)]
    pub status: Status,
}

impl Look {
    /// The sweep that was due since the last one did not come.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        let due = self.status.next_sweep;
        // The scheduler may be late, and a sweep takes its time.
        due.is_some_and(|due| due + Duration::HOUR < self.status.made_at)
    }
}

/// Lists what there is and puts it beside what the last sweep knew.
///
/// # Errors
///
/// [`Fault`] where the bucket or the parameters cannot be listed.
pub async fn look(world: Invocation<'_>) -> Result<Look, Fault> {
    let (listing, mut index) = tokio::try_join!(list(world), load_index(world))?;
    listing.keep_targets(&mut index);
    let survey = Survey {
        world,
        listing: &listing,
    };
    let ToDo { work, .. } = survey.find_work(&mut index, Tags::Trusted).await?;
    info!(bundles = listing.bundles.len(), "looked");

    let config = world.config;
    let mut status = Status::of(&View {
        listing: &listing,
        index: &index,
        overview: &Overview::of(&listing, &index, config, world.now),
        progress: undone(&listing, &work, world.now),
        now: world.now,
        expiry_warning: config.expiry_warning,
    });
    let page = format!("{}status.html", config.summary_prefix);
    let swept_at = listing.summaries.get(&page).map(|page| page.at);
    if let Some(swept_at) = swept_at {
        status = status.scheduled(config.sweep_schedule.as_deref(), swept_at);
    }
    Ok(Look {
        swept_at,
        not_listed: listing.not_listed,
        status,
    })
}

/// A bundle of which no summary tells is open. Where a sweep would only look once more, the last
/// verdict stands.
fn undone<'a>(
    listing: &Listing,
    work: &'a [(BundleName, Reason)],
    now: OffsetDateTime,
) -> Progress<'a> {
    let not_done = work.iter().filter(|(_, reason)| *reason == Reason::NotDone);
    let undone = |bundle: &BundleName| {
        let dropped = listing.bundles.get(bundle).and_then(Dropped::modified_at);
        match dropped.filter(|dropped| *dropped + PATIENCE < now) {
            Some(dropped) => {
                let why = format!("nothing became of what was dropped on {}", dropped.date());
                Undone::Unfinished(why.into())
            }
            None => Undone::Left,
        }
    };
    Progress {
        open: not_done
            .map(|(bundle, _)| (bundle.as_str(), undone(bundle)))
            .collect(),
        done: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Listed, by_bundle};
    use time::macros::datetime;

    #[test]
    fn only_a_drop_that_nothing_tells_of_is_open_and_only_an_old_one_is_pressing() {
        let now = datetime!(2026-12-01 12:00 UTC);
        for (reason, minutes, is_open, is_pressing) in [
            (Reason::NotDone, 1, true, false),
            (Reason::NotDone, 60, true, false),
            (Reason::NotDone, 61, true, true),
            (Reason::Retry, 61, false, false),
            (Reason::CertificateGone, 61, false, false),
            (Reason::CertificateChanged, 61, false, false),
        ] {
            let object = Listed {
                key: "drop/a.pem".into(),
                etag: "1".into(),
                modified_at: now - Duration::minutes(minutes),
                version_id: None,
            };
            let listing = Listing {
                bundles: by_bundle(vec![object], "drop/"),
                ..Listing::default()
            };
            let bundle = BundleName::new("a").expect("a name");
            let work = [(bundle, reason)];
            let progress = undone(&listing, &work, now);
            let open = progress.open.get("a");
            let found = (open.is_some(), matches!(open, Some(Undone::Unfinished(_))));
            assert_eq!(found, (is_open, is_pressing), "{reason:?} {minutes}");
        }
    }
}
