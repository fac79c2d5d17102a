//! The only room that names an SDK: one small file a service. Nothing here decides.

pub mod acm;
#[cfg(feature = "cli")]
pub mod caller;
mod fault;
pub mod fence;
pub mod http;
pub mod lease;
pub mod pace;
pub mod place;
#[cfg(feature = "cli")]
mod proxy;
pub mod s3;
pub mod secrets_manager;
pub mod sns;
pub mod sqs;
pub mod ssm;
mod sts;
pub mod tagging;
pub mod targets;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_acm::config::BehaviorVersion;
use aws_sdk_acm::config::retry::{RetryPartition, TokenBucket};
pub use aws_smithy_runtime_api::client::http::SharedHttpClient as HttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;

use crate::config::{Config, Endpoints};

/// The services that certdrop talks to. Made once, when the function starts.
#[derive(Clone)]
pub struct Aws {
    /// Where certificates are served, as the operator declares it.
    pub declared: targets::Declared,
    /// The services of each target.
    pub places: place::Places,
    /// The bucket.
    pub bucket: s3::Bucket,
    /// The parameters.
    pub parameters: ssm::Parameters,
    /// The secrets that parameters point to.
    pub secrets: secrets_manager::SecretsManager,
    /// The queue that wakes the function.
    pub queue: Option<sqs::Queue>,
    /// The people who want to know.
    pub topic: Option<sns::Topic>,
}

impl Aws {
    /// Makes the clients, which call by `http`. Calls nobody.
    #[must_use]
    pub fn new(config: &Config, http: HttpClient) -> Self {
        let shared = shared(config, http);
        let at = |service| at(&shared, &config.endpoints, service);
        Self {
            declared: targets::Declared::new(config),
            places: place::Places::new(&shared, config),
            bucket: s3::Bucket::new(&at("S3"), config),
            parameters: ssm::Parameters::new(&at("SSM")),
            secrets: secrets_manager::SecretsManager::new(&at("SECRETS_MANAGER")),
            queue: sqs::Queue::new(&at("SQS"), config),
            topic: sns::Topic::new(&at("SNS"), config),
        }
    }
}

/// What all clients share, first of all one HTTP client: an own one for each service would read
/// the root certificates again and pool its connections by itself.
fn shared(config: &Config, http: HttpClient) -> SdkConfig {
    let key = &config.access_key;
    let credentials = Credentials::new(
        key.id.as_str(),
        key.secret.as_str(),
        key.session_token.as_ref().map(|token| token.to_string()),
        // Lambda ends an execution environment before its credentials expire.
        None,
        "environment",
    );
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(
            config
                .regions
                .first()
                .map(|home| SdkRegion::new(home.to_string())),
        )
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
        )
        .http_client(http)
        .use_fips(config.endpoints.fips)
        .use_dual_stack(config.endpoints.dual_stack)
        .retry_config(retries())
        .timeout_config(time_limits(config))
        .build()
}

fn at(shared: &SdkConfig, endpoints: &Endpoints, service: &str) -> SdkConfig {
    let mut own = shared.to_builder();
    own.set_endpoint_url(endpoints.of(service).map(str::to_owned));
    own.build()
}

/// Services are rarely busy for longer than this, half a minute at most; what still fails is sent again later.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(8)
        .with_initial_backoff(Duration::from_millis(500))
        .with_max_backoff(Duration::from_secs(5))
}

/// Retries that use nothing up. The SDK's own allowance of tokens holds for some hundred retries in the life of a
/// process, and then a service that throttles is not asked again even once.
fn patient(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service)
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// A connection takes milliseconds in the function's own region, and a fifth of a second to the other side of
/// the world. An attempt that takes longer than its limit is lost, and its answer with it.
fn time_limits(config: &Config) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(config.terms.attempt.unsigned_abs())
        .build()
}

/// How long a connection may take to stand; its handshake counts as part of the attempt.
const CONNECT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_smithy_runtime_api::client::http::{
        HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;
    use crate::arn::CertificateArn;
    use crate::secret_pointer::SecretId;
    use crate::target::Targets;

    #[derive(Clone, Debug, Default)]
    struct Hosts(Arc<Mutex<Vec<String>>>);

    impl aws_smithy_runtime_api::client::http::HttpConnector for Hosts {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let host = request.uri().split('/').nth(2).unwrap_or_default();
            self.0.lock().expect("the hosts").push(host.to_owned());
            let refused = ConnectorError::user("nothing is called in this test".into());
            HttpConnectorFuture::ready(Err(refused))
        }
    }

    /// Where ACM, S3, SSM and Secrets Manager are called with these variables in the environment.
    async fn hosts(more: &[(&str, &str)]) -> Vec<String> {
        let needed = [
            ("CERTDROP_BUCKET", "certificates"),
            ("CERTDROP_BUCKET_OWNER", "123456789012"),
            ("CERTDROP_REGIONS", "us-east-1"),
            ("AWS_REGION", "us-west-2"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let environment = needed.iter().chain(more);
        let environment = environment.map(|(name, value)| (name.to_string(), value.to_string()));
        let config =
            Config::from_environment(environment).unwrap_or_else(|fault| panic!("{fault}"));
        let hosts = Hosts::default();
        let connector = SharedHttpConnector::new(hosts.clone());
        let aws = Aws::new(&config, http_client_fn(move |_, _| connector.clone()));
        let arn = "arn:aws:acm:us-east-1:123456789012:certificate/1";
        let arn = CertificateArn::parse(arn).expect("an ARN");
        for target in Targets::of_regions(&config.regions).all() {
            let place = aws.places.of(target);
            place.acm.describe(&arn).await.expect_err("no answer");
        }
        aws.bucket
            .tags("drop/a", None)
            .await
            .expect_err("no answer");
        let names = vec!["/certdrop/a".to_owned()];
        assert!(aws.parameters.get(names).await.is_err(), "no answer");
        let secret = SecretId::parse("prod/tls").expect("an id");
        assert!(aws.secrets.current(&secret, "/a").await.is_err());
        let mut hosts = hosts.0.lock().expect("the hosts").clone();
        hosts.dedup();
        hosts
    }

    #[tokio::test]
    async fn the_environment_chooses_among_aws_s_addresses() {
        for (more, expected) in [
            (
                &[][..],
                [
                    "acm.us-west-2.amazonaws.com",
                    "acm.us-east-1.amazonaws.com",
                    "certificates.s3.us-west-2.amazonaws.com",
                    "ssm.us-west-2.amazonaws.com",
                    "secretsmanager.us-west-2.amazonaws.com",
                ],
            ),
            (
                &[("AWS_USE_FIPS_ENDPOINT", "true")],
                [
                    "acm-fips.us-west-2.amazonaws.com",
                    "acm-fips.us-east-1.amazonaws.com",
                    "certificates.s3-fips.us-west-2.amazonaws.com",
                    "ssm-fips.us-west-2.amazonaws.com",
                    "secretsmanager-fips.us-west-2.amazonaws.com",
                ],
            ),
            (
                &[("AWS_USE_DUALSTACK_ENDPOINT", "True")],
                [
                    "acm.us-west-2.api.aws",
                    "acm.us-east-1.api.aws",
                    "certificates.s3.dualstack.us-west-2.amazonaws.com",
                    "ssm.us-west-2.api.aws",
                    // It answers by IPv6 there too.
                    "secretsmanager.us-west-2.amazonaws.com",
                ],
            ),
        ] {
            assert_eq!(hosts(more).await, expected, "{more:?}");
        }
    }
}
