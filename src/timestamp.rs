//! An instant as people and programs read it.

use std::fmt;

use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// An instant, as RFC 3339 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Timestamp(#[serde(with = "time::serde::rfc3339")] pub OffsetDateTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

/// An instant for people: `2026-12-01 06:30 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute(pub OffsetDateTime);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.to_offset(UtcOffset::UTC);
        let (date, hour, minute) = (utc.date(), utc.hour(), utc.minute());
        write!(f, "{date} {hour:02}:{minute:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn instants_are_written_in_utc() {
        let instant = datetime!(2026-12-01 07:05:30 +1);
        assert_eq!(Minute(instant).to_string(), "2026-12-01 06:05 UTC");
        assert_eq!(Timestamp(instant).to_string(), "2026-12-01T07:05:30+01:00");
    }
}
