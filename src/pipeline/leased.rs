//! The bundle's lease while it is worked on.

use time::Duration;

use super::{Invocation, clock};
use crate::aws::s3::HeldLease;
use crate::event::WorkItem;
use crate::fault::Fault;
use crate::lease::Lease;

/// How long a lease is taken for: many times the work on one bundle. It is extended while ACM
/// throttles an import, or a region keeps silent.
const TERM: Duration = Duration::seconds(60);

/// How much of a lease must be left for the work to go on without extending it: more than an
/// attempt takes that is already on its way.
const EXTENSION: Duration = Duration::seconds(15);

/// Takes the bundle's lease.
pub(super) async fn take(item: &WorkItem, world: Invocation<'_>) -> Result<HeldLease, Fault> {
    let key = format!("{}{}", world.config.lease_prefix, item.bundle);
    world
        .aws
        .bucket
        .take_lease(&key, longest(world), clock())
        .await
}

/// Works for as long as the lease is held, and extends it as need be. The work is given up before the lease
/// ends, so that no import can take effect beside that of another worker.
pub(super) async fn while_leased<T>(
    work: impl Future<Output = Result<T, Fault>>,
    lease: &mut HeldLease,
    world: Invocation<'_>,
) -> Result<T, Fault> {
    let mut work = std::pin::pin!(work);
    loop {
        let now = clock();
        let left = lease.lease().time_left(now);
        let is_last = now + left >= world.deadline;
        let patience = if is_last { left } else { left - EXTENSION };
        let patience = patience.try_into().unwrap_or_default();
        match tokio::time::timeout(patience, &mut work).await {
            Ok(done) => return done,
            Err(_) if is_last => {
                return Err(Fault::Transient(
                    "the work took longer than the function may run".into(),
                ));
            }
            Err(_) => world.aws.bucket.extend_lease(lease, longest(world)).await?,
        }
    }
}

fn longest(world: Invocation<'_>) -> Lease {
    let end = world.deadline.min(clock() + TERM);
    Lease::until(end, world.request_id)
}
