//! Which AWS a command works in, and which certdrop there.

use anyhow::{Result, anyhow};
use certdrop::aws::Aws;
use certdrop::aws::caller::{Caller, Wanted};
use certdrop::config::Config;
use certdrop::fault::{Fault, Worker};
use certdrop::news::News;
use certdrop::pipeline::{Invocation, NOWHERE_DOWN};
use clap::Args;
use time::{Duration, OffsetDateTime};

use crate::progress;

/// How long before the credentials end nothing more is begun with them.
const CREDENTIALS_RESERVE: Duration = Duration::seconds(30);

/// Where to work. Options go before the function's settings, these before the environment.
#[derive(Args)]
#[command(next_help_heading = "Which certdrop")]
pub(crate) struct Options {
    /// Work with the settings of this deployed function (output `FunctionName` of the stack), its
    /// bucket among them [env: CERTDROP_FUNCTION]
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// The bucket [env: CERTDROP_BUCKET]
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// Account that owns the bucket; default: your own account [env: CERTDROP_BUCKET_OWNER]
    #[arg(long, value_name = "ACCOUNT")]
    bucket_owner: Option<String>,
    /// Profile of the AWS CLI that credentials and region come from [env: AWS_PROFILE]
    #[arg(long, value_name = "PROFILE", help_heading = "Which AWS")]
    profile: Option<String>,
    /// Region of the stack [env: AWS_REGION, AWS_DEFAULT_REGION]
    #[arg(long, value_name = "REGION", help_heading = "Which AWS")]
    region: Option<String>,
    /// Address of all services, for emulators [env: AWS_ENDPOINT_URL; AWS_ENDPOINT_URL_ACM for one
    /// service alone]
    #[arg(long, value_name = "URL", help_heading = "Which AWS")]
    endpoint_url: Option<String>,
}

/// Everything that a command needs of the world. Has no `Debug`: it holds credentials.
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) aws: Aws,
    now: OffsetDateTime,
    deadline: OffsetDateTime,
    id: String,
    news: Box<dyn Fn(News<'_>) + Sync>,
}

impl Session {
    /// Finds credentials and settings for work that may take `patience`.
    ///
    /// # Errors
    ///
    /// Where there are none, or the settings are wrong.
    pub(crate) async fn open(options: &Options, patience: Duration) -> Result<Self> {
        let caller = Caller::find(Wanted {
            profile: options.profile.as_deref(),
            region: options.region.as_deref(),
            endpoint_url: options.endpoint_url.as_deref(),
        });
        let caller = caller.await.map_err(|fault| told(&fault))?;
        let config = options.config(&caller).await?;
        let now = now();
        let deadline = now + patience;
        // What is not begun is left to the next run; what is begun needs its credentials.
        let deadline = caller
            .ends_at()
            .map_or(deadline, |end| deadline.min(end - CREDENTIALS_RESERVE));
        Ok(Self {
            aws: Aws::new(&config, caller.http_client()),
            config,
            now,
            deadline,
            id: format!(
                "certdrop-{}-{}",
                std::process::id(),
                now.unix_timestamp_nanos()
            ),
            news: Box::new(progress::listener()),
        })
    }

    /// The world that the pipeline and the sweep work in.
    pub(crate) fn world(&self) -> Invocation<'_> {
        Invocation {
            aws: &self.aws,
            config: &self.config,
            now: self.now,
            deadline: self.deadline,
            targets: None,
            down: NOWHERE_DOWN,
            request_id: &self.id,
            news: &self.news,
        }
    }
}

impl Options {
    async fn config(&self, caller: &Caller) -> Result<Config> {
        let mut settings = own_settings();
        if let Some(name) = self
            .function
            .clone()
            .or(settings.remove("CERTDROP_FUNCTION"))
        {
            let deployed = caller
                .settings_of_function(&name)
                .await
                .map_err(|fault| told(&fault))?;
            if !deployed.contains_key("CERTDROP_BUCKET") {
                return Err(anyhow!(
                    "the function `{name}` has no setting CERTDROP_BUCKET: it is not a certdrop function; name the output FunctionName of the stack"
                ));
            }
            settings.extend(deployed.into_iter().filter(|(name, _)| is_own(name)));
        }
        // A person's own sweep goes on until it is done; the function's rest goes into the queue.
        settings.remove("CERTDROP_QUEUE_URL");
        for (name, given) in [
            ("CERTDROP_BUCKET", &self.bucket),
            ("CERTDROP_BUCKET_OWNER", &self.bucket_owner),
        ] {
            settings.extend(given.iter().map(|value| (name.to_owned(), value.clone())));
        }
        if !settings.contains_key("CERTDROP_BUCKET") {
            return Err(anyhow!(
                "it is not known which bucket is meant; name the stack's function with `--function` (it knows all settings), or the bucket with `--bucket`"
            ));
        }
        if !settings.contains_key("CERTDROP_BUCKET_OWNER") {
            let account = caller.account().await.map_err(|fault| told(&fault))?;
            settings.insert("CERTDROP_BUCKET_OWNER".to_owned(), account);
        }
        Config::from_environment(settings.into_iter().chain(caller.environment()))
            .map_err(|fault| told(&fault))
    }
}

/// certdrop's variables, those with a value.
fn own_settings() -> std::collections::HashMap<String, String> {
    // Other variables may hold anything, also what is no Unicode.
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let settings = std::env::vars_os().filter_map(text);
    settings
        .filter(|(name, value)| is_own(name) && !value.is_empty())
        .collect()
}

fn is_own(name: &str) -> bool {
    name.starts_with("CERTDROP_")
}

/// A fault in the words of a person's own work.
pub(crate) fn told(fault: &Fault) -> anyhow::Error {
    anyhow!(fault.told_to(Worker::Person))
}

/// The clock on the wall.
pub(crate) fn now() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "here the clock comes in")]
    OffsetDateTime::now_utc()
}
