//! Earlier versions of bundles whose current version is of no use.
//!
//! Lists show only what is current. A valid version whose event was lost, or which a target failed to take, would stay
//! so where a broken one followed it.

use tracing::warn;

use super::index::{Entry, Index};
use super::plan::{self, ListedCertificate};
use super::{Report, Survey};
use crate::bundle_name::BundleName;
use crate::event::{Content, WorkItem};
use crate::fault::Fault;
use crate::inventory::{self, Dropped};
use crate::pipeline;

/// How many earlier states of a bundle are looked at.
const MOST_STATES: usize = 10;

impl Survey<'_> {
    /// Works on what no run has finished, for every bundle whose current version is rejected or waits for parts. Bundles
    /// that are well cost no call.
    pub(super) async fn work_on_earlier(self, index: &mut Index, report: &mut Report) {
        for bundle in self.listing.bundles.keys() {
            let current = index.bundles.get(bundle.as_str());
            let Some(current) = current.filter(|entry| entry.is_not_served()).cloned() else {
                continue;
            };
            if !self.has_time() {
                report.left += 1;
                continue;
            }
            let served = match self.newest_served(bundle, report).await {
                Ok(Some(earlier)) => self.show(bundle, current, earlier).await.map(Some),
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
        self,
        bundle: &BundleName,
        current: Entry,
        earlier: Entry,
    ) -> Result<Entry, Fault> {
        if current.arns().eq(earlier.arns()) {
            return Ok(current.serving(earlier));
        }
        let item = WorkItem {
            bundle: bundle.clone(),
            content: Content::Newest,
        };
        let summary = Box::pin(pipeline::process(&item, self.world)).await?;
        let again = self.entry(&summary);
        Ok(if again.is_not_served() {
            again.serving(earlier)
        } else {
            again
        })
    }

    /// The newest earlier state of `bundle` that is served, after work on those that no run has seen.
    async fn newest_served(
        self,
        bundle: &BundleName,
        report: &mut Report,
    ) -> Result<Option<Entry>, Fault> {
        let drop_prefix = &self.world.config.drop_prefix;
        let bucket = &self.world.aws.bucket;
        let versions = bucket.versions(&format!("{drop_prefix}{bundle}")).await?;
        for state in inventory::earlier(versions, bundle, drop_prefix).take(MOST_STATES) {
            let seen = self.seen(bundle, &state).await?;
            let entry = match seen.filter(|entry| plan::is_finished(self.listing, bundle, entry)) {
                Some(entry) => entry,
                None => self.judged(bundle, state, report).await?,
            };
            if !entry.is_not_served() {
                return Ok(self.is_there(&entry).then_some(entry));
            }
        }
        Ok(None)
    }

    /// Its certificates were not deleted since. What was imported since the lists were made is not on them.
    fn is_there(self, entry: &Entry) -> bool {
        let mut arns = entry.arns();
        arns.all(|arn| {
            entry.at >= self.world.now || self.listing.certificate(arn) != ListedCertificate::Gone
        })
    }

    /// What the summary of a state tells, if it has one.
    async fn seen(self, bundle: &BundleName, state: &Dropped) -> Result<Option<Entry>, Fault> {
        let content = self.content_id(bundle, state);
        let key = self.world.config.summary_key(bundle, &content);
        if !self.listing.summaries.contains_key(&key) {
            return Ok(None);
        }
        self.read_summary(&key).await
    }

    async fn judged(
        self,
        bundle: &BundleName,
        state: Dropped,
        report: &mut Report,
    ) -> Result<Entry, Fault> {
        let item = WorkItem {
            bundle: bundle.clone(),
            content: Content::Earlier(state),
        };
        let summary = Box::pin(pipeline::process(&item, self.world)).await?;
        report.earlier.insert(bundle.to_string(), summary.outcome);
        Ok(self.entry(&summary))
    }
}
