//! How far the work is, on a terminal: one line on standard error that is written over. Elsewhere
//! nothing, so that logs of pipelines stay readable.
//!
//! It listens to what the pipeline and the sweep log anyway.

use std::fmt::Debug;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;

use certdrop::harmless;
use terminal_size::{Width, terminal_size_of};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Whose lines are never logged: they may print requests.
const NOT_OURS: [&str; 5] = ["aws_", "hyper", "h2", "rustls", "tower"];

/// Back to the line's beginning, and empty it.
const OVER: &str = "\r\u{1b}[K";

/// Starts to listen. With `RUST_LOG` in the environment whole log lines are shown instead.
pub(crate) fn start() {
    #[expect(clippy::disallowed_methods, reason = "here the environment comes in")]
    let wanted = std::env::var("RUST_LOG").ok();
    let wanted = wanted.and_then(|wanted| wanted.parse::<Targets>().ok());
    let is_logged = wanted.is_some();
    let lines = wanted.map(|wanted| {
        let filter = NOT_OURS.into_iter().fold(wanted, |filter, target| {
            filter.with_target(target, LevelFilter::OFF)
        });
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_filter(filter)
    });
    let is_shown = !is_logged && std::io::stderr().is_terminal();
    let progress = is_shown.then(|| {
        let ours = Targets::new().with_target("certdrop", LevelFilter::INFO);
        Progress::default().with_filter(ours)
    });
    tracing_subscriber::registry()
        .with(lines)
        .with(progress)
        .init();
}

/// Says on a terminal what is being done just now.
pub(crate) fn say(text: &str) {
    let stderr = std::io::stderr();
    if stderr.is_terminal() {
        let width = terminal_size_of(&stderr).map_or(80, |(Width(width), _)| usize::from(width));
        let text: String = harmless::line(text)
            .chars()
            .take(width.saturating_sub(1))
            .collect();
        // Progress that cannot be shown is no reason to stop the work.
        let _ = write!(stderr.lock(), "{OVER}{text}").and_then(|()| stderr.lock().flush());
    }
}

/// Makes room for what comes next.
pub(crate) fn clear() {
    say("");
}

#[derive(Default)]
struct Progress {
    count: Mutex<Count>,
}

impl<S: Subscriber> Layer<S> for Progress {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let line = self
            .count
            .lock()
            .ok()
            .and_then(|mut count| count.line(&told));
        if let Some(line) = line {
            say(&line);
        }
    }
}

/// How many bundles are done of those that there is something to do for.
#[derive(Default)]
struct Count {
    done: u64,
    of: u64,
}

impl Count {
    /// What is shown after `told`; `None` where it is no news of progress.
    fn line(&mut self, told: &Told) -> Option<String> {
        match told.message.as_str() {
            "listed" => {
                self.of = told.to_do;
                return Some(match told.to_do {
                    0 => format!("nothing to do for {} bundles", told.bundles),
                    to_do => format!("0 of {to_do}"),
                });
            }
            "done" | "unfinished" => self.done += 1,
            _ => return None,
        }
        let of = self.of.max(self.done);
        let what = if told.message == "done" {
            format!("{} {}", told.bundle, told.outcome)
        } else {
            format!("unfinished: {}", told.fault)
        };
        Some(format!("{} of {of} {what}", self.done))
    }
}

/// The members of a log line that progress is made of.
#[derive(Default)]
struct Told {
    message: String,
    bundle: String,
    outcome: String,
    fault: String,
    bundles: u64,
    to_do: u64,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = match field.name() {
            "message" => &mut self.message,
            "fault" => &mut self.fault,
            _ => return,
        };
        *text = format!("{value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let text = match field.name() {
            "bundle" => &mut self.bundle,
            "outcome" => &mut self.outcome,
            _ => return,
        };
        value.clone_into(text);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "bundles" => self.bundles = value,
            "to_do" => self.to_do = value,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tracing::{debug, info, warn};

    /// Writes down the lines that a terminal would show.
    #[derive(Default)]
    struct Lines {
        count: Mutex<Count>,
        shown: Arc<Mutex<Vec<String>>>,
    }

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut told = Told::default();
            event.record(&mut told);
            let line = self.count.lock().expect("a count").line(&told);
            self.shown.lock().expect("the lines").extend(line);
        }
    }

    #[test]
    fn what_is_logged_becomes_a_count() {
        let lines = Lines::default();
        let shown = Arc::clone(&lines.shown);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            // As src/sweep.rs and src/pipeline/publish.rs log it.
            info!(bundles = 340_usize, to_do = 2_usize, "listed");
            debug!(key = "leases/a", "s3:PutObject");
            info!(
                bundle = "a",
                key = "drop/a.pem",
                outcome = "replaced",
                "done"
            );
            let fault = "acm:ImportCertificate failed";
            warn!(%fault, "unfinished");
            info!(bundles = 340_usize, worked_on = 2_usize, "swept");
        });
        assert_eq!(
            *shown.lock().expect("the lines"),
            [
                "0 of 2",
                "1 of 2 a replaced",
                "2 of 2 unfinished: acm:ImportCertificate failed"
            ]
        );
    }
}
