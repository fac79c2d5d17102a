//! The level-triggered pass over all bundles. A lost event is repaired by the next sweep.
//!
//! It works like make: what was made from which content stands in the summaries' keys, so that
//! lists alone tell which bundles are new or changed, with no call for one that is not.

mod earlier;
pub mod index;
mod list;
pub mod look;
pub mod overview;
pub mod plan;
mod report;
mod secrets;
pub mod status;
pub mod status_page;

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
use crate::news::{News, Swept};
use crate::pipeline::{self, Invocation};
use crate::secret_names::SecretNames;
use crate::summary::{Outcome, Summary};
use crate::tag::{ARN_TAG, OUTCOME_TAG};
use crate::timestamp::Timestamp;
use index::{Entry, Index};
use list::list;
use overview::{Overview, first_end};
use plan::{Listing, Reason, Step, Summaries};
pub use report::Report;
use status::{Status, View};

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
    let (listing, index) = tokio::try_join!(list(world), load_index(world))?;
    let survey = Survey {
        world: Invocation {
            targets: Some(&listing.targets),
            down: &listing.not_listed,
            ..world
        },
        listing: &listing,
    };
    let mut report = survey.sweep(request, index).await?;
    report.not_listed = listing.not_listed;
    Ok(report)
}

/// The world, and what was listed in it.
#[derive(Clone, Copy)]
struct Survey<'a> {
    world: Invocation<'a>,
    listing: &'a Listing,
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

impl Survey<'_> {
    async fn sweep(self, request: SweepRequest, mut index: Index) -> Result<Report, Fault> {
        let (world, listing) = (self.world, self.listing);
        let bundles = listing.bundles.len();
        listing.keep_targets(&mut index);
        let ToDo { work, unread } = self.find_work(&mut index, Tags::Compared).await?;
        let to_do = work.len();
        (world.news)(News::Listed { bundles, to_do });
        let mut report = Report {
            bundles,
            unchanged: bundles - to_do - unread,
            left: unread,
            dry_run: request.dry_run,
            worked_on: work
                .iter()
                .map(|(bundle, reason)| (bundle.to_string(), *reason))
                .collect(),
            ..Report::default()
        };
        if !request.dry_run {
            let rest = self.work_on(work, &mut index, &mut report).await;
            self.queue_rest(rest, &mut report).await;
            self.work_on_earlier(&mut index, &mut report).await;
        }
        report.overview = Overview::of(listing, &index, world.config, world.now);
        let open = report.not_judged();
        report
            .overview
            .rejected
            .retain(|name, _| !open.contains(name));
        self.forget(&mut index);
        if index.is_changed() && !request.dry_run {
            save_index(&index, world).await?;
        }
        self.tell(&index, &report);
        if !request.dry_run {
            self.save_page(&index, &report).await?;
            if unread > 0 {
                self.go_on().await;
            }
        }
        Ok(report)
    }

    /// Decides about every bundle; reads the summaries that events wrote since the last sweep, and those of bundles that
    /// are gone.
    async fn find_work(self, index: &mut Index, tags: Tags) -> Result<ToDo, Fault> {
        let (world, listing) = (self.world, self.listing);
        let mut work = Vec::new();
        let mut unread = Vec::new();
        let summaries = listing.summaries_by_bundle(&world.config.summary_prefix);
        for (bundle, dropped) in &listing.bundles {
            let content = self.content_id(bundle, dropped);
            let key = world.config.summary_key(bundle, &content);
            match plan::step(listing, &summaries, index, bundle, &content, &key) {
                Step::Nothing => {}
                Step::Work(reason) => work.push((bundle.clone(), reason)),
                Step::ReadSummary => unread.push((bundle, key)),
            }
        }
        let mut left = unread.len();
        let reads = unread.into_iter().map(async |(bundle, key)| {
            let entry = self.read_summary(&key).await?;
            let is_tagged = match &entry {
                Some(entry) if tags == Tags::Compared => self.is_tagged(bundle, entry).await?,
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
            if !self.has_time() {
                break;
            }
        }
        self.recall_removed(&summaries, index).await?;
        Ok(ToDo { work, unread: left })
    }

    async fn read_summary(self, key: &str) -> Result<Option<Entry>, Fault> {
        let Some(summary) = self.world.aws.bucket.get(key, None).await? else {
            return Ok(None);
        };
        // One of another form is as none: the bundle is looked at again, and gets a new one.
        let Ok(read) = serde_json::from_slice::<Summary>(summary.bytes.expose()) else {
            return Ok(None);
        };
        Ok(Some(Entry {
            summary_etag: Some(summary.etag),
            ..self.entry(&read)
        }))
    }

    /// The bundle's objects carry what its summary tells. Of a bundle that was found unchanged, tags, summary and the end
    /// of the lease are written at the same time: where the worker died, the tags alone may be missing.
    async fn is_tagged(self, bundle: &BundleName, entry: &Entry) -> Result<bool, Fault> {
        let dropped = self.listing.bundles.get(bundle);
        if entry.outcome != Outcome::Unchanged || entry.has_finding(&finding::TAGS_FULL) {
            return Ok(true);
        }
        let home = self.world.config.home();
        let at_home = home.and_then(|home| entry.targets.get(&home));
        // Where the bundle does not go home, the tag is of earlier days.
        let is_named = |tag: Option<&String>| {
            at_home.is_none_or(|kept| {
                let arn = kept.certificate_arn.as_ref();
                tag.map(String::as_str) == arn.map(CertificateArn::as_str)
            })
        };
        for object in dropped.into_iter().flat_map(|dropped| &dropped.objects) {
            let tags = self.world.aws.bucket.tags(&object.key, None).await?;
            let outcome = tags.get(OUTCOME_TAG).map(String::as_str);
            if outcome != Some(entry.outcome.as_str()) || !is_named(tags.get(ARN_TAG)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the summaries of bundles that the bucket's lifecycle removed, where the index does not know them.
    async fn recall_removed(
        self,
        summaries: &Summaries<'_>,
        index: &mut Index,
    ) -> Result<(), Fault> {
        if self.world.config.bundle_days.is_none() {
            return Ok(());
        }
        for (bundle, key) in summaries.without_objects(self.listing) {
            if index.bundles.contains_key(bundle.as_str()) || !self.has_time() {
                continue;
            }
            if let Some(entry) = self.read_summary(key).await? {
                index.remember(&bundle, entry);
            }
        }
        Ok(())
    }

    fn entry(self, summary: &Summary) -> Entry {
        Entry::of(summary, self.world.config.home().as_ref())
    }

    /// Gives the bundles that a later run has to go on with, for want of time or because AWS was briefly bad.
    async fn work_on(
        self,
        work: Vec<(BundleName, Reason)>,
        index: &mut Index,
        report: &mut Report,
    ) -> Vec<BundleName> {
        let process = async |bundle: BundleName| {
            if !self.has_time() {
                return (bundle, None);
            }
            let item = WorkItem {
                bundle: bundle.clone(),
                content: Content::Newest,
            };
            (bundle, Some(pipeline::process(&item, self.world).await))
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
                    // What a person has to correct is not mended by trying at once.
                    if !fault.is_set_up() {
                        rest.push(bundle);
                    }
                }
                Some(Ok(summary)) => {
                    report.outcomes.insert(bundle.to_string(), summary.outcome);
                    index.remember(&bundle, self.entry(&summary));
                }
            }
        }
        rest
    }

    /// Puts bundles into the queue, so that they are not left to the next sweep. Without a queue, or where it takes none,
    /// they are.
    async fn queue_rest(self, rest: Vec<BundleName>, report: &mut Report) {
        // Where a target is down, trying at once helps no bundle.
        let is_useful = !rest.is_empty() && self.world.down.is_empty();
        let Some(queue) = self.world.aws.queue.as_ref().filter(|_| is_useful) else {
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
    async fn go_on(self) {
        let Some(queue) = &self.world.aws.queue else {
            return;
        };
        if let Err(fault) = queue.send(&[json!({"sweep": {}}).to_string()]).await {
            warn!(%fault, "left to the next sweep");
        }
    }

    /// Forgets the bundles that are gone and have no certificate any more.
    fn forget(self, index: &mut Index) {
        let (config, listing) = (self.world.config, self.listing);
        let summaries = config
            .bundle_days
            .map(|_| listing.summaries_by_bundle(&config.summary_prefix));
        // A summary that is not in the index is read by every sweep for as long as it is there.
        let is_recalled = |name: &str| summaries.as_ref().is_some_and(|all| all.has(name));
        index.keep(|name, entry| {
            listing.has_bundle(name) || listing.may_be_live(entry) || is_recalled(name)
        });
    }

    /// Tells how all bundles stand, and of the sweep as a whole.
    fn tell(self, index: &Index, report: &Report) {
        let (news, overview) = (self.world.news, &report.overview);
        for (bundle, Timestamp(end)) in &overview.expiring {
            news(News::ExpiresSoon { bundle, end: *end });
        }
        let quota = overview.certificate_quota;
        for (target, count) in overview.near_quota() {
            news(News::NearQuota {
                target,
                count,
                quota,
            });
        }
        let mut ends = Vec::new();
        for (bundle, entry) in &index.bundles {
            let Some(end) = first_end(self.listing, entry) else {
                continue;
            };
            ends.push(end);
            if !report.outcomes.contains_key(bundle) {
                news(News::Kept { bundle, end });
            }
        }
        news(News::Swept(Swept {
            dry_run: report.dry_run,
            bundles: report.bundles,
            worked_on: report.worked_on.len(),
            unfinished: report.unfinished.len(),
            not_listed: self.listing.not_listed.len(),
            queued: report.queued.len(),
            left: report.left,
            first_end: ends.into_iter().min(),
            certificates: overview
                .certificates
                .values()
                .max()
                .copied()
                .unwrap_or_default(),
            quota,
        }));
    }

    async fn save_page(self, index: &Index, report: &Report) -> Result<(), Fault> {
        let Invocation {
            aws, config, now, ..
        } = self.world;
        let status = Status::of(&View {
            listing: self.listing,
            index,
            overview: &report.overview,
            progress: report.progress(),
            now,
            expiry_warning: config.expiry_warning,
        });
        let status = status.scheduled(config.sweep_schedule.as_deref(), now);
        let key = format!("{}status.html", config.summary_prefix);
        aws.bucket.put_page(&key, status_page::page(&status)).await
    }

    /// There is time to begin with one more bundle.
    fn has_time(self) -> bool {
        clock::wall() + RESERVE <= self.world.deadline
    }

    /// The same as the pipeline's, from what was listed.
    fn content_id(self, bundle: &BundleName, dropped: &Dropped) -> ContentId {
        let names = SecretNames::of(bundle, self.world.config);
        let versions = &self.listing.secrets;
        let secrets = names.sources(|name| versions.get(name));
        ContentId::of(dropped.sources().chain(secrets).collect())
    }
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
