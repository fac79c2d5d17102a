//! How many calls stood behind each other, whatever the clock said.

use std::time::Instant;

/// Sorts `calls` into round trips; `span` tells when a call began and when it ended. A trip holds
/// all that began before its first call had ended, so that the trips are as many as the longest
/// chain of calls that each began after the one before had ended.
pub fn round_trips<C>(calls: Vec<C>, span: impl Fn(&C) -> (Instant, Instant)) -> Vec<Vec<C>> {
    let mut trips = Vec::new();
    let mut rest = calls;
    while let Some(end) = rest.iter().map(|call| span(call).1).min() {
        let (trip, later) = rest.into_iter().partition(|call| span(call).0 < end);
        trips.push(trip);
        rest = later;
    }
    trips
}
