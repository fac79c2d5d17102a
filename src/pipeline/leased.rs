//! The bundle's lease while it is worked on.

use time::Duration;
use tracing::warn;

use super::Invocation;
use crate::aws::fence::Fence;
use crate::aws::lease::HeldLease;
use crate::clock;
use crate::event::WorkItem;
use crate::fault::Fault;
use crate::lease::{Lease, Term};

/// Waits for a worker that is about to finish, in milliseconds. Another delivery of the same event is done
/// within a second or two; who still waits after seven seconds is better served by a later run.
const WAITS: [u64; 7] = [100, 200, 400, 800, 1_600, 1_600, 1_600];

/// The lease of the bundle that this worker works on.
pub(super) struct Leased<'a> {
    held: HeldLease,
    world: Invocation<'a>,
}

impl<'a> Leased<'a> {
    /// Takes the bundle's lease.
    ///
    /// # Errors
    ///
    /// [`Kind::Transient`](crate::fault::Kind::Transient) where another worker keeps it.
    pub(super) async fn take(item: &WorkItem, world: Invocation<'a>) -> Result<Self, Fault> {
        let key = format!("{}{}", world.config.lease_prefix, item.bundle);
        let mut waits = WAITS.into_iter();
        loop {
            let (lease, term) = world.longest_lease();
            if let Some(held) = world.aws.bucket.take_lease(&key, &lease, term).await? {
                return Ok(Self { held, world });
            }
            let wait = waits
                .next()
                .ok_or_else(|| Fault::transient(format!("another worker holds the lease {key}")))?;
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        }
    }

    pub(super) fn fence(&self) -> &Fence {
        self.held.fence()
    }

    /// Works for as long as the lease is held, and extends it as need be. The work is given up before the lease
    /// ends, so that no import can take effect beside that of another worker.
    pub(super) async fn while_held<T>(
        &mut self,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let world = self.world;
        let mut work = std::pin::pin!(work);
        loop {
            let left = self.fence().time_left();
            let is_last = clock::wall() + left >= world.deadline;
            let patience = if is_last {
                left
            } else {
                left - world.reserve()
            };
            let patience = patience.try_into().unwrap_or_default();
            match tokio::time::timeout(patience, &mut work).await {
                Ok(done) => return done,
                Err(_) if is_last => {
                    return Err(Fault::transient(
                        "the work took longer than the function may run",
                    ));
                }
                Err(_) => {
                    let (longer, term) = world.longest_lease();
                    let bucket = &world.aws.bucket;
                    bucket.extend_lease(&mut self.held, &longer, term).await?;
                }
            }
        }
    }

    /// Gives the lease back, unless something that was sent may still take effect: then it stays shut until that
    /// has settled.
    pub(super) async fn release(self) {
        if self.fence().is_unsettled() {
            warn!("AWS did not answer everything: the lease stays closed until it ends");
        } else {
            self.give_back().await;
        }
    }

    /// Gives the lease back. One that cannot be given back ends by itself.
    pub(super) async fn give_back(self) {
        if let Err(fault) = self.world.aws.bucket.release_lease(self.held).await {
            warn!(%fault, "lease not released");
        }
    }

    /// The work has to be run again, by whoever takes the lease next.
    pub(super) async fn give_up<T>(self, fault: Fault) -> Result<T, Fault> {
        self.release().await;
        Err(fault)
    }
}

impl Invocation<'_> {
    /// How much of a lease, or of the time until the deadline, must be left to go on: more than an attempt
    /// takes that is already on its way.
    pub(super) fn reserve(self) -> Duration {
        self.config.terms.attempt * 3 / 2
    }

    /// A lease for as long as the settings and the deadline allow.
    fn longest_lease(self) -> (Lease, Term) {
        let now = clock::now();
        let terms = self.config.terms;
        let term = Term::lasting(terms.lease.min(self.deadline - now.wall), now);
        (Lease::over(term, terms.settling, self.request_id), term)
    }
}
