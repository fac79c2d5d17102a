//! Accounts, and what belongs to one.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An AWS account: twelve digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Account(String);

impl FromStr for Account {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_account = text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
        is_account
            .then(|| Self(text.to_owned()))
            .ok_or("an account has twelve digits")
    }
}

impl TryFrom<String> for Account {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.0
    }
}

impl Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Default for Account {
    /// The account of AWS's own examples.
    fn default() -> Self {
        Self("123456789012".to_owned())
    }
}

/// An account in a region. Certificates, configurations, quotas and rates belong to one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    /// Whose.
    pub account: Account,
    /// Where.
    pub region: String,
}

impl Place {
    /// The place that is named in `arn`, if it names one.
    pub(super) fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':').skip(3);
        let (region, account) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        Some(Self { account, region })
    }

    /// Whether `arn` names this place.
    pub(super) fn has(&self, arn: &str) -> bool {
        let mut parts = arn.split(':').skip(3);
        parts.next() == Some(&self.region) && parts.next() == Some(&self.account.0)
    }
}

/// The partition that `region` is in.
pub(super) fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
