//! Roles that may be assumed, and who may.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::caller::{Caller, Identity};

/// The ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn {
    partition: String,
    account: Account,
    /// Its path and name, without slashes around them.
    resource: String,
}

impl RoleArn {
    /// Whose it is.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// The ARN of a session of it.
    ///
    /// Source: IAM User Guide, "IAM identifiers": the path is no part of it.
    pub(super) fn of_session(&self, session: &str) -> String {
        let Self {
            partition, account, ..
        } = self;
        let name = self.resource.rsplit('/').next().unwrap_or_default();
        format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
    }
}

impl FromStr for RoleArn {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_a_role = "a role's ARN is like arn:aws:iam::222222222222:role/name";
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = *parts else {
            return Err(not_a_role);
        };
        let resource = resource.strip_prefix("role/").ok_or(not_a_role)?;
        if partition.is_empty() || resource.split('/').any(str::is_empty) {
            return Err(not_a_role);
        }
        Ok(Self {
            partition: partition.to_owned(),
            account: account.parse()?,
            resource: resource.to_owned(),
        })
    }
}

impl TryFrom<String> for RoleArn {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RoleArn> for String {
    fn from(role: RoleArn) -> Self {
        role.to_string()
    }
}

impl Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            account,
            resource,
        } = self;
        write!(formatter, "arn:{partition}:iam::{account}:role/{resource}")
    }
}

/// Whom a role trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Principal {
    /// Everybody in an account: `222222222222` or `arn:aws:iam::222222222222:root`.
    Account(Account),
    /// Every session of a role.
    Role(RoleArn),
    /// One user, or one session of a role, by its ARN.
    One(String),
}

impl Principal {
    fn is(&self, caller: &Caller) -> bool {
        match (self, &caller.identity) {
            (Self::Account(account), _) => caller.account == *account,
            (Self::Role(role), Identity::Session(session)) => session.role == *role,
            (Self::Role(_), Identity::User { .. }) => false,
            (Self::One(arn), _) => caller.arn() == *arn,
        }
    }
}

impl TryFrom<String> for Principal {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if let Ok(account) = text.parse() {
            return Ok(Self::Account(account));
        }
        if let Ok(role) = text.parse() {
            return Ok(Self::Role(role));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match *parts {
            ["arn", _, "iam", "", account, "root"] => Ok(Self::Account(account.parse()?)),
            ["arn", _, "iam", "", _, one] if one.starts_with("user/") => Ok(Self::One(text)),
            ["arn", _, "sts", "", _, one] if one.starts_with("assumed-role/") => {
                Ok(Self::One(text))
            }
            _ => Err("a principal is an account, or the ARN of a role, a user or a session"),
        }
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::Account(account) => account.into(),
            Principal::Role(role) => role.into(),
            Principal::One(arn) => arn,
        }
    }
}

/// A role that may be assumed, and how that goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Who may assume it.
    pub trusts: Vec<Principal>,
    /// The external ID that has to be given. Any one is taken where none has to be.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The longest session that may be asked for.
    #[serde(default = "an_hour")]
    pub max_session_seconds: i64,
    /// How long its credentials live, whatever was asked for; `null` for as long as that.
    #[serde(default)]
    pub lifetime_ms: Option<u32>,
    /// How AssumeRole fails from now on; `null` for not at all. Sessions that there are go on.
    #[serde(default)]
    pub fault: Option<Fault>,
}

/// Source: API reference of IAM's CreateRole, `MaxSessionDuration`.
fn an_hour() -> i64 {
    3_600
}

/// How AssumeRole fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// `Throttling`.
    Throttled,
    /// `ServiceUnavailable`, with the status 503.
    Unavailable,
    /// `AccessDenied`, as if the trust had been withdrawn.
    AccessDenied,
}

impl Role {
    /// Whether `caller` may assume it.
    pub(super) fn admits(&self, caller: &Caller, external_id: Option<&str>) -> bool {
        let required = self.external_id.as_deref();
        self.fault != Some(Fault::AccessDenied)
            && self.trusts.iter().any(|principal| principal.is(caller))
            && (required.is_none() || required == external_id)
    }
}
