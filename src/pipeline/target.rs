//! The bundle in one target: found there, bound, imported. Each target by itself, so that one that fails does
//! not hold up the others.

use futures_util::future::join_all;
use time::Duration;

use super::records::Records;
use crate::aws::place::Place;
use crate::binding::{Candidate, Keep, Plan, bind};
use crate::clock;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::summary::{Outcome, TargetOutcome};
use crate::target::{Target, TargetName};
use crate::validate::ValidatedBundle;

/// What became of the bundle, target by target.
pub(super) type Everywhere = Vec<(TargetName, Result<TargetOutcome, Fault>)>;

/// One bundle's work in one target.
#[derive(Clone, Copy)]
pub(super) struct InTarget<'a> {
    pub(super) records: &'a Records<'a>,
    pub(super) there: &'a Place,
}

/// Does `work` in all of the bundle's targets at once.
pub(super) async fn each(
    records: &Records<'_>,
    work: impl AsyncFn(InTarget<'_>) -> Result<TargetOutcome, Fault>,
) -> Everywhere {
    let world = records.world;
    let one = async |(target, there): (&Target, &Place)| {
        let here = InTarget { records, there };
        let work = async {
            there.enter().await?;
            work(here).await
        };
        let result = match world.down.get(&target.name) {
            Some(fault) => Err(fault.clone()),
            None => here.in_time(work).await,
        };
        let result = result.map_err(|fault| here.named(there.left_with(fault)));
        (target.name.clone(), result)
    };
    // All before the first call, so that the calls are sent together.
    let targets = records.targets.iter();
    let places: Vec<_> = targets
        .clone()
        .map(|target| world.aws.places.of(target))
        .collect();
    join_all(targets.zip(&places).map(one)).await
}

/// Why the tags of a certificate are to be brought in line once more, where a target is done but for that.
pub(super) fn untagged(everywhere: &Everywhere) -> Option<&Fault> {
    let done = everywhere
        .iter()
        .filter_map(|(_, result)| result.as_ref().ok());
    Fault::weightiest(done.filter_map(|there| there.untagged.as_deref()))
}

/// Why the work is unfinished, where a target is.
pub(super) fn unfinished(everywhere: &Everywhere) -> Option<&Fault> {
    Fault::weightiest(
        everywhere
            .iter()
            .filter_map(|(_, result)| result.as_ref().err()),
    )
}

impl InTarget<'_> {
    /// Finds out which certificate is the bundle's, and does what has to be done to it.
    pub(super) async fn serve(self, valid: &ValidatedBundle) -> Result<TargetOutcome, Fault> {
        let records = self.records;
        let mut looked = self.recorded(valid.leaf()).await?;
        let candidate = Candidate {
            bundle: &records.fetched.bundle,
            leaf: valid.leaf(),
            force: records.read().await?.is_forced(),
            on_incompatible: records.world.config.on_incompatible,
            adoption: records.world.config.adoption,
        };
        let (mut plan, mut findings) = bind(&candidate, &looked.facts)?;
        if plan.makes_new() && !looked.is_everywhere {
            looked.facts.extend(self.unrecorded(valid.leaf()).await?);
            (plan, findings) = bind(&candidate, &looked.facts)?;
        }
        match plan {
            Plan::Keep(keep) => self.keep(&keep, findings).await,
            Plan::Import(import) => self.import(valid, &import, findings).await,
        }
    }

    /// Nothing is sent: a certificate that the bundle has without its name gets it.
    async fn keep(self, keep: &Keep, mut findings: Vec<Finding>) -> Result<TargetOutcome, Fault> {
        let found = match keep {
            Keep::Unchanged(found) => {
                self.adopt(found).await?;
                let (told, untagged) = self.bring_tags_in_line(found).await;
                let kept = TargetOutcome::kept(Outcome::Unchanged, findings, Some(found));
                return Ok(kept.tagged(told, untagged));
            }
            Keep::Outdated(found) => found,
            Keep::Incompatible(found, reasons) => {
                findings.extend(reasons.iter().cloned());
                found
            }
        };
        Ok(TargetOutcome::kept(
            Outcome::of_keep(keep),
            findings,
            Some(found),
        ))
    }

    async fn in_time<T>(self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let world = self.records.world;
        // What became of the bundle in the others is still to be told.
        let left = world.deadline - clock::wall() - world.reserve();
        let patience = left.max(Duration::ZERO);
        let patience = patience.try_into().unwrap_or_default();
        let done = tokio::time::timeout(patience, Box::pin(work)).await;
        done.unwrap_or_else(|_| {
            let fault = Fault::transient("ACM did not answer before the end");
            Err(fault.in_target(&self.there.target.name))
        })
    }

    /// Where it is not the home target alone, a fault has to say which one it is about.
    pub(super) fn named(self, fault: Fault) -> Fault {
        let home = self.records.world.config.home();
        let is_home = home.as_ref() == Some(&self.there.target.name);
        if self.records.targets.len() > 1 || !is_home {
            fault.in_target(&self.there.target.name)
        } else {
            fault
        }
    }
}
