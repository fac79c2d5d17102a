//! Which certificates in ACM might be the bundle's.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::fetch;
use super::records::Records;
use crate::arn::CertificateArn;
use crate::aws::Regional;
use crate::binding::{self, Claim, Facts, Found};
use crate::certificate::Certificate;
use crate::fault::Fault;

/// What was found in one region, and how far it was looked for.
pub(super) struct Looked {
    pub(super) facts: Facts,
    /// Not only by the records, but wherever an import shows that was never recorded.
    pub(super) is_everywhere: bool,
}

/// What the bundle's records name, as ACM has it: one round trip, as few calls as can be. Where nothing was
/// recorded at the time of the fetch, everything is looked up in that same round trip.
pub(super) async fn recorded(
    leaf: &Certificate,
    records: &Records<'_>,
    there: &Regional,
) -> Result<Looked, Fault> {
    let hints = fetch::hints(records.fetched, there);
    let is_everywhere = hints.is_empty();
    let (mut facts, read) = if is_everywhere {
        tokio::try_join!(unrecorded(leaf, records, there), records.read())?
    } else {
        tokio::try_join!(confirm(hints.clone(), there), records.read())?
    };
    let since = read.claims(&there.region).into_iter();
    let since = since.filter(|claim| !hints.contains(claim)).collect();
    facts.extend(confirm(since, there).await?);
    Ok(Looked {
        facts,
        is_everywhere,
    })
}

/// What names a certificate beside the records: the certificates' tags, the serial number, and the tags of earlier
/// versions. To be asked before a certificate is made that ACM has not yet, because an import that was not
/// recorded shows nowhere else.
pub(super) async fn unrecorded(
    leaf: &Certificate,
    records: &Records<'_>,
    there: &Regional,
) -> Result<Facts, Fault> {
    // An earlier version is found by a list and then by its tags: meanwhile ACM is asked about the others.
    let (mut facts, earlier) = tokio::try_join!(named(leaf, records, there), records.earlier())?;
    let mut in_region = earlier.iter().filter(|arn| *arn.region() == there.region);
    let Some(arn) = in_region.next() else {
        return Ok(facts);
    };
    let there_already = facts.iter().find(|(_, found)| found.arn == *arn);
    if let Some(found) = there_already.map(|(_, found)| found.clone()) {
        facts.push((Claim::EarlierVersion, found));
    } else {
        let claims = vec![(Claim::EarlierVersion, arn.clone())];
        facts.extend(confirm(claims, there).await?);
    }
    Ok(facts)
}

/// The certificates that carry the bundle's name, and those that are this very certificate.
async fn named(
    leaf: &Certificate,
    records: &Records<'_>,
    there: &Regional,
) -> Result<Facts, Fault> {
    let identity = records.fetched.bundle.identity();
    let (by_tag, by_serial) = tokio::try_join!(
        there.tagging.certificates_of(&identity),
        by_serial(leaf, there),
    )?;
    let arns: BTreeSet<_> = by_tag.into_iter().chain(by_serial).collect();
    let claims = arns.into_iter().map(|arn| (Claim::BundleTag, arn));
    confirm(claims.collect(), there).await
}

async fn by_serial(leaf: &Certificate, there: &Regional) -> Result<Vec<CertificateArn>, Fault> {
    if leaf.serial.octets() < SHORTEST_SEARCHABLE {
        return Ok(Vec::new());
    }
    there.acm.find_by_serial(&leaf.serial).await
}

/// ACM's search takes serial numbers of two octets or more. The tags find certificates with shorter ones.
///
/// Source: pattern of SerialNumber,
/// <https://docs.aws.amazon.com/acm/latest/APIReference/API_X509AttributeFilter.html>
const SHORTEST_SEARCHABLE: usize = 2;

/// The certificate that stays when the bundle is rejected, as far as one round trip tells.
pub(super) async fn live_certificate(
    records: &Records<'_>,
    there: &Regional,
) -> Result<Option<Found>, Fault> {
    let hints = fetch::hints(records.fetched, there);
    let (mut facts, read) = tokio::try_join!(confirm(hints.clone(), there), records.read())?;
    let since = read.claims(&there.region).into_iter();
    let since = since.filter(|claim| !hints.contains(claim)).collect();
    facts.extend(confirm(since, there).await?);
    Ok(binding::live(&records.fetched.bundle, &facts).cloned())
}

/// Asks ACM for each of `claims`; those that are gone fall away.
async fn confirm(claims: Vec<(Claim, CertificateArn)>, there: &Regional) -> Result<Facts, Fault> {
    let arns: BTreeSet<_> = claims.iter().map(|(_, arn)| arn).collect();
    let found = try_join_all(arns.into_iter().map(|arn| there.acm.find(arn))).await?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    let fact = |(claim, arn): (Claim, CertificateArn)| {
        let found = found.iter().find(|found| found.arn == arn)?;
        Some((claim, found.clone()))
    };
    Ok(claims.into_iter().filter_map(fact).collect())
}
