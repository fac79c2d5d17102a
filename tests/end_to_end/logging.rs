//! What the function writes to its log.

use serde_json::Value;
use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::{Scene, run_with};

/// Lines about calls of AWS are named like the call.
const SERVICES: [&str; 5] = ["acm:", "s3:", "ssm:", "sns:", "tag:"];

fn lines(scene: &Scene) -> Vec<Value> {
    let log = scene.function.log();
    let line = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in this line: {line}"))
    };
    log.lines().map(line).collect()
}

fn text<'a>(line: &'a Value, member: &str) -> &'a str {
    line[member].as_str().unwrap_or_default()
}

#[test]
fn every_call_of_aws_is_one_line_that_names_the_bundle_and_the_request() {
    run_with(&[("RUST_LOG", "DEBUG")], async |scene| {
        let issued = Authority::new().issue(&Order::new("log.example.com", Duration::DAY));
        scene
            .drop_bundle("drop/log.example.com.pem", &issued.bundle())
            .await;
        let lines = lines(scene);
        let calls: Vec<_> = lines
            .iter()
            .filter(|line| {
                let message = text(line, "message");
                SERVICES.iter().any(|service| message.starts_with(service))
            })
            .collect();
        for line in &calls {
            assert_eq!(line["level"], "DEBUG", "{line}");
            assert_eq!(line["span"]["bundle"], "log.example.com", "{line}");
            assert!(!text(&line["span"], "request_id").is_empty(), "{line}");
        }
        let mut logged: Vec<_> = calls
            .iter()
            .map(|line| text(line, "message").to_owned())
            .collect();
        let proxied = scene.services.calls().into_iter();
        let mut made: Vec<_> = proxied
            .chain(scene.acm_proxy.calls())
            .map(|call| call.operation)
            .collect();
        logged.sort();
        made.sort();
        assert_eq!(logged, made);

        let outcomes: Vec<_> = lines
            .iter()
            .filter(|line| text(line, "message") == "done")
            .collect();
        assert_eq!(outcomes.len(), 1);
        assert_eq!(outcomes[0]["level"], "INFO");
        assert_eq!(outcomes[0]["outcome"], "imported");
        // Lambda drops lines without a level.
        let without: Vec<_> = lines
            .iter()
            .filter(|line| text(line, "level").is_empty())
            .collect();
        assert!(without.is_empty(), "{without:?}");
    });
}
