//! SSM Parameter Store: secrets in, certificate ARNs out.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use aws_types::SdkConfig;
use tracing::debug;
use zeroize::Zeroizing;

use super::fault::Failure;
use super::fence::Fence;
use crate::fault::Fault;

/// The parameters of this account and region.
#[derive(Clone)]
pub struct Parameters {
    client: Client,
}

/// A parameter's value and version. Has no `Debug`: it may be a secret.
pub struct Parameter {
    /// Decrypted.
    pub value: Zeroizing<String>,
    /// Counts up with each change.
    pub version: i64,
}

impl Parameters {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::from_conf(
                aws_sdk_ssm::config::Builder::from(config)
                    .retry_partition(super::patient("ssm"))
                    .build(),
            ),
        }
    }

    /// The parameters among `names` (at most ten) that exist, in one call.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SSM cannot be asked, or may not decrypt.
    pub async fn get(&self, names: Vec<String>) -> Result<BTreeMap<String, Parameter>, Fault> {
        debug!(parameters = names.len(), "ssm:GetParameters");
        let subject = names.join(", ");
        let answer = self
            .client
            .get_parameters()
            .set_names(Some(names))
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| Failure::new("ssm:GetParameters", subject, &error))?;
        let parameters = answer.parameters.unwrap_or_default().into_iter();
        let by_name = parameters.filter_map(|parameter| {
            let found = Parameter {
                value: Zeroizing::new(parameter.value?),
                version: parameter.version,
            };
            Some((parameter.name?, found))
        });
        Ok(by_name.collect())
    }

    /// The values of all plain parameters below `path`, by name.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SSM cannot be asked.
    pub async fn below(&self, path: &str) -> Result<BTreeMap<String, String>, Fault> {
        debug!(path, "ssm:GetParametersByPath");
        let mut pages = self
            .client
            .get_parameters_by_path()
            .path(path)
            .into_paginator()
            .send();
        let mut values = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| Failure::new("ssm:GetParametersByPath", path, &error))?;
            let parameters = page.parameters.unwrap_or_default().into_iter();
            values.extend(parameters.filter_map(|found| Some((found.name?, found.value?))));
        }
        Ok(values)
    }

    /// The versions of all secrets below `path`, by name. Reads none of them.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SSM cannot be asked.
    pub async fn secret_versions(&self, path: &str) -> Result<HashMap<String, i64>, Fault> {
        debug!(path, "ssm:DescribeParameters");
        let below = filter("Path", "Recursive", path)?;
        let secret = filter("Type", "Equals", "SecureString")?;
        let mut pages = self
            .client
            .describe_parameters()
            .parameter_filters(below)
            .parameter_filters(secret)
            .max_results(PAGE)
            .into_paginator()
            .send();
        let mut versions = HashMap::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| Failure::new("ssm:DescribeParameters", path, &error))?;
            let parameters = page.parameters.unwrap_or_default().into_iter();
            versions.extend(parameters.filter_map(|found| Some((found.name?, found.version))));
        }
        Ok(versions)
    }

    /// Writes `value` as a plain parameter.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SSM does not take it.
    pub async fn put(&self, name: &str, value: &str, fence: &Fence) -> Result<(), Fault> {
        debug!(parameter = name, "ssm:PutParameter");
        self.client
            .put_parameter()
            .name(name)
            .value(value)
            .r#type(ParameterType::String)
            .overwrite(true)
            .description("ARN of the certificate in ACM, kept by certdrop")
            .customize()
            .interceptor(fence.pass())
            .send()
            .await
            .map_err(|error| Failure::new("ssm:PutParameter", name, &error))?;
        Ok(())
    }
}

/// The most that a page of DescribeParameters may hold.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html>
const PAGE: i32 = 50;

fn filter(key: &str, option: &str, value: &str) -> Result<ParameterStringFilter, Fault> {
    let filter = ParameterStringFilter::builder()
        .key(key)
        .option(option)
        .values(value);
    filter
        .build()
        .map_err(|_| Fault::internal("a filter has no key"))
}
