//! Which certificates in ACM might be the bundle's.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::Invocation;
use super::fetch::{Fetched, Tagged, arns};
use crate::aws::Regional;
use crate::binding::{CertificateArn, Claim, Facts, Found};
use crate::bundle_name::BundleName;
use crate::certificate::Certificate;
use crate::fault::Fault;

/// Everything that is known in AWS of the bundle's certificate in one region.
///
/// What the object's tag or the bundle's parameter name is enough where ACM confirms it: one round
/// trip, as few calls as can be. Otherwise a new certificate may be about to be made, so everything
/// is looked up, now that the lease is held; what was fetched beside taking the lease may be older
/// than the last worker's records.
pub(super) async fn find_certificates(
    fetched: &Fetched,
    leaf: &Certificate,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<Facts, Fault> {
    let hints = hints(fetched, there);
    let confirmed = confirm(hints, there).await?;
    if confirmed.iter().any(|fact| settles(fact, &fetched.bundle)) {
        return Ok(confirmed);
    }
    // An earlier version is found by a list and then by its tags: meanwhile ACM is asked about the others.
    let (named, earlier) = tokio::try_join!(
        named(fetched, leaf, &confirmed, there, world),
        earlier_version(fetched, there, world),
    )?;
    let mut facts = confirmed;
    facts.extend(named);
    let Some(arn) = earlier else {
        return Ok(facts);
    };
    let there_already = facts.iter().find(|(_, found)| found.arn == arn);
    match there_already.map(|(_, found)| found.clone()) {
        Some(found) => facts.push((Claim::EarlierVersion, found)),
        None => facts.extend(confirm(vec![(Claim::EarlierVersion, arn)], there).await?),
    }
    Ok(facts)
}

/// What else names a certificate beside what is `confirmed` already: later records, the certificates'
/// tags, the serial number.
async fn named(
    fetched: &Fetched,
    leaf: &Certificate,
    confirmed: &Facts,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<Facts, Fault> {
    let identity = fetched.bundle.identity();
    let (recorded, by_tag, by_serial) = tokio::try_join!(
        recorded_since(fetched, there, world),
        there.tagging.certificates_of(&identity),
        there.acm.find_by_serial(&leaf.serial),
    )?;
    let tagged = by_tag.into_iter().chain(by_serial);
    let claims = recorded
        .into_iter()
        .chain(tagged.map(|arn| (Claim::BundleTag, arn)));
    let known: BTreeSet<_> = confirmed
        .iter()
        .map(|(claim, found)| (*claim, found.arn.clone()))
        .collect();
    let new: BTreeSet<_> = claims.filter(|claim| !known.contains(claim)).collect();
    confirm(new.into_iter().collect(), there).await
}

/// The certificate that stays when the bundle is rejected, as far as one call tells.
pub(super) async fn live_certificate(
    fetched: &Fetched,
    there: &Regional,
) -> Result<Option<Found>, Fault> {
    let confirmed = confirm(hints(fetched, there), there).await?;
    let settled = confirmed
        .into_iter()
        .find(|fact| settles(fact, &fetched.bundle));
    Ok(settled.map(|(_, found)| found))
}

fn hints(fetched: &Fetched, there: &Regional) -> Vec<(Claim, CertificateArn)> {
    let tagged = fetched
        .tagged_arns(&there.region)
        .into_iter()
        .map(|arn| (Claim::ObjectTag, arn));
    let recorded = fetched
        .recorded_arns
        .iter()
        .filter(|arn| *arn.region() == there.region)
        .map(|arn| (Claim::Parameter, arn.clone()));
    tagged.chain(recorded).collect()
}

/// The claim leaves no doubt: the binding can decide by it alone.
fn settles((claim, found): &(Claim, Found), bundle: &BundleName) -> bool {
    let carries_our_name = found.bundle_tag.as_deref() == Some(bundle.identity().as_str());
    *claim == Claim::ObjectTag || carries_our_name
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

/// What another worker recorded between our fetch and our lease.
async fn recorded_since(
    fetched: &Fetched,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<Vec<(Claim, CertificateArn)>, Fault> {
    let bucket = &world.aws.bucket;
    let name = world.config.arn_parameter(&fetched.bundle, &there.region);
    let tags = fetched
        .objects
        .iter()
        .map(|object| bucket.tags(&object.key, object.version_id.as_deref()));
    let (tags, parameters) =
        tokio::try_join!(try_join_all(tags), world.aws.parameters.get(vec![name]))?;
    let tagged = tags
        .iter()
        .flat_map(|tags| arns(tags, &there.region))
        .map(|arn| (Claim::ObjectTag, arn));
    let recorded = parameters
        .values()
        .filter_map(|parameter| CertificateArn::parse(&parameter.value))
        .filter(|arn| *arn.region() == there.region)
        .map(|arn| (Claim::Parameter, arn));
    Ok(tagged.chain(recorded).collect())
}

/// How many earlier versions are asked for their tags. Each that certdrop worked on has one, so
/// the first is enough, unless it was never worked on.
const EARLIER_VERSIONS: usize = 5;

/// The ARN on the newest earlier version of any of the bundle's objects.
async fn earlier_version(
    fetched: &Fetched,
    there: &Regional,
    world: Invocation<'_>,
) -> Result<Option<CertificateArn>, Fault> {
    let bucket = &world.aws.bucket;
    let drop_prefix = &world.config.drop_prefix;
    let versions = bucket
        .versions(&format!("{drop_prefix}{}", fetched.bundle))
        .await?;
    let is_current = |key: &str, version: &str| {
        let same =
            |object: &Tagged| object.key == key && object.version_id.as_deref() == Some(version);
        fetched.objects.iter().any(same)
    };
    let earlier: Vec<_> = versions
        .iter()
        .filter(|(key, version)| !is_current(key, version))
        .filter(|(key, _)| {
            BundleName::from_key(key, drop_prefix).is_some_and(|(name, _)| name == fetched.bundle)
        })
        .take(EARLIER_VERSIONS)
        .collect();
    let tags = earlier
        .iter()
        .map(|(key, version)| bucket.tags(key, Some(version)));
    let tags = try_join_all(tags).await?;
    Ok(tags
        .iter()
        .find_map(|tags| arns(tags, &there.region).into_iter().next()))
}
