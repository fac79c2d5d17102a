//! What clients refuse that hold certificates to RFC 5280 by the letter: OpenSSL with `X509_V_FLAG_X509_STRICT`, which
//! Python sets by default from 3.13 on.
//!
//! Source: `check_extensions` in crypto/x509/x509_vfy.c of OpenSSL 3;
//! <https://docs.python.org/3/library/ssl.html#ssl.create_default_context>

use std::collections::BTreeSet;

use crate::certificate::{Certificate, KeyUsage};
use crate::finding::{self, Finding};
use crate::validate::Served;

const SUBJECT_KEY_ID: &str = "2.5.29.14";
const ALTERNATIVE_NAME: &str = "2.5.29.17";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";

/// One finding for each certificate. A self-signed leaf is not held to RFC 5280 (RFC 6818, section 2).
pub(super) fn findings(served: &Served) -> Vec<Finding> {
    if served.leaf.is_self_issued() && served.intermediates.is_empty() {
        return Vec::new();
    }
    let signed = served
        .without_root()
        .map(|certificate| (certificate, false));
    let root = served.root.iter().map(|root| (root, true));
    signed
        .chain(root)
        .filter_map(|(certificate, is_root)| {
            let departures = departures(certificate, is_root);
            (!departures.is_empty()).then(|| {
                let message = format!("{}.", departures.join("; "));
                let rule = &finding::REFUSED_BY_STRICT_CLIENTS;
                Finding::new(rule, &certificate.subject, message)
            })
        })
        .collect()
}

fn departures(certificate: &Certificate, is_root: bool) -> Vec<&'static str> {
    let c = certificate;
    let is_ca = c.is_ca();
    let signs = |usages: &BTreeSet<_>| usages.contains(&KeyUsage::CertificateSigning);
    let has_path_length = c
        .basic_constraints
        .is_some_and(|it| it.path_length.is_some());
    let lacks = |oid| head(c, oid).is_none();
    [
        (
            is_ca && head(c, BASIC_CONSTRAINTS) == Some(false),
            "Its basic constraints are not critical",
        ),
        (
            is_ca && c.key_usages.is_none(),
            "It is a CA's and has no key usage",
        ),
        (
            !is_ca && c.key_usages.as_ref().is_some_and(signs),
            "It is no CA's, but its key usage allows signing certificates",
        ),
        (
            !is_ca && has_path_length,
            "It is no CA's, but has a path length constraint",
        ),
        (
            c.subject.is_empty() && lacks(ALTERNATIVE_NAME),
            "Its subject is empty",
        ),
        (
            c.subject.is_empty() && head(c, ALTERNATIVE_NAME) == Some(false),
            "Its subject is empty, but its alternative names are not critical",
        ),
        (
            !is_root && c.authority_key_id.is_none(),
            "It has no authority key identifier",
        ),
        (
            is_ca && lacks(SUBJECT_KEY_ID),
            "It is a CA's and has no subject key identifier",
        ),
    ]
    .into_iter()
    .filter_map(|(departs, words)| departs.then_some(words))
    .collect()
}

/// Whether the extension is critical; `None` where it is absent.
fn head(certificate: &Certificate, oid: &str) -> Option<bool> {
    let mut extensions = certificate.extensions.iter();
    let extension = extensions.find(|extension| extension.oid == oid)?;
    Some(extension.is_critical)
}
