//! Waiting for a turn to import, while ACM refuses imports for being too many.

use time::Duration;
use tracing::{debug, warn};

use super::target::InTarget;
use crate::aws::pace::Sent;
use crate::clock;
use crate::fault::Fault;
use crate::pace::{Pace, Turn};

/// How often the turns are written before an import goes on without one.
const TRIES: u32 = 10;

impl InTarget<'_> {
    /// Waits until an import may be sent to ACM; not at all as long as ACM takes all of them. Tells how it is sent then.
    ///
    /// # Errors
    ///
    /// [`Kind::Throttled`](crate::fault::Kind::Throttled) where no turn is left before the end.
    pub(super) async fn wait_for_turn(self) -> Result<Sent, Fault> {
        let there = self.there;
        if !there.pressure.is_on() {
            return Ok(Sent::AtOnce);
        }
        let turn = {
            // Released before the wait below: meanwhile other imports of this process take the turns after it.
            let _taking = there.pressure.one_at_a_time().await;
            self.take_turn().await
        };
        // Turns are a courtesy between workers; ACM's answer decides.
        let turn = turn.unwrap_or_else(|fault| {
            warn!(%fault, "no turn taken");
            None
        });
        match turn {
            Some(Turn::At(turn)) => {
                let wait = (turn - clock::wall()).max(Duration::ZERO);
                tokio::time::sleep(wait.unsigned_abs()).await;
                Ok(Sent::InTurn)
            }
            Some(Turn::TooLate) => {
                let problem = "ACM has more imports to take than fit into the time that is left";
                Err(Fault::throttled(problem).in_target(&there.target.name))
            }
            None => {
                // Not faster than the quota, each worker by itself.
                let gap = 1.0 / self.records.world.config.imports_per_second;
                tokio::time::sleep(std::time::Duration::from_secs_f64(gap)).await;
                Ok(Sent::AtOnce)
            }
        }
    }

    /// The turn of this import: now where none is needed any more; `None` where too many workers want one at once.
    async fn take_turn(self) -> Result<Option<Turn>, Fault> {
        let (there, world) = (self.there, self.records.world);
        let bucket = &world.aws.bucket;
        // No bundle's lease: a bundle's name has no slash.
        let key = format!("{}pace/{}", world.config.lease_prefix, there.target.name);
        // Time for the import itself, and to tell what became of it.
        let latest = world.deadline - world.reserve() * 2;
        // Once, before the attempts: each begins with what is in the bucket, and adds the same answers to it.
        let answered = there.pressure.answered();
        for attempt in 1..=TRIES {
            let (pace, etag) = bucket.pace(&key).await?;
            let now = clock::wall();
            let current = pace.filter(|pace| !pace.is_over(now));
            // Nobody takes turns, and ACM refused nothing since this process last asked: no more waiting.
            if current.is_none() && !answered.is_refused {
                there.pressure.off();
                return Ok(Some(Turn::At(now)));
            }
            let mut pace =
                current.unwrap_or_else(|| Pace::beginning(world.config.imports_per_second, now));
            pace.learn(answered, world.config.imports_per_second);
            let turn = pace.take(now, latest);
            // Another worker that wrote in between has this turn: the ETag has changed, and the loop reads again.
            if turn == Turn::TooLate || bucket.put_pace(&key, &pace, etag).await? {
                debug!(?turn, target = %there.target.name, "turn taken");
                return Ok(Some(turn));
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Ok(None)
    }
}

/// Twice as long with each attempt, up to a second; workers differ by where in a millisecond they are.
fn pause(attempt: u32) -> std::time::Duration {
    let longest = (20_u64 << attempt).min(1_000);
    let spread = u64::from(clock::wall().nanosecond() / 1_000 % 1_000);
    std::time::Duration::from_millis(longest * spread / 1_000)
}
