//! Bundles that go to other accounts, each to the targets that are chosen for it.

use serde_json::{Value, json};
use time::Duration;

use crate::round_trips::count;
use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::proxy::{Deed, Refusal};
use certdrop_test_support::scene::{OTHER_REGION, Scene, TARGETS, TWO_REGIONS, run, run_with};
use certdrop_test_support::stage::{EXTERNAL_ID, OTHER_ACCOUNT, REGION, ROLE, role};

/// A target of the other account, in the stack's region.
const PAYMENTS: &str = "payments";
/// Another one of it, in the other region.
const EDGE: &str = "payments-edge";

fn target(name: &str, region: &str) -> Value {
    json!({"name": name, "region": region, "role": ROLE, "external_id": EXTERNAL_ID})
}

/// Every bundle goes home and to both targets of the other account, unless `more` says otherwise.
fn document(more: &[(&str, Value)]) -> Value {
    let mut document = json!({
        "targets": [target(PAYMENTS, REGION), target(EDGE, OTHER_REGION)],
        "default": [REGION, PAYMENTS, EDGE],
    });
    for (name, value) in more {
        document[name] = value.clone();
    }
    document
}

/// Certificates for `name`, each a day older than the one before.
fn certificates<const COUNT: usize>(name: &str) -> [Issued; COUNT] {
    let authority = Authority::new();
    let mut age = i64::try_from(COUNT).expect("few");
    [(); COUNT].map(|()| {
        age -= 1;
        authority.issue(&Order::new(name, Duration::days(age + 1)))
    })
}

fn arn(summary: &Value, target: &str) -> String {
    let arn = summary["targets"][target]["certificate_arn"].as_str();
    arn.unwrap_or_else(|| panic!("no ARN in {target}: {summary}"))
        .to_owned()
}

/// Each target's only certificate for `name` is the one that `summary` names, and is `issued`.
async fn serve_once(scene: &Scene, summary: &Value, name: &str, issued: &Issued) {
    let places = [
        (REGION, scene.acm.clone()),
        (PAYMENTS, scene.acm_of_other_account(REGION)),
        (EDGE, scene.acm_of_other_account(OTHER_REGION)),
    ];
    for (target, acm) in places {
        let arn = arn(summary, target);
        assert_eq!(
            scene.certificates_in(&acm, name).await,
            std::slice::from_ref(&arn),
            "{target}"
        );
        assert_eq!(scene.serial(&arn).await, issued.serial, "{target}");
    }
}

fn assumed(scene: &Scene) -> usize {
    let calls = scene.acm_proxy.calls().into_iter();
    calls
        .filter(|call| call.operation == "sts:AssumeRole")
        .count()
}

#[test]
fn a_bundle_is_served_and_renewed_in_another_account() {
    run_with(&[TARGETS], async |scene| {
        let [first, renewed] = certificates("pay.example.com");
        let key = "drop/pay.example.com.pem";
        scene.declare(&document(&[])).await;
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        assert_eq!(imported["outcome"], "imported", "{imported}");
        serve_once(scene, &imported, "pay.example.com", &first).await;
        for (target, region, account) in [
            (REGION, REGION, "123456789012"),
            (PAYMENTS, REGION, OTHER_ACCOUNT),
            (EDGE, OTHER_REGION, OTHER_ACCOUNT),
        ] {
            let arn = arn(&imported, target);
            assert!(
                arn.starts_with(&format!("arn:aws:acm:{region}:{account}:")),
                "{arn}"
            );
        }
        assert_eq!(imported["certificate_arn"], arn(&imported, REGION).as_str());

        // The home target's ARN is a tag; each target has a parameter.
        let tags = scene.object_tags(key).await;
        let named: Vec<_> = tags
            .keys()
            .filter(|name| name.starts_with("certdrop:"))
            .collect();
        assert_eq!(named, ["certdrop:certificate-arn", "certdrop:outcome"]);
        assert_eq!(tags["certdrop:certificate-arn"], arn(&imported, REGION));
        for (target, path) in [
            (REGION, "/pay.example.com/certificate-arn".to_owned()),
            (
                PAYMENTS,
                format!("/pay.example.com/certificate-arn/{PAYMENTS}"),
            ),
            (EDGE, format!("/pay.example.com/certificate-arn/{EDGE}")),
        ] {
            assert_eq!(
                scene.parameter(&path).await,
                Some(arn(&imported, target)),
                "{target}"
            );
        }

        let replaced = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        for target in [REGION, PAYMENTS, EDGE] {
            assert_eq!(arn(&replaced, target), arn(&imported, target), "{target}");
        }
        serve_once(scene, &replaced, "pay.example.com", &renewed).await;
        let unchanged = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(unchanged["outcome"], "unchanged", "{unchanged}");
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a report");
        assert_eq!(report["unchanged"], 1, "{report}");
    });
}

#[test]
fn a_role_is_assumed_once_with_its_external_id_and_again_before_it_ends() {
    run_with(&[TARGETS], async |scene| {
        let [first, renewed, third] = certificates("role.example.com");
        let key = "drop/role.example.com.pem";
        scene.declare(&document(&[])).await;
        scene.drop_bundle(key, &first.bundle()).await;
        assert_eq!(assumed(scene), 1, "two targets have this role");
        scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(assumed(scene), 1, "the credentials are good for an hour");
        let log = scene.journal().await;
        let assumptions: Vec<_> = log
            .iter()
            .filter(|entry| entry["operation"] == "AssumeRole")
            .collect();
        for entry in assumptions {
            assert_eq!(entry["assumption"]["external_id"], EXTERNAL_ID, "{entry}");
            assert_eq!(
                entry["assumption"]["session_name"], "certdrop-certdrop",
                "{entry}"
            );
        }

        // Less than the five minutes before its end, in which it is assumed anew.
        let short = role(&[("lifetime_ms", json!(299_000))]);
        scene.turn_knobs(&json!({"roles": {ROLE: short}})).await;
        let function = scene.another_function().await;
        let version = scene.put(key, &third.bundle()).await;
        let before = assumed(scene);
        let answer = function
            .invoke(&scene.created(key, &version))
            .await
            .expect("a summary");
        assert_eq!(answer["summaries"][0]["outcome"], "replaced", "{answer}");
        assert!(assumed(scene) > before + 2, "{}", assumed(scene));
    });
}

#[test]
fn a_role_that_cannot_be_assumed_holds_up_no_other_target() {
    run_with(&[TARGETS], async |scene| {
        let [first] = certificates("trust.example.com");
        let key = "drop/trust.example.com.pem";
        scene.declare(&document(&[])).await;
        let other_id = role(&[("external_id", json!("another"))]);
        scene.turn_knobs(&json!({"roles": {ROLE: other_id}})).await;
        let version = scene.put(key, &first.bundle()).await;
        let event = scene.created(key, &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        for part in [
            "in payments: sts:AssumeRole of arn:aws:iam::210987654321:role/certdrop failed: AccessDenied",
            "check that the role exists in account 210987654321, that its trust policy allows sts:AssumeRole to the function's role where sts:ExternalId is `certdrop-4711`",
            "TargetRoles",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(scene.certificates_for("trust.example.com").await.len(), 1);
        let stored = scene.stored("trust.example.com").await;
        assert_eq!(stored["targets"][REGION]["outcome"], "imported", "{stored}");
        assert!(stored["targets"][PAYMENTS]["fault"].is_string(), "{stored}");

        scene.turn_knobs(&json!({"roles": {ROLE: role(&[])}})).await;
        let healed = scene.deliver_one(&event).await;
        assert_eq!(healed["outcome"], "imported", "{healed}");
        serve_once(scene, &healed, "trust.example.com", &first).await;
    });
}

#[test]
fn what_the_role_lacks_is_told_and_a_session_that_is_refused_is_begun_anew() {
    run_with(&[TARGETS], async |scene| {
        let [first] = certificates("session.example.com");
        let key = "drop/session.example.com.pem";
        // One target alone has the role: another would assume it anew for its own calls.
        scene
            .declare(&document(&[("default", json!([REGION, EDGE]))]))
            .await;
        let version = scene.put(key, &first.bundle()).await;
        let event = scene.created(key, &version);
        for (code, told) in [
            (
                "AccessDeniedException",
                "allow the role arn:aws:iam::210987654321:role/certdrop to call acm:ImportCertificate here; compare with docs/targets/role.yaml",
            ),
            (
                "ExpiredTokenException",
                "in payments-edge: acm:ImportCertificate",
            ),
        ] {
            let before = assumed(scene);
            scene.acm_proxy.set_rule(move |call| {
                if call.operation == "acm:ImportCertificate" && call.region == OTHER_REGION {
                    Deed::Refuse(Refusal { status: 400, code })
                } else {
                    Deed::Pass
                }
            });
            let (kind, message) = scene.fault(&event).await;
            assert_eq!(kind, "SetUp");
            assert!(message.contains(told), "{message}");
            scene.acm_proxy.set_rule(|_| Deed::Pass);
            scene.leases_end().await;
            assert_eq!(assumed(scene), before + 1, "{code}");
        }
        let summary = scene.deliver_one(&event).await;
        assert_eq!(scene.serial(&arn(&summary, EDGE)).await, first.serial);
        let acm = scene.acm_of_other_account(OTHER_REGION);
        let there = scene.certificates_in(&acm, "session.example.com").await;
        assert_eq!(there.len(), 1, "{there:?}");
    });
}

#[test]
fn rules_and_the_tag_choose_the_targets() {
    run_with(&[TARGETS], async |scene| {
        let [old, new] = certificates("shop.example.com");
        let key = "drop/shop.example.com.pem";
        let rules = json!([{"bundles": "shop.*", "targets": [PAYMENTS, EDGE]}]);
        scene
            .declare(&document(&[("rules", rules), ("default", json!([REGION]))]))
            .await;
        let version = scene.put(key, &old.bundle()).await;
        scene.tag_object(key, &[("certdrop:targets", EDGE)]).await;
        let imported = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(imported["outcome"], "imported", "{imported}");
        assert_eq!(imported["targets_tag"], EDGE);
        assert_eq!(
            imported["certificate_arn"],
            Value::Null,
            "it does not go home"
        );
        let targets = imported["targets"].as_object().expect("targets");
        assert_eq!(targets.keys().collect::<Vec<_>>(), [EDGE]);
        assert_eq!(
            scene.certificates_for("shop.example.com").await,
            Vec::<String>::new()
        );

        // Not among what the rules allow: nothing changes, and the certificate there stays.
        let version = scene.put(key, &new.bundle()).await;
        scene
            .tag_object(key, &[("certdrop:targets", "eu-central-1 payments")])
            .await;
        let rejected = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(rejected["outcome"], "rejected", "{rejected}");
        let finding = &rejected["findings"][0];
        assert_eq!(finding["code"], "target-not-allowed");
        assert_eq!(
            finding["message"],
            "The object's tag names eu-central-1; the rules allow this bundle payments, payments-edge."
        );
        assert_eq!(scene.serial(&arn(&imported, EDGE)).await, old.serial);

        // The rules allow it now: the sweep sees that by itself.
        let rules = json!([{"bundles": "shop.*", "targets": [REGION, PAYMENTS]}]);
        scene
            .declare(&document(&[("rules", rules), ("default", json!([REGION]))]))
            .await;
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a report");
        assert_eq!(
            report["worked_on"]["shop.example.com"], "rules-changed",
            "{report}"
        );
        assert_eq!(
            report["outcomes"]["shop.example.com"], "imported",
            "{report}"
        );
        assert_eq!(scene.certificates_for("shop.example.com").await.len(), 1);
    });
}

#[test]
fn a_certificate_in_a_target_that_is_taken_away_stays_and_is_told_of() {
    run_with(&[TARGETS], async |scene| {
        let [old, new] = certificates("away.example.com");
        let key = "drop/away.example.com.pem";
        scene.declare(&document(&[])).await;
        let imported = scene.drop_bundle(key, &old.bundle()).await;
        let sweep = json!({"sweep": {}});
        scene.invoke(&sweep).await.expect("a report");

        // The rules no longer send it there.
        scene
            .declare(&document(&[("default", json!([REGION, EDGE]))]))
            .await;
        let report = scene.invoke(&sweep).await.expect("a report");
        assert_eq!(
            report["worked_on"]["away.example.com"], "target-removed",
            "{report}"
        );
        let left = arn(&imported, PAYMENTS);
        assert_eq!(
            report["left_out"]["away.example.com"],
            json!({PAYMENTS: left}),
            "{report}"
        );
        let stored = scene.stored("away.example.com").await;
        assert_eq!(stored["left_out"], json!({PAYMENTS: left}), "{stored}");
        let codes: Vec<_> = stored["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|finding| finding["code"].clone())
            .collect();
        assert!(codes.contains(&json!("target-removed")), "{stored}");
        let report = scene.invoke(&sweep).await.expect("a report");
        assert_eq!(report["unchanged"], 1, "{report}");

        // No longer a target at all.
        scene
            .declare(&json!({"targets": [target(EDGE, OTHER_REGION)], "default": [REGION, EDGE]}))
            .await;
        let replaced = scene.drop_bundle(key, &new.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        assert_eq!(scene.serial(&left).await, old.serial, "it is not renewed");
        let report = scene.invoke(&sweep).await.expect("a report");
        assert_eq!(
            report["left_out"]["away.example.com"],
            json!({PAYMENTS: left}),
            "{report}"
        );
        let page = scene.read("summaries/status.html").await;
        assert!(page.contains(&left), "the status page names it");

        // Back again: the same certificate is renewed.
        scene.declare(&document(&[])).await;
        let report = scene.invoke(&sweep).await.expect("a report");
        assert_eq!(
            report["worked_on"]["away.example.com"], "target-added",
            "{report}"
        );
        assert_eq!(report["left_out"], Value::Null, "{report}");
        assert_eq!(scene.serial(&left).await, new.serial);
        let acm = scene.acm_of_other_account(REGION);
        assert_eq!(
            scene.certificates_in(&acm, "away.example.com").await,
            [left.as_str()]
        );

        // Left out again, and then the bundle is deleted: all its certificates are told of.
        scene
            .declare(&document(&[("default", json!([REGION, EDGE]))]))
            .await;
        scene.invoke(&sweep).await.expect("a report");
        let call = scene.s3.delete_object().bucket(&scene.bucket).key(key);
        call.send().await.expect("a deletion");
        let report = scene.invoke(&sweep).await.expect("a report");
        let told = report["without_bundle"]["away.example.com"].as_array();
        assert_eq!(told.map(Vec::len), Some(3), "{report}");
        assert!(told.expect("ARNs").contains(&json!(left)), "{report}");
    });
}

#[test]
fn a_document_with_mistakes_stops_the_work_and_the_corrected_one_is_read_at_once() {
    run_with(&[TARGETS], async |scene| {
        let [first] = certificates("wrong.example.com");
        let key = "drop/wrong.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        let event = scene.created(key, &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains("targets.json is not there; upload it"),
            "{message}"
        );

        scene
            .declare(&document(&[
                ("default", json!(["nowhere"])),
                ("rules", json!([{"bundles": "*"}])),
            ]))
            .await;
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        for part in [
            "rule 1: missing field `targets`.",
            "`default`: `nowhere` is no target.",
            "certdrop targets FILE",
        ] {
            assert!(message.contains(part), "{message}");
        }
        scene.declare(&document(&[])).await;
        let summary = scene.deliver_one(&event).await;
        assert_eq!(summary["outcome"], "imported", "{summary}");
        serve_once(scene, &summary, "wrong.example.com", &first).await;
    });
}

#[test]
fn what_a_stack_with_regions_wrote_is_found_once_it_has_targets() {
    run_with(&[TARGETS, TWO_REGIONS], async |scene| {
        let [old, new] = certificates("upgrade.example.com");
        let key = "drop/upgrade.example.com.pem";
        let before = scene.another_function_with(&[(TARGETS.0, "")]).await;
        let version = scene.put(key, &old.bundle()).await;
        let answer = before
            .invoke(&scene.created(key, &version))
            .await
            .expect("a summary");
        let imported = answer["summaries"][0].clone();
        assert_eq!(imported["outcome"], "imported", "{imported}");

        scene
            .declare(&json!({"targets": [target(PAYMENTS, REGION)]}))
            .await;
        let replaced = scene.drop_bundle(key, &new.bundle()).await;
        for region in [REGION, OTHER_REGION] {
            assert_eq!(arn(&replaced, region), arn(&imported, region), "{region}");
            assert_eq!(
                scene
                    .certificates_in(&scene.acm_in(region), "upgrade.example.com")
                    .await
                    .len(),
                1
            );
            assert_eq!(scene.serial(&arn(&replaced, region)).await, new.serial);
        }
        let other = scene.acm_of_other_account(REGION);
        assert!(
            scene
                .certificates_in(&other, "upgrade.example.com")
                .await
                .is_empty(),
            "no rule sends it there"
        );
    });
}

#[test]
fn a_first_import_into_ten_targets_takes_one_round_trip_more_while_the_roles_are_not_assumed() {
    run_with(&[TARGETS], async |scene| {
        let authority = Authority::new();
        let names: Vec<_> = (1..10).map(|number| format!("many-{number}")).collect();
        let targets: Vec<_> = (1..10)
            .map(|number| target(&format!("many-{number}"), &format!("eu-many-{number}")))
            .collect();
        let all: Vec<_> = [REGION.to_owned()].into_iter().chain(names).collect();
        scene
            .declare(&json!({"targets": targets, "default": all}))
            .await;
        for (name, most) in [("cold.example.com", 6), ("warm.example.com", 5)] {
            let issued = authority.issue(&Order::new(name, Duration::DAY));
            let key = format!("drop/{name}.pem");
            let version = scene.put(&key, &issued.bundle()).await;
            let (summary, trips) = count(scene, &key, &version).await;
            assert_eq!(summary["outcome"], "imported", "{summary}");
            assert_eq!(
                summary["targets"].as_object().map(serde_json::Map::len),
                Some(10)
            );
            assert_eq!(trips.len(), most, "{name}: {trips:?}");
        }
    });
}

#[test]
fn a_hundred_targets_are_served_renewed_and_swept() {
    run_with(&[TARGETS], async |scene| {
        let [old, new] = certificates("hundred.example.com");
        let key = "drop/hundred.example.com.pem";
        let targets: Vec<_> = (1..100)
            .map(|number| target(&format!("many-{number}"), &format!("eu-many-{number}")))
            .collect();
        let names = (1..100).map(|number| format!("many-{number}"));
        let all: Vec<_> = [REGION.to_owned()].into_iter().chain(names).collect();
        scene
            .declare(&json!({"targets": targets, "default": all}))
            .await;
        let imported = scene.drop_bundle(key, &old.bundle()).await;
        assert_eq!(imported["outcome"], "imported");
        assert_eq!(
            imported["targets"].as_object().map(serde_json::Map::len),
            Some(100)
        );
        let replaced = scene.drop_bundle(key, &new.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced");
        for name in &all {
            assert_eq!(arn(&replaced, name), arn(&imported, name), "{name}");
            assert_eq!(
                scene.serial(&arn(&replaced, name)).await,
                new.serial,
                "{name}"
            );
        }
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a report");
        assert_eq!(report["unchanged"], 1, "{report}");
        assert_eq!(
            report["certificates"].as_object().map(serde_json::Map::len),
            Some(100)
        );
    });
}

/// Without a document nothing is asked for one.
#[test]
fn a_stack_without_targets_assumes_no_role_and_reads_no_document() {
    run(async |scene| {
        let [first] = certificates("plain.example.com");
        let summary = scene
            .drop_bundle("drop/plain.example.com.pem", &first.bundle())
            .await;
        assert_eq!(summary["targets"], Value::Null, "{summary}");
        assert_eq!(assumed(scene), 0);
        let calls = scene.services.calls();
        let asked = calls
            .iter()
            .filter(|call| call.operation == "ssm:GetParametersByPath");
        assert_eq!(asked.count(), 0);
    });
}
