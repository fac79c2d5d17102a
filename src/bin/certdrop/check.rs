//! `certdrop check`: what would happen to these bundles.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use anyhow::{Context as _, Result};
use certdrop::bundle::{self, Part};
use certdrop::certificate::Certificate;
use certdrop::finding::{self, Finding, Secret};
use certdrop::secret::Passphrase;
use certdrop::validate::reimport::{self, Previous};
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use clap::Args;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::checked::Checked;
use crate::{Ending, bundle_files, json, tree};

/// Say what would happen to bundles: judged as the function would, without AWS
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Bundles: a file each, or a folder each, or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// File whose first line opens encrypted keys and key stores
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// File with the private key, if it is not in the bundle
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Would ACM take the bundle in place of this certificate?
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Judge as if it were this instant, such as 2026-12-01T00:00:00Z
    #[arg(long, value_name = "RFC 3339", value_parser = instant)]
    now: Option<OffsetDateTime>,
    /// Warn of what expires within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    expiry_warning: u16,
    /// What becomes of bundles that ACM takes and TLS clients refuse: `reject` or `import`
    #[arg(long, value_name = "WHAT", default_value = "reject", value_parser = OnRefusedByClients::from_str)]
    on_refused_by_clients: OnRefusedByClients,
    /// Print one JSON object a line for each bundle
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  certdrop check www.example.com.pem
  certdrop check --passphrase-file secret.txt www.example.com.pfx
  certdrop check --key privkey.pem fullchain.pem
  certdrop check --against live.pem /etc/letsencrypt/live/www.example.com
  certdrop check --json drop/* | jq 'select(.verdict == \"rejected\")'

Exit codes:
  0  every bundle would be imported
  1  at least one would be rejected
  2  wrong usage, or a file that cannot be read";

/// Judges all bundles and prints the verdicts.
///
/// # Errors
///
/// Where a file cannot be read or the output is closed.
pub(crate) fn run(arguments: &Arguments) -> Result<Ending> {
    #[expect(clippy::disallowed_methods, reason = "here the clock comes in")]
    let now = arguments.now.unwrap_or_else(OffsetDateTime::now_utc);
    let old = arguments
        .against
        .as_deref()
        .map(old_certificate)
        .transpose()?;
    let mut ending = Ending::Done;
    let mut output = anstream::stdout().lock();
    for (position, path) in arguments.paths.iter().enumerate() {
        let checked = check(path, arguments, old.as_ref(), now)?;
        if !checked.is_accepted() {
            ending = Ending::Rejected;
        }
        if arguments.json {
            json::write(&checked, &mut output)?;
        } else {
            if position > 0 {
                writeln!(output)?;
            }
            tree::write(&checked, now, &mut output)?;
        }
    }
    output.flush()?;
    Ok(ending)
}

fn check(
    path: &Path,
    arguments: &Arguments,
    old: Option<&Certificate>,
    now: OffsetDateTime,
) -> Result<Checked> {
    let mut parts = bundle_files::parts(path)?;
    if let Some(key) = &arguments.key {
        parts.push(bundle_files::file(key)?);
    }
    let passphrase = arguments.passphrase_file.as_deref();
    let passphrases: Vec<_> = passphrase
        .map(bundle_files::passphrase)
        .transpose()?
        .into_iter()
        .collect();
    let policy = Policy {
        now,
        expiry_warning: Duration::days(i64::from(arguments.expiry_warning)),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: arguments.on_refused_by_clients,
    };
    let mut checked = judge(path, &parts, &passphrases, &policy);
    if let (Some(old), Some(served)) = (old, &checked.served) {
        let against = replacement(old, &served.leaf);
        checked.findings.extend(against);
        errors_first(&mut checked.findings);
    }
    let findings = checked.findings.into_iter();
    checked.findings = findings.map(with_files).collect();
    Ok(checked)
}

/// The function's judgement of the bundle at `path`.
pub(crate) fn judge(
    path: &Path,
    parts: &[Part],
    passphrases: &[Passphrase],
    policy: &Policy,
) -> Checked {
    let (served, mut findings) = match validate(bundle::read(parts, passphrases), policy) {
        Verdict::Accepted(valid, warnings) => (Some(valid.served().clone()), warnings),
        Verdict::Rejected(rejected) => (rejected.served, rejected.findings),
    };
    errors_first(&mut findings);
    Checked {
        bundle: path.display().to_string(),
        findings,
        served,
    }
}

fn errors_first(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| !finding.is_error());
}

/// What speaks against putting `new` in the place of `old`.
fn replacement(old: &Certificate, new: &Certificate) -> Vec<Finding> {
    let previous = Previous::from_certificate(old);
    let mut findings = reimport::findings(&previous, new);
    findings.extend(reimport::client_auth_lost(&previous, new));
    if old.public_key == new.public_key && old.serial != new.serial {
        let message = "Its private key is the old certificate's.";
        findings.push(Finding::new(&finding::KEY_REUSED, &new.subject, message));
    }
    findings
}

/// Here secrets come from files, not from parameters.
fn with_files(finding: Finding) -> Finding {
    match finding.asks_for() {
        Some(Secret::PrivateKey) => finding
            .with_remedy("Add the private key to the bundle, or name its file with `--key FILE`."),
        Some(Secret::Passphrase) => {
            finding.with_remedy("Give the passphrase with `--passphrase-file FILE`.")
        }
        Some(Secret::RightPassphrase) => finding
            .with_remedy("Correct the passphrase in the file that `--passphrase-file` names."),
        None => finding,
    }
}

/// The certificate to be replaced: the first one that is no CA's.
fn old_certificate(path: &Path) -> Result<Certificate> {
    let read = bundle::read(&bundle_files::parts(path)?, &[]);
    let leaf = read
        .certificates
        .iter()
        .find(|certificate| !certificate.is_ca());
    let found = leaf.or(read.certificates.first()).cloned();
    found.with_context(|| format!("there is no certificate in {}", path.display()))
}

fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "an instant looks like 2026-12-01T00:00:00Z".to_owned())
}
