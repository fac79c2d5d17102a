//! Each sample of `events/` becomes the work that its row in `events/README.md` says.

use std::fs;

use certdrop::event::{Content, Event, FIRST_SENT, Request, SweepRequest, Watched, WorkItem, read};
use certdrop::fault::Fault;
use serde_json::{Value, json};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/events");

fn event(sample: &str) -> Result<Event, Fault> {
    read(&payload(sample), WATCHED)
}

const WATCHED: Watched<'static> = Watched {
    bucket: "example-bucket",
    drop_prefix: "drop/",
};

fn payload(sample: &str) -> Value {
    let path = format!("{SAMPLES}/{sample}.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

fn request(sample: &str) -> Result<Request, Fault> {
    event(sample).map(|event| match event {
        Event::One(request) => request,
        Event::Queue(_) => panic!("{sample} is a queue's"),
    })
}

/// `bundle < key @ version` for each item.
fn shown(request: &Request) -> Vec<String> {
    let item = |item: &WorkItem| match &item.content {
        Content::Newest | Content::Earlier(_) => item.bundle.to_string(),
        Content::Object(object) => {
            let version = object.version_id.as_deref().unwrap_or("newest");
            format!("{} < {} @ {version}", item.bundle, object.key)
        }
    };
    match request {
        Request::Bundles(items) => items.iter().map(item).collect(),
        other => panic!("no bundles: {other:?}"),
    }
}

#[test]
fn samples_about_objects_name_bundle_key_and_version() {
    for (sample, expected) in [
        (
            "s3-object-created-put",
            &["www.example.com < drop/www.example.com.pem @ newest"][..],
        ),
        (
            "s3-object-created-encoded-key",
            &[
                "my shop.example.com < drop/my shop.example.com.pem @ 096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "shop+blog.example.com < drop/shop+blog.example.com.pem @ IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                "münchen.example < drop/münchen.example.pem @ 3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH",
            ],
        ),
        (
            "eventbridge-object-created",
            &[
                "shop+blog & more.example.com < drop/shop+blog & more.example.com.pem @ IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            ],
        ),
        ("bundle", &["www.example.com"]),
    ] {
        let request = request(sample).unwrap_or_else(|fault| panic!("{sample}: {fault}"));
        assert_eq!(shown(&request), expected, "{sample}");
    }
}

#[test]
fn samples_from_queues_hold_two_messages_each() {
    for sample in ["sqs-s3-notification", "sqs-eventbridge-object-created"] {
        let Ok(Event::Queue(messages)) = event(sample) else {
            panic!("{sample} holds no messages");
        };
        let requests = messages.iter().map(|message| message.request.as_ref());
        let shown: Vec<_> = requests
            .flat_map(|request| shown(request.expect("a request")))
            .collect();
        assert_eq!(shown.len(), 2, "{sample}: {shown:?}");
        assert!(
            shown[0].starts_with("www.example.com < drop/www.example.com.pem @ "),
            "{shown:?}"
        );
    }
}

#[test]
fn a_message_knows_when_it_was_sent_first() {
    let mut payload = payload("sqs-s3-notification");
    let sent = payload["Records"][0]["attributes"]["SentTimestamp"].clone();
    let sent = sent.as_str().expect("text");
    let first = |payload: &Value| {
        let Ok(Event::Queue(messages)) = read(payload, WATCHED) else {
            panic!("messages");
        };
        messages[0]
            .first_sent
            .map(|at| at.unix_timestamp_nanos() / 1_000_000)
    };
    assert_eq!(first(&payload), sent.parse().ok());
    for (attribute, expected) in [
        ("1764568800123", Some(1_764_568_800_123)),
        ("soon", None),
        ("170141183460469231731687303715884105727", None),
    ] {
        payload["Records"][0]["messageAttributes"] =
            json!({FIRST_SENT: {"stringValue": attribute, "dataType": "Number"}});
        assert_eq!(first(&payload), expected, "{attribute}");
    }
}

#[test]
fn samples_of_schedules_ask_for_a_sweep() {
    for sample in [
        "schedule",
        "eventbridge-scheduled-event",
        "sweep",
        "lambda-failed-event",
    ] {
        assert_eq!(
            request(sample),
            Ok(Request::Sweep(SweepRequest::default())),
            "{sample}"
        );
    }
}

#[test]
fn the_other_samples_are_what_their_rows_say() {
    let Ok(Request::Expiring(arn)) = request("acm-certificate-approaching-expiration") else {
        panic!("no notice of expiry");
    };
    assert_eq!(arn.region().as_str(), "eu-central-1");
    assert!(matches!(request("s3-test-event"), Ok(Request::Nothing(_))));
    assert!(matches!(request("unknown"), Err(Fault::SetUp { .. })));
}

#[test]
fn every_sample_has_its_row() {
    let readme = fs::read_to_string(format!("{SAMPLES}/README.md")).expect("the README is there");
    for entry in fs::read_dir(SAMPLES).expect("the samples are there") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        assert!(
            name == "README.md" || readme.contains(&format!("[{name}]({name})")),
            "{name}"
        );
    }
}
