//! One bundle's row in a page.

use std::fmt::{self, Write};

use super::text::Text;
use super::timeline::Scale;
use crate::days_left::Left;
use crate::sweep::status::{Haste, Live, Mood, Note, Row, Status};

pub(super) fn write(html: &mut String, row: &Row, scale: &Scale, status: &Status) -> fmt::Result {
    let (mood, bundle) = (mood(row), Text(&row.bundle));
    write!(
        html,
        "<tr class=\"{mood}\"><th scope=\"row\"><bdi>{bundle}</bdi>"
    )?;
    names(html, row)?;
    write!(
        html,
        "</th><td><span class=\"state\">{}</span>",
        row.state.as_str()
    )?;
    to_do(html, &row.to_do)?;
    remarks(html, row)?;
    html.push_str("</td><td>");
    validity(html, row, status)?;
    html.push_str("</td><td class=\"line\">");
    bar(html, row, scale, status)?;
    html.write_str("</td></tr>\n")
}

/// Shown by colour and by shape, beside what is written.
fn mood(row: &Row) -> &'static str {
    match row.mood() {
        Mood::Well => "good",
        Mood::Idle => "idle",
        Mood::Soon => "soon",
        Mood::Bad => "bad",
    }
}

/// The names beside the one that the bundle has from its file.
fn names(html: &mut String, row: &Row) -> fmt::Result {
    let mut others = row.other_names().peekable();
    if others.peek().is_none() {
        return Ok(());
    }
    html.push_str("<span class=\"names\">");
    for (number, name) in others.enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        write!(html, "{comma}<bdi>{}</bdi>", Text(name))?;
    }
    if row.more_names > 0 {
        write!(html, " and {} more", row.more_names)?;
    }
    html.write_str("</span>")
}

fn to_do(html: &mut String, notes: &[Note]) -> fmt::Result {
    if notes.is_empty() {
        return Ok(());
    }
    html.push_str("<ul class=\"notes\">");
    for note in notes {
        self::note(html, note)?;
    }
    html.write_str("</ul>")
}

fn remarks(html: &mut String, row: &Row) -> fmt::Result {
    if row.remarks.is_empty() && row.more_findings == 0 {
        return Ok(());
    }
    let count = row.remarks.len() + row.more_findings;
    let remarks = if count == 1 { "remark" } else { "remarks" };
    write!(
        html,
        "<details><summary>{count} {remarks}</summary><ul class=\"notes\">"
    )?;
    for note in &row.remarks {
        self::note(html, note)?;
    }
    if row.more_findings > 0 {
        write!(html, "<li>{} more in its summary.</li>", row.more_findings)?;
    }
    html.write_str("</ul></details>")
}

fn note(html: &mut String, note: &Note) -> fmt::Result {
    let (what, remedy) = (Text(&note.what), Text(&note.remedy));
    write!(
        html,
        "<li><span class=\"what\">{what}</span><span class=\"do\">{remedy}</span>"
    )?;
    if let (Some(code), Some(subject)) = (&note.code, &note.subject) {
        let (code, subject) = (Text(code), Text(subject));
        write!(
            html,
            "<span class=\"about\">{code}, <bdi>{subject}</bdi></span>"
        )?;
    }
    html.write_str("</li>")
}

/// One certificate a target, or none at all.
fn validity(html: &mut String, row: &Row, status: &Status) -> fmt::Result {
    let (shown, folded) = row.shown_and_folded();
    if shown.is_empty() {
        return html.write_str("<span class=\"until\">nothing in ACM</span>");
    }
    for live in shown {
        certificate(html, live, status)?;
    }
    if folded.is_empty() {
        return Ok(());
    }
    let more = folded.len();
    write!(html, "<details><summary>{more} more targets</summary>")?;
    for live in folded {
        certificate(html, live, status)?;
    }
    html.write_str("</details>")
}

fn certificate(html: &mut String, live: &Live, status: &Status) -> fmt::Result {
    match live.days_left {
        Some(days) => write!(
            html,
            "<span class=\"days {}\">{}</span>",
            haste(status.haste(days)),
            Left(days)
        )?,
        None => html.push_str("<span class=\"days\">unknown</span>"),
    }
    if let Some(end) = live.not_after {
        let end = end.date();
        write!(
            html,
            " <span class=\"until\">until <time datetime=\"{end}\">{end}</time></span>"
        )?;
    }
    let (target, arn) = (Text(&live.target), Text(&live.arn));
    write!(
        html,
        "<details><summary>{target}</summary><code>{arn}</code></details>"
    )
}

fn haste(haste: Haste) -> &'static str {
    match haste {
        Haste::Past => "past",
        Haste::Near => "near",
        Haste::Far => "far",
    }
}

fn bar(html: &mut String, row: &Row, scale: &Scale, status: &Status) -> fmt::Result {
    let Some(days) = row.days_left else {
        return html.write_str(
            "<span class=\"rail none\" role=\"img\" aria-label=\"no certificate\"></span>",
        );
    };
    let bar = scale.bar(days);
    let beyond = if bar.is_beyond { " beyond" } else { "" };
    write!(
        html,
        "<span class=\"rail {}{beyond}\" role=\"img\" aria-label=\"{}\">\
         <span class=\"bar\" style=\"left:{};width:{}\"></span></span>",
        haste(status.haste(days)),
        Left(days),
        bar.from,
        bar.length
    )
}
