//! CloudWatch's embedded metric format, as its specification has it: what is not so makes no metric, and
//! nobody is told.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::Value;

const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// One value that CloudWatch takes out of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Of the metric.
    pub name: String,
    /// Name and value, in the order of the document.
    pub dimensions: Vec<(String, String)>,
    /// In the unit that the document names.
    pub value: f64,
}

/// All metrics in a log: of every line that has the member `_aws`.
pub fn metrics(log: &str) -> Vec<Metric> {
    let documents = log.lines().filter(|line| line.contains("\"_aws\""));
    documents.flat_map(of_document).collect()
}

fn of_document(line: &str) -> Vec<Metric> {
    assert!(line.len() <= 1024 * 1024, "too long: {line}");
    let document: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let metadata = &document["_aws"];
    // Milliseconds; CloudWatch takes two weeks back and two hours ahead.
    let at = metadata["Timestamp"].as_i64();
    assert!(at.is_some_and(|at| at > 1_600_000_000_000), "{line}");
    let directives = metadata["CloudWatchMetrics"].as_array();
    let directives = directives.unwrap_or_else(|| panic!("no directives: {line}"));
    assert!(!directives.is_empty(), "{line}");
    directives
        .iter()
        .flat_map(|directive| of_directive(directive, &document))
        .collect()
}

fn of_directive(directive: &Value, document: &Value) -> Vec<Metric> {
    let members: Vec<_> = directive.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["Dimensions", "Metrics", "Namespace"]);
    let namespace = directive["Namespace"].as_str().expect("a namespace");
    assert!((1..=1024).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
    let sets = directive["Dimensions"]
        .as_array()
        .expect("sets of dimensions");
    let metrics = directive["Metrics"].as_array().expect("metrics");
    assert!((1..=100).contains(&metrics.len()), "{directive}");
    let every_pair = sets
        .iter()
        .flat_map(|set| metrics.iter().map(move |metric| (set, metric)));
    every_pair
        .map(|(set, metric)| Metric {
            name: metric["Name"].as_str().expect("a name").to_owned(),
            dimensions: dimensions(set, document),
            value: value(metric, document),
        })
        .collect()
}

fn dimensions(set: &Value, document: &Value) -> Vec<(String, String)> {
    let names = set.as_array().expect("a set of dimensions");
    assert!(names.len() <= 30, "{set}");
    let dimension = |name: &Value| {
        let name = name.as_str().expect("a dimension's name");
        let value = document[name].as_str();
        let value = value.unwrap_or_else(|| panic!("{name} is no text in {document}"));
        assert!((1..=250).contains(&name.len()) && (1..=1024).contains(&value.len()));
        assert!(
            value
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' '),
            "{value:?}"
        );
        assert!(
            !value.starts_with(':') && !value.trim().is_empty(),
            "{value:?}"
        );
        (name.to_owned(), value.to_owned())
    };
    names.iter().map(dimension).collect()
}

fn value(metric: &Value, document: &Value) -> f64 {
    let unit = metric["Unit"].as_str().unwrap_or("None");
    assert!(UNITS.contains(&unit), "{metric}");
    let name = metric["Name"].as_str().expect("a name");
    let value = document[name].as_f64();
    value.unwrap_or_else(|| panic!("{name} is no number in {document}"))
}
