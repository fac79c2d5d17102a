//! The bundle's lease while it is worked on.

use time::Duration;
use tracing::warn;

use super::Invocation;
use crate::aws::lease::HeldLease;
use crate::clock;
use crate::event::WorkItem;
use crate::fault::Fault;
use crate::lease::{Lease, Term};

/// Waits for a worker that is about to finish, in milliseconds. Another delivery of the same event is done
/// within a second or two; who still waits after seven seconds is better served by a later run.
const WAITS: [u64; 7] = [100, 200, 400, 800, 1_600, 1_600, 1_600];

/// Takes the bundle's lease.
///
/// # Errors
///
/// [`Kind::Transient`](crate::fault::Kind::Transient) where another worker keeps it.
pub(super) async fn take(item: &WorkItem, world: Invocation<'_>) -> Result<HeldLease, Fault> {
    let key = format!("{}{}", world.config.lease_prefix, item.bundle);
    let mut waits = WAITS.into_iter();
    loop {
        let (lease, term) = longest(world);
        if let Some(held) = world.aws.bucket.take_lease(&key, &lease, term).await? {
            return Ok(held);
        }
        let wait = waits
            .next()
            .ok_or_else(|| Fault::transient(format!("another worker holds the lease {key}")))?;
        tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
    }
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
        let left = lease.fence().time_left();
        let is_last = clock::wall() + left >= world.deadline;
        let patience = if is_last { left } else { left - reserve(world) };
        let patience = patience.try_into().unwrap_or_default();
        match tokio::time::timeout(patience, &mut work).await {
            Ok(done) => return done,
            Err(_) if is_last => {
                return Err(Fault::transient(
                    "the work took longer than the function may run",
                ));
            }
            Err(_) => {
                let (longer, term) = longest(world);
                world.aws.bucket.extend_lease(lease, &longer, term).await?;
            }
        }
    }
}

/// Gives the lease back, unless something that was sent may still take effect: then it stays shut until that
/// has settled.
pub(super) async fn release(lease: HeldLease, world: Invocation<'_>) {
    if lease.fence().is_unsettled() {
        warn!("AWS did not answer everything: the lease stays shut until it ends");
    } else {
        give_back(lease, world).await;
    }
}

/// Gives the lease back. One that cannot be given back ends by itself.
pub(super) async fn give_back(lease: HeldLease, world: Invocation<'_>) {
    if let Err(fault) = world.aws.bucket.release_lease(lease).await {
        warn!(%fault, "lease not released");
    }
}

/// How much of a lease, or of the time until the deadline, must be left to go on: more than an attempt
/// takes that is already on its way.
pub(super) fn reserve(world: Invocation<'_>) -> Duration {
    world.config.terms.attempt * 3 / 2
}

/// A lease for as long as the settings and the deadline allow.
fn longest(world: Invocation<'_>) -> (Lease, Term) {
    let now = clock::now();
    let terms = world.config.terms;
    let term = Term::lasting(terms.lease.min(world.deadline - now.wall), now);
    (Lease::over(term, terms.settling, world.request_id), term)
}
