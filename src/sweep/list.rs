//! Everything that a sweep lists before it decides.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use time::Duration;
use tracing::warn;

use super::plan::{Listing, Written};
use crate::bundle_name::BundleName;
use crate::fault::Fault;
use crate::inventory::{self, Listed};
use crate::pipeline::Invocation;
use crate::region::Region;

/// The bundles whose worker neither gave its lease back nor can still be at work.
fn left(leases: Vec<Listed>, world: Invocation<'_>) -> BTreeSet<BundleName> {
    let terms = world.config.terms;
    // S3 tells whole seconds.
    let longest = terms.lease + terms.settling + Duration::SECOND;
    let leases = leases.into_iter();
    let left = leases.filter(|lease| lease.modified_at + longest <= world.now);
    left.filter_map(|lease| BundleName::new(lease.key.strip_prefix(&world.config.lease_prefix)?))
        .collect()
}

/// Regions that do not answer, and why.
pub(super) type Down = Vec<(Region, Fault)>;

/// Lists the bucket, the parameters, and the certificates of every region.
pub(super) async fn list(world: Invocation<'_>) -> Result<(Listing, Down), Fault> {
    let config = world.config;
    let (dropped, summaries, leases, secrets, certificates) = tokio::join!(
        world.aws.bucket.list(&config.drop_prefix),
        world.aws.bucket.list(&config.summary_prefix),
        world.aws.bucket.list(&config.lease_prefix),
        world
            .aws
            .parameters
            .secret_versions(&config.parameter_prefix),
        join_all(world.aws.regions.iter().map(|there| there.acm.imported())),
    );
    let mut listing = Listing {
        bundles: inventory::by_bundle(dropped?, &config.drop_prefix),
        secrets: secrets?,
        left_leases: left(leases?, world),
        summaries: summaries?
            .into_iter()
            .map(|summary| {
                let written = Written {
                    at: summary.modified_at,
                    etag: summary.etag,
                };
                (summary.key, written)
            })
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
