//! One bundle, served in several regions.

use rcgen::KeyPair;
use serde_json::{Value, json};
use time::Duration;

use crate::telling::{TOPIC, notices};
use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::proxy::{Deed, Refusal};
use certdrop_test_support::scene::{ADOPTION, OTHER_REGION, Scene, TWO_REGIONS, run, run_with};
use certdrop_test_support::stage::REGION;

pub(crate) const DENIED: Refusal = Refusal {
    status: 400,
    code: "AccessDeniedException",
};
/// The object's tag for the other region.
const OTHER_TAG: &str = "certdrop:certificate-arn:us-east-1";

/// A certificate for `name`, and its renewal.
fn pair(name: &str) -> (Issued, Issued) {
    let authority = Authority::new();
    (
        authority.issue(&Order::new(name, Duration::days(2))),
        authority.issue(&Order::new(name, Duration::days(1))),
    )
}

fn arn(summary: &Value, region: &str) -> String {
    let arn = summary["targets"][region]["certificate_arn"].as_str();
    arn.unwrap_or_else(|| panic!("no ARN in {region}: {summary}"))
        .to_owned()
}

/// Regions that were sent a certificate, in their order.
fn imports(scene: &Scene) -> Vec<String> {
    let calls = scene.acm_proxy.calls().into_iter();
    let mut regions: Vec<_> = calls
        .filter(|call| call.operation == "acm:ImportCertificate")
        .map(|call| call.region)
        .collect();
    regions.sort();
    regions
}

/// The other region refuses `operation`.
fn refuse_there(scene: &Scene, operation: &'static str) {
    scene.acm_proxy.set_rule(move |call| {
        if call.region == OTHER_REGION && call.operation == operation {
            Deed::Refuse(DENIED)
        } else {
            Deed::Pass
        }
    });
}

#[test]
fn a_bundle_has_an_arn_of_its_own_in_every_region_and_keeps_it() {
    run_with(&[TWO_REGIONS, TOPIC], async |scene| {
        scene.make_topic("notices").await;
        let (first, renewed) = pair("two.example.com");
        let key = "drop/two.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        assert_eq!(imported["outcome"], "imported", "{imported}");
        let (home, other) = (arn(&imported, REGION), arn(&imported, OTHER_REGION));
        assert!(home.contains(REGION) && other.contains(OTHER_REGION));
        assert_eq!(imported["certificate_arn"], home);
        let tags = scene.object_tags(key).await;
        assert_eq!(
            (&tags["certdrop:certificate-arn"], &tags[OTHER_TAG]),
            (&home, &other)
        );
        let parameter = "/two.example.com/certificate-arn";
        assert_eq!(scene.parameter(parameter).await.as_ref(), Some(&home));
        let parameter = "/two.example.com/certificate-arn/us-east-1";
        assert_eq!(scene.parameter(parameter).await.as_ref(), Some(&other));

        let replaced = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        for (region, arn) in [(REGION, &home), (OTHER_REGION, &other)] {
            let there = &replaced["targets"][region];
            assert_eq!(there["outcome"], "replaced");
            assert_eq!(there["certificate_arn"], *arn);
            assert_eq!(there["certificate"]["Serial"], renewed.serial);
            assert_eq!(there["previous"]["Serial"], first.serial);
            assert_eq!(scene.serial(arn).await, renewed.serial);
            let acm = scene.acm_in(region);
            let served = scene.certificates_in(&acm, "two.example.com").await;
            assert_eq!(served.iter().collect::<Vec<_>>(), [arn]);
        }

        let told = &notices(scene)[1];
        assert_eq!(told.outcome, "replaced");
        assert_eq!(told.json["targets"][OTHER_REGION]["certificate_arn"], other);
        for line in [
            "eu-central-1: replaced",
            "us-east-1: replaced",
            &home,
            &other,
        ] {
            assert!(told.prose.contains(line), "{line} is not in {}", told.prose);
        }

        let again = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(again["outcome"], "unchanged", "{again}");
        assert_eq!(imports(scene).len(), 4);
    });
}

#[test]
fn a_region_that_fails_holds_up_no_other_and_is_retried_alone() {
    run_with(&[TWO_REGIONS, TOPIC], async |scene| {
        scene.make_topic("notices").await;
        let (first, _) = pair("half.example.com");
        let key = "drop/half.example.com.pem";
        refuse_there(scene, "acm:ImportCertificate");
        let version = scene.put(key, &first.bundle()).await;
        let event = scene.created(key, &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains("in us-east-1: acm:ImportCertificate"),
            "{message}"
        );

        let home = scene.object_tags(key).await["certdrop:certificate-arn"].clone();
        assert_eq!(scene.serial(&home).await, first.serial);
        let summary = scene.stored("half.example.com").await;
        assert_eq!(summary["outcome"], "imported");
        assert_eq!(summary["targets"][REGION]["outcome"], "imported");
        let fault = summary["targets"][OTHER_REGION]["fault"].as_str();
        assert!(
            fault.is_some_and(|fault| fault.contains("AccessDenied")),
            "{summary}"
        );
        let told = &notices(scene)[0];
        assert!(
            told.prose.contains("us-east-1: UNFINISHED"),
            "{}",
            told.prose
        );

        scene.acm_proxy.set_rule(|_| Deed::Pass);
        scene.acm_proxy.clear();
        let summary = scene.summary(&event).await;
        assert_eq!(summary["targets"][REGION]["outcome"], "unchanged");
        assert_eq!(summary["targets"][OTHER_REGION]["outcome"], "imported");
        assert_eq!(summary["outcome"], "imported");
        assert_eq!(imports(scene), [OTHER_REGION]);
        let other = arn(&summary, OTHER_REGION);
        assert_eq!(scene.object_tags(key).await[OTHER_TAG], other);
        assert_eq!(
            scene.stored("half.example.com").await["targets"][OTHER_REGION]["outcome"],
            "imported"
        );
    });
}

#[test]
fn a_sweep_sees_a_fault_that_an_event_met_after_the_last_sweep() {
    run_with(&[TWO_REGIONS], async |scene| {
        let (first, _) = pair("later.example.com");
        let key = "drop/later.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        let event = scene.created(key, &version);
        scene.summary(&event).await;
        for _ in 0..2 {
            let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
            assert_eq!(report["unchanged"], 1, "{report}");
        }
        scene.acm_proxy.set_rule(|call| {
            if call.region == OTHER_REGION {
                Deed::Refuse(DENIED)
            } else {
                Deed::Pass
            }
        });
        scene.fault(&event).await;
        let fault = &scene.stored("later.example.com").await["targets"][OTHER_REGION]["fault"];
        assert!(fault.is_string(), "{fault}");

        scene.acm_proxy.set_rule(|_| Deed::Pass);
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(
            report["worked_on"]["later.example.com"], "retry",
            "{report}"
        );
        let summary = scene.stored("later.example.com").await;
        let there = &summary["targets"][OTHER_REGION];
        assert_eq!(there["outcome"], "unchanged", "{summary}");
    });
}

#[test]
fn a_region_that_failed_gets_the_version_before_a_broken_one() {
    run_with(&[TWO_REGIONS], async |scene| {
        let (first, renewed) = pair("behind.example.com");
        let key = "drop/behind.example.com.pem";
        scene.drop_bundle(key, &first.bundle()).await;
        refuse_there(scene, "acm:ImportCertificate");
        let version = scene.put(key, &renewed.bundle()).await;
        scene.fault(&scene.created(key, &version)).await;
        let broken = scene.drop_bundle(key, &renewed.certificate).await;
        assert_eq!(broken["outcome"], "rejected", "{broken}");

        scene.acm_proxy.set_rule(|_| Deed::Pass);
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(
            report["earlier"]["behind.example.com"], "replaced",
            "{report}"
        );
        for region in [REGION, OTHER_REGION] {
            let arns = scene
                .certificates_of_bundle_in(region, "behind.example.com")
                .await;
            assert_eq!(arns.len(), 1, "{region}");
            assert_eq!(scene.serial(&arns[0]).await, renewed.serial, "{region}");
        }
    });
}

#[test]
fn a_broken_version_names_what_a_region_got_late() {
    run_with(&[TWO_REGIONS], async |scene| {
        let (first, _) = pair("named.example.com");
        let key = "drop/named.example.com.pem";
        refuse_there(scene, "acm:ImportCertificate");
        let version = scene.put(key, &first.bundle()).await;
        scene.fault(&scene.created(key, &version)).await;
        scene.drop_bundle(key, &first.certificate).await;
        scene.acm_proxy.set_rule(|_| Deed::Pass);
        scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        let there = scene
            .certificates_of_bundle_in(OTHER_REGION, "named.example.com")
            .await;
        let tags = scene.object_tags(key).await;
        assert_eq!(tags["certdrop:outcome"], "rejected");
        assert_eq!(tags.get(OTHER_TAG), there.first(), "{tags:?}");
    });
}

#[test]
fn a_region_that_keeps_silent_leaves_the_others_their_time() {
    run_with(&[TWO_REGIONS], async |scene| {
        let (first, _) = pair("silent.example.com");
        let key = "drop/silent.example.com.pem";
        scene.acm_proxy.set_rule(|call| {
            if call.region == OTHER_REGION {
                Deed::Hang
            } else {
                Deed::Pass
            }
        });
        let version = scene.put(key, &first.bundle()).await;
        let (kind, message) = scene.fault(&scene.created(key, &version)).await;
        assert_eq!(kind, "Transient", "{message}");
        assert!(message.contains("in us-east-1:"), "{message}");
        let home = scene.object_tags(key).await["certdrop:certificate-arn"].clone();
        assert_eq!(scene.serial(&home).await, first.serial);
        assert!(scene.keys("leases/").await.is_empty());
    });
}

#[test]
fn a_replacement_that_one_region_would_refuse_is_rejected_there_alone() {
    run_with(&[TWO_REGIONS, ADOPTION, TOPIC], async |scene| {
        scene.make_topic("notices").await;
        let authority = Authority::new();
        let order = |age| Order::new("kinds.example.com", Duration::days(age));
        // In the other region lies one with another kind of key, handed over by a tag.
        let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key");
        let old = authority.issue_for(&order(3), &p384);
        let there = scene.acm_in(OTHER_REGION);
        let foreign = scene.import_by_hand_in(&there, &old).await;
        let key = "drop/kinds.example.com.pem";
        let version = scene.put(key, &authority.issue(&order(1)).bundle()).await;
        scene.tag_object(key, &[(OTHER_TAG, &foreign)]).await;
        let summary = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(summary["outcome"], "rejected", "{summary}");
        assert_eq!(summary["targets"][REGION]["outcome"], "imported");
        assert_eq!(summary["targets"][OTHER_REGION]["outcome"], "rejected");
        let finding = &summary["findings"][0];
        assert_eq!(finding["code"], "reimport-key-changed");
        assert_eq!(finding["target"], OTHER_REGION);
        assert_eq!(scene.serial(&foreign).await, old.serial);
        let told = &notices(scene)[0];
        assert!(told.subject.ends_with("REJECTED"), "{}", told.subject);
        assert!(
            told.prose
                .contains("Error reimport-key-changed in us-east-1:"),
            "{}",
            told.prose
        );
    });
}

#[test]
fn a_certificate_of_another_region_is_adopted_by_a_tag() {
    run_with(&[TWO_REGIONS, ADOPTION], async |scene| {
        let (old, new) = pair("adopt.example.com");
        let there = scene.acm_in(OTHER_REGION);
        let foreign = scene.import_by_hand_in(&there, &old).await;
        let key = "drop/adopt.example.com.pem";
        let version = scene.put(key, &new.bundle()).await;
        // The ARN tells the region, whatever the tag is called.
        scene
            .tag_object(key, &[("certdrop:certificate-arn", &foreign)])
            .await;
        let summary = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(
            summary["targets"][REGION]["outcome"], "imported",
            "{summary}"
        );
        assert_eq!(summary["targets"][OTHER_REGION]["outcome"], "replaced");
        assert_eq!(scene.serial(&foreign).await, new.serial);
        let tags = scene.object_tags(key).await;
        assert_eq!(tags[OTHER_TAG], foreign);
        assert_eq!(tags["certdrop:certificate-arn"], arn(&summary, REGION));
    });
}

#[test]
fn a_tag_that_names_a_region_that_is_not_served_makes_no_second_certificate() {
    run(async |scene| {
        let (old, new) = pair("elsewhere.example.com");
        let there = scene.acm_in(OTHER_REGION);
        let foreign = scene.import_by_hand_in(&there, &old).await;
        let key = "drop/elsewhere.example.com.pem";
        let version = scene.put(key, &new.bundle()).await;
        scene
            .tag_object(key, &[("certdrop:certificate-arn", &foreign)])
            .await;
        let (kind, message) = scene.fault(&scene.created(key, &version)).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains("goes to no target in us-east-1 of account 123456789012"),
            "{message}"
        );
        assert!(message.contains("CERTDROP_REGIONS"), "{message}");
        assert!(
            scene
                .certificates_for("elsewhere.example.com")
                .await
                .is_empty()
        );
    });
}

#[test]
fn a_region_that_the_template_does_not_name_is_not_reached() {
    run(async |scene| {
        let function = scene.another_function_with(&[TWO_REGIONS]).await;
        let (first, _) = pair("unnamed.example.com");
        let key = "drop/unnamed.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        let answer = function.invoke(&scene.created(key, &version)).await;
        let error = format!("{:?}", answer.expect_err("us-east-1 is denied"));
        assert!(
            error.contains("in us-east-1") && error.contains("AccessDenied"),
            "{error}"
        );
    });
}

#[test]
fn a_region_that_is_added_later_gets_every_bundle_by_the_next_sweep() {
    run_with(&[TWO_REGIONS], async |scene| {
        let before = scene
            .another_function_with(&[("CERTDROP_REGIONS", "")])
            .await;
        let (first, _) = pair("later.example.com");
        let key = "drop/later.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        for event in [scene.created(key, &version), json!({"sweep": {}})] {
            before.invoke(&event).await.expect("it succeeds");
        }
        assert_eq!(imports(scene), [REGION]);

        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(
            report["worked_on"]["later.example.com"], "target-added",
            "{report}"
        );
        assert_eq!(imports(scene), [REGION, OTHER_REGION]);
        let page = scene.read("summaries/status.html").await;
        assert!(page.contains(REGION) && page.contains(OTHER_REGION));
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(report["unchanged"], 1, "{report}");

        // Somebody deletes it there by hand: it comes back there, and only there.
        let other = scene.object_tags(key).await[OTHER_TAG].clone();
        let there = scene.acm_in(OTHER_REGION);
        there
            .delete_certificate()
            .certificate_arn(&other)
            .send()
            .await
            .expect("it goes");
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(
            report["worked_on"]["later.example.com"], "certificate-gone",
            "{report}"
        );
        assert_eq!(imports(scene), [REGION, OTHER_REGION, OTHER_REGION]);
        assert_ne!(scene.object_tags(key).await[OTHER_TAG], other);
    });
}

#[test]
fn a_sweep_goes_on_where_a_region_cannot_be_listed_and_says_so() {
    run_with(&[TWO_REGIONS], async |scene| {
        let (first, _) = pair("swept.example.com");
        let key = "drop/swept.example.com.pem";
        scene.put(key, &first.bundle()).await;
        refuse_there(scene, "acm:SearchCertificates");
        let (kind, message) = scene.fault(&json!({"sweep": {}})).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains("us-east-1: acm:SearchCertificates"),
            "{message}"
        );
        let home = scene.object_tags(key).await["certdrop:certificate-arn"].clone();
        assert_eq!(scene.serial(&home).await, first.serial);
        assert_eq!(imports(scene), [REGION]);

        scene.acm_proxy.set_rule(|_| Deed::Pass);
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        assert_eq!(
            report["outcomes"]["swept.example.com"], "imported",
            "{report}"
        );
        assert_eq!(imports(scene), [REGION, OTHER_REGION]);
    });
}
