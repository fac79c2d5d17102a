//! How many calls to AWS stand behind each other: what a bundle costs is their number times the
//! way to AWS, so that a call that waits for another without need is a fault.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::proxy::{Call, Deed, Gate, Proxy};
use certdrop_test_support::scene::{Scene, run};

/// Longer than lies between two calls that are sent at once, on a busy machine, too.
const QUIET: std::time::Duration = std::time::Duration::from_millis(300);
const DAY: Duration = Duration::DAY;

#[test]
fn an_import_and_a_replacement_take_five_round_trips_and_an_unchanged_bundle_three() {
    run(async |scene| {
        let authority = Authority::new();
        let first = authority.issue(&Order::new("trips.example.com", 2 * DAY));
        let renewed = authority.issue(&Order::new("trips.example.com", DAY));
        let key = "drop/trips.example.com.pem";
        for (bundle, outcome, most) in [
            (&first, "imported", 5),
            (&renewed, "replaced", 5),
            (&renewed, "unchanged", 3),
        ] {
            let version = scene.put(key, &bundle.bundle()).await;
            let (summary, trips) = count(scene, key, &version).await;
            assert_eq!(summary["outcome"], outcome);
            assert_eq!(trips.len(), most, "{outcome}: {trips:?}");
        }
    });
}

#[test]
fn a_replacement_whose_records_were_lost_takes_six_round_trips() {
    run(async |scene| {
        let authority = Authority::new();
        let first = authority.issue(&Order::new("lost.example.com", 2 * DAY));
        let renewed = authority.issue(&Order::new("lost.example.com", DAY));
        let key = "drop/lost.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        scene.forget(key, "/lost.example.com/certificate-arn").await;

        let version = scene.put(key, &renewed.bundle()).await;
        let (summary, trips) = count(scene, key, &version).await;
        assert_eq!(summary["outcome"], "replaced");
        assert_eq!(summary["certificate_arn"], imported["certificate_arn"]);
        assert_eq!(trips.len(), 6, "{trips:?}");
    });
}

/// Sends the event with every call held back until no other follows, so that calls that are sent together are seen
/// together; gives the summary and what each round trip was made of.
pub(crate) async fn count(scene: &Scene, key: &str, version: &str) -> (Value, Vec<Vec<String>>) {
    let proxies = [&scene.services, &scene.acm_proxy];
    let gate = Arc::new(Mutex::new(Gate::default()));
    for proxy in proxies {
        proxy.clear();
        let gate = Arc::clone(&gate);
        proxy.set_rule(move |_| Deed::Hold(gate.lock().expect("the gate").clone()));
    }
    let seen = || proxies.map(Proxy::calls).concat();
    let mut trips = Vec::new();
    let mut before = 0;
    let event = scene.created(key, version);
    let mut answer = std::pin::pin!(scene.summary(&event));
    let summary = loop {
        let held = seen().len();
        tokio::select! {
            summary = &mut answer => break summary,
            () = tokio::time::sleep(QUIET) => {}
        }
        let calls = seen();
        if calls.len() > before && calls.len() == held {
            let mut calls: Vec<Call> = calls;
            calls.sort_by_key(|call| call.started);
            let trip = calls.iter().skip(before).map(|call| call.operation.clone());
            trips.push(trip.collect());
            before = held;
            std::mem::take(&mut *gate.lock().expect("the gate")).open();
        }
    };
    for proxy in proxies {
        proxy.set_rule(|_| Deed::Pass);
    }
    (summary, trips)
}
