//! What a test can turn: rates, delays, lags, quotas, the clock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::account::{Account, Place};
use super::refusal::Refusal;
use super::requested::End;
use super::roles::{Role, RoleArn};
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
    /// The roles that may be assumed.
    pub roles: BTreeMap<RoleArn, Role>,
    /// What is different for single accounts.
    pub accounts: BTreeMap<Account, AccountKnobs>,
    /// The instant that it is, for ever; `null` for the clock.
    #[serde(with = "time::serde::rfc3339::option")]
    pub now: Option<OffsetDateTime>,
}

/// The knobs of one account. A member that is left out is as for all accounts, one that is there
/// replaces it as a whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountKnobs {
    /// Calls a second by operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<BTreeMap<String, Rate>>,
    /// How many milliseconds an answer is held back, by operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<BTreeMap<String, u64>>,
    /// How many milliseconds `GetResources` and `SearchCertificates` are behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_ms: Option<BTreeMap<String, u64>>,
    /// How many certificates and imports it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// How its certificate requests go on and end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<CertificateRequests>,
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
    pub(super) fn delay_of(&self, account: &Account, operation: &str) -> Duration {
        let own = self
            .accounts
            .get(account)
            .and_then(|own| own.delay_ms.as_ref());
        milliseconds_of(own.unwrap_or(&self.delay_ms), operation)
    }

    /// How far `operation` is behind.
    pub(super) fn lag_of(&self, account: &Account, operation: &str) -> Duration {
        let own = self
            .accounts
            .get(account)
            .and_then(|own| own.lag_ms.as_ref());
        milliseconds_of(own.unwrap_or(&self.lag_ms), operation)
    }

    /// How many certificates and imports `account` may have.
    pub(super) fn quota_of(&self, account: &Account) -> Quota {
        let own = self.accounts.get(account).and_then(|own| own.quota);
        own.unwrap_or(self.quota)
    }

    /// How the certificate requests of `account` go on and end.
    pub(super) fn requests_of(&self, account: &Account) -> CertificateRequests {
        let own = self.accounts.get(account).and_then(|own| own.requests);
        own.unwrap_or(self.requests)
    }

    fn rate_of(&self, account: &Account, operation: &str) -> Option<&Rate> {
        let own = self.accounts.get(account).and_then(|own| own.rate.as_ref());
        named_or_any(own.unwrap_or(&self.rate), operation)
    }
}

fn milliseconds_of(values: &BTreeMap<String, u64>, operation: &str) -> Duration {
    Duration::from_millis(named_or_any(values, operation).copied().unwrap_or(0))
}

fn named_or_any<'a, T>(values: &'a BTreeMap<String, T>, operation: &str) -> Option<&'a T> {
    values.get(operation).or_else(|| values.get("*"))
}

/// How many calls are left, by place and operation: a bucket that fills at the rate and holds the
/// burst.
#[derive(Default)]
pub(super) struct Meters {
    buckets: BTreeMap<(Place, String), Bucket>,
}

struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Meters {
    /// Takes one call of `operation` in `place` at the instant `now`.
    ///
    /// # Errors
    ///
    /// `ThrottlingException` where the rate of `knobs` allows none now.
    pub(super) fn take(
        &mut self,
        place: &Place,
        operation: &str,
        knobs: &Knobs,
        now: Instant,
    ) -> Result<(), Refusal> {
        let Some(rate) = knobs.rate_of(&place.account, operation) else {
            return Ok(());
        };
        let burst = rate.burst.unwrap_or(rate.per_second).max(1.0);
        let key = (place.clone(), operation.to_owned());
        let bucket = self.buckets.entry(key).or_insert(Bucket {
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
