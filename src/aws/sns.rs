//! SNS: the notice to people and programs.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;
use tracing::debug;

use super::fault::Failure;
use super::fence::Fence;
use crate::config::Config;
use crate::fault::Fault;
use crate::summary::notice::Notice;

/// The topic that the settings name.
#[derive(Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// `None` where the settings name no topic.
    pub(super) fn new(sdk: &SdkConfig, config: &Config) -> Option<Self> {
        let arn = config.topic.clone()?;
        Some(Self {
            client: Client::from_conf(
                aws_sdk_sns::config::Builder::from(sdk)
                    .retry_partition(super::patient("sns"))
                    .build(),
            ),
            arn,
        })
    }

    /// Sends `notice` to all subscribers.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SNS does not take it.
    pub async fn publish(&self, notice: Notice, fence: &Fence) -> Result<(), Fault> {
        debug!(topic = self.arn, "sns:Publish");
        self.client
            .publish()
            .topic_arn(&self.arn)
            .subject(notice.subject)
            .message_structure("json")
            .message(notice.message)
            .message_attributes("outcome", text(notice.outcome)?)
            .message_attributes("bundle", text(&notice.bundle)?)
            .customize()
            .interceptor(fence.pass_for_news())
            .send()
            .await
            .map_err(|error| Failure::new("sns:Publish", self.arn.as_str(), &error))?;
        Ok(())
    }
}

fn text(value: &str) -> Result<MessageAttributeValue, Fault> {
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value);
    attribute
        .build()
        .map_err(|_| Fault::internal("an attribute has no type"))
}
