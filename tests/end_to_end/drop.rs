//! What becomes of a bundle that is dropped.

use serde_json::json;
use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::run;

const DAY: Duration = Duration::DAY;

#[test]
fn a_first_drop_is_imported_tagged_recorded_and_summarised() {
    run(async |scene| {
        let issued = Authority::new().issue(&Order::new("first.example.com", DAY));
        let summary = scene
            .drop_bundle("drop/first.example.com.pem", &issued.bundle())
            .await;

        assert_eq!(summary["outcome"], "imported");
        let arn = summary["certificate_arn"].as_str().expect("an ARN");
        assert_eq!(summary["certificate"]["DomainName"], "first.example.com");
        assert_eq!(summary["object"]["key"], "drop/first.example.com.pem");

        let tags = scene
            .acm
            .list_tags_for_certificate()
            .certificate_arn(arn)
            .send()
            .await;
        let tags = tags.expect("tags").tags.unwrap_or_default();
        let tag = |name: &str| {
            let tag = tags.iter().find(|tag| tag.key() == name);
            tag.and_then(|tag| tag.value().map(str::to_owned))
        };
        assert_eq!(tag("certdrop:bundle").as_deref(), Some("first.example.com"));
        assert_eq!(tag("certdrop:managed").as_deref(), Some("true"));

        let tags = scene.object_tags("drop/first.example.com.pem").await;
        assert_eq!(tags["certdrop:certificate-arn"], arn);
        assert_eq!(tags["certdrop:outcome"], "imported");
        let recorded = scene.parameter("/first.example.com/certificate-arn").await;
        assert_eq!(recorded.as_deref(), Some(arn));

        let summaries = scene.keys("summaries/first.example.com/").await;
        assert_eq!(summaries.len(), 1, "{summaries:?}");
        let stored: serde_json::Value =
            serde_json::from_str(&scene.read(&summaries[0]).await).expect("a summary is JSON");
        assert_eq!(stored, summary);
        assert!(
            scene.keys("leases/").await.is_empty(),
            "the lease was given back"
        );
    });
}

#[test]
fn a_renewal_comes_under_the_first_arn_and_the_same_again_changes_nothing() {
    run(async |scene| {
        let authority = Authority::new();
        let first = authority.issue(&Order::new("renewed.example.com", 2 * DAY));
        let renewed = authority.issue(&Order::new("renewed.example.com", DAY));
        let imported = scene
            .drop_bundle("drop/renewed.example.com.pem", &first.bundle())
            .await;
        let replaced = scene
            .drop_bundle("drop/renewed.example.com.pem", &renewed.bundle())
            .await;
        let again = scene
            .drop_bundle("drop/renewed.example.com.pem", &renewed.bundle())
            .await;

        assert_eq!(imported["outcome"], "imported");
        assert_eq!(replaced["outcome"], "replaced");
        assert_eq!(again["outcome"], "unchanged");
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        assert_eq!(replaced["certificate_arn"], arn);
        assert_eq!(again["certificate_arn"], arn);
        assert_eq!(
            replaced["previous"]["Serial"],
            imported["certificate"]["Serial"]
        );
        assert_eq!(scene.serial(arn).await, renewed.serial);
        assert_eq!(scene.certificates_for("renewed.example.com").await, [arn]);
        assert_eq!(
            again["certificate"]["ImportedAt"], replaced["certificate"]["ImportedAt"],
            "it was imported twice"
        );
    });
}

#[test]
fn a_key_of_another_certificate_is_rejected_and_the_live_certificate_stays() {
    run(async |scene| {
        let authority = Authority::new();
        let live = authority.issue(&Order::new("broken.example.com", 2 * DAY));
        let mut broken = authority.issue(&Order::new("broken.example.com", DAY));
        broken.key = authority.issue(&Order::new("other.example.com", DAY)).key;
        let imported = scene
            .drop_bundle("drop/broken.example.com.pem", &live.bundle())
            .await;
        let rejected = scene
            .drop_bundle("drop/broken.example.com.pem", &broken.bundle())
            .await;

        assert_eq!(rejected["outcome"], "rejected");
        assert_eq!(rejected["object"]["key"], "drop/broken.example.com.pem");
        let finding = &rejected["findings"][0];
        assert_eq!(finding["code"], "key-mismatch");
        assert!(
            finding["remedy"]
                .as_str()
                .is_some_and(|remedy| !remedy.is_empty())
        );
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        assert_eq!(
            rejected["certificate_arn"], arn,
            "the certificate that stays is named"
        );
        assert_eq!(scene.serial(arn).await, live.serial);
        let tags = scene.object_tags("drop/broken.example.com.pem").await;
        assert_eq!(tags["certdrop:outcome"], "rejected");
        assert_eq!(scene.keys("drop/").await, ["drop/broken.example.com.pem"]);
    });
}

#[test]
fn an_older_certificate_never_takes_the_place_of_a_newer_one_unless_a_person_forces_it() {
    run(async |scene| {
        let authority = Authority::new();
        let newer = authority.issue(&Order::new("outdated.example.com", DAY));
        let older = authority.issue(&Order::new("outdated.example.com", 2 * DAY));
        let key = "drop/outdated.example.com.pem";
        let imported = scene.drop_bundle(key, &newer.bundle()).await;
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        let outdated = scene.drop_bundle(key, &older.bundle()).await;
        assert_eq!(outdated["outcome"], "outdated");
        assert_eq!(scene.serial(arn).await, newer.serial);

        scene
            .tag_object(key, &[("certdrop:force", "true"), ("team", "web")])
            .await;
        let forced = scene
            .summary(&json!({"bundle": "outdated.example.com"}))
            .await;
        assert_eq!(forced["outcome"], "replaced");
        assert_eq!(forced["certificate_arn"], arn);
        assert_eq!(scene.serial(arn).await, older.serial);
        let tags = scene.object_tags(key).await;
        assert_eq!(tags.get("certdrop:force"), None, "a force is used up");
        assert_eq!(tags["team"], "web", "other tags stay");
    });
}

#[test]
fn the_version_in_the_event_is_read_not_the_newest() {
    run(async |scene| {
        let authority = Authority::new();
        let first = authority.issue(&Order::new("version.example.com", 2 * DAY));
        let key = "drop/version.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        scene.put(key, "not a bundle").await;
        let summary = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(summary["outcome"], "imported");
        assert_eq!(summary["object"]["version_id"], version);
    });
}

#[test]
fn an_object_that_is_gone_is_no_error() {
    run(async |scene| {
        let event = scene.created(
            "drop/gone.example.com.pem",
            "00000000-0000-0000-0000-000000000000",
        );
        let mut versionless = event.clone();
        versionless["Records"][0]["s3"]["object"]["versionId"] = json!(null);
        assert_eq!(scene.summary(&versionless).await["outcome"], "gone");
        assert_eq!(
            scene.summary(&json!({"bundle": "gone.example.com"})).await["outcome"],
            "gone"
        );
        assert!(scene.keys("").await.is_empty());
    });
}
