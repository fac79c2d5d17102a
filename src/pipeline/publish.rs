//! What is written down: the ARN where the next run finds it, the outcome where people look.

use time::Duration;
use tracing::warn;

use super::leased::Leased;
use super::records::Records;
use super::{Done, Invocation};
use crate::content_id::ContentId;
use crate::event::{Content, WorkItem};
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::news::News;
use crate::summary::{Heading, ObjectVersion, Outcome, Summary, notice};

/// Tells the world, and gives the lease back: all at once where none needs another's answer.
pub(super) async fn publish(
    records: &Records<'_>,
    mut done: Done,
    lease: Leased<'_>,
) -> Result<Done, Fault> {
    let is_settled = !records.fence.is_unsettled();
    if !is_settled {
        // What comes late would undo what is written now: all of it is looked at once more.
        done.summary.findings.push(answer_lost(records));
        done.unfinished.get_or_insert_with(answer_is_missing);
    }
    let without_room = records.tags_without_room(&done.summary);
    done.summary
        .findings
        .extend(tags_full(&without_room, records));
    let recorded = async {
        let recorded = records.finished(&done.summary, done.unfinished.as_ref());
        if is_settled && may_come_late(&done.summary, records) {
            tokio::join!(recorded, lease.give_back()).0
        } else {
            // Where a record was refused, the lease stays: the summary says that the bundle is done, and only the lease
            // tells the next sweep that it is not.
            recorded.await?;
            lease.release().await;
            Ok(())
        }
    };
    let (recorded, told) = tokio::join!(recorded, tell_and_store(&done.summary, records));
    recorded?;
    told?;
    Ok(done)
}

/// Writes the summary, and tells people of what they have not heard yet.
async fn tell_and_store(summary: &Summary, records: &Records<'_>) -> Result<(), Fault> {
    match summary.outcome {
        Outcome::Imported | Outcome::Replaced => {
            let (stored, noticed) =
                tokio::join!(store(summary, records), tell_people(summary, records));
            stored?;
            noticed
        }
        // The summary says that people have heard of it: it is written after they have.
        Outcome::Outdated | Outcome::Rejected => {
            if !was_told(summary, records).await {
                tell_people(summary, records).await?;
            }
            store(summary, records).await
        }
        // Silence means that all is as it was.
        Outcome::Unchanged | Outcome::Waiting | Outcome::Gone => store(summary, records).await,
    }
}

/// The summary in the bucket tells the same. Where that cannot be read, people hear of it once more rather than never.
async fn was_told(summary: &Summary, records: &Records<'_>) -> bool {
    if records.world.aws.topic.is_none() {
        return false;
    }
    let bucket = &records.world.aws.bucket;
    let stored = bucket.get(&records.summary_key(), None).await;
    let stored = stored.inspect_err(|fault| warn!(%fault, "summary not read"));
    let Ok(Some(stored)) = stored else {
        return false;
    };
    let earlier = serde_json::from_slice::<Summary>(stored.bytes.expose());
    earlier.is_ok_and(|earlier| summary.repeats(&earlier))
}

/// The objects' tags may still be on their way when the lease opens: they name what ACM has just confirmed in every
/// target, and so would those of the next worker on the same version. A parameter may not: it is the bundle's, and
/// the next worker may have a newer version.
fn may_come_late(summary: &Summary, records: &Records<'_>) -> bool {
    let arns = summary.arns();
    summary.outcome == Outcome::Unchanged
        && arns.len() == records.targets.len()
        && records.name_all(&arns)
}

fn tags_full(without_room: &[String], records: &Records<'_>) -> Option<Finding> {
    if without_room.is_empty() {
        return None;
    }
    let message = format!(
        "The object has ten tags, so {} could not be added.",
        without_room.join(", ")
    );
    let bundle = &records.fetched.bundle;
    Some(Finding::new(&finding::TAGS_FULL, bundle, message))
}

fn answer_lost(records: &Records<'_>) -> Finding {
    let message = "AWS did not answer a request in time. It may still be carried out.";
    Finding::new(&finding::ANSWER_LOST, &records.fetched.bundle, message)
}

fn answer_is_missing() -> Fault {
    Fault::transient("AWS did not answer a request in time, which may still be carried out")
}

/// Tells people, where there is a topic.
async fn tell_people(summary: &Summary, records: &Records<'_>) -> Result<(), Fault> {
    let world = records.world;
    let Some(topic) = &world.aws.topic else {
        return Ok(());
    };
    let stored_at = format!("s3://{}/{}", world.config.bucket, records.summary_key());
    let notice = notice::of(summary, &stored_at, world.now);
    topic.publish(notice, records.fence).await
}

/// Writes the summary, where the sweep sees by its name alone that the bundle was done.
async fn store(summary: &Summary, records: &Records<'_>) -> Result<(), Fault> {
    let json = serde_json::to_string_pretty(summary)
        .map_err(|_| Fault::internal("a summary could not be written as JSON"))?;
    let bucket = &records.world.aws.bucket;
    let key = records.summary_key();
    bucket.put_summary(&key, json, records.fence).await
}

/// The object was deleted before it was read: nothing to tag, nothing to remember.
pub(super) fn gone(item: &WorkItem, world: Invocation<'_>) -> Done {
    let key = match &item.content {
        Content::Object(object) => object.key.clone(),
        Content::Newest | Content::Earlier(_) => {
            format!("{}{}", world.config.drop_prefix, item.bundle)
        }
    };
    let object = ObjectVersion {
        bucket: world.aws.bucket.name().to_owned(),
        key,
        version_id: None,
        modified_at: None,
    };
    let home = world.config.home();
    let heading = Heading {
        bundle: &item.bundle,
        object: &object,
        content_id: &ContentId::of(Vec::new()),
        now: world.now,
        home: home.as_ref(),
        targets_tag: None,
    };
    Done {
        summary: heading.gone(),
        unfinished: None,
        untagged: None,
    }
}

/// Tells each outcome, and each fault.
pub(super) fn tell(result: &Result<Done, Fault>, took: Duration, world: Invocation<'_>) {
    let (done, fault) = match result {
        Ok(done) => {
            let fault = done.unfinished.as_ref().or(done.untagged.as_ref());
            (Some(&done.summary), fault)
        }
        Err(fault) => (None, Some(fault)),
    };
    if let Some(summary) = done {
        (world.news)(News::Done { summary, took });
    }
    if let Some(fault) = fault {
        (world.news)(News::Unfinished(fault));
    }
}
