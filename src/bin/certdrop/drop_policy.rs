//! The permissions that `certdrop drop` needs, as a policy of IAM.

use certdrop::config::Config;
use certdrop::region::Region;
use serde::Serialize;
use serde_json::{Value, json};

use crate::destination::{Destination, KeyArn};

/// Members in the order in which AWS's documents have them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

/// Who runs `certdrop drop` with the options of `destination` is allowed what it calls, and nothing else. Nobody can
/// read a dropped bundle by it: `kms:Decrypt` opens objects only for who may get them, which are summaries.
///
/// What each call asks for:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>. To read the tags of a
/// version that is named takes both permissions that are here, says
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html>.
pub(crate) fn of(destination: &Destination, key: &KeyArn, is_waiting: bool) -> Policy {
    let config = &destination.session.config;
    let bucket = format!("arn:{}:s3:::{}", key.partition(), config.bucket);
    let drops = format!("{bucket}/{}*", config.drop_prefix);
    let mut statement = vec![allow("DropBundles", &["s3:PutObject"], drops.clone())];
    if is_waiting {
        let summaries = format!("{}*", config.summary_prefix);
        let listing = allow("FindSummaries", &["s3:ListBucket"], bucket.clone());
        let below = json!({ "StringLike": { "s3:prefix": summaries } });
        statement.extend([
            allow(
                "SeeOutcomes",
                &["s3:GetObjectTagging", "s3:GetObjectVersionTagging"],
                drops,
            ),
            listing.only_if(below),
            allow(
                "ReadSummaries",
                &["s3:GetObject"],
                format!("{bucket}/{summaries}"),
            ),
        ]);
    }
    statement.push(use_the_key(config, key, is_waiting));
    let settings = destination.settings.iter();
    statement.extend(settings.map(|parameter| read_settings(config, key, parameter)));
    Policy {
        version: "2012-10-17",
        statement,
    }
}

fn use_the_key(config: &Config, key: &KeyArn, is_waiting: bool) -> Statement {
    let actions: &[_] = if is_waiting {
        &["kms:GenerateDataKey", "kms:Decrypt"]
    } else {
        &["kms:GenerateDataKey"]
    };
    let service = format!("s3.{}.amazonaws.com", region(config));
    // In China services have names of both kinds.
    let services = match key.partition() {
        "aws-cn" => json!([service, format!("{service}.cn")]),
        _ => json!(service),
    };
    allow("UseTheKeyOfTheBucket", actions, key.as_str().to_owned())
        .only_if(json!({ "StringEquals": { "kms:ViaService": services } }))
}

fn read_settings(config: &Config, key: &KeyArn, parameter: &str) -> Statement {
    let resource = format!(
        "arn:{}:ssm:{}:{}:parameter{parameter}",
        key.partition(),
        region(config),
        config.bucket_owner
    );
    allow("ReadTheSettings", &["ssm:GetParameter"], resource)
}

fn allow(sid: &'static str, action: &[&'static str], resource: String) -> Statement {
    Statement {
        sid,
        effect: "Allow",
        action: action.to_vec(),
        resource,
        condition: None,
    }
}

impl Statement {
    fn only_if(mut self, condition: Value) -> Self {
        self.condition = Some(condition);
        self
    }
}

fn region(config: &Config) -> &str {
    let home = config.regions.first();
    home.map(Region::as_str).unwrap_or_default()
}
