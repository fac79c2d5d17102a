//! The status as a page for a browser: one file that loads nothing and runs nothing.
//!
//! Names and messages come from certificates that anybody may have made: all of them go through
//! `Text`, and the page's own policy forbids whatever might slip through.

mod row;
mod text;
mod timeline;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::status::{Row, Status};
use crate::days_left::Days;
use text::{Bundles, Count, Text, Time, YearMonth};
use timeline::Scale;

/// Rows that are well are shown at once up to this many, else folded by the month of their end.
const SHOWN_AT_ONCE: usize = 100;

/// Nothing is loaded but the style in the page itself.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("status_page/style.css");

/// The whole document.
#[must_use]
pub fn page(status: &Status) -> String {
    let mut html = String::with_capacity(8_192 + status.rows.len() * 1_024);
    let page = Page {
        status,
        scale: Scale::of(status),
    };
    // Writing to a String cannot fail.
    let _ = page.write(&mut html);
    html
}

struct Page<'a> {
    status: &'a Status,
    scale: Scale,
}

impl Page<'_> {
    fn write(&self, html: &mut String) -> fmt::Result {
        self.head(html)?;
        html.push_str("<body>\n");
        self.header(html)?;
        html.push_str("<main>\n");
        self.pressing(html)?;
        self.well(html)?;
        self.skipped(html)?;
        html.push_str("</main>\n");
        footer(html)?;
        html.push_str("</body>\n</html>\n");
        Ok(())
    }

    fn head(&self, html: &mut String) -> fmt::Result {
        let (today, due) = self.scale.warning();
        write!(
            html,
            "<!doctype html>\n\
             <html lang=\"en\">\n\
             <head>\n\
             <meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <title>certdrop: {}</title>\n\
             <style>\n\
             :root{{--today:{today};--due:{due}}}\n\
             {STYLE}</style>\n\
             </head>\n",
            self.verdict()
        )
    }

    fn verdict(&self) -> String {
        match (self.status.pressing().len(), self.status.rows.len()) {
            (_, 0) => "no bundles".to_owned(),
            (0, _) => "all is well".to_owned(),
            (1, all) => format!("1 of {} needs action", Count(all)),
            (pressing, all) => format!("{} of {} need action", Count(pressing), Count(all)),
        }
    }

    fn header(&self, html: &mut String) -> fmt::Result {
        write!(
            html,
            "<header>\n<h1>Certificates: {}</h1>\n\
             <p>As of <b>{}</b>. Days are counted from then.</p>\n<p>{}</p>\n",
            self.verdict(),
            Time(self.status.made_at),
            self.renewal()
        )?;
        if self.status.rows.is_empty() {
            return html.write_str(
                "<p>No bundles uploaded yet. \
                 The first sweep after a drop shows its bundle here.</p>\n</header>\n",
            );
        }
        self.to_do(html)?;
        self.totals(html)?;
        writeln!(
            html,
            "<p class=\"soft\">A bar runs from today, the upright line, to the certificate's end. \
             One that ends within the tinted {} is due for renewal.</p>\n</header>",
            Days(self.status.warning_days)
        )
    }

    /// How to tell a page that nobody writes anew any more.
    fn renewal(&self) -> String {
        match (self.status.next_sweep, &self.status.schedule) {
            (Some(next), _) => format!(
                "The next sweep is due by {}. If that is past and the page still the same, sweeps have stopped.",
                Time(next)
            ),
            (None, Some(schedule)) => format!(
                "Each sweep rewrites this page, by <code>{}</code>.",
                Text(schedule)
            ),
            (None, None) => "Each sweep rewrites this page.".to_owned(),
        }
    }

    /// What is about no single bundle.
    fn to_do(&self, html: &mut String) -> fmt::Result {
        for note in &self.status.to_do {
            let (what, remedy) = (Text(&note.what), Text(&note.remedy));
            writeln!(
                html,
                "<p class=\"account\"><span class=\"what\">{what}</span> {remedy}</p>"
            )?;
        }
        Ok(())
    }

    fn totals(&self, html: &mut String) -> fmt::Result {
        let ending = |days: std::ops::RangeInclusive<i64>| {
            let rows = self.status.rows.iter();
            rows.filter(|row| row.days_left.is_some_and(|left| days.contains(&left)))
                .count()
        };
        let due = Days(self.status.warning_days);
        let (ends, end) = (format!("ends within {due}"), format!("end within {due}"));
        html.push_str("<ul class=\"totals\">\n");
        for (class, count, [one, many]) in [
            (
                "bad",
                self.status.pressing().len(),
                ["needs action", "need action"],
            ),
            (
                "bad",
                ending(i64::MIN..=-1),
                ["has expired", "have expired"],
            ),
            ("soon", ending(0..=due.0), [&ends, &end]),
            ("good", self.status.well().len(), ["is well", "are well"]),
        ] {
            let class = if count == 0 { "none" } else { class };
            let what = if count == 1 { one } else { many };
            let count = Count(count);
            writeln!(html, "<li class=\"{class}\"><b>{count}</b> {what}</li>")?;
        }
        html.write_str("</ul>\n")
    }

    fn pressing(&self, html: &mut String) -> fmt::Result {
        let rows = self.status.pressing();
        if rows.is_empty() {
            return Ok(());
        }
        html.push_str(
            "<section aria-labelledby=\"pressing\">\n<h2 id=\"pressing\">Needs action</h2>\n",
        );
        self.table(
            html,
            "Bundles that need action, the most pressing first",
            rows,
        )?;
        html.write_str("</section>\n")
    }

    fn well(&self, html: &mut String) -> fmt::Result {
        let rows = self.status.well();
        if rows.is_empty() {
            return Ok(());
        }
        html.push_str("<section aria-labelledby=\"well\">\n<h2 id=\"well\">Well</h2>\n");
        if rows.len() <= SHOWN_AT_ONCE {
            self.table(
                html,
                "Bundles that are well, the first to expire first",
                rows,
            )?;
        } else {
            self.months(html, rows)?;
        }
        html.write_str("</section>\n")
    }

    fn skipped(&self, html: &mut String) -> fmt::Result {
        let skipped = &self.status.skipped;
        if skipped.is_empty() {
            return Ok(());
        }
        let title = skipped.title();
        write!(
            html,
            "<section aria-labelledby=\"skipped\">\n<h2 id=\"skipped\">Skipped</h2>\n<p>{title}:</p>\n<ul>\n"
        )?;
        for object in &skipped.objects {
            let (key, why) = (Text(&object.key), Text(object.reason.as_str()));
            writeln!(html, "<li><code>{key}</code>: {why}</li>")?;
        }
        html.push_str("</ul>\n");
        if skipped.more() > 0 {
            writeln!(html, "<p>And {} more.</p>", Count(skipped.more()))?;
        }
        html.write_str("</section>\n")
    }

    /// Folded, two thousand rows cost a browser next to nothing until somebody opens them.
    fn months(&self, html: &mut String, rows: &[Row]) -> fmt::Result {
        let mut months: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            months.entry(last_month(row)).or_default().push(row);
        }
        html.push_str("<div class=\"months\">\n");
        for (month, rows) in months {
            let caption = match month {
                Some(month) => format!("Expire in {month}"),
                None => "No certificate yet".to_owned(),
            };
            let count = Bundles(rows.len());
            writeln!(
                html,
                "<details><summary><h3>{caption}</h3> <span class=\"soft\">{count}</span></summary>"
            )?;
            self.table(html, &caption, rows)?;
            html.push_str("</details>\n");
        }
        html.write_str("</div>\n")
    }

    fn table<'r>(
        &self,
        html: &mut String,
        caption: &str,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> fmt::Result {
        write!(
            html,
            "<table>\n<caption>{caption}</caption>\n<thead><tr>\
             <th scope=\"col\" class=\"c1\">Bundle</th>\
             <th scope=\"col\" class=\"c2\">State</th>\
             <th scope=\"col\" class=\"c3\">Valid for</th>\
             <th scope=\"col\" class=\"line\"><span class=\"out\">Time line</span><span class=\"axis\" aria-hidden=\"true\">\
             <span>today</span><span class=\"end\">{}</span></span></th>\
             </tr></thead>\n<tbody>\n",
            Days(self.scale.ahead())
        )?;
        for row in rows {
            row::write(html, row, &self.scale, self.status)?;
        }
        html.write_str("</tbody>\n</table>\n")
    }
}

fn footer(html: &mut String) -> fmt::Result {
    write!(
        html,
        "<footer class=\"soft\">\n<p>Written by the sweep of certdrop {}. Beside this page in the bucket lies \
         what became of each bundle, in full: <code>&lt;bundle&gt;/&lt;content id&gt;.json</code>.</p>\n</footer>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// In which a bundle's first certificate ends.
fn last_month(row: &Row) -> Option<YearMonth> {
    let end = row
        .certificates
        .iter()
        .filter_map(|live| live.not_after)
        .min()?;
    Some(YearMonth::of(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Skipped;
    use crate::summary::Outcome;
    use crate::sweep::status::{Live, Note, State};
    use time::Duration;
    use time::macros::datetime;

    fn status(rows: Vec<Row>) -> Status {
        Status {
            made_at: datetime!(2026-12-01 06:30 UTC),
            warning_days: 30,
            schedule: None,
            next_sweep: None,
            to_do: Vec::new(),
            skipped: Skipped::default(),
            rows,
        }
    }

    fn row(bundle: &str) -> Row {
        Row {
            bundle: bundle.to_owned(),
            state: State::Done(Outcome::Imported),
            dropped_at: None,
            names: Vec::new(),
            more_names: 0,
            certificates: Vec::new(),
            days_left: None,
            to_do: Vec::new(),
            remarks: Vec::new(),
            more_findings: 0,
        }
    }

    #[test]
    fn nothing_from_a_certificate_becomes_markup() {
        let hostile = "<script>\"'&</script>";
        let note = Note {
            code: Some(hostile.to_owned()),
            subject: Some(hostile.to_owned()),
            what: hostile.to_owned(),
            remedy: hostile.to_owned(),
        };
        let mut row = row(hostile);
        row.names = vec![format!("x{hostile}")];
        row.to_do = vec![note.clone()];
        row.remarks = vec![note];
        row.certificates = vec![Live {
            target: hostile.to_owned(),
            arn: hostile.to_owned(),
            not_after: None,
            days_left: None,
        }];
        let html = page(&status(vec![row]));
        assert!(!html.contains("<script"), "{html}");
        let escaped = "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;";
        assert_eq!(html.matches(escaped).count(), 12, "{html}");
    }

    #[test]
    fn each_region_shows_its_own_certificate_and_the_first_to_end_is_drawn() {
        let live = |region: &str, days: i64| Live {
            target: region.to_owned(),
            arn: format!("arn:aws:acm:{region}:123456789012:certificate/1"),
            not_after: Some(datetime!(2026-12-01 06:30 UTC) + Duration::days(days)),
            days_left: Some(days),
        };
        let mut row = row("www.example.com");
        row.certificates = vec![live("eu-central-1", 80), live("us-east-1", 20)];
        row.days_left = Some(20);
        let html = page(&status(vec![row]));
        for words in [
            "<span class=\"days far\">80 days</span>",
            "certificate/1</code>",
            "<summary>us-east-1</summary><code>arn:aws:acm:us-east-1:",
            "<span class=\"days near\">20 days</span>",
            "<span class=\"rail near\" role=\"img\" aria-label=\"20 days\">",
        ] {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert_eq!(html.matches("role=\"img\"").count(), 1);
    }

    #[test]
    fn the_page_says_when_it_was_made_and_loads_nothing() {
        let status = status(Vec::new());
        let made_at = status.made_at;
        let html = page(&status.scheduled(Some("rate(12 hours)"), made_at));
        for instant in ["2026-12-01 06:30 UTC", "2026-12-01 18:30 UTC"] {
            assert!(html.contains(instant), "{html}");
        }
        assert!(html.contains("default-src 'none'"), "{html}");
        for word in ["<script", "<link", "<img", "@import", "url(", "http"] {
            let without_policy = html.replace("http-equiv", "");
            assert!(!without_policy.contains(word), "{word}");
        }
    }

    #[test]
    fn many_bundles_that_are_well_are_folded_by_month() {
        let rows = |count: i64| {
            let row = |number: i64| {
                let mut row = row(&format!("{number}.example.com"));
                let end = datetime!(2027-01-15 08:00 UTC) + Duration::days(number);
                row.certificates = vec![Live {
                    target: "eu-central-1".to_owned(),
                    arn: "arn".to_owned(),
                    not_after: Some(end),
                    days_left: Some(number),
                }];
                row
            };
            (0..count).map(row).collect::<Vec<_>>()
        };
        let few = page(&status(rows(100)));
        assert_eq!(few.matches("<table>").count(), 1);
        let many = page(&status(rows(101)));
        assert_eq!(many.matches("<table>").count(), 4);
        let months: Vec<_> = ["January 2027", "February 2027", "March 2027", "April 2027"]
            .iter()
            .map(|month| many.find(&format!("<h3>Expire in {month}</h3>")))
            .collect();
        assert!(
            months.is_sorted() && months.iter().all(Option::is_some),
            "{months:?}"
        );
        assert_eq!(many.matches("<th scope=\"row\">").count(), 101);
    }
}
