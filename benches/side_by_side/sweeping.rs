//! A sweep in which one bundle of a hundred has changed.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::content_id::{ContentId, Source};
use serde_json::{Value, json};
use time::Duration as Age;

use crate::LATENCY;
use crate::cloud::Cloud;
use crate::program::{Cost, Program};
use crate::report::Report;
use crate::statistics::{exponent, mib, ms};
use certdrop_test_support::pki::{Authority, Issued, Order};

const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// One of so many has changed.
const CHANGED: usize = 100;

struct Sample {
    bundles: usize,
    changed: usize,
    cost: Cost,
    calls: BTreeMap<String, usize>,
    memory: u64,
    index: usize,
}

pub fn measure(certdrop: &Program, cloud: &Cloud, report: &mut Report) {
    let some: Vec<_> = SIZES
        .map(|size| sweep(certdrop, cloud, size, CHANGED))
        .into();
    let none: Vec<_> = SIZES
        .map(|size| sweep(certdrop, cloud, size, usize::MAX))
        .into();
    let memory = budgets(&none, report);
    let rows = some.iter().chain(&none).map(row);
    report.table(
        "Sweep",
        &format!(
            "A cold process each, {} ms more for every call, four bundles at once, an ACM that takes imports as they come \
             (AWS's takes about one a second). {memory}",
            LATENCY.as_millis()
        ),
        &["bundles", "changed", "AWS calls", "lists", "seconds", "CPU ms", "peak MiB", "index, KiB"],
        rows.collect(),
    );
    growth(&some, &none, report);
}

/// `changed` is how many bundles lie between two that have changed.
fn sweep(certdrop: &Program, cloud: &Cloud, bundles: usize, changed: usize) -> Sample {
    cloud.reset();
    let (index, changed) = leave_as_done(cloud, bundles, changed);
    cloud.put("summaries/index.json", index.as_bytes());
    cloud.set_latency(LATENCY);
    cloud.clear();
    let mut running = certdrop.start();
    let (answer, cost) = running.invoke(&json!({"sweep": {}}));
    cloud.set_latency(Duration::ZERO);
    assert_eq!(answer["bundles"], bundles, "{answer}");
    assert_eq!(answer["unchanged"], bundles - changed, "{answer}");
    let replaced = answer["outcomes"].as_object().expect("outcomes");
    assert_eq!(replaced.len(), changed, "{answer}");
    assert!(
        replaced.values().all(|outcome| outcome == "replaced"),
        "{answer}"
    );
    let mut calls = BTreeMap::new();
    for call in cloud.calls() {
        *calls.entry(call.operation).or_insert(0) += 1;
    }
    Sample {
        bundles,
        changed,
        cost,
        calls,
        memory: running.peak_memory(),
        index: index.len(),
    }
}

/// Everything as a sweep leaves it when all is done, but for those that changed since. Gives the
/// index and how many these are.
fn leave_as_done(cloud: &Cloud, bundles: usize, changed: usize) -> (String, usize) {
    let authority = Authority::new();
    let name = "sweep.example.com";
    let old = authority.issue(&Order::new(name, Age::DAY * 2));
    let mut entries = serde_json::Map::new();
    let mut count = 0;
    for number in 0..bundles {
        let name = format!("sweep-{number}.example.com");
        let key = format!("drop/{name}.pem");
        let (_, etag) = cloud.put(&key, number.to_string().as_bytes());
        let arn = import(cloud, &old, &name);
        let source = Source {
            name: key.clone(),
            version: etag,
        };
        let content = ContentId::of(vec![source]).to_string();
        let (_, summary) = cloud.put(&format!("summaries/{name}/{content}.json"), b"{}");
        let mut entry = entry(&name, &content, &arn, &old.serial);
        entry["summary_etag"] = json!(summary);
        entries.insert(name.clone(), entry);
        if number % changed.min(bundles) == changed.min(bundles) / 2 && changed < bundles + 1 {
            count += 1;
            let renewed = authority.issue(&Order::new(&name, Age::DAY));
            cloud.put(&key, renewed.bundle().as_bytes());
            cloud.put_parameter(&format!("/certdrop/{name}/certificate-arn"), &arn);
        }
    }
    (json!({"version": 2, "bundles": entries}).to_string(), count)
}

fn import(cloud: &Cloud, issued: &Issued, bundle: &str) -> String {
    let blob = |text: &str| STANDARD.encode(text);
    let answer = cloud.acm(
        "ImportCertificate",
        json!({
            "Certificate": blob(&issued.certificate),
            "PrivateKey": blob(&issued.key),
            "CertificateChain": blob(&issued.chain),
            "Tags": [
                {"Key": "certdrop:bundle", "Value": bundle},
                {"Key": "certdrop:managed", "Value": "true"},
            ],
        }),
    );
    answer["CertificateArn"]
        .as_str()
        .expect("an ARN")
        .to_owned()
}

fn entry(name: &str, content: &str, arn: &str, serial: &str) -> Value {
    json!({
        "content_id": content, "outcome": "imported", "at": "2026-11-01T00:00:00Z",
        "targets": {"eu-central-1": {"certificate_arn": arn, "serial": serial, "not_after": "2030-01-01T00:00:00Z"}},
        "names": [name, format!("www.{name}")],
    })
}

/// Gives what is to be said of memory.
fn budgets(unchanged: &[Sample], report: &mut Report) -> String {
    let (smallest, largest) = (&unchanged[0], &unchanged[unchanged.len() - 1]);
    let calls: usize = largest.calls.values().sum();
    report.budget(
        format!("sweep of {} unchanged, AWS calls", largest.bundles),
        "at most 60",
        calls.to_string(),
        calls <= 60,
    );
    let memory = mib(largest.memory);
    report.budget(
        format!("sweep of {} unchanged, peak memory", largest.bundles),
        "at most 64 MiB, a quarter of the function's",
        format!("{memory:.1} MiB"),
        memory <= 64.0,
    );
    let more = largest.bundles - smallest.bundles;
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let each = |bytes: u64| bytes as f64 / more as f64 / 1024.0;
    format!(
        "One more unchanged bundle takes {:.1} KiB, its entry in the index {:.1} KiB of JSON.",
        each(largest.memory.saturating_sub(smallest.memory)),
        each((largest.index - smallest.index) as u64)
    )
}

fn row(sample: &Sample) -> Vec<String> {
    let lists = [
        "s3:ListObjectsV2",
        "CertificateManager.SearchCertificates",
        "AmazonSSM.DescribeParameters",
    ];
    let of = |operation: &&str| sample.calls.get(*operation).copied().unwrap_or_default();
    vec![
        sample.bundles.to_string(),
        sample.changed.to_string(),
        sample.calls.values().sum::<usize>().to_string(),
        lists.iter().map(of).sum::<usize>().to_string(),
        format!("{:.2}", sample.cost.wall.as_secs_f64()),
        format!("{:.0}", ms(sample.cost.cpu)),
        format!("{:.1}", mib(sample.memory)),
        (sample.index / 1024).to_string(),
    ]
}

fn growth(some: &[Sample], none: &[Sample], report: &mut Report) {
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let works = SIZES.map(|size| size as f64);
    let row = |what: &str, samples: &[Sample], view: fn(&Sample) -> f64| {
        let values: Vec<f64> = samples.iter().map(view).collect();
        let mut row = vec![what.to_owned()];
        row.extend(values.iter().map(|value| format!("{value:.1}")));
        row.push(format!("{:.2}", exponent(&works, &values)));
        row
    };
    let cpu: fn(&Sample) -> f64 = |sample| ms(sample.cost.cpu);
    let memory: fn(&Sample) -> f64 = |sample| mib(sample.memory);
    let wall: fn(&Sample) -> f64 = |sample| sample.cost.wall.as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let calls: fn(&Sample) -> f64 = |sample| sample.calls.values().sum::<usize>() as f64;
    report.table(
        "Growth: bundles in a sweep",
        "Exponent 1 is linear; below, because a start and a page of a list cost the same however little they hold.",
        &["", "100", "1,000", "10,000", "exponent"],
        vec![
            row("CPU ms, none changed", none, cpu),
            row("peak MiB, none changed", none, memory),
            row("AWS calls, 1 % changed", some, calls),
            row("seconds, 1 % changed", some, wall),
            row("CPU ms, 1 % changed", some, cpu),
            row("peak MiB, 1 % changed", some, memory),
        ],
    );
}
