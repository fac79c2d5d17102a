//! `certdrop drop` at work: the real tool under the policy that it prints, and the real function that
//! S3's events reach.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::command_line::{Person, Said, bad_and_good, issue};
use crate::regions::DENIED;
use certdrop_test_support::policy::Policy;
use certdrop_test_support::proxy::{Deed, Gate};
use certdrop_test_support::scene::{OTHER_REGION, Scene, TWO_REGIONS, run, run_with};
use certdrop_test_support::stage::{ACCOUNT, REGION};

fn key_arn() -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012")
}

/// The policy that is printed with these options, for somebody who may read the settings of stacks.
async fn printed(scene: &Scene, options: &[&str]) -> Policy {
    let settings = json!({
        "Sid": "Settings", "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*",
    });
    let administrator = Policy::of_statements(&[settings], &scene.bucket, &scene.acm_endpoint);
    let person = Person::with_rights(scene, administrator).await;
    let arguments = [&["drop", "--print-policy"], options].concat();
    let said = person.says(&arguments).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.json()["Version"], "2012-10-17");
    let policy = said.out.replace(&key_arn(), "KEY");
    let policy: Value = serde_json::from_str(&policy).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements");
    Policy::of_statements(statements, &scene.bucket, &scene.acm_endpoint)
}

/// Somebody who may do no more than the policy says that is printed for the bucket.
async fn dropper(scene: &Scene) -> Person<'_> {
    let policy = printed(scene, &["--key-arn", &key_arn()]).await;
    Person::with_rights(scene, policy).await
}

/// Runs the command, and the function for every upload.
async fn says(scene: &Scene, person: &Person<'_>, arguments: &[&str]) -> Said {
    let is_over = AtomicBool::new(false);
    let mut seen: BTreeSet<_> = versions(scene).await;
    let command = async {
        let said = person.says(arguments).await;
        is_over.store(true, Ordering::Relaxed);
        said
    };
    let function = async {
        while !is_over.load(Ordering::Relaxed) {
            for (key, version) in versions(scene).await {
                if seen.insert((key.clone(), version.clone())) {
                    let event = scene.created(&key, &version);
                    scene.invoke(&event).await.expect("the function succeeds");
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(command, function).0
}

/// The event about the next upload that is not among those that were `seen`.
async fn next(scene: &Scene, seen: &mut BTreeSet<(String, String)>) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        assert!(Instant::now() < deadline, "nothing is uploaded");
        let mut new = versions(scene).await.into_iter();
        if let Some((key, version)) = new.find(|version| !seen.contains(version)) {
            let event = scene.created(&key, &version);
            seen.insert((key, version));
            return event;
        }
        tokio::task::yield_now().await;
    }
}

/// All that was ever dropped.
async fn versions(scene: &Scene) -> BTreeSet<(String, String)> {
    let call = scene.s3.list_object_versions().bucket(&scene.bucket);
    let listed = call.prefix("drop/").send().await.expect("a list");
    let versions = listed.versions.unwrap_or_default().into_iter();
    versions
        .map(|version| {
            (
                version.key.expect("a key"),
                version.version_id.expect("an id"),
            )
        })
        .collect()
}

/// What was put below the drop prefix, in order.
fn uploaded(person: &Person<'_>) -> Vec<String> {
    let calls = person.services.calls().into_iter();
    let puts = calls.filter(|call| call.operation == "s3:PutObject");
    puts.filter_map(|call| Some(call.path.split_once("/drop/")?.1.to_owned()))
        .collect()
}

#[test]
fn the_printed_policy_allows_a_drop_and_nothing_else() {
    run(async |scene| {
        let settings = json!({
            "CERTDROP_BUCKET": scene.bucket,
            "CERTDROP_BUCKET_OWNER": ACCOUNT,
            "CERTDROP_DROP_PREFIX": "drop/",
            "CERTDROP_KEY_ARN": key_arn(),
        });
        let parameter = format!("/certdrop-stacks/{}", scene.bucket);
        scene
            .ssm
            .put_parameter()
            .name(parameter)
            .value(settings.to_string())
            .r#type("String".into())
            .send()
            .await
            .expect("a parameter");
        let stack = ["--stack", scene.bucket.as_str()];
        let policy = Arc::new(printed(scene, &stack).await);
        let person = Person::with_rights(scene, printed(scene, &stack).await).await;
        let person = person.without("CERTDROP_");
        person.services.enforce(Arc::clone(&policy));

        let issued = issue("web.example.com", 1);
        person.file("web.example.com.pem", &issued.bundle());
        let arguments = [&["drop", "web.example.com.pem"], &stack[..]].concat();
        let said = says(scene, &person, &arguments).await;
        assert_eq!(said.code, 0, "{said:?}");
        let unused = policy.uses().into_iter().filter(|(_, is_used)| !is_used);
        let unused: Vec<_> = unused.map(|(granted, _)| granted).collect();
        assert!(
            unused.is_empty(),
            "granted, and needed by no call: {unused:?}"
        );
        assert!(person.certificates.calls().is_empty(), "ACM was called");

        // Without waiting, to upload is all.
        let options = [&stack[..], &["--no-wait"]].concat();
        let policy = printed(scene, &options).await;
        let granted: Vec<_> = policy
            .uses()
            .into_keys()
            .map(|(_, action)| action)
            .collect();
        assert_eq!(
            granted,
            ["s3:PutObject", "ssm:GetParameter", "kms:GenerateDataKey"]
        );
        person.services.enforce(Arc::new(policy));
        let arguments = [&arguments[..], &["--no-wait"]].concat();
        let said = person.says(&arguments).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(
            said.out,
            format!(
                "uploaded  web.example.com  s3://{}/drop/web.example.com.pem\n",
                scene.bucket
            )
        );
        // What is lacking is named.
        let said = person.says(&arguments[..4]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("s3:ListObjectsV2"), "{said:?}");
        assert!(
            said.err
                .contains("compare with what `certdrop drop --print-policy` prints"),
            "{said:?}"
        );
    });
}

#[test]
fn a_file_is_dropped_renewed_and_dropped_again_under_one_arn() {
    run(async |scene| {
        let person = dropper(scene).await;
        let (first, renewed) = (issue("web.example.com", 3), issue("web.example.com", 2));
        person.file("web.example.com.pem", &first.bundle());
        let said = says(scene, &person, &["drop", "web.example.com.pem"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.err, "", "no progress where there is no terminal");
        let arns = scene.certificates_of_bundle("web.example.com").await;
        assert_eq!(arns.len(), 1);
        for shown in ["ACM has a new certificate.", &arns[0]] {
            assert!(said.out.contains(shown), "{shown} is not in {said:?}");
        }

        person.file("web.example.com.pem", &renewed.bundle());
        let arguments = ["drop", "--json", "web.example.com.pem"];
        for outcome in ["replaced", "unchanged"] {
            let said = says(scene, &person, &arguments).await;
            assert_eq!(said.code, 0, "{said:?}");
            let summary = said.json();
            assert_eq!(summary["outcome"], outcome);
            assert_eq!(summary["certificate_arn"], arns[0]);
            assert_eq!(summary["certificate"]["Serial"], renewed.serial);
        }

        person.file("web.example.com.pem", &first.bundle());
        let said = says(scene, &person, &["drop", "web.example.com.pem"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains("older than the one in ACM"), "{said:?}");
    });
}

#[test]
fn a_folder_is_uploaded_with_its_key_last_and_its_last_state_is_reported() {
    run(async |scene| {
        let person = dropper(scene).await;
        let write = |issued: &certdrop_test_support::pki::Issued| {
            person.file("live/web.example.com/privkey.pem", &issued.key);
            person.file("live/web.example.com/cert.pem", &issued.certificate);
            person.file("live/web.example.com/chain.pem", &issued.chain);
            person.file("live/web.example.com/zz-notes.txt", "Made by a client.");
        };
        let arguments = ["drop", "--json", "live/web.example.com"];
        let mut arn = Value::Null;
        for age in [3, 2, 1] {
            let issued = issue("web.example.com", age);
            write(&issued);
            let said = says(scene, &person, &arguments).await;
            assert_eq!(said.code, 0, "{said:?}");
            let summary = said.json();
            assert_eq!(summary["certificate"]["Serial"], issued.serial, "{summary}");
            assert_eq!(summary["object"]["key"], "drop/web.example.com/");
            if arn.is_null() {
                arn = summary["certificate_arn"].clone();
            }
            assert_eq!(summary["certificate_arn"], arn);
        }
        let in_order = ["cert.pem", "chain.pem", "zz-notes.txt", "privkey.pem"];
        let in_order = in_order.map(|file| format!("web.example.com/{file}"));
        assert_eq!(uploaded(&person)[..4], in_order);
    });
}

#[test]
fn what_the_function_says_of_a_folder_before_its_key_is_there_is_not_the_outcome() {
    run(async |scene| {
        let person = dropper(scene).await;
        for (age, outcome) in [(2, "imported"), (1, "replaced")] {
            let issued = issue("web.example.com", age);
            person.file("web.example.com/privkey.pem", &issued.key);
            let certificates = issued.certificate.clone() + &issued.chain;
            person.file("web.example.com/fullchain.pem", &certificates);
            let gate = Gate::default();
            let held = gate.clone();
            person.services.set_rule(move |call| {
                let is_key =
                    call.operation == "s3:PutObject" && call.path.ends_with("/privkey.pem");
                if is_key {
                    Deed::Hold(held.clone())
                } else {
                    Deed::Pass
                }
            });
            let mut seen = versions(scene).await;
            let function = async {
                let early = next(scene, &mut seen).await;
                assert_eq!(scene.summary(&early).await["outcome"], "waiting");
                gate.open();
                let last = next(scene, &mut seen).await;
                assert_eq!(scene.summary(&last).await["outcome"], outcome);
            };
            let command = person.says(&["drop", "--json", "web.example.com"]);
            let (said, ()) = tokio::join!(command, function);
            assert_eq!(said.code, 0, "{said:?}");
            assert_eq!(said.json()["outcome"], outcome);
            assert_eq!(said.json()["certificate"]["Serial"], issued.serial);
        }
    });
}

#[test]
fn the_summary_of_an_earlier_upload_into_a_folder_is_not_taken_for_the_outcome() {
    run(async |scene| {
        let person = dropper(scene).await;
        let arguments = ["drop", "--json", "web.example.com"];
        for age in [3, 2] {
            let earlier = issue("web.example.com", age);
            person.file("web.example.com/bundle.pem", &earlier.bundle());
            let said = says(scene, &person, &arguments).await;
            assert_eq!(said.code, 0, "{said:?}");
        }
        let renewed = issue("web.example.com", 1);
        person.file("web.example.com/bundle.pem", &renewed.bundle());
        // The tag comes before the summary.
        let gate = Gate::default();
        let held = gate.clone();
        scene.services.set_rule(move |call| {
            if call.operation == "s3:PutObject" && call.path.contains("/summaries/") {
                Deed::Hold(held.clone())
            } else {
                Deed::Pass
            }
        });
        let mut seen = versions(scene).await;
        let function = async {
            let event = next(scene, &mut seen).await;
            person.services.clear();
            let looked = async {
                person.services.answered("s3:ListObjectsV2").await;
                gate.open();
            };
            let (summary, ()) = tokio::join!(scene.summary(&event), looked);
            assert_eq!(summary["outcome"], "replaced");
        };
        let (said, ()) = tokio::join!(person.says(&arguments), function);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.json()["certificate"]["Serial"], renewed.serial);
    });
}

#[test]
fn a_region_that_is_unfinished_is_waited_for() {
    run_with(&[TWO_REGIONS], async |scene| {
        let person = dropper(scene).await;
        person.file("two.example.com.pem", &issue("two.example.com", 1).bundle());
        scene.acm_proxy.set_rule(|call| {
            if call.region == OTHER_REGION {
                Deed::Refuse(DENIED)
            } else {
                Deed::Pass
            }
        });
        let mut seen = BTreeSet::new();
        let function = async {
            let event = next(scene, &mut seen).await;
            scene.fault(&event).await;
            // The command sees the tag and the summary, and goes on.
            person.services.clear();
            person.services.answered("s3:GetObject").await;
            scene.acm_proxy.set_rule(|_| Deed::Pass);
            scene.summary(&event).await;
        };
        let command = person.says(&["drop", "--json", "two.example.com.pem"]);
        let (said, ()) = tokio::join!(command, function);
        assert_eq!(said.code, 0, "{said:?}");
        let targets = &said.json()["targets"];
        assert_eq!(targets[REGION]["outcome"], "unchanged", "{targets}");
        assert_eq!(targets[OTHER_REGION]["outcome"], "imported", "{targets}");
    });
}

#[test]
fn what_is_rejected_here_stays_here_unless_the_function_is_to_decide() {
    run(async |scene| {
        let person = dropper(scene).await;
        bad_and_good(&person);
        let both = ["drop", "bad.example.com.pem", "good.example.com.pem"];
        let said = says(scene, &person, &both).await;
        assert_eq!(said.code, 1, "{said:?}");
        for shown in [
            "key-mismatch",
            "Nothing was uploaded.",
            "ACM has a new certificate.",
        ] {
            assert!(said.out.contains(shown), "{shown} is not in {said:?}");
        }
        assert_eq!(uploaded(&person), ["good.example.com.pem"]);

        let arguments = ["drop", "--json", "--upload-rejected", "bad.example.com.pem"];
        let said = says(scene, &person, &arguments).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert_eq!(said.json()["outcome"], "rejected");
        assert_eq!(said.json()["object"]["key"], "drop/bad.example.com.pem");
    });
}

#[test]
fn what_clients_alone_refuse_is_left_to_a_stack_that_imports_it() {
    let settings = [("CERTDROP_ON_REFUSED_BY_CLIENTS", "import")];
    run_with(&settings, async |scene| {
        let person = dropper(scene).await;
        let issued = issue("alone.example.com", 1);
        let without_chain = issued.key.clone() + &issued.certificate;
        person.file("alone.example.com.pem", &without_chain);
        let said = says(scene, &person, &["drop", "alone.example.com.pem"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains("`--upload-rejected`"), "{said:?}");
        assert!(uploaded(&person).is_empty());

        let (name, value) = settings[0];
        let person = person.with(name, value);
        let said = says(scene, &person, &["drop", "alone.example.com.pem"]).await;
        assert_eq!(said.code, 0, "what the stack does is known here: {said:?}");
    });
}

#[test]
fn a_key_in_the_parameter_store_is_the_function_s_to_know() {
    run(async |scene| {
        let person = dropper(scene).await;
        let issued = issue("apart.example.com", 1);
        scene
            .put_secret("/apart.example.com/private-key", &issued.key)
            .await;
        let certificates = issued.certificate.clone() + &issued.chain;
        person.file("apart.example.com.pem", &certificates);
        let said = says(scene, &person, &["drop", "--json", "apart.example.com.pem"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.json()["outcome"], "imported");

        // Nobody stored this one's.
        let other = issue("other.example.com", 1);
        person.file(
            "other.example.com.pem",
            &(other.certificate.clone() + &other.chain),
        );
        let said = says(scene, &person, &["drop", "other.example.com.pem"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains("no-private-key"), "{said:?}");
    });
}

#[test]
fn an_outcome_that_is_not_known_in_time_has_a_code_of_its_own() {
    run(async |scene| {
        let person = dropper(scene).await;
        person.file(
            "late.example.com.pem",
            &issue("late.example.com", 1).bundle(),
        );
        // No event reaches the function.
        let arguments = ["drop", "--timeout", "0", "late.example.com.pem"];
        let said = person.says(&arguments).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.out.contains("was not known within 0 min"), "{said:?}");
        let said = person
            .says(&["drop", "--json", "--timeout", "0", "late.example.com.pem"])
            .await;
        assert_eq!(said.code, 2, "{said:?}");
        let told = said.json();
        assert_eq!(told["outcome"], Value::Null);
        assert_eq!(told["is_uploaded"], true);
        let newest = scene.s3.head_object().bucket(&scene.bucket);
        let newest = newest.key("drop/late.example.com.pem").send().await;
        let newest = newest.expect("an object").version_id.expect("a version");
        assert_eq!(told["object"]["version_id"], newest);
    });
}
