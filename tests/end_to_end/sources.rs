//! Who may wake the function, and what answer each gets.

use serde_json::{Value, json};
use time::Duration;

use certdrop_test_support::events::Created;
use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::runtime_api::Function;
use certdrop_test_support::scene::{Scene, run};
use certdrop_test_support::stage::{RUNTIME, STAGE};

async fn put_new(scene: &Scene, name: &str) -> String {
    let issued = Authority::new().issue(&Order::new(name, Duration::DAY));
    scene
        .put(&format!("drop/{name}.pem"), &issued.bundle())
        .await
}

#[test]
fn messages_of_a_queue_are_answered_one_by_one() {
    run(async |scene| {
        let version = put_new(scene, "queued.example.com").await;
        let good = scene.created("drop/queued.example.com.pem", &version);
        let message = |id: &str, body: String| json!({"messageId": id, "eventSource": "aws:sqs", "body": body});
        let event = json!({"Records": [
            message("good", good.to_string()),
            message("rubbish", "not JSON".to_owned()),
            message("test", json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}).to_string()),
            message("foreign", good.to_string().replace(&scene.bucket, "somebody-else-s")),
        ]});
        let answer = scene.invoke(&event).await.expect("the function succeeds");
        let failures = json!([{"itemIdentifier": "rubbish"}, {"itemIdentifier": "foreign"}]);
        assert_eq!(answer, json!({"batchItemFailures": failures}));
        assert_eq!(scene.certificates_for("queued.example.com").await.len(), 1);
    });
}

#[test]
fn event_bridge_tells_of_objects_by_their_plain_keys() {
    run(async |scene| {
        let version = put_new(scene, "a+b.example.com").await;
        let created = Created {
            region: "eu-central-1",
            bucket: &scene.bucket,
            key: "drop/a+b.example.com.pem",
            version: &version,
        };
        assert_eq!(
            scene.summary(&created.by_event_bridge()).await["outcome"],
            "imported"
        );
    });
}

#[test]
fn a_sweep_does_what_no_event_told_of() {
    run(async |scene| {
        put_new(scene, "missed-1.example.com").await;
        put_new(scene, "missed-2.example.com").await;
        scene.put("drop/rubbish.pem", "nothing to see here").await;
        let scheduled = json!({"version": "0", "id": "1", "detail-type": "Scheduled Event",
            "source": "aws.scheduler", "detail": "{}"});
        for (event, worked_on, unchanged) in [
            (json!({"sweep": {"dry_run": true}}), 3, 0),
            (scheduled, 3, 0),
            (json!({"sweep": {}}), 0, 3),
        ] {
            let report = scene.invoke(&event).await.expect("the function succeeds");
            assert_eq!(report["bundles"], 3, "{report}");
            let done = report["worked_on"].as_object().map(serde_json::Map::len);
            assert_eq!(done, Some(worked_on), "{report}");
            assert_eq!(report["unchanged"], unchanged, "{report}");
            assert_eq!(report["unfinished"], json!({}), "{report}");
        }
        assert_eq!(
            scene.certificates_for("missed-1.example.com").await.len(),
            1
        );
        assert_eq!(
            scene.certificates_for("missed-2.example.com").await.len(),
            1
        );
        assert_eq!(
            scene.object_tags("drop/rubbish.pem").await["certdrop:outcome"],
            "rejected"
        );
    });
}

#[test]
fn acm_s_notice_of_expiry_looks_at_the_bundle_again() {
    run(async |scene| {
        let version = put_new(scene, "expiring.example.com").await;
        let event = scene.created("drop/expiring.example.com.pem", &version);
        let arn = scene.summary(&event).await["certificate_arn"].clone();
        let notice = |arn: &Value| {
            json!({
                "version": "0", "id": "1", "source": "aws.acm", "account": "123456789012",
                "detail-type": "ACM Certificate Approaching Expiration",
                "time": "2026-12-01T00:00:00Z", "region": "eu-central-1", "resources": [arn],
                "detail": {"DaysToExpiry": 31, "CommonName": "expiring.example.com"},
            })
        };
        assert_eq!(scene.summary(&notice(&arn)).await["outcome"], "unchanged");
        let by_hand = Authority::new().issue(&Order::new("by-hand.example.com", Duration::DAY));
        let by_hand = json!(scene.import_by_hand(&by_hand).await);
        let answer = scene
            .invoke(&notice(&by_hand))
            .await
            .expect("the function succeeds");
        assert!(answer["ignored"].is_string(), "{answer}");
    });
}

#[test]
fn acm_s_notice_of_expiry_finds_a_bundle_whose_name_no_tag_can_hold() {
    run(async |scene| {
        let version = put_new(scene, "*.example.com").await;
        let event = scene.created("drop/*.example.com.pem", &version);
        let arn = scene.summary(&event).await["certificate_arn"].clone();
        let notice = json!({
            "version": "0", "id": "1", "source": "aws.acm", "account": "123456789012",
            "detail-type": "ACM Certificate Approaching Expiration",
            "time": "2026-12-01T00:00:00Z", "region": "eu-central-1", "resources": [arn],
            "detail": {"DaysToExpiry": 31, "CommonName": "*.example.com"},
        });
        let summary = scene.summary(&notice).await;
        assert_eq!(summary["outcome"], "unchanged", "{summary}");
        assert_eq!(summary["bundle"], "*.example.com");
        assert_eq!(summary["certificate_arn"], arn);
    });
}

#[test]
fn what_is_no_business_of_ours_is_ignored_and_what_cannot_be_read_is_a_fault() {
    run(async |scene| {
        let mut removed = scene.created("drop/www.example.com.pem", "1");
        removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
        let ignored = [
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": scene.bucket}),
            scene.created("elsewhere/www.example.com.pem", "1"),
            scene.created("drop/.DS_Store", "1"),
            removed,
        ];
        for event in ignored {
            let answer = scene.invoke(&event).await.expect("the function succeeds");
            assert!(answer["ignored"].is_string(), "{event}: {answer}");
        }
        let mut foreign = scene.created("drop/www.example.com.pem", "1");
        foreign["Records"][0]["s3"]["bucket"]["name"] = json!("somebody-else-s");
        for event in [
            json!({}),
            json!({"Records": []}),
            json!({"bundle": "a/b"}),
            foreign,
        ] {
            let (kind, message) = scene.fault(&event).await;
            assert_eq!(kind, "SetUp", "{message}");
        }
    });
}

#[test]
fn a_function_with_wrong_settings_does_not_start_and_says_all_that_is_wrong() {
    RUNTIME.block_on(async {
        let log = STAGE.logs.join("wrong-settings.log");
        let settings = [
            ("CERTDROP_EXPIRY_WARNING_DAYS", "soon"),
            ("AWS_REGION", "eu-central-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let function = Function::start(&settings, &log).await;
        assert!(!function.ended().await.success());
        let log = function.log();
        assert!(log.contains("CERTDROP_BUCKET is not set"), "{log}");
        assert!(
            log.contains("CERTDROP_EXPIRY_WARNING_DAYS is `soon`"),
            "{log}"
        );
    });
}
