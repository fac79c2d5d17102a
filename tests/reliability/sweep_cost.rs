//! What a sweep of ten thousand unchanged bundles costs.

use certdrop::bundle_name::BundleName;
use certdrop::content_id::{ContentId, Source};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use time::Duration;

use certdrop_test_support::outside::now;
use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::{Scene, run};
use certdrop_test_support::stage::REGION;

const BUNDLES: usize = 10_000;
const MOST_CALLS: usize = 60;

#[test]
fn ten_thousand_unchanged_bundles_cost_lists_only() {
    run(async |scene| {
        scene
            .turn_knobs(&json!({"quota": {"certificates": 20_000, "imports_per_year": 20_000}}))
            .await;
        let index = leave_as_done(scene).await;
        scene.put("summaries/index.json", &index.to_string()).await;

        scene.services.clear();
        scene.acm_proxy.clear();
        let report = scene
            .invoke(&json!({"sweep": {}}))
            .await
            .expect("the function succeeds");
        assert_eq!(report["bundles"], BUNDLES, "{report}");
        assert_eq!(report["unchanged"], BUNDLES, "{report}");
        let calls = [scene.services.calls(), scene.acm_proxy.calls()].concat();
        let mut counts = std::collections::BTreeMap::new();
        for call in &calls {
            *counts.entry(call.operation.as_str()).or_insert(0) += 1;
        }
        println!(
            "{BUNDLES} unchanged bundles: {} calls: {counts:?}",
            calls.len()
        );
        assert!(calls.len() <= MOST_CALLS, "{counts:?}");
        let page = scene.read("summaries/status.html").await;
        println!(
            "the index has {} bytes, the page {}",
            index.to_string().len(),
            page.len()
        );
        assert_eq!(page.matches("<th scope=\"row\">").count(), BUNDLES);
    });
}

/// Everything as a sweep leaves it when all is done: objects, certificates, summaries. One by one
/// through the function this would take a quarter of an hour. Gives the index.
async fn leave_as_done(scene: &Scene) -> Value {
    let authority = Authority::new();
    let template = authority.issue(&Order::new("sweep.example.com", Duration::DAY));
    let made = futures_util::stream::iter(0..BUNDLES).map(async |number| {
        let name = format!("sweep-{number}.example.com");
        let key = format!("drop/{name}.pem");
        let etag = scene.put_unminded(&key, &number.to_string()).await;
        let arn = scene.import_by_hand(&template).await;
        let source = Source {
            name: key,
            version: etag,
        };
        let content = ContentId::of(vec![source]);
        let bundle = BundleName::new(&name).expect("a name");
        let summary = scene
            .put_unminded(&format!("summaries/{bundle}/{content}.json"), "{}")
            .await;
        let at = now().format(&time::format_description::well_known::Rfc3339);
        let entry = json!({
            "content_id": content.to_string(), "outcome": "imported", "at": at.expect("a date"),
            "summary_etag": summary, "retry": false,
            "targets": {REGION: {"certificate_arn": arn, "serial": template.serial, "not_after": "2030-01-01T00:00:00Z"}},
            "names": [name, format!("www.{name}")],
            "findings": [{"code": "root-in-bundle", "subject": "CN=Root", "message": "The bundle holds the root.",
                "remedy": "Nothing: a public root is left out of the chain, a private one is sent."}],
        });
        (name, entry)
    });
    let bundles: serde_json::Map<_, _> = made
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect();
    json!({"version": 2, "bundles": bundles})
}
