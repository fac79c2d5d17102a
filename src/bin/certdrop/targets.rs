//! `certdrop targets`: what a document of targets says.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use certdrop::bundle_name::BundleName;
use certdrop::harmless;
use certdrop::region::Region;
use certdrop::target::{Targets, is_account};
use clap::Args;

use crate::{Ending, terminal};

/// Check a document of targets, and show which bundle goes where
///
/// It makes no AWS calls. Every mistake in the document is shown at once.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The document, as it is uploaded to the stack's bucket
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Bundles, by their names: show where each of them goes
    #[arg(value_name = "BUNDLE")]
    bundles: Vec<String>,
    /// The stack's own region, then those of its parameter Regions, with commas between them
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', required = true, value_parser = region)]
    regions: Vec<Region>,
    /// The number of the stack's own account
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    account: String,
    /// What the tag `certdrop:targets` of the bundles' objects would say
    #[arg(long, value_name = "TARGETS")]
    tag: Option<String>,
}

const AFTER_HELP: &str = "\
Examples:
  certdrop targets --account 123456789012 --regions eu-central-1 targets.json
  certdrop targets --account 123456789012 --regions eu-central-1,us-east-1 targets.json pay.example.com
  certdrop targets --account 123456789012 --regions eu-central-1 --tag 'payments edge' targets.json pay.example.com

Exit codes:
  0  the document has no mistake, and every bundle may go where its tag says
  1  it has a mistake, or the rules do not allow what the tag says
  2  wrong usage, or a file that cannot be read";

pub(crate) fn run(arguments: &Arguments) -> Result<Ending> {
    let file = arguments.file.display();
    let json = std::fs::read(&arguments.file).with_context(|| file.to_string())?;
    let mut regions: Vec<Region> = Vec::new();
    for region in &arguments.regions {
        if !regions.contains(region) {
            regions.push(region.clone());
        }
    }
    let targets = match Targets::read(&json, &regions, &arguments.account) {
        Ok(targets) => targets,
        Err(wrong) => {
            for mistake in wrong {
                terminal::complain(&harmless::line(&format!("{file}: {mistake}")));
            }
            return Ok(Ending::Rejected);
        }
    };
    let mut output = std::io::stdout().lock();
    if arguments.bundles.is_empty() {
        write_targets(&mut output, &targets)?;
        return Ok(Ending::Done);
    }
    let mut ending = Ending::Done;
    for name in &arguments.bundles {
        let bundle =
            BundleName::new(name).ok_or_else(|| anyhow!("`{name}` is no bundle's name"))?;
        match targets.of_bundle(&bundle, arguments.tag.as_deref()) {
            Ok(chosen) => {
                let names = chosen.iter().map(|target| target.name.as_str());
                let names: Vec<_> = names.collect();
                writeln!(output, "{bundle}: {}", names.join(" "))?;
            }
            Err(not_allowed) => {
                ending = Ending::Rejected;
                writeln!(output, "{bundle}: rejected. {not_allowed}")?;
            }
        }
    }
    output.flush()?;
    Ok(ending)
}

/// A line for each target.
fn write_targets(output: &mut impl Write, targets: &Targets) -> Result<()> {
    let names = targets.all().iter().map(|target| target.name.as_str());
    let name = names.map(str::len).max().unwrap_or_default();
    let regions = targets.all().iter().map(|target| target.region.as_str());
    let region = regions.map(str::len).max().unwrap_or_default();
    for target in targets.all() {
        let role = target.role.as_ref();
        let role = role.map_or("this account", |role| role.arn.as_str());
        let line = format!(
            "{:name$}  {:region$}  {role}",
            target.name.as_str(),
            target.region.as_str()
        );
        writeln!(output, "{line}")?;
    }
    output.flush()?;
    Ok(())
}

fn account(text: &str) -> Result<String, String> {
    is_account(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "an account has twelve digits".to_owned())
}

fn region(text: &str) -> Result<Region, String> {
    Region::parse(text).ok_or_else(|| format!("`{text}` is no region such as us-east-1"))
}
