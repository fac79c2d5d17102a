//! Extensions as such: those that no client accepts as critical, and those that stand there twice.

use std::collections::BTreeSet;

use crate::certificate::Certificate;
use crate::finding::{self, Finding};
use crate::validate::Served;

/// Extensions that at least one of OpenSSL, Go and rustls accepts as critical. All others are refused by each of them,
/// key identifiers too, which must not be critical (RFC 5280, sections 4.2.1.1 and 4.2.1.2).
const EVALUATED: [&str; 15] = [
    "2.5.29.15",               // keyUsage
    "2.5.29.17",               // subjectAltName
    "2.5.29.19",               // basicConstraints
    "2.5.29.30",               // nameConstraints
    "2.5.29.31",               // cRLDistributionPoints
    "2.5.29.32",               // certificatePolicies
    "2.5.29.33",               // policyMappings
    "2.5.29.36",               // policyConstraints
    "2.5.29.37",               // extKeyUsage
    "2.5.29.54",               // inhibitAnyPolicy
    "1.3.6.1.5.5.7.1.7",       // ipAddrBlocks
    "1.3.6.1.5.5.7.1.8",       // autonomousSysIds
    "1.3.6.1.5.5.7.48.1.5",    // OCSP no check
    "1.3.6.1.4.1.11129.2.4.2", // signed certificate timestamps
    "2.16.840.1.113730.1.1",   // nsCertType
];

/// Those of them that Go does not accept as critical. webpki reads no extension of a root, but its name constraints.
const UNKNOWN_TO_GO: [&str; 5] = [
    "1.3.6.1.5.5.7.1.7",
    "1.3.6.1.5.5.7.1.8",
    "1.3.6.1.5.5.7.48.1.5",
    "1.3.6.1.4.1.11129.2.4.2",
    "2.16.840.1.113730.1.1",
];

/// Extensions that OpenSSL reads before it verifies anything, and refuses where they stand there twice. Others that do
/// are refused by Go alone.
const READ_ONCE: [&str; 8] = [
    "2.5.29.14", // subjectKeyIdentifier
    "2.5.29.15", // keyUsage
    "2.5.29.17", // subjectAltName
    "2.5.29.19", // basicConstraints
    "2.5.29.30", // nameConstraints
    "2.5.29.31", // cRLDistributionPoints
    "2.5.29.35", // authorityKeyIdentifier
    "2.5.29.37", // extKeyUsage
];

/// Extensions that Go alone reads before it verifies anything.
const READ_BY_GO: [&str; 4] = [
    "2.5.29.32", // certificatePolicies
    "2.5.29.33", // policyMappings
    "2.5.29.36", // policyConstraints
    "2.5.29.54", // inhibitAnyPolicy
];

pub(super) fn findings(served: &Served) -> Vec<Finding> {
    let all = served.without_root().chain(&served.root);
    all.flat_map(|certificate| {
        [
            critical(certificate),
            repeated(certificate),
            unreadable(certificate),
        ]
    })
    .flatten()
    .chain(served.root.as_ref().and_then(critical_in_root))
    .collect()
}

fn critical_in_root(root: &Certificate) -> Option<Finding> {
    let mut extensions = root.extensions.iter();
    let refused = extensions.find(|extension| {
        extension.is_critical && UNKNOWN_TO_GO.contains(&extension.oid.as_str())
    })?;
    let message = format!("Go refuses the critical extension {}.", refused.oid);
    let rule = &finding::REFUSED_BY_SOME_CLIENTS;
    Some(Finding::new(rule, &root.subject, message))
}

fn critical(certificate: &Certificate) -> Option<Finding> {
    let extensions = certificate.extensions.iter();
    let refused = extensions
        .filter(|extension| extension.is_critical && !EVALUATED.contains(&extension.oid.as_str()));
    let oids: Vec<_> = refused.map(|extension| extension.oid.as_str()).collect();
    (!oids.is_empty()).then(|| {
        let message = format!("Clients refuse the critical extension {}.", oids.join(", "));
        Finding::new(&finding::CRITICAL_EXTENSION, &certificate.subject, message)
    })
}

fn repeated(certificate: &Certificate) -> Option<Finding> {
    let mut seen = BTreeSet::new();
    let extensions = certificate.extensions.iter();
    let mut oids = extensions.map(|extension| extension.oid.as_str());
    let oid = oids.find(|oid| !seen.insert(*oid))?;
    let (rule, message) = if READ_ONCE.contains(&oid) {
        (
            &finding::REPEATED_EXTENSION,
            format!("It has the extension {oid} twice."),
        )
    } else {
        (
            &finding::REFUSED_BY_SOME_CLIENTS,
            format!("It has the extension {oid} twice, which Go refuses."),
        )
    };
    Some(Finding::new(rule, &certificate.subject, message))
}

fn unreadable(certificate: &Certificate) -> Option<Finding> {
    let mut extensions = certificate.extensions.iter();
    let extension = extensions
        .find(|extension| !extension.is_readable && READ_BY_GO.contains(&extension.oid.as_str()))?;
    let message = format!(
        "The content of its extension {} is not what RFC 5280 says, which Go refuses.",
        extension.oid
    );
    let rule = &finding::REFUSED_BY_SOME_CLIENTS;
    Some(Finding::new(rule, &certificate.subject, message))
}
