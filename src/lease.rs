//! Who may work on a bundle now: at most one worker at a time.
//!
//! A lease is a small object in the bucket, made by a conditional write. This file says when a
//! lease is free; `aws/s3.rs` does the writes.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// How long after its holder must have ended a lease stays shut.
///
/// A worker that died may have imported a certificate a moment before: this gives ACM's search and
/// the tagging API, which answer from indexes that lag behind, the time to show it to the next
/// worker. It also covers clocks that differ.
const SETTLING: Duration = Duration::seconds(60);

/// What lies in the bucket while a bundle is being worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Request id of the worker, for people who wonder.
    pub holder: String,
    /// When anybody may take the lease over.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

impl Lease {
    /// A lease for a worker that does nothing more after `end`.
    #[must_use]
    pub fn until(end: OffsetDateTime, holder: &str) -> Self {
        Self {
            holder: holder.to_owned(),
            expires_at: end + SETTLING,
        }
    }

    /// The holder is gone, and what it did can be seen by now.
    #[must_use]
    pub fn is_free(&self, now: OffsetDateTime) -> bool {
        self.expires_at <= now
    }

    /// How long the holder may still act on it: nothing that it began may take effect when the
    /// lease has opened.
    #[must_use]
    pub fn time_left(&self, now: OffsetDateTime) -> Duration {
        (self.expires_at - SETTLING - now).max(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_lease_opens_a_minute_after_its_holder_has_to_stop() {
        let deadline = datetime!(2026-12-01 00:00:30 UTC);
        let lease = Lease::until(deadline, "request");
        assert!(!lease.is_free(deadline + Duration::milliseconds(59_999)));
        assert!(lease.is_free(deadline + Duration::seconds(60)));
        assert_eq!(
            lease.time_left(deadline - Duration::SECOND),
            Duration::SECOND
        );
        assert_eq!(lease.time_left(deadline + Duration::SECOND), Duration::ZERO);
    }

    #[test]
    fn a_lease_is_read_as_it_was_written() {
        let lease = Lease::until(datetime!(2026-12-01 00:00:30.5 UTC), "request");
        let text = serde_json::to_string(&lease).expect("it is JSON");
        assert_eq!(
            text,
            r#"{"holder":"request","expires_at":"2026-12-01T00:01:30.5Z"}"#
        );
        assert_eq!(
            serde_json::from_str::<Lease>(&text).expect("it is a lease"),
            lease
        );
    }
}
