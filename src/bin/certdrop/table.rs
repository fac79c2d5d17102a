//! How all bundles stand, as a table for people.

use std::io::Write;

use anstyle::Style;
use anyhow::Result;
use certdrop::days_left::Left;
use certdrop::harmless;
use certdrop::inventory::Skipped;
use certdrop::sweep::look::Look;
use certdrop::sweep::status::{Haste, Live, Mood, Note, Row, Status};
use certdrop::timestamp::Minute;
use time::UtcOffset;

use crate::style::{BAD, CAUTION, GOOD, QUIET, STRONG};
use crate::terminal::{fitted, width, wrapped};

/// No line is wider than this, however wide the terminal is: eyes get lost.
pub(crate) const MOST_COLUMNS: usize = 140;
/// From so many columns on there is room for dates.
const COLUMNS_WITH_DATES: usize = 100;
/// Cells of the bar, and the days that fill it: who renews late sees it move.
const BAR: usize = 10;
const BAR_DAYS: i64 = 90;
/// Columns before what stands below a bundle.
const MARGIN: usize = 4;

/// Writes `look` for a terminal of so many columns.
///
/// # Errors
///
/// Where the output is closed.
pub(crate) fn write(look: &Look, columns: usize, output: &mut impl Write) -> Result<()> {
    heading(look, output)?;
    to_do(look, columns, output)?;
    let table = Table::of(&look.status, columns);
    if !look.status.rows.is_empty() {
        table.titles(output)?;
    }
    for row in &look.status.rows {
        table.row(row, output)?;
    }
    skipped(&look.status.skipped, output)?;
    footing(look, output)
}

fn heading(look: &Look, output: &mut impl Write) -> Result<()> {
    let (all, pressing) = (look.status.rows.len(), look.status.pressing().len());
    let bundles = match all {
        1 => "1 bundle".to_owned(),
        _ => format!("{all} bundles"),
    };
    match pressing {
        _ if all == 0 => writeln!(
            output,
            "{STRONG}No bundle yet.{STRONG:#} Drop one: `certdrop import FILE`"
        )?,
        0 => writeln!(output, "{GOOD}{bundles}, nothing to do{GOOD:#}")?,
        1 => writeln!(output, "{BAD}{bundles}, 1 needs action{BAD:#}")?,
        _ => writeln!(output, "{BAD}{bundles}, {pressing} need action{BAD:#}")?,
    }
    Ok(())
}

/// What is about no single bundle.
fn to_do(look: &Look, columns: usize, output: &mut impl Write) -> Result<()> {
    for note in &look.status.to_do {
        for line in wrapped(
            &harmless::lines(&format!("{} {}", note.what, note.remedy)),
            columns,
        ) {
            writeln!(output, "{CAUTION}{line}{CAUTION:#}")?;
        }
    }
    Ok(())
}

/// Objects that belong to no bundle, and why.
///
/// # Errors
///
/// Where the output is closed.
pub(crate) fn skipped(skipped: &Skipped, output: &mut impl Write) -> Result<()> {
    if skipped.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{CAUTION}{}{CAUTION:#}", skipped.title())?;
    for object in &skipped.objects {
        let line = format!("{}: {}", object.key, object.reason.as_str());
        writeln!(output, "  {}", harmless::line(&line))?;
    }
    if skipped.more() > 0 {
        writeln!(output, "  and {} more", skipped.more())?;
    }
    Ok(())
}

fn footing(look: &Look, output: &mut impl Write) -> Result<()> {
    let status = &look.status;
    let Some(swept_at) = look.swept_at else {
        writeln!(output, "\n{QUIET}There was no sweep yet.{QUIET:#}")?;
        return Ok(());
    };
    write!(output, "\n{QUIET}Swept on {}", Minute(swept_at))?;
    match status.next_sweep {
        Some(due) if look.is_overdue() => writeln!(
            output,
            ".{QUIET:#} {CAUTION}The next sweep was due on {} and did not come: look at the schedule and the function's log.{CAUTION:#}",
            Minute(due)
        )?,
        Some(due) => writeln!(output, ", next on {} at the latest.{QUIET:#}", Minute(due))?,
        None => writeln!(output, ".{QUIET:#}")?,
    }
    Ok(())
}

/// The rows, and the widths of the columns.
struct Table<'a> {
    status: &'a Status,
    columns: usize,
    name: usize,
    state: usize,
    target: usize,
    has_dates: bool,
}

impl<'a> Table<'a> {
    fn of(status: &'a Status, columns: usize) -> Self {
        let rows = &status.rows;
        let widest = |texts: &mut dyn Iterator<Item = &str>, title: &str| {
            let widths = texts.map(|text| width(&harmless::line(text)));
            widths.max().unwrap_or_default().max(title.len())
        };
        let state = widest(&mut rows.iter().map(|row| row.state.as_str()), STATE);
        let live = rows.iter().flat_map(|row| &row.certificates);
        let target = widest(&mut live.map(|live| live.target.as_str()), TARGET);
        let target = target.min(WIDEST_TARGET);
        let name = widest(&mut rows.iter().map(|row| row.bundle.as_str()), BUNDLE);
        let has_dates = columns >= COLUMNS_WITH_DATES;
        let dates = if has_dates { GAP + DATE } else { 0 };
        let others = MARK + GAP + state + GAP + BAR + GAP + LEFT.len() + dates + GAP + target;
        Self {
            status,
            columns,
            name: name.min(columns.saturating_sub(others)),
            state,
            target,
            has_dates,
        }
    }

    fn titles(&self, output: &mut impl Write) -> Result<()> {
        let dates = if self.has_dates { "  UNTIL     " } else { "" };
        writeln!(
            output,
            "\n{QUIET}  {BUNDLE:<name$}  {STATE:<state$}  {LEFT:<left$}{dates}  {TARGET}{QUIET:#}",
            name = self.name,
            state = self.state,
            left = BAR + GAP + LEFT.len(),
        )?;
        Ok(())
    }

    fn row(&self, row: &Row, output: &mut impl Write) -> Result<()> {
        let mood = row.mood();
        let (style, mark) = (style(mood), mark(mood));
        let name = fitted(&harmless::line(&row.bundle), self.name);
        let state = row.state.as_str();
        write!(
            output,
            "{style}{mark}{style:#} {STRONG}{name}{STRONG:#}  {style}{state:<width$}{style:#}  ",
            width = self.state
        )?;
        if row.certificates.is_empty() {
            writeln!(output, "{QUIET}nothing in ACM{QUIET:#}")?;
        }
        let before = MARK + self.name + GAP + self.state + GAP;
        let (shown, folded) = row.shown_and_folded();
        for (number, live) in shown.into_iter().enumerate() {
            if number > 0 {
                write!(output, "{:before$}", "")?;
            }
            self.live(live, output)?;
        }
        if !folded.is_empty() {
            let more = folded.len();
            writeln!(output, "{:before$}{QUIET}{more} more targets{QUIET:#}", "")?;
        }
        self.names(row, output)?;
        for note in &row.to_do {
            self.note(note, output)?;
        }
        // Of a bundle that is well they are not worth a line; here they say why nothing was imported.
        for note in row.remarks.iter().filter(|_| mood == Mood::Idle) {
            self.note(note, output)?;
        }
        Ok(())
    }

    fn live(&self, live: &Live, output: &mut impl Write) -> Result<()> {
        let style = match live.days_left.map(|days| self.status.haste(days)) {
            Some(Haste::Past) => BAD,
            Some(Haste::Near) => CAUTION,
            Some(Haste::Far) | None => Style::new(),
        };
        let left = live
            .days_left
            .map_or_else(|| "unknown".to_owned(), |days| Left(days).to_string());
        let bar = bar(live.days_left.unwrap_or_default());
        write!(
            output,
            "{style}{bar}  {left:<width$}{style:#}",
            width = LEFT.len()
        )?;
        if self.has_dates {
            let end = live
                .not_after
                .map(|end| end.to_offset(UtcOffset::UTC).date().to_string());
            write!(
                output,
                "  {QUIET}{:<DATE$}{QUIET:#}",
                end.unwrap_or_default()
            )?;
        }
        let target = fitted(&harmless::line(&live.target), self.target);
        writeln!(output, "  {}", target.trim_end())?;
        Ok(())
    }

    /// The names beside the one that the bundle has from its file.
    fn names(&self, row: &Row, output: &mut impl Write) -> Result<()> {
        let others: Vec<_> = row.other_names().collect();
        if others.is_empty() {
            return Ok(());
        }
        let more = match row.more_names {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        self.below(&format!("{}{more}", others.join(", ")), QUIET, output)
    }

    fn note(&self, note: &Note, output: &mut impl Write) -> Result<()> {
        self.below(&note.what, Style::new(), output)?;
        if let (Some(code), Some(subject)) = (&note.code, &note.subject) {
            self.below(&format!("{code}, {subject}"), QUIET, output)?;
        }
        if !note.remedy.is_empty() {
            self.below(&format!("→ {}", note.remedy), Style::new(), output)?;
        }
        Ok(())
    }

    fn below(&self, text: &str, style: Style, output: &mut impl Write) -> Result<()> {
        for line in wrapped(&harmless::lines(text), self.columns.saturating_sub(MARGIN)) {
            writeln!(output, "{:MARGIN$}{style}{line}{style:#}", "")?;
        }
        Ok(())
    }
}

const BUNDLE: &str = "BUNDLE";
const STATE: &str = "STATE";
/// As wide as what stands below it: `1234 days`.
const LEFT: &str = "DAYS LEFT";
const TARGET: &str = "TARGET";
/// The most of a target's name that is shown: the bundle's name needs room, too.
const WIDEST_TARGET: usize = 24;
const DATE: usize = 10;
const GAP: usize = 2;
const MARK: usize = 2;

/// Shown by colour and by shape: not everybody sees colours, nor does a file.
fn mark(mood: Mood) -> char {
    match mood {
        Mood::Well => '✓',
        Mood::Idle => '·',
        Mood::Soon => '!',
        Mood::Bad => '✗',
    }
}

fn style(mood: Mood) -> Style {
    match mood {
        Mood::Well => GOOD,
        Mood::Idle => QUIET,
        Mood::Soon => CAUTION,
        Mood::Bad => BAD,
    }
}

/// Empty when expired; what is valid shows at least one cell.
fn bar(days: i64) -> String {
    let cells = i64::try_from(BAR).unwrap_or_default();
    let filled = match days {
        ..0 => 0,
        days => (days.min(BAR_DAYS) * cells + BAR_DAYS - 1) / BAR_DAYS,
    };
    let filled = usize::try_from(filled)
        .unwrap_or_default()
        .clamp(usize::from(days >= 0), BAR);
    format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use certdrop::finding;
    use certdrop::summary::Outcome;
    use certdrop::sweep::status::{Open, State, Status};
    use time::Duration;
    use time::OffsetDateTime;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-12-01 06:30 UTC);

    fn live(target: &str, days: i64) -> Live {
        Live {
            target: target.into(),
            arn: format!("arn:aws:acm:{target}:123456789012:certificate/1"),
            not_after: Some(NOW + Duration::days(days) + Duration::HOUR),
            days_left: Some(days),
        }
    }

    fn row(bundle: &str, state: State, certificates: Vec<Live>) -> Row {
        Row {
            bundle: bundle.into(),
            state,
            dropped_at: None,
            names: vec![bundle.into()],
            more_names: 0,
            days_left: certificates.iter().filter_map(|live| live.days_left).min(),
            certificates,
            to_do: Vec::new(),
            remarks: Vec::new(),
            more_findings: 0,
        }
    }

    fn note(code: &str, subject: Option<&str>, what: &str, remedy: &str) -> Note {
        Note {
            code: Some(code.into()),
            subject: subject.map(str::to_owned),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    fn look(rows: Vec<Row>) -> Look {
        Look {
            swept_at: Some(NOW - Duration::hours(5)),
            not_listed: std::collections::BTreeMap::new(),
            status: Status {
                made_at: NOW,
                warning_days: 30,
                schedule: Some("rate(1 day)".into()),
                next_sweep: Some(NOW + Duration::hours(19)),
                to_do: Vec::new(),
                skipped: Skipped::default(),
                rows,
            },
        }
    }

    fn sample() -> Look {
        let mut bad = row(
            "shop.example.com",
            State::Done(Outcome::Rejected),
            vec![live("eu-central-1", 25)],
        );
        bad.to_do.push(note(
            "key-mismatch",
            Some("C=DE, O=Example GmbH, CN=shop.example.com"),
            "The private key (RSA 2048, SHA-256 of its public key 4f:1e:90) belongs to none of the 3 certificates.",
            "Drop the private key that the certificate was requested with, or a certificate for this key.",
        ));
        let mut soon = row(
            "mail.example.com",
            State::Done(Outcome::Imported),
            vec![live("eu-central-1", 12)],
        );
        soon.to_do.push(note(
            finding::EXPIRES_SOON.code,
            None,
            "Expires on 2026-12-13.",
            "Drop the renewed bundle under the same name.",
        ));
        let mut well = row(
            "www.example.com",
            State::Done(Outcome::Replaced),
            vec![live("eu-central-1", 61), live("us-east-1", 388)],
        );
        well.names = ["www.example.com", "example.com", "api.example.com"]
            .map(str::to_owned)
            .into();
        well.more_names = 3;
        well.remarks.push(note(
            "root-in-bundle",
            None,
            "The bundle holds the root.",
            "Nothing.",
        ));
        let mut idle = row(
            "half.example.com",
            State::Done(Outcome::Waiting),
            Vec::new(),
        );
        idle.remarks.push(note(
            "no-private-key",
            None,
            "There is no private key in the bundle.",
            "Add it.",
        ));
        look(vec![bad, soon, idle, well])
    }

    /// What a file would hold.
    fn plain(look: &Look, columns: usize) -> String {
        let mut text = Vec::new();
        write(look, columns, &mut text).expect("memory takes everything");
        let text = String::from_utf8(text).expect("text");
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn eighty_columns_show_all_but_dates() {
        let shown = plain(&sample(), 80);
        assert_eq!(
            shown,
            "\
4 bundles, 2 need action

  BUNDLE            STATE     DAYS LEFT              TARGET
✗ shop.example.com  rejected  ███░░░░░░░  25 days    eu-central-1
    The private key (RSA 2048, SHA-256 of its public key 4f:1e:90) belongs to
    none of the 3 certificates.
    key-mismatch, C=DE, O=Example GmbH, CN=shop.example.com
    → Drop the private key that the certificate was requested with, or a
    certificate for this key.
! mail.example.com  imported  ██░░░░░░░░  12 days    eu-central-1
    Expires on 2026-12-13.
    → Drop the renewed bundle under the same name.
· half.example.com  waiting   nothing in ACM
    There is no private key in the bundle.
    → Add it.
✓ www.example.com   replaced  ███████░░░  61 days    eu-central-1
                              ██████████  388 days   us-east-1
    example.com, api.example.com and 3 more

Swept on 2026-12-01 01:30 UTC, next on 2026-12-02 01:30 UTC at the latest.
"
        );
        assert!(shown.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn of_twelve_targets_the_one_that_ends_first_is_shown() {
        let replaced = State::Done(Outcome::Replaced);
        let rows = ["www.example.com", "a-rather-long-name.apps.example.com"].map(|bundle| {
            let mut targets: Vec<_> = (1..12)
                .map(|number| live(&format!("payments-and-billing-{number}"), 160))
                .collect();
            targets.insert(7, live("data-platform-ap-southeast-2", 40));
            row(bundle, replaced, targets)
        });
        let shown = plain(&look(rows.into()), 80);
        let expected = "\
✓ www.example.com      replaced  █████░░░░░  40 days    data-platform-ap-southe…
                                 11 more targets
";
        assert!(shown.contains(expected), "{shown}");
        assert!(
            shown.lines().all(|line| line.chars().count() <= 80),
            "{shown}"
        );
    }

    #[test]
    fn wide_terminals_show_dates_too() {
        let shown = plain(&sample(), 140);
        for line in [
            "  BUNDLE            STATE     DAYS LEFT              UNTIL       TARGET",
            "✗ shop.example.com  rejected  ███░░░░░░░  25 days    2026-12-26  eu-central-1",
            "                              ██████████  388 days   2027-12-24  us-east-1",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
    }

    #[test]
    fn long_names_are_cut_and_wicked_ones_are_tamed() {
        let long = format!("{}.example.com", "a".repeat(90));
        let wicked = "x\u{1b}]0;owned\u{7}\u{202e}";
        let mut bad = row(
            wicked,
            State::Open(Open::Left),
            vec![live("ap-southeast-1", 3)],
        );
        bad.to_do
            .push(note("malformed", Some(wicked), wicked, wicked));
        bad.names = vec![wicked.to_owned(), format!("{wicked}2")];
        let look = look(vec![
            bad,
            row(
                &long,
                State::Done(Outcome::Imported),
                vec![live("eu-central-1", 90)],
            ),
        ]);
        let mut text = Vec::new();
        write(&look, 80, &mut text).expect("memory takes everything");
        let text = String::from_utf8(text).expect("text");
        for obeyed in ["\u{1b}]", "\u{7}", "\u{202e}"] {
            assert!(!text.contains(obeyed), "{text:?}");
        }
        let shown = plain(&look, 80);
        assert!(shown.contains("aaa…"), "{shown}");
        assert!(
            shown.lines().all(|line| line.chars().count() <= 80),
            "{shown}"
        );
    }

    #[test]
    fn bars_are_full_at_ninety_days_and_empty_when_it_is_over() {
        for (days, cells) in [
            (-1, 0),
            (0, 1),
            (1, 1),
            (9, 1),
            (10, 2),
            (81, 9),
            (82, 10),
            (90, 10),
            (900, 10),
        ] {
            assert_eq!(bar(days).matches('█').count(), cells, "{days}");
        }
    }

    #[test]
    fn the_last_line_tells_of_sweeps() {
        let mut look = look(Vec::new());
        assert!(plain(&look, 80).starts_with("No bundle yet."));
        look.status.next_sweep = Some(NOW - Duration::minutes(59));
        assert!(
            !plain(&look, 80).contains("did not come"),
            "the scheduler may be late"
        );
        look.status.next_sweep = Some(NOW - Duration::minutes(61));
        assert!(plain(&look, 80).contains("was due on 2026-12-01 05:29 UTC and did not come"));
        look.swept_at = None;
        assert!(plain(&look, 80).ends_with("There was no sweep yet.\n"));
    }
}
