//! SQS: the queue that wakes the function.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use aws_types::SdkConfig;
use time::OffsetDateTime;
use tracing::debug;

use super::fault::Failure;
use crate::config::Config;
use crate::event::{FIRST_SENT, Message};
use crate::fault::Fault;

/// The queue that the settings name.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

/// Messages in one call, and the longest that one may be held back, in seconds.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
const AT_ONCE: usize = 10;
const LONGEST_DELAY: u64 = 900;

impl Queue {
    /// `None` where the settings name no queue.
    pub(super) fn new(sdk: &SdkConfig, config: &Config) -> Option<Self> {
        let url = config.queue.clone()?;
        let own = aws_sdk_sqs::config::Builder::from(sdk).retry_partition(super::patient("sqs"));
        Some(Self {
            client: Client::from_conf(own.build()),
            url,
        })
    }

    /// Sends `bodies`, ten in a call.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SQS does not take all of them; some may have been sent.
    pub async fn send(&self, bodies: &[String]) -> Result<(), Fault> {
        for bodies in bodies.chunks(AT_ONCE) {
            self.send_few(bodies).await?;
        }
        Ok(())
    }

    async fn send_few(&self, bodies: &[String]) -> Result<(), Fault> {
        debug!(messages = bodies.len(), "sqs:SendMessage");
        let entry = |(number, body): (usize, &String)| {
            SendMessageBatchRequestEntry::builder()
                .id(number.to_string())
                .message_body(body)
                .build()
        };
        let entries: Result<Vec<_>, _> = bodies.iter().enumerate().map(entry).collect();
        let entries = entries.map_err(|_| Fault::internal("a message has no body"))?;
        let answer = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|error| Failure::new("sqs:SendMessage", self.url.as_str(), &error))?;
        match answer.failed.first() {
            None => Ok(()),
            Some(failed) => Err(Fault::transient(format!(
                "sqs:SendMessage of {} failed for {} of {} messages: {}",
                self.url,
                answer.failed.len(),
                bodies.len(),
                failed.code
            ))),
        }
    }

    /// Sends `message` again, to be received after `delay` at the earliest, 15 minutes at most.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SQS does not take it.
    pub async fn send_again(&self, message: &Message, delay: Duration) -> Result<(), Fault> {
        debug!(?delay, "sqs:SendMessage");
        let mut call = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(&message.body)
            .delay_seconds(seconds(delay.min(Duration::from_secs(LONGEST_DELAY))));
        if let Some(first_sent) = message.first_sent {
            call = call.message_attributes(FIRST_SENT, milliseconds(first_sent)?);
        }
        call.send()
            .await
            .map_err(|error| Failure::new("sqs:SendMessage", self.url.as_str(), &error))?;
        Ok(())
    }

    /// Has a message that was received be received again after `delay`, not after the queue's own time-out.
    ///
    /// # Errors
    ///
    /// [`Fault`] where SQS refuses; the queue's time-out counts then.
    pub async fn hide(&self, receipt_handle: &str, delay: Duration) -> Result<(), Fault> {
        debug!(?delay, "sqs:ChangeMessageVisibility");
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds(delay))
            .send()
            .await
            .map_err(|error| {
                Failure::new("sqs:ChangeMessageVisibility", self.url.as_str(), &error)
            })?;
        Ok(())
    }
}

fn milliseconds(instant: OffsetDateTime) -> Result<MessageAttributeValue, Fault> {
    let milliseconds = instant.unix_timestamp_nanos() / 1_000_000;
    let attribute = MessageAttributeValue::builder()
        .data_type("Number")
        .string_value(milliseconds.to_string());
    attribute
        .build()
        .map_err(|_| Fault::internal("an attribute has no type"))
}

fn seconds(delay: Duration) -> i32 {
    i32::try_from(delay.as_secs()).unwrap_or(i32::MAX)
}
