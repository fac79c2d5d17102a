//! What a worker knew before it had the lease, and what it does after it has lost it.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration as Time, Instant};

use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384};
use serde_json::{Value, json};
use time::Duration;

use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::proxy::{DENIED, Deed, Gate, Proxy};
use certdrop_test_support::runtime_api::{Answer, FunctionError};
use certdrop_test_support::scene::{Apart, Scene, run, run_with};
use certdrop_test_support::sleep::Laptop;

const DAY: Duration = Duration::DAY;
/// Longer than any lease: the lease is what ends.
const LONG: Time = Time::from_mins(10);
const TERMS: [(&str, &str); 3] = [
    ("CERTDROP_LEASE_SECONDS", "4"),
    ("CERTDROP_SETTLING_SECONDS", "1"),
    ("CERTDROP_ATTEMPT_SECONDS", "2"),
];

#[test]
fn a_match_under_the_old_arn_does_not_displace_the_recorded_newer_certificate() {
    let import_new = ("CERTDROP_ON_INCOMPATIBLE", "import-new");
    run_with(&[import_new], async |scene| {
        let authority = Authority::new();
        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
        let first = authority.issue(&Order::new("moved.example.com", 2 * DAY));
        let other_kind = authority.issue_for(&Order::new("moved.example.com", DAY), &p384);
        let key = "drop/moved.example.com.pem";
        let version = scene.put(key, &first.bundle()).await;
        let old = scene.summary(&scene.created(key, &version)).await;
        let new = scene.drop_bundle(key, &other_kind.bundle()).await;
        let (old, new) = (&old["certificate_arn"], &new["certificate_arn"]);
        assert_ne!(old, new, "the setting asks for a new one");

        let again = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(again["outcome"], "outdated", "{again}");
        assert_eq!(again["certificate_arn"], *new, "{again}");
        for _ in 0..2 {
            let recorded = scene.parameter("/moved.example.com/certificate-arn").await;
            assert_eq!(json!(recorded), *new, "the parameter");
            let tags = scene.object_tags(key).await;
            assert_eq!(json!(tags["certdrop:certificate-arn"]), *new);
            scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        }
    });
}

#[test]
fn the_late_event_of_an_earlier_version_with_a_newer_certificate_is_told_by_the_current_one() {
    let import_new = ("CERTDROP_ON_INCOMPATIBLE", "import-new");
    run_with(&[import_new], async |scene| {
        let authority = Authority::new();
        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
        let newer = authority.issue_for(&Order::new("late.example.com", DAY), &p384);
        let older = authority.issue(&Order::new("late.example.com", 2 * DAY));
        let key = "drop/late.example.com.pem";
        let late = scene.put(key, &newer.bundle()).await;
        let old = scene.drop_bundle(key, &older.bundle()).await;
        assert_eq!(old["outcome"], "imported", "{old}");
        scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
        let new = scene.summary(&scene.created(key, &late)).await;
        assert_ne!(new["certificate_arn"], old["certificate_arn"], "{new}");

        let mut report = Value::Null;
        for _ in 0..50 {
            report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
            if report["worked_on"] != json!({}) {
                break;
            }
            // S3 tells whole seconds: within one, no sweep can tell which version came later.
            scene.summary(&scene.created(key, &late)).await;
        }
        let reason = &report["worked_on"]["late.example.com"];
        assert_eq!(reason, "other-version", "{report}");
        let tags = scene.object_tags(key).await;
        assert_eq!(tags["certdrop:outcome"], "outdated");
        let recorded = scene.parameter("/late.example.com/certificate-arn").await;
        assert_eq!(json!(recorded), new["certificate_arn"]);
        assert_eq!(
            json!(tags["certdrop:certificate-arn"]),
            new["certificate_arn"]
        );
    });
}

#[test]
fn a_record_that_was_refused_is_written_by_the_next_sweep() {
    for operation in ["ssm:PutParameter", "s3:PutObjectTagging"] {
        run_with(&TERMS, async |scene| {
            let issued = Authority::new().issue(&Order::new("record.example.com", DAY));
            let key = "drop/record.example.com.pem";
            let version = scene.put(key, &issued.bundle()).await;
            scene.services.set_rule(move |call| {
                if call.operation == operation {
                    Deed::Refuse(DENIED)
                } else {
                    Deed::Pass
                }
            });
            // As often as Lambda tries.
            for _ in 0..3 {
                let (kind, message) = scene.fault(&scene.created(key, &version)).await;
                assert_eq!(kind, "SetUp", "{message}");
                scene.leases_end().await;
            }
            scene.services.set_rule(|_| Deed::Pass);
            // S3 tells whole seconds of the lease.
            let expected = scene.certificates_of_bundle("record.example.com").await;
            assert_eq!(expected.len(), 1);
            let mut report = Value::Null;
            for _ in 0..20 {
                report = scene.invoke(&json!({"sweep": {}})).await.expect("a sweep");
                if report["worked_on"] != json!({}) {
                    break;
                }
                tokio::time::sleep(Time::from_millis(250)).await;
            }
            let recorded = scene.parameter("/record.example.com/certificate-arn").await;
            assert_eq!(recorded.as_ref(), expected.first(), "{report}");
            let tags = scene.object_tags(key).await;
            assert_eq!(tags.get("certdrop:certificate-arn"), expected.first());
        });
    }
}

#[test]
fn a_force_that_another_worker_used_up_is_not_used_again() {
    run(async |scene| {
        let name = "forced.example.com";
        let (key, issued) = (format!("drop/{name}.pem"), versions(name, 3));
        let [oldest, middle, newest] = issued.as_slice() else {
            panic!("three versions");
        };
        scene.drop_bundle(&key, &middle.bundle()).await;
        let version = scene.put(&key, &oldest.bundle()).await;
        let force = [("certdrop:force", "true")];
        scene.tag_object(&key, &force).await;
        let event = scene.created(&key, &version);

        let late = scene.worker_apart(&[]).await;
        let gate = hold_lease(&late);
        let others = async {
            late.services.answered("s3:GetObjectTagging").await;
            let forced = scene.summary(&event).await;
            assert_eq!(forced["outcome"], "replaced", "{forced}");
            let renewed = scene.drop_bundle(&key, &newest.bundle()).await;
            assert_eq!(renewed["outcome"], "replaced", "{renewed}");
            gate.open();
        };
        let (told, ()) = tokio::join!(late.function.invoke(&event), others);
        let told = told.expect("the function succeeds");

        let arns = scene.certificates_of_bundle(name).await;
        assert_eq!(arns.len(), 1, "{arns:?}");
        assert_eq!(
            scene.serial(&arns[0]).await,
            newest.serial,
            "an older certificate came over a newer one: {told}"
        );
        assert_eq!(told["summaries"][0]["outcome"], "outdated", "{told}");
    });
}

#[test]
fn a_person_s_force_counts_that_came_while_the_lease_was_waited_for() {
    run(async |scene| {
        let name = "overruled.example.com";
        let (key, issued) = (format!("drop/{name}.pem"), versions(name, 2));
        scene.drop_bundle(&key, &issued[1].bundle()).await;
        let version = scene.put(&key, &issued[0].bundle()).await;
        let late = scene.worker_apart(&[]).await;
        let gate = hold_lease(&late);
        let person = async {
            late.services.answered("s3:GetObjectTagging").await;
            let force = [("certdrop:force", "true"), ("team", "web")];
            scene.tag_object(&key, &force).await;
            gate.open();
        };
        let event = scene.created(&key, &version);
        let (told, ()) = tokio::join!(late.function.invoke(&event), person);
        let told = told.expect("the function succeeds");
        assert_eq!(told["summaries"][0]["outcome"], "replaced", "{told}");
        let tags = scene.object_tags(&key).await;
        assert_eq!(tags.get("certdrop:force"), None, "a force is used up");
        assert_eq!(tags["team"], "web", "a person's tags stay");
    });
}

#[test]
fn parts_that_came_while_the_lease_was_waited_for_are_seen_and_tags_stay() {
    run(async |scene| {
        let name = "folder.example.com";
        let issued = &versions(name, 1)[0];
        let [certificate, chain, private_key] = files(name, issued);
        let version = scene.put(&certificate.0, &certificate.1).await;
        let event = scene.created(&certificate.0, &version);
        let late = scene.worker_apart(&[]).await;
        let gate = hold_lease(&late);
        let others = async {
            late.services.answered("s3:GetObject").await;
            late.services.answered("s3:GetObjectTagging").await;
            scene.put(&chain.0, &chain.1).await;
            let imported = scene.drop_bundle(&private_key.0, &private_key.1).await;
            assert_eq!(imported["outcome"], "imported", "{imported}");
            gate.open();
            imported["certificate_arn"].clone()
        };
        let (told, arn) = tokio::join!(late.function.invoke(&event), others);
        let told = told.expect("the function succeeds");
        for (key, _) in [&certificate, &chain, &private_key] {
            let tags = scene.object_tags(key).await;
            let tag = tags.get("certdrop:certificate-arn");
            assert_eq!(json!(tag), arn, "{key}: {tags:?}");
            assert_ne!(tags["certdrop:outcome"], "waiting", "{key}");
        }
        assert_eq!(told["summaries"][0]["outcome"], "unchanged", "{told}");
    });
}

#[test]
fn a_valid_version_whose_event_was_lost_is_imported_though_a_broken_one_followed() {
    run(async |scene| {
        let name = "followed.example.com";
        let (key, issued) = (format!("drop/{name}.pem"), versions(name, 1));
        scene.put(&key, &issued[0].bundle()).await;
        let broken = scene.drop_bundle(&key, &broken(&issued[0])).await;
        assert_eq!(broken["outcome"], "rejected", "{broken}");
        sweep(scene).await;

        let arns = scene.certificates_of_bundle(name).await;
        assert_eq!(arns.len(), 1, "certificates of the bundle: {arns:?}");
        assert_eq!(scene.serial(&arns[0]).await, issued[0].serial);
        let outcome = scene.object_tags(&key).await["certdrop:outcome"].clone();
        assert_eq!(outcome, "rejected", "the current version's own");
    });
}

#[test]
fn of_several_versions_whose_events_were_lost_the_newest_valid_one_is_live() {
    run(async |scene| {
        let name = "several.example.com";
        let (key, issued) = (format!("drop/{name}.pem"), versions(name, 3));
        let first = scene.drop_bundle(&key, &issued[0].bundle()).await;
        for lost in &issued[1..] {
            scene.put(&key, &lost.bundle()).await;
        }
        scene.put(&key, &broken(&issued[2])).await;
        // The first may find no more than that the current version is broken.
        for _ in 0..3 {
            sweep(scene).await;
        }
        let arns = scene.certificates_of_bundle(name).await;
        assert_eq!(json!(arns), json!([first["certificate_arn"]]));
        assert_eq!(scene.serial(&arns[0]).await, issued[2].serial);
        let calls = scene.acm_proxy.calls();
        let imports = calls
            .iter()
            .filter(|call| call.operation == "acm:ImportCertificate");
        assert_eq!(imports.count(), 2, "the first, and the newest once");
    });
}

#[test]
fn a_file_that_was_uploaded_again_during_the_work_gets_its_tags_by_the_next_sweep() {
    run(async |scene| {
        let name = "again.example.com";
        let issued = &versions(name, 1)[0];
        let [certificate, chain, private_key] = files(name, issued);
        scene.put(&certificate.0, &certificate.1).await;
        scene.put(&chain.0, &chain.1).await;
        let version = scene.put(&private_key.0, &private_key.1).await;
        let gate = Gate::default();
        hold(&scene.acm_proxy, "acm:ImportCertificate", &gate);
        let event = scene.created(&private_key.0, &version);
        let upload = async {
            scene.acm_proxy.hanging().await;
            upload_again_in_a_later_second(scene, &chain).await;
            gate.open();
        };
        let (told, ()) = tokio::join!(scene.summary(&event), upload);
        assert_eq!(told["outcome"], "imported", "{told}");

        let report = sweep(scene).await;
        let tags = scene.object_tags(&chain.0).await;
        let tag = tags.get("certdrop:certificate-arn");
        assert_eq!(json!(tag), told["certificate_arn"], "{tags:?}; {report}");
        assert_eq!(sweep(scene).await["unchanged"], 1, "once is enough");
    });
}

#[test]
fn a_laptop_that_wakes_after_its_lease_ended_imports_nothing() {
    let laptop = Laptop::new();
    let clocks = laptop.environment();
    let clocks = clocks
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    run_with(&TERMS, async |scene| {
        let late = scene.worker_apart(&clocks).await;
        let gate = Gate::default();
        hold(&late.acm, "tag:GetResources", &gate);
        overtaken(scene, "asleep.example.com", &late, async |meanwhile| {
            late.acm.hanging().await;
            let asleep = laptop.sleep(&late.function);
            gate.open();
            late.acm.settled().await;
            meanwhile.await;
            asleep.wake();
        })
        .await;
    });
}

#[test]
fn a_worker_that_was_frozen_past_its_lease_imports_nothing() {
    run_with(&TERMS, async |scene| {
        let late = scene.worker_apart(&[]).await;
        let gate = Gate::default();
        hold(&late.acm, "tag:GetResources", &gate);
        overtaken(scene, "frozen.example.com", &late, async |meanwhile| {
            late.acm.hanging().await;
            late.function.freeze();
            gate.open();
            late.acm.settled().await;
            meanwhile.await;
            late.function.thaw();
        })
        .await;
    });
}

#[test]
fn a_worker_that_was_frozen_past_its_lease_records_nothing() {
    run_with(&TERMS, async |scene| {
        let late = scene.worker_apart(&[]).await;
        let hangs = AtomicBool::new(true);
        late.services.set_rule(move |call| {
            let is_record = call.operation == "s3:PutObjectTagging";
            if is_record && hangs.swap(false, Ordering::Relaxed) {
                Deed::Hang
            } else {
                Deed::Pass
            }
        });
        overtaken(scene, "recording.example.com", &late, async |meanwhile| {
            late.services.hanging().await;
            late.function.freeze();
            meanwhile.await;
            late.function.thaw();
        })
        .await;
    });
}

/// `late` works on the first version of a bundle; `pause` holds it while its lease ends and another worker
/// imports the second. What it does then must change nothing.
async fn overtaken(
    scene: &Scene,
    name: &str,
    late: &Apart,
    pause: impl AsyncFnOnce(Pin<Box<dyn Future<Output = ()> + '_>>),
) {
    let (key, issued) = (format!("drop/{name}.pem"), versions(name, 2));
    let [old, new] = issued.as_slice() else {
        panic!("two versions");
    };
    let version = scene.put(&key, &old.bundle()).await;
    let event = scene.created(&key, &version);
    let overtaken_at = Cell::new(None);
    let meanwhile = async {
        scene.leases_end().await;
        let version = scene.put(&key, &new.bundle()).await;
        scene.deliver(&scene.created(&key, &version)).await;
        // Whatever comes from now on comes too late.
        overtaken_at.set(Some(Instant::now()));
    };
    let invoked = late.function.invoke_within(&event, LONG);
    let (told, ()) = tokio::join!(invoked, pause(Box::pin(meanwhile)));
    late.services.settled().await;
    late.acm.settled().await;

    let overtaken_at = overtaken_at.get().expect("the other worker has done");
    let changes = changes_since(overtaken_at, late);
    assert!(changes.is_empty(), "after its lease: {changes:?}; {told:?}");
    assert_transient(&told);
    assert_is_live(scene, name, new).await;
    scene.deliver(&event).await;
    assert_is_live(scene, name, new).await;
}

async fn assert_is_live(scene: &Scene, name: &str, issued: &Issued) {
    let arns = scene.certificates_of_bundle(name).await;
    assert_eq!(arns.len(), 1, "certificates of the bundle: {arns:?}");
    assert_eq!(scene.serial(&arns[0]).await, issued.serial);
}

/// Everything but leases that was to be changed.
fn changes_since(instant: Instant, worker: &Apart) -> Vec<String> {
    let calls = worker
        .services
        .calls()
        .into_iter()
        .chain(worker.acm.calls());
    let changes = calls.filter(|call| match call.operation.as_str() {
        "s3:PutObject" => !call.path.contains("/leases/"),
        operation => [
            "acm:ImportCertificate",
            "acm:AddTagsToCertificate",
            "s3:PutObjectTagging",
            "ssm:PutParameter",
        ]
        .contains(&operation),
    });
    let late = changes.filter(|call| call.started >= instant);
    late.map(|call| format!("{} {}", call.operation, call.path))
        .collect()
}

/// Certificates for `name`, the oldest first.
fn versions(name: &str, count: i32) -> Vec<Issued> {
    let authority = Authority::new();
    let ages = (1..=count).rev();
    ages.map(|age| authority.issue(&Order::new(name, DAY * age)))
        .collect()
}

/// With the key of another.
fn broken(issued: &Issued) -> String {
    let other = &versions("other.example.com", 1)[0];
    format!("{}{}{}", other.key, issued.certificate, issued.chain)
}

/// Keys and contents of a folder: certificate, chain, private key.
fn files(folder: &str, issued: &Issued) -> [(String, String); 3] {
    [
        ("cert.pem", &issued.certificate),
        ("chain.pem", &issued.chain),
        ("privkey.pem", &issued.key),
    ]
    .map(|(name, content)| (format!("drop/{folder}/{name}"), content.clone()))
}

/// The worker's first wish for a lease waits for the gate; what it fetches beside does not.
fn hold_lease(worker: &Apart) -> Gate {
    let gate = Gate::default();
    let held = gate.clone();
    worker.services.set_rule(move |call| {
        if call.operation == "s3:PutObject" && call.path.contains("/leases/") {
            Deed::Hold(held.clone())
        } else {
            Deed::Pass
        }
    });
    gate
}

fn hold(proxy: &Proxy, operation: &'static str, gate: &Gate) {
    let gate = gate.clone();
    proxy.set_rule(move |call| {
        if call.operation == operation {
            Deed::Hold(gate.clone())
        } else {
            Deed::Pass
        }
    });
}

/// S3 tells in whole seconds when an object was written.
async fn upload_again_in_a_later_second(scene: &Scene, (key, content): &(String, String)) {
    let modified = async || {
        let call = scene.s3.head_object().bucket(&scene.bucket).key(key);
        let answer = call.send().await.expect("an object");
        answer
            .last_modified()
            .map(aws_sdk_s3::primitives::DateTime::secs)
    };
    let before = modified().await;
    while modified().await == before {
        scene.put(key, content).await;
    }
}

async fn sweep(scene: &Scene) -> Value {
    scene.deliver(&json!({"sweep": {}})).await
}

fn assert_transient(answer: &Answer) {
    assert!(
        matches!(answer, Err(FunctionError::Reported { kind, .. }) if kind == "Transient"),
        "{answer:?}"
    );
}
