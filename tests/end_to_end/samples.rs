//! Each sample of `events/`, sent to the real function.

use certdrop::event::{Content, Event, Request, Watched, WorkItem, read};
use serde_json::{Value, json};
use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::{Scene, run};

/// The sample as it would come about this scene's bucket, after what it tells of was dropped.
async fn happened(scene: &Scene, sample: &str) -> Value {
    let path = format!("{}/events/{sample}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the sample is there");
    let mut text = text.replace("example-bucket", &scene.bucket);
    let payload: Value = serde_json::from_str(&text).expect("the sample is JSON");
    let watched = Watched {
        bucket: &scene.bucket,
        drop_prefix: "drop/",
    };
    let authority = Authority::new();
    for item in items(read(&payload, watched)) {
        let issued = authority.issue(&Order::new("sample.example.com", Duration::DAY));
        let object = match item.content {
            Content::Object(object) => Some(object),
            Content::Newest | Content::Earlier(_) => None,
        };
        let key = object.as_ref().map(|object| object.key.clone());
        let key = key.unwrap_or_else(|| format!("drop/{}.pem", item.bundle));
        let version = scene.put(&key, &issued.bundle()).await;
        if let Some(told) = object.and_then(|object| object.version_id) {
            text = text.replace(&told, &version);
        }
    }
    serde_json::from_str(&text).expect("the sample is JSON")
}

fn items(event: Result<Event, certdrop::fault::Fault>) -> Vec<WorkItem> {
    let requests = match event {
        Ok(Event::One(request)) => vec![Ok(request)],
        Ok(Event::Queue(messages)) => messages
            .into_iter()
            .map(|message| message.request)
            .collect(),
        Err(_) => Vec::new(),
    };
    let requests = requests.into_iter().map(|request| match request {
        Ok(Request::Bundles(items)) => items,
        _ => Vec::new(),
    });
    requests.flatten().collect()
}

#[test]
fn samples_about_objects_end_in_an_import_of_each() {
    run(async |scene| {
        for (sample, bundles) in [
            ("s3-object-created-put", 1),
            ("s3-object-created-encoded-key", 3),
            ("eventbridge-object-created", 1),
        ] {
            let event = happened(scene, sample).await;
            let answer = scene.invoke(&event).await.expect("the function succeeds");
            let summaries = answer["summaries"].as_array().expect("summaries");
            assert_eq!(summaries.len(), bundles, "{sample}");
            for summary in summaries {
                assert_eq!(summary["outcome"], "imported", "{sample}: {summary}");
            }
        }
        let event = happened(scene, "bundle").await;
        assert_eq!(scene.summary(&event).await["outcome"], "replaced");
    });
}

#[test]
fn samples_from_queues_are_answered_without_failures() {
    for sample in ["sqs-s3-notification", "sqs-eventbridge-object-created"] {
        run(async |scene| {
            let event = happened(scene, sample).await;
            let answer = scene.invoke(&event).await.expect("the function succeeds");
            assert_eq!(answer, json!({"batchItemFailures": []}), "{sample}");
            let imported = scene.certificates_for("sample.example.com").await;
            assert_eq!(imported.len(), 2, "{sample}");
        });
    }
}

#[test]
fn samples_of_schedules_sweep() {
    run(async |scene| {
        for sample in ["schedule", "eventbridge-scheduled-event", "sweep"] {
            let event = happened(scene, sample).await;
            let report = scene.invoke(&event).await.expect("the function succeeds");
            assert_eq!(report["bundles"], 0, "{sample}: {report}");
        }
    });
}

#[test]
fn the_other_samples_are_ignored_or_refused() {
    run(async |scene| {
        for sample in ["s3-test-event", "acm-certificate-approaching-expiration"] {
            let event = happened(scene, sample).await;
            let answer = scene.invoke(&event).await.expect("the function succeeds");
            assert!(answer["ignored"].is_string(), "{sample}: {answer}");
        }
        let (kind, message) = scene.fault(&happened(scene, "unknown").await).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains("of no kind that certdrop knows"),
            "{message}"
        );
    });
}
