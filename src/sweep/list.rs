//! Everything that a sweep lists before it decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::future::join_all;
use time::OffsetDateTime;
use tracing::warn;

use super::plan::{Listing, Written};
use super::secrets;
use crate::arn::CertificateArn;
use crate::binding::Standing;
use crate::bundle_name::BundleName;
use crate::config::Terms;
use crate::fault::Fault;
use crate::inventory::{self, Listed, Skipped};
use crate::pipeline::Invocation;
use crate::target::Target;

/// The bundles whose worker neither gave its lease back nor can still be at work.
///
/// S3 lists whole seconds, so that a lease may have a fraction of a second left. The work on its bundle waits for that;
/// a sweep that did not count it would leave the bundle to the next one.
fn left(
    leases: Vec<Listed>,
    lease_prefix: &str,
    terms: Terms,
    now: OffsetDateTime,
) -> BTreeSet<BundleName> {
    let longest = terms.lease + terms.settling;
    let leases = leases.into_iter();
    let left = leases.filter(|lease| lease.modified_at + longest <= now);
    left.filter_map(|lease| BundleName::new(lease.key.strip_prefix(lease_prefix)?))
        .collect()
}

/// Lists the bucket, the parameters, and the certificates of every target.
pub(super) async fn list(world: Invocation<'_>) -> Result<Listing, Fault> {
    let config = world.config;
    let targets = world.targets().await?;
    let (dropped, summaries, leases, versions, certificates) = tokio::join!(
        world.aws.bucket.list(&config.drop_prefix),
        world.aws.bucket.list(&config.summary_prefix),
        world.aws.bucket.list(&config.lease_prefix),
        secrets::versions(world),
        join_all(targets.all().iter().map(|target| imported(target, world))),
    );
    let dropped = dropped?;
    let mut listing = Listing {
        skipped: Skipped::of(&dropped, &config.drop_prefix),
        bundles: inventory::by_bundle(dropped, &config.drop_prefix),
        secrets: versions?,
        left_leases: left(leases?, &config.lease_prefix, config.terms, world.now),
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
        targets: Arc::clone(&targets),
        certificates: BTreeMap::new(),
        not_listed: BTreeMap::new(),
        tag_settings: config.tags.id(),
    };
    for (Target { name, .. }, certificates) in targets.all().iter().zip(certificates) {
        match certificates {
            Ok(Some(certificates)) => {
                listing.certificates.insert(name.clone(), certificates);
            }
            // This ACM has no search.
            Ok(None) => {}
            Err(fault) => {
                warn!(target = %name, %fault, "certificates not listed");
                listing
                    .not_listed
                    .insert(name.clone(), fault.in_target(name));
            }
        }
    }
    Ok(listing)
}

/// The imported certificates of `target`; `None` where its ACM has no search.
async fn imported(
    target: &Target,
    world: Invocation<'_>,
) -> Result<Option<HashMap<CertificateArn, Standing>>, Fault> {
    let there = world.aws.places.of(target);
    there.enter().await?;
    let imported = there.acm.imported().await;
    imported.map_err(|fault| there.left_with(fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    #[test]
    fn a_lease_is_left_from_its_end_though_s3_lists_whole_seconds() {
        let terms = Terms {
            lease: Duration::seconds(3),
            settling: Duration::seconds(2),
            attempt: Duration::SECOND,
        };
        // Written at 10.9 s, it opens at 15.9 s.
        let lease = |name: &str| Listed {
            key: format!("leases/{name}"),
            etag: "1".to_owned(),
            modified_at: datetime!(2026-12-01 00:00:10 UTC),
            version_id: None,
        };
        let left = |now| {
            left(
                vec![lease("a"), lease("pace/eu-central-1")],
                "leases/",
                terms,
                now,
            )
        };
        let a = BundleName::new("a").expect("a name");
        assert_eq!(
            left(datetime!(2026-12-01 00:00:15.9 UTC)),
            BTreeSet::from([a])
        );
        assert_eq!(left(datetime!(2026-12-01 00:00:14.9 UTC)), BTreeSet::new());
    }
}
