//! Permissions, enforced: every call that the function makes is held against those that template.yaml
//! grants, and every call of a person against those of the person, as IAM would.
//!
//! What IAM asks for a call is from the Service Authorization Reference:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;
use std::sync::Mutex;

use hyper::body::Bytes;
use hyper::{Method, Request};
use serde_json::Value;

use super::outside::{repository, tool};
use super::proxy::{caller, region};
use super::stage::{ACCOUNT, OTHER_ACCOUNT, REGION, acm_of};

/// The statements of one function's role, and which of them were used.
pub struct Policy {
    statements: Vec<Statement>,
    /// Those of the role that it assumes in another account.
    of_other_account: Vec<Statement>,
    bucket: String,
    acm_endpoint: String,
    used: Mutex<BTreeSet<(String, String)>>,
}

/// What stage/policy.py prints. It is asked once for each set of parameters: it takes a second, and a
/// matrix has thousands of scenes.
fn printed(parameters: &[String]) -> String {
    static PRINTED: Mutex<BTreeMap<Vec<String>, String>> = Mutex::new(BTreeMap::new());
    let mut known = PRINTED.lock().expect("what was printed");
    let text = known.entry(parameters.to_vec()).or_insert_with(|| {
        let script = repository().join("stage/policy.py");
        let printed = Command::new(tool("sam/bin/python"))
            .arg(script)
            .args(parameters)
            .output()
            .expect("python runs");
        let said = String::from_utf8_lossy(&printed.stderr);
        assert!(printed.status.success(), "stage/policy.py: {said}");
        String::from_utf8(printed.stdout).expect("JSON is text")
    });
    text.clone()
}

struct Statement {
    sid: String,
    actions: Vec<String>,
    resources: Vec<String>,
    /// Operator, key, values.
    conditions: Vec<(String, String, Vec<String>)>,
}

/// One permission that a call needs.
struct Need {
    action: String,
    resource: String,
    context: HashMap<String, Vec<String>>,
}

impl Policy {
    /// The permissions of a function on `bucket`, with `parameters` of the template. The ACM at
    /// `acm_endpoint` tells the tags of certificates.
    pub fn of_template(bucket: &str, parameters: &[String], acm_endpoint: &str) -> Self {
        let text = printed(parameters);
        let text = text
            .replace("arn:aws:s3:::BUCKET", &format!("arn:aws:s3:::{bucket}"))
            .replace("/PARAMETERS", &format!("/{bucket}"))
            .replace(":secret:SECRETS/", &format!(":secret:{bucket}/"));
        let statements: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        Self {
            of_other_account: of_other_account(parameters),
            ..Self::of_statements(&statements, bucket, acm_endpoint)
        }
    }

    /// The permissions that `statements` grant somebody, in whose calls the key of the bucket is `KEY`.
    pub fn of_statements(statements: &[Value], bucket: &str, acm_endpoint: &str) -> Self {
        Self {
            statements: statements.iter().map(Statement::new).collect(),
            of_other_account: Vec::new(),
            bucket: bucket.to_owned(),
            acm_endpoint: acm_endpoint.to_owned(),
            used: Mutex::default(),
        }
    }

    /// The same, and what `statement` grants.
    #[must_use]
    pub fn and(mut self, statement: &Value) -> Self {
        self.statements.push(Statement::new(statement));
        self
    }

    /// The permission that this call lacks, in words; `None` where it may be made.
    pub async fn missing(&self, operation: &str, request: &Request<Bytes>) -> Option<String> {
        let region = region(request);
        let is_own = !is_assumed(request);
        let statements = if is_own {
            &self.statements
        } else {
            &self.of_other_account
        };
        for mut need in self.needs(operation, request).await {
            need = need.with("aws:RequestedRegion", vec![region.clone()]);
            let mut allowing = statements.iter().filter(|given| given.allows(&need));
            let Some(statement) = allowing.next() else {
                return Some(format!("{} on {}", need.action, need.resource));
            };
            let mut used = self.used.lock().expect("what was used");
            used.insert((statement.sid.clone(), need.action));
        }
        None
    }

    /// Every action of every statement, and whether a call needed it.
    pub fn uses(&self) -> BTreeMap<(String, String), bool> {
        let used = self.used.lock().expect("what was used");
        let statements = self.statements.iter().chain(&self.of_other_account);
        let granted = statements.flat_map(|statement| {
            let pair = |action: &String| (statement.sid.clone(), action.clone());
            statement.actions.iter().map(pair)
        });
        granted
            .map(|pair| {
                let is_used = used.contains(&pair);
                (pair, is_used)
            })
            .collect()
    }

    async fn needs(&self, operation: &str, request: &Request<Bytes>) -> Vec<Need> {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let path = request.uri().path();
        let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let of_s3 = format!("arn:aws:s3:::{}", decoded.trim_matches('/'));
        let has_version = request
            .uri()
            .query()
            .is_some_and(|query| query.contains("versionId="));
        let versioned = |action: &str| {
            let (verb, rest) = action.split_at(3);
            if has_version {
                format!("s3:{verb}ObjectVersion{rest}")
            } else {
                format!("s3:{verb}Object{rest}")
            }
        };
        match operation {
            "s3:GetObject" => vec![Need::new(versioned("Get"), &of_s3), via("s3", "Decrypt")],
            // As its reference has it, for a version the second permission is needed as well.
            "s3:GetObjectTagging" => {
                let mut actions = vec![operation.to_owned(), versioned("GetTagging")];
                actions.dedup();
                let needs = actions.into_iter();
                needs.map(|action| Need::new(action, &of_s3)).collect()
            }
            "s3:PutObjectTagging" => vec![Need::new(versioned("PutTagging"), &of_s3)],
            "s3:ListObjectsV2" => {
                let prefix = query(request, "prefix");
                vec![Need::new("s3:ListBucket", &self.own_bucket()).with("s3:prefix", prefix)]
            }
            "s3:ListObjectVersions" => vec![Need::new("s3:ListBucketVersions", &self.own_bucket())],
            "s3:PutObject" => {
                let tags = request.headers().get("x-amz-tagging");
                let tags = tags.map(|_| Need::new("s3:PutObjectTagging", &of_s3));
                let object = [Need::new(operation, &of_s3), via("s3", "GenerateDataKey")];
                object.into_iter().chain(tags).collect()
            }
            "s3:Other" if *request.method() == Method::POST => vec![
                Need::new("sns:Publish", "TOPIC"),
                via("sns", "GenerateDataKey"),
                via("sns", "Decrypt"),
            ],
            "sqs:SendMessage" | "sqs:SendMessageBatch" => vec![
                Need::new("sqs:SendMessage", "WORK"),
                via("sqs", "GenerateDataKey"),
                via("sqs", "Decrypt"),
            ],
            _ if operation.starts_with("sqs:") => vec![Need::new(operation, "WORK")],
            "ssm:GetParameters" => parameters(&body),
            "ssm:GetParametersByPath" => vec![Need::new(operation, &parameter(&body["Path"]))],
            "sts:AssumeRole" => vec![Need::new(operation, &form(request.body(), "RoleArn"))],
            "ssm:GetParameter" | "ssm:PutParameter" => {
                vec![Need::new(operation, &parameter(&body["Name"]))]
            }
            _ if operation.starts_with("secretsmanager:") => secret(operation, &body["SecretId"]),
            "acm:ImportCertificate" => self.import(&body, request).await,
            "acm:AddTagsToCertificate" | "acm:RemoveTagsFromCertificate" => {
                let arn = text(&body["CertificateArn"]);
                let need = Need::new(operation, &arn).tagging(&body["Tags"]);
                let tags = self.tags(&arn, &region(request), account(request)).await;
                vec![need.of_tagged(tags)]
            }
            _ if body["CertificateArn"].is_string() => {
                vec![Need::new(operation, &text(&body["CertificateArn"]))]
            }
            _ if operation.starts_with("s3:") => vec![Need::new(operation, &of_s3)],
            _ => vec![Need::new(operation, "*")],
        }
    }

    /// A new certificate takes its tags along, for which AWS asks for the permission to tag, too.
    async fn import(&self, body: &Value, request: &Request<Bytes>) -> Vec<Need> {
        let action = "acm:ImportCertificate";
        let region = region(request);
        let account = account(request);
        if let Some(arn) = body["CertificateArn"].as_str() {
            let tags = self.tags(arn, &region, account).await;
            return vec![Need::new(action, arn).of_tagged(tags)];
        }
        let new = format!("arn:aws:acm:{region}:{account}:certificate/new");
        [action, "acm:AddTagsToCertificate"]
            .map(|action| Need::new(action, &new).tagging(&body["Tags"]))
            .into()
    }

    async fn tags(&self, arn: &str, region: &str, account: &str) -> Vec<(String, String)> {
        let acm = acm_of(&self.acm_endpoint, region, account);
        let call = acm.list_tags_for_certificate().certificate_arn(arn);
        let tags = call.send().await.ok().and_then(|answer| answer.tags);
        let pair = |tag: &aws_sdk_acm::types::Tag| {
            (
                tag.key().to_owned(),
                tag.value().unwrap_or_default().to_owned(),
            )
        };
        tags.unwrap_or_default().iter().map(pair).collect()
    }

    fn own_bucket(&self) -> String {
        format!("arn:aws:s3:::{}", self.bucket)
    }
}

impl Need {
    fn new(action: impl Into<String>, resource: &str) -> Self {
        Self {
            action: action.into(),
            resource: resource.to_owned(),
            context: HashMap::new(),
        }
    }

    fn with(mut self, key: &str, values: Vec<String>) -> Self {
        self.context.insert(key.to_owned(), values);
        self
    }

    fn tagging(mut self, tags: &Value) -> Self {
        let tags = tags.as_array().cloned().unwrap_or_default();
        for tag in &tags {
            self = self.with(
                &format!("aws:RequestTag/{}", text(&tag["Key"])),
                vec![text(&tag["Value"])],
            );
        }
        let keys: Vec<_> = tags.iter().map(|tag| text(&tag["Key"])).collect();
        self.with("aws:TagKeys", keys)
    }

    fn of_tagged(mut self, tags: Vec<(String, String)>) -> Self {
        for (key, value) in tags {
            self = self.with(&format!("aws:ResourceTag/{key}"), vec![value]);
        }
        self
    }
}

/// The value of `name` in the query, if it has one.
fn query(request: &Request<Bytes>, name: &str) -> Vec<String> {
    let query = request.uri().query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let values = pairs.filter(|(key, _)| *key == name);
    values
        .map(|(_, value)| {
            let decoded = percent_encoding::percent_decode_str(value);
            decoded.decode_utf8_lossy().into_owned()
        })
        .collect()
}

/// What `service` needs of the stack's key, in the function's name.
fn via(service: &str, action: &str) -> Need {
    let service = format!("{service}.{REGION}.amazonaws.com");
    Need::new(format!("kms:{action}"), "KEY").with("kms:ViaService", vec![service])
}

/// The account that a call is made in.
fn account(request: &Request<Bytes>) -> &'static str {
    if is_assumed(request) {
        OTHER_ACCOUNT
    } else {
        ACCOUNT
    }
}

/// The call is made as a role that was assumed: its access key is a temporary one.
fn is_assumed(request: &Request<Bytes>) -> bool {
    caller(request).starts_with("ASIA")
}

/// The statements of docs/targets/role.yaml. It is the only role that is assumed, in one account.
fn of_other_account(parameters: &[String]) -> Vec<Statement> {
    let adoption = parameters
        .iter()
        .find(|parameter| parameter.starts_with("AllowAdoption="));
    let arguments: Vec<_> = ["--role".to_owned()]
        .into_iter()
        .chain(adoption.cloned())
        .chain([format!("TagKeys={}", tag_keys(parameters))])
        .collect();
    let statements: Vec<Value> = serde_json::from_str(&printed(&arguments)).expect("JSON");
    statements.iter().map(Statement::new).collect()
}

/// All keys of tags that the parameters of the template name.
fn tag_keys(parameters: &[String]) -> String {
    let pairs = parameters.iter().filter_map(|one| one.split_once('='));
    let named = pairs
        .filter(|(name, _)| ["CertificateTags", "UploaderTagKeys", "FormerTagKeys"].contains(name));
    let keys = named.flat_map(|(_, value)| value.split(','));
    let keys = keys.filter_map(|part| part.split('=').next());
    let keys: Vec<_> = keys.filter(|key| !key.is_empty()).collect();
    keys.join(",")
}

/// A member of a form.
fn form(body: &[u8], name: &str) -> String {
    let body = String::from_utf8_lossy(body).into_owned();
    let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find_map(|(key, value)| (key == name).then(|| value.to_owned()));
    let value = value.unwrap_or_default();
    percent_encoding::percent_decode_str(&value)
        .decode_utf8_lossy()
        .into_owned()
}

/// Secrets need their key, too; which of the parameters is one, only SSM knows.
fn parameters(body: &Value) -> Vec<Need> {
    let names = body["Names"].as_array().cloned().unwrap_or_default();
    let need = |name: &Value| {
        let arn = parameter(name);
        let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/of-ssm");
        let decrypt = Need::new("kms:Decrypt", &key)
            .with(
                "kms:ViaService",
                vec![format!("ssm.{REGION}.amazonaws.com")],
            )
            .with("kms:EncryptionContext:PARAMETER_ARN", vec![arn.clone()]);
        [Need::new("ssm:GetParameters", &arn), decrypt]
    };
    names.iter().flat_map(need).collect()
}

/// Every secret is taken for one under a key of the account's own. IAM knows a secret by its whole ARN, which ends with
/// six characters of Secrets Manager's.
fn secret(operation: &str, id: &Value) -> Vec<Need> {
    let id = text(id);
    let arn = if id.starts_with("arn:") {
        id
    } else {
        format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{id}-AbCdEf")
    };
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/of-secrets-manager");
    let decrypt = Need::new("kms:Decrypt", &key)
        .with(
            "kms:ViaService",
            vec![format!("secretsmanager.{REGION}.amazonaws.com")],
        )
        .with("kms:EncryptionContext:SecretARN", vec![arn.clone()]);
    let reads = operation == "secretsmanager:GetSecretValue";
    let own = Need::new(operation, &arn);
    [own].into_iter().chain(reads.then_some(decrypt)).collect()
}

fn parameter(name: &Value) -> String {
    format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{}", text(name))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Statement {
    fn new(statement: &Value) -> Self {
        let conditions = statement["Condition"].as_object().into_iter().flatten();
        let conditions = conditions.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(|(key, values)| (operator.clone(), key.clone(), list(values)))
        });
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        Self {
            sid: text(&statement["Sid"]),
            actions: list(&statement["Action"]),
            resources: list(&statement["Resource"]),
            conditions: conditions.collect(),
        }
    }

    fn allows(&self, need: &Need) -> bool {
        let any_like = |patterns: &[String], value: &str| patterns.iter().any(|p| like(p, value));
        any_like(&self.actions, &need.action)
            && any_like(&self.resources, &need.resource)
            && self.conditions.iter().all(|(operator, key, values)| {
                let given = need.context.get(key);
                match operator.as_str() {
                    "StringEquals" => given.is_some_and(|given| values.contains(&given[0])),
                    "StringLike" => given.is_some_and(|given| any_like(values, &given[0])),
                    "ForAllValues:StringEquals" => {
                        given.is_none_or(|given| given.iter().all(|one| values.contains(one)))
                    }
                    other => panic!("the condition {other} is new to tests/support/src/policy.rs"),
                }
            })
    }
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// IAM's wildcard: `*` stands for any characters, slashes included.
fn like(pattern: &str, value: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == value,
        Some((before, after)) => value.strip_prefix(before).is_some_and(|rest| {
            let mut tails = rest.char_indices().map(|(index, _)| &rest[index..]);
            tails.any(|tail| like(after, tail)) || like(after, "")
        }),
    }
}
