//! Earlier versions of bundles whose current version is of no use.
//!
//! Lists show only what is current. A valid version whose event was lost, or which a region failed to take, would stay
//! so where a broken one followed it.

use tracing::warn;

use super::index::{Entry, Index};
use super::plan::{self, Listed, Listing};
use super::{Report, content_id, entry, has_time, read_summary};
use crate::bundle_name::BundleName;
use crate::event::{Content, WorkItem};
use crate::fault::Fault;
use crate::inventory::{self, Dropped};
use crate::pipeline::{self, Invocation};

/// How many earlier states of a bundle are looked at.
const MOST_STATES: usize = 10;

/// Works on what no run has finished, for every bundle whose current version is rejected or waits for parts. Bundles
/// that are well cost no call.
pub(super) async fn work_on(
    listing: &Listing,
    index: &mut Index,
    report: &mut Report,
    world: Invocation<'_>,
) {
    for bundle in listing.bundles.keys() {
        let current = index.bundles.get(bundle.as_str());
        let Some(current) = current.filter(|entry| entry.is_not_served()).cloned() else {
            continue;
        };
        if !has_time(world) {
            report.left += 1;
            continue;
        }
        let served = match newest_served(bundle, listing, report, world).await {
            Ok(Some(earlier)) => show(bundle, current, earlier, world).await.map(Some),
            done => done,
        };
        match served {
            Ok(Some(entry)) => index.remember(bundle, entry),
            Ok(None) => {}
            Err(fault) => {
                warn!(%bundle, %fault, "earlier versions not looked at");
                report
                    .unfinished
                    .insert(bundle.to_string(), fault.to_string());
            }
        }
    }
}

/// What is known of `current` where `earlier` is served. A current version that was judged before that is judged
/// again, so that its tags and its summary name the certificate.
async fn show(
    bundle: &BundleName,
    current: Entry,
    earlier: Entry,
    world: Invocation<'_>,
) -> Result<Entry, Fault> {
    if current.arns().eq(earlier.arns()) {
        return Ok(current.serving(earlier));
    }
    let item = WorkItem {
        bundle: bundle.clone(),
        content: Content::Newest,
    };
    let summary = Box::pin(pipeline::process(&item, world)).await?;
    let again = entry(&summary, world);
    Ok(if again.is_not_served() {
        again.serving(earlier)
    } else {
        again
    })
}

/// The newest earlier state of `bundle` that is served, after work on those that no run has seen.
async fn newest_served(
    bundle: &BundleName,
    listing: &Listing,
    report: &mut Report,
    world: Invocation<'_>,
) -> Result<Option<Entry>, Fault> {
    let drop_prefix = &world.config.drop_prefix;
    let versions = world
        .aws
        .bucket
        .versions(&format!("{drop_prefix}{bundle}"))
        .await?;
    for state in inventory::earlier(versions, bundle, drop_prefix).take(MOST_STATES) {
        let seen = seen(bundle, &state, listing, world).await?;
        let entry = match seen.filter(|entry| plan::is_finished(listing, entry)) {
            Some(entry) => entry,
            None => judged(bundle, state, report, world).await?,
        };
        if !entry.is_not_served() {
            return Ok(is_there(&entry, listing, world).then_some(entry));
        }
    }
    Ok(None)
}

/// Its certificates were not deleted since. What was imported since the lists were made is not on them.
fn is_there(entry: &Entry, listing: &Listing, world: Invocation<'_>) -> bool {
    let mut arns = entry.arns();
    arns.all(|arn| entry.at >= world.now || listing.certificate(arn) != Listed::Gone)
}

/// What the summary of a state tells, if it has one.
async fn seen(
    bundle: &BundleName,
    state: &Dropped,
    listing: &Listing,
    world: Invocation<'_>,
) -> Result<Option<Entry>, Fault> {
    let content = content_id(bundle, state, &listing.secrets, world);
    let key = world.config.summary_key(bundle, &content);
    if !listing.summaries.contains_key(&key) {
        return Ok(None);
    }
    read_summary(&key, world).await
}

async fn judged(
    bundle: &BundleName,
    state: Dropped,
    report: &mut Report,
    world: Invocation<'_>,
) -> Result<Entry, Fault> {
    let item = WorkItem {
        bundle: bundle.clone(),
        content: Content::Earlier(state),
    };
    let summary = Box::pin(pipeline::process(&item, world)).await?;
    report.earlier.insert(bundle.to_string(), summary.outcome);
    Ok(entry(&summary, world))
}
