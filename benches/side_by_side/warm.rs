//! Events of a function that is up: processor time when AWS answers at once, and the path when each
//! call takes its time.

use std::collections::BTreeMap;

use std::time::Duration;

use time::Duration as Age;

use crate::LATENCY;
use crate::cloud::{Call, Cloud};
use crate::contenders::{CERTDROP, HELLO, created, outcome};
use crate::program::{Cost, Program, Running};
use crate::report::Report;
use crate::statistics::{exponent, median, ms};
use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::round_trips::round_trips;

/// Events of each kind.
const EVENTS: usize = 40;
const EVENTS_WITH_LATENCY: usize = 12;

/// The sequential calls of the design.
const ROUND_TRIPS: [(&str, usize); 3] = [("imported", 5), ("replaced", 5), ("unchanged", 3)];

struct Sample {
    cost: Cost,
    calls: usize,
    sequential: usize,
}

type Samples = BTreeMap<&'static str, Vec<Sample>>;

pub fn measure(programs: &[Program], cloud: &Cloud, report: &mut Report) {
    let bundles = Bundles::new(EVENTS);
    let mut rows = Vec::new();
    for program in programs.iter().filter(|program| program.name != HELLO) {
        let at_once = play(program, cloud, &bundles, Duration::ZERO);
        let slowly = play(program, cloud, &bundles, LATENCY);
        for (kind, _) in ROUND_TRIPS {
            rows.push(row(program.name, kind, &at_once[kind], &slowly[kind]));
        }
        if program.name == CERTDROP {
            budgets(&at_once, &slowly, report);
        }
    }
    report.table(
        "Warm events",
        &format!(
            "Medians of {EVENTS} events of each kind over TLS in a process that is up. CPU time with services that answer \
             at once; the path, from event to answer, when every call takes {} ms more ({EVENTS_WITH_LATENCY} events). \
             Sequential calls are counted: the longest chain of calls that each began after the one before had ended.",
            LATENCY.as_millis()
        ),
        &["", "event", "AWS calls", "CPU ms", "sequential calls", "path, ms", "path / calls x latency"],
        rows,
    );
    growth(&programs[0], cloud, &bundles, report);
}

/// For each bundle a certificate and the one that renews it.
struct Bundles(Vec<(String, Issued, Issued)>);

impl Bundles {
    fn new(count: usize) -> Self {
        let authority = Authority::new();
        let pair = |number| {
            let name = format!("warm-{number}.example.com");
            let issue = |age| authority.issue(&Order::new(&name, age));
            (
                format!("drop/{name}.pem"),
                issue(Age::DAY * 2),
                issue(Age::DAY),
            )
        };
        Self((0..count).map(pair).collect())
    }
}

/// Every bundle is imported, then renewed, then told of once more.
fn play(program: &Program, cloud: &Cloud, bundles: &Bundles, latency: Duration) -> Samples {
    cloud.reset();
    let count = if latency.is_zero() {
        EVENTS
    } else {
        EVENTS_WITH_LATENCY
    };
    let bundles = &bundles.0[..count];
    let mut running = program.start();
    warm_up(&mut running, cloud);
    cloud.set_latency(latency);
    let mut samples = Samples::new();
    for (key, first, renewed) in bundles {
        let (version, _) = cloud.put(key, first.bundle().as_bytes());
        event(&mut running, cloud, key, &version, "imported", &mut samples);
        let (version, _) = cloud.put(key, renewed.bundle().as_bytes());
        event(&mut running, cloud, key, &version, "replaced", &mut samples);
        event(
            &mut running,
            cloud,
            key,
            &version,
            "unchanged",
            &mut samples,
        );
    }
    cloud.set_latency(Duration::ZERO);
    samples
}

/// Opens the connections and fills the caches.
fn warm_up(running: &mut Running, cloud: &Cloud) {
    let issued = Authority::new().issue(&Order::new("up.example.com", Age::DAY));
    let key = "drop/up.example.com.pem";
    let (version, _) = cloud.put(key, issued.bundle().as_bytes());
    for _ in 0..3 {
        running.invoke(&created(key, &version));
    }
}

fn event(
    running: &mut Running,
    cloud: &Cloud,
    key: &str,
    version: &str,
    kind: &'static str,
    samples: &mut Samples,
) {
    cloud.clear();
    let (answer, cost) = running.invoke(&created(key, version));
    assert_eq!(outcome(&answer), kind, "{answer}");
    let calls = cloud.calls();
    samples.entry(kind).or_default().push(Sample {
        cost,
        calls: calls.len(),
        sequential: round_trips(calls, span).len(),
    });
}

fn span(call: &Call) -> (std::time::Instant, std::time::Instant) {
    (call.began, call.ended)
}

fn budgets(at_once: &Samples, slowly: &Samples, report: &mut Report) {
    for (kind, allowed) in ROUND_TRIPS {
        let counted = median(slowly[kind].iter().map(|sample| sample.sequential));
        report.budget(
            format!("sequential AWS calls, {kind}"),
            format!("at most {allowed}"),
            counted.to_string(),
            counted <= allowed,
        );
        let path = ms(median(slowly[kind].iter().map(|sample| sample.cost.wall)));
        let floor = floor(allowed);
        report.budget(
            format!("path, {kind}, {} ms a call", LATENCY.as_millis()),
            "at most 1.1 x calls x latency",
            format!("{:.2} x", path / floor),
            path <= 1.1 * floor,
        );
    }
    for (kind, samples) in at_once {
        let cpu = ms(median(samples.iter().map(|sample| sample.cost.cpu)));
        #[allow(clippy::cast_precision_loss, reason = "a dozen calls")]
        let allowed = median(samples.iter().map(|sample| sample.calls)) as f64 / 6.0;
        report.budget(
            format!("warm event, {kind}, CPU time"),
            format!("at most 1 ms for six calls: {allowed:.1} ms"),
            format!("{cpu:.2} ms"),
            cpu <= allowed,
        );
    }
}

#[allow(clippy::cast_precision_loss, reason = "a few calls")]
fn floor(sequential: usize) -> f64 {
    sequential as f64 * ms(LATENCY)
}

fn row(name: &str, kind: &str, at_once: &[Sample], slowly: &[Sample]) -> Vec<String> {
    let sequential = median(slowly.iter().map(|sample| sample.sequential));
    let path = ms(median(slowly.iter().map(|sample| sample.cost.wall)));
    vec![
        name.to_owned(),
        kind.to_owned(),
        median(at_once.iter().map(|sample| sample.calls)).to_string(),
        format!(
            "{:.2}",
            ms(median(at_once.iter().map(|sample| sample.cost.cpu)))
        ),
        sequential.to_string(),
        format!("{path:.0}"),
        format!("{:.2}", path / floor(sequential)),
    ]
}

/// The same event 1, 10 and 100 times: a process must not get slower with its age.
fn growth(certdrop: &Program, cloud: &Cloud, bundles: &Bundles, report: &mut Report) {
    let (key, first, _) = &bundles.0[0];
    let works = [1.0, 10.0, 100.0];
    let mut cpus = Vec::new();
    let mut memories = Vec::new();
    for work in [1, 10, 100] {
        let once = || {
            cloud.reset();
            let mut running = certdrop.start();
            let (version, _) = cloud.put(key, first.bundle().as_bytes());
            running.invoke(&created(key, &version));
            running.invoke(&created(key, &version));
            let cost = (0..work).map(|_| running.invoke(&created(key, &version)).1);
            let cpu = cost.fold(Cost::default(), std::ops::Add::add).cpu;
            (ms(cpu), running.peak_memory())
        };
        let runs: Vec<_> = (0..5).map(|_| once()).collect();
        cpus.push(median(runs.iter().map(|run| run.0)));
        memories.push(crate::statistics::mib(median(runs.iter().map(|run| run.1))));
    }
    let row = |what: &str, values: &[f64]| {
        let mut row = vec![what.to_owned()];
        row.extend(values.iter().map(|value| format!("{value:.2}")));
        row.push(format!("{:.2}", exponent(&works, values)));
        row
    };
    report.table(
        "Growth: events in one process",
        "The same unchanged bundle again and again; medians of five processes. Exponent 1 is linear, 0 constant.",
        &["", "1", "10", "100", "exponent"],
        vec![row("CPU ms", &cpus), row("peak MiB", &memories)],
    );
}
