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
