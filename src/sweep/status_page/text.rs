//! How values are written in a page.

use std::fmt::{self, Write};

use time::{Month, OffsetDateTime};

use crate::harmless::is_hidden;
use crate::timestamp::Minute;

/// Text of any origin, harmless between tags and in quoted attributes.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // What is not seen must not hide what is: no bells, no null bytes, no turns of the
                // direction of writing.
                c if is_hidden(c) => {
                    f.write_char(char::REPLACEMENT_CHARACTER)?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// `2,000`.
#[derive(Clone, Copy)]
pub(super) struct Count(pub(super) usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// `1 bundle`, `2,000 bundles`.
#[derive(Clone, Copy)]
pub(super) struct Bundles(pub(super) usize);

impl fmt::Display for Bundles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 bundle"),
            count => write!(f, "{} bundles", Count(count)),
        }
    }
}

/// `2026-12-01 06:30 UTC`, for browsers and for people.
#[derive(Clone, Copy)]
pub(super) struct Time(pub(super) OffsetDateTime);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.to_offset(time::UtcOffset::UTC);
        let (date, hour, minute) = (utc.date(), utc.hour(), utc.minute());
        write!(
            f,
            "<time datetime=\"{date}T{hour:02}:{minute:02}Z\">{}</time>",
            Minute(self.0)
        )
    }
}

/// `March 2027`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct YearMonth {
    year: i32,
    month: u8,
}

impl YearMonth {
    pub(super) fn of(instant: OffsetDateTime) -> Self {
        Self {
            year: instant.year(),
            month: instant.month().into(),
        }
    }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Month::try_from(self.month) {
            Ok(month) => write!(f, "{month} {}", self.year),
            Err(_) => write!(f, "{}", self.year),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_origin_stays_text() {
        for (text, written) in [
            ("www.example.com", "www.example.com"),
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            ("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"),
            (
                "a\u{0}b\u{7}\u{202e}c\u{2066}",
                "a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}",
            ),
            ("bücher.example ✓", "bücher.example ✓"),
        ] {
            assert_eq!(Text(text).to_string(), written);
        }
    }

    #[test]
    fn counts_are_grouped() {
        for (count, written) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(Count(count).to_string(), written);
        }
    }
}
