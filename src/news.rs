//! What happens while bundles are worked on, told as it happens. The function makes log lines and metrics of it, the
//! command line tool its progress.

use time::{Duration, OffsetDateTime};

use crate::fault::Fault;
use crate::summary::Summary;
use crate::target::TargetName;

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// A sweep has listed everything and knows what there is to do.
    Listed {
        /// How many bundles there are.
        bundles: usize,
        /// How many of them it has to work on.
        to_do: usize,
    },
    /// A bundle was worked on, and has a summary.
    Done {
        /// What became of it.
        summary: &'a Summary,
        /// How long the work took.
        took: Duration,
    },
    /// Work on a bundle could not be finished.
    Unfinished(&'a Fault),
    /// ACM throttles an event still, so long after it was sent first.
    Throttled(Duration),
    /// A sweep left a bundle as it was.
    Kept {
        /// Its name.
        bundle: &'a str,
        /// When the first of its certificates ends.
        end: OffsetDateTime,
    },
    /// A certificate ends within the warning time.
    ExpiresSoon {
        /// Its bundle's name.
        bundle: &'a str,
        /// When it ends.
        end: OffsetDateTime,
    },
    /// A target has nearly used up the quota of imported certificates.
    NearQuota {
        /// Which.
        target: &'a TargetName,
        /// How many it has.
        count: usize,
        /// How many it may have.
        quota: usize,
    },
    /// A sweep has worked on everything.
    Swept(Swept),
}

/// What a sweep counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Swept {
    /// It only looked, and repaired nothing.
    pub dry_run: bool,
    /// Bundles that there are.
    pub bundles: usize,
    /// Bundles that it had to work on.
    pub worked_on: usize,
    /// Bundles that it could not finish.
    pub unfinished: usize,
    /// Targets whose certificates it could not list.
    pub not_listed: usize,
    /// Bundles that it put into the queue.
    pub queued: usize,
    /// Bundles that it left to the next sweep.
    pub left: usize,
    /// The end of the certificate that expires first.
    pub first_end: Option<OffsetDateTime>,
    /// Imported certificates in the target that has most of them.
    pub certificates: usize,
    /// How many a target may have.
    pub quota: usize,
}
