//! Which certificate in ACM a bundle belongs to, and what has to be done to it.
//!
//! Pure: the facts were found before, under the bundle's lease.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::arn::CertificateArn;
use crate::bundle_name::BundleName;
use crate::certificate::{Certificate, SerialNumber};
use crate::certificate_detail::CertificateDetail;
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::tag::{ARN_TAG, BUNDLE_TAG};
use crate::validate::reimport;

/// What happens to a renewed certificate that ACM would refuse under the old one's ARN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnIncompatible {
    /// It is rejected with the reason.
    #[default]
    Reject,
    /// It is imported under a new ARN; who uses the old one has to be changed.
    ImportNew,
}

/// Whether certificates that certdrop did not import may be replaced, where an object's tag names one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adoption {
    /// They are left alone, and the tag is a fault of the set-up.
    #[default]
    Forbidden,
    /// They are replaced and get the bundle's name.
    Allowed,
}

/// A certificate that ACM has, as it describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its name in AWS.
    pub arn: CertificateArn,
    /// What DescribeCertificate says.
    pub detail: CertificateDetail,
    /// Value of its tag [`BUNDLE_TAG`].
    pub bundle_tag: Option<String>,
    /// It has the tag [`MANAGED_TAG`](crate::tag::MANAGED_TAG) of certdrop.
    pub is_managed: bool,
    /// All of its tags.
    pub tags: BTreeMap<String, String>,
}

/// A certificate that ACM has, as its search shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `None` where ACM does not tell.
    pub serial: Option<SerialNumber>,
    /// Last instant of validity.
    pub not_after: Option<OffsetDateTime>,
}

/// How a certificate came to be considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// The object carries its ARN: set by us, or by a user who adopts a certificate.
    ObjectTag,
    /// The parameter that certdrop wrote for the bundle names it.
    Parameter,
    /// An earlier version of the bundle's objects carries its ARN.
    EarlierVersion,
    /// It carries the bundle's name, or it is this very certificate and does.
    BundleTag,
}

/// Everything that was found, with how.
pub type Facts = Vec<(Claim, Found)>;

/// What has to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// The certificate is sent to ACM.
    Import(Import),
    /// What ACM has stays.
    Keep(Keep),
}

/// How the certificate is sent to ACM. Each arm carries what it needs: there is no absent ARN that means "new".
#[derive(Clone, Debug, PartialEq)]
pub enum Import {
    /// Nothing in ACM belongs to the bundle, or nothing that can be replaced.
    New {
        /// The certificate that could not be replaced, where the setting wants a new one then.
        superseded: Option<Found>,
    },
    /// Put the new certificate under the ARN of the old one.
    Replace(Found),
}

/// Why nothing is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    /// The certificate is there already.
    Unchanged(Found),
    /// A newer certificate is there already.
    Outdated(Found),
    /// ACM would refuse the replacement, for these reasons.
    Incompatible(Found, Vec<Finding>),
}

impl Plan {
    /// It makes a certificate that ACM has not yet.
    #[must_use]
    pub fn makes_new(&self) -> bool {
        matches!(self, Self::Import(Import::New { .. }))
    }
}

impl Import {
    /// The certificate that was the bundle's until now.
    #[must_use]
    pub fn previous(&self) -> Option<&Found> {
        match self {
            Self::New { superseded } => superseded.as_ref(),
            Self::Replace(found) => Some(found),
        }
    }
}

/// What is known of the bundle that looks for its certificate.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// Its name.
    pub bundle: &'a BundleName,
    /// Its new certificate.
    pub leaf: &'a Certificate,
    /// Import even what is older than, or the same as, what is there.
    pub force: bool,
    /// What to do where ACM would refuse a replacement.
    pub on_incompatible: OnIncompatible,
    /// Whether it may take over a certificate that certdrop did not import.
    pub adoption: Adoption,
}

/// Decides what becomes of `candidate`, with warnings about what else was found.
///
/// # Errors
///
/// [`Kind::SetUp`](crate::fault::Kind::SetUp) where the object's tag names a certificate of another bundle, or one that certdrop did
/// not import and must not take over.
pub fn bind(candidate: &Candidate<'_>, facts: &Facts) -> Result<(Plan, Vec<Finding>), Fault> {
    let own = own(candidate, facts)?;
    let Some(chosen) = choose(candidate, &own) else {
        let import = Import::New { superseded: None };
        return Ok((Plan::Import(import), Vec::new()));
    };
    let mut findings = others(chosen, &own);
    let plan = guard(candidate, chosen);
    if let Plan::Import(Import::Replace(found)) = &plan {
        let old = found.detail.as_previous();
        findings.extend(reimport::client_auth_lost(&old, candidate.leaf));
    }
    Ok((plan, findings))
}

/// The facts that may be acted on, best first.
fn own<'a>(candidate: &Candidate<'_>, facts: &'a Facts) -> Result<Vec<&'a (Claim, Found)>, Fault> {
    let mut own = Vec::new();
    for fact in facts {
        let (claim, found) = fact;
        let is_recorded = matches!(claim, Claim::ObjectTag | Claim::EarlierVersion);
        let is_strange = found.bundle_tag.is_none() && !found.is_managed;
        if is_recorded && is_strange && candidate.adoption == Adoption::Forbidden {
            return Err(not_ours(candidate, found));
        }
        if is_own(candidate.bundle, *claim, found) {
            own.push(fact);
        } else if *claim == Claim::ObjectTag {
            return Err(foreign(candidate, found));
        }
    }
    own.sort_by_key(|(claim, _)| *claim);
    Ok(own)
}

/// The certificate belongs to `bundle`, as `claim` says.
fn is_own(bundle: &BundleName, claim: Claim, found: &Found) -> bool {
    let name = found.bundle_tag.as_deref();
    if name == Some(bundle.identity().as_str()) {
        return true;
    }
    match claim {
        // A tag on an object is a person's or our own word: a nameless certificate is adopted. One that was
        // imported when identities had fewer digests keeps the name that it was given.
        Claim::ObjectTag | Claim::EarlierVersion => name.is_none_or(|name| name == bundle.as_str()),
        Claim::Parameter | Claim::BundleTag => false,
    }
}

fn foreign(candidate: &Candidate<'_>, found: &Found) -> Fault {
    Fault::set_up(
        format!(
            "the object of bundle `{}` has the tag {ARN_TAG}={}, but that certificate belongs to bundle `{}`",
            candidate.bundle,
            found.arn,
            found.bundle_tag.as_deref().unwrap_or_default()
        ),
        format!("correct or remove the object's tag, or the tag {BUNDLE_TAG} of the certificate"),
    )
}

fn not_ours(candidate: &Candidate<'_>, found: &Found) -> Fault {
    Fault::set_up(
        format!(
            "the object of bundle `{}` has the tag {ARN_TAG}={}, but certdrop did not import that certificate",
            candidate.bundle, found.arn,
        ),
        "allow it to take over certificates of others (AllowAdoption of the template, CERTDROP_ALLOW_ADOPTION), or remove the object's tag",
    )
}

/// This very certificate first (an import that was not recorded, or a new ARN beside an old one),
/// then by claim. Among several with the bundle's name: one that takes the new certificate, one in
/// use, the oldest.
fn choose<'a>(candidate: &Candidate<'_>, own: &[&'a (Claim, Found)]) -> Option<&'a Found> {
    let rank = |(claim, found): &(Claim, Found)| {
        let named_by_tag = *claim == Claim::BundleTag;
        (
            !found.detail.shows(candidate.leaf),
            *claim,
            named_by_tag && !reimport_findings(candidate, found).is_empty(),
            named_by_tag && found.detail.in_use_by().is_empty(),
            found.detail.created_at(),
            found.arn.clone(),
        )
    };
    let chosen = own.iter().min_by_key(|fact| rank(fact));
    let chosen = chosen.map(|(_, found)| found)?;
    if candidate.force {
        return Some(chosen);
    }
    // An earlier version's own records name what it was imported as. The newer one beside it stays the bundle's.
    let recorded = own.iter().filter(|(claim, found)| {
        *claim != Claim::BundleTag || chosen.detail.shows(candidate.leaf) && found.is_managed
    });
    let newer = recorded
        .map(|(_, found)| found)
        .filter(|found| is_newer(&found.detail, candidate.leaf));
    newest(newer).or(Some(chosen))
}

/// The certificate of `bundle` that stays where nothing is imported: the newest of its own.
#[must_use]
pub fn live<'a>(bundle: &BundleName, facts: &'a Facts) -> Option<&'a Found> {
    let own = facts
        .iter()
        .filter(|(claim, found)| is_own(bundle, *claim, found));
    newest(own.map(|(_, found)| found))
}

/// The first of those that began last, and of those the one that ends last.
fn newest<'a>(found: impl Iterator<Item = &'a Found>) -> Option<&'a Found> {
    let validity = |found: &Found| (found.detail.not_before(), found.detail.not_after());
    found.reduce(|best, other| {
        if validity(other) > validity(best) {
            other
        } else {
            best
        }
    })
}

fn guard(candidate: &Candidate<'_>, found: &Found) -> Plan {
    if !candidate.force {
        if found.detail.shows(candidate.leaf) {
            return Plan::Keep(Keep::Unchanged(found.clone()));
        }
        if is_newer(&found.detail, candidate.leaf) {
            return Plan::Keep(Keep::Outdated(found.clone()));
        }
    }
    let findings = reimport_findings(candidate, found);
    if findings.is_empty() {
        return Plan::Import(Import::Replace(found.clone()));
    }
    match candidate.on_incompatible {
        OnIncompatible::Reject => Plan::Keep(Keep::Incompatible(found.clone(), findings)),
        OnIncompatible::ImportNew => Plan::Import(Import::New {
            superseded: Some(found.clone()),
        }),
    }
}

fn reimport_findings(candidate: &Candidate<'_>, found: &Found) -> Vec<Finding> {
    reimport::findings(&found.detail.as_previous(), candidate.leaf)
}

/// Later begin of validity, then later end.
fn is_newer(there: &CertificateDetail, new: &Certificate) -> bool {
    let validity = |begin: OffsetDateTime, end: OffsetDateTime| (begin, end);
    match (there.not_before(), there.not_after()) {
        (Some(begin), Some(end)) => validity(begin, end) > validity(new.not_before, new.not_after),
        _ => false,
    }
}

/// A warning for every other certificate that carries the bundle's name.
fn others(chosen: &Found, own: &[&(Claim, Found)]) -> Vec<Finding> {
    let mut arns: Vec<_> = own
        .iter()
        .filter(|(claim, found)| *claim == Claim::BundleTag && found.arn != chosen.arn)
        .map(|(_, found)| &found.arn)
        .collect();
    arns.sort();
    arns.dedup();
    let warning = |arn: &CertificateArn| {
        Finding::new(
            &finding::ANOTHER_CERTIFICATE,
            arn,
            format!(
                "This certificate carries the bundle's name too; {} is used.",
                chosen.arn
            ),
        )
    };
    arns.into_iter().map(warning).collect()
}
