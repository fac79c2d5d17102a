//! Events about one object, made from the samples in `events/`.

use serde_json::{Value, json};

const S3: &str = include_str!("../../../events/s3-object-created-put.json");
const EVENT_BRIDGE: &str = include_str!("../../../events/eventbridge-object-created.json");

/// The object that an event is about.
#[derive(Clone, Copy, Debug)]
pub struct Created<'a> {
    /// Where its bucket is.
    pub region: &'a str,
    /// The bucket's name.
    pub bucket: &'a str,
    /// As the event has it: S3 encodes keys as forms do, EventBridge does not.
    pub key: &'a str,
    /// The version that was written.
    pub version: &'a str,
}

impl Created<'_> {
    /// As S3 itself tells of it.
    pub fn by_s3(self) -> Value {
        let mut event: Value = serde_json::from_str(S3).expect("the sample is JSON");
        let record = &mut event["Records"][0];
        record["awsRegion"] = json!(self.region);
        record["s3"]["bucket"]["name"] = json!(self.bucket);
        record["s3"]["bucket"]["arn"] = json!(self.bucket_arn());
        record["s3"]["object"]["key"] = json!(self.key);
        record["s3"]["object"]["versionId"] = json!(self.version);
        event
    }

    /// As EventBridge tells of it.
    pub fn by_event_bridge(self) -> Value {
        let mut event: Value = serde_json::from_str(EVENT_BRIDGE).expect("the sample is JSON");
        event["region"] = json!(self.region);
        event["resources"] = json!([self.bucket_arn()]);
        event["detail"]["bucket"]["name"] = json!(self.bucket);
        event["detail"]["object"]["key"] = json!(self.key);
        event["detail"]["object"]["version-id"] = json!(self.version);
        event
    }

    fn bucket_arn(self) -> String {
        format!("arn:aws:s3:::{}", self.bucket)
    }
}
