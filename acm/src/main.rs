//! `certdrop-acm`: a strict AWS Certificate Manager on loopback, for tests.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use certdrop_acm::{Account, Knobs, Options, Reading, Role, RoleArn};
use clap::Parser;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::net::TcpListener;

/// A local AWS Certificate Manager that refuses what ACM refuses.
///
/// Point a client at it with AWS_ENDPOINT_URL_ACM, AWS_ENDPOINT_URL_STS and
/// AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API. Signatures are not verified; the region is the one
/// that a request is signed for. Private keys are judged and forgotten.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port to listen on; 0 takes a free one and prints it
    #[arg(long, default_value_t = 4571)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Folder that keeps the certificates, surviving any kill; in memory if left out
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The account of every access key that names no other by its twelve digits
    #[arg(long, default_value_t)]
    account: Account,
    /// Roles that may be assumed: a file with the JSON of the knob `roles`
    #[arg(long, value_name = "FILE")]
    roles: Option<PathBuf>,
    /// Region of requests without a signature
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// The instant that it is, for ever: 2026-12-01T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    now: Option<OffsetDateTime>,
    /// Refuse a certificate without a chain unless it is self-signed (AWS seems to take it)
    #[arg(long)]
    require_chain: bool,
    /// Allow as many calls a second as AWS does; no limit if left out
    #[arg(long)]
    aws_rates: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let address = (arguments.host, arguments.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on port {}", arguments.port))?;
    let address = listener.local_addr()?;
    let mut knobs = Knobs {
        now: arguments.now,
        ..Knobs::default()
    };
    if let Some(path) = &arguments.roles {
        knobs.roles = roles(path).with_context(|| path.display().to_string())?;
    }
    if arguments.require_chain {
        knobs.unsettled.leaf_without_chain = Reading::Refused;
    }
    if arguments.aws_rates {
        knobs.rate = Knobs::rates_of_aws();
    }
    let options = Options {
        account: arguments.account,
        region: arguments.region,
        data: arguments.data,
        knobs,
        ..Options::default()
    };
    #[allow(
        clippy::print_stdout,
        reason = "who starts it on port 0 reads the port here"
    )]
    {
        println!("listening on http://{address}");
    }
    certdrop_acm::serve(listener, options).await?;
    Ok(())
}

fn roles(path: &Path) -> anyhow::Result<BTreeMap<RoleArn, Role>> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| error.to_string())
}
