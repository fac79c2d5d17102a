//! Who may work on a bundle now: at most one worker at a time.
//!
//! A lease is a small object in the bucket, made by a conditional write. This file says when a
//! lease is free and how long its holder may act; `aws/lease.rs` does the writes, and
//! `aws/fence.rs` stops what would be sent too late.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

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
    /// A lease for a worker that sends nothing more after the end of `term`. It stays shut for
    /// `settling` longer: what was sent last may take effect late, and ACM's search and the tagging
    /// API answer from indexes that lag behind. That also covers clocks that differ.
    #[must_use]
    pub fn over(term: Term, settling: Duration, holder: &str) -> Self {
        Self {
            holder: holder.to_owned(),
            expires_at: term.end.wall + settling,
        }
    }

    /// The holder has stopped, and what it did can be seen by now.
    #[must_use]
    pub fn is_free(&self, now: OffsetDateTime) -> bool {
        self.expires_at <= now
    }
}

/// The clocks at one instant. They disagree where somebody sets the one on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The clock on the wall, which other workers read too.
    pub wall: OffsetDateTime,
    /// How long the machine has been up, the time that it slept included.
    pub since_boot: Duration,
}

/// How long the holder of a lease may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    end: Moment,
}

impl Term {
    /// The term that begins at `now` and lasts for `length`.
    #[must_use]
    pub fn lasting(length: Duration, now: Moment) -> Self {
        Self {
            end: Moment {
                wall: now.wall + length,
                since_boot: now.since_boot + length,
            },
        }
    }

    /// How much of it is left: zero as soon as either clock says that it is over.
    #[must_use]
    pub fn left(&self, now: Moment) -> Duration {
        // Both are needed. A wall clock that is set back would let this worker act after the lease has opened.
        // One that is set forward was slow when it wrote the end of the lease, which others have passed by now.
        let by_wall = self.end.wall - now.wall;
        let by_uptime = self.end.since_boot - now.since_boot;
        by_wall.min(by_uptime).max(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const BEGIN: Moment = Moment {
        wall: datetime!(2026-12-01 00:00:00 UTC),
        since_boot: Duration::seconds(1_000),
    };

    fn later(wall: i64, since_boot: i64) -> Moment {
        Moment {
            wall: BEGIN.wall + Duration::seconds(wall),
            since_boot: BEGIN.since_boot + Duration::seconds(since_boot),
        }
    }

    #[test]
    fn a_lease_opens_when_its_term_has_ended_and_settled() {
        let term = Term::lasting(Duration::seconds(30), BEGIN);
        let lease = Lease::over(term, Duration::seconds(60), "request");
        assert!(!lease.is_free(datetime!(2026-12-01 00:01:29.999 UTC)));
        assert!(lease.is_free(datetime!(2026-12-01 00:01:30 UTC)));
    }

    #[test]
    fn a_term_is_over_when_either_clock_says_so() {
        let term = Term::lasting(Duration::seconds(30), BEGIN);
        for (name, now, left) in [
            ("both go on", later(29, 29), 1),
            ("both have passed it", later(31, 31), 0),
            ("the clock on the wall was set back", later(-3_600, 31), 0),
            ("the clock on the wall was set on", later(3_600, 1), 0),
            ("the machine slept", later(600, 600), 0),
        ] {
            assert_eq!(term.left(now), Duration::seconds(left), "{name}");
        }
    }

    #[test]
    fn a_lease_is_read_as_it_was_written() {
        let lease = Lease {
            holder: "request".to_owned(),
            expires_at: datetime!(2026-12-01 00:01:30.5 UTC),
        };
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
