//! What a sweep finds that no event tells of.

use std::time::Duration as Time;

use serde_json::{Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;

use certdrop_test_support::outside::now;
use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::{Scene, run, run_with};
use certdrop_test_support::stage::REGION;

async fn sweep(scene: &Scene) -> Value {
    scene
        .invoke(&json!({"sweep": {}}))
        .await
        .expect("the function succeeds")
}

#[test]
fn a_secret_that_changed_makes_the_bundle_new() {
    run(async |scene| {
        let issued = Authority::new().issue(&Order::new("secret.example.com", Duration::DAY));
        let certificates = format!("{}{}", issued.certificate, issued.chain);
        let other = Authority::new().issue(&Order::new("other.example.com", Duration::DAY));
        scene
            .put_secret("/secret.example.com/private-key", &other.key)
            .await;
        let rejected = scene
            .drop_bundle("drop/secret.example.com.pem", &certificates)
            .await;
        assert_eq!(rejected["findings"][0]["code"], "key-mismatch");
        assert_eq!(sweep(scene).await["unchanged"], 1, "nothing changed yet");

        scene
            .put_secret("/secret.example.com/private-key", &issued.key)
            .await;
        let report = sweep(scene).await;
        assert_eq!(
            report["outcomes"]["secret.example.com"], "imported",
            "{report}"
        );
    });
}

#[test]
fn certificates_that_were_changed_by_hand_are_put_right() {
    run(async |scene| {
        let authority = Authority::new();
        let older = authority.issue(&Order::new("hand.example.com", 2 * Duration::DAY));
        let issued = authority.issue(&Order::new("hand.example.com", Duration::DAY));
        let imported = scene
            .drop_bundle("drop/hand.example.com.pem", &issued.bundle())
            .await;
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        assert_eq!(sweep(scene).await["unchanged"], 1);

        scene.replace_by_hand(arn, &older).await;
        let report = sweep(scene).await;
        assert_eq!(
            report["worked_on"]["hand.example.com"], "certificate-changed",
            "{report}"
        );
        assert_eq!(scene.serial(arn).await, issued.serial);

        scene
            .acm
            .delete_certificate()
            .certificate_arn(arn)
            .send()
            .await
            .expect("deleted");
        let report = sweep(scene).await;
        assert_eq!(
            report["worked_on"]["hand.example.com"], "certificate-gone",
            "{report}"
        );
        assert_eq!(
            scene.certificates_of_bundle("hand.example.com").await.len(),
            1
        );
        assert_eq!(sweep(scene).await["unchanged"], 1, "all is as it should be");
    });
}

#[test]
fn a_certificate_that_was_not_valid_yet_is_imported_once_it_is() {
    run(async |scene| {
        let soon = Order::new("soon.example.com", -Duration::seconds(4));
        let issued = Authority::new().issue(&soon);
        let early = scene
            .drop_bundle("drop/soon.example.com.pem", &issued.bundle())
            .await;
        assert_eq!(early["findings"][0]["code"], "not-yet-valid");
        let deadline = std::time::Instant::now() + Time::from_secs(30);
        loop {
            let report = sweep(scene).await;
            assert_eq!(report["worked_on"]["soon.example.com"], "retry", "{report}");
            if report["outcomes"]["soon.example.com"] == "imported" {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{report}");
        }
    });
}

#[test]
fn what_expires_waits_or_has_lost_its_bundle_is_told_of() {
    run(async |scene| {
        let authority = Authority::new();
        let mut order = Order::new("short.example.com", Duration::DAY);
        order.lifetime = Duration::days(10);
        let short = authority.issue(&order);
        let lost = authority.issue(&Order::new("lost.example.com", Duration::DAY));
        let expiring = scene
            .drop_bundle("drop/short.example.com.pem", &short.bundle())
            .await;
        let imported = scene
            .drop_bundle("drop/lost.example.com.pem", &lost.bundle())
            .await;
        let waiting = scene
            .drop_bundle("drop/half.example.com/cert.pem", &lost.certificate)
            .await;
        sweep(scene).await;
        let gone = scene
            .s3
            .delete_object()
            .bucket(&scene.bucket)
            .key("drop/lost.example.com.pem");
        gone.send().await.expect("deleted");

        let report = sweep(scene).await;
        assert_eq!(
            report["expiring"]["short.example.com"], expiring["certificate"]["NotAfter"],
            "{report}"
        );
        assert_eq!(
            report["waiting"]["half.example.com"], waiting["object"]["modified_at"],
            "{report}"
        );
        assert_eq!(
            report["without_bundle"]["lost.example.com"][0], imported["certificate_arn"],
            "{report}"
        );
    });
}

#[test]
fn a_sweep_begins_nothing_that_it_cannot_finish_before_its_deadline() {
    run(async |scene| {
        let issued = Authority::new().issue(&Order::new("late.example.com", Duration::DAY));
        scene
            .put("drop/late.example.com.pem", &issued.bundle())
            .await;
        let report = scene
            .function
            .invoke_within(&json!({"sweep": {}}), Time::from_secs(15))
            .await;
        let report = report.expect("the function succeeds");
        assert_eq!(report["left"], 1, "{report}");
        assert!(scene.certificates_for("late.example.com").await.is_empty());
        assert_eq!(
            sweep(scene).await["outcomes"]["late.example.com"],
            "imported"
        );
    });
}

#[test]
fn a_folder_is_imported_whatever_the_order_of_its_uploads() {
    run(async |scene| {
        let authority = Authority::new();
        for (number, order) in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ]
        .iter()
        .enumerate()
        {
            let bundle = format!("order-{number}.example.com");
            let issued = authority.issue(&Order::new(&bundle, Duration::DAY));
            let files = [
                ("cert.pem", issued.certificate.clone()),
                ("chain.pem", issued.chain.clone()),
                ("privkey.pem", issued.key.clone()),
            ];
            let mut outcomes = Vec::new();
            for file in order {
                let (name, content) = &files[*file];
                let summary = scene
                    .drop_bundle(&format!("drop/{bundle}/{name}"), content)
                    .await;
                outcomes.push(summary["outcome"].clone());
            }
            assert_eq!(outcomes, ["waiting", "waiting", "imported"], "{order:?}");
        }
    });
}

#[test]
fn a_sweep_writes_the_page_that_people_look_at() {
    run(async |scene| {
        let authority = Authority::new();
        let mut order = Order::new("short.example.com", Duration::DAY);
        order.lifetime = Duration::days(10);
        let short = authority.issue(&order);
        let well = authority.issue(&Order::new("well.example.com", Duration::DAY));
        for (name, issued) in [("short", &short), ("well", &well), ("renewed", &well)] {
            let key = format!("drop/{name}.example.com.pem");
            scene.drop_bundle(&key, &issued.bundle()).await;
        }
        let kept = scene.certificates_of_bundle("well.example.com").await;
        let spoilt = format!("{}{}{}", short.key, well.certificate, well.chain);
        scene
            .drop_bundle("drop/renewed.example.com.pem", &spoilt)
            .await;
        scene.drop_bundle("drop/<img src=x>.pem", "rubbish").await;

        let dry = scene.invoke(&json!({"sweep": {"dry_run": true}})).await;
        dry.expect("the function succeeds");
        assert_eq!(scene.keys("summaries/status.html").await.len(), 0);

        sweep(scene).await;
        let call = scene.s3.get_object().bucket(&scene.bucket);
        let object = call.key("summaries/status.html").send().await;
        let object = object.expect("a page");
        assert_eq!(object.content_type(), Some("text/html; charset=utf-8"));
        assert_eq!(object.cache_control(), Some("no-cache"));
        let page = scene.read("summaries/status.html").await;
        let rows: Vec<_> = page.split("<tr class=\"").skip(1).collect();
        let shows = |row: usize, words: &[&str]| {
            for word in words {
                assert!(rows[row].contains(word), "row {row} shows {word}: {page}");
            }
        };
        assert_eq!(rows.len(), 4, "{page}");
        shows(
            0,
            &["bad", "&lt;img src=x&gt;", "rejected", "nothing in ACM"],
        );
        shows(
            1,
            &[
                "soon",
                "short.example.com",
                "imported",
                ">8 days<",
                "Drop the renewed",
            ],
        );
        shows(
            2,
            &["bad", "renewed.example.com", "rejected", REGION, "until"],
        );
        shows(3, &["good", "well.example.com", "imported", &kept[0]]);

        let again = sweep(scene).await;
        assert_eq!(again["bundles"], 4, "the page is no bundle: {again}");
        assert_eq!(
            scene
                .read("summaries/status.html")
                .await
                .matches("<tr class")
                .count(),
            4
        );
    });
}

#[test]
fn objects_that_are_no_part_of_a_bundle_are_named_with_the_reason() {
    run(async |scene| {
        let long = format!("drop/{}.pem", "x".repeat(201));
        let skipped = [
            ("drop/.DS_Store", "hidden"),
            ("drop/<b>/2026/cert.pem", "too-deep"),
            (&long, "name-too-long"),
        ];
        for (key, _) in skipped {
            scene.put_unminded(key, "a bundle that nobody reads").await;
        }
        scene.put_unminded("drop/made-by-the-console/", "").await;
        let report = sweep(scene).await;
        assert_eq!(report["bundles"], 0, "{report}");
        let expected = skipped.map(|(key, why)| json!({"key": key, "reason": why}));
        assert_eq!(
            report["skipped"],
            json!({"count": 3, "objects": expected}),
            "{report}"
        );
        let page = scene.read("summaries/status.html").await;
        for shown in [
            "3 objects",
            "<code>drop/.DS_Store</code>",
            "<code>drop/&lt;b&gt;/2026/cert.pem</code>: it lies deeper than one folder",
        ] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
    });
}

#[test]
fn a_worker_that_died_beside_its_summary_is_finished_by_the_next_sweep() {
    let terms = [
        ("CERTDROP_ATTEMPT_SECONDS", "0.5"),
        ("CERTDROP_LEASE_SECONDS", "1"),
        ("CERTDROP_SETTLING_SECONDS", "0.1"),
    ];
    run_with(&terms, async |scene| {
        let issued = Authority::new().issue(&Order::new("died.example.com", Duration::DAY));
        let key = "drop/died.example.com.pem";
        let imported = scene.drop_bundle(key, &issued.bundle()).await;
        for _ in 0..2 {
            assert_eq!(sweep(scene).await["unchanged"], 1);
        }
        // It wrote the summary, not the tags, and its lease lies there.
        scene.tag_object(key, &[]).await;
        let end = now() + Duration::seconds(3);
        let end = end.format(&Rfc3339).expect("a date");
        let lease = json!({"holder": "dead", "expires_at": end});
        scene
            .put_unminded("leases/died.example.com", &lease.to_string())
            .await;
        scene.leases_end().await;

        let report = sweep(scene).await;
        assert_eq!(
            report["worked_on"]["died.example.com"], "interrupted",
            "{report}"
        );
        let tags = scene.object_tags(key).await;
        assert_eq!(
            json!(tags["certdrop:certificate-arn"]),
            imported["certificate_arn"]
        );
        assert!(scene.keys("leases/").await.is_empty());
    });
}

#[test]
fn tags_that_were_lost_beside_the_summary_of_an_unchanged_bundle_are_written_by_the_next_sweep() {
    run(async |scene| {
        let issued = Authority::new().issue(&Order::new("same.example.com", Duration::DAY));
        let key = "drop/same.example.com.pem";
        scene.drop_bundle(key, &issued.bundle()).await;
        let same = scene.drop_bundle(key, &issued.bundle()).await;
        assert_eq!(same["outcome"], "unchanged", "{same}");
        scene.tag_object(key, &[]).await;

        let report = sweep(scene).await;
        assert_eq!(
            report["worked_on"]["same.example.com"], "not-done",
            "{report}"
        );
        assert_eq!(
            scene.object_tags(key).await["certdrop:outcome"],
            "unchanged"
        );
        for _ in 0..2 {
            assert_eq!(sweep(scene).await["unchanged"], 1);
        }
    });
}
