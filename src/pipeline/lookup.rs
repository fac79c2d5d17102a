//! Which certificates in ACM might be the bundle's.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::records::Read;
use super::target::InTarget;
use crate::arn::CertificateArn;
use crate::binding::{self, Claim, Facts, Found};
use crate::certificate::Certificate;
use crate::fault::Fault;

/// What was found in one target, and how far it was looked for.
pub(super) struct Looked {
    pub(super) facts: Facts,
    /// Not only by the records, but wherever an import shows that was never recorded.
    pub(super) is_everywhere: bool,
}

/// ACM's search takes serial numbers of two octets or more. The tags find certificates with shorter ones.
///
/// Source: pattern of SerialNumber,
/// <https://docs.aws.amazon.com/acm/latest/APIReference/API_X509AttributeFilter.html>
const SHORTEST_SEARCHABLE: usize = 2;

impl InTarget<'_> {
    /// What the bundle's records name, as ACM has it: one round trip, as few calls as can be. Where nothing was
    /// recorded at the time of the fetch, everything is looked up in that same round trip.
    pub(super) async fn recorded(self, leaf: &Certificate) -> Result<Looked, Fault> {
        let hints = self.hints();
        let is_everywhere = hints.is_empty();
        let (mut facts, read) = if is_everywhere {
            tokio::try_join!(self.unrecorded(leaf), self.records.read())?
        } else {
            tokio::try_join!(self.confirm(hints.clone()), self.records.read())?
        };
        facts.extend(
            self.confirm_others(self.since(&hints, read), &facts)
                .await?,
        );
        Ok(Looked {
            facts,
            is_everywhere,
        })
    }

    /// What names a certificate beside the records: the certificates' tags, the serial number, and the tags of earlier
    /// versions. To be asked before a certificate is made that ACM has not yet, because an import that was not
    /// recorded shows nowhere else.
    pub(super) async fn unrecorded(self, leaf: &Certificate) -> Result<Facts, Fault> {
        // An earlier version is found by a list and then by its tags: meanwhile ACM is asked about the others.
        let (mut facts, earlier) =
            tokio::try_join!(self.unrecorded_in_acm(leaf), self.records.earlier())?;
        let here = |arn: &&CertificateArn| self.records.is_in(&self.there.target, arn);
        if let Some(arn) = earlier.iter().find(here) {
            let claims = vec![(Claim::EarlierVersion, arn.clone())];
            facts.extend(self.confirm_others(claims, &facts).await?);
        }
        Ok(facts)
    }

    /// The certificates that carry the bundle's name, and those that are this very certificate.
    async fn unrecorded_in_acm(self, leaf: &Certificate) -> Result<Facts, Fault> {
        let identity = self.records.fetched.bundle.identity();
        let (by_tag, by_serial) = tokio::try_join!(
            self.there.tagging.certificates_of(&identity),
            self.by_serial(leaf),
        )?;
        let arns: BTreeSet<_> = by_tag.into_iter().chain(by_serial).collect();
        let claims = arns.into_iter().map(|arn| (Claim::BundleTag, arn));
        self.confirm(claims.collect()).await
    }

    async fn by_serial(self, leaf: &Certificate) -> Result<Vec<CertificateArn>, Fault> {
        if leaf.serial.octets() < SHORTEST_SEARCHABLE {
            return Ok(Vec::new());
        }
        self.there.acm.find_by_serial(&leaf.serial).await
    }

    /// The certificate that stays when the bundle is rejected, as far as one round trip tells.
    pub(super) async fn live_certificate(self) -> Result<Option<Found>, Fault> {
        let hints = self.hints();
        let (mut facts, read) = tokio::try_join!(self.confirm(hints.clone()), self.records.read())?;
        facts.extend(
            self.confirm_others(self.since(&hints, read), &facts)
                .await?,
        );
        Ok(binding::live(&self.records.fetched.bundle, &facts).cloned())
    }

    /// What the records name as far as the fetch saw, which may be older than the lease.
    fn hints(self) -> Vec<(Claim, CertificateArn)> {
        let records = self.records;
        let is_here = |arn: &CertificateArn| records.is_in(&self.there.target, arn);
        records.fetched.claims(is_here)
    }

    /// What they name beside `hints`, as read under the lease.
    fn since(self, hints: &[(Claim, CertificateArn)], read: &Read) -> Vec<(Claim, CertificateArn)> {
        let is_here = |arn: &CertificateArn| self.records.is_in(&self.there.target, arn);
        let mut claims = read.claims(is_here);
        claims.retain(|claim| !hints.contains(claim));
        claims
    }

    /// The same as [`confirm`](Self::confirm), where ACM is asked for no certificate that is among `facts`.
    async fn confirm_others(
        self,
        claims: Vec<(Claim, CertificateArn)>,
        facts: &Facts,
    ) -> Result<Facts, Fault> {
        let known = |arn: &CertificateArn| facts.iter().find(|(_, found)| found.arn == *arn);
        let (asked, others): (Vec<_>, Vec<_>) = claims
            .into_iter()
            .partition(|(_, arn)| known(arn).is_none());
        let others = others.iter();
        let mut confirmed: Facts = others
            .filter_map(|(claim, arn)| Some((*claim, known(arn)?.1.clone())))
            .collect();
        confirmed.extend(self.confirm(asked).await?);
        Ok(confirmed)
    }

    /// Asks ACM for each of `claims`; those that are gone fall away.
    async fn confirm(self, claims: Vec<(Claim, CertificateArn)>) -> Result<Facts, Fault> {
        let acm = &self.there.acm;
        let arns: BTreeSet<_> = claims.iter().map(|(_, arn)| arn).collect();
        let found = try_join_all(arns.into_iter().map(|arn| acm.find(arn))).await?;
        let found: Vec<_> = found.into_iter().flatten().collect();
        let fact = |(claim, arn): (Claim, CertificateArn)| {
            let found = found.iter().find(|found| found.arn == arn)?;
            Some((claim, found.clone()))
        };
        Ok(claims.into_iter().filter_map(fact).collect())
    }
}
