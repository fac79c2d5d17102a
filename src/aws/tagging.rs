//! Resource Groups Tagging API: which certificates carry a tag.

use std::sync::OnceLock;

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use aws_types::SdkConfig;
use tracing::debug;

use super::fault::Failure;
use crate::arn::CertificateArn;
use crate::fault::Fault;
use crate::tag::BUNDLE_TAG;

/// Certificates by their tags. Answers lag behind by seconds.
#[derive(Clone)]
pub struct Tagging {
    config: SdkConfig,
    /// Made at its first use: most events are renewals, which find their certificate without it, and
    /// to make a client takes a tenth of a cold start.
    client: OnceLock<Client>,
}

impl Tagging {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
            client: OnceLock::new(),
        }
    }

    /// The certificates that carry the bundle's `identity`.
    ///
    /// # Errors
    ///
    /// [`Fault`] where the service cannot be asked.
    pub async fn certificates_of(&self, identity: &str) -> Result<Vec<CertificateArn>, Fault> {
        debug!(bundle = identity, "tag:GetResources");
        let filter = TagFilter::builder()
            .key(BUNDLE_TAG)
            .values(identity)
            .build();
        let client = self.client.get_or_init(|| {
            let own = aws_sdk_resourcegroupstagging::config::Builder::from(&self.config)
                .retry_partition(super::patient("tagging"));
            Client::from_conf(own.build())
        });
        let mut pages = client
            .get_resources()
            .resource_type_filters("acm:certificate")
            .tag_filters(filter)
            .into_paginator()
            .send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Failure::new("tag:GetResources", identity, &error))?;
            let mappings = page.resource_tag_mapping_list.unwrap_or_default();
            arns.extend(
                mappings
                    .iter()
                    .filter_map(|mapping| CertificateArn::parse(mapping.resource_arn()?)),
            );
        }
        Ok(arns)
    }
}
