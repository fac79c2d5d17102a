//! What the function made of an upload: the tag of the version says that it is done, a summary says
//! the rest.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration as Pause;

use certdrop::bundle_name::{BundleName, Packing};
use certdrop::event::DroppedObject;
use certdrop::fault::Fault;
use certdrop::inventory::Listed;
use certdrop::pipeline::Invocation;
use certdrop::summary::Summary;
use certdrop::tag::OUTCOME_TAG;

use crate::progress;
use crate::session::now;

/// The function needs a second or two. With a long queue it needs minutes, and nobody has to know to the second.
const FIRST_PAUSE: Pause = Pause::from_millis(250);
const LONGEST_PAUSE: Pause = Pause::from_secs(4);

/// The summary of one upload is the newest one, or one of few: for a folder the function writes one after each file.
const SUMMARIES_READ: usize = 10;

/// The summaries that a bundle had before an upload, by key and ETag.
#[derive(Default)]
pub(crate) struct Before(BTreeSet<(String, String)>);

impl Before {
    /// Lists them.
    ///
    /// # Errors
    ///
    /// [`Fault`] where they cannot be listed.
    pub(crate) async fn of(bundle: &BundleName, world: Invocation<'_>) -> Result<Self, Fault> {
        let listed = summaries(bundle, world).await?.into_iter();
        Ok(Self(listed.map(|found| (found.key, found.etag)).collect()))
    }

    fn holds(&self, listed: &Listed) -> bool {
        self.0.contains(&(listed.key.clone(), listed.etag.clone()))
    }
}

/// An upload whose outcome is waited for.
pub(crate) struct Awaited<'a> {
    pub(crate) bundle: &'a BundleName,
    pub(crate) dropped: &'a DroppedObject,
    pub(crate) before: &'a Before,
}

impl Awaited<'_> {
    /// The summary of the upload; `None` where there is none when the time of `world` is up.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 may not be asked. One that passes is waited for.
    pub(crate) async fn summary(&self, world: Invocation<'_>) -> Result<Option<Summary>, Fault> {
        let mut pause = FIRST_PAUSE;
        loop {
            progress::say(&format!("{} is worked on by the function", self.bundle));
            match self.look(world).await {
                Ok(None) => {}
                Err(fault) if !fault.is_set_up() => {}
                known => return known,
            }
            if now() + pause >= world.deadline {
                return Ok(None);
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    async fn look(&self, world: Invocation<'_>) -> Result<Option<Summary>, Fault> {
        let DroppedObject {
            key,
            version_id,
            packing,
        } = self.dropped;
        let tags = world.aws.bucket.tags(key, version_id.as_deref()).await?;
        let Some(outcome) = tags.get(OUTCOME_TAG) else {
            return Ok(None);
        };
        let written = self.written_since(world).await?;
        let done = written
            .into_iter()
            .filter(|summary| !summary.is_unfinished());
        Ok(match packing {
            Packing::File => done.into_iter().find(|summary| {
                summary.object.key == *key && summary.object.version_id == *version_id
            }),
            // A folder has no version. Its last state is meant, and the tag says whether that has its summary yet.
            Packing::Folder => done
                .filter(|summary| key.starts_with(&summary.object.key))
                .max_by_key(|summary| (summary.object.modified_at, summary.at))
                .filter(|summary| summary.outcome.as_str() == outcome),
        })
    }

    /// The summaries since the upload, the newest first.
    async fn written_since(&self, world: Invocation<'_>) -> Result<Vec<Summary>, Fault> {
        let mut listed = summaries(self.bundle, world).await?;
        listed.retain(|found| !self.before.holds(found));
        listed.sort_by_key(|found| Reverse(found.modified_at));
        let mut written = Vec::new();
        for found in listed.iter().take(SUMMARIES_READ) {
            let object = world.aws.bucket.get(&found.key, None).await?;
            let read = object.and_then(|object| serde_json::from_slice(object.bytes.expose()).ok());
            written.extend(read);
        }
        Ok(written)
    }
}

async fn summaries(bundle: &BundleName, world: Invocation<'_>) -> Result<Vec<Listed>, Fault> {
    let prefix = format!("{}{bundle}/", world.config.summary_prefix);
    world.aws.bucket.list(&prefix).await
}
