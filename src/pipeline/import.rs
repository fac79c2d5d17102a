//! The one step that cannot be undone.

use tracing::{info, warn};

use super::records::Records;
use super::{Invocation, turn};
use crate::arn::CertificateArn;
use crate::aws::Regional;
use crate::aws::acm::{Imported, Target};
use crate::binding::{Found, Plan};
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::summary::{Outcome, Served};
use crate::validate::ValidatedBundle;

/// Imports, records and describes. The ARN is recorded while ACM is asked to describe: the sooner it
/// is known everywhere, the less a crash can hide.
pub(super) async fn import(
    valid: &ValidatedBundle,
    plan: &Plan,
    mut findings: Vec<Finding>,
    records: &Records<'_>,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<Served, Fault> {
    let bundle = &records.fetched.bundle;
    let identity = bundle.identity();
    let target = match plan {
        Plan::Replace(found) => Target::Existing(&found.arn),
        _ => Target::New {
            identity: &identity,
        },
    };
    let arn = match in_turn(valid, target, records, there, world).await? {
        Ok(arn) => arn,
        Err(words) => {
            findings.push(refused(valid, &words));
            return Ok(Served::kept(Outcome::Rejected, findings, replaced(plan)));
        }
    };
    info!(%bundle, %arn, "certificate imported");
    if let Plan::Replace(found) = plan {
        // Not before the import: named as ours, any certificate might be replaced by this role, and its
        // permissions could no longer tell whose it was.
        adopt(found, records, there).await?;
    }

    let (described, recorded) = tokio::join!(
        there.acm.describe_until_seen(&arn, valid.leaf()),
        records.imported(&arn, Outcome::of(plan)),
    );
    recorded?;
    let detail = described?.unwrap_or_default();
    if !detail.shows(valid.leaf()) {
        findings.push(not_shown(&arn));
    }
    findings.extend(changed_arn(plan, &arn));
    Ok(Served::imported(plan, findings, &arn, detail))
}

/// Sends the bundle to ACM, at its pace. The ARN, or the words in which ACM refuses it.
///
/// ACM takes about one import a second in an account and region, so that a burst of drops is throttled as a matter of
/// course. It costs waiting, and is no failure.
async fn in_turn(
    valid: &ValidatedBundle,
    target: Target<'_>,
    records: &Records<'_>,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<Result<CertificateArn, String>, Fault> {
    loop {
        let sent = turn::wait(there, world).await?;
        match there.acm.import(valid, target, records.fence).await? {
            Imported::Throttled => there.pressure.refused(sent),
            Imported::As(arn) => {
                there.pressure.taken(sent);
                return Ok(Ok(arn));
            }
            Imported::Refused(words) => {
                there.pressure.taken(sent);
                return Ok(Err(words));
            }
        }
    }
}

/// A certificate that a user's tag handed to certdrop gets the bundle's name.
pub(super) async fn adopt(
    found: &Found,
    records: &Records<'_>,
    there: &Regional,
) -> Result<(), Fault> {
    if found.bundle_tag.is_some() {
        return Ok(());
    }
    let bundle = &records.fetched.bundle;
    warn!(arn = %found.arn, %bundle, "adopting a certificate");
    let identity = bundle.identity();
    there.acm.adopt(&found.arn, &identity, records.fence).await
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
