//! Where bundles are dropped: bucket and prefixes, and the little else that whoever drops one has to
//! know of a stack.

use std::collections::HashMap;

use anyhow::{Context as _, Result, anyhow};
use certdrop::aws::caller::Caller;
use clap::Args;
use time::Duration;

use crate::session::{self, Session, own_settings, told_to_dropper};

/// Where template.yaml writes the settings of a stack, under the stack's name.
const STACKS: &str = "/certdrop-stacks/";
/// As `make deploy` calls it.
const DEFAULT_STACK: &str = "certdrop";

/// Where to drop. Options go before the stack's settings, these before the environment.
#[derive(Args)]
#[command(next_help_heading = "Which certdrop")]
pub(crate) struct Options {
    /// Drop into the bucket of this stack, whose parameter `/certdrop-stacks/NAME` says which it is;
    /// default: certdrop [env: CERTDROP_STACK]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// The bucket; without `--stack` no parameter is read then [env: CERTDROP_BUCKET]
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// Account that owns the bucket; default: your own account [env: CERTDROP_BUCKET_OWNER]
    #[arg(long, value_name = "ACCOUNT")]
    bucket_owner: Option<String>,
    /// ARN of the bucket's KMS key, for `--print-policy` (output `KeyArn` of the stack)
    /// [env: CERTDROP_KEY_ARN]
    #[arg(long, value_name = "ARN")]
    key_arn: Option<String>,
    #[command(flatten)]
    aws: session::AwsOptions,
}

/// Where to drop, with the credentials for it. Has no `Debug`: it holds credentials.
pub(crate) struct Destination {
    pub(crate) session: Session,
    /// The parameter that the settings are from.
    pub(crate) settings: Option<String>,
    key: Option<String>,
}

/// The ARN of a key in KMS.
pub(crate) struct KeyArn {
    text: String,
    partition: String,
}

impl KeyArn {
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.split(':').collect();
        let ["arn", partition, "kms", _, _, resource] = fields.as_slice() else {
            return None;
        };
        // IAM compares the key's own ARN; an alias would grant nothing.
        resource.strip_prefix("key/").filter(|id| !id.is_empty())?;
        Some(Self {
            text: text.to_owned(),
            partition: (*partition).to_owned(),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub(crate) fn partition(&self) -> &str {
        &self.partition
    }
}

impl Destination {
    /// Finds credentials and settings for work that may take `patience`.
    ///
    /// # Errors
    ///
    /// Where there are none, or the settings are wrong.
    pub(crate) async fn find(options: &Options, patience: Duration) -> Result<Self> {
        let caller = options.aws.caller().await?;
        let mut settings = own_settings();
        let parameter = options.parameter(&settings);
        if let Some(name) = &parameter {
            settings.extend(deployed(&caller, name).await?);
        }
        for (name, given) in [
            ("CERTDROP_BUCKET", &options.bucket),
            ("CERTDROP_BUCKET_OWNER", &options.bucket_owner),
            ("CERTDROP_KEY_ARN", &options.key_arn),
        ] {
            settings.extend(given.iter().map(|value| (name.to_owned(), value.clone())));
        }
        let key = settings.remove("CERTDROP_KEY_ARN");
        let config = session::config(settings, &caller).await?;
        Ok(Self {
            session: Session::of(&caller, config, patience),
            settings: parameter,
            key,
        })
    }

    /// The bucket's key.
    ///
    /// # Errors
    ///
    /// Where it is not known, or what is known is no key's ARN.
    pub(crate) fn key(&self) -> Result<KeyArn> {
        let text = self.key.as_deref().context(
            "it is not known which KMS key the bucket has; give its ARN with `--key-arn` (output `KeyArn` of the stack)",
        )?;
        KeyArn::parse(text).with_context(|| {
            format!("`{text}` is no ARN of a key; one looks like arn:aws:kms:eu-central-1:123456789012:key/12345678-1234-1234-1234-123456789012")
        })
    }
}

impl Options {
    /// The parameter to be read: that of the stack, unless the bucket alone is named.
    fn parameter(&self, settings: &HashMap<String, String>) -> Option<String> {
        let is_bucket_named = self.bucket.is_some() || settings.contains_key("CERTDROP_BUCKET");
        if self.stack.is_none() && is_bucket_named {
            return None;
        }
        let stack = self.stack.as_ref().or(settings.get("CERTDROP_STACK"));
        let stack = stack.map_or(DEFAULT_STACK, String::as_str);
        Some(format!("{STACKS}{stack}"))
    }
}

/// The settings in the parameter `name`, as template.yaml writes them.
async fn deployed(caller: &Caller, name: &str) -> Result<HashMap<String, String>> {
    let text = caller.parameter(name).await;
    let text = text.map_err(|fault| told_to_dropper(&fault))?;
    let text = text.ok_or_else(|| {
        anyhow!(
            "there is no parameter `{name}` in {}, so it is not known where to drop; name the stack with `--stack`, or the bucket with `--bucket`",
            caller.region()
        )
    })?;
    let settings: HashMap<String, String> = serde_json::from_str(&text).ok().with_context(|| {
        format!("the parameter `{name}` does not hold the settings of a certdrop stack; name the stack with `--stack`")
    })?;
    Ok(settings)
}
