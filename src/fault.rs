//! Why work could not be finished, by who has to act. A bad bundle is none of these: it is a
//! finished outcome, because running it again would not help.

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::region::Region;

/// The work is unfinished and has to be run again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The world is briefly bad; nobody has to act.
    #[error("{0}; it will be tried again")]
    Transient(String),
    /// A service takes no more for now. Nothing is wrong, and only waiting helps.
    #[error("{0}; it will be tried again")]
    Throttled(String),
    /// The set-up is bad; the operator has to act, then a retry or the sweep finishes the work.
    #[error("{problem}; {remedy}")]
    SetUp {
        /// What is wrong and where.
        problem: String,
        /// What the operator should do, imperative.
        remedy: String,
    },
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Fault {
    /// A fault that the operator has to mend.
    #[must_use]
    pub fn set_up(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::SetUp {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// The same, about the work in `region`.
    #[must_use]
    pub fn in_region(self, region: &Region) -> Self {
        let named = |text: String| {
            if text.contains(region.as_str()) {
                text
            } else {
                format!("in {region}: {text}")
            }
        };
        match self {
            Self::Transient(problem) => Self::Transient(named(problem)),
            Self::Throttled(problem) => Self::Throttled(named(problem)),
            Self::SetUp { problem, remedy } => Self::SetUp {
                problem: named(problem),
                remedy,
            },
        }
    }

    /// The one of `faults` that counts where they are reported as one: what a person has to mend first, then what fails
    /// for a while; throttling last, which is no failure.
    #[must_use]
    pub fn weightiest<'a>(faults: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        faults.into_iter().min_by_key(|fault| match fault {
            Self::SetUp { .. } => 0,
            Self::Transient(_) => 1,
            Self::Throttled(_) => 2,
        })
    }

    /// A state that certdrop's own code rules out. Never silent, never a panic.
    #[must_use]
    pub fn internal(problem: impl Into<String>) -> Self {
        Self::set_up(
            problem,
            "this is an error in certdrop: report it with the log of this request",
        )
    }

    /// The kind, as Lambda's `errorType` names it, so that alarms can filter on it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Transient(_) => "Transient",
            Self::Throttled(_) => "Throttled",
            Self::SetUp { .. } => "SetUp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_that_a_person_must_mend_counts_before_others() {
        let set_up = Fault::set_up("denied", "allow it");
        let transient = Fault::Transient("no answer".to_owned());
        let throttled = Fault::Throttled("too many".to_owned());
        for (faults, expected) in [
            (vec![], None),
            (vec![&throttled], Some(&throttled)),
            (vec![&throttled, &transient], Some(&transient)),
            (vec![&throttled, &transient, &set_up], Some(&set_up)),
        ] {
            assert_eq!(Fault::weightiest(faults), expected);
        }
        let other = Fault::Transient("broken".to_owned());
        assert_eq!(
            Fault::weightiest([&transient, &other]),
            Some(&transient),
            "the first of its kind"
        );
    }
}
