//! The one step that cannot be undone.

use tracing::{info, warn};

use super::target::InTarget;
use crate::arn::CertificateArn;
use crate::aws::acm::{Destination, Imported};
use crate::binding::{Found, Import};
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::summary::{Outcome, TargetOutcome};
use crate::validate::ValidatedBundle;

impl InTarget<'_> {
    /// Imports, records and describes. The ARN is recorded while ACM is asked to describe: the sooner it
    /// is known everywhere, the less a crash can hide.
    pub(super) async fn import(
        self,
        valid: &ValidatedBundle,
        import: &Import,
        mut findings: Vec<Finding>,
    ) -> Result<TargetOutcome, Fault> {
        let (leaf, records) = (valid.leaf(), self.records);
        let arn = match self.send_in_turn(valid, import).await? {
            Ok(arn) => arn,
            Err(words) => {
                findings.push(refused(valid, &words));
                let stays = import.previous();
                return Ok(TargetOutcome::kept(Outcome::Rejected, findings, stays));
            }
        };
        info!(bundle = %records.fetched.bundle, %arn, "certificate imported");
        if let Import::Replace(found) = import {
            // Not before the import: named as ours, any certificate might be replaced by this role, and its
            // permissions could no longer tell whose it was.
            self.adopt(found).await?;
        }

        let (described, recorded) = tokio::join!(
            self.there.acm.describe_until_seen(&arn, leaf),
            records.imported(&arn, Outcome::of_import(import)),
        );
        recorded?;
        let detail = described?.unwrap_or_default();
        if !detail.shows(leaf) {
            findings.push(not_shown(&arn));
        }
        findings.extend(changed_arn(import, &arn));
        let imported = TargetOutcome::imported(import, findings, &arn, detail);
        let Import::Replace(found) = import else {
            return Ok(imported);
        };
        let (told, untagged) = self.bring_tags_in_line(found).await;
        Ok(imported.tagged(told, untagged))
    }

    /// Sends the bundle to ACM, at its pace. The ARN, or the words in which ACM refuses it.
    ///
    /// ACM takes about one import a second in an account and region, so that a burst of drops is throttled as a matter
    /// of course. It costs waiting, and is no failure.
    async fn send_in_turn(
        self,
        valid: &ValidatedBundle,
        import: &Import,
    ) -> Result<Result<CertificateArn, String>, Fault> {
        let identity = self.records.fetched.bundle.identity();
        let own = self.records.wanted_tags.for_new();
        let destination = match import {
            Import::Replace(found) => Destination::Existing(&found.arn),
            Import::New { .. } => Destination::New {
                identity: &identity,
                own: &own,
            },
        };
        let pressure = &self.there.pressure;
        loop {
            let sent = self.wait_for_turn().await?;
            let fence = self.records.fence;
            match self.there.acm.import(valid, destination, fence).await? {
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

    /// A certificate that a user's tag handed to certdrop gets the bundle's name.
    pub(super) async fn adopt(self, found: &Found) -> Result<(), Fault> {
        if found.bundle_tag.is_some() {
            return Ok(());
        }
        let bundle = &self.records.fetched.bundle;
        warn!(arn = %found.arn, %bundle, "adopting a certificate");
        let (acm, fence) = (&self.there.acm, self.records.fence);
        acm.adopt(&found.arn, &bundle.identity(), fence).await
    }
}

fn refused(valid: &ValidatedBundle, words: &str) -> Finding {
    let message = format!("ACM's message: {words}");
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
