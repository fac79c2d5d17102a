//! The one scale on which a page draws what every certificate has left.

use std::fmt;

use crate::sweep::status::Status;

/// Days before today that are drawn, for certificates that have expired.
const PAST: i64 = 30;

/// Days after today that are drawn at least and at most. The longest certificates that browsers
/// accept have 398; a private authority's ten years would leave nothing to see of those.
const LEAST: i64 = 90;
const MOST: i64 = 400;

/// What is still seen beside the line that marks today, in thousandths.
const SHORTEST: i64 = 12;

/// From some days ago to some days ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    warning: i64,
    ahead: i64,
}

/// A place on the scale, as a percentage of its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    per_mille: i64,
}

/// What is drawn for one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// Where it begins.
    pub(super) from: Place,
    /// How long it is.
    pub(super) length: Place,
    /// It goes on beyond the scale.
    pub(super) is_beyond: bool,
}

impl Scale {
    /// The scale that holds all of `status`.
    #[must_use]
    pub(super) fn of(status: &Status) -> Self {
        let longest = status.rows.iter().filter_map(|row| row.days_left).max();
        let least = LEAST.max(status.warning_days.saturating_mul(2)).min(MOST);
        Self {
            warning: status.warning_days.clamp(0, MOST),
            ahead: longest.unwrap_or_default().clamp(least, MOST),
        }
    }

    /// Days ahead at the end of the scale.
    #[must_use]
    pub(super) fn ahead(&self) -> i64 {
        self.ahead
    }

    /// Where an instant so many days from now lies; at the nearer end where it is beyond the scale.
    #[must_use]
    fn place(&self, days: i64) -> Place {
        let from_begin = days.clamp(-PAST, self.ahead) + PAST;
        Place {
            per_mille: from_begin * 1_000 / (self.ahead + PAST),
        }
    }

    /// From today to the certificate's end, or, where it has expired, from its end to today. Never
    /// so short that it is not seen.
    #[must_use]
    pub(super) fn bar(&self, days_left: i64) -> Bar {
        let (today, end) = (self.place(0), self.place(days_left));
        let length = (today.per_mille - end.per_mille).abs().max(SHORTEST);
        Bar {
            from: if days_left < 0 {
                Place {
                    per_mille: today.per_mille - length,
                }
            } else {
                today
            },
            length: Place { per_mille: length },
            is_beyond: days_left > self.ahead,
        }
    }

    /// From today to where a certificate ends that should be renewed today.
    pub(super) fn warning(&self) -> (Place, Place) {
        (self.place(0), self.place(self.warning))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}%", self.per_mille / 10, self.per_mille % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale {
        warning: 30,
        ahead: 370,
    };

    #[test]
    fn bars_lie_between_today_and_the_end() {
        for (days, from, length, is_beyond) in [
            (10_000, "7.5%", "92.5%", true),
            (371, "7.5%", "92.5%", true),
            (370, "7.5%", "92.5%", false),
            (170, "7.5%", "42.5%", false),
            (0, "7.5%", "1.2%", false),
            (-1, "6.3%", "1.2%", false),
            (-10, "5.0%", "2.5%", false),
            (-30, "0.0%", "7.5%", false),
            (-9_000, "0.0%", "7.5%", false),
        ] {
            let bar = SCALE.bar(days);
            let drawn = (bar.from.to_string(), bar.length.to_string(), bar.is_beyond);
            let expected = (from.to_owned(), length.to_owned(), is_beyond);
            assert_eq!(drawn, expected, "{days}");
        }
        let (today, due) = SCALE.warning();
        assert_eq!(
            (today.to_string(), due.to_string()),
            ("7.5%".into(), "15.0%".into())
        );
    }
}
