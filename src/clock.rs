//! The clocks. Rules are judged at [`crate::pipeline::Invocation::now`]; leases and deadlines end by these.

use time::OffsetDateTime;

use crate::lease::Moment;

/// What all clocks say now.
pub(crate) fn now() -> Moment {
    Moment {
        wall: wall(),
        since_boot: since_boot(),
    }
}

/// The clock on the wall.
pub(crate) fn wall() -> OffsetDateTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "leases and deadlines end by the clock, whatever instant the rules are judged at"
    )]
    OffsetDateTime::now_utc()
}

/// Counts while the machine sleeps, as `CLOCK_MONOTONIC` of Linux does not.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn since_boot() -> time::Duration {
    let uptime = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time::Duration::seconds(uptime.tv_sec) + time::Duration::nanoseconds(uptime.tv_nsec)
}

/// Elsewhere the clock on the wall is the one that counts while the machine sleeps.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn since_boot() -> time::Duration {
    wall() - OffsetDateTime::UNIX_EPOCH
}
