//! `certdrop status`: how every bundle stands.

use std::io::Write;

use anyhow::Result;
use certdrop::sweep::look;
use clap::Args;
use time::Duration;

use crate::session::{self, Session, told};
use crate::style::BAD;
use crate::terminal::columns;
use crate::{Ending, progress, table};

/// Long enough for the lists of tens of thousands of bundles.
const PATIENCE: Duration = Duration::minutes(15);

/// Show how every bundle stands, what needs action first
///
/// The same as the status page in the bucket, as of now: names, what became of the last drop, and
/// for each target how long the certificate in ACM is still valid. Below a bundle stands what
/// somebody has to do about it. Nothing is changed.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Exit with 1 if something needs action, for monitoring
    #[arg(long)]
    check: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    session: session::Options,
}

const AFTER_HELP: &str = "\
Examples:
  certdrop status --function certdrop-Function-1A2B3C
  certdrop status --check > /tmp/status.txt || mail -s 'certificates' ops@example.com < /tmp/status.txt
  certdrop status --json | jq -r '.rows[] | select(.days_left != null and .days_left < 14) | .bundle'

A full bar is 90 days or more.

Exit codes:
  0  it was shown
  1  with --check: something needs action
  2  wrong usage, no credentials, or something that cannot be listed";

/// Looks and prints.
///
/// # Errors
///
/// Where there are no credentials, something cannot be listed, or the output is closed.
pub(crate) async fn run(arguments: &Arguments) -> Result<Ending> {
    let session = Session::open(&arguments.session, PATIENCE).await?;
    progress::say("looking at what is in the bucket and in ACM");
    let look = Box::pin(look::look(session.world())).await;
    progress::clear();
    let look = look.map_err(|fault| told(&fault))?;
    let mut output = anstream::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string(&look)?)?;
    } else {
        table::write(&look, columns(table::MOST_COLUMNS), &mut output)?;
        for (target, why) in &look.not_listed {
            writeln!(
                output,
                "\n{BAD}{target} shows last known data{BAD:#}: {}",
                told(why)
            )?;
        }
    }
    output.flush()?;
    if !look.not_listed.is_empty() {
        return Ok(Ending::Unfinished);
    }
    let is_pressing = !look.status.pressing().is_empty() || look.is_overdue();
    Ok(if arguments.check && is_pressing {
        Ending::Rejected
    } else {
        Ending::Done
    })
}
