//! The tables: on the terminal and, between two marks, in docs/performance.md.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

#[derive(Default)]
pub struct Report {
    budgets: Vec<[String; 4]>,
    /// Title, what to know of it, rows with the head first.
    tables: Vec<(String, String, Vec<Vec<String>>)>,
}

/// What a budget came to.
pub enum Verdict {
    Met,
    Missed,
    /// Not on this machine; the text says what is missing.
    Unknown(&'static str),
}

impl From<bool> for Verdict {
    fn from(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::Missed }
    }
}

impl Report {
    pub fn budget(
        &mut self,
        what: impl Into<String>,
        budget: impl Into<String>,
        measured: impl Into<String>,
        verdict: impl Into<Verdict>,
    ) {
        let verdict = match verdict.into() {
            Verdict::Met => "met".to_owned(),
            Verdict::Missed => "**missed**".to_owned(),
            Verdict::Unknown(why) => why.to_owned(),
        };
        self.budgets
            .push([what.into(), budget.into(), measured.into(), verdict]);
    }

    pub fn table(&mut self, title: &str, about: &str, head: &[&str], rows: Vec<Vec<String>>) {
        let head = head.iter().map(|cell| (*cell).to_owned()).collect();
        let rows = std::iter::once(head).chain(rows).collect();
        self.tables.push((title.to_owned(), about.to_owned(), rows));
    }

    /// Prints it and writes it into the page, whose other parts are people's.
    pub fn publish(&self, page: &Path) {
        let text = self.text();
        println!("{text}");
        let old = std::fs::read_to_string(page).expect("docs/performance.md");
        let (before, rest) = old.split_once(BEGIN).expect("the mark of the beginning");
        let (_, after) = rest.split_once(END).expect("the mark of the end");
        let new = format!("{before}{BEGIN}\n\n{text}\n{END}{after}");
        std::fs::write(page, new).expect("docs/performance.md");
    }

    fn text(&self) -> String {
        let mut text = heading();
        let head = ["what", "budget", "measured", ""].map(str::to_owned);
        let budgets = std::iter::once(head).chain(self.budgets.iter().cloned());
        let budgets: Vec<_> = budgets.map(|row| row.to_vec()).collect();
        let _ = write!(text, "\n### Budgets\n\n{}", grid(&budgets));
        for (title, about, rows) in &self.tables {
            let _ = write!(text, "\n### {title}\n\n{about}\n\n{}", grid(rows));
        }
        text
    }
}

const BEGIN: &str = "<!-- made by `make bench`, do not edit -->";
const END: &str = "<!-- end of what `make bench` made -->";

fn grid(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell: &String| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!(" {cell:<width$} |"));
        format!("|{}\n", cells.collect::<String>())
    };
    let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    let rule = dashes.join("|");
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1, format!("|{rule}|\n"));
    lines.concat()
}

fn heading() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.unwrap_or_default()
    };
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("", |line| line.trim_start_matches(['\t', ':', ' ']));
    let changed = !said(
        "git",
        &[
            "status",
            "--porcelain",
            "--",
            "src",
            "Cargo.lock",
            "Cargo.toml",
        ],
    )
    .is_empty();
    format!(
        "{}, commit {}{}. {} x {}, {}, Linux {}.\n",
        said("date", &["-u", "+%Y-%m-%d"]),
        said("git", &["rev-parse", "--short", "HEAD"]),
        if changed { " with changes" } else { "" },
        std::thread::available_parallelism().map_or(0, usize::from),
        model,
        said("rustc", &["--version"]),
        said("uname", &["-r"]),
    )
}
