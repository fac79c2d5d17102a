//! Secrets Manager: keys and passphrases to which parameters point.
//!
//! It is asked directly. SSM answers for it too, under `/aws/reference/secretsmanager/NAME`, but with the secret's text
//! alone (no binary), by name alone, and DescribeParameters does not list those names: a sweep would have to read every
//! secret to see that none has changed.
//! Source: <https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html>

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_types::SdkConfig;
use tracing::debug;

use super::fault::Failure;
use crate::fault::Fault;
use crate::secret::SecretBytes;
use crate::secret_pointer::SecretId;

/// The secrets of this account and region.
#[derive(Clone)]
pub struct SecretsManager {
    client: Client,
}

/// A secret's current version. Has no `Debug`: it holds the secret.
pub struct Current {
    /// Text or binary, decrypted.
    pub value: SecretBytes,
    /// The version's id.
    pub version: String,
}

impl SecretsManager {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::from_conf(
                aws_sdk_secretsmanager::config::Builder::from(config)
                    .retry_partition(super::patient("secretsmanager"))
                    .build(),
            ),
        }
    }

    /// The current version of `secret`, to which `parameter` points.
    ///
    /// # Errors
    ///
    /// [`Fault`] where the secret cannot be read.
    pub async fn current(&self, secret: &SecretId, parameter: &str) -> Result<Current, Fault> {
        debug!(%secret, parameter, "secretsmanager:GetSecretValue");
        let answer = self
            .client
            .get_secret_value()
            .secret_id(secret.as_str())
            .send()
            .await
            .map_err(|error| {
                let subject = subject(secret, parameter);
                Failure::new("secretsmanager:GetSecretValue", subject, &error)
            })?;
        let binary = answer.secret_binary.map(Blob::into_inner);
        let value = answer.secret_string.map(String::into_bytes).or(binary);
        let (Some(value), Some(version)) = (value.map(SecretBytes::new), answer.version_id) else {
            return Err(Fault::internal("a secret without a value or a version"));
        };
        Ok(Current { value, version })
    }

    /// The id of the current version of `secret`, to which `parameter` points; `None` where it is to be deleted, and
    /// so cannot be read. Reads no value, and no key is needed.
    ///
    /// # Errors
    ///
    /// [`Fault`] where Secrets Manager does not tell.
    pub async fn current_version(
        &self,
        secret: &SecretId,
        parameter: &str,
    ) -> Result<Option<String>, Fault> {
        debug!(%secret, parameter, "secretsmanager:DescribeSecret");
        let answer = self
            .client
            .describe_secret()
            .secret_id(secret.as_str())
            .send()
            .await
            .map_err(|error| {
                let subject = subject(secret, parameter);
                Failure::new("secretsmanager:DescribeSecret", subject, &error)
            })?;
        if answer.deleted_date.is_some() {
            return Ok(None);
        }
        let versions = answer.version_ids_to_stages.unwrap_or_default();
        let is_current = |stages: &[String]| stages.iter().any(|stage| stage == CURRENT);
        let mut current = versions
            .into_iter()
            .filter(|(_, stages)| is_current(stages));
        Ok(current.next().map(|(version, _)| version))
    }
}

/// The stage of the version that GetSecretValue answers.
///
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
const CURRENT: &str = "AWSCURRENT";

fn subject(secret: &SecretId, parameter: &str) -> String {
    format!("the secret {secret}, to which the parameter {parameter} points,")
}
