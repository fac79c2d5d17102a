//! Where the next run finds the bundle's certificates: its objects' tags and its parameters.

use futures_util::future::try_join_all;
use tokio::sync::Mutex;

use super::Invocation;
use super::fetch::{Fetched, Tagged};
use crate::aws::s3::Tags;
use crate::binding::{CertificateArn, FORCE_TAG, OUTCOME_TAG};
use crate::fault::Fault;
use crate::summary::{Outcome, Summary};

/// What is written down of a bundle. S3 replaces an object's tags as a whole, so the regions take turns.
pub(super) struct Records<'a> {
    fetched: &'a Fetched,
    written: Mutex<Written>,
}

/// As it stands in AWS.
struct Written {
    /// Of each object.
    tags: Vec<Tags>,
    arns: Vec<CertificateArn>,
}

/// Whether a person's wish to import whatever the guard says is still to be carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    Open,
    UsedUp,
}

impl<'a> Records<'a> {
    pub(super) fn of(fetched: &'a Fetched) -> Self {
        let tags = fetched.objects.iter().map(|object| object.tags.clone());
        Self {
            fetched,
            written: Mutex::new(Written {
                tags: tags.collect(),
                arns: fetched.recorded_arns.clone(),
            }),
        }
    }

    /// A region has a certificate that it had not before.
    pub(super) async fn imported(
        &self,
        arn: &CertificateArn,
        outcome: Outcome,
        world: Invocation<'_>,
    ) -> Result<(), Fault> {
        let force = if world.aws.regions.len() > 1 {
            Force::Open
        } else {
            Force::UsedUp
        };
        self.write(std::slice::from_ref(arn), outcome, force, world)
            .await
    }

    /// All regions were worked on; a force is used up unless one of them is to be tried again.
    pub(super) async fn finished(
        &self,
        summary: &Summary,
        unfinished: Option<&Fault>,
        world: Invocation<'_>,
    ) -> Result<(), Fault> {
        let force = match unfinished {
            Some(_) => Force::Open,
            None => Force::UsedUp,
        };
        self.write(&summary.arns(), summary.outcome, force, world)
            .await
    }

    async fn write(
        &self,
        arns: &[CertificateArn],
        outcome: Outcome,
        force: Force,
        world: Invocation<'_>,
    ) -> Result<(), Fault> {
        let mut written = self.written.lock().await;
        let tags: Vec<_> = written
            .tags
            .iter()
            .map(|tags| due(tags, arns, outcome, force, world))
            .collect();
        let changed = self
            .fetched
            .objects
            .iter()
            .zip(&written.tags)
            .zip(&tags)
            .filter(|((_, before), due)| before != due)
            .map(|((object, _), due)| tag(object, due, world));
        let new: Vec<_> = arns
            .iter()
            .filter(|arn| !written.arns.contains(arn))
            .cloned()
            .collect();
        tokio::try_join!(
            try_join_all(changed),
            try_join_all(new.iter().map(|arn| self.parameter(arn, world))),
        )?;
        written.tags = tags;
        written.arns.extend(new);
        Ok(())
    }

    async fn parameter(&self, arn: &CertificateArn, world: Invocation<'_>) -> Result<(), Fault> {
        let name = world
            .config
            .arn_parameter(&self.fetched.bundle, arn.region());
        world.aws.parameters.put(&name, arn.as_str()).await
    }
}

async fn tag(object: &Tagged, tags: &Tags, world: Invocation<'_>) -> Result<(), Fault> {
    let version = object.version_id.as_deref();
    world.aws.bucket.put_tags(&object.key, version, tags).await
}

/// The tags as they ought to be.
fn due(
    tags: &Tags,
    arns: &[CertificateArn],
    outcome: Outcome,
    force: Force,
    world: Invocation<'_>,
) -> Tags {
    let mut tags = tags.clone();
    tags.insert(OUTCOME_TAG.to_owned(), outcome.as_str().to_owned());
    for arn in arns {
        tags.insert(world.config.arn_tag(arn.region()), arn.to_string());
    }
    if force == Force::UsedUp {
        tags.remove(FORCE_TAG);
    }
    tags
}
