//! Text on a terminal: its width, what fits into it, and what must not get there.

use std::io::Write as _;

use terminal_size::{Width, terminal_size};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns of a line where the terminal does not tell, as in a file or a mail.
const COLUMNS: usize = 80;
/// Less than this is no use to anybody: lines break then.
const LEAST_COLUMNS: usize = 60;

/// The width of the terminal, at most `most`.
pub(crate) fn columns(most: usize) -> usize {
    let columns = terminal_size().map_or(COLUMNS, |(Width(columns), _)| usize::from(columns));
    columns.clamp(LEAST_COLUMNS, most)
}

/// Columns that `text` takes. Letters of East Asia take two, combining marks none.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// As much of `text` as fits into `room` columns.
pub(crate) fn cut(text: &str, room: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or_default();
        taken > room
    });
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Cut or filled to just `room` columns.
pub(crate) fn fitted(text: &str, room: usize) -> String {
    let mut fitted = text.to_owned();
    if width(text) > room {
        fitted = format!("{}…", cut(text, room.saturating_sub(1)));
    }
    let missing = room.saturating_sub(width(&fitted));
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// Lines of at most `room` columns, broken at blanks. A longer word stays whole: it may be
/// something to copy.
pub(crate) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let full = width(&line) + 1 + width(word) > room;
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
        // Two columns each, as a terminal shows them.
        assert_eq!(fitted("証明書", 7), "証明書 ");
        assert_eq!(fitted("証明書", 6), "証明書");
        assert_eq!(fitted("証明書", 5), "証明…");
        assert_eq!(fitted("証明書", 4), "証… ");
        // A letter and its mark, none apart.
        assert_eq!(fitted("u\u{308}ber", 4), "u\u{308}ber");
        assert_eq!(wrapped("証明書 証明書", 12), ["証明書", "証明書"]);
        assert_eq!(
            wrapped("one two  three verylongword x", 9),
            ["one two", "three", "verylongword", "x"]
        );
    }
}
