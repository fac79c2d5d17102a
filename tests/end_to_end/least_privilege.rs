//! The function may do what it does, and nothing else. Every other test here runs under the
//! template's permissions, too; this one shows that none of them is left over.

use std::time::Duration as Time;

use serde_json::json;
use time::Duration;

use crate::queue::{batch, run_with_queue};
use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::{ADOPTION, SECRETS, Scene, run};

/// What Lambda itself does in the function's name, which no call of the function shows.
const BY_LAMBDA: [(&str, &str); 6] = [
    ("TakeWork", "sqs:ReceiveMessage"),
    ("TakeWork", "sqs:DeleteMessage"),
    ("TakeWork", "sqs:GetQueueAttributes"),
    ("WriteItsLog", "logs:CreateLogStream"),
    ("WriteItsLog", "logs:PutLogEvents"),
    ("KeepEventsThatFailed", "sqs:SendMessage"),
];

async fn forget_parameter(scene: &Scene, bundle: &str) {
    let name = scene.parameter_name(&format!("/{bundle}/certificate-arn"));
    let call = scene.ssm.delete_parameter().name(name);
    call.send().await.expect("it was there");
}

#[test]
fn every_permission_is_needed_by_some_call() {
    let topic = (
        "CERTDROP_TOPIC_ARN",
        "arn:aws:sns:eu-central-1:123456789012:certdrop",
    );
    run_with_queue(
        "work-of-all-kinds",
        &[
            ADOPTION,
            SECRETS,
            topic,
            ("CERTDROP_CERTIFICATE_TAGS", "team=payments"),
            ("CERTDROP_UPLOADER_TAG_KEYS", "owner"),
        ],
        async |scene, queue| {
            scene.make_topic("certdrop").await;
            let authority = Authority::new();
            let issue =
                |name: &str, age: i64| authority.issue(&Order::new(name, Duration::days(age)));

            // Its tag of an uploader is gone with the next version.
            let (first, key) = (issue("own.example.com", 3), "drop/own.example.com.pem");
            let version = scene.put(key, &first.bundle()).await;
            scene.tag_object(key, &[("acm:owner", "ann")]).await;
            let imported = scene.summary(&scene.created(key, &version)).await;
            assert_eq!(imported["outcome"], "imported", "{imported}");
            let renewed = issue("own.example.com", 2);
            let replaced = scene
                .drop_bundle("drop/own.example.com.pem", &renewed.bundle())
                .await;
            assert_eq!(replaced["outcome"], "replaced", "{replaced}");

            // Without its parameter it is found by the tags of earlier versions.
            forget_parameter(scene, "own.example.com").await;
            let again = issue("own.example.com", 1);
            let replaced = scene
                .drop_bundle("drop/own.example.com.pem", &again.bundle())
                .await;
            assert_eq!(replaced["outcome"], "replaced", "{replaced}");

            // One that was imported by hand, and is handed over by a tag on the object.
            let foreign = issue("hand.example.com", 2);
            let arn = scene.import_by_hand(&foreign).await;
            let key = "drop/hand.example.com.pem";
            let version = scene.put(key, &issue("hand.example.com", 1).bundle()).await;
            scene
                .tag_object(key, &[("certdrop:certificate-arn", &arn)])
                .await;
            let adopted = scene.summary(&scene.created(key, &version)).await;
            assert_eq!(adopted["certificate_arn"], arn, "{adopted}");

            // Its key is in Secrets Manager.
            let pointed = issue("pointed.example.com", 1);
            scene
                .keep_secret("tls", &pointed.key, &[&pointed.key])
                .await;
            scene.point("/pointed.example.com/private-key", "tls").await;
            let chain = pointed.certificate.clone() + &pointed.chain;
            let imported = scene
                .drop_bundle("drop/pointed.example.com.crt", &chain)
                .await;
            assert_eq!(imported["outcome"], "imported", "{imported}");

            // A worker died and left its lease.
            scene.leave_lease("folder.example.com").await;
            let folder = issue("folder.example.com", 1);
            scene
                .put("drop/folder.example.com/privkey.pem", &folder.key)
                .await;
            let chain = folder.certificate.clone() + &folder.chain;
            scene
                .put("drop/folder.example.com/fullchain.pem", &chain)
                .await;
            for _ in 0..2 {
                scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
            }

            // A message that nobody understands, and a sweep that has no time.
            queue.send(&json!({"nobody": "sends this"})).await;
            let messages = queue.receive().await;
            scene.invoke(&batch(&messages)).await.expect("an answer");
            let key = "drop/left.example.com.pem";
            scene.put(key, &issue("left.example.com", 1).bundle()).await;
            let (sweep, limit) = (json!({"sweep": {}}), Time::from_secs(15));
            let swept = scene.function.invoke_within(&sweep, limit).await;
            let report = swept.expect("a report");
            let queued = report["queued"].as_array().expect("bundles");
            assert!(queued.contains(&json!("left.example.com")), "{report}");

            let uses = scene.policy.uses();
            let table: Vec<_> = uses
                .iter()
                .map(|((sid, action), is_used)| format!("{sid:34} {action:32} {is_used}"))
                .collect();
            println!("{}", table.join("\n"));
            let unused: Vec<_> = uses
                .iter()
                .filter(|((sid, action), is_used)| {
                    !**is_used && !BY_LAMBDA.contains(&(sid.as_str(), action.as_str()))
                })
                .collect();
            assert!(
                unused.is_empty(),
                "granted, but needed by no call: {unused:#?}"
            );
        },
    );
}

#[test]
fn a_certificate_of_others_is_not_replaced_without_leave() {
    run(async |scene| {
        let authority = Authority::new();
        let order = |age| Order::new("foreign.example.com", Duration::days(age));
        let foreign = authority.issue(&order(2));
        let arn = scene.import_by_hand(&foreign).await;
        let key = "drop/foreign.example.com.pem";
        let version = scene.put(key, &authority.issue(&order(1)).bundle()).await;
        scene
            .tag_object(key, &[("certdrop:certificate-arn", &arn)])
            .await;
        let (kind, message) = scene.fault(&scene.created(key, &version)).await;
        assert_eq!(kind, "SetUp", "{message}");
        assert!(message.contains("did not import"), "{message}");
        assert_eq!(scene.serial(&arn).await, foreign.serial);
    });
}
