//! An event source: an event comes until it is finished, a sweep until it has left nothing.

use serde_json::Value;

use certdrop_test_support::runtime_api::{Answer, Function, FunctionError, is_brief};
use certdrop_test_support::scene::Scene;

/// So often at most. Each comes when the lease is free, so that one or two are enough where one fault happened.
const TRIES: usize = 6;

/// What an answer means to the source of the event.
pub(crate) enum Standing {
    Finished,
    /// It comes again, because of this.
    Unfinished(String),
    /// Somebody would have to mend something.
    Wrong(String),
}

pub(crate) fn standing(answer: &Answer) -> Standing {
    match answer {
        Ok(answer) => match answer["unfinished"].as_object() {
            Some(unfinished) if !unfinished.is_empty() => {
                Standing::Unfinished(answer["unfinished"].to_string())
            }
            _ if answer["left"].as_u64().is_some_and(|left| left > 0) => {
                Standing::Unfinished("bundles were left".to_owned())
            }
            // A fault of the set-up within a sweep stands among the unfinished, too.
            _ => Standing::Finished,
        },
        Err(FunctionError::Reported { kind, message }) if is_brief(kind) => {
            Standing::Unfinished(message.clone())
        }
        Err(error) => Standing::Wrong(format!("{error:?}")),
    }
}

/// Sends `event` until it is finished, each time when nobody keeps a lease.
pub(crate) async fn until_finished(
    scene: &Scene,
    function: &Function,
    event: &Value,
) -> Result<Value, String> {
    let mut reasons = Vec::new();
    for _ in 0..TRIES {
        scene.leases_end().await;
        let answer = function.invoke(event).await;
        match standing(&answer) {
            Standing::Finished => return Ok(answer.unwrap_or_default()),
            Standing::Unfinished(reason) => reasons.push(reason),
            Standing::Wrong(what) => return Err(what),
        }
    }
    Err(format!(
        "not finished in {TRIES} tries: {}",
        reasons.join(" | ")
    ))
}
