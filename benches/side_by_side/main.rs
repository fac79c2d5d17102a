//! certdrop beside what it is measured against: one run, one table. `make bench` builds all of it.
#![cfg(test)]
#![allow(unreachable_pub, reason = "nobody but this program has its modules")]

mod cloud;
mod contenders;
mod counting;
mod judging;
mod program;
mod report;
mod start;
mod statistics;
mod sweeping;
mod warm;

use std::path::Path;
use std::time::Duration;

use cloud::Cloud;
use contenders::Trust;
use report::{Report, Verdict};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";
const BUCKET: &str = "certificates";

/// What a call to AWS takes in the measurements of round trips.
const LATENCY: Duration = Duration::from_millis(30);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let trust = Trust::new(folder.path());
    let (certificate, key) = &trust.server;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cloud = runtime.block_on(Cloud::start(Some((certificate, key))));
    let programs = contenders::all(&cloud, &trust);

    let mut report = Report::default();
    start::measure(&programs, &cloud, &trust, &mut report);
    warm::measure(&programs, &cloud, &mut report);
    zip(&mut report);
    judging::read(&mut report);
    sweeping::measure(&programs[0], &cloud, &mut report);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    report.publish(&page);
}

/// What Lambda has to fetch and unpack before a cold start.
fn zip(report: &mut Report) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lambda/bootstrap/bootstrap.zip");
    let budget = "4.75 MiB";
    match std::fs::metadata(path) {
        Ok(zip) => {
            let size = statistics::mib(zip.len());
            report.budget("zip", budget, format!("{size:.2} MiB"), size <= 4.75);
        }
        Err(_) => report.budget("zip", budget, "", Verdict::Unknown("not built")),
    }
}
