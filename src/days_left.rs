//! How long a certificate is valid still, as everything that shows it counts.

use std::fmt;

use time::{Duration, OffsetDateTime};

/// Whole days from `now` until `end`, both UTC: 0 on the last day, negative from the instant at which it is past.
#[must_use]
pub fn days_left(end: OffsetDateTime, now: OffsetDateTime) -> i64 {
    let left = end - now;
    let days = left.whole_days();
    // Rounded down, and not towards zero: half a second after its end a certificate is past.
    if left < Duration::days(days) {
        days - 1
    } else {
        days
    }
}

/// So many whole days, in words: `1 day`, `30 days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(pub i64);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.pad("1 day"),
            days => f.pad(&format!("{days} days")),
        }
    }
}

/// What a certificate has left, in words, by [`days_left`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left(pub i64);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..0 => f.pad("expired"),
            0 => f.pad("last day"),
            days => Days(days).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_last_day_is_day_0_and_what_is_past_is_negative() {
        let now = datetime!(2026-12-01 12:00 UTC);
        for (hours, days) in [
            (48, 2),
            (47, 1),
            (24, 1),
            (23, 0),
            (0, 0),
            (-1, -1),
            (-24, -1),
            (-25, -2),
        ] {
            assert_eq!(
                days_left(now + Duration::hours(hours), now),
                days,
                "{hours} h"
            );
        }
        assert_eq!(days_left(now - Duration::milliseconds(1), now), -1);
    }

    #[test]
    fn what_is_left_is_told_in_words() {
        for (days, words) in [
            (-2, "expired"),
            (0, "last day"),
            (1, "1 day"),
            (61, "61 days"),
        ] {
            assert_eq!(Left(days).to_string(), words);
            assert_eq!(format!("{:<9}|", Left(days)), format!("{words:<9}|"));
        }
    }
}
