//! How certificates are looked at.

use time::OffsetDateTime;

use super::unsettled::Unsettled;

/// The instant of an answer, and the readings that it follows.
#[derive(Clone, Copy)]
pub(super) struct View {
    /// The instant that all is judged at.
    pub now: OffsetDateTime,
    /// What is shown where nobody knows.
    pub unsettled: Unsettled,
}
