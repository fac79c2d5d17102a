//! Cold starts, one program after the other, round by round; then the first event over TLS.

use std::time::Duration;

use time::Duration as Age;

use crate::cloud::Cloud;
use crate::contenders::{CERTDROP, HELLO, NODE, PYTHON, Trust, created, outcome};
use crate::counting::Counter;
use crate::program::{Cost, Program, Running};
use crate::report::{Report, Verdict};
use crate::statistics::{median, mib, ms, quantile};
use certdrop_test_support::pki::{Authority, Order};

/// Beside one that warms the disk's cache.
const ROUNDS: usize = 40;

struct Sample {
    start: Cost,
    event: Cost,
    memory: u64,
    calls: usize,
}

pub fn measure(programs: &[Program], cloud: &Cloud, trust: &Trust, report: &mut Report) {
    let authority = Authority::new();
    let bundle = authority
        .issue(&Order::new("cold.example.com", Age::DAY))
        .bundle();
    let mut samples: Vec<Vec<Sample>> = programs.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for (program, samples) in programs.iter().zip(&mut samples) {
            let mut running = program.start();
            let event = first_event(&mut running, program, cloud, &bundle);
            let sample = Sample {
                start: running.started,
                event,
                memory: running.peak_memory(),
                calls: cloud.calls().len(),
            };
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    let named: Vec<_> = programs
        .iter()
        .map(|program| program.name)
        .zip(samples)
        .collect();
    budgets(&named, report);
    instructions(programs, cloud, trust, &bundle, report);
    table(&named, trust, report);
}

/// A first import: everything is read, made and written.
fn first_event(running: &mut Running, program: &Program, cloud: &Cloud, bundle: &str) -> Cost {
    cloud.reset();
    let key = "drop/cold.example.com.pem";
    let (version, _) = cloud.put(key, bundle.as_bytes());
    let (answer, cost) = running.invoke(&created(key, &version));
    if program.name != HELLO {
        assert_eq!(outcome(&answer), "imported", "{}: {answer}", program.name);
    }
    cost
}

/// What is compared, and how it is taken out of a sample.
type View = fn(&Sample) -> Duration;

fn budgets(named: &[(&'static str, Vec<Sample>)], report: &mut Report) {
    let of = |name: &str, view: View| {
        let samples = named.iter().find(|(known, _)| *known == name);
        samples.map(|(_, samples)| median(samples.iter().map(view)))
    };
    let start: View = |sample| sample.start.wall;
    let start_cpu: View = |sample| sample.start.cpu;
    let both_cpu: View = |sample| (sample.start + sample.event).cpu;
    let mine = |view| of(CERTDROP, view).expect("certdrop was measured");
    let mut at_least = |what: &str, peer, least: f64, view: View| {
        let budget = format!("at least {least} x");
        match of(peer, view) {
            Some(theirs) => {
                let ratio = ms(theirs) / ms(mine(view));
                report.budget(what, budget, format!("{ratio:.0} x"), ratio >= least);
            }
            None => report.budget(what, budget, "", Verdict::Unknown("no Node.js here")),
        }
    };
    at_least("cold start, faster than Python", PYTHON, 40.0, start);
    at_least(
        "cold start and first event over TLS, less CPU time than Python",
        PYTHON,
        25.0,
        both_cpu,
    );
    at_least("the same, less than Node.js", NODE, 20.0, both_cpu);
    for (what, view) in [
        ("cold start, to hello world", start),
        ("the same in CPU time", start_cpu),
    ] {
        let ratio = ms(mine(view)) / ms(of(HELLO, view).expect("hello was measured"));
        report.budget(what, "at most 2 x", format!("{ratio:.2} x"), ratio <= 2.0);
    }
    let cpu = ms(mine(both_cpu));
    report.budget(
        "cold start and first event over TLS, CPU time",
        "at most 10 ms",
        format!("{cpu:.1} ms"),
        cpu <= 10.0,
    );
    let (_, samples) = &named[0];
    let memory = mib(median(samples.iter().map(|sample| sample.memory)));
    report.budget(
        "peak memory of one event",
        "at most 16 MiB",
        format!("{memory:.1} MiB"),
        memory <= 16.0,
    );
}

fn instructions(
    programs: &[Program],
    cloud: &Cloud,
    trust: &Trust,
    bundle: &str,
    report: &mut Report,
) {
    let what = format!("cold start with {} roots, instructions", trust.roots_count);
    let budget = "at most 15 M";
    let Some(counter) = Counter::of_this_machine() else {
        let why = "neither perf's counters nor valgrind here";
        report.budget(what, budget, "", Verdict::Unknown(why));
        return;
    };
    let mut rows = Vec::new();
    for program in programs
        .iter()
        .filter(|one| [CERTDROP, HELLO].contains(&one.name))
    {
        let start = counter.count(program, |_| ());
        let both = counter.count(program, |running| {
            first_event(running, program, cloud, bundle);
        });
        if program.name == CERTDROP {
            report.budget(&what, budget, millions(start), start <= 15_000_000);
        }
        let event = both.saturating_sub(start);
        rows.push(vec![
            program.name.to_owned(),
            millions(start),
            millions(event),
        ]);
    }
    report.table(
        "Instructions",
        &format!("In user space, counted by {}.", counter.name()),
        &["", "start", "first event"],
        rows,
    );
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn millions(count: u64) -> String {
    format!("{:.2} M", count as f64 / 1e6)
}

fn table(named: &[(&'static str, Vec<Sample>)], trust: &Trust, report: &mut Report) {
    let spread = |samples: &[Sample], view: View| {
        let at = |share| ms(quantile(samples.iter().map(view), share));
        format!("{:.1} ({:.1} to {:.1})", at(0.5), at(0.25), at(0.75))
    };
    let row = |(name, samples): &(&str, Vec<Sample>)| {
        vec![
            (*name).to_owned(),
            spread(samples, |sample| sample.start.wall),
            spread(samples, |sample| sample.start.cpu),
            spread(samples, |sample| sample.event.wall),
            spread(samples, |sample| sample.event.cpu),
            samples[0].calls.to_string(),
            format!(
                "{:.1}",
                mib(median(samples.iter().map(|sample| sample.memory)))
            ),
        ]
    };
    report.table(
        "Cold start and first event",
        &format!(
            "Medians of {ROUNDS} starts, with the middle half in brackets; the programs take turns. A start is from spawn \
             to the first `/next`; the event is a first import over TLS, with {} roots, from services that answer at \
             once. hello world gives its event back and calls nobody.",
            trust.roots_count
        ),
        &["", "start, ms", "start, CPU ms", "event, ms", "event, CPU ms", "AWS calls", "peak MiB"],
        named.iter().map(row).collect(),
    );
}
