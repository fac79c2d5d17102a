//! The path from the leaf to a root, by name and signature (RFC 5280, section 6; RFC 4158).

use std::collections::HashMap;

use time::OffsetDateTime;

use super::Served;
use super::finding::{self, Finding};
use super::signature::{self, SignatureFault};
use crate::certificate::{Certificate, hexadecimal, public_key_from_info_content};

/// Signatures checked for one bundle. Five same-named issuers on each of five levels need 25; the
/// worst RSA key needs 1 ms for one.
const SIGNATURE_CHECKS: usize = 60;

/// Certificates looked at for one bundle while searching: bounds the paths through a mesh of
/// cross-signed CAs, whose number grows exponentially (CVE-2018-16875).
const STEPS: usize = 1_000;

/// Builds the best chain for `leaf`, one of `certificates`: one that is complete and valid at `now`
/// before one that is not, then the shortest. The findings are about the chain as such.
pub(super) fn build(
    certificates: &[Certificate],
    leaf: &Certificate,
    now: OffsetDateTime,
) -> (Served, Vec<Finding>) {
    let mut search = Search {
        certificates,
        now,
        checked: HashMap::new(),
        steps: 0,
        best: Path {
            members: vec![leaf],
            end: End::LeafAlone,
        },
    };
    search.extend(&mut vec![leaf]);
    let path = search.best;
    let mut above: Vec<_> = path.members.iter().skip(1).copied().cloned().collect();
    let root = match path.end {
        End::Root => above.pop(),
        _ => None,
    };
    let served = Served {
        leaf: leaf.clone(),
        intermediates: above,
        root,
    };
    (served, path.findings())
}

/// How a path ends, best first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
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
enum SignatureProblem {
    Unsupported(String),
    Invalid {
        issuer_serial: String,
        issuer_is_root: bool,
    },
    TooManyChecks,
}

/// A way up from the leaf.
#[derive(Clone, Debug)]
struct Path<'a> {
    /// The leaf first.
    members: Vec<&'a Certificate>,
    end: End,
}

struct Search<'a> {
    certificates: &'a [Certificate],
    now: OffsetDateTime,
    /// Signatures that were checked, by the addresses of the signed one and the signer.
    checked: HashMap<[*const Certificate; 2], Result<(), SignatureProblem>>,
    steps: usize,
    best: Path<'a>,
}

impl<'a> Search<'a> {
    /// Tries all ways up from the last of `members`.
    fn extend(&mut self, members: &mut Vec<&'a Certificate>) {
        let Some(&last) = members.last() else { return };
        self.steps += 1;
        if self.steps > STEPS {
            return;
        }
        let mut problems = Vec::new();
        let mut extended = false;
        for issuer in self.issuers_by_name(last) {
            match self.verify(last, issuer) {
                Ok(()) if std::ptr::eq(issuer, last) => {
                    self.offer(members, End::Root);
                    extended = true;
                }
                Ok(()) if !members.iter().any(|member| std::ptr::eq(*member, issuer)) => {
                    members.push(issuer);
                    self.extend(members);
                    members.pop();
                    extended = true;
                }
                Ok(()) => {}
                Err(problem) => problems.push(problem),
            }
        }
        if !extended {
            let end = end_of(members, problems.into_iter().min());
            self.offer(members, end);
        }
    }

    /// Certificates with the name of `child`'s issuer, those whose key identifier the child names
    /// first. `child` itself is among them where it is self-issued.
    fn issuers_by_name(&self, child: &Certificate) -> Vec<&'a Certificate> {
        let named = |candidate: &&Certificate| candidate.subject == child.issuer;
        let mut found: Vec<_> = self.certificates.iter().filter(named).collect();
        // Identifiers are hints (RFC 5280, section 4.2.1.1): they order, the signature decides.
        found.sort_by_key(|candidate| {
            child.authority_key_id.is_some() && child.authority_key_id != candidate.subject_key_id
        });
        found
    }

    fn verify(
        &mut self,
        child: &Certificate,
        issuer: &Certificate,
    ) -> Result<(), SignatureProblem> {
        let pair = [std::ptr::from_ref(child), std::ptr::from_ref(issuer)];
        if let Some(known) = self.checked.get(&pair) {
            return known.clone();
        }
        if self.checked.len() >= SIGNATURE_CHECKS {
            return Err(SignatureProblem::TooManyChecks);
        }
        let result = signature::verify(child, &issuer.public_key).map_err(|fault| match fault {
            SignatureFault::Unsupported(name) => SignatureProblem::Unsupported(name),
            SignatureFault::Invalid => SignatureProblem::Invalid {
                issuer_serial: issuer.serial.to_string(),
                issuer_is_root: issuer.is_self_issued(),
            },
        });
        self.checked.insert(pair, result.clone());
        result
    }

    fn offer(&mut self, members: &[&'a Certificate], end: End) {
        let path = Path {
            members: members.to_vec(),
            end,
        };
        if path.rank(self.now) < self.best.rank(self.now) {
            self.best = path;
        }
    }
}

/// How a path ends that nothing in the bundle continues; `problem` is why the certificates with
/// the right name do not.
fn end_of(members: &[&Certificate], problem: Option<SignatureProblem>) -> End {
    let [_, authorities @ ..] = members else {
        return End::LeafAlone;
    };
    match (problem, authorities.last()) {
        // A root of the right name and the wrong key is a stranger, as if it were not there.
        (
            Some(SignatureProblem::Invalid {
                issuer_is_root: true,
                ..
            })
            | None,
            Some(top),
        ) => {
            if has_public_issuer(top) {
                End::PublicRoot
            } else {
                End::UnknownIssuer
            }
        }
        (Some(problem), _) => End::Unsigned(problem),
        (None, None) => End::LeafAlone,
    }
}

impl Path<'_> {
    /// Smaller is better.
    fn rank(&self, now: OffsetDateTime) -> (bool, bool, &End, usize) {
        let unfinished = matches!(self.end, End::Unsigned(_) | End::LeafAlone);
        let outside_validity = |c: &&Certificate| now < c.not_before || c.not_after < now;
        let defective =
            self.members.iter().any(outside_validity) || self.authority_findings().next().is_some();
        (unfinished, defective, &self.end, self.members.len())
    }

    fn findings(&self) -> Vec<Finding> {
        let last = self.members.last();
        let end = last.and_then(|last| end_finding(&self.end, last));
        self.authority_findings().chain(end).collect()
    }

    /// All but the leaf must be allowed to sign, at their depth (RFC 5280, section 6.1.4).
    fn authority_findings(&self) -> impl Iterator<Item = Finding> {
        let authorities = self.members.iter().skip(1).enumerate();
        authorities.filter_map(|(depth, authority)| {
            let message = why_it_may_not_sign(authority, depth)?;
            Some(Finding::new(
                &finding::ISSUER_NOT_CA,
                &authority.subject,
                message,
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

/// `top` is signed by a root of Mozilla's list, by name and signature: itself one, or below one.
pub(super) fn has_public_issuer(top: &Certificate) -> bool {
    webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .filter(|root| top.issuer.has_content(&root.subject))
        .filter_map(|root| public_key_from_info_content(&root.subject_public_key_info).ok())
        .any(|key| signature::verify(top, &key).is_ok())
}
