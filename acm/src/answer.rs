//! How answers are put together: members that may be absent, and times.

use serde_json::{Value, json};
use time::OffsetDateTime;

/// The object `answer` with those of `members` that there are.
pub(super) fn with_present<const N: usize>(
    mut answer: Value,
    members: [(&str, Option<Value>); N],
) -> Value {
    for (member, value) in members {
        if let (Some(value), Some(answer)) = (value, answer.as_object_mut()) {
            answer.insert(member.to_owned(), value);
        }
    }
    answer
}

/// The object `answer` with all of `members`.
pub(super) fn with_all(mut answer: Value, members: Value) -> Value {
    if let (Some(answer), Value::Object(members)) = (answer.as_object_mut(), members) {
        answer.extend(members);
    }
    answer
}

/// Seconds since 1970 with milliseconds, as awsJson writes a time.
pub(super) fn timestamp(at: OffsetDateTime) -> Value {
    let milliseconds = at.unix_timestamp_nanos() / 1_000_000;
    #[allow(
        clippy::cast_precision_loss,
        reason = "exact below 2^53 ms: year 287,396"
    )]
    let seconds = milliseconds as f64 / 1_000.0;
    json!(seconds)
}
