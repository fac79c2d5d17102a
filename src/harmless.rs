//! Text of any origin, where people read it.

/// A character that is not seen but does something: it ends a line, rings, colours a terminal, or turns the direction of
/// writing, so that text reads as what it is not.
///
/// Source: Unicode Standard Annex #9, section 2; for line and paragraph separators Annex #14.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` on one line, with a replacement character for each that is hidden.
#[must_use]
pub fn line(text: &str) -> String {
    replaced(text, is_hidden)
}

/// The same, where line breaks stay.
#[must_use]
pub fn lines(text: &str) -> String {
    replaced(text, |c| c != '\n' && is_hidden(c))
}

fn replaced(text: &str, is_bad: impl Fn(char) -> bool) -> String {
    let replaced = |c| {
        if is_bad(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_replaced_and_letters_stay() {
        for (text, on_one_line, on_lines) in [
            ("www.example.com", "www.example.com", "www.example.com"),
            ("bücher.example ✓", "bücher.example ✓", "bücher.example ✓"),
            ("a\nb", "a\u{fffd}b", "a\nb"),
            (
                "\u{1b}]0;owned\u{7}",
                "\u{fffd}]0;owned\u{fffd}",
                "\u{fffd}]0;owned\u{fffd}",
            ),
            (
                "a\rb\u{9b}2J",
                "a\u{fffd}b\u{fffd}2J",
                "a\u{fffd}b\u{fffd}2J",
            ),
            (
                "a\r\u{1b}[31mb",
                "a\u{fffd}\u{fffd}[31mb",
                "a\u{fffd}\u{fffd}[31mb",
            ),
            (
                "a\u{202e}b\u{2028}c",
                "a\u{fffd}b\u{fffd}c",
                "a\u{fffd}b\u{fffd}c",
            ),
        ] {
            assert_eq!(line(text), on_one_line, "{text:?}");
            assert_eq!(lines(text), on_lines, "{text:?}");
        }
    }
}
