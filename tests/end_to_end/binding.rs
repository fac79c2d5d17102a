//! Which certificate in ACM a bundle belongs to, whatever happened before.

use aws_sdk_acm::types::Tag;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use certdrop_test_support::outside::now;
use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::proxy::{Deed, Refusal, THROTTLE, UNAVAILABLE};
use certdrop_test_support::scene::{ADOPTION, Scene, run, run_with};

const DAY: Duration = Duration::DAY;

/// A certificate for `name`, and its renewal.
fn pair(name: &str) -> (Issued, Issued) {
    let authority = Authority::new();
    (
        authority.issue(&Order::new(name, 2 * DAY)),
        authority.issue(&Order::new(name, DAY)),
    )
}

async fn forget_parameter(scene: &Scene, bundle: &str) {
    let name = scene.parameter_name(&format!("/{bundle}/certificate-arn"));
    scene
        .ssm
        .delete_parameter()
        .name(name)
        .send()
        .await
        .expect("it was there");
}

#[test]
fn a_renewal_finds_its_certificate_by_an_earlier_version_s_tag() {
    run(async |scene| {
        let (first, renewed) = pair("earlier.example.com");
        let key = "drop/earlier.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        forget_parameter(scene, "earlier.example.com").await;
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        // Without the tag on the certificate nothing but the earlier version's tag is left.
        let tag = Tag::builder()
            .key("certdrop:bundle")
            .build()
            .expect("a tag");
        let untag = scene
            .acm
            .remove_tags_from_certificate()
            .certificate_arn(arn)
            .tags(tag);
        untag.send().await.expect("the tag goes");
        let replaced = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced");
        assert_eq!(replaced["certificate_arn"], arn);
    });
}

#[test]
fn a_renewal_in_another_format_finds_its_certificate_by_the_bundle_s_name() {
    run(async |scene| {
        let (first, renewed) = pair("named.example.com");
        let imported = scene
            .drop_bundle("drop/named.example.com.pem", &first.bundle())
            .await;
        forget_parameter(scene, "named.example.com").await;
        scene
            .s3
            .delete_object()
            .bucket(&scene.bucket)
            .key("drop/named.example.com.pem")
            .send()
            .await
            .expect("deleted");
        let replaced = scene
            .drop_bundle("drop/named.example.com.crt", &renewed.bundle())
            .await;
        assert_eq!(replaced["outcome"], "replaced");
        assert_eq!(replaced["certificate_arn"], imported["certificate_arn"]);
    });
}

#[test]
fn a_certificate_that_was_imported_by_hand_is_adopted_by_a_tag() {
    run_with(&[ADOPTION], async |scene| {
        let (first, renewed) = pair("adopted.example.com");
        let arn = scene.import_by_hand(&first).await;
        let key = "drop/adopted.example.com.pem";
        scene.put(key, &renewed.bundle()).await;
        scene
            .tag_object(key, &[("certdrop:certificate-arn", &arn)])
            .await;
        let summary = scene
            .summary(&json!({"bundle": "adopted.example.com"}))
            .await;
        assert_eq!(summary["outcome"], "replaced");
        assert_eq!(summary["certificate_arn"], arn);
        assert_eq!(scene.serial(&arn).await, renewed.serial);
    });
}

#[test]
fn a_tag_that_names_another_bundle_s_certificate_is_a_fault_of_the_set_up() {
    run(async |scene| {
        let (theirs, ours) = pair("foreign.example.com");
        let imported = scene
            .drop_bundle("drop/theirs.example.com.pem", &theirs.bundle())
            .await;
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        scene.put("drop/ours.example.com.pem", &ours.bundle()).await;
        scene
            .tag_object(
                "drop/ours.example.com.pem",
                &[("certdrop:certificate-arn", arn)],
            )
            .await;
        let (kind, message) = scene.fault(&json!({"bundle": "ours.example.com"})).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains("belongs to bundle `theirs.example.com`"),
            "{message}"
        );
        assert_eq!(scene.serial(arn).await, theirs.serial);
    });
}

#[test]
fn a_certificate_that_was_deleted_by_hand_is_imported_anew() {
    run(async |scene| {
        let (first, renewed) = pair("deleted.example.com");
        let key = "drop/deleted.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        scene
            .acm
            .delete_certificate()
            .certificate_arn(arn)
            .send()
            .await
            .expect("deleted");
        let anew = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(anew["outcome"], "imported");
        assert_ne!(anew["certificate_arn"], arn);
    });
}

#[test]
fn what_acm_would_refuse_is_rejected_before_the_call() {
    run(async |scene| {
        let (first, other_kind) = of_two_kinds("kinds.example.com");
        let key = "drop/kinds.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        let rejected = scene.drop_bundle(key, &other_kind.bundle()).await;
        assert_eq!(rejected["outcome"], "rejected");
        assert_eq!(rejected["findings"][0]["code"], "reimport-key-changed");
        assert_eq!(scene.serial(arn).await, first.serial);
    });
}

#[test]
fn or_it_is_imported_under_a_new_arn_where_the_setting_says_so() {
    run_with(
        &[("CERTDROP_ON_INCOMPATIBLE", "import-new")],
        async |scene| {
            let (first, other_kind) = of_two_kinds("moved.example.com");
            let key = "drop/moved.example.com.pem";
            let imported = scene.drop_bundle(key, &first.bundle()).await;
            let old = imported["certificate_arn"].as_str().expect("an ARN");
            let moved = scene.drop_bundle(key, &other_kind.bundle()).await;
            assert_eq!(moved["outcome"], "imported");
            let new = moved["certificate_arn"].as_str().expect("an ARN");
            assert_ne!(new, old);
            let changed = moved["findings"].as_array().expect("findings").iter();
            let changed: Vec<_> = changed
                .filter(|finding| finding["code"] == "arn-changed")
                .collect();
            assert!(
                changed[0]["message"]
                    .as_str()
                    .is_some_and(|message| message.contains(old))
            );

            forget_parameter(scene, "moved.example.com").await;
            let again = scene.drop_bundle(key, &other_kind.bundle()).await;
            assert_eq!(again["outcome"], "unchanged");
            assert_eq!(
                again["certificate_arn"], new,
                "the new one is the bundle's from now on"
            );
        },
    );
}

/// Two certificates whose keys differ in kind.
fn of_two_kinds(name: &str) -> (Issued, Issued) {
    let authority = Authority::new();
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key");
    (
        authority.issue(&Order::new(name, 2 * DAY)),
        authority.issue_for(&Order::new(name, DAY), &p384),
    )
}

#[test]
fn a_lease_of_another_worker_is_respected_until_it_ends() {
    run(async |scene| {
        let (first, _) = pair("leased.example.com");
        let key = "drop/leased.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        let lease = |end: OffsetDateTime| {
            let end = end
                .format(&time::format_description::well_known::Rfc3339)
                .expect("a date");
            json!({"holder": "another worker", "expires_at": end}).to_string()
        };
        let now = now();
        scene
            .put("leases/leased.example.com", &lease(now + Duration::HOUR))
            .await;
        let (kind, message) = scene.fault(&scene.created(key, &version)).await;
        assert_eq!(kind, "Transient");
        assert!(
            message.contains("another worker holds the lease"),
            "{message}"
        );
        assert!(
            scene
                .certificates_for("leased.example.com")
                .await
                .is_empty()
        );

        scene
            .put("leases/leased.example.com", &lease(now - Duration::SECOND))
            .await;
        let summary = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(summary["outcome"], "imported");
    });
}

#[test]
fn a_certificate_whose_serial_number_has_one_octet_is_imported_and_renewed() {
    run(async |scene| {
        let authority = Authority::new();
        for octet in [0, 1, 127, 128, 255] {
            let name = format!("octet-{octet}.example.com");
            let key = format!("drop/{name}.pem");
            let mut order = Order::new(&name, 2 * DAY);
            order.serial = Some(vec![octet]);
            let first = authority.issue(&order);
            let version = scene.put(&key, &first.bundle()).await;
            let event = scene.created(&key, &version);
            let imported = scene.invoke(&event).await;
            let imported = imported.unwrap_or_else(|error| panic!("serial {octet}: {error:?}"));
            let imported = &imported["summaries"][0];
            assert_eq!(imported["outcome"], "imported", "{imported}");
            let arn = &imported["certificate_arn"];
            let renewed = authority.issue(&Order::new(&name, DAY));
            let replaced = scene.drop_bundle(&key, &renewed.bundle()).await;
            assert_eq!(replaced["outcome"], "replaced", "{replaced}");
            assert_eq!(replaced["certificate_arn"], *arn);
        }
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(report["unchanged"], 5, "{report}");
    });
}

#[test]
fn where_the_search_is_refused_the_bundle_is_imported_without_it() {
    run(async |scene| {
        for (code, status) in [
            ("AccessDeniedException", 400),
            ("AccessDeniedException", 403),
            ("ValidationException", 400),
            ("SomethingNewException", 400),
        ] {
            scene
                .acm_proxy
                .set_rule(move |call| match call.operation.as_str() {
                    "acm:SearchCertificates" => Deed::Refuse(Refusal { status, code }),
                    _ => Deed::Pass,
                });
            let name = format!("unsearched-{}-{status}.example.com", code.to_lowercase());
            let issued = Authority::new().issue(&Order::new(&name, DAY));
            let key = format!("drop/{name}.pem");
            let version = scene.put(&key, &issued.bundle()).await;
            let answer = scene.invoke(&scene.created(&key, &version)).await;
            let answer = answer.unwrap_or_else(|error| panic!("{code}: {error:?}"));
            assert_eq!(answer["summaries"][0]["outcome"], "imported", "{answer}");
        }
    });
}

#[test]
fn where_the_search_is_throttled_or_unavailable_it_is_asked_again() {
    run(async |scene| {
        for (refusal, name) in [
            (THROTTLE, "busy.example.com"),
            (UNAVAILABLE, "down.example.com"),
        ] {
            scene.acm_proxy.clear();
            scene.acm_proxy.set_rule(move |call| {
                if call.operation == "acm:SearchCertificates" && call.number <= 2 {
                    Deed::Refuse(refusal)
                } else {
                    Deed::Pass
                }
            });
            let issued = Authority::new().issue(&Order::new(name, DAY));
            let summary = scene
                .drop_bundle(&format!("drop/{name}.pem"), &issued.bundle())
                .await;
            assert_eq!(summary["outcome"], "imported", "{summary}");
            let calls = scene.acm_proxy.calls();
            let of = |operation: &str| {
                let numbers = calls.iter().enumerate();
                let of_it = numbers.filter(|(_, call)| call.operation == operation);
                of_it.map(|(number, _)| number).collect::<Vec<_>>()
            };
            let (searches, imports) = (of("acm:SearchCertificates"), of("acm:ImportCertificate"));
            assert_eq!((searches.len(), imports.len()), (3, 1), "{refusal:?}");
            assert!(
                searches[2] < imports[0],
                "not before the search was answered"
            );
        }
    });
}

/// `*.example.com` in the characters of a tag.
const SAFE: &str = "-.example.com-47287a8f16ec";

#[test]
fn a_name_that_looks_like_another_s_safe_form_is_a_bundle_of_its_own() {
    run(async |scene| {
        let (owner, stranger) = pair("*.example.com");
        let ours = scene
            .drop_bundle("drop/*.example.com.pem", &owner.bundle())
            .await;
        assert_eq!(bundle_tag(scene, &ours["certificate_arn"]).await, SAFE);
        let theirs = scene
            .drop_bundle(&format!("drop/{SAFE}.pem"), &stranger.bundle())
            .await;
        let arn = ours["certificate_arn"].as_str().expect("an ARN");
        assert_eq!(
            scene.serial(arn).await,
            owner.serial,
            "the certificate of *.example.com was replaced by a stranger's"
        );
        assert_eq!(theirs["outcome"], "imported", "{theirs}");
        assert_ne!(theirs["certificate_arn"], arn);
        assert_ne!(bundle_tag(scene, &theirs["certificate_arn"]).await, SAFE);
        let recorded = scene.parameter(&format!("/{SAFE}/certificate-arn")).await;
        assert_eq!(recorded.as_deref(), Some(arn), "the parameter stays, too");

        let again = json!({"bundle": "*.example.com"});
        assert_eq!(scene.summary(&again).await["outcome"], "unchanged");
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(report["unchanged"], 2, "{report}");
    });
}

#[test]
fn a_bundle_whose_certificate_carries_its_plain_name_keeps_it_though_the_name_looks_like_a_safe_form()
 {
    run(async |scene| {
        let name = "web-server-0123456789ab";
        let key = format!("drop/{name}.pem");
        let (first, renewed) = pair("web.example.com");
        let arn = scene.import_by_hand(&first).await;
        let tag = |key: &str, value: &str| {
            let tag = Tag::builder().key(key).value(value).build();
            tag.expect("a tag")
        };
        let call = scene.acm.add_tags_to_certificate().certificate_arn(&arn);
        call.tags(tag("certdrop:bundle", name))
            .tags(tag("certdrop:managed", "true"))
            .send()
            .await
            .expect("the tags are taken");
        scene.put(&key, &first.bundle()).await;
        let recorded = [
            ("certdrop:certificate-arn", arn.as_str()),
            ("certdrop:outcome", "imported"),
        ];
        scene.tag_object(&key, &recorded).await;

        let replaced = scene.drop_bundle(&key, &renewed.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        assert_eq!(replaced["certificate_arn"], arn);
        assert_eq!(scene.serial(&arn).await, renewed.serial);
        assert_eq!(scene.certificates_for("web.example.com").await, [arn]);
    });
}

async fn bundle_tag(scene: &Scene, arn: &serde_json::Value) -> String {
    let call = scene
        .acm
        .list_tags_for_certificate()
        .certificate_arn(arn.as_str().expect("an ARN"));
    let tags = call.send().await.expect("tags").tags.unwrap_or_default();
    let tag = tags.iter().find(|tag| tag.key() == "certdrop:bundle");
    let value = tag.and_then(|tag| tag.value());
    value.expect("the bundle's name").to_owned()
}
