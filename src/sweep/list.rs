//! Everything that a sweep lists before it decides.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tracing::warn;

use super::plan::Listing;
use crate::fault::Fault;
use crate::inventory;
use crate::pipeline::Invocation;
use crate::region::Region;

/// Regions that do not answer, and why.
pub(super) type Down = Vec<(Region, Fault)>;

/// Lists the bucket, the parameters, and the certificates of every region.
pub(super) async fn list(world: Invocation<'_>) -> Result<(Listing, Down), Fault> {
    let config = world.config;
    let (dropped, summaries, secrets, certificates) = tokio::join!(
        world.aws.bucket.list(&config.drop_prefix),
        world.aws.bucket.list(&config.summary_prefix),
        world
            .aws
            .parameters
            .secret_versions(&config.parameter_prefix),
        join_all(world.aws.regions.iter().map(|there| there.acm.imported())),
    );
    let mut listing = Listing {
        bundles: inventory::by_bundle(dropped?, &config.drop_prefix),
        secrets: secrets?,
        summaries: summaries?
            .into_iter()
            .map(|summary| (summary.key, summary.modified_at))
            .collect(),
        regions: config.regions.clone(),
        certificates: BTreeMap::new(),
    };
    let mut down = Down::new();
    for (there, certificates) in world.aws.regions.iter().zip(certificates) {
        match certificates {
            Ok(Some(certificates)) => {
                listing
                    .certificates
                    .insert(there.region.clone(), certificates);
            }
            // This ACM has no search.
            Ok(None) => {}
            Err(fault) => {
                warn!(region = %there.region, %fault, "certificates not listed");
                down.push((there.region.clone(), fault.in_region(&there.region)));
            }
        }
    }
    Ok((listing, down))
}
