//! Text on a terminal: its width, what fits into it, and what must not get there.

use std::io::Write as _;

use terminal_size::{Width, terminal_size};

/// Columns of a line where the terminal does not tell, as in a file or a mail.
const COLUMNS: usize = 80;
/// Less than this is no use to anybody: lines break then.
const LEAST_COLUMNS: usize = 60;

/// The width of the terminal, at most `most`.
pub(crate) fn columns(most: usize) -> usize {
    let columns = terminal_size().map_or(COLUMNS, |(Width(columns), _)| usize::from(columns));
    columns.clamp(LEAST_COLUMNS, most)
}

/// Cut or filled to just `room` columns.
pub(crate) fn fitted(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return format!("{text:<room$}");
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Lines of at most `width` columns, broken at blanks. A longer word stays whole: it may be
/// something to copy.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let full = line.chars().count() + 1 + word.chars().count() > width;
        if !line.is_empty() && full {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// One line to the user on standard error. Nobody is left to be told if that is closed, and it is no
/// reason to end with a panic.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_their_columns() {
        assert_eq!(fitted("bücher", 8), "bücher  ");
        assert_eq!(fitted("bücher", 6), "bücher");
        assert_eq!(fitted("bücher", 5), "büch…");
        assert_eq!(
            wrapped("one two  three verylongword x", 9),
            ["one two", "three", "verylongword", "x"]
        );
    }
}
