//! Answers that are lost while the process lives: nobody knows what became of the call.

use std::time::{Duration as Time, Instant};

use base64::Engine as _;
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384};
use serde_json::{Value, json};
use time::Duration;

use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::proxy::{Call, DENIED, Deed, Gate, Proxy, THROTTLE, UNAVAILABLE};
use certdrop_test_support::runtime_api::{Answer, FunctionError};
use certdrop_test_support::scene::{Scene, run_with};

const DAY: Duration = Duration::DAY;
const IMPORT: &str = "acm:ImportCertificate";

/// Leases, settling and attempts of seconds, so that a test can wait for their ends.
const TERMS: [(&str, &str); 3] = [
    ("CERTDROP_LEASE_SECONDS", "5"),
    ("CERTDROP_SETTLING_SECONDS", "4"),
    ("CERTDROP_ATTEMPT_SECONDS", "2"),
];
/// The same where nothing takes effect late and no index lags.
const PROMPT: [(&str, &str); 3] = [
    ("CERTDROP_LEASE_SECONDS", "4"),
    ("CERTDROP_SETTLING_SECONDS", "1"),
    ("CERTDROP_ATTEMPT_SECONDS", "2"),
];
/// After an attempt has ended, and before a lease has ended and what it protects against is over.
const LATE: Time = Time::from_secs(6);
/// A function that may run for so long gives a region up three seconds after it began.
const SHORT: Time = Time::from_secs(18);

#[test]
fn an_import_whose_answer_was_cut_off_is_not_made_twice() {
    lost(&Deed::CutAfter);
}

#[test]
fn an_import_that_took_effect_though_acm_answered_503_is_not_made_twice() {
    lost(&Deed::RefuseAfter(UNAVAILABLE));
}

#[test]
fn an_import_whose_answer_came_half_is_not_made_twice() {
    lost(&Deed::Tear);
}

/// The first import takes effect, and nobody hears of it; then the event comes again, or a sweep.
fn lost(deed: &Deed) {
    for recovery in ["the event again", "a sweep only"] {
        run_with(&PROMPT, async |scene| {
            let bundle = Dropped::new(scene, "lost.example.com", 1).await;
            first(&scene.acm_proxy, IMPORT, deed.clone());
            let told = scene.invoke(&bundle.events[0]).await;
            scene.leases_end().await;
            let event = match recovery {
                "a sweep only" => json!({"sweep": {}}),
                _ => bundle.events[0].clone(),
            };
            scene.deliver(&event).await;

            let case = format!("{deed:?}, then {recovery}");
            bundle.stands(scene, 0, &case).await;
            assert_eq!(bundle.imports(&scene.acm_proxy), [0], "{case}");
            assert_transient(&told, &case);
        });
    }
}

#[test]
fn an_import_that_takes_effect_after_it_was_given_up_is_not_made_twice() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "late.example.com", 1).await;
        first(&scene.acm_proxy, IMPORT, Deed::Late(LATE));
        let told = invoke_shortly(scene, &bundle.events[0]).await;
        scene.deliver(&bundle.events[0]).await;
        scene.acm_proxy.settled().await;
        bundle.stands(scene, 0, "one late, one in time").await;
        assert_transient(&told, "nobody waits for what is late");
    });
}

#[test]
fn an_import_that_takes_effect_after_it_was_given_up_never_replaces_a_newer_one() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "overtaken.example.com", 3).await;
        scene.deliver(&bundle.events[0]).await;
        nth(&scene.acm_proxy, IMPORT, 2, Deed::Late(LATE));
        let told = invoke_shortly(scene, &bundle.events[1]).await;
        scene.deliver(&bundle.events[2]).await;
        scene.deliver(&bundle.events[1]).await;
        scene.acm_proxy.settled().await;
        let imports = bundle.imports(&scene.acm_proxy);
        assert!(imports.is_sorted(), "in the order of effect: {imports:?}");
        bundle.stands(scene, 2, "the second of three late").await;
        assert_transient(&told, "nobody waits for what is late");
    });
}

#[test]
fn an_import_whose_answer_never_comes_is_found_although_the_indexes_lag() {
    run_with(&TERMS, async |scene| {
        let lag = json!({"GetResources": 6_000, "SearchCertificates": 6_000});
        scene.turn_knobs(&json!({"lag_ms": lag})).await;
        let bundle = Dropped::new(scene, "lagging.example.com", 1).await;
        first(&scene.acm_proxy, IMPORT, Deed::HangAfter);
        let told = invoke_shortly(scene, &bundle.events[0]).await;
        scene.deliver(&bundle.events[0]).await;
        bundle.stands(scene, 0, "the answer never came").await;
        assert_eq!(bundle.imports(&scene.acm_proxy), [0]);
        assert_transient(&told, "the answer never came");
    });
}

#[test]
fn an_import_without_an_answer_ends_after_one_attempt_and_is_not_sent_again() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "silent.example.com", 1).await;
        first(&scene.acm_proxy, IMPORT, Deed::Hang);
        let function = &scene.function;
        let told = function.invoke_within(&bundle.events[0], Time::from_secs(40));
        let told = told.await;
        let ended = Instant::now();
        let sent = sent(&scene.acm_proxy, IMPORT);
        assert_eq!(sent.len(), 1, "it was sent again");
        let waited = ended - sent[0].started;
        let [_, _, (_, attempt)] = TERMS;
        let attempt = Time::from_secs(attempt.parse().expect("seconds"));
        // The attempt began before the proxy saw it.
        assert!(
            (attempt / 2..attempt + Time::from_secs(4)).contains(&waited),
            "an attempt takes {attempt:?}, it was given up after {waited:?}"
        );
        assert_transient(&told, "the answer never came");

        scene.deliver(&bundle.events[0]).await;
        bundle.stands(scene, 0, "the first never arrived").await;
    });
}

#[test]
fn while_it_is_unknown_what_became_of_an_import_the_lease_stays_shut() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "shut.example.com", 1).await;
        first(&scene.acm_proxy, IMPORT, Deed::CutAfter);
        let told = scene.invoke(&bundle.events[0]).await;
        assert_transient(&told, "the answer was lost");
        assert_eq!(scene.keys("leases/").await, ["leases/shut.example.com"]);
        assert!(
            scene.keys("summaries/shut.example.com/").await.is_empty(),
            "nobody knows yet what to tell"
        );
        scene.deliver(&bundle.events[0]).await;
        assert!(scene.keys("leases/").await.is_empty(), "it was given back");
        bundle.stands(scene, 0, "the lease was waited for").await;
    });
}

#[test]
fn an_import_whose_records_are_refused_is_not_made_twice_although_the_indexes_lag() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "unrecorded.example.com", 1).await;
        let lag = json!({"lag_ms": {"GetResources": 3_000, "SearchCertificates": 3_000}});
        scene.turn_knobs(&lag).await;
        scene
            .services
            .set_rule(|call| match call.operation.as_str() {
                "s3:PutObjectTagging" | "ssm:PutParameter" => Deed::Refuse(DENIED),
                _ => Deed::Pass,
            });
        let told = scene.invoke(&bundle.events[0]).await;
        assert!(
            matches!(&told, Err(FunctionError::Reported { kind, .. }) if kind == "SetUp"),
            "{told:?}"
        );
        scene.services.set_rule(|_| Deed::Pass);
        scene.deliver(&bundle.events[0]).await;
        bundle.stands(scene, 0, "its records were refused").await;
        assert_eq!(bundle.imports(&scene.acm_proxy), [0]);
    });
}

#[test]
fn an_import_that_acm_throttles_is_sent_again_at_once() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "throttled.example.com", 1).await;
        scene.acm_proxy.set_rule(|call| {
            if call.operation == IMPORT && call.number <= 2 {
                Deed::Refuse(THROTTLE)
            } else {
                Deed::Pass
            }
        });
        let summary = scene.summary(&bundle.events[0]).await;
        assert_eq!(summary["outcome"], "imported");
        assert_eq!(sent(&scene.acm_proxy, IMPORT).len(), 3);
        bundle.stands(scene, 0, "throttled twice").await;
    });
}

#[test]
fn an_import_for_which_there_was_no_connection_is_sent_once_there_is_one() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "connected.example.com", 1).await;
        let tagging = "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API";
        let worker = scene.worker_apart(&[(tagging, &scene.acm_proxy.url)]).await;
        let gate = Gate::default();
        first(
            &scene.acm_proxy,
            "tag:GetResources",
            Deed::Hold(gate.clone()),
        );
        let outage = async {
            worker.acm.answered("acm:SearchCertificates").await;
            scene.acm_proxy.hanging().await;
            worker.acm.shut();
            gate.open();
            tokio::time::sleep(Time::from_secs(1)).await;
            assert!(sent(&worker.acm, IMPORT).is_empty(), "it found a way");
            worker.acm.open().await;
        };
        let invoked = worker.function.invoke(&bundle.events[0]);
        let (told, ()) = tokio::join!(invoked, outage);
        let told = told.expect("nothing was sent before");
        assert_eq!(told["summaries"][0]["outcome"], "imported", "{told}");
        assert_eq!(bundle.imports(&worker.acm), [0]);
        bundle.stands(scene, 0, "there was no connection").await;
    });
}

#[test]
fn a_lease_whose_extension_lost_its_answer_is_still_held() {
    run_with(&TERMS, async |scene| {
        let bundle = Dropped::new(scene, "extended.example.com", 1).await;
        let services = &scene.services;
        let is_lease =
            |call: &&Call| call.operation == "s3:PutObject" && call.path.contains("/leases/");
        let extensions = {
            let services = services.clone();
            move || services.calls().iter().filter(is_lease).count()
        };
        // The first takes the lease, the second makes it end later.
        let seen = extensions.clone();
        services.set_rule(move |call| {
            if is_lease(&call) && seen() == 2 {
                Deed::CutAfter
            } else {
                Deed::Pass
            }
        });
        let seen = extensions.clone();
        scene.acm_proxy.set_rule(move |call| {
            if call.operation == IMPORT && seen() < 2 {
                Deed::Refuse(THROTTLE)
            } else {
                Deed::Pass
            }
        });
        let told = scene
            .function
            .invoke_within(&bundle.events[0], Time::from_mins(2));
        let told = told.await;
        assert!(extensions() >= 2, "the lease was not extended");
        let told = told.expect("the work goes on under the lease");
        assert_eq!(told["summaries"][0]["outcome"], "imported", "{told}");
        bundle.stands(scene, 0, "the lease was extended").await;
        assert_eq!(bundle.imports(&scene.acm_proxy), [0]);
    });
}

#[test]
fn a_parameter_that_is_written_late_does_not_undo_a_newer_one() {
    let import_new = ("CERTDROP_ON_INCOMPATIBLE", "import-new");
    run_with(&[TERMS.as_slice(), &[import_new]].concat(), async |scene| {
        let name = "noted.example.com";
        let authority = Authority::new();
        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
        let first = authority.issue(&Order::new(name, 2 * DAY));
        let other_kind = authority.issue_for(&Order::new(name, DAY), &p384);
        let key = format!("drop/{name}.pem");
        let version = scene.put(&key, &first.bundle()).await;
        nth(&scene.services, "ssm:PutParameter", 1, Deed::Late(LATE));
        let told = invoke_shortly(scene, &scene.created(&key, &version)).await;
        let version = scene.put(&key, &other_kind.bundle()).await;
        let event = scene.created(&key, &version);
        let new = scene.deliver_one(&event).await["certificate_arn"].clone();
        scene.services.settled().await;
        let recorded = scene.parameter(&format!("/{name}/certificate-arn")).await;
        assert_eq!(json!(recorded), new, "the parameter");
        assert_transient(&told, "what was sent may still come");
    });
}

/// One bundle in several versions, the oldest first, and the events about them.
struct Dropped {
    name: &'static str,
    versions: Vec<Issued>,
    events: Vec<Value>,
}

impl Dropped {
    async fn new(scene: &Scene, name: &'static str, versions: usize) -> Self {
        let authority = Authority::new();
        let mut dropped = Self {
            name,
            versions: Vec::new(),
            events: Vec::new(),
        };
        for version in 0..versions {
            let age = i32::try_from(versions - version).expect("few");
            let issued = authority.issue(&Order::new(name, DAY * age));
            let id = scene.put(&dropped.key(), &issued.bundle()).await;
            dropped.events.push(scene.created(&dropped.key(), &id));
            dropped.versions.push(issued);
        }
        dropped
    }

    fn key(&self) -> String {
        format!("drop/{}.pem", self.name)
    }

    /// One certificate carries the bundle's name, it is this version, and all that is written down names it.
    async fn stands(&self, scene: &Scene, version: usize, case: &str) {
        let arns = scene.certificates_of_bundle(self.name).await;
        let count = arns.len();
        assert_eq!(count, 1, "certificates of the bundle; {case}: {arns:?}");
        let serial = scene.serial(&arns[0]).await;
        let there = self.versions.iter().position(|one| one.serial == serial);
        assert_eq!(there, Some(version), "the version in ACM; {case}");
        let recorded = scene
            .parameter(&format!("/{}/certificate-arn", self.name))
            .await;
        assert_eq!(recorded.as_ref(), Some(&arns[0]), "the parameter; {case}");
        let tags = scene.object_tags(&self.key()).await;
        let tag = tags.get("certdrop:certificate-arn");
        assert_eq!(tag, Some(&arns[0]), "the object's tag; {case}");
        let summaries = scene.keys(&format!("summaries/{}/", self.name)).await;
        assert!(!summaries.is_empty(), "no summary; {case}");
    }

    /// Which versions ACM took, in the order in which they took effect.
    fn imports(&self, acm: &Proxy) -> Vec<usize> {
        let mut taken = sent(acm, IMPORT);
        taken.retain(|call| call.status == Some(200));
        taken.sort_by_key(|call| call.ended);
        let version = |call: Call| {
            let request: Value = serde_json::from_slice(&call.request).expect("a request");
            let base64 = base64::engine::general_purpose::STANDARD;
            let pem = base64.decode(request["Certificate"].as_str().expect("a certificate"));
            let pem = String::from_utf8(pem.expect("base64")).expect("PEM");
            let same = |issued: &Issued| digits(&issued.certificate) == digits(&pem);
            self.versions.iter().position(same).expect("a version")
        };
        taken.into_iter().map(version).collect()
    }
}

/// The lines of a certificate in PEM, whatever their ends.
fn digits(pem: &str) -> String {
    pem.split_whitespace().collect()
}

fn sent(proxy: &Proxy, operation: &str) -> Vec<Call> {
    let calls = proxy.calls().into_iter();
    calls.filter(|call| call.operation == operation).collect()
}

fn first(proxy: &Proxy, operation: &'static str, deed: Deed) {
    nth(proxy, operation, 1, deed);
}

fn nth(proxy: &Proxy, operation: &'static str, number: usize, deed: Deed) {
    proxy.set_rule(move |call| {
        if call.operation == operation && call.number == number {
            deed.clone()
        } else {
            Deed::Pass
        }
    });
}

async fn invoke_shortly(scene: &Scene, event: &Value) -> Answer {
    let answer = scene.function.invoke_within(event, SHORT).await;
    scene.hear(&format!("{answer:?}"));
    answer
}

fn assert_transient(answer: &Answer, case: &str) {
    assert!(
        matches!(answer, Err(FunctionError::Reported { kind, .. }) if kind == "Transient"),
        "{case}: {answer:?}"
    );
}
