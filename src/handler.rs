//! One event, answered: its requests are carried out, and each kind of source gets the answer that
//! it understands.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::bundle_name::{BundleName, looks_replaced};
use crate::clock;
use crate::event::{self, Content, Event, Message, Request, Watched, WorkItem};
use crate::fault::Fault;
use crate::inventory;
use crate::news::News;
use crate::pipeline::{self, Invocation};
use crate::sweep;

/// Carries out what `payload` asks for and answers with what became of it:
///
/// - bundles: `{"summaries": […]}`,
/// - a queue's messages: `{"batchItemFailures": […]}`,
/// - a sweep: its report,
/// - nothing to do: `{"ignored": "why"}`.
///
/// # Errors
///
/// [`Fault`] where any of the bundles is unfinished: the source sends the event again, and bundles
/// that were finished are then unchanged.
pub async fn handle(payload: &Value, world: Invocation<'_>) -> Result<Value, Fault> {
    let watched = Watched {
        bucket: &world.config.bucket,
        drop_prefix: &world.config.drop_prefix,
    };
    let handling = Handling { world };
    match event::read(payload, watched)? {
        Event::Queue(messages) => Ok(handling.queue(messages).await),
        Event::One(request) => handling.carry_out(request).await,
    }
}

/// One call of the function, answered.
#[derive(Clone, Copy)]
struct Handling<'a> {
    world: Invocation<'a>,
}

impl Handling<'_> {
    async fn carry_out(self, request: Request) -> Result<Value, Fault> {
        match request {
            Request::Bundles(items) => self.bundles(items).await,
            Request::Sweep(request) => {
                let report = sweep::sweep(request, self.world).await?;
                if let Some(fault) = Fault::weightiest(report.not_listed.values()) {
                    return Err(fault.clone());
                }
                serde_json::to_value(report).map_err(|_| Fault::internal("a report is no JSON"))
            }
            Request::Expiring(arn) => match self.bundle_of(&arn).await? {
                Some(item) => self.bundles(vec![item]).await,
                None => Ok(ignored(
                    "the certificate carries no bundle's name, or is in none of certdrop's targets",
                )),
            },
            Request::Nothing(why) => Ok(ignored(why)),
        }
    }

    /// All items are worked on, whatever becomes of one of them; then the weightiest fault counts.
    async fn bundles(self, items: Vec<WorkItem>) -> Result<Value, Fault> {
        let mut summaries = Vec::new();
        let mut faults = Vec::new();
        for item in &items {
            match pipeline::process(item, self.world).await {
                Ok(summary) => summaries.push(summary),
                Err(fault) => faults.push(fault),
            }
        }
        match Fault::weightiest(&faults) {
            Some(fault) => Err(fault.clone()),
            None => Ok(json!({ "summaries": summaries })),
        }
    }

    /// Each message by itself: only those that have to be received again are named.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
    async fn queue(self, messages: Vec<Message>) -> Value {
        let failures = by_bundle(messages).into_iter().map(async |messages| {
            let mut failures = Vec::new();
            let mut throttled = None;
            for message in messages {
                let done = match &throttled {
                    None => self.carry_out_message(&message).await,
                    // One bundle: ACM takes no import for it now.
                    Some(fault) => Err(Fault::clone(fault)),
                };
                if let Err(fault) = done {
                    failures.extend(self.put_back(&message, &fault).await);
                    throttled = Some(fault).filter(Fault::is_throttled);
                }
            }
            failures
        });
        let failures = join_all(failures).await;
        let failures: Vec<_> = failures.into_iter().flatten().collect();
        json!({ "batchItemFailures": failures })
    }

    async fn carry_out_message(self, message: &Message) -> Result<(), Fault> {
        let request = message.request.clone()?;
        self.carry_out(request).await.map(|_| ())
    }

    /// Has a message that failed be received again. `None` where SQS may delete this receipt of it.
    async fn put_back(self, message: &Message, fault: &Fault) -> Option<Value> {
        if fault.is_throttled() && self.is_sent_again(message).await {
            info!(%fault, message = message.id, "throttled: sent again");
            return None;
        }
        warn!(%fault, message = message.id, "message failed: SQS will redeliver it");
        self.hide(message).await;
        Some(json!({ "itemIdentifier": message.id }))
    }

    /// A message that is throttled is no failure, and must not count among those after which SQS gives it up: it is sent
    /// anew, and this receipt of it is done.
    async fn is_sent_again(self, message: &Message) -> bool {
        let Some(queue) = &self.world.aws.queue else {
            return false;
        };
        if let Some(first_sent) = message.first_sent {
            let waited = clock::wall() - first_sent;
            (self.world.news)(News::Throttled(waited));
        }
        let sent = queue.send_again(message, THROTTLED_PAUSE).await;
        sent.inspect_err(|fault| warn!(%fault, "message not sent again"))
            .is_ok()
    }

    /// The queue's own time-out is six times the function's, as AWS advises: too long for a retry.
    async fn hide(self, message: &Message) {
        let (Some(queue), Some(handle)) = (&self.world.aws.queue, &message.receipt_handle) else {
            return;
        };
        // The lease of a worker that gave up is open by then.
        let terms = self.world.config.terms;
        let pause = (terms.lease + terms.settling).unsigned_abs() * message.received.max(1);
        if let Err(fault) = queue.hide(handle, pause).await {
            warn!(%fault, "message stays hidden for the queue's own time");
        }
    }

    async fn bundle_of(self, arn: &crate::arn::CertificateArn) -> Result<Option<WorkItem>, Fault> {
        let targets = self.world.targets().await?;
        let Some(target) = targets.of(arn) else {
            return Ok(None);
        };
        let there = self.world.aws.places.of(target);
        there.enter().await?;
        let found = there.acm.find(arn).await?;
        let bundle = match found.and_then(|found| found.bundle_tag) {
            Some(identity) => self.named(&identity).await?,
            None => None,
        };
        Ok(bundle.map(|bundle| WorkItem {
            bundle,
            content: Content::Newest,
        }))
    }

    /// The bundle with this identity. One in which characters were replaced is found by a look at all names.
    async fn named(self, identity: &str) -> Result<Option<BundleName>, Fault> {
        if !looks_replaced(identity) {
            return Ok(BundleName::new(identity));
        }
        let drop_prefix = &self.world.config.drop_prefix;
        let listed = self.world.aws.bucket.list(drop_prefix).await?;
        let mut bundles = inventory::by_bundle(listed, drop_prefix).into_keys();
        Ok(bundles.find(|bundle| bundle.identity() == identity || bundle.as_str() == identity))
    }
}

/// Messages about one bundle are worked on one after the other: the files of a folder come as one message each, and
/// their workers would only wait for each other's lease.
fn by_bundle(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut groups: Vec<Vec<Message>> = Vec::new();
    for message in messages {
        let same = groups.iter_mut().find(|group| {
            let first = group.first().and_then(Message::bundle);
            first.is_some() && first == message.bundle()
        });
        match same {
            Some(group) => group.push(message),
            None => groups.push(vec![message]),
        }
    }
    groups
}

/// How long a message that was throttled to the end stays away.
const THROTTLED_PAUSE: Duration = Duration::from_mins(1);

fn ignored(why: &str) -> Value {
    info!(why, "ignored");
    json!({ "ignored": why })
}
