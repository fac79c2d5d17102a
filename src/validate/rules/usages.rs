//! What the keys of the chain may be used for.

use crate::certificate::{Certificate, KeyUsage};
use crate::finding::{self, Finding};
use crate::validate::Served;

/// `id-kp-serverAuth` and `anyExtendedKeyUsage` (RFC 5280, section 4.2.1.12).
const SERVER_AUTH: [&str; 2] = ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"];

/// What a TLS server does with its key: sign, or decrypt, or agree on a secret (RFC 5280, section 4.2.1.3).
const OF_TLS: [KeyUsage; 3] = [
    KeyUsage::DigitalSignature,
    KeyUsage::KeyEncipherment,
    KeyUsage::KeyAgreement,
];

pub(super) fn findings(served: &Served) -> Vec<Finding> {
    let leaf = [server_auth(&served.leaf), key_usage(&served.leaf)];
    let intermediates = served.intermediates.iter().map(intermediate);
    let root = served.root.iter().map(root);
    let all = leaf.into_iter().chain(intermediates).chain(root);
    all.flatten().collect()
}

fn allows_servers(certificate: &Certificate) -> bool {
    let usages = certificate.extended_key_usages.as_ref();
    usages.is_none_or(|usages| SERVER_AUTH.iter().any(|oid| usages.contains(*oid)))
}

fn server_auth(leaf: &Certificate) -> Option<Finding> {
    (!allows_servers(leaf)).then(|| {
        let message = "Its extended key usage does not allow TLS servers.";
        Finding::new(&finding::NO_SERVER_AUTH, &leaf.subject, message)
    })
}

/// OpenSSL asks for one of these; Go and rustls do not look at it.
fn key_usage(leaf: &Certificate) -> Option<Finding> {
    let usages = leaf.key_usages.as_ref()?;
    OF_TLS.iter().all(|usage| !usages.contains(usage)).then(|| {
        let message = "Its key usage allows nothing that a TLS server does; OpenSSL refuses it.";
        Finding::new(&finding::REFUSED_BY_SOME_CLIENTS, &leaf.subject, message)
    })
}

fn intermediate(authority: &Certificate) -> Option<Finding> {
    (!allows_servers(authority)).then(|| {
        let message = "Its extended key usage does not allow TLS servers below it.";
        Finding::new(
            &finding::ISSUER_NOT_FOR_SERVERS,
            &authority.subject,
            message,
        )
    })
}

/// Of a root rustls takes the key, the name and the name constraints alone. OpenSSL does not take any usage for this one.
fn root(root: &Certificate) -> Option<Finding> {
    let usages = root.extended_key_usages.as_ref()?;
    let [server_auth, _] = SERVER_AUTH;
    (!usages.contains(server_auth)).then(|| {
        let message =
            "This root's extended key usage does not list TLS servers, which OpenSSL asks for.";
        Finding::new(&finding::REFUSED_BY_SOME_CLIENTS, &root.subject, message)
    })
}
