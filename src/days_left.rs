//! How long a certificate is valid still, as everything that shows it counts.

use time::OffsetDateTime;

/// Whole days from `now` until `end`, both UTC: 0 on the last day, negative from the instant at which it is past.
#[must_use]
pub fn days_left(end: OffsetDateTime, now: OffsetDateTime) -> i64 {
    (end - now).whole_seconds().div_euclid(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
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
    }
}
