//! SNS: the notice to people and programs.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;
use serde_json::json;
use tracing::debug;

use super::fault::Failure;
use super::fence::Fence;
use crate::config::Config;
use crate::fault::Fault;

/// The topic that the settings name.
#[derive(Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

/// One notice, in the forms that its readers want.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// For mails: one line of ASCII, at most 99 characters.
    pub subject: String,
    /// For people.
    pub prose: String,
    /// For programs.
    pub json: String,
    /// To filter subscriptions by.
    pub outcome: &'static str,
    /// To filter subscriptions by.
    pub bundle: &'a str,
}

impl Topic {
    /// `None` where the settings name no topic.
    pub(super) fn new(sdk: &SdkConfig, config: &Config) -> Option<Self> {
        let arn = config.topic.clone()?;
        Some(Self {
            client: Client::new(sdk),
            arn,
        })
    }

    /// Sends `notice` to all subscribers: prose to people, JSON to programs.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SNS does not take it.
    pub async fn publish(&self, notice: Notice<'_>, fence: &Fence) -> Result<(), Fault> {
        debug!(topic = self.arn, "sns:Publish");
        let message = json!({
            "default": notice.prose,
            "sqs": notice.json,
            "lambda": notice.json,
            "http": notice.json,
            "https": notice.json,
            "firehose": notice.json,
        });
        self.client
            .publish()
            .topic_arn(&self.arn)
            .subject(notice.subject)
            .message_structure("json")
            .message(message.to_string())
            .message_attributes("outcome", text(notice.outcome)?)
            .message_attributes("bundle", text(notice.bundle)?)
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
