//! The bundle in one region: found there, bound, imported. Each region by itself, so that one that fails does
//! not hold up the others.

use futures_util::future::join_all;
use time::Duration;

use super::fetch::Fetched;
use super::import::Importing;
use super::records::Records;
use super::{Invocation, import, leased, lookup};
use crate::aws::Regional;
use crate::binding::{Candidate, Keep, Plan, bind};
use crate::clock;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::region::Region;
use crate::summary::{Outcome, Served};
use crate::validate::ValidatedBundle;

/// What became of the bundle, region by region.
pub(super) type Everywhere = Vec<(Region, Result<Served, Fault>)>;

/// Does `work` in all regions at once.
pub(super) async fn each(
    world: Invocation<'_>,
    work: impl AsyncFn(&Regional) -> Result<Served, Fault>,
) -> Everywhere {
    let one = async |there: &Regional| {
        let known = world
            .down
            .iter()
            .find(|(region, _)| *region == there.region);
        let result = match known {
            Some((_, fault)) => Err(fault.clone()),
            None => in_time(work(there), there, world).await,
        };
        (
            there.region.clone(),
            result.map_err(|fault| named(fault, there, world)),
        )
    };
    join_all(world.aws.regions.iter().map(one)).await
}

/// Why the work is unfinished, where a region is.
pub(super) fn unfinished(everywhere: &Everywhere) -> Option<&Fault> {
    Fault::weightiest(
        everywhere
            .iter()
            .filter_map(|(_, result)| result.as_ref().err()),
    )
}

/// Finds out which certificate is the bundle's, and does what has to be done to it.
pub(super) async fn serve(
    valid: &ValidatedBundle,
    fetched: &Fetched,
    records: &Records<'_>,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<Served, Fault> {
    let mut looked = lookup::recorded(valid.leaf(), records, there).await?;
    let candidate = Candidate {
        bundle: &fetched.bundle,
        leaf: valid.leaf(),
        force: records.read().await?.is_forced(),
        on_incompatible: world.config.on_incompatible,
        adoption: world.config.adoption,
    };
    let (mut plan, mut findings) = bind(&candidate, &looked.facts)?;
    if plan.makes_new() && !looked.is_everywhere {
        let unrecorded = lookup::unrecorded(valid.leaf(), records, there).await?;
        looked.facts.extend(unrecorded);
        (plan, findings) = bind(&candidate, &looked.facts)?;
    }
    match plan {
        Plan::Keep(keep) => kept(&keep, findings, records, there).await,
        Plan::Import(import) => {
            let importing = Importing {
                valid,
                import: &import,
                records,
                there,
                world,
            };
            importing.carry_out(findings).await
        }
    }
}

/// Nothing is sent: a certificate that the bundle has without its name gets it.
async fn kept(
    keep: &Keep,
    mut findings: Vec<Finding>,
    records: &Records<'_>,
    there: &Regional,
) -> Result<Served, Fault> {
    let found = match keep {
        Keep::Unchanged(found) => {
            import::adopt(found, records, there).await?;
            found
        }
        Keep::Outdated(found) => found,
        Keep::Incompatible(found, reasons) => {
            findings.extend(reasons.iter().cloned());
            found
        }
    };
    Ok(Served::kept(Outcome::of_keep(keep), findings, Some(found)))
}

async fn in_time<T>(
    work: impl Future<Output = Result<T, Fault>>,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<T, Fault> {
    // What became of the bundle in the others is still to be told.
    let left = world.deadline - clock::wall() - leased::reserve(world);
    let patience = left.max(Duration::ZERO);
    let patience = patience.try_into().unwrap_or_default();
    let done = tokio::time::timeout(patience, Box::pin(work)).await;
    done.unwrap_or_else(|_| {
        let fault = Fault::transient("ACM did not answer before the end");
        Err(fault.in_region(&there.region))
    })
}

/// Where there are several regions, a fault has to say which one it is about.
fn named(fault: Fault, there: &Regional, world: Invocation<'_>) -> Fault {
    if world.aws.regions.len() > 1 {
        fault.in_region(&there.region)
    } else {
        fault
    }
}
