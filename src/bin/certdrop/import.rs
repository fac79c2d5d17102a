//! `certdrop import`: judge a bundle here, drop it into the bucket, and see it through.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration as Pause;

use anyhow::{Result, bail};
use certdrop::arn::CertificateArn;
use certdrop::aws::s3::Tags;
use certdrop::binding::Adoption;
use certdrop::config::Config;
use certdrop::event::{Content, WorkItem};
use certdrop::fault::Fault;
use certdrop::harmless;
use certdrop::pipeline::{self, Invocation, Secrets};
use certdrop::secret_names::SecretNames;
use certdrop::summary::{Outcome, Summary};
use certdrop::tag::{ARN_TAG, FORCE_TAG, ON_REFUSED_BY_CLIENTS_TAG};
use certdrop::validate::{OnRefusedByClients, Policy};
use clap::Args;
use time::Duration;

use crate::checked::Checked;
use crate::session::{self, Session, now, told};
use crate::terminal::complain;
use crate::upload::{self, Upload};
use crate::{Ending, check, progress, report};

/// How long one command goes on, the waiting for other workers and for ACM included.
const PATIENCE: Duration = Duration::minutes(15);
/// Between two attempts. Each of them waits for the lease by itself.
const PAUSE: Pause = Pause::from_secs(2);

/// Import bundles into ACM, or replace what they have there
///
/// Each bundle is judged on this machine first, with the private key and the passphrase that are
/// stored for it in the parameter store: one that would be rejected is never uploaded. Then it is
/// put into the bucket's drop folder, and this command does what the deployed function does with a
/// drop, with your credentials: it finds the bundle's certificate, imports or replaces it, and
/// writes tags, parameter and summary. The function may be started by the same upload; a lease lets
/// only one of the two work, and the other finds everything done.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Bundles: a file each, or a folder each, or `-` for standard input. The name without its
    /// ending is the name of the bundle, and a bundle keeps its ARN: renew under the same name
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Name of the bundle, if it is not the file's or the folder's
    #[arg(long, value_name = "BUNDLE")]
    name: Option<String>,
    /// Replace this certificate, which is in ACM already and not certdrop's yet
    #[arg(long, value_name = "ARN", value_parser = certificate_arn)]
    adopt: Option<CertificateArn>,
    /// Replace even a certificate that is newer
    #[arg(long)]
    force: bool,
    /// Import even what TLS clients refuse, if ACM takes it
    #[arg(long)]
    against_clients: bool,
    /// Print one JSON object a line for each bundle: its summary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    session: session::Options,
}

const AFTER_HELP: &str = "\
Examples:
  certdrop import --function certdrop-Function-1A2B3C www.example.com.pem
  certdrop import --name www.example.com /etc/letsencrypt/live/www.example.com-0001
  certdrop import --adopt arn:aws:acm:eu-central-1:123456789012:certificate/... www.example.com.pfx
  kubectl get secret www-tls -o yaml | certdrop import --name www.example.com -
  certdrop import --json *.pem | jq -r '[.bundle, .outcome, .certificate_arn] | @tsv'

Exit codes:
  0  every bundle is in ACM: imported, replaced or unchanged
  1  at least one is not: it was rejected, or ACM has a newer certificate, which stays
  2  wrong usage, no credentials, or work that could not be finished: run it again";

/// Imports all bundles, one after the other, and prints what became of each.
///
/// # Errors
///
/// Where something cannot be read, there are no credentials, or the output is closed. What AWS has
/// against a single bundle is said, and the others go on.
pub(crate) async fn run(arguments: &Arguments) -> Result<Ending> {
    if arguments.paths.len() > 1 && (arguments.name.is_some() || arguments.adopt.is_some()) {
        bail!("`--name` and `--adopt` are about one bundle; give one PATH with them");
    }
    // All is read before AWS is asked: what cannot be read stops the command before any upload.
    let mut uploads = upload::read_all(&arguments.paths, arguments.name.as_deref())?;
    let session = Session::open(&arguments.session, PATIENCE).await?;
    may_adopt(arguments, &session)?;
    let tags = tags(arguments);
    let mut ending = Ending::Done;
    for (position, upload) in uploads.iter_mut().enumerate() {
        let mut output = anstream::stdout().lock();
        if position > 0 && !arguments.json {
            writeln!(output)?;
        }
        let one = import(upload, &tags, arguments.json, &session, &mut output).await;
        progress::clear();
        match one {
            Ok(one) => ending = ending.max(one),
            Err(fault) if fault.is::<std::io::Error>() => return Err(fault),
            Err(fault) => {
                let error = format!("error: {}: {fault:#}", upload.bundle);
                complain(&harmless::lines(&error));
                ending = Ending::Unfinished;
            }
        }
        output.flush()?;
    }
    Ok(ending)
}

async fn import(
    upload: &mut Upload,
    tags: &Tags,
    is_json: bool,
    session: &Session,
    output: &mut impl Write,
) -> Result<Ending> {
    let world = session.world();
    let began = now();
    let checked = judge(upload, tags, world)
        .await
        .map_err(|fault| told(&fault))?;
    if !checked.is_accepted() {
        report::not_uploaded(&checked, &upload.bundle, is_json, began, output)?;
        return Ok(Ending::Rejected);
    }
    let dropped = upload
        .put(tags, world)
        .await
        .map_err(|fault| told(&fault))?;
    let item = WorkItem {
        bundle: upload.bundle.clone(),
        content: Content::Object(dropped),
    };
    let summary = see_through(&item, world)
        .await
        .map_err(|fault| told(&fault))?;
    progress::clear();
    if is_json {
        writeln!(output, "{}", serde_json::to_string(&summary)?)?;
    } else {
        let by_others =
            "ACM has it: the deployed function, started by the same upload, was faster.";
        report::write(&summary, by_others, began, output)?;
    }
    if summary.outcome == Outcome::Outdated && !is_json {
        writeln!(output, "\nTo override, import it with `--force`.")?;
    }
    Ok(report::ending(&summary))
}

/// The function's own judgement, with the secrets that it would use.
async fn judge(upload: &mut Upload, tags: &Tags, world: Invocation<'_>) -> Result<Checked, Fault> {
    progress::say(&format!("{} is judged", upload.bundle));
    let config = world.config;
    let names = SecretNames::of(&upload.bundle, config);
    let all = names.all().into_iter().cloned().collect();
    let mut stored = world.aws.parameters.get(all).await?;
    let secrets = Secrets::take(&names, &mut stored, &world.aws.secrets).await?;
    let uploaded = upload.parts.len();
    upload.parts.extend(secrets.private_key);
    let policy = Policy {
        now: world.now,
        expiry_warning: config.expiry_warning,
        include_root: config.include_root,
        on_refused_by_clients: on_refused_by_clients(tags, config),
    };
    let mut checked = check::judge(&upload.path, &upload.parts, &secrets.passphrases, &policy);
    let own = config.parameters_of(&upload.bundle);
    let findings = checked.findings.into_iter();
    checked.findings = findings
        .map(|finding| finding.with_parameters_at(&own))
        .collect();
    // It stays where it is stored.
    upload.parts.truncate(uploaded);
    Ok(checked)
}

/// Works on the dropped bundle until it is done: another worker, mostly the function, may be at it.
async fn see_through(item: &WorkItem, world: Invocation<'_>) -> Result<Summary, Fault> {
    loop {
        progress::say(&format!("{} is brought to ACM", item.bundle));
        match Box::pin(pipeline::process(item, world)).await {
            Err(fault) if !fault.is_set_up() && now() + PAUSE < world.deadline => {
                let why = fault.problem();
                progress::say(&format!("{}: {why}; trying again", item.bundle));
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// Tags for the bundle's objects.
fn tags(arguments: &Arguments) -> Tags {
    let adopt = arguments.adopt.iter();
    let adopt = adopt.map(|arn| (ARN_TAG.to_owned(), arn.to_string()));
    let force = arguments
        .force
        .then(|| (FORCE_TAG.to_owned(), "true".to_owned()));
    let against_clients = arguments
        .against_clients
        .then(|| (ON_REFUSED_BY_CLIENTS_TAG.to_owned(), "import".to_owned()));
    adopt.chain(force).chain(against_clients).collect()
}

/// As the function will see it: the tag goes before the setting.
fn on_refused_by_clients(tags: &Tags, config: &Config) -> OnRefusedByClients {
    if tags.contains_key(ON_REFUSED_BY_CLIENTS_TAG) {
        OnRefusedByClients::Import
    } else {
        config.on_refused_by_clients
    }
}

/// Asked before anything is uploaded, because the function would refuse the tag as well.
fn may_adopt(arguments: &Arguments, session: &Session) -> Result<()> {
    if arguments.adopt.is_some() && session.config.adoption == Adoption::Forbidden {
        bail!(
            "`--adopt` takes over a certificate of others, which the settings forbid; deploy the stack with AllowAdoption=true until it is done (without `--function`: set CERTDROP_ALLOW_ADOPTION=true)"
        );
    }
    Ok(())
}

fn certificate_arn(text: &str) -> Result<CertificateArn, String> {
    CertificateArn::parse(text).ok_or_else(|| {
        "an ARN looks like arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012".to_owned()
    })
}
