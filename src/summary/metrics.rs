//! The summary as metrics of CloudWatch, in its embedded metric format: a line of the log.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::{Outcome, Summary};

/// Where the metrics appear in CloudWatch.
pub const NAMESPACE: &str = "certdrop";

/// One document for a bundle that was worked on: `DaysToExpiry` by bundle (of the region whose certificate
/// ends first), and counts and the duration over all bundles.
#[must_use]
pub fn of_summary(summary: &Summary, took: Duration, now: OffsetDateTime) -> Value {
    let count = match summary.outcome {
        Outcome::Imported => Some("Imported"),
        Outcome::Replaced => Some("Replaced"),
        Outcome::Unchanged => Some("Unchanged"),
        Outcome::Outdated => Some("Outdated"),
        Outcome::Rejected => Some("Rejected"),
        Outcome::Waiting => Some("Waiting"),
        Outcome::Gone => None,
    };
    let mut document = Document::new(now);
    document.member("bundle", json!(summary.bundle));
    document.member("outcome", json!(summary.outcome));
    if let Some(end) = summary.first_end() {
        let days = (end - now).whole_days();
        document.metrics(&["bundle"], &[("DaysToExpiry", "Count", json!(days))]);
    }
    let milliseconds = ("Duration", "Milliseconds", json!(milliseconds(took)));
    match count {
        Some(name) => document.metrics(&[], &[(name, "Count", json!(1)), milliseconds]),
        None => document.metrics(&[], &[milliseconds]),
    }
    document.finish()
}

/// One document for work that could not be finished. `kind` is that of the fault.
#[must_use]
pub fn of_fault(kind: &str, now: OffsetDateTime) -> Value {
    let mut document = Document::new(now);
    document.member("fault", json!(kind));
    document.metrics(&[], &[("Failed", "Count", json!(1))]);
    document.finish()
}

fn milliseconds(took: Duration) -> f64 {
    took.as_seconds_f64() * 1_000.0
}

/// One document for a sweep, by which an alarm sees that sweeps run at all. `first_end` is the end
/// of the certificate that expires first.
#[must_use]
pub fn of_sweep(
    unfinished: usize,
    first_end: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Value {
    let mut document = Document::new(now);
    let mut metrics = vec![
        ("Swept", "Count", json!(1)),
        ("Unfinished", "Count", json!(unfinished)),
    ];
    let days = first_end.map(|end| json!((end - now).whole_days()));
    metrics.extend(days.map(|days| ("SoonestExpiry", "Count", days)));
    document.metrics(&[], &metrics);
    document.finish()
}

/// One document for a bundle that a sweep left as it was: its days go on counting.
#[must_use]
pub fn of_bundle(bundle: &str, end: OffsetDateTime, now: OffsetDateTime) -> Value {
    let mut document = Document::new(now);
    document.member("bundle", json!(bundle));
    let days = json!((end - now).whole_days());
    document.metrics(&["bundle"], &[("DaysToExpiry", "Count", days)]);
    document.finish()
}

struct Document {
    members: Map<String, Value>,
    directives: Vec<Value>,
    now: OffsetDateTime,
}

impl Document {
    fn new(now: OffsetDateTime) -> Self {
        let mut members = Map::new();
        // Lambda drops lines without a level where it filters by level.
        members.insert("level".to_owned(), json!("INFO"));
        Self {
            members,
            directives: Vec::new(),
            now,
        }
    }

    fn member(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
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
