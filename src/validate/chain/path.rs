//! One way up from the leaf: how it ends, how good it is, and what there is to say about it.

use time::OffsetDateTime;

use super::SIGNATURE_CHECKS;
use crate::certificate::{Certificate, hexadecimal};
use crate::finding::{self, Finding};

/// How a path ends, best first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// At a self-signed certificate of the bundle, which may be the leaf itself.
    Root,
    /// The last one's issuer is a root that every browser has.
    PublicRoot,
    /// The last one is a CA's, its issuer is unknown: a private root, or an intermediate.
    UnknownIssuer,
    /// There is an issuer of that name, but not of that signature.
    Unsigned(SignatureProblem),
    /// The leaf's own issuer is not there.
    LeafAlone,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SignatureProblem {
    Unsupported(String),
    Invalid {
        issuer_serial: String,
        /// It is a root, and the child may well mean another one of the same name.
        issuer_may_be_another: bool,
    },
    TooManyChecks,
}

/// A way up from the leaf.
#[derive(Clone, Debug)]
pub(super) struct Path<'a> {
    /// The leaf first.
    pub(super) members: Vec<&'a Certificate>,
    pub(super) end: End,
}

impl Path<'_> {
    /// Smaller is better.
    pub(super) fn rank(&self, now: OffsetDateTime) -> (bool, bool, &End, usize) {
        let unfinished = matches!(self.end, End::Unsigned(_) | End::LeafAlone);
        (
            unfinished,
            self.is_defective(now),
            &self.end,
            self.members.len(),
        )
    }

    /// One of its members is outside of its validity at `now`, or may not sign.
    pub(super) fn is_defective(&self, now: OffsetDateTime) -> bool {
        let is_valid = |certificate: &&Certificate| certificate.is_valid_at(now);
        !self.members.iter().all(is_valid) || self.authority_findings().next().is_some()
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let last = self.members.last();
        let end = last.and_then(|last| end_finding(&self.end, last));
        self.authority_findings().chain(end).collect()
    }

    /// All but the leaf must be allowed to sign, at their depth (RFC 5280, section 6.1.4).
    fn authority_findings(&self) -> impl Iterator<Item = Finding> {
        // Self-issued ones, made when a CA changes its key, do not count (RFC 5280, section 4.2.1.9).
        let mut depth = 0;
        self.members.iter().skip(1).filter_map(move |authority| {
            let message = why_it_may_not_sign(authority, depth);
            depth += usize::from(!authority.is_self_issued());
            Some(Finding::new(
                &finding::ISSUER_NOT_CA,
                &authority.subject,
                message?,
            ))
        })
    }
}

/// `last` is the certificate that the path ends at.
fn end_finding(end: &End, last: &Certificate) -> Option<Finding> {
    match end {
        End::Root | End::PublicRoot => None,
        End::UnknownIssuer => Some(unknown_issuer(last)),
        End::LeafAlone => Some(missing_issuer(last)),
        End::Unsigned(SignatureProblem::Invalid { issuer_serial, .. }) => Some(Finding::new(
            &finding::SIGNATURE_INVALID,
            &last.subject,
            format!(
                "Its signature is not by the key of `{}` (serial {issuer_serial}) in the bundle.",
                last.issuer
            ),
        )),
        End::Unsigned(SignatureProblem::Unsupported(algorithm)) => Some(Finding::new(
            &finding::SIGNATURE_UNSUPPORTED,
            &last.subject,
            format!("It is signed with {algorithm}."),
        )),
        End::Unsigned(SignatureProblem::TooManyChecks) => Some(Finding::new(
            &finding::TOO_LARGE,
            &last.subject,
            format!(
                "More than {SIGNATURE_CHECKS} signatures would have to be checked to find its chain."
            ),
        )),
    }
}

fn why_it_may_not_sign(authority: &Certificate, depth: usize) -> Option<String> {
    use crate::certificate::KeyUsage::CertificateSigning;
    if !authority.is_ca() {
        return Some(
            "It signed another certificate, but is no CA's by its basic constraints.".into(),
        );
    }
    // Without the extension the key may be used for everything (RFC 5280, section 6.1.4, step n).
    if authority
        .key_usages
        .as_ref()
        .is_some_and(|usages| !usages.contains(&CertificateSigning))
    {
        return Some(
            "It signed another certificate, but its key usage does not allow that.".into(),
        );
    }
    let allowed = authority.basic_constraints?.path_length?;
    (usize::try_from(allowed).unwrap_or(usize::MAX) < depth).then(|| {
        format!(
            "Its path length constraint allows {allowed} intermediates below it, there are {depth}."
        )
    })
}

fn unknown_issuer(top: &Certificate) -> Finding {
    let issuer = &top.issuer;
    let source = top.ca_issuer_urls.first();
    let source = source.map_or_else(String::new, |url| format!(" from {url}"));
    Finding::new(
        &finding::ISSUER_UNKNOWN,
        &top.subject,
        format!("Its issuer `{issuer}` is neither in the bundle nor among the public roots."),
    )
    .with_remedy(format!(
        "Nothing if `{issuer}` is your private root. If it is an intermediate, add it{source}."
    ))
}

fn missing_issuer(leaf: &Certificate) -> Finding {
    let key_id = leaf
        .authority_key_id
        .as_ref()
        .map(|id| format!(" (key id {})", hexadecimal(id, ":")))
        .unwrap_or_default();
    let issuer = &leaf.issuer;
    let remedy = match leaf.ca_issuer_urls.first() {
        Some(url) => format!("Download `{issuer}` from {url} and add it to the bundle."),
        None => format!(
            "Get the certificate of `{issuer}`{key_id} from your CA and add it to the bundle."
        ),
    };
    Finding::new(
        &finding::CHAIN_INCOMPLETE,
        &leaf.subject,
        format!("The certificate of its issuer `{issuer}`{key_id} is not in the bundle."),
    )
    .with_remedy(remedy)
}
