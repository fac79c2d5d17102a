//! The story of one bundle, from the drop to the summary.

mod fetch;
mod lookup;
mod publish;

use time::{Duration, OffsetDateTime};
use tracing::{info, warn};

use crate::aws::Aws;
use crate::aws::acm::{Imported, Target};
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
use crate::validate::finding::{self, Finding};
use crate::validate::{Policy, ValidatedBundle, Verdict, validate};
use fetch::Fetched;

/// The longest that one bundle is worked on: nearly all of it waiting while ACM throttles. What
/// takes longer is begun again, after the lease has ended.
const LONGEST_WORK: Duration = Duration::seconds(60);

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
    lease: HeldLease,
    world: Invocation<'_>,
) -> Result<Summary, Fault> {
    match fetched {
        // Boxed: nested futures of SDK calls grow large, and their types too deep to compile.
        Ok(Some(fetched)) => match Box::pin(work(&fetched, &lease, world)).await {
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
async fn work(fetched: &Fetched, lease: &HeldLease, world: Invocation<'_>) -> Result<Done, Fault> {
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
    };
    let (plan, warnings) = bind(&candidate, &facts)?;
    findings.extend(warnings);

    match &plan {
        Plan::Unchanged(found) => {
            adopt(found, fetched, world).await?;
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
            import(fetched, &valid, &plan, findings, lease, world).await
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

/// Imports, records and describes. The ARN is recorded while ACM is asked to describe: the sooner it
/// is known everywhere, the less a crash can hide.
async fn import(
    fetched: &Fetched,
    valid: &ValidatedBundle,
    plan: &Plan,
    mut findings: Vec<Finding>,
    lease: &HeldLease,
    world: Invocation<'_>,
) -> Result<Done, Fault> {
    let identity = fetched.bundle.identity();
    let target = match plan {
        Plan::Replace(found) => {
            adopt(found, fetched, world).await?;
            Target::Existing(&found.arn)
        }
        _ => Target::New {
            identity: &identity,
        },
    };
    let time_left = lease.lease().time_left(clock());
    let arn = match world.aws.acm.import(valid, target, time_left).await? {
        Imported::As(arn) => arn,
        Imported::Refused(words) => {
            findings.push(refused(valid, &words));
            return Ok(kept(
                fetched,
                Outcome::Rejected,
                findings,
                replaced(plan),
                world,
            ));
        }
    };
    info!(bundle = %fetched.bundle, %arn, "certificate imported");

    let (described, recorded) = tokio::join!(
        world.aws.acm.describe_until_seen(&arn, valid.leaf()),
        publish::record(fetched, outcome(plan), Some(&arn), world),
    );
    recorded?;
    let detail = described?.unwrap_or_default();
    if !detail.shows(valid.leaf()) {
        findings.push(not_shown(&arn));
    }
    findings.extend(changed_arn(plan, &arn));
    Ok(Done {
        summary: fetched
            .heading(world)
            .imported(plan, findings, &arn, detail),
        records: Records::Written,
    })
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

/// Takes the bundle's lease for as long as its work may take.
async fn take_lease(item: &WorkItem, world: Invocation<'_>) -> Result<HeldLease, Fault> {
    let key = format!("{}{}", world.config.lease_prefix, item.bundle);
    let now = clock();
    let lease = Lease::until(world.deadline.min(now + LONGEST_WORK), world.request_id);
    world.aws.bucket.take_lease(&key, lease, now).await
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

/// A certificate that a user's tag handed to certdrop gets the bundle's name, before anything is
/// done to it: where certdrop may not do that, it may not replace it either.
async fn adopt(found: &Found, fetched: &Fetched, world: Invocation<'_>) -> Result<(), Fault> {
    if found.bundle_tag.is_some() {
        return Ok(());
    }
    warn!(arn = %found.arn, bundle = %fetched.bundle, "adopting a certificate");
    world
        .aws
        .acm
        .adopt(&found.arn, &fetched.bundle.identity())
        .await
}

fn outcome(plan: &Plan) -> Outcome {
    match plan {
        Plan::Replace(_) => Outcome::Replaced,
        _ => Outcome::Imported,
    }
}

/// The certificate that stays where an import is refused.
fn replaced(plan: &Plan) -> Option<&Found> {
    match plan {
        Plan::Replace(found) => Some(found),
        Plan::ImportNew { superseded } => superseded.as_ref(),
        _ => None,
    }
}

fn refused(valid: &ValidatedBundle, words: &str) -> Finding {
    let message = format!("ACM says: {words}");
    Finding::new(&finding::REFUSED_BY_ACM, &valid.leaf().subject, message)
}

fn not_shown(arn: &CertificateArn) -> Finding {
    let message = "ACM took the certificate, but does not show it yet.";
    Finding::new(&finding::NOT_SHOWN_YET, arn, message)
}

fn changed_arn(plan: &Plan, arn: &CertificateArn) -> Option<Finding> {
    let Plan::ImportNew {
        superseded: Some(old),
    } = plan
    else {
        return None;
    };
    let users = old.detail.in_use_by().join(", ");
    let users = if users.is_empty() {
        "nothing".to_owned()
    } else {
        users
    };
    let message = format!("The old ARN is {}, used by {users}.", old.arn);
    Some(Finding::new(&finding::ARN_CHANGED, arn, message))
}
