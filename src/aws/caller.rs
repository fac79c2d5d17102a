//! Who runs the command line tool: region, credentials and addresses as the AWS CLI finds them.

use std::collections::HashMap;
use std::error::Error;

use aws_config::BehaviorVersion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;
use time::OffsetDateTime;
use tracing::debug;

use super::fault::{Failure, Meaning};
use super::{HttpClient, proxy};
use crate::fault::Fault;

/// What the options `--profile`, `--region` and `--endpoint-url` say, which go before everything else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Credentials, and what else stands in it, come from this profile.
    pub profile: Option<&'a str>,
    /// Such as `eu-central-1`.
    pub region: Option<&'a str>,
    /// The address of all services.
    pub endpoint_url: Option<&'a str>,
}

/// The person, or the pipeline, that runs a command. Has no `Debug`: it holds credentials.
pub struct Caller {
    sdk: SdkConfig,
    http_client: HttpClient,
    region: String,
    credentials: Credentials,
    endpoints: Vec<(String, String)>,
}

impl Caller {
    /// Finds region and credentials where the AWS CLI looks: options, environment, profile
    /// (keys, SSO, roles, processes), and the metadata of containers and instances. Asks for
    /// credentials once.
    ///
    /// # Errors
    ///
    /// [`Kind::SetUp`](crate::fault::Kind::SetUp) where there is no region or there are no credentials.
    pub async fn find(wanted: Wanted<'_>) -> Result<Self, Fault> {
        let http_client = proxy::client();
        let sdk = load(wanted, http_client.clone()).await;
        let region = sdk.region().map(ToString::to_string);
        let region = region.filter(|region| !region.is_empty()).ok_or_else(|| {
            Fault::set_up(
                "it is not known which region is meant",
                "give it with `--region`, set AWS_REGION, or write it into the profile (`aws configure set region ...`)",
            )
        })?;
        let provider = sdk.credentials_provider();
        let provider = provider.ok_or_else(|| Fault::internal("no way to credentials"))?;
        let credentials = provider.provide_credentials().await;
        Ok(Self {
            endpoints: endpoints(&sdk, wanted),
            credentials: credentials.map_err(|error| no_credentials(&error, wanted))?,
            region,
            sdk,
            http_client,
        })
    }

    /// What calls AWS, through a proxy where the environment names one.
    #[must_use]
    pub fn http_client(&self) -> HttpClient {
        self.http_client.clone()
    }

    /// What Lambda would hand to the function: variables with their values.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let key = &self.credentials;
        let token = key
            .session_token()
            .map(|token| ("AWS_SESSION_TOKEN", token));
        let variables = [
            ("AWS_REGION", self.region.as_str()),
            ("AWS_ACCESS_KEY_ID", key.access_key_id()),
            ("AWS_SECRET_ACCESS_KEY", key.secret_access_key()),
        ];
        let variables = variables.into_iter().chain(token);
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let chosen = [
            ("AWS_USE_FIPS_ENDPOINT", self.sdk.use_fips()),
            ("AWS_USE_DUALSTACK_ENDPOINT", self.sdk.use_dual_stack()),
        ];
        // Where the caller chooses nothing, what the function was deployed with holds.
        let chosen = chosen
            .into_iter()
            .filter_map(|(name, flag)| Some((name.to_owned(), flag?.to_string())));
        let endpoints = self.endpoints.iter().cloned();
        variables.chain(endpoints).chain(chosen).collect()
    }

    /// When the credentials end, where they do.
    #[must_use]
    pub fn ends_at(&self) -> Option<OffsetDateTime> {
        self.credentials.expiry().map(OffsetDateTime::from)
    }

    /// The id of the caller's own account.
    ///
    /// # Errors
    ///
    /// [`Fault`] where STS cannot be asked, or does not take the credentials.
    pub async fn account(&self) -> Result<String, Fault> {
        debug!("sts:GetCallerIdentity");
        let call = aws_sdk_sts::Client::new(&self.sdk).get_caller_identity();
        let identity = call
            .send()
            .await
            .map_err(|error| Failure::new("sts:GetCallerIdentity", "the caller", &error))?;
        identity
            .account
            .ok_or_else(|| Fault::internal("STS names no account"))
    }

    /// The environment that the function `name` (or its ARN) was deployed with.
    ///
    /// # Errors
    ///
    /// [`Fault`] where there is no such function, or it cannot be asked for.
    pub async fn settings_of_function(&self, name: &str) -> Result<HashMap<String, String>, Fault> {
        const OPERATION: &str = "lambda:GetFunctionConfiguration";
        debug!(name, "lambda:GetFunctionConfiguration");
        let client = aws_sdk_lambda::Client::new(&self.sdk);
        let call = client.get_function_configuration().function_name(name);
        let answer = call.send().await.map_err(|error| {
            let failure = Failure::new(OPERATION, name, &error);
            match failure.meaning() {
                Meaning::Absent => Fault::set_up(
                    format!("there is no function `{name}` in {}", self.region),
                    "take the output FunctionName of the stack, and the stack's region",
                ),
                _ => failure.into(),
            }
        })?;
        let environment = answer
            .environment
            .and_then(|environment| environment.variables);
        Ok(environment.unwrap_or_default())
    }
}

async fn load(wanted: Wanted<'_>, http_client: HttpClient) -> SdkConfig {
    let defaults = aws_config::defaults(BehaviorVersion::v2026_01_12());
    let mut loader = defaults.http_client(http_client.clone());
    let region = wanted.region.map(|region| Region::new(region.to_owned()));
    if let Some(region) = &region {
        loader = loader.region(region.clone());
    }
    if let Some(url) = wanted.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(name) = wanted.profile {
        // The SDK would let keys in the environment go before the profile that is named here; with
        // the AWS CLI's option they do not.
        let around = ProviderConfig::without_region()
            .with_http_client(http_client)
            .with_region(region);
        let profile = ProfileFileCredentialsProvider::builder()
            .configure(&around)
            .profile_name(name);
        loader = loader
            .profile_name(name)
            .credentials_provider(profile.build());
    }
    loader.load().await
}

/// The services that certdrop talks to: their names among the variables, and in profiles.
const SERVICES: [(&str, &str); 6] = [
    ("ACM", "ACM"),
    ("S3", "S3"),
    ("SNS", "SNS"),
    ("SSM", "SSM"),
    ("STS", "STS"),
    ("RESOURCE_GROUPS_TAGGING_API", "Resource Groups Tagging API"),
];

/// Addresses from the environment and the profile; the option stands for all of them.
fn endpoints(sdk: &SdkConfig, wanted: Wanted<'_>) -> Vec<(String, String)> {
    if let Some(url) = wanted.endpoint_url {
        return vec![("AWS_ENDPOINT_URL".to_owned(), url.to_owned())];
    }
    let configured = |id: &'static str| {
        let key = ServiceConfigKey::builder()
            .service_id(id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        sdk.service_config()?.load_config(key)
    };
    let own = SERVICES.into_iter().filter_map(|(variable, id)| {
        Some((format!("AWS_ENDPOINT_URL_{variable}"), configured(id)?))
    });
    own.collect()
}

fn no_credentials(error: &CredentialsError, wanted: Wanted<'_>) -> Fault {
    const LOG_IN: &str = "log in as for the AWS CLI (`aws configure`, `aws sso login`), or name a profile with `--profile`; `aws sts get-caller-identity` shows what it finds";
    // Each says what it knows, the innermost the most.
    let mut reasons: Vec<String> = Vec::new();
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(reason) = next {
        let text = reason.to_string();
        if !reasons.iter().any(|said| said.contains(&text)) {
            reasons.push(text);
        }
        next = reason.source();
    }
    // The instance's metadata are asked last, where nothing else has credentials: on a laptop that
    // they do not answer tells nobody anything.
    let asked_last = reasons.iter().any(|reason| reason.contains("IMDS"));
    let is_nowhere =
        matches!(error, CredentialsError::CredentialsNotLoaded(_)) && reasons.len() == 1;
    let problem = match wanted.profile {
        Some(profile) => format!("the profile `{profile}` has no credentials for AWS"),
        None => "there are no credentials for AWS".to_owned(),
    };
    if asked_last || is_nowhere {
        return Fault::set_up(problem, LOG_IN);
    }
    Fault::set_up(format!("{problem}: {}", reasons.join(": ")), LOG_IN)
}
