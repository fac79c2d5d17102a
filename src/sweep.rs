//! The level-triggered pass over all bundles. No event is load-bearing: what one missed, this finds.

use std::collections::BTreeSet;

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use tracing::info;

use crate::bundle_name::BundleName;
use crate::event::{SweepRequest, WorkItem};
use crate::fault::Fault;
use crate::pipeline::{self, Invocation};
use crate::summary::Outcome;

/// How long before the deadline no further bundle is begun: the longest that one takes, with ACM
/// throttling.
const RESERVE: Duration = Duration::seconds(20);

/// What a sweep did.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many bundles there are.
    pub bundles: usize,
    /// What became of those that were looked at, by name.
    pub outcomes: Vec<(String, Outcome)>,
    /// Those that could not be finished, with the reason. The next sweep tries them again.
    pub unfinished: Vec<(String, String)>,
    /// How many were left to the next sweep because time was up.
    pub left: usize,
}

/// Looks at every bundle in the bucket.
///
/// # Errors
///
/// [`Fault`] where the bucket cannot be listed. A single bundle's fault is in the report.
pub async fn sweep(request: SweepRequest, world: Invocation<'_>) -> Result<Report, Fault> {
    let bundles = bundles(world).await?;
    let mut report = Report {
        bundles: bundles.len(),
        ..Report::default()
    };
    if request.dry_run {
        report.left = bundles.len();
        return Ok(report);
    }
    for bundle in bundles {
        if time_is_up(world) {
            report.left += 1;
            continue;
        }
        let name = bundle.to_string();
        let item = WorkItem {
            bundle,
            object: None,
        };
        match pipeline::process(&item, world).await {
            Ok(summary) => report.outcomes.push((name, summary.outcome)),
            Err(fault) => report.unfinished.push((name, fault.to_string())),
        }
    }
    info!(
        bundles = report.bundles,
        unfinished = report.unfinished.len(),
        left = report.left,
        "swept"
    );
    Ok(report)
}

async fn bundles(world: Invocation<'_>) -> Result<BTreeSet<BundleName>, Fault> {
    let prefix = &world.config.drop_prefix;
    let listed = world.aws.bucket.list(prefix).await?;
    let named = listed
        .iter()
        .filter_map(|object| BundleName::from_key(&object.key, prefix));
    Ok(named.map(|(bundle, _)| bundle).collect())
}

fn time_is_up(world: Invocation<'_>) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "the platform ends the function by the clock on the wall"
    )]
    let now = OffsetDateTime::now_utc();
    now + RESERVE > world.deadline
}
