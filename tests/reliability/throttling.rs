//! Three hundred bundles at once, while ACM takes one import in 100 milliseconds.

use std::sync::Mutex;
use std::time::Instant;

use futures_util::future::join_all;
use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::runtime_api::{FunctionError, is_brief};
use certdrop_test_support::scene::run;

const BUNDLES: usize = 300;
/// As many functions run at once; each takes the next bundle when it is done.
const WORKERS: usize = 60;
/// Lambda's own tries of an asynchronous event.
const TRIES: usize = 3;

#[test]
fn a_burst_is_imported_whole_and_throttling_is_no_failure() {
    run(async |scene| {
        let rate =
            serde_json::json!({"rate": {"ImportCertificate": {"per_second": 10.0, "burst": 1.0}}});
        scene.turn_knobs(&rate).await;
        let authority = Authority::new();
        let mut events = Vec::new();
        for bundle in 0..BUNDLES {
            let name = format!("burst-{bundle}.example.com");
            let issued = authority.issue(&Order::new(&name, Duration::DAY));
            let key = format!("drop/{name}.pem");
            let version = scene.put(&key, &issued.bundle()).await;
            events.push((scene.created(&key, &version), 1));
        }
        let queue = Mutex::new(events);
        let again = Mutex::new(0);
        let begun = Instant::now();
        let workers = (0..WORKERS).map(async |_| {
            let function = scene
                .another_function_with(&[("CERTDROP_IMPORTS_PER_SECOND", "10")])
                .await;
            loop {
                let Some((event, tries)) = queue.lock().expect("the queue").pop() else {
                    break;
                };
                match function.invoke(&event).await {
                    Ok(answer) => assert_eq!(answer["summaries"][0]["outcome"], "imported"),
                    Err(FunctionError::Reported { kind, message }) if is_brief(&kind) => {
                        assert!(tries < TRIES, "failed for good: {message}");
                        queue
                            .lock()
                            .expect("the queue")
                            .insert(0, (event, tries + 1));
                        *again.lock().expect("the count") += 1;
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        join_all(workers).await;
        let imports: Vec<_> = scene
            .acm_proxy
            .calls()
            .into_iter()
            .filter(|call| call.operation == "acm:ImportCertificate")
            .collect();
        let taken = imports
            .iter()
            .filter(|call| call.status == Some(200))
            .count();
        println!(
            "{BUNDLES} bundles in {:.0?}: {taken} imports, {} throttled, {} events came again, 0 failed",
            begun.elapsed(),
            imports.len() - taken,
            again.into_inner().expect("the count"),
        );
        assert_eq!(taken, BUNDLES);
        assert!(
            imports.len() > BUNDLES,
            "nothing was throttled: the test shows nothing"
        );
    });
}
