//! Each sample of `events/` becomes the work that its row in `events/README.md` says.

use std::fs;

use certdrop::bundle_name::BundleName;
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
    assert!(request("unknown").is_err_and(|fault| fault.is_set_up()));
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

#[test]
fn only_an_object_that_was_created_below_the_prefix_is_work() {
    let work = Some("a < drop/a.pem @ 1");
    for (event, key, expected) in [
        ("ObjectCreated:Put", "drop/a.pem", work),
        ("ObjectCreated:CompleteMultipartUpload", "drop/a.pem", work),
        ("s3:ObjectCreated:Copy", "drop/a.pem", work),
        ("ObjectRemoved:Delete", "drop/a.pem", None),
        ("ObjectTagging:Put", "drop/a.pem", None),
        ("ObjectCreated:Put", "summaries/a/1.json", None),
        ("ObjectCreated:Put", "drop/.DS_Store", None),
    ] {
        let mut payload = payload("s3-object-created-put");
        payload["Records"][0]["eventName"] = json!(event);
        payload["Records"][0]["s3"]["object"]["key"] = json!(key);
        payload["Records"][0]["s3"]["object"]["versionId"] = json!("1");
        let found = match read(&payload, WATCHED) {
            Ok(Event::One(request @ Request::Bundles(_))) => shown(&request),
            Ok(Event::One(Request::Nothing(_))) => Vec::new(),
            other => panic!("{event} of {key}: {other:?}"),
        };
        assert_eq!(found, Vec::from_iter(expected), "{event} of {key}");
    }
}

/// Events of buckets that never had versions carry an empty one, which S3 would refuse.
#[test]
fn an_empty_version_means_the_newest() {
    let mut payload = payload("s3-object-created-put");
    for (version, expected) in [("", "newest"), ("null", "null"), ("3sL4", "3sL4")] {
        payload["Records"][0]["s3"]["object"]["versionId"] = json!(version);
        let Ok(Event::One(request)) = read(&payload, WATCHED) else {
            panic!("no request");
        };
        let expected = format!("www.example.com < drop/www.example.com.pem @ {expected}");
        assert_eq!(shown(&request), [expected]);
    }
}

#[test]
fn events_that_certdrop_has_no_business_with_do_nothing() {
    let mut payload = payload("eventbridge-object-created");
    payload["detail-type"] = json!("Object Deleted");
    let event = read(&payload, WATCHED);
    assert!(
        matches!(event, Ok(Event::One(Request::Nothing(_)))),
        "{event:?}"
    );
}

#[test]
fn a_wrong_source_is_told_with_what_is_wrong_and_without_values() {
    let mut other_bucket = payload("s3-object-created-put");
    other_bucket["Records"][0]["s3"]["bucket"]["name"] = json!("other-bucket");
    let mut no_key = payload("s3-object-created-put");
    no_key["Records"][0]["s3"]["object"]["key"] = Value::Null;
    let mut no_arn = payload("acm-certificate-approaching-expiration");
    no_arn["resources"] = json!([]);
    for (payload, expected) in [
        (
            other_bucket,
            "the event is about the bucket `other-bucket`, not `example-bucket`; \
             correct the trigger, or the setting CERTDROP_BUCKET",
        ),
        (
            no_key,
            "the S3 notification lacks a bucket and an object key; compare it with the samples in events/",
        ),
        (
            no_arn,
            "the ACM event lacks the ARN of a certificate; compare it with the samples in events/",
        ),
        (
            json!({"bundle": ".hidden"}),
            "`.hidden` cannot be the name of a bundle; name it as its object without prefix and ending, \
             such as {\"bundle\": \"www.example.com\"}",
        ),
        (
            json!({"password": "hunter2", "user": "me"}),
            "this event (members: password, user) is of no kind that certdrop knows; \
             send one of the payloads in events/, such as {\"bundle\": \"www.example.com\"}",
        ),
        (
            json!({"requestPayload": {"sweep": {}}}),
            "this event (members: requestPayload) is of no kind that certdrop knows; \
             send one of the payloads in events/, such as {\"bundle\": \"www.example.com\"}",
        ),
    ] {
        match read(&payload, WATCHED) {
            Err(fault) if fault.is_set_up() => assert_eq!(fault.to_string(), expected),
            other => panic!("{payload}: {other:?}"),
        }
    }
}

#[test]
fn each_message_of_a_queue_is_read_by_itself() {
    let object = |key: &str| {
        let mut record = payload("s3-object-created-put")["Records"][0].clone();
        record["s3"]["object"]["key"] = json!(key);
        record
    };
    let one = json!({"Records": [object("drop/a.pem")]});
    let two = json!({"Records": [object("drop/a.pem"), object("drop/b.pem")]});
    for (body, received, bundle, is_read) in [
        (one.to_string(), Some("3"), Some("a"), true),
        (two.to_string(), Some("1"), None, true),
        (json!({"bundle": "b"}).to_string(), None, Some("b"), true),
        (json!({"sweep": {}}).to_string(), Some("many"), None, true),
        ("no JSON".to_owned(), Some("1"), None, false),
        // A queue within a queue is nobody's.
        (
            payload("sqs-s3-notification").to_string(),
            Some("1"),
            None,
            false,
        ),
    ] {
        let mut payload = payload("sqs-s3-notification");
        payload["Records"][0]["body"] = json!(body);
        payload["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!(received);
        if received.is_none() {
            payload["Records"][0]["attributes"] = json!({});
        }
        let Ok(Event::Queue(messages)) = read(&payload, WATCHED) else {
            panic!("no messages");
        };
        let message = &messages[0];
        let counted = if received == Some("3") { 3 } else { 1 };
        assert_eq!(message.received, counted, "{body}");
        assert_eq!(message.bundle().map(BundleName::as_str), bundle, "{body}");
        assert_eq!(message.request.is_ok(), is_read, "{body}");
        assert_eq!(message.body, body, "it is sent again as it came");
        assert_eq!(messages.len(), 2);
        assert!(messages[1].request.is_ok(), "the other is not concerned");
    }
}
