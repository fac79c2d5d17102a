//! What a test can turn: rates, delays, lags, quotas, the clock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::refusal::Refusal;
use super::requested::End;
use super::unsettled::Unsettled;

/// All knobs. A member that is left out is at its default: no limit of rate, no delay, no lag, the
/// quotas of a new account, requests that are issued after some seconds, the likelier readings of what
/// is not settled, the real clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Knobs {
    /// Calls a second by operation; `*` is any operation that is not named.
    pub rate: BTreeMap<String, Rate>,
    /// How many milliseconds an answer is held back, by operation; `*` as above.
    pub delay_ms: BTreeMap<String, u64>,
    /// How many milliseconds `GetResources` and `SearchCertificates` are behind.
    pub lag_ms: BTreeMap<String, u64>,
    /// How many certificates and imports an account may have.
    pub quota: Quota,
    /// How certificate requests go on and end.
    pub requests: CertificateRequests,
    /// What nobody knows of ACM, as it is to be here.
    pub unsettled: Unsettled,
    /// The instant that it is, for ever; `null` for the clock.
    #[serde(with = "time::serde::rfc3339::option")]
    pub now: Option<OffsetDateTime>,
}

/// Calls a second.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many calls a second are answered for long.
    pub per_second: f64,
    /// How many are answered at once after a pause. As many as in a second if left out.
    #[serde(default)]
    pub burst: Option<f64>,
}

/// Per account and region.
///
/// Source: ACM User Guide, "Quotas".
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// Imported certificates at one time.
    pub certificates: usize,
    /// Imports in 365 days, re-imports and those of deleted certificates included.
    pub imports_per_year: usize,
    /// Names of a requested certificate.
    pub names: usize,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            certificates: 2_500,
            imports_per_year: 5_000,
            names: 10,
        }
    }
}

/// What becomes of the requests that are made from now on. Times are counted from the request by the
/// clock of `now`: where that stands still, nothing happens.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateRequests {
    /// After how many milliseconds DNS records and mail addresses are shown. AWS takes a few seconds.
    pub shown_after_ms: u64,
    /// After how many milliseconds a request ends; `null` for not before it is told to.
    pub end_after_ms: Option<u64>,
    /// How it ends.
    pub end: End,
}

impl Default for CertificateRequests {
    /// Long enough for a client to see the request pending, and short enough to wait for.
    fn default() -> Self {
        Self {
            shown_after_ms: 1_000,
            end_after_ms: Some(5_000),
            end: End::Issued,
        }
    }
}

impl Knobs {
    /// The rates that AWS allows an account.
    ///
    /// Source: ACM User Guide, "Quotas", "API rate quotas".
    #[must_use]
    pub fn rates_of_aws() -> BTreeMap<String, Rate> {
        [
            ("AddTagsToCertificate", 5.0),
            ("DeleteCertificate", 5.0),
            ("DescribeCertificate", 10.0),
            ("GetCertificate", 10.0),
            ("ImportCertificate", 1.0),
            ("ListCertificates", 1.0),
            ("ListTagsForCertificate", 10.0),
            ("RemoveTagsFromCertificate", 5.0),
            ("RequestCertificate", 5.0),
            ("SearchCertificates", 5.0),
        ]
        .into_iter()
        .map(|(operation, per_second)| {
            let burst = None;
            (operation.to_owned(), Rate { per_second, burst })
        })
        .collect()
    }

    /// How long the answer to `operation` is held back.
    #[must_use]
    pub fn delay_of(&self, operation: &str) -> Duration {
        Duration::from_millis(
            named_or_any(&self.delay_ms, operation)
                .copied()
                .unwrap_or(0),
        )
    }

    /// How far `operation` is behind.
    #[must_use]
    pub fn lag_of(&self, operation: &str) -> Duration {
        Duration::from_millis(named_or_any(&self.lag_ms, operation).copied().unwrap_or(0))
    }
}

fn named_or_any<'a, T>(values: &'a BTreeMap<String, T>, operation: &str) -> Option<&'a T> {
    values.get(operation).or_else(|| values.get("*"))
}

/// How many calls are left, by operation: a bucket that fills at the rate and holds the burst.
#[derive(Default)]
pub(super) struct Meters {
    buckets: BTreeMap<String, Bucket>,
}

struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Meters {
    /// Takes one call of `operation` at the instant `now`.
    ///
    /// # Errors
    ///
    /// `ThrottlingException` where the rate of `knobs` allows none now.
    pub(super) fn take(
        &mut self,
        operation: &str,
        knobs: &Knobs,
        now: Instant,
    ) -> Result<(), Refusal> {
        let Some(rate) = named_or_any(&knobs.rate, operation) else {
            return Ok(());
        };
        let burst = rate.burst.unwrap_or(rate.per_second).max(1.0);
        let bucket = self.buckets.entry(operation.to_owned()).or_insert(Bucket {
            tokens: burst,
            filled_at: now,
        });
        let passed = now
            .saturating_duration_since(bucket.filled_at)
            .as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * rate.per_second).min(burst);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return Err(Refusal::throttled());
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}
