//! The story of one bundle, from the drop to the summary.

mod fetch;
mod import;
mod lookup;
mod publish;

use time::{Duration, OffsetDateTime};

use crate::aws::Aws;
use crate::aws::s3::HeldLease;
use crate::binding::{Candidate, CertificateArn, Found, Plan, bind};
use crate::bundle::{self, Bundle};
use crate::bundle_name::BundleName;
use crate::config::Config;
use crate::content_id::ContentId;
use crate::event::WorkItem;
use crate::fault::Fault;
use crate::lease::Lease;
use crate::summary::{Outcome, Summary};
use crate::validate::finding::Finding;
use crate::validate::{Policy, ValidatedBundle, Verdict, validate};
use fetch::Fetched;

/// How long a lease is taken for: many times the work on one bundle. It is extended while ACM
/// throttles an import.
const TERM: Duration = Duration::seconds(60);

/// One call of the function, and the world that it works in.
#[derive(Clone, Copy)]
pub struct Invocation<'a> {
    /// The services.
    pub aws: &'a Aws,
    /// The settings.
    pub config: &'a Config,
    /// The instant that every rule is judged at.
    pub now: OffsetDateTime,
    /// When the platform ends the function.
    pub deadline: OffsetDateTime,
    /// Lambda's id of this call.
    pub request_id: &'a str,
    /// Takes metrics, each a document of CloudWatch's embedded metric format.
    pub emit: fn(&serde_json::Value),
}

/// Does all that one dropped bundle needs. Safe to call again at any time, with any result.
///
/// # Errors
///
/// Any [`Fault`] means that the work is unfinished and has to be run again. A bad bundle is an
/// `Ok` with [`Outcome::Rejected`]: running it again would not help.
pub async fn process(item: &WorkItem, world: Invocation<'_>) -> Result<Summary, Fault> {
    let began = clock();
    let (lease, fetched) = tokio::join!(
        Box::pin(take_lease(item, world)),
        Box::pin(fetch::fetch(item, world)),
    );
    let result = match lease {
        Ok(lease) => process_leased(item, fetched, lease, world).await,
        Err(fault) => Err(fault),
    };
    publish::tell(&result, clock() - began, world);
    result
}

async fn process_leased(
    item: &WorkItem,
    fetched: Result<Option<Fetched>, Fault>,
    mut lease: HeldLease,
    world: Invocation<'_>,
) -> Result<Summary, Fault> {
    match fetched {
        // Boxed: nested futures of SDK calls grow large, and their types too deep to compile.
        Ok(Some(fetched)) => match Box::pin(work(&fetched, &mut lease, world)).await {
            Ok(done) => Box::pin(publish::publish(&fetched, done, lease, world)).await,
            Err(fault) => publish::give_up(fault, lease, world).await,
        },
        Ok(None) => publish::gone(item, lease, world).await,
        Err(fault) => publish::give_up(fault, lease, world).await,
    }
}

/// The work on a bundle is done; what is left is to say so.
struct Done {
    summary: Summary,
    records: Records,
}

/// Whether the bundle's certificate stands in the object's tags and the parameter.
enum Records {
    /// It does.
    Written,
    /// They are to be written, with the certificate that belongs to the bundle, if any.
    Due(Option<CertificateArn>),
}

/// From the fetched parts to the summary, under the bundle's lease.
async fn work(
    fetched: &Fetched,
    lease: &mut HeldLease,
    world: Invocation<'_>,
) -> Result<Done, Fault> {
    let (valid, mut findings) = match judge(fetched, world) {
        Ok(valid) => valid,
        Err((outcome, findings)) => {
            let live = lookup::live_certificate(fetched, world).await?;
            return Ok(kept(fetched, outcome, findings, live.as_ref(), world));
        }
    };

    let facts = lookup::find_certificates(fetched, valid.leaf(), world).await?;
    let candidate = Candidate {
        bundle: &fetched.bundle,
        leaf: valid.leaf(),
        force: fetched.is_forced(),
        on_incompatible: world.config.on_incompatible,
        adoption: world.config.adoption,
    };
    let (plan, warnings) = bind(&candidate, &facts)?;
    findings.extend(warnings);

    match &plan {
        Plan::Unchanged(found) => {
            import::adopt(found, fetched, world).await?;
            Ok(kept(
                fetched,
                Outcome::Unchanged,
                findings,
                Some(found),
                world,
            ))
        }
        Plan::Outdated(found) => Ok(kept(
            fetched,
            Outcome::Outdated,
            findings,
            Some(found),
            world,
        )),
        Plan::Incompatible(found, reasons) => {
            findings.extend(reasons.iter().cloned());
            Ok(kept(
                fetched,
                Outcome::Rejected,
                findings,
                Some(found),
                world,
            ))
        }
        Plan::Replace(_) | Plan::ImportNew { .. } => {
            import::import(fetched, &valid, &plan, findings, lease, world).await
        }
    }
}

/// Reads and validates: a bundle that may be imported, or why not.
fn judge(
    fetched: &Fetched,
    world: Invocation<'_>,
) -> Result<(ValidatedBundle, Vec<Finding>), (Outcome, Vec<Finding>)> {
    let bundle: Bundle = bundle::read(&fetched.parts, &fetched.passphrases);
    let policy = Policy {
        now: world.now,
        expiry_warning: world.config.expiry_warning,
        include_root: world.config.include_root,
    };
    match validate(bundle, &policy) {
        Verdict::Accepted(valid, warnings) => Ok((valid, warnings)),
        Verdict::Rejected(rejected) if fetched.may_be_unfinished(&rejected.findings) => {
            Err((Outcome::Waiting, rejected.findings))
        }
        Verdict::Rejected(rejected) => Err((Outcome::Rejected, rejected.findings)),
    }
}

/// Nothing is imported; `live` is the certificate that stays.
fn kept(
    fetched: &Fetched,
    outcome: Outcome,
    findings: Vec<Finding>,
    live: Option<&Found>,
    world: Invocation<'_>,
) -> Done {
    Done {
        summary: fetched.heading(world).kept(outcome, findings, live),
        records: Records::Due(live.map(|found| found.arn.clone())),
    }
}

/// Takes the bundle's lease.
async fn take_lease(item: &WorkItem, world: Invocation<'_>) -> Result<HeldLease, Fault> {
    let key = format!("{}{}", world.config.lease_prefix, item.bundle);
    let now = clock();
    let lease = Lease::until(lease_end(now, world), world.request_id);
    world.aws.bucket.take_lease(&key, lease, now).await
}

fn lease_end(now: OffsetDateTime, world: Invocation<'_>) -> OffsetDateTime {
    world.deadline.min(now + TERM)
}

/// The clock on the wall, for leases and deadlines. Rules are judged at [`Invocation::now`].
pub(crate) fn clock() -> OffsetDateTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "leases and deadlines end by the clock, whatever instant the rules are judged at"
    )]
    OffsetDateTime::now_utc()
}

/// Where the summary of a bundle with just this content lies.
pub(crate) fn summary_key(bundle: &BundleName, content: &ContentId, config: &Config) -> String {
    format!("{}{bundle}/{content}.json", config.summary_prefix)
}
