//! What happens to a call, and to who made it.

use std::time::Duration;

use certdrop_test_support::proxy::{Deed, THROTTLE, UNAVAILABLE};

/// Later than an attempt lasts, and before the lease opens.
const LATE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    CutBefore,
    CutAfter,
    UnavailableBefore,
    UnavailableAfter,
    Throttled,
    /// Half of the answer arrives.
    Torn,
    HangBefore,
    HangAfter,
    /// It takes effect when the sender has given it up.
    Late,
    KillBefore,
    KillAfter,
}

impl Fate {
    pub(super) const ALL: [Self; 11] = [
        Self::CutBefore,
        Self::CutAfter,
        Self::UnavailableBefore,
        Self::UnavailableAfter,
        Self::Throttled,
        Self::Torn,
        Self::HangBefore,
        Self::HangAfter,
        Self::Late,
        Self::KillBefore,
        Self::KillAfter,
    ];

    pub(super) fn deed(self) -> Deed {
        match self {
            Self::CutBefore => Deed::Cut,
            Self::CutAfter => Deed::CutAfter,
            Self::UnavailableBefore => Deed::Refuse(UNAVAILABLE),
            Self::UnavailableAfter => Deed::RefuseAfter(UNAVAILABLE),
            Self::Throttled => Deed::Refuse(THROTTLE),
            Self::Torn => Deed::Tear,
            Self::HangBefore | Self::KillBefore => Deed::Hang,
            Self::HangAfter | Self::KillAfter => Deed::HangAfter,
            Self::Late => Deed::Late(LATE),
        }
    }

    /// The process dies while the call hangs.
    pub(super) fn kills(self) -> bool {
        matches!(self, Self::KillBefore | Self::KillAfter)
    }
}
