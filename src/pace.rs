//! How fast imports are sent to one region while ACM refuses some of them for being too many.
//!
//! ACM takes one import a second in an account and region. As long as it takes what comes, nobody waits. Once it
//! refuses an import, all workers of the bucket take turns. The turns lie in one small object in the bucket; this
//! file says when the next one is, `aws/pace.rs` reads and writes it, and `pipeline/turn.rs` waits.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// The turns of one region, as they lie in the bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// When the first turn is that nobody has.
    #[serde(with = "time::serde::rfc3339")]
    next: OffsetDateTime,
    /// From one turn to the next.
    gap_seconds: f64,
}

/// How ACM answered the imports of this process since it last took a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Those in their turn that it did not refuse for being too many.
    pub taken: u32,
    /// Those in their turn that it did.
    pub refused: u32,
    /// It refused one for being too many, in its turn or not.
    pub is_refused: bool,
}

/// What becomes of the wish for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is at this instant.
    At(OffsetDateTime),
    /// All turns up to the end are somebody's.
    TooLate,
}

/// For each import that is refused the gap grows by this, and for each that is taken it shrinks by that. A worker takes
/// its turns some at a time, so that answers come late: large steps would swing.
const SLOWER: f64 = 1.05;
const FASTER: f64 = 0.99;

/// A gap is never shorter than the quota's own, and a little: ACM would refuse every other import. Nor longer than ten
/// times that: others may use up the quota for a while, and what was learned then must not hold for hours.
const GAPS: std::ops::RangeInclusive<f64> = 1.02..=10.0;

/// No worker waits for a turn that is so far off, because no function runs for longer: whoever wrote it had the clock
/// wrong.
const FARTHEST: Duration = Duration::minutes(15);

impl Pace {
    /// Turns that begin at `now`, `per_second` of them in a second.
    #[must_use]
    pub fn beginning(per_second: f64, now: OffsetDateTime) -> Self {
        Self {
            next: now,
            gap_seconds: GAPS.start() / per_second,
        }
    }

    /// Takes what ACM answered into account, where its quota is `per_second`.
    pub fn learn(&mut self, answered: Answered, per_second: f64) {
        let slower = SLOWER.powf(f64::from(answered.refused));
        let faster = FASTER.powf(f64::from(answered.taken));
        let gap = self.gap_seconds * slower * faster * per_second;
        // A document that somebody else wrote may hold anything.
        let gap = if gap.is_nan() { *GAPS.start() } else { gap };
        self.gap_seconds = gap.clamp(*GAPS.start(), *GAPS.end()) / per_second;
    }

    /// Takes the next turn, if it is not after `latest`.
    pub fn take(&mut self, now: OffsetDateTime, latest: OffsetDateTime) -> Turn {
        // Turns that nobody took are lost: making up for them would be faster than the quota.
        let turn = self.next.max(now);
        // Left as it is: a worker that cannot use the turn must not push it back for the others.
        if turn > latest {
            return Turn::TooLate;
        }
        self.next = turn + Duration::seconds_f64(self.gap_seconds);
        Turn::At(turn)
    }

    /// Nobody has taken a turn for so long that imports need none, or what is written cannot be right.
    #[must_use]
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        // Longer than a worker takes to its next import, so that a queue that is worked off is not taken for one
        // that is empty.
        let pause = Duration::seconds(30).max(Duration::seconds_f64(self.gap_seconds * 3.0));
        self.next + pause <= now || self.next > now + FARTHEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);

    fn seconds(turn: Turn) -> Option<f64> {
        match turn {
            Turn::At(turn) => Some((turn - NOW).as_seconds_f64()),
            Turn::TooLate => None,
        }
    }

    #[test]
    fn turns_follow_each_other_at_the_gap_and_end_where_the_worker_does() {
        let mut pace = Pace::beginning(2.0, NOW);
        let turns: Vec<_> = (0..4)
            .map(|_| seconds(pace.take(NOW, NOW + Duration::seconds(1))))
            .collect();
        assert_eq!(turns, [Some(0.0), Some(0.51), None, None]);
        let later = NOW + Duration::seconds(10);
        assert_eq!(pace.take(later, later), Turn::At(later), "none is saved up");
    }

    #[test]
    fn a_turn_that_is_too_late_stays_for_the_next() {
        let mut pace = Pace::beginning(1.0, NOW);
        assert_eq!(pace.take(NOW, NOW), Turn::At(NOW));
        assert_eq!(pace.take(NOW, NOW), Turn::TooLate);
        let second = NOW + Duration::milliseconds(1_020);
        assert_eq!(pace.take(NOW, second), Turn::At(second));
    }

    #[test]
    fn refusals_slow_all_down_and_success_speeds_up() {
        for (name, taken, refused, expected) in [
            ("nothing yet", 0, 0, 1.02),
            ("one refused", 0, 1, 1.071),
            ("one refused, five taken", 5, 1, 1.02),
            ("a day of refusals", 0, 10_000, 10.0),
            ("a day without", 100_000, 0, 1.02),
        ] {
            let mut pace = Pace::beginning(1.0, NOW);
            let answered = Answered {
                taken,
                refused,
                is_refused: refused > 0,
            };
            pace.learn(answered, 1.0);
            assert!(
                (pace.gap_seconds - expected).abs() < 0.002,
                "{name}: {pace:?}"
            );
        }
    }

    #[test]
    fn it_is_over_half_a_minute_after_the_last_turn() {
        let mut pace = Pace::beginning(1.0, NOW);
        pace.take(NOW, NOW);
        assert!(!pace.is_over(NOW + Duration::seconds(30)));
        assert!(pace.is_over(NOW + Duration::seconds(32)));
    }

    #[test]
    fn a_document_of_somebody_else_does_no_harm() {
        let json = r#"{"next":"2026-12-01T00:00:00Z","gap_seconds":1e300}"#;
        let mut pace: Pace = serde_json::from_str(json).expect("it is one");
        pace.learn(Answered::default(), 1.0);
        assert!((pace.gap_seconds - 10.0).abs() < f64::EPSILON);
        let json = r#"{"next":"2026-12-02T00:00:00Z","gap_seconds":1}"#;
        let pace: Pace = serde_json::from_str(json).expect("it is one");
        assert!(pace.is_over(NOW), "a turn tomorrow");
    }

    /// A bucket that holds one import and fills at one a second, as ACM's quota says, and twenty workers that do not
    /// know yet: at most one in five is refused, and the time is at most 1.2 times what the quota takes.
    #[test]
    fn a_bulk_load_keeps_close_to_the_quota() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut tokens, mut filled) = (1.0_f64, NOW);
        let mut import = |at: OffsetDateTime| {
            tokens = (tokens + (at - filled).as_seconds_f64().max(0.0)).min(1.0);
            filled = filled.max(at);
            let is_taken = tokens >= 1.0;
            tokens -= f64::from(u8::from(is_taken));
            is_taken
        };
        let (mut taken, mut refused) = (0_u32, 0_u32);
        let mut count = |is_taken: bool| {
            let answered = Answered {
                taken: u32::from(is_taken),
                refused: u32::from(!is_taken),
                is_refused: !is_taken,
            };
            taken += answered.taken;
            refused += answered.refused;
            (answered, taken)
        };
        for _ in 0..20 {
            count(import(NOW));
        }
        let mut pace = Pace::beginning(1.0, NOW);
        let end = loop {
            let Turn::At(turn) = pace.take(NOW, NOW + Duration::DAY) else {
                panic!("a day is long enough");
            };
            let late = Duration::milliseconds(random.i64(0..30));
            let (answered, taken) = count(import(turn + late));
            pace.learn(answered, 1.0);
            if taken == 300 {
                break turn;
            }
        };
        let share = f64::from(refused) / f64::from(taken + refused);
        let took = (end - NOW).as_seconds_f64() / 300.0;
        assert!(share < 0.2 && took < 1.2, "{share} refused, {took} s each");
    }

    #[test]
    fn the_gap_follows_the_quota_of_the_account() {
        for (per_second, first, refused, longest) in [
            (1.0, 1.02, 1.071, 10.0),
            (4.0, 0.255, 0.267_75, 2.5),
            (0.5, 2.04, 2.142, 20.0),
        ] {
            let mut pace = Pace::beginning(per_second, NOW);
            for (count, expected) in [(0, first), (1, refused), (1_000, longest)] {
                let answered = Answered {
                    refused: count,
                    ..Answered::default()
                };
                pace.learn(answered, per_second);
                assert!(
                    (pace.gap_seconds - expected).abs() < 1e-9,
                    "{count} refused at {per_second} a second: {pace:?}"
                );
            }
        }
    }

    #[test]
    fn three_gaps_of_a_small_quota_are_waited_for_before_it_is_over() {
        let mut pace = Pace::beginning(0.05, NOW);
        pace.take(NOW, NOW);
        // The next turn is 20.4 s from now, and three gaps are 61.2 s.
        assert!(!pace.is_over(NOW + Duration::seconds(81)));
        assert!(pace.is_over(NOW + Duration::seconds(82)));
    }

    #[test]
    fn no_turn_is_farther_off_than_a_function_may_run() {
        let mut pace = Pace::beginning(1.0, NOW);
        pace.next = NOW + Duration::minutes(15);
        assert!(!pace.is_over(NOW));
        assert!(pace.is_over(NOW - Duration::SECOND));
    }
}
