//! The operator's own tags on the bundle's certificate. A new one gets them in the call that imports it; ACM takes none
//! with a re-import, so that they are brought in line after it.

use tracing::{info, warn};

use super::Invocation;
use super::fetch::Fetched;
use super::target::InTarget;
use crate::arn::CertificateArn;
use crate::binding::Found;
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::own_tags::{TagChanges, WantedTags};

impl Fetched {
    /// The tags that the bundle's certificates ought to have, and what is wrong with those of its objects. Objects are
    /// tagged with the upload, so the tags that the fetch saw are the ones that count.
    pub(super) fn wanted_tags(&self, world: Invocation<'_>) -> (WantedTags, Vec<Finding>) {
        let objects = self.objects.iter();
        let objects = objects.map(|object| (object.key.as_str(), &object.tags));
        world.config.tags.wanted(objects)
    }
}

impl InTarget<'_> {
    /// Brings the tags of a certificate in line that was there before and is the bundle's now: findings, and the fault
    /// because of which it has to be done once more. What was done before it is done: the fault is told beside it.
    ///
    /// No call is made where nothing has to be done.
    pub(super) async fn bring_tags_in_line(self, found: &Found) -> (Vec<Finding>, Option<Fault>) {
        // One with the bundle's name and without the mark was taken out of certdrop's hands by a person.
        if found.bundle_tag.is_some() && !found.is_managed {
            return (Vec::new(), None);
        }
        let settings = &self.records.world.config.tags;
        let (changes, mut findings) =
            settings.changes(&self.records.wanted_tags, &found.arn, &found.tags);
        if changes.is_empty() {
            return (findings, None);
        }
        let Err(fault) = self.change_tags(&found.arn, &changes).await else {
            return (findings, None);
        };
        warn!(arn = %found.arn, %fault, "tags not brought in line");
        let message = format!("{fault}.");
        findings.push(Finding::new(&finding::TAGS_NOT_SET, &found.arn, message));
        (findings, Some(self.named(fault)))
    }

    async fn change_tags(self, arn: &CertificateArn, changes: &TagChanges) -> Result<(), Fault> {
        let (acm, fence) = (&self.there.acm, self.records.fence);
        let TagChanges { removed, added } = changes;
        if !removed.is_empty() {
            acm.remove_tags(arn, removed, fence).await?;
        }
        if !added.is_empty() {
            acm.add_tags(arn, added, fence).await?;
        }
        info!(%arn, removed = removed.len(), added = added.len(), "tags brought in line");
        Ok(())
    }
}
