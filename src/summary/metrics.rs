//! The summary as metrics of CloudWatch, in its embedded metric format: a line of the log.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::{Outcome, Summary};
use crate::bundle_name::BundleName;
use crate::days_left::days_left;
use crate::fault::{Fault, Kind};
use crate::news::{News, Swept};

/// Where the metrics appear in CloudWatch.
pub const NAMESPACE: &str = "certdrop";

/// The dimension of all metrics, by which stacks in one account and region are told apart.
const STACK: &str = "stack";

/// The document for `news`; `None` where nothing of it is counted.
#[must_use]
pub fn of(news: News<'_>, stack: &str, now: OffsetDateTime) -> Option<Value> {
    Some(match news {
        News::Listed { .. } | News::ExpiresSoon { .. } | News::NearQuota { .. } => return None,
        News::Done { summary, took } => of_summary(summary, took, stack, now),
        News::Unfinished(fault) => of_fault(fault, stack, now),
        News::Throttled(waited) => of_wait(waited, stack, now),
        News::Kept { bundle, end } => of_bundle(bundle, end, stack, now),
        // It repairs no lost event: counted, it would keep the alarm quiet that misses sweeps.
        News::Swept(swept) if swept.dry_run => return None,
        News::Swept(swept) => of_sweep(swept, stack, now),
    })
}

/// One document for a bundle that was worked on: `DaysToExpiry` by bundle (of the target whose certificate
/// ends first), and counts and the duration over all bundles.
fn of_summary(summary: &Summary, took: Duration, stack: &str, now: OffsetDateTime) -> Value {
    let count = match summary.outcome {
        Outcome::Imported => Some("Imported"),
        Outcome::Replaced => Some("Replaced"),
        Outcome::Unchanged => Some("Unchanged"),
        Outcome::Outdated => Some("Outdated"),
        Outcome::Rejected => Some("Rejected"),
        Outcome::Waiting => Some("Waiting"),
        Outcome::Gone => None,
    };
    let mut document = Document::new(stack, now);
    document.member("outcome", json!(summary.outcome));
    document.days_to_expiry(summary.bundle.as_str(), summary.first_end());
    let milliseconds = ("Duration", "Milliseconds", json!(milliseconds(took)));
    match count {
        Some(name) => document.metrics(&[STACK], &[(name, "Count", json!(1)), milliseconds]),
        None => document.metrics(&[STACK], &[milliseconds]),
    }
    document.finish()
}

/// One document for work that could not be finished. An alarm counts `Failed`; waiting for
/// ACM is none, and counts as `Throttled`.
fn of_fault(fault: &Fault, stack: &str, now: OffsetDateTime) -> Value {
    let mut document = Document::new(stack, now);
    document.member("fault", json!(fault.kind().as_str()));
    let name = match fault.kind() {
        Kind::Throttled => "Throttled",
        Kind::Transient | Kind::SetUp(_) => "Failed",
    };
    document.metrics(&[STACK], &[(name, "Count", json!(1))]);
    document.finish()
}

/// One document for an event that ACM throttles still, `waited` after it was sent first. SQS counts the age of a message
/// from when it was sent last.
fn of_wait(waited: Duration, stack: &str, now: OffsetDateTime) -> Value {
    let mut document = Document::new(stack, now);
    let seconds = json!(waited.whole_seconds().max(0));
    document.metrics(&[STACK], &[("ThrottledFor", "Seconds", seconds)]);
    document.finish()
}

fn milliseconds(took: Duration) -> f64 {
    took.as_seconds_f64() * 1_000.0
}

/// One document for a sweep, by which an alarm sees that sweeps run at all.
fn of_sweep(swept: Swept, stack: &str, now: OffsetDateTime) -> Value {
    let mut document = Document::new(stack, now);
    let mut metrics = vec![
        ("Swept", "Count", json!(1)),
        (
            "Unfinished",
            "Count",
            json!(swept.unfinished + swept.not_listed),
        ),
        ("Queued", "Count", json!(swept.queued)),
        ("ImportedCertificates", "Count", json!(swept.certificates)),
        (
            "CertificateQuotaUsed",
            "Percent",
            json!(swept.certificates * 100 / swept.quota.max(1)),
        ),
    ];
    let days = swept.first_end.map(|end| json!(days_left(end, now)));
    metrics.extend(days.map(|days| ("SoonestExpiry", "Count", days)));
    document.metrics(&[STACK], &metrics);
    document.finish()
}

/// One document for a bundle that a sweep left as it was: its days go on counting.
fn of_bundle(bundle: &str, end: OffsetDateTime, stack: &str, now: OffsetDateTime) -> Value {
    let mut document = Document::new(stack, now);
    document.days_to_expiry(bundle, Some(end));
    document.finish()
}

/// CloudWatch takes ASCII alone in dimensions, and drops a document with anything else. Then it is the bundle's
/// identity, as in tags and parameters.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>
fn dimension(bundle: &str) -> String {
    let is_taken = bundle
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && !bundle.starts_with(':')
        && !bundle.trim().is_empty();
    match BundleName::new(bundle) {
        Some(name) if !is_taken => name.identity(),
        _ => bundle.to_owned(),
    }
}

struct Document {
    members: Map<String, Value>,
    directives: Vec<Value>,
    now: OffsetDateTime,
}

impl Document {
    fn new(stack: &str, now: OffsetDateTime) -> Self {
        let mut members = Map::new();
        // Lambda drops lines without a level where it filters by level.
        members.insert("level".to_owned(), json!("INFO"));
        members.insert(STACK.to_owned(), json!(stack));
        Self {
            members,
            directives: Vec::new(),
            now,
        }
    }

    fn member(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    fn days_to_expiry(&mut self, bundle: &str, end: Option<OffsetDateTime>) {
        self.member("bundle", json!(dimension(bundle)));
        if let Some(end) = end {
            let days = json!(days_left(end, self.now));
            self.metrics(&[STACK, "bundle"], &[("DaysToExpiry", "Count", days)]);
        }
    }

    /// `metrics` are (name, unit, value).
    fn metrics(&mut self, dimensions: &[&str], metrics: &[(&str, &str, Value)]) {
        let names: Vec<_> = metrics
            .iter()
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
            .collect();
        for (name, _, value) in metrics {
            self.member(name, value.clone());
        }
        self.directives.push(json!({
            "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": names,
        }));
    }

    fn finish(mut self) -> Value {
        let milliseconds = self.now.unix_timestamp_nanos() / 1_000_000;
        let metadata = json!({
            "Timestamp": i64::try_from(milliseconds).unwrap_or_default(),
            "CloudWatchMetrics": self.directives,
        });
        self.members.insert("_aws".to_owned(), metadata);
        Value::Object(self.members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_s_dimension_is_ascii() {
        for (bundle, expected) in [
            ("www.example.com", "www.example.com"),
            ("*.example.com", "*.example.com"),
            ("my shop.example.com", "my shop.example.com"),
        ] {
            assert_eq!(dimension(bundle), expected);
        }
        for bundle in ["münchen.example", "例え.example", ":a", "a\u{7f}b"] {
            let dimension = dimension(bundle);
            assert!(
                dimension.bytes().all(|byte| byte.is_ascii_graphic())
                    && !dimension.starts_with(':'),
                "{bundle}: {dimension}"
            );
        }
    }
}
