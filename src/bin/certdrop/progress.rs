//! How far the work is, on a terminal: one line on standard error that is written over. Elsewhere
//! nothing, so that logs of pipelines stay readable.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;

use certdrop::news::News;
use certdrop::{harmless, log};
use terminal_size::{Width, terminal_size_of};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::terminal::cut;

/// Back to the line's beginning, and empty it.
const OVER: &str = "\r\u{1b}[K";

/// With `RUST_LOG` in the environment whole log lines are shown instead of progress.
pub(crate) fn start() {
    #[expect(clippy::disallowed_methods, reason = "here the environment comes in")]
    let wanted = std::env::var("RUST_LOG").ok();
    let Some(filter) = log::filter(wanted.as_deref()) else {
        return;
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(filter);
    tracing_subscriber::registry().with(lines).init();
}

/// Takes the news of one command.
pub(crate) fn listener() -> impl Fn(News<'_>) + Sync {
    let is_logged = LevelFilter::current() != LevelFilter::OFF;
    let count = Mutex::new(Count::default());
    move |news| {
        log::write(news);
        let line = count.lock().ok().and_then(|mut count| count.line(news));
        if let Some(line) = line.filter(|_| !is_logged) {
            say(&line);
        }
    }
}

/// Says on a terminal what is being done just now.
pub(crate) fn say(text: &str) {
    let stderr = std::io::stderr();
    if stderr.is_terminal() {
        let width = terminal_size_of(&stderr).map_or(80, |(Width(width), _)| usize::from(width));
        let text = harmless::line(text);
        let text = cut(&text, width.saturating_sub(1));
        // Progress that cannot be shown is no reason to stop the work.
        let _ = write!(stderr.lock(), "{OVER}{text}").and_then(|()| stderr.lock().flush());
    }
}

/// Makes room for what comes next.
pub(crate) fn clear() {
    say("");
}

/// How many bundles are done of those that there is something to do for.
#[derive(Default)]
struct Count {
    done: usize,
    of: usize,
}

impl Count {
    /// What is shown after `news`; `None` where it is none of progress.
    fn line(&mut self, news: News<'_>) -> Option<String> {
        let what = match news {
            News::Listed { bundles, to_do } => {
                self.of = to_do;
                return Some(match to_do {
                    0 => format!("nothing to do for {bundles} bundles"),
                    _ => format!("0 of {to_do}"),
                });
            }
            News::Done { summary, .. } => {
                format!("{} {}", summary.bundle, summary.outcome.as_str())
            }
            News::Unfinished(fault) => format!("unfinished: {fault}"),
            _ => return None,
        };
        self.done += 1;
        Some(format!(
            "{} of {} {what}",
            self.done,
            self.of.max(self.done)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certdrop::bundle_name::BundleName;
    use certdrop::content_id::ContentId;
    use certdrop::fault::Fault;
    use certdrop::news::Swept;
    use certdrop::summary::{Heading, ObjectVersion};
    use time::macros::datetime;

    #[test]
    fn news_become_a_count() {
        let object = ObjectVersion {
            bucket: "certificates".to_owned(),
            key: "drop/a.pem".to_owned(),
            version_id: None,
            modified_at: None,
        };
        let heading = Heading {
            bundle: &BundleName::new("a").expect("a name"),
            object: &object,
            content_id: &ContentId::of(Vec::new()),
            now: datetime!(2026-12-01 06:30 UTC),
            home: None,
            targets_tag: None,
        };
        let fault = Fault::transient("acm:ImportCertificate failed".to_owned());
        let mut count = Count::default();
        let lines: Vec<_> = [
            News::Listed {
                bundles: 340,
                to_do: 2,
            },
            News::Done {
                summary: &heading.gone(),
                took: time::Duration::SECOND,
            },
            News::Unfinished(&fault),
            News::Swept(Swept::default()),
        ]
        .into_iter()
        .filter_map(|news| count.line(news))
        .collect();
        assert_eq!(
            lines,
            [
                "0 of 2",
                "1 of 2 a gone",
                "2 of 2 unfinished: acm:ImportCertificate failed; it will be retried"
            ]
        );
    }
}
