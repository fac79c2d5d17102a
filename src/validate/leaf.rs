//! Which certificate is the leaf: the one whose public key is the private key's.

use time::OffsetDateTime;

use super::rules::names::names_a_server;
use crate::bundle::Bundle;
use crate::certificate::{AlternativeName, Certificate};
use crate::finding::{self, Finding};
use crate::public_key::{KeyAlgorithm, PublicKey};
use crate::secret::PrivateKey;

/// A leaf, and the position of its key in [`Bundle::keys`].
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyPair<'a> {
    pub(super) leaf: &'a Certificate,
    pub(super) key: usize,
}

/// Finds the leaf among `certificates` (those of `bundle`, each once) by the keys of `bundle`.
///
/// Of several certificates for the same names the newest that is valid at `now` is meant.
pub(super) fn find<'a>(
    certificates: &'a [Certificate],
    bundle: &Bundle,
    now: OffsetDateTime,
) -> Result<KeyPair<'a>, Vec<Finding>> {
    let pairs = key_pairs(certificates, &bundle.keys);
    if pairs.is_empty() {
        return Err(why_none(certificates, bundle));
    }
    let (authorities, leaves): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|pair| pair.leaf.is_ca());
    let served: Vec<_> = authorities
        .iter()
        .copied()
        .filter(|pair| may_be_leaf(pair.leaf, certificates))
        .collect();
    let best = newest(leaves, now).or_else(|| newest(served, now));
    best.unwrap_or_else(|| {
        Err(authorities
            .iter()
            .map(|pair| not_a_leaf(pair.leaf))
            .collect())
    })
}

fn key_pairs<'a>(certificates: &'a [Certificate], keys: &[PrivateKey]) -> Vec<KeyPair<'a>> {
    let pair = |leaf: &'a Certificate| {
        let fits = |key: &PrivateKey| key.public_key() == &leaf.public_key;
        let key = keys.iter().position(fits)?;
        Some(KeyPair { leaf, key })
    };
    certificates.iter().filter_map(pair).collect()
}

/// A CA certificate is no leaf, but `openssl req -x509` marks every self-signed certificate as a
/// CA's: with a host name in it, it is one that somebody means to serve. As a common name alone that
/// may be the name of a CA, so there must be no other among `all` that it could have signed.
fn may_be_leaf(certificate: &Certificate, all: &[Certificate]) -> bool {
    let is_alone = || all.iter().all(Certificate::is_ca);
    !certificate.is_ca()
        || (certificate.is_self_issued()
            && names_a_server(certificate)
            && (!certificate.alternative_names.is_empty() || is_alone()))
}

/// `None` where there is no candidate, an error where two candidates are for different names.
fn newest(
    mut candidates: Vec<KeyPair<'_>>,
    now: OffsetDateTime,
) -> Option<Result<KeyPair<'_>, Vec<Finding>>> {
    let valid = |certificate: &Certificate| certificate.is_valid_at(now);
    // `keytool -genkeypair` makes a self-signed one, which lies about until the CA's comes.
    let by_merit = |pair: &KeyPair<'_>| {
        let leaf = pair.leaf;
        let issued_by_another = !leaf.is_self_issued();
        (
            valid(leaf),
            issued_by_another,
            leaf.not_before,
            leaf.not_after,
        )
    };
    candidates.sort_by_key(by_merit);
    let best = candidates.pop()?;
    let rival = candidates
        .iter()
        .find(|pair| valid(pair.leaf) == valid(best.leaf) && names(pair.leaf) != names(best.leaf));
    Some(rival.map_or(Ok(best), |rival| {
        let message = format!(
            "There are keys for both this certificate (serial {}) and `{}` (serial {}).",
            best.leaf.serial, rival.leaf.subject, rival.leaf.serial
        );
        let subject = &best.leaf.subject;
        Err(vec![Finding::new(
            &finding::AMBIGUOUS_KEYS,
            subject,
            message,
        )])
    }))
}

fn names(certificate: &Certificate) -> Vec<String> {
    let mut names: Vec<_> = certificate
        .alternative_names
        .iter()
        .map(AlternativeName::to_string)
        .collect();
    names.sort();
    names
}

fn not_a_leaf(authority: &Certificate) -> Finding {
    Finding::new(
        &finding::NOT_A_LEAF,
        &authority.subject,
        "The private key in the bundle is this certification authority's.",
    )
}

fn why_none(certificates: &[Certificate], bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    if certificates.is_empty() && !bundle.closed_store {
        let mut missing = Finding::new(
            &finding::NO_CERTIFICATE,
            "bundle",
            "There is no certificate in the bundle.",
        );
        if bundle.has_request {
            missing.message =
                "There is a certificate request (CSR) in the bundle, but no certificate.".into();
        }
        findings.push(missing);
    }
    if bundle.keys.is_empty() && bundle.closed.is_empty() {
        findings.push(Finding::new(
            &finding::NO_PRIVATE_KEY,
            "bundle",
            "There is no private key in the bundle.",
        ));
    }
    findings.extend(bundle.closed.iter().cloned());
    if !certificates.is_empty() {
        findings.extend(
            bundle
                .keys
                .iter()
                .map(|key| unfitting(key.public_key(), certificates)),
        );
    }
    findings
}

/// Why the key with this public half fits none of `certificates`.
fn unfitting(key: &PublicKey, certificates: &[Certificate]) -> Finding {
    if let KeyAlgorithm::Other(name) = key.algorithm() {
        return Finding::new(
            &finding::KEY_UNSUPPORTED,
            "private key",
            format!("The private key is of a kind that ACM does not take: {name}."),
        );
    }
    let listed: Vec<_> = certificates
        .iter()
        .filter(|certificate| may_be_leaf(certificate, certificates))
        .map(|certificate| {
            format!(
                "`{}` ({})",
                certificate.subject,
                certificate.public_key.algorithm()
            )
        })
        .collect();
    Finding::new(
        &finding::KEY_MISMATCH,
        listed.first().map_or("private key", String::as_str),
        format!(
            "The private key ({}) belongs to none of the certificates: {}.",
            key.algorithm(),
            if listed.is_empty() {
                "there are only those of CAs".into()
            } else {
                listed.join(", ")
            },
        ),
    )
}
