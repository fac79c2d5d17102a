//! Every event three times, in any order, at eight workers at once.

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::future::join_all;
use time::{Duration, OffsetDateTime};

use crate::history;
use certdrop_test_support::outside::setting;
use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::proxy::Call;
use certdrop_test_support::runtime_api::{FunctionError, is_brief};
use certdrop_test_support::scene::run;

const BUNDLES: usize = 50;
const VERSIONS: usize = 4;
const DELIVERIES: usize = 3;
const WORKERS: usize = 8;

#[test]
fn duplicates_and_disorder_leave_one_certificate_a_bundle_and_never_roll_back() {
    run(async |scene| {
        let seed = setting("CERTDROP_SEED").and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        println!("seed {seed} (set CERTDROP_SEED to repeat it)");
        let mut random = fastrand::Rng::with_seed(seed);

        let authority = Authority::new();
        let mut events = Vec::new();
        let mut newest = HashMap::new();
        for bundle in 0..BUNDLES {
            let name = format!("duplicate-{bundle}.example.com");
            for version in 0..VERSIONS {
                let age = Duration::days(i64::try_from(VERSIONS - version).expect("small"));
                let issued = authority.issue(&Order::new(&name, age));
                let key = format!("drop/{name}.pem");
                let version = scene.put(&key, &issued.bundle()).await;
                events.extend(std::iter::repeat_n(
                    scene.created(&key, &version),
                    DELIVERIES,
                ));
                newest.insert(name.clone(), issued.serial);
            }
        }
        random.shuffle(&mut events);
        let count = events.len();
        let queue = Mutex::new(events);
        let again = Mutex::new(0);
        let workers = (0..WORKERS).map(async |_| {
            let function = scene.another_function().await;
            loop {
                let Some(event) = queue.lock().expect("the queue").pop() else {
                    break;
                };
                match function.invoke(&event).await {
                    Ok(_) => {}
                    Err(FunctionError::Reported { kind, .. }) if is_brief(&kind) => {
                        // As Lambda does: later.
                        queue.lock().expect("the queue").insert(0, event);
                        *again.lock().expect("the count") += 1;
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        join_all(workers).await;

        for (name, serial) in &newest {
            let arns = scene.certificates_of_bundle(name).await;
            assert_eq!(arns.len(), 1, "{name}, seed {seed}");
            assert_eq!(&scene.serial(&arns[0]).await, serial, "{name}, seed {seed}");
        }
        let imports = imports(&scene.acm_proxy.calls());
        for (arn, begins) in &imports {
            assert!(
                begins.is_sorted(),
                "{arn} was rolled back, seed {seed}: {begins:?}"
            );
        }
        let calls: usize = imports.values().map(Vec::len).sum();
        println!(
            "{BUNDLES} bundles, {count} events, {WORKERS} workers: {} certificates, {calls} imports, {} events came again",
            imports.len(),
            again.into_inner().expect("the count"),
        );
        assert_eq!(imports.len(), BUNDLES);
    });
}

/// For each ARN, the begins of validity of what was imported, in the order of ACM's answers.
fn imports(calls: &[Call]) -> HashMap<String, Vec<OffsetDateTime>> {
    let mut imports: HashMap<String, Vec<OffsetDateTime>> = HashMap::new();
    for import in history::imports(calls) {
        imports.entry(import.arn).or_default().push(import.begins);
    }
    imports
}
