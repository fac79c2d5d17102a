//! The level-triggered pass over all bundles. No event is load-bearing: what one missed, this finds.
//!
//! It works like make: what was made from which content stands in the summaries' keys, so that
//! lists alone tell which bundles are new or changed, with no call for one that is not.

mod earlier;
pub mod index;
mod list;
pub mod look;
pub mod plan;
mod report;
pub mod status;
pub mod status_page;

use std::collections::HashMap;

use futures_util::StreamExt as _;
use serde_json::json;
use time::Duration;
use tracing::warn;

use crate::arn::CertificateArn;
use crate::bundle_name::BundleName;
use crate::clock;
use crate::content_id::ContentId;
use crate::event::{Content, SweepRequest, WorkItem};
use crate::fault::Fault;
use crate::finding;
use crate::inventory::Dropped;
use crate::news::News;
use crate::pipeline::{self, Invocation};
use crate::secret_names::SecretNames;
use crate::summary::{Outcome, Summary};
use crate::tag::{ARN_TAG, OUTCOME_TAG};
use index::{Entry, Index};
use list::list;
use plan::{Listing, Reason, Step, Summaries};
pub use report::Report;
use report::{forget, swept, tell};
use status::Status;

/// How long before the deadline no further bundle is begun: one bundle's work, its retries
/// included, and then the index.
const RESERVE: Duration = Duration::seconds(20);

/// Bundles that are worked on at once. Most of the time is spent waiting; ACM admits about one
/// import a second, so that more would only be throttled.
const AT_ONCE: usize = 4;

/// Looks at every bundle in the bucket and works on those that need it.
///
/// # Errors
///
/// [`Fault`] where the bucket or the parameters cannot be listed. A single bundle's fault is in the report, and
/// so is that of a region.
pub async fn sweep(request: SweepRequest, world: Invocation<'_>) -> Result<Report, Fault> {
    let (listing, mut index) = tokio::try_join!(list(world), load_index(world))?;
    let world = Invocation {
        down: &listing.not_listed,
        ..world
    };
    index.keep_regions(&listing.regions);
    let ToDo { work, unread } = find_work(&listing, &mut index, Tags::Compared, world).await?;
    (world.news)(News::Listed {
        bundles: listing.bundles.len(),
        to_do: work.len(),
    });
    let mut report = Report {
        bundles: listing.bundles.len(),
        unchanged: listing.bundles.len() - work.len() - unread,
        left: unread,
        dry_run: request.dry_run,
        worked_on: work
            .iter()
            .map(|(bundle, reason)| (bundle.to_string(), *reason))
            .collect(),
        not_listed: listing.not_listed.clone(),
        ..Report::default()
    };
    if !request.dry_run {
        let rest = work_on(work, &mut index, &mut report, world).await;
        queue_rest(rest, &mut report, world).await;
        earlier::work_on(&listing, &mut index, &mut report, world).await;
    }
    tell(&listing, &index, &mut report, world);
    forget(&listing, &mut index, world);
    if index.is_changed() && !request.dry_run {
        save_index(&index, world).await?;
    }
    swept(&listing, &index, &report, world);
    if !request.dry_run {
        save_page(&listing, &index, &report, world).await?;
        if unread > 0 {
            go_on(world).await;
        }
    }
    Ok(report)
}

/// Whether the tags of bundles that were found unchanged are compared with their summaries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    Compared,
    /// Who only looks need not be allowed to read tags.
    Trusted,
}

/// What a sweep has to do.
struct ToDo {
    work: Vec<(BundleName, Reason)>,
    /// Bundles whose summary there was no time to read.
    unread: usize,
}

/// Decides about every bundle; reads the summaries that events wrote since the last sweep, and those of bundles that are
/// gone.
async fn find_work(
    listing: &Listing,
    index: &mut Index,
    tags: Tags,
    world: Invocation<'_>,
) -> Result<ToDo, Fault> {
    let mut work = Vec::new();
    let mut unread = Vec::new();
    let summaries = listing.summaries_by_bundle(&world.config.summary_prefix);
    for (bundle, dropped) in &listing.bundles {
        let content = content_id(bundle, dropped, &listing.secrets, world);
        let key = world.config.summary_key(bundle, &content);
        match plan::step(listing, &summaries, index, bundle, &content, &key) {
            Step::Nothing => {}
            Step::Work(reason) => work.push((bundle.clone(), reason)),
            Step::ReadSummary => unread.push((bundle, key)),
        }
    }
    let mut left = unread.len();
    let reads = unread.into_iter().map(async |(bundle, key)| {
        let entry = read_summary(&key, world).await?;
        let is_tagged = match &entry {
            Some(entry) if tags == Tags::Compared => {
                is_tagged(bundle, entry, listing, world).await?
            }
            _ => true,
        };
        Ok::<_, Fault>((bundle, entry.filter(|_| is_tagged)))
    });
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(AT_ONCE);
    while let Some(read) = reads.next().await {
        let (bundle, entry) = read?;
        left -= 1;
        let step = entry.as_ref().map_or(Step::Work(Reason::NotDone), |entry| {
            plan::check(listing, bundle, entry)
        });
        if let Some(entry) = entry {
            index.remember(bundle, entry);
        }
        if let Step::Work(reason) = step {
            work.push((bundle.clone(), reason));
        }
        if !has_time(world) {
            break;
        }
    }
    recall_removed(listing, &summaries, index, world).await?;
    Ok(ToDo { work, unread: left })
}

async fn read_summary(key: &str, world: Invocation<'_>) -> Result<Option<Entry>, Fault> {
    let Some(summary) = world.aws.bucket.get(key, None).await? else {
        return Ok(None);
    };
    // One of another form is as none: the bundle is looked at again, and gets a new one.
    let Ok(read) = serde_json::from_slice::<Summary>(summary.bytes.expose()) else {
        return Ok(None);
    };
    Ok(Some(Entry {
        summary_etag: Some(summary.etag),
        ..entry(&read, world)
    }))
}

/// The bundle's objects carry what its summary tells. Of a bundle that was found unchanged, tags, summary and the end of
/// the lease are written at the same time: where the worker died, the tags alone may be missing.
async fn is_tagged(
    bundle: &BundleName,
    entry: &Entry,
    listing: &Listing,
    world: Invocation<'_>,
) -> Result<bool, Fault> {
    let objects = listing.bundles.get(bundle).map(|dropped| &dropped.objects);
    if entry.outcome != Outcome::Unchanged || entry.has_finding(&finding::TAGS_FULL) {
        return Ok(true);
    }
    let arn = entry.home.certificate_arn.as_ref();
    let arn = arn.map(CertificateArn::as_str);
    for object in objects.into_iter().flatten() {
        let tags = world.aws.bucket.tags(&object.key, None).await?;
        let outcome = tags.get(OUTCOME_TAG).map(String::as_str);
        if outcome != Some(entry.outcome.as_str()) || tags.get(ARN_TAG).map(String::as_str) != arn {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the summaries of bundles that the bucket's lifecycle removed, where the index does not know them.
async fn recall_removed(
    listing: &Listing,
    summaries: &Summaries<'_>,
    index: &mut Index,
    world: Invocation<'_>,
) -> Result<(), Fault> {
    if world.config.bundle_days.is_none() {
        return Ok(());
    }
    for (bundle, key) in summaries.without_objects(listing) {
        if index.bundles.contains_key(bundle.as_str()) || !has_time(world) {
            continue;
        }
        if let Some(entry) = read_summary(key, world).await? {
            index.remember(&bundle, entry);
        }
    }
    Ok(())
}

fn entry(summary: &Summary, world: Invocation<'_>) -> Entry {
    Entry::of(summary, world.config.home())
}

/// Gives the bundles that a later run has to go on with, for want of time or because AWS was briefly bad.
async fn work_on(
    work: Vec<(BundleName, Reason)>,
    index: &mut Index,
    report: &mut Report,
    world: Invocation<'_>,
) -> Vec<BundleName> {
    let process = async |bundle: BundleName| {
        if !has_time(world) {
            return (bundle, None);
        }
        let item = WorkItem {
            bundle: bundle.clone(),
            content: Content::Newest,
        };
        (bundle, Some(pipeline::process(&item, world).await))
    };
    let bundles = work.into_iter().map(|(bundle, _)| process(bundle));
    let mut results = futures_util::stream::iter(bundles).buffer_unordered(AT_ONCE);
    let mut rest = Vec::new();
    while let Some((bundle, result)) = results.next().await {
        match result {
            None => {
                report.left += 1;
                rest.push(bundle);
            }
            Some(Err(fault)) => {
                report
                    .unfinished
                    .insert(bundle.to_string(), fault.to_string());
                // What a person has to mend is not mended by trying at once.
                if !fault.is_set_up() {
                    rest.push(bundle);
                }
            }
            Some(Ok(summary)) => {
                report.outcomes.insert(bundle.to_string(), summary.outcome);
                index.remember(&bundle, entry(&summary, world));
            }
        }
    }
    rest
}

/// Puts bundles into the queue, so that they are not left to the next sweep. Without a queue, or where it takes none,
/// they are.
async fn queue_rest(rest: Vec<BundleName>, report: &mut Report, world: Invocation<'_>) {
    // Where a region is down, trying at once helps no bundle.
    let is_useful = !rest.is_empty() && world.down.is_empty();
    let Some(queue) = world.aws.queue.as_ref().filter(|_| is_useful) else {
        return;
    };
    let message = |bundle: &BundleName| json!({ "bundle": bundle.as_str() }).to_string();
    let messages: Vec<_> = rest.iter().map(message).collect();
    if let Err(fault) = queue.send(&messages).await {
        warn!(%fault, "left to the next sweep");
        return;
    }
    for bundle in rest {
        if report.unfinished.remove(bundle.as_str()).is_none() {
            report.left -= 1;
        }
        report.queued.insert(bundle.to_string());
    }
}

/// Has the function sweep again: what this sweep has read is in the index by now, so that the next one gets further.
async fn go_on(world: Invocation<'_>) {
    let Some(queue) = &world.aws.queue else {
        return;
    };
    if let Err(fault) = queue.send(&[json!({"sweep": {}}).to_string()]).await {
        warn!(%fault, "left to the next sweep");
    }
}

/// There is time to begin with one more bundle.
fn has_time(world: Invocation<'_>) -> bool {
    clock::wall() + RESERVE <= world.deadline
}

/// The same as the pipeline's, from what was listed.
fn content_id(
    bundle: &BundleName,
    dropped: &Dropped,
    secrets: &HashMap<String, i64>,
    world: Invocation<'_>,
) -> ContentId {
    let names = SecretNames::of(bundle, world.config);
    let secrets = names.sources(|name| secrets.get(name).copied());
    ContentId::of(dropped.sources().chain(secrets).collect())
}

fn index_key(world: Invocation<'_>) -> String {
    // Summaries lie one folder deeper, so that no bundle's name can collide with it.
    format!("{}index.json", world.config.summary_prefix)
}

async fn load_index(world: Invocation<'_>) -> Result<Index, Fault> {
    let bucket = &world.aws.bucket;
    let stored = bucket
        .get_up_to(index::LARGEST, &index_key(world), None)
        .await?;
    Ok(stored.map_or_else(Index::default, |stored| {
        Index::from_json(stored.bytes.expose())
    }))
}

async fn save_index(index: &Index, world: Invocation<'_>) -> Result<(), Fault> {
    let json = serde_json::to_string(index)
        .map_err(|_| Fault::internal("the index could not be written as JSON"))?;
    world.aws.bucket.put_json(&index_key(world), json).await
}

async fn save_page(
    listing: &Listing,
    index: &Index,
    report: &Report,
    world: Invocation<'_>,
) -> Result<(), Fault> {
    let status = Status::of(
        listing,
        index,
        report,
        world.now,
        world.config.expiry_warning,
    );
    let status = status.scheduled(world.config.sweep_schedule.as_deref(), world.now);
    let key = format!("{}status.html", world.config.summary_prefix);
    let html = status_page::page(&status);
    world.aws.bucket.put_page(&key, html).await
}
