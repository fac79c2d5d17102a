//! The turns of imports, by conditional writes.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use super::s3::Bucket;
use crate::fault::Fault;
use crate::pace::{Answered, Pace};

/// What a process knows of ACM's pace in one region. It outlives an invocation.
#[derive(Debug, Default)]
pub struct Pressure {
    state: Mutex<State>,
    /// Turns are taken one after the other: two writes of one process would only be in each other's way.
    taking: AsyncMutex<()>,
}

/// How an import was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// In its turn: the answer tells whether turns come too fast.
    InTurn,
    /// Without one. A crowd that does not know of each other is refused nearly whole, which tells nothing of turns.
    AtOnce,
}

impl Sent {
    fn weight(self) -> u32 {
        u32::from(self == Self::InTurn)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    is_on: bool,
    answered: Answered,
}

impl Pressure {
    /// ACM took an import, or refused it for what it is.
    pub fn taken(&self, sent: Sent) {
        self.change(|state| state.answered.taken += sent.weight());
    }

    /// ACM refused an import because there are too many.
    pub fn refused(&self, sent: Sent) {
        self.change(|state| {
            state.is_on = true;
            state.answered.is_refused = true;
            state.answered.refused += sent.weight();
        });
    }

    /// Imports need no turn any more.
    pub fn off(&self) {
        self.change(|state| *state = State::default());
    }

    /// Imports need a turn.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_on
    }

    /// What was answered since this was last asked.
    #[must_use]
    pub fn answered(&self) -> Answered {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out: an answer that is told twice would change the gap twice.
        std::mem::take(&mut state.answered)
    }

    /// Held while a turn is taken.
    pub async fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.taking.lock().await
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        // A panic in one invocation must not end the next ones (docs/decisions/0013).
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Bucket {
    /// The turns at `key`, `None` where there are none or what lies there is something else; and the ETag of what lies
    /// there.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn pace(&self, key: &str) -> Result<(Option<Pace>, Option<String>), Fault> {
        let stored = self.get(key, None).await?;
        // Turns are an agreement between workers: what cannot be read is written anew, and stops no import.
        let pace = stored
            .as_ref()
            .and_then(|stored| serde_json::from_slice(stored.bytes.expose()).ok());
        Ok((pace, stored.map(|stored| stored.etag)))
    }

    /// Writes the turns in place of what has the ETag `replaces`: whether it was still there.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn put_pace(
        &self,
        key: &str,
        pace: &Pace,
        replaces: Option<String>,
    ) -> Result<bool, Fault> {
        let json = serde_json::to_vec(pace)
            .map_err(|_| Fault::internal("the turns could not be written as JSON"))?;
        match self.put_instead(key, json, replaces).await {
            Ok(etag) => Ok(etag.is_some()),
            // Another worker writes at this moment.
            Err(failure) if failure.status() == Some(409) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }
}
