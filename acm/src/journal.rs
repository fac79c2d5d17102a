//! What was asked and how it ended, for tests of callers.

use std::collections::VecDeque;

use serde::Serialize;
use time::OffsetDateTime;

use super::account::Account;

/// One call. Nothing of its body but the ARN.
#[derive(Clone, Serialize)]
pub struct Entry {
    /// When it was answered.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// `ImportCertificate`.
    pub operation: String,
    /// Whose call it was.
    pub account: Account,
    /// From the signature's scope.
    pub region: String,
    /// The certificate that it was about, if it named one or made one, or the role.
    pub arn: Option<String>,
    /// What else AssumeRole was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumption: Option<Assumption>,
    /// `ok`, or the code of the error.
    pub outcome: String,
}

/// What AssumeRole was told beside the role. Nothing of it is secret.
#[derive(Clone, Serialize)]
pub struct Assumption {
    /// `RoleSessionName`.
    pub session_name: Option<String>,
    /// `ExternalId`.
    pub external_id: Option<String>,
}

/// The last calls, the oldest first.
#[derive(Default)]
pub struct Journal(VecDeque<Entry>);

impl Journal {
    /// Adds a call and forgets the oldest if there are too many.
    pub fn add(&mut self, entry: Entry) {
        if self.0.len() == LENGTH {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    /// The calls of `account` that are remembered.
    pub fn entries(&self, account: &Account) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.account == *account)
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// A sweep over 10,000 certificates makes some hundred calls; a load test may lose its beginning.
const LENGTH: usize = 100_000;
