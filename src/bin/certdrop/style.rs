//! Colours. anstream takes them away where the output is no terminal, or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};
use certdrop::summary::Outcome;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const CAUTION: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const QUIET: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// How an outcome is written.
pub(crate) fn of(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Imported | Outcome::Replaced | Outcome::Unchanged => GOOD,
        Outcome::Rejected => BAD,
        Outcome::Outdated | Outcome::Waiting | Outcome::Gone => CAUTION,
    }
}
