//! The one step that cannot be undone.

use time::Duration;
use tracing::{info, warn};

use super::fetch::Fetched;
use super::{Done, Invocation, Records, clock, kept, lease_end, publish};
use crate::aws::acm::{Imported, Target};
use crate::aws::s3::HeldLease;
use crate::binding::{CertificateArn, Found, Plan};
use crate::fault::Fault;
use crate::lease::Lease;
use crate::summary::Outcome;
use crate::validate::ValidatedBundle;
use crate::validate::finding::{self, Finding};

/// How much of a lease must be left for an import to go on without extending it: more than an
/// attempt takes that is already on its way.
const EXTENSION: Duration = Duration::seconds(15);

/// How much of it must be left for an import to be sent at all.
const MARGIN: Duration = Duration::seconds(3);

/// Imports, records and describes. The ARN is recorded while ACM is asked to describe: the sooner it
/// is known everywhere, the less a crash can hide.
pub(super) async fn import(
    fetched: &Fetched,
    valid: &ValidatedBundle,
    plan: &Plan,
    mut findings: Vec<Finding>,
    lease: &mut HeldLease,
    world: Invocation<'_>,
) -> Result<Done, Fault> {
    let identity = fetched.bundle.identity();
    let target = match plan {
        Plan::Replace(found) => Target::Existing(&found.arn),
        _ => Target::New {
            identity: &identity,
        },
    };
    let arn = match import_leased(valid, target, lease, world).await? {
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
    if let Plan::Replace(found) = plan {
        // Not before the import: named as ours, any certificate might be replaced by this role, and its
        // permissions could no longer tell whose it was.
        adopt(found, fetched, world).await?;
    }

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

/// Imports for as long as ACM throttles and the lease can be extended. An import is given up before
/// its lease ends, so that it cannot take effect beside that of another worker.
async fn import_leased(
    valid: &ValidatedBundle,
    target: Target<'_>,
    lease: &mut HeldLease,
    world: Invocation<'_>,
) -> Result<Imported, Fault> {
    let mut import = std::pin::pin!(world.aws.acm.import(valid, target));
    loop {
        let now = clock();
        if lease.lease().time_left(now) < EXTENSION && now + EXTENSION < world.deadline {
            let longer = Lease::until(lease_end(now, world), world.request_id);
            world.aws.bucket.extend_lease(lease, longer).await?;
        }
        let patience = lease.lease().time_left(now).min(EXTENSION);
        if patience < MARGIN {
            return Err(Fault::Transient(
                "too little time is left for an import".into(),
            ));
        }
        let patience = patience.try_into().unwrap_or_default();
        match tokio::time::timeout(patience, &mut import).await {
            Ok(imported) => return imported,
            Err(_) if clock() + EXTENSION < world.deadline => {}
            Err(_) => {
                return Err(Fault::Transient(
                    "ACM throttled the import to the end".into(),
                ));
            }
        }
    }
}

/// A certificate that a user's tag handed to certdrop gets the bundle's name.
pub(super) async fn adopt(
    found: &Found,
    fetched: &Fetched,
    world: Invocation<'_>,
) -> Result<(), Fault> {
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
