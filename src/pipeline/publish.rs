//! What is written down: the ARN where the next run finds it, the outcome where people look.

use time::Duration;
use tracing::{error, info, warn};

use super::fetch::Fetched;
use super::records::Records;
use super::{Done, Invocation, summary_key};
use crate::aws::s3::HeldLease;
use crate::aws::sns::Notice;
use crate::content_id::ContentId;
use crate::event::WorkItem;
use crate::fault::Fault;
use crate::summary::{Heading, ObjectVersion, Outcome, Summary, metrics, prose};

/// Tells the world, and gives the lease back: all at once, none of it needs another's answer.
pub(super) async fn publish(
    fetched: &Fetched,
    records: &Records<'_>,
    done: Done,
    lease: HeldLease,
    world: Invocation<'_>,
) -> Result<Done, Fault> {
    let (recorded, stored, noticed, ()) = tokio::join!(
        records.finished(&done.summary, done.unfinished.as_ref(), world),
        store(&done.summary, fetched, world),
        notice(&done.summary, world),
        release(lease, world)
    );
    recorded?;
    stored?;
    noticed?;
    Ok(done)
}

/// Tells people of what changed and of what is bad; silence means that all is as it was.
async fn notice(summary: &Summary, world: Invocation<'_>) -> Result<(), Fault> {
    let Some(topic) = &world.aws.topic else {
        return Ok(());
    };
    if matches!(
        summary.outcome,
        Outcome::Unchanged | Outcome::Waiting | Outcome::Gone
    ) {
        return Ok(());
    }
    let json = serde_json::to_string(summary)
        .map_err(|_| Fault::internal("a summary could not be written as JSON"))?;
    let notice = Notice {
        subject: prose::subject(summary),
        prose: prose::message(summary, world.now),
        json,
        outcome: summary.outcome.as_str(),
        bundle: &summary.bundle,
    };
    topic.publish(notice).await
}

/// The object was deleted before it was read: nothing to tag, nothing to remember.
pub(super) async fn gone(
    item: &WorkItem,
    lease: HeldLease,
    world: Invocation<'_>,
) -> Result<Done, Fault> {
    release(lease, world).await;
    let key = match &item.object {
        Some(object) => object.key.clone(),
        None => format!("{}{}", world.config.drop_prefix, item.bundle),
    };
    let object = ObjectVersion {
        bucket: world.aws.bucket.name().to_owned(),
        key,
        version_id: None,
    };
    let heading = Heading {
        bundle: &item.bundle,
        object: &object,
        content_id: &ContentId::of(Vec::new()),
        now: world.now,
    };
    Ok(Done {
        summary: heading.gone(),
        unfinished: None,
    })
}

/// The work has to be run again, by whoever takes the lease next.
pub(super) async fn give_up(
    fault: Fault,
    lease: HeldLease,
    world: Invocation<'_>,
) -> Result<Done, Fault> {
    release(lease, world).await;
    Err(fault)
}

/// A lease that cannot be given back ends by itself.
async fn release(lease: HeldLease, world: Invocation<'_>) {
    if let Err(fault) = world.aws.bucket.release_lease(lease).await {
        warn!(%fault, "lease not released");
    }
}

/// Writes the summary, where the sweep sees by its name alone that the bundle was done.
async fn store(summary: &Summary, fetched: &Fetched, world: Invocation<'_>) -> Result<(), Fault> {
    let key = summary_key(&fetched.bundle, &fetched.content_id, world.config);
    let json = serde_json::to_string_pretty(summary)
        .map_err(|_| Fault::internal("a summary could not be written as JSON"))?;
    world.aws.bucket.put_json(&key, json).await
}

/// One line of the log and one document of metrics for each outcome, and for each fault.
pub(super) fn tell(result: &Result<Done, Fault>, took: Duration, world: Invocation<'_>) {
    let (done, fault) = match result {
        Ok(done) => (Some(&done.summary), done.unfinished.as_ref()),
        Err(fault) => (None, Some(fault)),
    };
    if let Some(summary) = done {
        log_outcome(summary);
        (world.emit)(&metrics::of_summary(summary, took, world.now));
    }
    if let Some(fault) = fault {
        log_fault(fault);
        (world.emit)(&metrics::of_fault(fault.kind(), world.now));
    }
}

fn log_outcome(summary: &Summary) {
    let codes: Vec<_> = summary
        .findings
        .iter()
        .map(|finding| finding.code.as_ref())
        .collect();
    info!(
        bundle = summary.bundle,
        key = summary.object.key,
        outcome = summary.outcome.as_str(),
        arn = summary.certificate_arn,
        findings = codes.join(","),
        "done"
    );
}

/// ERROR is for what somebody must mend.
fn log_fault(fault: &Fault) {
    match fault {
        Fault::SetUp { .. } => error!(%fault, "unfinished"),
        Fault::Transient(_) => warn!(%fault, "unfinished"),
    }
}
