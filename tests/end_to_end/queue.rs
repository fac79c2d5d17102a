//! The queue that wakes the function: what a sweep does not finish goes there, throttling costs no receipt, and what
//! fails comes back before the queue's own time-out.

use std::collections::BTreeSet;
use std::time::Duration as Time;

use aws_sdk_sqs::types::{Message, QueueAttributeName};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use certdrop_test_support::outside::now;
use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::{Scene, run, run_with};
use certdrop_test_support::stage::{RUNTIME, STAGE};

/// A queue, and a scene whose function knows it.
pub(crate) fn run_with_queue(
    name: &str,
    settings: &[(&str, &str)],
    play: impl AsyncFnOnce(&Scene, Queue),
) {
    // Outside: the first test that needs the stage starts it in the same runtime.
    let stage = &*STAGE;
    let url = RUNTIME.block_on(async {
        let made = stage.sqs().create_queue().queue_name(name).send().await;
        made.expect("a queue").queue_url.expect("its address")
    });
    let queue = Queue { url: url.clone() };
    let settings = [settings, &[("CERTDROP_QUEUE_URL", url.as_str())]].concat();
    run_with(&settings, async |scene| play(scene, queue).await);
}

/// The same, where ACM takes one import and throttles all others, and an invocation of twelve seconds has time to see it.
fn run_throttled(name: &str, play: impl AsyncFnOnce(&Scene, Queue)) {
    let settings = [
        ("CERTDROP_ATTEMPT_SECONDS", "1"),
        ("CERTDROP_LEASE_SECONDS", "10"),
    ];
    run_with_queue(name, &settings, async |scene, queue| {
        let rate = json!({"rate": {"ImportCertificate": {"per_second": 0.0001, "burst": 1.0}}});
        scene.turn_knobs(&rate).await;
        play(scene, queue).await;
    });
}

pub(crate) struct Queue {
    url: String,
}

impl Queue {
    pub(crate) async fn send(&self, body: &Value) {
        let call = STAGE.sqs().send_message().queue_url(&self.url);
        call.message_body(body.to_string())
            .send()
            .await
            .expect("sent");
    }

    /// All messages that can be received now.
    pub(crate) async fn receive(&self) -> Vec<Message> {
        let sqs = STAGE.sqs();
        let mut all = Vec::new();
        loop {
            let call = sqs.receive_message().queue_url(&self.url);
            let some = call.max_number_of_messages(10).send().await;
            let some = some.expect("an answer").messages.unwrap_or_default();
            if some.is_empty() {
                return all;
            }
            all.extend(some);
        }
    }

    async fn count(&self, which: QueueAttributeName) -> String {
        let call = STAGE.sqs().get_queue_attributes().queue_url(&self.url);
        let answer = call.attribute_names(which.clone()).send().await;
        let attributes = answer.expect("attributes").attributes;
        attributes.expect("attributes")[&which].clone()
    }
}

/// When messages were sent, in milliseconds since 1970.
const SENT: i64 = 1_764_568_800_000;

/// As Lambda hands a batch to the function.
pub(crate) fn batch(messages: &[Message]) -> Value {
    let record = |message: &Message| {
        json!({
            "messageId": message.message_id, "receiptHandle": message.receipt_handle, "body": message.body,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": SENT.to_string()},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:work",
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

#[test]
fn what_a_sweep_has_no_time_for_goes_into_the_queue_and_the_page_says_so() {
    run_with_queue("work-of-a-sweep", &[], async |scene, queue| {
        let authority = Authority::new();
        let names: BTreeSet<_> = (0..12)
            .map(|number| format!("queued-{number:02}.example.com"))
            .collect();
        for name in &names {
            let issued = authority.issue(&Order::new(name, Duration::DAY));
            scene
                .put(&format!("drop/{name}.pem"), &issued.bundle())
                .await;
        }
        // Less than a sweep keeps for its end.
        let limit = Time::from_secs(15);
        let sweep = json!({"sweep": {}});
        let report = scene.function.invoke_within(&sweep, limit).await;
        let report = report.expect("a report");
        assert_eq!(report["left"], 0, "{report}");
        assert_eq!(report["queued"], json!(names), "{report}");
        let page = scene.read("summaries/status.html").await;
        assert_eq!(page.matches(">queued<").count(), names.len(), "{page}");

        let messages = queue.receive().await;
        assert_eq!(messages.len(), names.len());
        for some in messages.chunks(10) {
            let answer = scene.invoke(&batch(some)).await.expect("an answer");
            assert_eq!(answer, json!({"batchItemFailures": []}));
        }
        for name in &names {
            let tags = scene.object_tags(&format!("drop/{name}.pem")).await;
            assert_eq!(tags["certdrop:outcome"], "imported", "{name}");
        }
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a report");
        assert_eq!(report["unchanged"], names.len(), "{report}");
        assert!(report.get("queued").is_none(), "{report}");
    });
}

#[test]
fn what_a_person_must_mend_is_not_put_into_the_queue_by_a_sweep() {
    run_with_queue("work-of-a-person", &[], async |scene, queue| {
        let issued = Authority::new().issue(&Order::new("hand.example.com", Duration::DAY));
        let foreign = scene.import_by_hand(&issued).await;
        let key = "drop/hand.example.com.pem";
        scene.put(key, &issued.bundle()).await;
        scene
            .tag_object(key, &[("certdrop:certificate-arn", &foreign)])
            .await;
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a report");
        let unfinished = report["unfinished"]["hand.example.com"].as_str();
        assert!(
            unfinished.is_some_and(|why| why.contains("did not import")),
            "{report}"
        );
        assert!(queue.receive().await.is_empty());
    });
}

#[test]
fn a_message_that_is_throttled_to_the_end_is_sent_anew_and_does_not_count_as_failed() {
    run_throttled("work-that-waits", async |scene, queue| {
        let authority = Authority::new();
        let mut events = BTreeSet::new();
        for name in ["first.example.com", "second.example.com"] {
            let issued = authority.issue(&Order::new(name, Duration::DAY));
            let key = format!("drop/{name}.pem");
            let version = scene.put(&key, &issued.bundle()).await;
            let event = scene.created(&key, &version);
            queue.send(&event).await;
            events.insert(event.to_string());
        }
        let messages = queue.receive().await;
        let limit = Time::from_secs(12);
        let answer = scene.function.invoke_within(&batch(&messages), limit).await;
        assert_eq!(answer.expect("an answer"), json!({"batchItemFailures": []}));
        // One took the only import; the other comes back in a minute.
        let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        assert_eq!(queue.count(delayed).await, "1");
        let sent = scene.services.calls();
        let sent = sent
            .iter()
            .find(|call| call.operation == "sqs:SendMessage")
            .expect("a message");
        let sent: Value = serde_json::from_slice(&sent.request).expect("JSON");
        assert_eq!(sent["DelaySeconds"], 60);
        let first_sent = &sent["MessageAttributes"]["first-sent"];
        assert_eq!(first_sent["StringValue"], json!(SENT.to_string()));
        let waited = now() - OffsetDateTime::UNIX_EPOCH - Duration::milliseconds(SENT);
        let metrics = certdrop_test_support::emf::metrics(&scene.function.log());
        let told = metrics.iter().find(|metric| metric.name == "ThrottledFor");
        let told = told.expect("a metric").value;
        assert!((waited.as_seconds_f64() - told).abs() < 60.0, "{told} s");
        assert!(events.contains(sent["MessageBody"].as_str().expect("a body")));
        assert!(
            !scene.function.log().contains("\"Failed\""),
            "no alarm counts it"
        );
    });
}

#[test]
fn a_message_that_fails_is_received_again_before_the_queue_s_own_time_out() {
    run_with_queue("work-that-fails", &[], async |scene, queue| {
        queue.send(&json!({"nobody": "sends this"})).await;
        queue.send(&json!({"bundle": "absent.example.com"})).await;
        let messages = queue.receive().await;
        let bad = messages
            .iter()
            .find(|message| message.body().is_some_and(|body| body.contains("nobody")))
            .expect("it was received");
        for received in [1, 3] {
            let mut batch = batch(&messages);
            for record in batch["Records"].as_array_mut().expect("records") {
                record["attributes"]["ApproximateReceiveCount"] = json!(received.to_string());
            }
            let answer = scene.invoke(&batch).await.expect("an answer");
            assert_eq!(
                answer,
                json!({"batchItemFailures": [{"itemIdentifier": bad.message_id}]})
            );
        }
        let hidden: Vec<Value> = scene
            .services
            .calls()
            .iter()
            .filter(|call| call.operation == "sqs:ChangeMessageVisibility")
            .map(|call| serde_json::from_slice(&call.request).expect("JSON"))
            .collect();
        let pauses: Vec<_> = hidden
            .iter()
            .map(|call| call["VisibilityTimeout"].as_u64())
            .collect();
        assert_eq!(pauses, [Some(120), Some(360)], "longer with each receipt");
        assert_eq!(hidden[0]["ReceiptHandle"], json!(bad.receipt_handle));
    });
}

#[test]
fn messages_about_one_bundle_do_not_wait_for_each_other_s_lease() {
    run(async |scene| {
        let issued = Authority::new().issue(&Order::new("parts.example.com", Duration::DAY));
        let mut messages = Vec::new();
        for (file, text) in [
            ("privkey.pem", &issued.key),
            ("cert.pem", &issued.certificate),
            ("chain.pem", &issued.chain),
        ] {
            let key = format!("drop/parts.example.com/{file}");
            let version = scene.put(&key, text).await;
            let message = Message::builder()
                .message_id(file)
                .body(scene.created(&key, &version).to_string());
            messages.push(message.build());
        }
        let answer = scene.invoke(&batch(&messages)).await.expect("an answer");
        assert_eq!(answer, json!({"batchItemFailures": []}));
        let calls = scene.services.calls();
        let leases = calls
            .iter()
            .filter(|call| call.operation == "s3:PutObject" && call.path.contains("/leases/"));
        let statuses: Vec<_> = leases.map(|call| call.status).collect();
        assert_eq!(statuses, [Some(200); 3]);
    });
}

#[test]
fn what_follows_a_throttled_message_about_the_same_bundle_is_throttled_too() {
    run_throttled("work-of-one-bundle", async |scene, queue| {
        let authority = Authority::new();
        let used_up = authority.issue(&Order::new("first.example.com", Duration::DAY));
        scene
            .drop_bundle("drop/first.example.com.pem", &used_up.bundle())
            .await;
        let key = "drop/second.example.com.pem";
        for days in [1, 2, 3] {
            let issued = authority.issue(&Order::new("second.example.com", Duration::days(days)));
            let version = scene.put(key, &issued.bundle()).await;
            queue.send(&scene.created(key, &version)).await;
        }
        let messages = queue.receive().await;
        scene.services.clear();
        let limit = Time::from_secs(12);
        let answer = scene.function.invoke_within(&batch(&messages), limit).await;
        assert_eq!(answer.expect("an answer"), json!({"batchItemFailures": []}));
        let calls = scene.services.calls();
        let count = |operation: &str, path: &str| {
            let calls = calls.iter().filter(|call| call.operation == operation);
            calls.filter(|call| call.path.contains(path)).count()
        };
        assert_eq!(count("sqs:SendMessage", ""), 3, "all are sent again");
        assert_eq!(count("s3:GetObject", key), 1, "one was tried");
    });
}

#[test]
fn a_dead_letter_is_understood_as_it_lies_in_the_queue() {
    run(async |scene| {
        let issued = Authority::new().issue(&Order::new("dead.example.com", Duration::DAY));
        let key = "drop/dead.example.com.pem";
        let version = scene.put(key, &issued.bundle()).await;
        let record = json!({
            "version": "1.0", "requestContext": {"condition": "RetriesExhausted"},
            "requestPayload": scene.created(key, &version),
            "responsePayload": {"errorType": "SetUp", "errorMessage": "denied"},
        });
        let message = Message::builder()
            .message_id("1")
            .body(record.to_string())
            .build();
        let answer = scene.invoke(&batch(&[message])).await.expect("an answer");
        assert_eq!(answer, json!({"batchItemFailures": []}));
        assert_eq!(scene.object_tags(key).await["certdrop:outcome"], "imported");
    });
}

#[test]
fn an_object_with_ten_tags_is_imported_and_a_finding_says_what_is_missing() {
    run(async |scene| {
        let issued = Authority::new().issue(&Order::new("tagged.example.com", Duration::DAY));
        let key = "drop/tagged.example.com.pem";
        let version = scene.put(key, &issued.bundle()).await;
        let own: Vec<_> = (0..10).map(|number| format!("own-{number}")).collect();
        let tags: Vec<_> = own.iter().map(|name| (name.as_str(), "x")).collect();
        scene.tag_object(key, &tags).await;
        let summary = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(summary["outcome"], "imported", "{summary}");
        let findings = summary["findings"].as_array().expect("findings");
        let finding = findings
            .iter()
            .find(|finding| finding["code"] == "tags-full");
        assert_eq!(
            finding.expect("it is told")["message"],
            "The object has ten tags, so certdrop:outcome, certdrop:certificate-arn could not be added."
        );
        let kept: Vec<_> = scene.object_tags(key).await.into_keys().collect();
        assert_eq!(kept, own);
        for _ in 0..2 {
            let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
            assert_eq!(report["unchanged"], 1, "{report}");
        }
        let parameter = scene.parameter("/tagged.example.com/certificate-arn").await;
        assert_eq!(json!(parameter), summary["certificate_arn"]);
        // A renewal still replaces it.
        let renewed = Authority::new().issue(&Order::new("tagged.example.com", Duration::HOUR));
        let renewed = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(renewed["outcome"], "replaced", "{renewed}");
        assert_eq!(renewed["certificate_arn"], summary["certificate_arn"]);
    });
}

/// What lies in the bucket's index of a bundle that was dropped two days ago, and that S3's lifecycle removed.
async fn remove_as_lifecycle_does(scene: &Scene, key: &str, bundle: &str) {
    let mut index: Value =
        serde_json::from_str(&scene.read("summaries/index.json").await).expect("an index");
    let before: OffsetDateTime = now() - 2 * Duration::DAY;
    let before = before.format(&Rfc3339);
    index["bundles"][bundle]["modified_at"] = json!(before.expect("a date"));
    scene
        .put_unminded("summaries/index.json", &index.to_string())
        .await;
    let call = scene.s3.delete_object().bucket(&scene.bucket).key(key);
    call.send().await.expect("deleted");
}

#[test]
fn a_bundle_that_lifecycle_removed_is_known_and_no_orphan() {
    let days = [("CERTDROP_BUNDLE_DAYS", "1")];
    run_with(&days, async |scene| {
        let authority = Authority::new();
        let mut arns = Vec::new();
        for name in ["gone.example.com", "by-hand.example.com"] {
            let issued = authority.issue(&Order::new(name, Duration::HOUR));
            let summary = scene
                .drop_bundle(&format!("drop/{name}.pem"), &issued.bundle())
                .await;
            arns.push(summary["certificate_arn"].clone());
        }
        scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        remove_as_lifecycle_does(scene, "drop/gone.example.com.pem", "gone.example.com").await;
        let by_hand = scene.s3.delete_object().bucket(&scene.bucket);
        let by_hand = by_hand.key("drop/by-hand.example.com.pem");
        by_hand.send().await.expect("deleted");

        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(
            report["bundle_removed"],
            json!({"gone.example.com": [arns[0]]}),
            "{report}"
        );
        assert_eq!(
            report["without_bundle"],
            json!({"by-hand.example.com": [arns[1]]}),
            "{report}"
        );
        let page = scene.read("summaries/status.html").await;
        assert!(page.contains(">bundle removed<"), "{page}");
        assert!(page.contains("1 of 2 needs action"), "{page}");
    });
}

#[test]
fn a_region_that_is_nearly_full_is_told_of() {
    let quota = [("CERTDROP_CERTIFICATE_QUOTA", "5")];
    run_with(&quota, async |scene| {
        let authority = Authority::new();
        for number in 0..4 {
            let name = format!("full-{number}.example.com");
            let issued = authority.issue(&Order::new(&name, Duration::DAY));
            let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
            let page = scene.read("summaries/status.html").await;
            assert!(!page.contains("the quota is 5"), "{report}");
            scene
                .drop_bundle(&format!("drop/{name}.pem"), &issued.bundle())
                .await;
        }
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(report["certificates"], json!({"eu-central-1": 4}));
        let page = scene.read("summaries/status.html").await;
        let told = "eu-central-1 has 4 imported certificates, and the quota is 5.";
        assert!(page.contains(told), "{page}");
        let metrics = certdrop_test_support::emf::metrics(&scene.function.log());
        let used = metrics
            .iter()
            .rev()
            .find(|metric| metric.name == "CertificateQuotaUsed");
        assert!(used.is_some_and(|metric| (metric.value - 80.0).abs() < f64::EPSILON));
    });
}
