//! The bundle in one region: found there, bound, imported. Each region by itself, so that one that fails does
//! not hold up the others.

use futures_util::future::join_all;
use time::Duration;

use super::records::Records;
use crate::aws::Regional;
use crate::binding::{Candidate, Keep, Plan, bind};
use crate::clock;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::region::Region;
use crate::summary::{Outcome, RegionOutcome};
use crate::validate::ValidatedBundle;

/// What became of the bundle, region by region.
pub(super) type Everywhere = Vec<(Region, Result<RegionOutcome, Fault>)>;

/// One bundle's work in one region.
#[derive(Clone, Copy)]
pub(super) struct InRegion<'a> {
    pub(super) records: &'a Records<'a>,
    pub(super) there: &'a Regional,
}

/// Does `work` in all regions at once.
pub(super) async fn each(
    records: &Records<'_>,
    work: impl AsyncFn(InRegion<'_>) -> Result<RegionOutcome, Fault>,
) -> Everywhere {
    let world = records.world;
    let one = async |there: &Regional| {
        let here = InRegion { records, there };
        let result = match world.down.get(&there.region) {
            Some(fault) => Err(fault.clone()),
            None => here.in_time(work(here)).await,
        };
        (
            there.region.clone(),
            result.map_err(|fault| here.named(fault)),
        )
    };
    join_all(world.aws.regions.iter().map(one)).await
}

/// Why the tags of a certificate are to be brought in line once more, where a region is done but for that.
pub(super) fn untagged(everywhere: &Everywhere) -> Option<&Fault> {
    let done = everywhere
        .iter()
        .filter_map(|(_, result)| result.as_ref().ok());
    Fault::weightiest(done.filter_map(|there| there.untagged.as_ref()))
}

/// Why the work is unfinished, where a region is.
pub(super) fn unfinished(everywhere: &Everywhere) -> Option<&Fault> {
    Fault::weightiest(
        everywhere
            .iter()
            .filter_map(|(_, result)| result.as_ref().err()),
    )
}

impl InRegion<'_> {
    /// Finds out which certificate is the bundle's, and does what has to be done to it.
    pub(super) async fn serve(self, valid: &ValidatedBundle) -> Result<RegionOutcome, Fault> {
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
    async fn keep(self, keep: &Keep, mut findings: Vec<Finding>) -> Result<RegionOutcome, Fault> {
        let found = match keep {
            Keep::Unchanged(found) => {
                self.adopt(found).await?;
                let (told, untagged) = self.bring_tags_in_line(found).await;
                let kept = RegionOutcome::kept(Outcome::Unchanged, findings, Some(found));
                return Ok(kept.tagged(told, untagged));
            }
            Keep::Outdated(found) => found,
            Keep::Incompatible(found, reasons) => {
                findings.extend(reasons.iter().cloned());
                found
            }
        };
        Ok(RegionOutcome::kept(
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
            Err(fault.in_region(&self.there.region))
        })
    }

    /// Where there are several regions, a fault has to say which one it is about.
    pub(super) fn named(self, fault: Fault) -> Fault {
        if self.records.world.aws.regions.len() > 1 {
            fault.in_region(&self.there.region)
        } else {
            fault
        }
    }
}
