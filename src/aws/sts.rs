//! STS: the roles of other accounts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::Client;
use aws_types::SdkConfig;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tracing::{debug, info};

use super::fault::{Failure, Meaning};
use crate::clock;
use crate::fault::Fault;
use crate::target::{Role, RoleArn};

/// The stack's own region's STS. The global one is in one region, which need not be up.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html>
#[derive(Clone)]
pub(super) struct Sts {
    client: Client,
    session: String,
}

impl Sts {
    pub(super) fn new(sdk: &SdkConfig, stack: &str) -> Self {
        Self {
            client: Client::from_conf(
                aws_sdk_sts::config::Builder::from(sdk)
                    .retry_partition(super::patient("sts"))
                    .build(),
            ),
            session: session_name(stack),
        }
    }

    /// `role`, not assumed yet.
    pub(super) fn role(&self, role: &Role) -> AssumedRole {
        AssumedRole(Arc::new(Inner {
            sts: self.clone(),
            role: role.clone(),
            current: Mutex::default(),
        }))
    }
}

/// What CloudTrail shows in the other account: the stack, in the characters that STS takes.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn session_name(stack: &str) -> String {
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || "_=,.@-".contains(*c);
    let stack = stack.chars().filter(is_allowed);
    let longest = 64 - "certdrop-".len();
    format!("certdrop-{}", stack.take(longest).collect::<String>())
}

/// A role that this process works as. It is assumed once, and again before the credentials end.
#[derive(Clone)]
pub(super) struct AssumedRole(Arc<Inner>);

struct Inner {
    sts: Sts,
    role: Role,
    current: Mutex<Option<Credentials>>,
}

/// So long before their end credentials are renewed: a call that has begun is not to outlive them.
const RENEWED_BEFORE: Duration = Duration::from_mins(5);

impl AssumedRole {
    /// The role's credentials. Those of before, where they are good for a while.
    ///
    /// # Errors
    ///
    /// [`Fault`] where STS does not give any.
    pub(super) async fn credentials(&self) -> Result<Credentials, Fault> {
        let mut current = self.0.current.lock().await;
        if let Some(credentials) = current.as_ref().filter(|current| is_good(current)) {
            return Ok(credentials.clone());
        }
        let credentials = self.0.assume().await?;
        *current = Some(credentials.clone());
        Ok(credentials)
    }

    /// Which role.
    pub(super) fn arn(&self) -> &RoleArn {
        &self.0.role.arn
    }

    /// Has it assumed anew with the next call. Not while it is being assumed: those credentials are new.
    pub(super) fn forget(&self) {
        if let Ok(mut current) = self.0.current.try_lock() {
            *current = None;
        }
    }
}

fn is_good(credentials: &Credentials) -> bool {
    credentials
        .expiry()
        .is_some_and(|end| clock::wall() + RENEWED_BEFORE < OffsetDateTime::from(end))
}

impl Inner {
    async fn assume(&self) -> Result<Credentials, Fault> {
        let Role { arn, external_id } = &self.role;
        debug!(role = %arn, "sts:AssumeRole");
        let call = self
            .sts
            .client
            .assume_role()
            .role_arn(arn.as_str())
            .external_id(external_id.as_str())
            .role_session_name(&self.sts.session);
        let answer = call.send().await.map_err(|error| {
            let failure = Failure::new("sts:AssumeRole", arn.as_str(), &error);
            self.refused(failure)
        })?;
        let given = answer
            .credentials
            .ok_or_else(|| Fault::transient(format!("sts:AssumeRole of {arn} gave nothing")))?;
        info!(role = %arn, session = self.sts.session, "role assumed");
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            given.expiration.try_into().ok(),
            "AssumeRole",
        ))
    }

    fn refused(&self, failure: Failure) -> Fault {
        if failure.meaning() != Meaning::SetUp {
            return failure.into();
        }
        let Role { arn, external_id } = &self.role;
        Fault::set_up(
            failure.to_string(),
            format!(
                "check that the role exists in account {}, that its trust policy allows sts:AssumeRole to the function's role where sts:ExternalId is `{}` (docs/targets/role.yaml), and that the stack's parameter TargetRoles names {arn}",
                arn.account(),
                external_id.as_str()
            ),
        )
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.credentials()
                .await
                .map_err(CredentialsError::provider_error)
        })
    }
}

/// The SDK wants it of every provider. It shows no credentials.
impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AssumedRole")
            .field(&self.0.role.arn.as_str())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auditor_sees_which_stack_it_is() {
        let long = "a".repeat(255);
        for (stack, expected) in [
            ("certdrop", "certdrop-certdrop"),
            ("prod/eu:1", "certdrop-prodeu1"),
            ("", "certdrop-"),
        ] {
            assert_eq!(session_name(stack), expected);
        }
        assert_eq!(session_name(&long).len(), 64);
    }
}
