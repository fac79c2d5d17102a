//! Targets that get other names: the records follow.

use serde_json::{Value, json};
use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::{OTHER_REGION, Scene, TARGETS, run_with};
use certdrop_test_support::stage::{EXTERNAL_ID, REGION, ROLE};

/// Two regions of another account, called so.
fn document(one: &str, other: &str) -> Value {
    let target = |name: &str, region: &str| json!({"name": name, "region": region, "role": ROLE, "external_id": EXTERNAL_ID});
    json!({
        "targets": [target(one, REGION), target(other, OTHER_REGION)],
        "default": [REGION, one, other],
    })
}

/// What the parameter of the target with this name says.
async fn recorded(scene: &Scene, target: &str) -> Value {
    let path = format!("/renamed.example.com/certificate-arn/{target}");
    json!(scene.parameter(&path).await)
}

#[test]
fn the_parameter_of_a_target_names_its_certificate_after_the_target_was_renamed() {
    run_with(&[TARGETS], async |scene| {
        let authority = Authority::new();
        let order = |age| Order::new("renamed.example.com", age * Duration::DAY);
        let [old, new] = [2, 1].map(|age| authority.issue(&order(age)));
        let key = "drop/renamed.example.com.pem";
        scene.declare(&document("payments", "edge")).await;
        let imported = scene.drop_bundle(key, &old.bundle()).await;
        let arn = |target: &str| imported["targets"][target]["certificate_arn"].clone();
        assert_eq!(recorded(scene, "payments").await, arn("payments"));

        scene.declare(&document("billing", "edge")).await;
        let report = scene.invoke(&json!({"sweep": {}})).await.expect("a report");
        let worked_on = &report["worked_on"]["renamed.example.com"];
        assert_eq!(worked_on, "target-added", "{report}");
        assert_eq!(recorded(scene, "billing").await, arn("payments"));

        // Each has the other's name now.
        scene.declare(&document("edge", "billing")).await;
        let replaced = scene.drop_bundle(key, &new.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        assert_eq!(recorded(scene, "edge").await, arn("payments"));
        assert_eq!(recorded(scene, "billing").await, arn("edge"));
    });
}

#[test]
fn a_sweep_finds_targets_whose_names_mean_other_places_now() {
    run_with(&[TARGETS], async |scene| {
        let authority = Authority::new();
        let issued = authority.issue(&Order::new("renamed.example.com", Duration::DAY));
        scene.declare(&document("payments", "edge")).await;
        let imported = scene
            .drop_bundle("drop/renamed.example.com.pem", &issued.bundle())
            .await;
        let arn = |target: &str| imported["targets"][target]["certificate_arn"].clone();
        let sweep = json!({"sweep": {}});
        let report = scene.invoke(&sweep).await.expect("a report");
        assert_eq!(report["unchanged"], 1, "{report}");

        // Each has the other's name.
        scene.declare(&document("edge", "payments")).await;
        let report = scene.invoke(&sweep).await.expect("a report");
        let worked_on = &report["worked_on"]["renamed.example.com"];
        assert_eq!(worked_on, "target-added", "{report}");
        assert_eq!(recorded(scene, "payments").await, arn("edge"));
        assert_eq!(recorded(scene, "edge").await, arn("payments"));

        // A region that there was none in before.
        let mut moved = document("edge", "payments");
        moved["targets"][1]["region"] = json!("eu-many-1");
        scene.declare(&moved).await;
        let report = scene.invoke(&sweep).await.expect("a report");
        let outcome = &report["outcomes"]["renamed.example.com"];
        assert_eq!(outcome, "imported", "{report}");
        let acm = scene.acm_of_other_account("eu-many-1");
        let there = scene.certificates_in(&acm, "renamed.example.com").await;
        assert_eq!(json!(there), json!([recorded(scene, "payments").await]));
        let report = scene.invoke(&sweep).await.expect("a report");
        assert_eq!(report["unchanged"], 1, "{report}");
    });
}
