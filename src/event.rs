//! A payload becomes work: which bundles, which object versions, or a sweep.
//!
//! | payload | becomes |
//! |---|---|
//! | S3 notification, EventBridge `Object Created` | [`Request::Bundles`] |
//! | any of these inside SQS messages | [`Event::Queue`] |
//! | EventBridge Scheduler, scheduled rule, `{"sweep": {…}}` | [`Request::Sweep`] |
//! | `ACM Certificate Approaching Expiration` | [`Request::Expiring`] |
//! | `{"bundle": "…"}` | [`Request::Bundles`] |
//! | one of these inside Lambda's record of an event that failed | the same |
//! | `s3:TestEvent`, removed objects, objects elsewhere in the bucket | [`Request::Nothing`] |

use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::s3::{S3Event, S3EventRecord};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::arn::CertificateArn;
use crate::bundle_name::{BundleName, Packing};
use crate::fault::Fault;
use crate::inventory::Dropped;

/// What the function was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One request. The function ends with an error where it fails.
    One(Request),
    /// Messages of a queue, each to be done and answered by itself.
    Queue(Vec<Message>),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Look at these bundles.
    Bundles(Vec<WorkItem>),
    /// Look at all bundles.
    Sweep(SweepRequest),
    /// ACM says that this certificate expires soon: look for a newer bundle.
    Expiring(CertificateArn),
    /// There is nothing to do; the text says why.
    Nothing(&'static str),
}

/// One message of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// SQS's id, for `batchItemFailures`.
    pub id: String,
    /// As it was sent, to be sent again.
    pub body: String,
    /// By which this receipt of it is known to SQS.
    pub receipt_handle: Option<String>,
    /// How often it was received, this time included.
    pub received: u32,
    /// When it was sent first: a message that ACM throttled is sent again.
    pub first_sent: Option<OffsetDateTime>,
    /// What the body asks for.
    pub request: Result<Request, Fault>,
}

/// The attribute of a message that is sent again: when it was sent first, in milliseconds since 1970, as SQS writes its
/// own times.
pub const FIRST_SENT: &str = "first-sent";

impl Message {
    /// The one bundle that it is about.
    #[must_use]
    pub fn bundle(&self) -> Option<&BundleName> {
        match &self.request {
            Ok(Request::Bundles(items)) if items.len() == 1 => {
                items.first().map(|item| &item.bundle)
            }
            _ => None,
        }
    }
}

/// One bundle to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItem {
    /// Whose turn it is.
    pub bundle: BundleName,
    /// Which of all that was dropped under its name.
    pub content: Content,
}

/// What of a bundle is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// What was dropped last.
    Newest,
    /// The object that an event is about; where it lies in a folder, the folder as it is now.
    Object(DroppedObject),
    /// Versions that were current once, as a sweep found them.
    Earlier(Dropped),
}

/// An object that was created below the drop prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedObject {
    /// Decoded.
    pub key: String,
    /// Absent where the event does not tell: then the newest is meant.
    pub version_id: Option<String>,
    /// Whether the object is the whole bundle.
    pub packing: Packing,
}

/// How a sweep is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SweepRequest {
    /// Report what would be done, change nothing.
    pub dry_run: bool,
}

/// What an event's addresses are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// Where bundles are dropped.
    pub drop_prefix: &'a str,
}

/// Reads a payload.
///
/// # Errors
///
/// [`Kind::SetUp`](crate::fault::Kind::SetUp) where the payload is of no known kind, lacks what its kind must have, or is
/// about another bucket: somebody wired the function to the wrong source.
pub fn read(payload: &Value, watched: Watched<'_>) -> Result<Event, Fault> {
    if source(payload) == Some("aws:sqs") {
        return Ok(queue(parsed(payload, "SQS event")?, watched));
    }
    request(payload, watched).map(Event::One)
}

/// The service that the first record of `payload` comes from.
fn source(payload: &Value) -> Option<&str> {
    let records = payload.get("Records")?.as_array()?;
    records.first()?.get("eventSource")?.as_str()
}

fn request(payload: &Value, watched: Watched<'_>) -> Result<Request, Fault> {
    if let Some(failed) = failed_event(payload) {
        return request(failed, watched);
    }
    if payload.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Request::Nothing("S3 tests its notification"));
    }
    if source(payload) == Some("aws:s3") {
        return s3(parsed(payload, "S3 notification")?, watched);
    }
    if payload.get("detail-type").is_some() {
        return event_bridge(parsed(payload, "EventBridge event")?, watched);
    }
    if let Some(sweep) = payload.get("sweep") {
        return Ok(Request::Sweep(parsed(sweep, "sweep request")?));
    }
    match payload.get("bundle").and_then(Value::as_str) {
        Some(name) => direct(name),
        None => Err(unknown(payload)),
    }
}

/// What is in Lambda's record of an event that failed for good: dead letters are sent here again as they are.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
fn failed_event(payload: &Value) -> Option<&Value> {
    payload.get("requestContext")?;
    payload.get("requestPayload")
}

fn s3(event: S3Event, watched: Watched<'_>) -> Result<Request, Fault> {
    let mut items = Vec::new();
    for record in event.records {
        items.extend(s3_record(record, watched)?);
    }
    Ok(bundles(items))
}

fn s3_record(record: S3EventRecord, watched: Watched<'_>) -> Result<Option<WorkItem>, Fault> {
    let created = record
        .event_name
        .as_deref()
        .is_some_and(|name| name.trim_start_matches("s3:").starts_with("ObjectCreated:"));
    if !created {
        return Ok(None);
    }
    let (Some(bucket), Some(key)) = (record.s3.bucket.name, record.s3.object.key) else {
        return Err(incomplete("S3 notification", "a bucket and an object key"));
    };
    object(
        &bucket,
        &form_decoded(&key),
        record.s3.object.version_id,
        watched,
    )
}

/// Keys in notifications are encoded like a form: `+` is a blank, the rest is percent-encoded.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
fn form_decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

#[derive(Deserialize)]
struct ObjectCreated {
    bucket: Named,
    object: CreatedObject,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CreatedObject {
    key: String,
    version_id: Option<String>,
}

fn event_bridge(event: EventBridgeEvent<Value>, watched: Watched<'_>) -> Result<Request, Fault> {
    match event.detail_type.as_str() {
        "Object Created" => {
            let created: ObjectCreated = parsed(&event.detail, "Object Created event")?;
            // Keys are not encoded here, other than in S3's own notifications.
            let (key, version) = (created.object.key, created.object.version_id);
            let item = object(&created.bucket.name, &key, version, watched)?;
            Ok(bundles(item.into_iter().collect()))
        }
        "Scheduled Event" => Ok(Request::Sweep(SweepRequest::default())),
        "ACM Certificate Approaching Expiration" => {
            let arn = event.resources.unwrap_or_default().into_iter().next();
            let arn = arn.as_deref().and_then(CertificateArn::parse);
            arn.map(Request::Expiring)
                .ok_or_else(|| incomplete("ACM event", "the ARN of a certificate"))
        }
        _ => Ok(Request::Nothing("the event is about something else")),
    }
}

fn queue(event: SqsEvent, watched: Watched<'_>) -> Event {
    let message = |message: SqsMessage| {
        let first_sent = first_sent(&message);
        let text = message.body.unwrap_or_default();
        let received = message.attributes.get("ApproximateReceiveCount");
        Message {
            id: message.message_id.unwrap_or_default(),
            request: body(&text, watched),
            body: text,
            receipt_handle: message.receipt_handle,
            received: received.and_then(|count| count.parse().ok()).unwrap_or(1),
            first_sent,
        }
    };
    Event::Queue(event.records.into_iter().map(message).collect())
}

fn first_sent(message: &SqsMessage) -> Option<OffsetDateTime> {
    let before = message.message_attributes.get(FIRST_SENT);
    let before = before.and_then(|attribute| attribute.string_value.as_ref());
    let sent = before.or_else(|| message.attributes.get("SentTimestamp"))?;
    let milliseconds: i128 = sent.parse().ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(milliseconds.checked_mul(1_000_000)?).ok()
}

fn body(text: &str, watched: Watched<'_>) -> Result<Request, Fault> {
    let payload: Value =
        serde_json::from_str(text).map_err(|_| incomplete("SQS message", "a body that is JSON"))?;
    request(&payload, watched)
}

fn direct(name: &str) -> Result<Request, Fault> {
    let bundle = BundleName::new(name).ok_or_else(|| {
        Fault::set_up(
            format!("`{name}` cannot be the name of a bundle"),
            "name it as its object without prefix and ending, such as {\"bundle\": \"www.example.com\"}",
        )
    })?;
    Ok(Request::Bundles(vec![WorkItem {
        bundle,
        content: Content::Newest,
    }]))
}

/// `None` where the object is no business of certdrop's.
fn object(
    bucket: &str,
    key: &str,
    version_id: Option<String>,
    watched: Watched<'_>,
) -> Result<Option<WorkItem>, Fault> {
    if bucket != watched.bucket {
        return Err(Fault::set_up(
            format!(
                "the event is about the bucket `{bucket}`, not `{}`",
                watched.bucket
            ),
            "correct the trigger, or the setting CERTDROP_BUCKET",
        ));
    }
    let named = BundleName::from_key(key, watched.drop_prefix);
    Ok(named.map(|(bundle, packing)| WorkItem {
        bundle,
        content: Content::Object(DroppedObject {
            key: key.to_owned(),
            // Buckets that were versioned later hold objects with the version `null`, which S3
            // takes as a version id; events of unversioned buckets carry none or an empty one.
            version_id: version_id.filter(|version| !version.is_empty()),
            packing,
        }),
    }))
}

fn bundles(items: Vec<WorkItem>) -> Request {
    if items.is_empty() {
        Request::Nothing("no bundle was dropped")
    } else {
        Request::Bundles(items)
    }
}

fn parsed<T: serde::de::DeserializeOwned>(payload: &Value, kind: &str) -> Result<T, Fault> {
    T::deserialize(payload).map_err(|error| {
        Fault::set_up(
            format!("the {kind} cannot be read: {error}"),
            "compare it with the samples in events/",
        )
    })
}

fn incomplete(kind: &str, missing: &str) -> Fault {
    Fault::set_up(
        format!("the {kind} lacks {missing}"),
        "compare it with the samples in events/",
    )
}

fn unknown(payload: &Value) -> Fault {
    // Names only: values may be anything, and this is logged.
    let members: Vec<_> = payload
        .as_object()
        .map(|object| object.keys().take(8).map(String::as_str).collect())
        .unwrap_or_default();
    Fault::set_up(
        format!(
            "this event (members: {}) is of no kind that certdrop knows",
            members.join(", ")
        ),
        "send one of the payloads in events/, such as {\"bundle\": \"www.example.com\"}",
    )
}
