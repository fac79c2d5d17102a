//! What a certificate says of the one that signed it, and of the number of those below it.

use crate::certificate::Certificate;
use crate::finding::{self, Finding};
use crate::validate::Served;

pub(super) fn findings(served: &Served) -> Vec<Finding> {
    let all: Vec<_> = served.without_root().chain(&served.root).collect();
    let links = all.windows(2).filter_map(|pair| match pair {
        [certificate, issuer] => another_key(certificate, issuer),
        _ => None,
    });
    let root = served
        .root
        .iter()
        .filter_map(|root| another_key(root, root));
    let depths = served.authorities().enumerate();
    links
        .chain(root)
        .chain(depths.filter_map(|(below, authority)| long_path(authority, below)))
        .collect()
}

/// The signature is right, so what it says of the issuer is wrong. OpenSSL looks for an issuer that is as it says.
fn another_key(certificate: &Certificate, issuer: &Certificate) -> Option<Finding> {
    let (named, own) = (&certificate.authority_key_id, &issuer.subject_key_id);
    let is_other_key = named.is_some() && own.is_some() && named != own;
    let serial = certificate.authority_serial.as_ref();
    let is_other_serial = serial.is_some_and(|serial| *serial != issuer.serial);
    (is_other_key || is_other_serial).then(|| {
        let message = "Its authority key identifier names another key or serial number than its issuer has, which OpenSSL refuses.";
        Finding::new(&finding::REFUSED_BY_SOME_CLIENTS, &certificate.subject, message)
    })
}

/// Self-issued intermediates do not count (RFC 5280, section 4.2.1.9), but they do for Go and rustls. Where the others
/// alone are too many already, every client refuses: `issuer-not-ca`.
fn long_path(authority: &Certificate, below: usize) -> Option<Finding> {
    let allowed = authority.basic_constraints?.path_length?;
    (usize::try_from(allowed).unwrap_or(usize::MAX) < below).then(|| {
        let message = format!(
            "Its path length constraint allows {allowed} intermediates below it, there are {below} with those that are self-issued, which Go and rustls count."
        );
        Finding::new(&finding::REFUSED_BY_SOME_CLIENTS, &authority.subject, message)
    })
}
