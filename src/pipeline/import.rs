//! The one step that cannot be undone.

use tracing::{info, warn};

use super::records::Records;
use super::{Invocation, turn};
use crate::arn::CertificateArn;
use crate::aws::Regional;
use crate::aws::acm::{Imported, Target};
use crate::binding::{Found, Import};
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::summary::{Outcome, Served};
use crate::validate::ValidatedBundle;

/// One import: what is sent, to which region, and where it is recorded.
pub(super) struct Importing<'a> {
    pub(super) valid: &'a ValidatedBundle,
    pub(super) import: &'a Import,
    pub(super) records: &'a Records<'a>,
    pub(super) there: &'a Regional,
    pub(super) world: Invocation<'a>,
}

impl Importing<'_> {
    /// Imports, records and describes. The ARN is recorded while ACM is asked to describe: the sooner it
    /// is known everywhere, the less a crash can hide.
    pub(super) async fn carry_out(&self, mut findings: Vec<Finding>) -> Result<Served, Fault> {
        let (leaf, there, records) = (self.valid.leaf(), self.there, self.records);
        let arn = match self.in_turn().await? {
            Ok(arn) => arn,
            Err(words) => {
                findings.push(refused(self.valid, &words));
                let stays = self.import.previous();
                return Ok(Served::kept(Outcome::Rejected, findings, stays));
            }
        };
        info!(bundle = %records.fetched.bundle, %arn, "certificate imported");
        if let Import::Replace(found) = self.import {
            // Not before the import: named as ours, any certificate might be replaced by this role, and its
            // permissions could no longer tell whose it was.
            adopt(found, records, there).await?;
        }

        let (described, recorded) = tokio::join!(
            there.acm.describe_until_seen(&arn, leaf),
            records.imported(&arn, Outcome::of_import(self.import)),
        );
        recorded?;
        let detail = described?.unwrap_or_default();
        if !detail.shows(leaf) {
            findings.push(not_shown(&arn));
        }
        findings.extend(changed_arn(self.import, &arn));
        Ok(Served::imported(self.import, findings, &arn, detail))
    }

    /// Sends the bundle to ACM, at its pace. The ARN, or the words in which ACM refuses it.
    ///
    /// ACM takes about one import a second in an account and region, so that a burst of drops is throttled as a matter
    /// of course. It costs waiting, and is no failure.
    async fn in_turn(&self) -> Result<Result<CertificateArn, String>, Fault> {
        let identity = self.records.fetched.bundle.identity();
        let target = match self.import {
            Import::Replace(found) => Target::Existing(&found.arn),
            Import::New { .. } => Target::New {
                identity: &identity,
            },
        };
        let pressure = &self.there.pressure;
        loop {
            let sent = turn::wait(self.there, self.world).await?;
            let fence = self.records.fence;
            match self.there.acm.import(self.valid, target, fence).await? {
                Imported::Throttled => pressure.refused(sent),
                Imported::As(arn) => {
                    pressure.taken(sent);
                    return Ok(Ok(arn));
                }
                Imported::Refused(words) => {
                    pressure.taken(sent);
                    return Ok(Err(words));
                }
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

fn refused(valid: &ValidatedBundle, words: &str) -> Finding {
    let message = format!("ACM says: {words}");
    Finding::new(&finding::REFUSED_BY_ACM, &valid.leaf().subject, message)
}

fn not_shown(arn: &CertificateArn) -> Finding {
    let message = "ACM took the certificate, but does not show it yet.";
    Finding::new(&finding::NOT_SHOWN_YET, arn, message)
}

fn changed_arn(import: &Import, arn: &CertificateArn) -> Option<Finding> {
    let Import::New {
        superseded: Some(old),
    } = import
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
