//! Kinds and sizes of keys, and signatures.

use crate::certificate::Certificate;
use crate::finding::{self, Finding};
use crate::public_key::{Curve, KeyAlgorithm};
use crate::validate::Served;
use crate::validate::signature;

pub(super) fn findings(served: &Served) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(leaf_key(&served.leaf));
    findings.extend(served.authorities().filter_map(authority_key));
    // A root is trusted for its key, not for its signature.
    let forgeable = served.without_root().filter(|c| signature::uses_sha1(c));
    findings.extend(forgeable.map(|certificate| {
        let message = "It is signed over a SHA-1 digest.";
        Finding::new(&finding::WEAK_SIGNATURE, &certificate.subject, message)
    }));
    findings.extend(mixed_algorithms(served));
    findings
}

/// RSA 1024, 2048, 3072, 4096; EC P-256, P-384, P-521.
fn leaf_key(leaf: &Certificate) -> Option<Finding> {
    let algorithm = leaf.public_key.algorithm();
    let (rule, message) = match algorithm {
        KeyAlgorithm::Rsa { bits } if *bits > 4096 => (
            &finding::KEY_TOO_LARGE,
            format!("Its key is {algorithm}; ACM takes RSA up to 4096 bits."),
        ),
        KeyAlgorithm::Rsa { bits: 1024 } => (&finding::WEAK_KEY, "Its key is RSA 1024.".to_owned()),
        KeyAlgorithm::Rsa { bits: 3072 } | KeyAlgorithm::Ec(Curve::P384 | Curve::P521) => (
            &finding::SERVICE_LIMITED_KEY,
            format!("Its key is {algorithm}, which not every service that uses ACM takes."),
        ),
        _ if algorithm.acm_name().is_none() => (
            &finding::KEY_UNSUPPORTED,
            format!("Its key is {algorithm}, which ACM does not take."),
        ),
        _ => return None,
    };
    Some(Finding::new(rule, &leaf.subject, message))
}

/// Security level 2 of OpenSSL, Go and rustls all ask for RSA keys of 2048 bits at least.
fn authority_key(authority: &Certificate) -> Option<Finding> {
    let algorithm = authority.public_key.algorithm();
    let (rule, message) = match algorithm {
        KeyAlgorithm::Rsa { bits: ..2048 } => (
            &finding::WEAK_KEY,
            format!("This certification authority's key is {algorithm}."),
        ),
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::Ec(_) => return None,
        _ => (
            &finding::KEY_UNSUPPORTED,
            format!("This certification authority's key is {algorithm}, which ACM does not take."),
        ),
    };
    Some(Finding::new(rule, &authority.subject, message))
}

/// Still in the API reference, no longer in the guide, and everyday practice of public CAs: a
/// warning, because ACM may well take it.
fn mixed_algorithms(served: &Served) -> Option<Finding> {
    let issuer = served.authorities().next()?;
    let (own, signer) = (
        served.leaf.public_key.algorithm(),
        issuer.public_key.algorithm(),
    );
    let mixed = matches!(
        (own, signer),
        (KeyAlgorithm::Rsa { .. }, KeyAlgorithm::Ec(_))
            | (KeyAlgorithm::Ec(_), KeyAlgorithm::Rsa { .. })
    );
    mixed.then(|| {
        Finding::new(
            &finding::ALGORITHM_MISMATCH,
            &served.leaf.subject,
            format!("Its key is {own}, its issuer's is {signer}."),
        )
    })
}
