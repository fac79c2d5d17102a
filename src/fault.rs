//! Why work could not be finished, by who has to act. A bad bundle is none of these: it is a
//! finished outcome, because running it again would not help.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::target::{RoleArn, TargetName};

/// The work is unfinished and has to be run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    kind: Kind,
    /// What is wrong and where.
    problem: String,
    /// The target that it is about, where that has to be said.
    target: Option<TargetName>,
}

/// Who has to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The world is briefly bad; nobody has to act.
    Transient,
    /// A service takes no more for now. Nothing is wrong, and only waiting helps.
    Throttled,
    /// The set-up is bad; the operator has to act, then a retry or the sweep finishes the work.
    SetUp(Remedy),
}

/// What the operator should do. It is worded for the one who does the work: [`Fault::told_to`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same whoever does the work. Imperative.
    Do(Cow<'static, str>),
    /// Allow the worker to call this operation.
    Allow(&'static str),
    /// Allow the worker to call this operation on a secret.
    AllowSecret(&'static str),
    /// Compare what the worker is allowed with what it needs.
    Compare,
    /// Correct the worker's settings.
    CorrectSettings,
}

/// Who does the work, with their own rights and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// The function: its events are sent again.
    Function,
    /// A person with the command line tool, who runs it again.
    Person,
    /// A person or a program that only drops bundles, with the rights for that.
    Dropper,
}

impl Kind {
    /// As Lambda's `errorType` names it, so that alarms can filter on it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Transient => "Transient",
            Self::Throttled => "Throttled",
            Self::SetUp(_) => "SetUp",
        }
    }
}

impl Worker {
    fn role(self) -> &'static str {
        match self {
            Self::Function => "the function's role",
            Self::Person | Self::Dropper => "the role or user that you work as",
        }
    }

    fn settings(self) -> &'static str {
        match self {
            Self::Function => "the function's environment",
            Self::Person | Self::Dropper => "the settings",
        }
    }

    fn next_try(self) -> &'static str {
        match self {
            Self::Function => "it will be retried",
            Self::Person | Self::Dropper => "retry it",
        }
    }

    /// Where it is written what the role needs.
    fn needs(self) -> &'static str {
        match self {
            Self::Function | Self::Person => "the policy in template.yaml",
            Self::Dropper => "what `certdrop drop --print-policy` prints",
        }
    }
}

impl Remedy {
    fn told_to(&self, worker: Worker) -> Cow<'_, str> {
        let (role, settings) = (worker.role(), worker.settings());
        match self {
            Self::Do(remedy) => Cow::Borrowed(remedy),
            Self::Allow(operation) => format!(
                "allow {role} to call {operation} here (also the KMS key, if one encrypts it); compare with {}",
                worker.needs()
            )
            .into(),
            Self::AllowSecret(operation) => format!(
                "allow {role} to call {operation} on this secret (also the KMS key, if one of yours encrypts it): name the secret in SecretArns of the template, or correct the parameter"
            )
            .into(),
            Self::Compare => format!(
                "look the code up in the service's API reference, and compare {role} and settings with template.yaml"
            )
            .into(),
            Self::CorrectSettings => {
                format!("correct {settings}, see the settings in the README").into()
            }
        }
    }
}

impl From<&'static str> for Remedy {
    fn from(remedy: &'static str) -> Self {
        Self::Do(Cow::Borrowed(remedy))
    }
}

impl From<String> for Remedy {
    fn from(remedy: String) -> Self {
        Self::Do(Cow::Owned(remedy))
    }
}

impl Fault {
    /// A fault that passes by itself.
    #[must_use]
    pub fn transient(problem: impl Into<String>) -> Self {
        Self::new(Kind::Transient, problem)
    }

    /// A service takes no more for now.
    #[must_use]
    pub fn throttled(problem: impl Into<String>) -> Self {
        Self::new(Kind::Throttled, problem)
    }

    /// A fault that the operator has to correct.
    #[must_use]
    pub fn set_up(problem: impl Into<String>, remedy: impl Into<Remedy>) -> Self {
        Self::new(Kind::SetUp(remedy.into()), problem)
    }

    /// A state that certdrop's own code rules out. Never silent, never a panic.
    #[must_use]
    pub fn internal(problem: impl Into<String>) -> Self {
        Self::set_up(
            problem,
            "this is an error in certdrop: report it with the log of this request",
        )
    }

    fn new(kind: Kind, problem: impl Into<String>) -> Self {
        Self {
            kind,
            problem: problem.into(),
            target: None,
        }
    }

    /// The same, about the work in `target`.
    #[must_use]
    pub fn in_target(mut self, target: &TargetName) -> Self {
        self.target = Some(target.clone());
        self
    }

    /// The same, where the work is done as `role` of another account: what is to be allowed is to be allowed to it.
    #[must_use]
    pub fn as_role(mut self, role: &RoleArn) -> Self {
        if let Kind::SetUp(Remedy::Allow(operation)) = self.kind {
            let remedy = format!(
                "allow the role {role} to call {operation} here; compare with docs/targets/role.yaml and its parameters"
            );
            self.kind = Kind::SetUp(remedy.into());
        }
        self
    }

    /// See [`Kind`].
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// A service takes no more for now.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.kind == Kind::Throttled
    }

    /// The operator has to act: to try again at once helps nothing.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        matches!(self.kind, Kind::SetUp(_))
    }

    /// What is wrong and where, without what is done about it.
    #[must_use]
    pub fn problem(&self) -> Cow<'_, str> {
        match &self.target {
            Some(target) => format!("in {target}: {}", self.problem).into(),
            None => Cow::Borrowed(&self.problem),
        }
    }

    /// The whole, in the words for who does the work.
    #[must_use]
    pub fn told_to(&self, worker: Worker) -> String {
        let then = match &self.kind {
            Kind::Transient | Kind::Throttled => Cow::Borrowed(worker.next_try()),
            Kind::SetUp(remedy) => remedy.told_to(worker),
        };
        format!("{}; {then}", self.problem())
    }

    /// The one of `faults` that counts where they are reported as one: what a person has to correct first, then what fails
    /// for a while; throttling last, which is no failure.
    #[must_use]
    pub fn weightiest<'a>(faults: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        faults.into_iter().min_by_key(|fault| match fault.kind {
            Kind::SetUp(_) => 0,
            Kind::Transient => 1,
            Kind::Throttled => 2,
        })
    }
}

/// In the function's words.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told_to(Worker::Function))
    }
}

impl std::error::Error for Fault {}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_that_a_person_must_mend_counts_before_others() {
        let set_up = Fault::set_up("denied", "allow it");
        let transient = Fault::transient("no answer".to_owned());
        let throttled = Fault::throttled("too many".to_owned());
        for (faults, expected) in [
            (vec![], None),
            (vec![&throttled], Some(&throttled)),
            (vec![&throttled, &transient], Some(&transient)),
            (vec![&throttled, &transient, &set_up], Some(&set_up)),
        ] {
            assert_eq!(Fault::weightiest(faults), expected);
        }
        let other = Fault::transient("broken".to_owned());
        assert_eq!(
            Fault::weightiest([&transient, &other]),
            Some(&transient),
            "the first of its kind"
        );
    }

    #[test]
    fn a_fault_is_worded_for_who_does_the_work() {
        let target = TargetName::parse("us-east-1").expect("a target");
        let denied = Fault::set_up("denied", Remedy::Allow("acm:ImportCertificate"));
        let wrong = Fault::set_up("no bucket", Remedy::CorrectSettings);
        let dropper = denied.told_to(Worker::Dropper);
        assert!(
            dropper.ends_with("compare with what `certdrop drop --print-policy` prints"),
            "{dropper}"
        );
        for (fault, function, person) in [
            (
                Fault::transient("no answer"),
                "no answer; it will be retried",
                "no answer; retry it",
            ),
            (
                Fault::throttled("too many").in_target(&target),
                "in us-east-1: too many; it will be retried",
                "in us-east-1: too many; retry it",
            ),
            (
                denied,
                "denied; allow the function's role to call acm:ImportCertificate here (also the KMS key, if one encrypts it); compare with the policy in template.yaml",
                "denied; allow the role or user that you work as to call acm:ImportCertificate here (also the KMS key, if one encrypts it); compare with the policy in template.yaml",
            ),
            (
                wrong,
                "no bucket; correct the function's environment, see the settings in the README",
                "no bucket; correct the settings, see the settings in the README",
            ),
            (
                Fault::set_up("no such topic", "create it"),
                "no such topic; create it",
                "no such topic; create it",
            ),
        ] {
            assert_eq!(fault.to_string(), function);
            assert_eq!(fault.told_to(Worker::Person), person);
        }
    }
}
