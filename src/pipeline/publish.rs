//! What is written down: the ARN where the next run finds it, the outcome where people look.

use futures_util::future::try_join_all;
use time::Duration;
use tracing::{error, info, warn};

use super::fetch::{Fetched, Tagged};
use super::{Done, Invocation, Records, summary_key};
use crate::aws::s3::{HeldLease, Tags};
use crate::aws::sns::Notice;
use crate::binding::{ARN_TAG, CertificateArn, FORCE_TAG, OUTCOME_TAG};
use crate::content_id::ContentId;
use crate::event::WorkItem;
use crate::fault::Fault;
use crate::summary::{Heading, ObjectVersion, Outcome, Summary, metrics, prose};

/// Tells the world, and gives the lease back: all at once, none of it needs another's answer.
pub(super) async fn publish(
    fetched: &Fetched,
    done: Done,
    lease: HeldLease,
    world: Invocation<'_>,
) -> Result<Summary, Fault> {
    let records = async {
        match &done.records {
            Records::Written => Ok(()),
            Records::Due(arn) => record(fetched, done.summary.outcome, arn.as_ref(), world).await,
        }
    };
    let (records, stored, noticed, ()) = tokio::join!(
        records,
        store(&done.summary, fetched, world),
        notice(&done.summary, world),
        release(lease, world)
    );
    records?;
    stored?;
    noticed?;
    Ok(done.summary)
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
) -> Result<Summary, Fault> {
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
    Ok(heading.kept(Outcome::Gone, Vec::new(), None))
}

/// The work has to be run again, by whoever takes the lease next.
pub(super) async fn give_up(
    fault: Fault,
    lease: HeldLease,
    world: Invocation<'_>,
) -> Result<Summary, Fault> {
    release(lease, world).await;
    Err(fault)
}

/// A lease that cannot be given back ends by itself.
async fn release(lease: HeldLease, world: Invocation<'_>) {
    if let Err(fault) = world.aws.bucket.release_lease(lease).await {
        warn!(%fault, "lease not released");
    }
}

/// Writes the certificate of the bundle to its parameter and its objects' tags.
pub(super) async fn record(
    fetched: &Fetched,
    outcome: Outcome,
    arn: Option<&CertificateArn>,
    world: Invocation<'_>,
) -> Result<(), Fault> {
    tokio::try_join!(
        tag_objects(fetched, outcome, arn, world),
        record_parameter(fetched, arn, world),
    )?;
    Ok(())
}

/// Writes the summary, where the sweep sees by its name alone that the bundle was done.
async fn store(summary: &Summary, fetched: &Fetched, world: Invocation<'_>) -> Result<(), Fault> {
    let key = summary_key(&fetched.bundle, &fetched.content_id, world.config);
    let json = serde_json::to_string_pretty(summary)
        .map_err(|_| Fault::internal("a summary could not be written as JSON"))?;
    world.aws.bucket.put_json(&key, json).await
}

/// One line of the log and one document of metrics for each outcome.
pub(super) fn tell(result: &Result<Summary, Fault>, took: Duration, world: Invocation<'_>) {
    log(result);
    (world.emit)(&match result {
        Ok(summary) => metrics::of_summary(summary, took, world.now),
        Err(fault) => metrics::of_fault(fault.kind(), world.now),
    });
}

/// ERROR is for what somebody must mend.
fn log(result: &Result<Summary, Fault>) {
    match result {
        Ok(summary) => {
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
        Err(fault @ Fault::SetUp { .. }) => error!(%fault, "unfinished"),
        Err(fault @ Fault::Transient(_)) => warn!(%fault, "unfinished"),
    }
}

async fn tag_objects(
    fetched: &Fetched,
    outcome: Outcome,
    arn: Option<&CertificateArn>,
    world: Invocation<'_>,
) -> Result<(), Fault> {
    let writes = fetched.objects.iter().filter_map(|object| {
        let tags = tags(object, outcome, arn);
        (tags != object.tags).then_some((object, tags))
    });
    let write = async |(object, tags): (&Tagged, Tags)| {
        let version = object.version_id.as_deref();
        world.aws.bucket.put_tags(&object.key, version, &tags).await
    };
    try_join_all(writes.map(write)).await?;
    Ok(())
}

/// The object's tags as they ought to be: S3 replaces the whole set. A force is used up once.
fn tags(object: &Tagged, outcome: Outcome, arn: Option<&CertificateArn>) -> Tags {
    let mut tags = object.tags.clone();
    tags.insert(OUTCOME_TAG.to_owned(), outcome.as_str().to_owned());
    if let Some(arn) = arn {
        tags.insert(ARN_TAG.to_owned(), arn.to_string());
    }
    tags.remove(FORCE_TAG);
    tags
}

async fn record_parameter(
    fetched: &Fetched,
    arn: Option<&CertificateArn>,
    world: Invocation<'_>,
) -> Result<(), Fault> {
    match arn {
        Some(arn) if fetched.recorded_arn.as_ref() != Some(arn) => {
            let name = world.config.parameter(&fetched.bundle, "certificate-arn");
            world.aws.parameters.put(&name, arn.as_str()).await
        }
        _ => Ok(()),
    }
}
