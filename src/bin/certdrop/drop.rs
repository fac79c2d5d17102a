//! `certdrop drop`: judge a bundle here, drop it into the bucket, and wait for what the function makes of it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Error, Result, bail};
use certdrop::aws::s3::Tags;
use certdrop::bundle_name::{BundleName, Packing};
use certdrop::event::DroppedObject;
use certdrop::finding::{Finding, Judge};
use certdrop::harmless;
use certdrop::summary::{ObjectVersion, Outcome};
use certdrop::validate::Policy;
use clap::Args;
use serde::Serialize;
use time::Duration;

use crate::checked::Checked;
use crate::destination::{self, Destination};
use crate::outcome::{Awaited, Before};
use crate::session::{now, told_to_dropper};
use crate::style::{CAUTION, QUIET};
use crate::terminal::complain;
use crate::upload::{self, Upload};
use crate::{Ending, check, drop_policy, progress, report};

/// Drop bundles into the bucket, and wait for what the deployed function makes of them
///
/// For wherever certificates are made: a web server, a pipeline, the hook of an ACME client. Each
/// bundle is judged on this machine first; one that would be rejected is not uploaded. The files of
/// a folder are uploaded as a folder, private keys last. The function does the rest, and what became
/// of the bundle is printed. This needs few rights, which `--print-policy` prints, and none on ACM,
/// on the function or to read a dropped bundle.
///
/// What is stored for a bundle in the parameter store, a private key or a passphrase, is known to
/// the function alone. A bundle that lacks only that is uploaded, and the function decides.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Bundles: a file each, or a folder each, or `-` for standard input. The name without its
    /// ending is the name of the bundle, and a bundle keeps its ARN: renew under the same name
    #[arg(required_unless_present = "print_policy", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Name of the bundle, if it is not the file's or the folder's
    #[arg(long, value_name = "BUNDLE")]
    name: Option<String>,
    #[command(flatten)]
    waiting: Waiting,
    /// Upload even what is rejected here, and let the function decide
    #[arg(long)]
    upload_rejected: bool,
    /// Print one JSON object a line for each bundle: its summary, or where it was uploaded to, with
    /// the outcome null
    #[arg(long)]
    json: bool,
    /// Print the policy of IAM for whoever runs this command with the same options, and do nothing
    /// else
    #[arg(long, conflicts_with_all = ["paths", "json"])]
    print_policy: bool,
    #[command(flatten)]
    destination: destination::Options,
}

/// How long the outcome is waited for.
#[derive(Args)]
struct Waiting {
    /// Wait so long for the outcome of all bundles. The function goes on
    #[arg(long, value_name = "MINUTES", default_value_t = 5)]
    timeout: u16,
    /// Do not wait for the outcome
    #[arg(long, conflicts_with = "timeout")]
    no_wait: bool,
}

const AFTER_HELP: &str = "\
Examples:
  certdrop drop www.example.com.pem
  certdrop drop --name www.example.com /etc/letsencrypt/live/www.example.com-0001
  certdrop drop --stack production --timeout 15 *.pfx
  kubectl get secret www-tls -o yaml | certdrop drop --name www.example.com -
  certdrop drop --print-policy > policy.json
  certdrop drop --print-policy --bucket certificates --key-arn arn:aws:kms:...:key/...

docs/recipes.md has the hooks of certbot, lego, dehydrated, uacme and acme.sh.

Exit codes:
  0  every bundle is in ACM: imported, replaced or unchanged; with --no-wait: uploaded
  1  at least one is not: it was rejected, parts are missing, or ACM has a newer certificate
  2  wrong usage, no credentials, a failed upload, or an outcome that was not known in time";

/// Where nothing was left for the function to do: a folder is looked at after each of its files.
const DONE_BEFORE: &str = "ACM has it: it was imported by this upload.";

/// A bundle that was uploaded.
struct Dropped<'a> {
    bundle: &'a BundleName,
    object: DroppedObject,
    before: Before,
}

/// What a program is told of a bundle whose outcome is not known.
#[derive(Serialize)]
struct Unknown<'a> {
    outcome: Option<Outcome>,
    bundle: &'a BundleName,
    is_uploaded: bool,
    object: ObjectVersion,
}

/// Drops all bundles, then waits for them one after the other, and prints what became of each.
///
/// # Errors
///
/// Where something cannot be read, there are no credentials, or the output is closed. What is wrong
/// with a single bundle is said, and the others go on.
pub(crate) async fn run(arguments: &Arguments) -> Result<Ending> {
    if arguments.paths.len() > 1 && arguments.name.is_some() {
        bail!("`--name` is about one bundle; give one PATH with it");
    }
    // All is read before AWS is asked: what cannot be read stops the command before any upload.
    let uploads = upload::read_all(&arguments.paths, arguments.name.as_deref())?;
    let patience = Duration::minutes(i64::from(arguments.waiting.timeout));
    let destination = Destination::find(&arguments.destination, patience).await?;
    if arguments.print_policy {
        return print_policy(&destination, !arguments.waiting.no_wait);
    }
    Work {
        arguments,
        destination: &destination,
        began: now(),
        output: anstream::stdout().lock(),
        is_first: true,
    }
    .run(&uploads)
    .await
}

fn print_policy(destination: &Destination, is_waiting: bool) -> Result<Ending> {
    let policy = drop_policy::of(destination, &destination.key()?, is_waiting);
    writeln!(
        anstream::stdout().lock(),
        "{}",
        serde_json::to_string_pretty(&policy)?
    )?;
    Ok(Ending::Done)
}

/// One run of the command.
struct Work<'a, Output> {
    arguments: &'a Arguments,
    destination: &'a Destination,
    began: time::OffsetDateTime,
    output: Output,
    is_first: bool,
}

impl<Output: Write> Work<'_, Output> {
    async fn run(mut self, uploads: &[Upload]) -> Result<Ending> {
        let mut ending = Ending::Done;
        let mut dropped = Vec::new();
        // The function works on the first ones while the others are uploaded.
        for upload in uploads {
            match self.upload(upload).await {
                Ok(Some(one)) => dropped.push(one),
                Ok(None) => ending = ending.max(Ending::Rejected),
                Err(fault) => ending = ending.max(complained(&upload.bundle, fault)?),
            }
        }
        for one in &dropped {
            let ended = self.wait(one).await;
            ending = ending.max(match ended {
                Ok(ended) => ended,
                Err(fault) => complained(one.bundle, fault)?,
            });
            self.output.flush()?;
        }
        Ok(ending)
    }

    /// Judges and uploads; `None` where the bundle is rejected and stays here.
    async fn upload<'u>(&mut self, upload: &'u Upload) -> Result<Option<Dropped<'u>>> {
        let world = self.destination.session.world();
        let checked = self.judge(upload);
        if is_rejected(&checked) && !self.arguments.upload_rejected {
            self.not_uploaded(&checked, &upload.bundle)?;
            return Ok(None);
        }
        let before = if self.arguments.waiting.no_wait {
            Ok(Before::default())
        } else {
            Before::of(&upload.bundle, world).await
        };
        let before = before.map_err(|fault| told_to_dropper(&fault))?;
        let object = upload.put(&Tags::new(), world).await;
        Ok(Some(Dropped {
            bundle: &upload.bundle,
            object: object.map_err(|fault| told_to_dropper(&fault))?,
            before,
        }))
    }

    /// The function's judgement, as far as it is known here: without what is stored for the bundle.
    fn judge(&self, upload: &Upload) -> Checked {
        let config = &self.destination.session.config;
        let policy = Policy {
            now: self.began,
            expiry_warning: config.expiry_warning,
            include_root: config.include_root,
            on_refused_by_clients: config.on_refused_by_clients,
        };
        check::judge(&upload.path, &upload.parts, &[], &policy)
    }

    fn not_uploaded(&mut self, checked: &Checked, bundle: &BundleName) -> Result<()> {
        self.space()?;
        let is_json = self.arguments.json;
        report::not_uploaded(checked, bundle, is_json, self.began, &mut self.output)?;
        let mut errors = checked.findings.iter().filter(|found| found.is_error());
        if !is_json && errors.all(|found| found.judge == Judge::Clients) {
            writeln!(
                self.output,
                "  ACM would take it. Where the stack imports such bundles (OnRefusedByClients), drop it with\n  `--upload-rejected`: the function decides."
            )?;
        }
        Ok(())
    }

    async fn wait(&mut self, dropped: &Dropped<'_>) -> Result<Ending> {
        if self.arguments.waiting.no_wait {
            self.unknown(dropped)?;
            return Ok(Ending::Done);
        }
        let awaited = Awaited {
            bundle: dropped.bundle,
            dropped: &dropped.object,
            before: &dropped.before,
        };
        let summary = awaited.summary(self.destination.session.world()).await;
        progress::clear();
        let Some(summary) = summary.map_err(|fault| told_to_dropper(&fault))? else {
            self.unknown(dropped)?;
            return Ok(Ending::Unfinished);
        };
        self.space()?;
        if self.arguments.json {
            writeln!(self.output, "{}", serde_json::to_string(&summary)?)?;
        } else {
            report::write(&summary, DONE_BEFORE, self.began, &mut self.output)?;
        }
        Ok(report::ending(&summary))
    }

    /// Says where the bundle was uploaded to, and no more.
    fn unknown(&mut self, dropped: &Dropped<'_>) -> Result<()> {
        self.space()?;
        let object = self.object(&dropped.object);
        if self.arguments.json {
            let unknown = Unknown {
                outcome: None,
                bundle: dropped.bundle,
                is_uploaded: true,
                object,
            };
            writeln!(self.output, "{}", serde_json::to_string(&unknown)?)?;
            return Ok(());
        }
        let name = harmless::line(dropped.bundle.as_str());
        let ObjectVersion { bucket, key, .. } = &object;
        let key = harmless::line(key);
        writeln!(
            self.output,
            "{CAUTION}uploaded{CAUTION:#}  {name}  {QUIET}s3://{bucket}/{key}{QUIET:#}"
        )?;
        if !self.arguments.waiting.no_wait {
            let minutes = self.arguments.waiting.timeout;
            writeln!(
                self.output,
                "  The outcome was not known within {minutes} min. The function goes on: the object's tag\n  certdrop:outcome will say it. If it stays without, see docs/operating.md."
            )?;
        }
        Ok(())
    }

    fn object(&self, dropped: &DroppedObject) -> ObjectVersion {
        ObjectVersion {
            bucket: self.destination.session.config.bucket.clone(),
            key: match dropped.packing {
                Packing::File => dropped.key.clone(),
                Packing::Folder => folder_of(&dropped.key).to_owned(),
            },
            version_id: match dropped.packing {
                Packing::File => dropped.version_id.clone(),
                Packing::Folder => None,
            },
            modified_at: None,
        }
    }

    /// An empty line between two bundles.
    fn space(&mut self) -> Result<()> {
        progress::clear();
        if !std::mem::replace(&mut self.is_first, false) && !self.arguments.json {
            writeln!(self.output)?;
        }
        Ok(())
    }
}

/// With its slash, as a summary names it.
fn folder_of(key: &str) -> &str {
    key.rfind('/')
        .and_then(|end| key.get(..=end))
        .unwrap_or(key)
}

/// Something is wrong that the function would find as well. A secret that is asked for may be in the parameter store.
fn is_rejected(checked: &Checked) -> bool {
    let is_known = |found: &Finding| found.is_error() && found.asks_for().is_none();
    checked.findings.iter().any(is_known)
}

/// Says what is wrong with one bundle; a closed output ends the command.
fn complained(bundle: &BundleName, fault: Error) -> Result<Ending> {
    if fault.is::<std::io::Error>() {
        return Err(fault);
    }
    progress::clear();
    complain(&harmless::lines(&format!("error: {bundle}: {fault:#}")));
    Ok(Ending::Unfinished)
}
