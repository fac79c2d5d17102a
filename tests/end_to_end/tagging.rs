//! The operator's own tags on certificates.

use std::collections::BTreeMap;

use aws_sdk_acm::types::Tag;
use serde_json::{Value, json};
use time::Duration;

use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::proxy::{DENIED, Deed, Refusal, UNAVAILABLE};
use certdrop_test_support::runtime_api::Function;
use certdrop_test_support::scene::{
    ADOPTION, OTHER_REGION, Scene, TARGETS, TWO_REGIONS, run, run_with,
};
use certdrop_test_support::stage::{EXTERNAL_ID, REGION, ROLE};

const ADD: &str = "acm:AddTagsToCertificate";
const REMOVE: &str = "acm:RemoveTagsFromCertificate";

/// Two tags that every certificate gets.
const TAGS: (&str, &str) = ("CERTDROP_CERTIFICATE_TAGS", "team=payments,cost-center=42");
/// A key that uploaders may set.
const UPLOADERS: (&str, &str) = ("CERTDROP_UPLOADER_TAG_KEYS", "owner");

/// Certificates for `name`, each newer than the one before.
fn renewals<const COUNT: usize>(name: &str) -> [Issued; COUNT] {
    let authority = Authority::new();
    let mut age = Duration::days(30);
    [(); COUNT].map(|()| {
        age -= Duration::DAY;
        authority.issue(&Order::new(name, age))
    })
}

/// A certificate's tags, without those that say whose it is.
async fn tags_in(acm: &aws_sdk_acm::Client, arn: &str) -> BTreeMap<String, String> {
    let call = acm.list_tags_for_certificate().certificate_arn(arn);
    let tags = call.send().await.expect("tags").tags.unwrap_or_default();
    let tags = tags.into_iter().filter(|tag| {
        let key = tag.key();
        key != "certdrop:managed" && key != "certdrop:bundle"
    });
    tags.map(|tag| (tag.key, tag.value.unwrap_or_default()))
        .collect()
}

async fn tags(scene: &Scene, arn: &str) -> BTreeMap<String, String> {
    tags_in(&scene.acm, arn).await
}

fn expected(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(pair).collect()
}

/// A person tags the certificate past certdrop.
async fn tag_by_hand(scene: &Scene, arn: &str, pairs: &[(&str, &str)]) {
    let mut call = scene.acm.add_tags_to_certificate().certificate_arn(arn);
    for (key, value) in pairs {
        let tag = Tag::builder().key(*key).value(*value).build();
        call = call.tags(tag.expect("a tag"));
    }
    call.send().await.expect("the tags are taken");
}

/// Uploads with tags: the one summary that comes of it.
async fn drop_tagged(scene: &Scene, key: &str, issued: &Issued, tags: &[(&str, &str)]) -> Value {
    let version = scene.put(key, &issued.bundle()).await;
    scene.tag_object(key, tags).await;
    scene.summary(&scene.created(key, &version)).await
}

fn arn(summary: &Value) -> String {
    let arn = summary["certificate_arn"].as_str();
    arn.unwrap_or_else(|| panic!("{summary}")).to_owned()
}

fn codes(summary: &Value) -> Vec<&str> {
    let findings = summary["findings"].as_array().expect("findings").iter();
    let codes = findings.filter_map(|finding| finding["code"].as_str());
    codes.filter(|code| *code != "issuer-unknown").collect()
}

fn count(scene: &Scene, operation: &str) -> usize {
    let calls = scene.acm_proxy.calls();
    let of_it = calls.iter().filter(|call| call.operation == operation);
    of_it.count()
}

async fn sweep(function: &Function) -> Value {
    let report = function.invoke(&json!({"sweep": {}})).await;
    report.expect("the function succeeds")
}

#[test]
fn a_first_import_carries_the_tags_so_that_no_certificate_is_ever_without() {
    run_with(&[TAGS, UPLOADERS], async |scene| {
        let [first] = renewals("first.example.com");
        let key = "drop/first.example.com.pem";
        let of_object = [("acm:owner", "ann"), ("project", "not for ACM")];
        let imported = drop_tagged(scene, key, &first, &of_object).await;
        assert_eq!(imported["outcome"], "imported", "{imported}");
        assert_eq!(codes(&imported), [""; 0]);
        assert_eq!(
            tags(scene, &arn(&imported)).await,
            expected(&[
                ("team", "payments"),
                ("cost-center", "42"),
                ("owner", "ann"),
                ("certdrop:own-tags", "cost-center+owner+team"),
            ])
        );
        assert_eq!((count(scene, ADD), count(scene, REMOVE)), (0, 0));
    });
}

#[test]
fn without_settings_a_certificate_gets_no_tags_beside_those_that_say_whose_it_is() {
    run(async |scene| {
        let [first, renewed] = renewals("plain.example.com");
        let key = "drop/plain.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        assert_eq!(imported["tag_settings"], Value::Null);
        let replaced = drop_tagged(scene, key, &renewed, &[("acm:owner", "ann")]).await;
        assert_eq!(replaced["outcome"], "replaced");
        assert_eq!(codes(&replaced), ["tag-not-allowed"]);
        assert_eq!(tags(scene, &arn(&replaced)).await, BTreeMap::new());
    });
}

#[test]
fn a_re_import_brings_tags_in_line_and_leaves_those_of_people_alone() {
    run_with(&[TAGS, UPLOADERS], async |scene| {
        let [first, second, third] = renewals("again.example.com");
        let key = "drop/again.example.com.pem";
        let imported = drop_tagged(scene, key, &first, &[("acm:owner", "ann")]).await;
        let arn = arn(&imported);
        tag_by_hand(scene, &arn, &[("note", "by hand")]).await;

        let replaced = drop_tagged(scene, key, &second, &[("acm:owner", "bob")]).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        assert_eq!(codes(&replaced), [""; 0]);
        let mut all = expected(&[
            ("team", "payments"),
            ("cost-center", "42"),
            ("owner", "bob"),
            ("note", "by hand"),
            ("certdrop:own-tags", "cost-center+owner+team"),
        ]);
        assert_eq!(tags(scene, &arn).await, all);

        let replaced = scene.drop_bundle(key, &third.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        all.remove("owner");
        all.insert(
            "certdrop:own-tags".to_owned(),
            "cost-center+team".to_owned(),
        );
        assert_eq!(tags(scene, &arn).await, all);

        // Where all is in line no call is made.
        scene.forget_calls();
        let unchanged = scene.drop_bundle(key, &third.bundle()).await;
        assert_eq!(unchanged["outcome"], "unchanged");
        assert_eq!((count(scene, ADD), count(scene, REMOVE)), (0, 0));
        assert_eq!(count(scene, "acm:ListTagsForCertificate"), 1);
    });
}

#[test]
fn a_person_s_tag_of_the_same_key_stays_and_is_told() {
    run_with(&[TAGS, UPLOADERS], async |scene| {
        let [first, renewed] = renewals("others.example.com");
        let key = "drop/others.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        let arn = arn(&imported);
        tag_by_hand(scene, &arn, &[("owner", "carol"), ("team", "sales")]).await;

        let replaced = drop_tagged(scene, key, &renewed, &[("acm:owner", "ann")]).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        assert_eq!(codes(&replaced), ["tag-of-others"]);
        let finding = replaced["findings"].as_array().and_then(|findings| {
            let mut findings = findings.iter();
            findings.find(|finding| finding["code"] == "tag-of-others")
        });
        let message = finding.and_then(|finding| finding["message"].as_str());
        assert!(
            message.is_some_and(|message| message.contains("`owner`")),
            "{replaced}"
        );
        let there = tags(scene, &arn).await;
        assert_eq!(there["owner"], "carol");
        assert_eq!(
            there["team"], "payments",
            "a tag that certdrop set is certdrop's"
        );
        assert_eq!(there["certdrop:own-tags"], "cost-center+team");
    });
}

#[test]
fn a_tag_that_may_not_be_set_is_told_and_stops_no_import() {
    run_with(&[TAGS, UPLOADERS], async |scene| {
        let [first, renewed] = renewals("forbidden.example.com");
        let key = "drop/forbidden.example.com.pem";
        let of_object = [
            ("acm:team", "sales"),
            ("acm:certdrop:managed", "false"),
            ("acm:owner", "aws:ann"),
        ];
        for issued in [&first, &renewed] {
            let summary = drop_tagged(scene, key, issued, &of_object).await;
            assert_eq!(
                codes(&summary),
                ["tag-not-allowed", "tag-invalid", "tag-not-allowed"]
            );
            let arn = arn(&summary);
            assert_eq!(scene.serial(&arn).await, issued.serial);
            assert_eq!(
                tags(scene, &arn).await,
                expected(&[
                    ("team", "payments"),
                    ("cost-center", "42"),
                    ("certdrop:own-tags", "cost-center+team"),
                ])
            );
        }
    });
}

#[test]
fn changed_settings_reach_every_certificate_by_the_next_sweep() {
    run_with(&[TAGS], async |scene| {
        let names = ["a.example.com", "b.example.com"];
        let mut arns = Vec::new();
        for name in names {
            let [issued] = renewals(name);
            let key = format!("drop/{name}.pem");
            let imported = scene.drop_bundle(&key, &issued.bundle()).await;
            arns.push(arn(&imported));
        }
        let report = sweep(&scene.function).await;
        assert_eq!(report["unchanged"], 2, "{report}");

        let changed = [
            ("CERTDROP_CERTIFICATE_TAGS", "team=platform,env=prod"),
            ("CERTDROP_FORMER_TAG_KEYS", "cost-center"),
        ];
        let function = scene.redeployed_with(&changed).await;
        scene.forget_calls();
        let report = sweep(&function).await;
        for (name, arn) in names.iter().zip(&arns) {
            assert_eq!(report["worked_on"][*name], "tags-changed", "{report}");
            assert_eq!(report["outcomes"][*name], "unchanged", "{report}");
            assert_eq!(
                tags(scene, arn).await,
                expected(&[
                    ("team", "platform"),
                    ("env", "prod"),
                    ("certdrop:own-tags", "env+team"),
                ])
            );
        }
        assert_eq!((count(scene, ADD), count(scene, REMOVE)), (2, 2));

        for _ in 0..2 {
            scene.forget_calls();
            let report = sweep(&function).await;
            assert_eq!(report["unchanged"], 2, "{report}");
            assert_eq!(count(scene, "acm:ListTagsForCertificate"), 0);
        }
    });
}

#[test]
fn a_key_that_no_setting_names_any_more_is_told_and_left() {
    run_with(&[TAGS], async |scene| {
        let [first, renewed] = renewals("left.example.com");
        let key = "drop/left.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        let arn = arn(&imported);
        let fewer = [("CERTDROP_CERTIFICATE_TAGS", "team=payments")];
        let function = scene.redeployed_with(&fewer).await;
        let version = scene.put(key, &renewed.bundle()).await;
        let answer = function.invoke(&scene.created(key, &version)).await;
        let summary = &answer.expect("it succeeds")["summaries"][0];
        assert_eq!(summary["outcome"], "replaced", "{summary}");
        assert_eq!(codes(summary), ["tag-left"]);
        assert_eq!(tags(scene, &arn).await["cost-center"], "42");

        let former = [fewer[0], ("CERTDROP_FORMER_TAG_KEYS", "cost-center")];
        let function = scene.redeployed_with(&former).await;
        let report = sweep(&function).await;
        assert_eq!(
            report["worked_on"]["left.example.com"], "tags-changed",
            "{report}"
        );
        assert_eq!(
            tags(scene, &arn).await,
            expected(&[("team", "payments"), ("certdrop:own-tags", "team")])
        );
    });
}

#[test]
fn where_tagging_is_denied_the_import_is_told_and_the_tags_follow() {
    run_with(&[TAGS, UPLOADERS], async |scene| {
        let [first, renewed] = renewals("denied.example.com");
        let key = "drop/denied.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        let arn = arn(&imported);
        scene
            .acm_proxy
            .set_rule(|call| match call.operation.as_str() {
                ADD => Deed::Refuse(DENIED),
                _ => Deed::Pass,
            });
        scene.forget_calls();
        let version = scene.put(key, &renewed.bundle()).await;
        scene.tag_object(key, &[("acm:owner", "ann")]).await;
        let event = scene.created(key, &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp", "{message}");
        assert!(message.contains(ADD), "{message}");

        // The certificate is served, and recorded.
        assert_eq!(scene.serial(&arn).await, renewed.serial);
        let recorded = scene.object_tags(key).await;
        assert_eq!(recorded["certdrop:outcome"], "replaced");
        assert_eq!(recorded["certdrop:certificate-arn"], arn);
        let summary = stored_summary(scene, "denied.example.com", &version).await;
        assert_eq!(summary["outcome"], "replaced");
        assert_eq!(codes(&summary), ["tags-not-set"]);
        assert!(!tags(scene, &arn).await.contains_key("owner"));

        // Its event comes again, and so does the sweep, until the permission is there. Nothing is imported again.
        let (kind, _) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        let report = sweep(&scene.function).await;
        assert_eq!(
            report["worked_on"]["denied.example.com"], "retry",
            "{report}"
        );
        assert!(
            report["unfinished"]["denied.example.com"]
                .as_str()
                .is_some_and(|fault| fault.contains(ADD)),
            "{report}"
        );
        scene.acm_proxy.set_rule(|_| Deed::Pass);
        let report = sweep(&scene.function).await;
        assert_eq!(
            report["worked_on"]["denied.example.com"], "retry",
            "{report}"
        );
        assert_eq!(
            report["outcomes"]["denied.example.com"], "unchanged",
            "{report}"
        );
        assert_eq!(tags(scene, &arn).await["owner"], "ann");
        assert_eq!(count(scene, "acm:ImportCertificate"), 1);
        assert_eq!(sweep(&scene.function).await["unchanged"], 1);
    });
}

/// The bundle's summary about this version.
async fn stored_summary(scene: &Scene, bundle: &str, version: &str) -> Value {
    for key in scene.keys(&format!("summaries/{bundle}/")).await {
        let summary: Value = serde_json::from_str(&scene.read(&key).await).expect("JSON");
        if summary["object"]["version_id"] == version {
            return summary;
        }
    }
    panic!("no summary of {version}");
}

#[test]
fn what_broke_off_between_two_calls_is_finished_and_nobody_else_s_tag_is_touched() {
    run_with(&[TAGS, UPLOADERS], async |scene| {
        let [first, renewed] = renewals("broken.example.com");
        let key = "drop/broken.example.com.pem";
        let imported = drop_tagged(scene, key, &first, &[("acm:owner", "ann")]).await;
        let arn = arn(&imported);
        scene
            .acm_proxy
            .set_rule(|call| match call.operation.as_str() {
                ADD => Deed::Refuse(UNAVAILABLE),
                _ => Deed::Pass,
            });
        let version = scene.put(key, &renewed.bundle()).await;
        let event = scene.created(key, &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "Transient", "{message}");
        let between = tags(scene, &arn).await;
        assert!(!between.contains_key("owner"), "the first call took effect");
        assert_eq!(between["certdrop:own-tags"], "cost-center+owner+team");

        scene.acm_proxy.set_rule(|_| Deed::Pass);
        let summary = scene.deliver_one(&event).await;
        assert_eq!(summary["outcome"], "unchanged", "{summary}");
        assert_eq!(codes(&summary), [""; 0]);
        let after = tags(scene, &arn).await;
        assert_eq!(after["certdrop:own-tags"], "cost-center+team");
        assert!(!after.contains_key("owner"));

        // From now on the key is free for others.
        tag_by_hand(scene, &arn, &[("owner", "carol")]).await;
        scene.deliver_one(&event).await;
        assert_eq!(tags(scene, &arn).await["owner"], "carol");
    });
}

#[test]
fn a_certificate_with_fifty_tags_is_renewed_and_what_does_not_fit_is_told() {
    run_with(&[TAGS], async |scene| {
        let [first, renewed] = renewals("full.example.com");
        let arn = {
            let none = ("CERTDROP_CERTIFICATE_TAGS", "");
            let function = scene.redeployed_with(&[none]).await;
            let key = "drop/full.example.com.pem";
            let version = scene.put(key, &first.bundle()).await;
            let answer = function.invoke(&scene.created(key, &version)).await;
            arn(&answer.expect("it succeeds")["summaries"][0])
        };
        // With certdrop's two marks: room for one tag and the record of it.
        let strangers: Vec<_> = (0..46).map(|number| format!("stranger-{number}")).collect();
        let strangers: Vec<_> = strangers.iter().map(|key| (key.as_str(), "x")).collect();
        tag_by_hand(scene, &arn, &strangers).await;

        let function = scene.redeployed_with(&[TAGS]).await;
        let key = "drop/full.example.com.pem";
        let version = scene.put(key, &renewed.bundle()).await;
        let answer = function.invoke(&scene.created(key, &version)).await;
        let summary = &answer.expect("it succeeds")["summaries"][0];
        assert_eq!(summary["outcome"], "replaced", "{summary}");
        assert_eq!(codes(summary), ["certificate-tags-full"]);
        assert_eq!(scene.serial(&arn).await, renewed.serial);
        let there = tags(scene, &arn).await;
        assert_eq!(there.len(), 48);
        assert_eq!(there["cost-center"], "42");
        assert_eq!(there["certdrop:own-tags"], "cost-center");
    });
}

#[test]
fn an_adopted_certificate_gets_the_tags_and_keeps_its_own() {
    run_with(&[ADOPTION, TAGS], async |scene| {
        let [by_hand, renewed] = renewals("adopted.example.com");
        let arn = scene.import_by_hand(&by_hand).await;
        tag_by_hand(scene, &arn, &[("team", "sales"), ("note", "by hand")]).await;
        let key = "drop/adopted.example.com.pem";
        let summary =
            drop_tagged(scene, key, &renewed, &[("certdrop:certificate-arn", &arn)]).await;
        assert_eq!(summary["outcome"], "replaced", "{summary}");
        assert_eq!(codes(&summary), ["tag-of-others"]);
        assert_eq!(
            tags(scene, &arn).await,
            expected(&[
                ("team", "sales"),
                ("note", "by hand"),
                ("cost-center", "42"),
                ("certdrop:own-tags", "cost-center"),
            ])
        );
    });
}

#[test]
fn each_region_is_tagged_by_itself_and_a_fault_names_the_region() {
    run_with(&[TWO_REGIONS, TAGS, UPLOADERS], async |scene| {
        let [first, renewed] = renewals("regions.example.com");
        let key = "drop/regions.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        let home = arn(&imported);
        let other = arn(&imported["targets"][OTHER_REGION]);
        let there = scene.acm_in(OTHER_REGION);
        assert_eq!(tags(scene, &home).await, tags_in(&there, &other).await);

        scene.acm_proxy.set_rule(|call| {
            if call.operation == ADD && call.region == OTHER_REGION {
                Deed::Refuse(DENIED)
            } else {
                Deed::Pass
            }
        });
        let version = scene.put(key, &renewed.bundle()).await;
        scene.tag_object(key, &[("acm:owner", "ann")]).await;
        let event = scene.created(key, &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains(&format!("in {OTHER_REGION}: {ADD}")),
            "{message}"
        );
        assert_eq!(tags(scene, &home).await["owner"], "ann");
        let summary = stored_summary(scene, "regions.example.com", &version).await;
        let told = summary["findings"].as_array().expect("findings").iter();
        let told: Vec<_> = told
            .filter(|finding| finding["code"] == "tags-not-set")
            .map(|finding| &finding["target"])
            .collect();
        assert_eq!(told, [OTHER_REGION]);

        scene.acm_proxy.set_rule(|_| Deed::Pass);
        scene.deliver_one(&event).await;
        assert_eq!(tags_in(&there, &other).await["owner"], "ann");
    });
}

#[test]
fn a_certificate_in_another_account_is_tagged_as_its_role_allows() {
    run_with(&[TARGETS, TAGS, UPLOADERS], async |scene| {
        let target =
            json!({"name": "payments", "region": REGION, "role": ROLE, "external_id": EXTERNAL_ID});
        scene
            .declare(&json!({"targets": [target], "default": ["payments"]}))
            .await;
        let [first, renewed] = renewals("abroad.example.com");
        let key = "drop/abroad.example.com.pem";
        let there = scene.acm_of_other_account(REGION);
        let mut all = expected(&[("team", "payments"), ("cost-center", "42")]);
        for (issued, owner, record) in [
            (&first, Some("ann"), "cost-center+owner+team"),
            (&renewed, None, "cost-center+team"),
        ] {
            let of_object: Vec<_> = owner.iter().map(|owner| ("acm:owner", *owner)).collect();
            let summary = drop_tagged(scene, key, issued, &of_object).await;
            let arn = arn(&summary["targets"]["payments"]);
            all.remove("owner");
            all.extend(owner.map(|owner| ("owner".to_owned(), owner.to_owned())));
            all.insert("certdrop:own-tags".to_owned(), record.to_owned());
            assert_eq!(tags_in(&there, &arn).await, all, "{summary}");
        }
        assert_eq!((count(scene, ADD), count(scene, REMOVE)), (1, 1));
    });
}

#[test]
fn a_tag_policy_that_refuses_the_tags_is_a_fault_of_the_set_up() {
    run_with(&[TAGS], async |scene| {
        let refusal = Refusal {
            status: 400,
            code: "TagPolicyException",
        };
        scene
            .acm_proxy
            .set_rule(move |call| match call.operation.as_str() {
                "acm:ImportCertificate" => Deed::Refuse(refusal),
                _ => Deed::Pass,
            });
        let [first] = renewals("policy.example.com");
        let key = "drop/policy.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        let event = scene.created(key, &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        assert!(
            message.contains("correct CERTDROP_CERTIFICATE_TAGS"),
            "{message}"
        );
        scene.acm_proxy.set_rule(|_| Deed::Pass);
        assert_eq!(scene.deliver_one(&event).await["outcome"], "imported");
    });
}
