//! What people and programs are told: notices by SNS, and metrics in the log.

use serde_json::{Value, json};
use time::Duration;

use crate::regions::DENIED;
use certdrop_test_support::emf::{Metric, metrics};
use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::proxy::Deed;
use certdrop_test_support::scene::{Scene, run, run_with};

pub(crate) const TOPIC: (&str, &str) = (
    "CERTDROP_TOPIC_ARN",
    "arn:aws:sns:eu-central-1:123456789012:notices",
);

/// A notice that SNS took.
pub(crate) struct Notice {
    pub(crate) subject: String,
    pub(crate) prose: String,
    pub(crate) json: Value,
    pub(crate) outcome: String,
    bundle: String,
}

/// All notices so far, in their order.
pub(crate) fn notices(scene: &Scene) -> Vec<Notice> {
    let calls = scene.services.calls();
    let published = calls.iter().filter_map(|call| {
        let form = String::from_utf8_lossy(&call.request).into_owned();
        (form.contains("Action=Publish") && call.status == Some(200)).then_some(form)
    });
    published.map(|form| notice(&form)).collect()
}

fn notice(form: &str) -> Notice {
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
        decoded.expect("UTF-8").into_owned()
    };
    let members: Vec<(String, String)> = form
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let member = |name: &str| {
        let found = members.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let attribute = |wanted: &str| {
        (1..=2)
            .map(|number| format!("MessageAttributes.entry.{number}"))
            .find(|entry| member(&format!("{entry}.Name")) == wanted)
            .map(|entry| member(&format!("{entry}.Value.StringValue")))
            .unwrap_or_default()
    };
    let message: Value =
        serde_json::from_str(&member("Message")).expect("a message for each protocol");
    assert_eq!(member("MessageStructure"), "json");
    let for_programs = message["default"].as_str().expect("text for programs");
    assert_eq!(
        message.as_object().map(serde_json::Map::len),
        Some(3),
        "each text once"
    );
    Notice {
        subject: member("Subject"),
        prose: message["email"]
            .as_str()
            .expect("text for people")
            .to_owned(),
        json: serde_json::from_str(for_programs).expect("JSON for programs"),
        outcome: attribute("outcome"),
        bundle: attribute("bundle"),
    }
}

#[test]
fn people_and_programs_hear_of_every_change_and_of_nothing_else() {
    run_with(&[TOPIC], async |scene| {
        scene.make_topic("notices").await;
        let authority = Authority::new();
        let issue = |age| authority.issue(&Order::new("told.example.com", Duration::days(age)));
        let (first, renewed) = (issue(60), issue(1));
        let key = "drop/told.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        scene.drop_bundle(key, &renewed.bundle()).await;
        scene.drop_bundle(key, &renewed.bundle()).await;
        scene.drop_bundle(key, &first.certificate).await;

        let told = notices(scene);
        let outcomes: Vec<_> = told.iter().map(|notice| notice.outcome.as_str()).collect();
        assert_eq!(outcomes, ["imported", "replaced", "rejected"]);
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        for notice in &told {
            assert_eq!(notice.bundle, "told.example.com");
            assert_eq!(notice.json["outcome"], notice.outcome);
            assert!(notice.subject.len() < 100 && notice.subject.is_ascii());
            assert!(
                notice.subject.contains("told.example.com"),
                "{}",
                notice.subject
            );
            assert!(notice.prose.contains(arn), "{}", notice.prose);
            assert!(notice.prose.lines().all(|line| !line.contains('\t')));
        }
        let replaced = &told[1].prose;
        for said in [
            "The renewed certificate is served under the same ARN as before.",
            "Names        told.example.com",
            "88 days left",
            "What changed",
            &format!("serial       {} -> {}", first.serial, renewed.serial),
        ] {
            assert!(replaced.contains(said), "`{said}` is not in:\n{replaced}");
        }
        let rejected = &told[2].prose;
        for said in [
            "The certificate in ACM stays as it was.",
            "Error no-private-key",
            "to do  ",
        ] {
            assert!(rejected.contains(said), "`{said}` is not in:\n{rejected}");
        }
    });
}

#[test]
fn a_state_is_told_once_however_often_a_bundle_is_looked_at() {
    run_with(&[TOPIC], async |scene| {
        scene.make_topic("notices").await;
        let authority = Authority::new();
        let issue = |name, age| authority.issue(&Order::new(name, Duration::days(age)));
        let (older, newer) = (issue("old.example.com", 60), issue("old.example.com", 1));
        let outcomes = || -> Vec<String> {
            let told = notices(scene).into_iter();
            told.map(|notice| notice.outcome).collect()
        };
        // A notice that SNS did not take is no notice: the run is repeated, and so is it.
        scene.services.set_rule(|call| {
            let form = String::from_utf8_lossy(&call.request);
            if form.contains("Action=Publish") {
                Deed::Refuse(DENIED)
            } else {
                Deed::Pass
            }
        });
        let version = scene
            .put("drop/keyless.example.com.pem", &older.certificate)
            .await;
        let event = scene.created("drop/keyless.example.com.pem", &version);
        scene.fault(&event).await;
        assert_eq!(outcomes(), [""; 0]);
        scene.services.set_rule(|_| Deed::Pass);
        let rejected = scene.summary(&event).await;
        assert_eq!(rejected["findings"][0]["code"], "no-private-key");
        assert_eq!(outcomes(), ["rejected"]);

        for _ in 0..2 {
            let report = scene.invoke(&json!({"sweep": {}})).await.expect("a report");
            assert_eq!(
                report["outcomes"],
                json!({"keyless.example.com": "rejected"}),
                "{report}"
            );
        }
        scene.summary(&event).await;
        assert_eq!(outcomes(), ["rejected"]);

        let key = "drop/old.example.com.pem";
        scene.drop_bundle(key, &newer.bundle()).await;
        let outdated = scene.drop_bundle(key, &older.bundle()).await;
        assert_eq!(outdated["outcome"], "outdated", "{outdated}");
        let again = scene.summary(&json!({"bundle": "old.example.com"})).await;
        assert_eq!(again["outcome"], "outdated", "{again}");
        assert_eq!(outcomes(), ["rejected", "imported", "outdated"]);

        // Who uploads it once more gets an answer.
        scene.drop_bundle(key, &newer.bundle()).await;
        let dropped_again = scene.drop_bundle(key, &older.bundle()).await;
        assert_eq!(dropped_again["content_id"], outdated["content_id"]);
        assert_eq!(outcomes(), ["rejected", "imported", "outdated", "outdated"]);
    });
}

#[test]
fn each_event_counts_once_and_each_bundle_shows_its_days() {
    run(async |scene| {
        let authority = Authority::new();
        let good = authority.issue(&Order::new("counted.example.com", Duration::days(1)));
        scene
            .drop_bundle("drop/counted.example.com.pem", &good.bundle())
            .await;
        // With a key of another: a bundle without a key would be looked at again by each sweep.
        let stranger = authority.issue(&Order::new("stranger.example.com", Duration::days(1)));
        let bad = good.certificate.clone() + &stranger.key;
        scene.drop_bundle("drop/bad.example.com.pem", &bad).await;
        // Nothing is repaired by one that only looks: it is no sweep for the alarm that waits for them.
        let look = scene.invoke(&json!({"sweep": {"dry_run": true}})).await;
        assert_eq!(look.expect("a report")["dry_run"], true);
        scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");

        let seen = metrics(&scene.function.log());
        let of = |name: &str| -> Vec<&Metric> {
            seen.iter().filter(|metric| metric.name == name).collect()
        };
        let stack = ("stack".to_owned(), "certdrop".to_owned());
        for name in ["Imported", "Rejected", "Swept"] {
            let [one] = of(name)[..] else {
                panic!("{name} is counted {} times", of(name).len())
            };
            assert!((one.value - 1.0).abs() < f64::EPSILON);
            assert_eq!(one.dimensions, std::slice::from_ref(&stack));
        }
        assert!(of("Failed").is_empty());
        // An alarm has no dimension to choose by: the soonest end of all stands by itself.
        assert!((of("SoonestExpiry")[0].value - 88.0).abs() < f64::EPSILON);
        let bundle = vec![
            stack,
            ("bundle".to_owned(), "counted.example.com".to_owned()),
        ];
        let days = of("DaysToExpiry");
        assert_eq!(
            days.len(),
            3,
            "at its import, the look and the sweep: {days:?}"
        );
        assert!(days.iter().all(|metric| metric.dimensions == bundle));
    });
}
