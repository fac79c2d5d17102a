//! One test's own bucket and function on the common stage.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_acm::types::{Filters, KeyAlgorithm};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CreateBucketConfiguration, Tag, Tagging, VersioningConfiguration,
};
use aws_sdk_ssm::types::ParameterType;
use certdrop::lease::Lease;
use serde_json::{Value, json};

use super::child::Task;
use super::events::Created;
use super::outside::now;
use super::pki::Issued;
use super::policy::Policy;
use super::proxy::{Deed, Proxy, UNKNOWN_OPERATION};
use super::runtime_api::{Answer, Function, FunctionError, is_brief};
use super::stage::{
    ACCOUNT, MOTO, OTHER_ACCOUNT, REGION, ROLE, RUNTIME, STAGE, Stage, acm, acm_in, acm_of,
    fresh_acm,
};

/// For [`run_with`]: the stack was deployed with another region beside its own.
pub const TWO_REGIONS: (&str, &str) = ("CERTDROP_REGIONS", OTHER_REGION);
/// The region beside the stack's own.
pub const OTHER_REGION: &str = "us-east-1";

/// For [`run_with`]: the stack was deployed with a document of targets, and the role [`ROLE`].
pub const TARGETS: (&str, &str) = ("CERTDROP_TARGETS_KEY", "targets.json");

/// For [`run_with`]: the stack was deployed with the parameter AllowAdoption.
pub const ADOPTION: (&str, &str) = ("CERTDROP_ALLOW_ADOPTION", "true");

/// For [`run_with`]: the stack was deployed with the parameter SecretArns, which names the scene's own secrets
/// ([`Scene::secret_name`]). No setting of the function tells of it.
pub const SECRETS: (&str, &str) = (
    "template.yaml:SecretArns",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:SECRETS/*",
);

/// How often an event comes at most; its source would give it up then.
const DELIVERIES: usize = 6;

/// A worker whose calls go through proxies of its own, so that they can be told from those of others.
pub struct Apart {
    /// The worker.
    pub function: Function,
    /// Between it and everything but ACM.
    pub services: Proxy,
    /// Between it and ACM.
    pub acm: Proxy,
}

/// A bucket, a function on it, and clients that see what it does.
pub struct Scene {
    /// What it stands on.
    pub stage: &'static Stage,
    /// Past the proxy, as all of these clients.
    pub s3: aws_sdk_s3::Client,
    /// For passphrases and records.
    pub ssm: aws_sdk_ssm::Client,
    /// For secrets that parameters point to.
    pub secrets_manager: aws_sdk_secretsmanager::Client,
    /// In the stack's own region.
    pub acm: aws_sdk_acm::Client,
    /// The address of ACM itself.
    pub acm_endpoint: String,
    /// Its name, which no other scene has.
    pub bucket: String,
    /// The worker that events go to.
    pub function: Function,
    /// Between the function and everything but ACM.
    pub services: Proxy,
    /// Between the function and ACM.
    pub acm_proxy: Proxy,
    /// What the function may do.
    pub policy: Arc<Policy>,
    environment: Vec<(String, String)>,
    secrets: Mutex<Vec<String>>,
    said: Mutex<String>,
    _local_acm: Option<Task>,
}

/// Runs `play` with a bucket and a function of its own, then looks for secrets in all that was
/// said: answers, errors, logs, everything in the bucket but what was dropped.
pub fn run(play: impl AsyncFnOnce(&Scene)) {
    run_with(&[], play);
}

/// The same with more settings for the function.
pub fn run_with(settings: &[(&str, &str)], play: impl AsyncFnOnce(&Scene)) {
    let stage = &*STAGE;
    RUNTIME.block_on(async {
        let scene = Scene::on(stage, settings).await;
        play(&scene).await;
        scene.shows_no_secret().await;
    });
}

/// The same with moto as ACM.
pub fn run_on_moto(play: impl AsyncFnOnce(&Scene)) {
    let (stage, moto) = (&*STAGE, &*MOTO);
    RUNTIME.block_on(async {
        let scene = Scene::new(stage, moto.endpoint.clone(), None, &[]).await;
        // moto answers 500 to operations that it does not know, where AWS names the error.
        scene
            .acm_proxy
            .set_rule(|call| match call.operation.as_str() {
                "acm:SearchCertificates" => Deed::Refuse(UNKNOWN_OPERATION),
                _ => Deed::Pass,
            });
        play(&scene).await;
        scene.shows_no_secret().await;
    });
}

impl Scene {
    /// For tests that play many scenes at once. They look for secrets themselves.
    pub async fn on(stage: &'static Stage, settings: &[(&str, &str)]) -> Self {
        let (endpoint, acm) = fresh_acm().await;
        Self::new(stage, endpoint, Some(acm), settings).await
    }

    async fn new(
        stage: &'static Stage,
        acm_endpoint: String,
        local_acm: Option<Task>,
        settings: &[(&str, &str)],
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let bucket = format!("certificates-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let s3 = stage.s3();
        let here = CreateBucketConfiguration::builder()
            .location_constraint(REGION.into())
            .build();
        s3.create_bucket()
            .bucket(&bucket)
            .create_bucket_configuration(here)
            .send()
            .await
            .expect("a bucket");
        s3.put_bucket_versioning()
            .bucket(&bucket)
            .versioning_configuration(
                VersioningConfiguration::builder()
                    .status(BucketVersioningStatus::Enabled)
                    .build(),
            )
            .send()
            .await
            .expect("versions");
        let services = Proxy::before(&stage.endpoint).await;
        let acm_proxy = Proxy::before(&acm_endpoint).await;
        let policy = Policy::of_template(&bucket, &parameters(settings), &acm_endpoint);
        let policy = Arc::new(policy);
        services.enforce(Arc::clone(&policy));
        acm_proxy.enforce(Arc::clone(&policy));
        let mut environment = environment(&services, &acm_proxy, &bucket);
        let settings = settings.iter();
        environment.extend(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let environment: Vec<_> = environment.into_iter().collect();
        let function =
            Function::start(&environment, &stage.logs.join(format!("{bucket}.log"))).await;
        Self {
            stage,
            s3,
            ssm: stage.ssm(),
            secrets_manager: stage.secrets_manager(),
            acm: acm(&acm_endpoint),
            acm_endpoint,
            bucket,
            function,
            services,
            acm_proxy,
            policy,
            environment,
            secrets: Mutex::default(),
            said: Mutex::default(),
            _local_acm: local_acm,
        }
    }

    /// One more worker beside [`Scene::function`].
    pub async fn another_function(&self) -> Function {
        self.another_function_with(&[]).await
    }

    /// One more worker, with other settings. What it may do stays the same.
    pub async fn another_function_with(&self, settings: &[(&str, &str)]) -> Function {
        let mut environment: BTreeMap<_, _> = self.environment.iter().cloned().collect();
        let settings = settings.iter();
        environment.extend(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let environment: Vec<_> = environment.into_iter().collect();
        Function::start(&environment, &self.log()).await
    }

    /// A worker with these settings, as after an update of the stack with their parameters: from now on all may do what
    /// the template grants with them.
    pub async fn redeployed_with(&self, settings: &[(&str, &str)]) -> Function {
        let parameters = parameters(settings);
        let policy = Policy::of_template(&self.bucket, &parameters, &self.acm_endpoint);
        let policy = Arc::new(policy);
        self.services.enforce(Arc::clone(&policy));
        self.acm_proxy.enforce(policy);
        self.another_function_with(settings).await
    }

    /// One more worker, whose calls can be told from those of the others.
    pub async fn worker_apart(&self, settings: &[(&str, &str)]) -> Apart {
        let services = Proxy::before(&self.stage.endpoint).await;
        let acm = Proxy::before(&self.acm_endpoint).await;
        services.enforce(Arc::clone(&self.policy));
        acm.enforce(Arc::clone(&self.policy));
        let own = [
            ("AWS_ENDPOINT_URL", services.url.as_str()),
            ("AWS_ENDPOINT_URL_ACM", &acm.url),
            ("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", &acm.url),
            ("AWS_ENDPOINT_URL_STS", &acm.url),
        ];
        let function = self.another_function_with(&[&own, settings].concat()).await;
        Apart {
            function,
            services,
            acm,
        }
    }

    fn log(&self) -> PathBuf {
        self.stage.logs.join(format!("{}.log", self.bucket))
    }

    /// Makes every lease end now, as time would.
    pub async fn end_leases(&self) {
        for key in self.keys("leases/").await {
            let mut lease: Value = serde_json::from_str(&self.read(&key).await).expect("a lease");
            lease["expires_at"] = json!("2000-01-01T00:00:00Z");
            self.put_unminded(&key, &lease.to_string()).await;
        }
    }

    /// Waits until every lease that lies there now is free to be taken over.
    pub async fn leases_end(&self) {
        let keys = self.keys("leases/").await;
        // The turns of imports lie there as well.
        for key in keys.iter().filter(|key| !key.starts_with("leases/pace/")) {
            let call = self.s3.get_object().bucket(&self.bucket).key(key);
            // Who holds it may give it back meanwhile.
            let Ok(object) = call.send().await else {
                continue;
            };
            let bytes = object.body.collect().await.expect("its bytes").to_vec();
            let lease: Lease = serde_json::from_slice(&bytes).expect("a lease");
            let left = lease.expires_at - now();
            tokio::time::sleep(left.try_into().unwrap_or_default()).await;
        }
    }

    /// Sends an event until it is finished, as its source does: after a transient fault it comes again.
    pub async fn deliver(&self, event: &Value) -> Value {
        let mut last = String::new();
        for _ in 0..DELIVERIES {
            match self.invoke(event).await {
                Ok(answer) => return answer,
                Err(FunctionError::Reported { kind, message }) if is_brief(&kind) => {
                    last = message;
                    self.leases_end().await;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("unfinished after {DELIVERIES} deliveries: {last}");
    }

    /// The same for an event about one bundle: the one summary that comes back.
    pub async fn deliver_one(&self, event: &Value) -> Value {
        let answer = self.deliver(event).await;
        let summaries = answer["summaries"].as_array().expect("summaries");
        assert_eq!(summaries.len(), 1, "{answer}");
        summaries[0].clone()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.services.clear();
        self.acm_proxy.clear();
    }

    /// Sends an event, and keeps the answer for the search for secrets.
    pub async fn invoke(&self, payload: &Value) -> Answer {
        let answer = self.function.invoke(payload).await;
        let text = match &answer {
            Ok(value) => value.to_string(),
            Err(error) => format!("{error:?}"),
        };
        self.said.lock().expect("what was said").push_str(&text);
        answer
    }

    /// Keeps what was said elsewhere for the search for secrets.
    pub fn hear(&self, text: &str) {
        self.said.lock().expect("what was said").push_str(text);
    }

    /// Drops an object and sends S3's event about it: the one summary that comes back.
    pub async fn drop_bundle(&self, key: &str, content: &str) -> Value {
        let version = self.put(key, content).await;
        self.summary(&self.created(key, &version)).await
    }

    /// Sends an event about one bundle: the one summary that comes back.
    pub async fn summary(&self, event: &Value) -> Value {
        let answer = self.invoke(event).await.expect("the function succeeds");
        let summaries = answer["summaries"].as_array().expect("summaries").clone();
        assert_eq!(summaries.len(), 1, "{answer}");
        summaries[0].clone()
    }

    /// Sends an event that cannot be finished: the error's kind and message.
    pub async fn fault(&self, event: &Value) -> (String, String) {
        match self.invoke(event).await {
            Err(FunctionError::Reported { kind, message }) => (kind, message),
            other => panic!("not a reported error: {other:?}"),
        }
    }

    /// Puts an object below the drop prefix: its version id.
    pub async fn put(&self, key: &str, content: &str) -> String {
        self.mind(content);
        let answer = self
            .s3
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(ByteStream::from(content.as_bytes().to_vec()))
            .send()
            .await
            .expect("an object");
        answer.version_id.expect("a version")
    }

    /// Puts an object that holds no secret: its ETag.
    pub async fn put_unminded(&self, key: &str, content: &str) -> String {
        let body = ByteStream::from(content.as_bytes().to_vec());
        let call = self
            .s3
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(body);
        call.send()
            .await
            .expect("an object")
            .e_tag
            .expect("an ETag")
    }

    /// Turns the local ACM's knobs.
    pub async fn turn_knobs(&self, knobs: &Value) {
        let client =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                .build_http();
        let request = hyper::Request::post(format!("{}/_certdrop/knobs", self.acm_endpoint))
            .header("content-type", "application/json")
            .body(http_body_util::Full::new(hyper::body::Bytes::from(
                knobs.to_string(),
            )))
            .expect("a request");
        let answer = client.request(request).await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// The event that S3 sends.
    pub fn created(&self, key: &str, version: &str) -> Value {
        let key = form_encoded(key);
        let created = Created {
            region: REGION,
            bucket: &self.bucket,
            key: &key,
            version,
        };
        created.by_s3()
    }

    /// Sets an object's tags.
    pub async fn tag_object(&self, key: &str, tags: &[(&str, &str)]) {
        let tag = |(key, value): &(&str, &str)| {
            Tag::builder()
                .key(*key)
                .value(*value)
                .build()
                .expect("a tag")
        };
        let tagging = Tagging::builder().set_tag_set(Some(tags.iter().map(tag).collect()));
        self.s3
            .put_object_tagging()
            .bucket(&self.bucket)
            .key(key)
            .tagging(tagging.build().expect("tags"))
            .send()
            .await
            .expect("the tags are taken");
    }

    /// An object's tags, by key.
    pub async fn object_tags(&self, key: &str) -> BTreeMap<String, String> {
        let call = self.s3.get_object_tagging().bucket(&self.bucket).key(key);
        let answer = call.send().await.expect("tags");
        answer
            .tag_set
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect()
    }

    /// Stores a secret; `path` is what follows the scene's own prefix.
    pub async fn put_secret(&self, path: &str, value: &str) {
        self.mind(value);
        self.put_parameter(path, value, ParameterType::SecureString)
            .await;
    }

    /// Has a parameter point to a secret; `path` is what follows the scene's own prefix, and `pointer` what follows the
    /// scene's own name of secrets.
    pub async fn point(&self, path: &str, pointer: &str) {
        let pointer = format!("secretsmanager:{}", self.secret_name(pointer));
        self.put_parameter(path, &pointer, ParameterType::StringList)
            .await;
    }

    /// Writes a parameter of any type.
    pub async fn put_parameter(&self, path: &str, value: &str, kind: ParameterType) {
        self.ssm
            .put_parameter()
            .name(self.parameter_name(path))
            .value(value)
            .r#type(kind)
            .overwrite(true)
            .send()
            .await
            .expect("a parameter");
    }

    /// The name of a secret of this scene.
    pub fn secret_name(&self, name: &str) -> String {
        format!("{}/{name}", self.bucket)
    }

    /// Makes a secret of Secrets Manager, or replaces it. `secrets` are what must never be shown of it.
    pub async fn keep_secret(&self, name: &str, value: &str, secrets: &[&str]) {
        for secret in secrets {
            self.mind(secret);
        }
        let name = self.secret_name(name);
        let create = self.secrets_manager.create_secret().name(&name);
        if create.secret_string(value).send().await.is_err() {
            let put = self.secrets_manager.put_secret_value().secret_id(&name);
            put.secret_string(value).send().await.expect("a version");
        }
    }

    /// Loses what certdrop wrote down of a bundle: its object's tags and its parameter.
    pub async fn forget(&self, key: &str, path: &str) {
        self.tag_object(key, &[]).await;
        let name = self.parameter_name(path);
        let call = self.ssm.delete_parameter().name(name);
        call.send().await.expect("the parameter was there");
    }

    /// The name of a parameter of this scene.
    pub fn parameter_name(&self, path: &str) -> String {
        format!("/{}{path}", self.bucket)
    }

    /// What a parameter holds, if there is one.
    pub async fn parameter(&self, path: &str) -> Option<String> {
        let name = self.parameter_name(path);
        let answer = self.ssm.get_parameter().name(name).send().await.ok()?;
        answer.parameter?.value
    }

    /// Keys of all objects below `prefix`.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let call = self
            .s3
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix);
        let answer = call.send().await.expect("a list");
        answer
            .contents
            .unwrap_or_default()
            .into_iter()
            .filter_map(|object| object.key)
            .collect()
    }

    /// An object's text.
    pub async fn read(&self, key: &str) -> String {
        let call = self.s3.get_object().bucket(&self.bucket).key(key);
        let body = call
            .send()
            .await
            .expect("an object")
            .body
            .collect()
            .await
            .expect("its bytes");
        String::from_utf8(body.to_vec()).expect("text")
    }

    /// ACM's serial number of a certificate.
    pub async fn serial(&self, arn: &str) -> String {
        let fields: Vec<_> = arn.split(':').collect();
        let acm = acm_of(&self.acm_endpoint, fields[3], fields[4]);
        let call = acm.describe_certificate().certificate_arn(arn);
        let answer = call.send().await.expect("a certificate");
        answer
            .certificate
            .expect("a certificate")
            .serial
            .expect("a serial number")
    }

    /// ACM in another region.
    pub fn acm_in(&self, region: &str) -> aws_sdk_acm::Client {
        acm_in(&self.acm_endpoint, region)
    }

    /// A client of the other account's ACM in `region`.
    pub fn acm_of_other_account(&self, region: &str) -> aws_sdk_acm::Client {
        acm_of(&self.acm_endpoint, region, OTHER_ACCOUNT)
    }

    /// What the local ACM was asked, in every account.
    pub async fn journal(&self) -> Vec<Value> {
        let client =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                .build_http::<http_body_util::Empty<hyper::body::Bytes>>();
        let address = format!("{}/_certdrop/log", self.acm_endpoint);
        let answer = client.get(address.parse().expect("an address")).await;
        let body = http_body_util::BodyExt::collect(answer.expect("an answer").into_body()).await;
        serde_json::from_slice(&body.expect("a body").to_bytes()).expect("JSON")
    }

    /// The bundle's one summary in the bucket.
    pub async fn stored(&self, bundle: &str) -> Value {
        let keys = self.keys(&format!("summaries/{bundle}/")).await;
        assert_eq!(keys.len(), 1, "{keys:?}");
        serde_json::from_str(&self.read(&keys[0]).await).expect("a summary")
    }

    /// Uploads the document of targets.
    pub async fn declare(&self, document: &Value) {
        self.put_unminded(TARGETS.1, &document.to_string()).await;
    }

    /// ARNs of all certificates for `name`.
    pub async fn certificates_for(&self, name: &str) -> Vec<String> {
        self.certificates_in(&self.acm, name).await
    }

    /// The same in the region that `acm` is a client of.
    pub async fn certificates_in(&self, acm: &aws_sdk_acm::Client, name: &str) -> Vec<String> {
        // Without this filter ACM hides most kinds of keys.
        let every_kind = Filters::builder().set_key_types(Some(
            KeyAlgorithm::values()
                .iter()
                .map(|kind| (*kind).into())
                .collect(),
        ));
        let mut pages = acm
            .list_certificates()
            .includes(every_kind.build())
            .into_paginator()
            .send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let listed = page
                .expect("a list")
                .certificate_summary_list
                .unwrap_or_default();
            let of_name = listed
                .into_iter()
                .filter(|found| found.domain_name.as_deref() == Some(name));
            arns.extend(of_name.filter_map(|found| found.certificate_arn));
        }
        arns
    }

    /// ARNs of all certificates that carry the name of `bundle`, asked of ACM one by one.
    pub async fn certificates_of_bundle(&self, bundle: &str) -> Vec<String> {
        self.certificates_of_bundle_in(REGION, bundle).await
    }

    /// The same in another region.
    pub async fn certificates_of_bundle_in(&self, region: &str, bundle: &str) -> Vec<String> {
        self.certificates_of_bundle_by(&self.acm_in(region), bundle)
            .await
    }

    /// The same in the account and region that `acm` is a client of.
    pub async fn certificates_of_bundle_by(
        &self,
        acm: &aws_sdk_acm::Client,
        bundle: &str,
    ) -> Vec<String> {
        let mut named = Vec::new();
        for arn in self.certificates_in(acm, bundle).await {
            let tags = acm
                .list_tags_for_certificate()
                .certificate_arn(&arn)
                .send()
                .await;
            let tags = tags.expect("tags").tags.unwrap_or_default();
            if tags
                .iter()
                .any(|tag| tag.key() == "certdrop:bundle" && tag.value() == Some(bundle))
            {
                named.push(arn);
            }
        }
        named
    }

    /// Leaves the lease of a worker that died long ago.
    pub async fn leave_lease(&self, bundle: &str) {
        let lease = json!({"holder": "gone", "expires_at": "2000-01-01T00:00:00Z"});
        self.put_unminded(&format!("leases/{bundle}"), &lease.to_string())
            .await;
    }

    /// Makes a topic, for functions that have one to publish to.
    pub async fn make_topic(&self, name: &str) {
        let topics = self.stage.sns();
        topics
            .create_topic()
            .name(name)
            .send()
            .await
            .expect("a topic");
    }

    /// Imports past certdrop, as an administrator would by hand.
    pub async fn import_by_hand(&self, issued: &Issued) -> String {
        self.import_by_hand_in(&self.acm, issued).await
    }

    /// The same in the region that `acm` is a client of.
    pub async fn import_by_hand_in(&self, acm: &aws_sdk_acm::Client, issued: &Issued) -> String {
        let blob = |text: &str| aws_sdk_acm::primitives::Blob::new(text);
        let answer = acm
            .import_certificate()
            .certificate(blob(&issued.certificate))
            .private_key(blob(&issued.key))
            .certificate_chain(blob(&issued.chain))
            .send()
            .await
            .expect("an import");
        answer.certificate_arn.expect("an ARN")
    }

    /// Replaces past certdrop, as an administrator would by hand.
    pub async fn replace_by_hand(&self, arn: &str, issued: &Issued) {
        let blob = |text: &str| aws_sdk_acm::primitives::Blob::new(text);
        self.acm
            .import_certificate()
            .certificate_arn(arn)
            .certificate(blob(&issued.certificate))
            .private_key(blob(&issued.key))
            .certificate_chain(blob(&issued.chain))
            .send()
            .await
            .expect("an import");
    }

    /// Remembers what must never be shown: passphrases, and every line of private keys.
    pub fn mind(&self, text: &str) {
        let mut secrets = self.secrets.lock().expect("the secrets");
        if !text.contains("-----BEGIN") {
            secrets.push(text.to_owned());
            return;
        }
        let mut in_key = false;
        for line in text.lines() {
            if line.starts_with("-----") {
                in_key = line.contains("BEGIN") && line.contains("PRIVATE KEY");
            } else if in_key && line.len() > 16 {
                secrets.push(line.to_owned());
            }
        }
    }

    /// Looks for secrets in all that was said.
    pub async fn shows_no_secret(&self) {
        // All documents of all tests are as CloudWatch wants them.
        super::emf::metrics(&self.function.log());
        let mut places = vec![
            ("the function's log".to_owned(), self.function.log()),
            (
                "the answers".to_owned(),
                self.said.lock().expect("what was said").clone(),
            ),
        ];
        for key in self.keys("").await {
            if !key.starts_with("drop/") {
                places.push((key.clone(), self.read(&key).await));
            }
        }
        let secrets = self.secrets.lock().expect("the secrets").clone();
        for (place, text) in places {
            let shown = secrets.iter().any(|secret| text.contains(secret.as_str()));
            assert!(!shown, "{place} of {} shows a secret", self.bucket);
        }
    }
}

/// The template's parameters by which a function gets such settings.
fn parameters(settings: &[(&str, &str)]) -> Vec<String> {
    let parameter = |(name, value): &(&str, &str)| match *name {
        "CERTDROP_ALLOW_ADOPTION" => Some(format!("AllowAdoption={value}")),
        "CERTDROP_REGIONS" => Some(format!("Regions={value}")),
        "CERTDROP_CERTIFICATE_TAGS" => Some(format!("CertificateTags={value}")),
        "CERTDROP_UPLOADER_TAG_KEYS" => Some(format!("UploaderTagKeys={value}")),
        "CERTDROP_FORMER_TAG_KEYS" => Some(format!("FormerTagKeys={value}")),
        "CERTDROP_TARGETS_KEY" => Some(format!("TargetsKey={value}")),
        _ => Some(format!("{}={value}", name.strip_prefix("template.yaml:")?)),
    };
    let parameters = settings.iter().filter_map(parameter);
    parameters.chain([format!("TargetRoles={ROLE}")]).collect()
}

fn environment(services: &Proxy, acm: &Proxy, bucket: &str) -> BTreeMap<String, String> {
    [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &services.url),
        ("AWS_ENDPOINT_URL_ACM", &acm.url),
        ("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", &acm.url),
        ("AWS_ENDPOINT_URL_STS", &acm.url),
        ("CERTDROP_BUCKET", bucket),
        ("CERTDROP_PARAMETER_PREFIX", &format!("/{bucket}")),
        ("CERTDROP_BUCKET_OWNER", ACCOUNT),
        // Everything that can be said is said, so that the search for secrets is worth something.
        ("RUST_LOG", "trace"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// As S3 encodes keys in its notifications.
pub fn form_encoded(key: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
    encoded
        .to_string()
        .replace("%20", "+")
        .replace("%2F", "/")
        .replace("%2E", ".")
        .replace("%2D", "-")
}
