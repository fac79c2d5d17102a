//! What TLS clients make of the chain: a second opinion by rustls-webpki, which rustls verifies servers with.
//!
//! It reads the certificates by itself and judges the whole path: name constraints, critical extensions, key usages,
//! path lengths, names. Our own rules come first, because they name the certificate and the value; what webpki refuses
//! beyond them becomes a finding here.

mod verify;

use std::collections::HashSet;

use time::OffsetDateTime;
use webpki::Error;

use super::Served;
use super::rules::dates::moment;
use super::rules::names::is_domain_name;
use crate::certificate::{AlternativeName, Certificate};
use crate::finding::{self, Finding, Rule};
use verify::Client;

/// What clients have against the chain at `now`, or will have before the leaf's end, beyond what is `known`.
pub(super) fn findings(served: &Served, now: OffsetDateTime, known: &[Finding]) -> Vec<Finding> {
    let leaf = &served.leaf;
    let client = Client::of(served);
    let mut findings = Vec::new();
    match client.verify(now) {
        Err(error) => findings.extend(refusal(&error, served, known)),
        Ok(()) => findings.extend(early_end(served, &client.verify(leaf.not_after))),
    }
    findings.extend(unmatched_names(leaf, &client));
    findings
}

/// A rule of ours has found the same, and tells more of it.
fn is_known(error: &Error, known: &[Finding]) -> bool {
    let by: &[&Rule] = match error {
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } | Error::InvalidCertValidity => {
            &[&finding::EXPIRED, &finding::NOT_YET_VALID]
        }
        Error::BadDerTime => &[&finding::REFUSED_BY_CLIENTS],
        Error::CaUsedAsEndEntity => &[&finding::SELF_SIGNED],
        Error::EndEntityUsedAsCa => &[&finding::ISSUER_NOT_CA],
        Error::PathLenConstraintViolated => {
            &[&finding::ISSUER_NOT_CA, &finding::REFUSED_BY_SOME_CLIENTS]
        }
        Error::UnsupportedCertVersion => &[&finding::NOT_V3, &finding::ISSUER_NOT_CA],
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            &[&finding::NO_SERVER_AUTH, &finding::ISSUER_NOT_FOR_SERVERS]
        }
        Error::UnsupportedCriticalExtension => &[&finding::CRITICAL_EXTENSION],
        Error::ExtensionValueInvalid => &[&finding::REPEATED_EXTENSION],
        Error::NameConstraintViolation => &[&finding::NAME_NOT_PERMITTED],
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => &[
            &finding::SIGNATURE_UNSUPPORTED,
            &finding::KEY_UNSUPPORTED,
            &finding::WEAK_SIGNATURE,
        ],
        _ => &[],
    };
    let is_among = |finding: &Finding| by.iter().any(|rule| finding.code == rule.code);
    known.iter().any(is_among)
}

/// webpki's `error`, unless it is known.
fn refusal(error: &Error, served: &Served, known: &[Finding]) -> Option<Finding> {
    if is_known(error, known) {
        return None;
    }
    if *error == Error::NameConstraintViolation {
        return Some(excluded_name(served));
    }
    let subject = &served.leaf.subject;
    if let Some((rule, message)) = in_words(error) {
        return Some(Finding::new(rule, subject, message));
    }
    let message = format!("webpki, which rustls uses, cannot verify its chain ({error}).");
    let rule = &finding::REFUSED_BY_SOME_CLIENTS;
    Some(Finding::new(rule, subject, message))
}

/// What `error` means to the leaf's owner, and whether all clients refuse for it.
fn in_words(error: &Error) -> Option<(&'static Rule, &'static str)> {
    let (all, some) = (
        &finding::REFUSED_BY_CLIENTS,
        &finding::REFUSED_BY_SOME_CLIENTS,
    );
    Some(match error {
        Error::BadDerTime => (
            some,
            "A certificate of its chain is valid since before 1970, which rustls refuses.",
        ),
        Error::MalformedNameConstraint => (
            some,
            "The name constraints of a CA in its chain have a domain name that is none, which not every client compares.",
        ),
        Error::InvalidNetworkMaskConstraint => (
            all,
            "The name constraints of a CA in its chain are not what RFC 5280, section 4.2.1.10 says.",
        ),
        Error::SignatureAlgorithmMismatch => (
            all,
            "A certificate of its chain names two different algorithms for one signature.",
        ),
        Error::ExtensionValueInvalid => (
            all,
            "A certificate of its chain has an extension whose content is not what RFC 5280 says.",
        ),
        Error::UnsupportedCriticalExtension => (
            some,
            "A certificate of its chain has a critical extension that not every client knows.",
        ),
        Error::RequiredEkuNotFoundContext(_) => (
            some,
            "The extended key usage of a certificate in its chain lists any usage, but not server authentication; not every client takes the one for the other.",
        ),
        Error::MaximumPathDepthExceeded => (
            some,
            "Its chain has more than six intermediates, which is more than some clients follow.",
        ),
        Error::UnknownIssuer => (
            some,
            "A certificate of its chain writes the issuer's name in other bytes than the issuer does; some clients compare the bytes.",
        ),
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => (
            some,
            "A certificate of its chain is signed in a way that not every client verifies.",
        ),
        Error::MalformedDnsIdentifier => (
            some,
            "A name in it cannot be compared with the name constraints of a CA in its chain.",
        ),
        _ => return None,
    })
}

/// webpki refuses every chain with constraints on directory names, because it does not compare those: others may take it.
fn excluded_name(served: &Served) -> Finding {
    let constraining = served
        .authorities()
        .filter_map(|authority| Some((authority, authority.name_constraints.as_ref()?)));
    let (whose, constraints): (Vec<_>, Vec<_>) = constraining
        .map(|(authority, constraints)| (format!("`{}`", authority.subject), constraints))
        .unzip();
    let whose = if whose.is_empty() {
        "the public root".to_owned()
    } else {
        whose.join(", ")
    };
    let (rule, message) = if constraints
        .iter()
        .any(|constraints| !constraints.are_of_servers_alone())
    {
        (
            &finding::REFUSED_BY_SOME_CLIENTS,
            format!(
                "The name constraints of {whose} are about other names than those of servers, which not every client compares, or do not permit a name in it."
            ),
        )
    } else {
        (
            &finding::NAME_NOT_PERMITTED,
            format!("A name in it is not permitted by the name constraints of {whose}."),
        )
    };
    Finding::new(rule, &served.leaf.subject, message)
}

/// `at_the_end` is what a client says in the leaf's last second. A root is no certificate of the chain to webpki, but
/// OpenSSL and Go refuse one that has expired.
fn early_end(served: &Served, at_the_end: &Result<(), Error>) -> Option<Finding> {
    let expires = |certificate: &&Certificate| certificate.not_after < served.leaf.not_after;
    let intermediates = match at_the_end {
        Err(Error::CertExpired { .. }) => served.intermediates.as_slice(),
        _ => &[],
    };
    let mut early = intermediates.iter().chain(&served.root).filter(expires);
    let first = early
        .by_ref()
        .min_by_key(|certificate| certificate.not_after)?;
    let message = format!(
        "It expires at {}, and the leaf only at {}.",
        moment(first.not_after),
        moment(served.leaf.not_after)
    );
    Some(Finding::new(
        &finding::CHAIN_EXPIRES_FIRST,
        &first.subject,
        message,
    ))
}

/// Names that look like domain names to us, but that webpki never matches.
fn unmatched_names(leaf: &Certificate, client: &Client<'_>) -> Vec<Finding> {
    let Ok(matched) = client.names() else {
        return Vec::new();
    };
    let matched: HashSet<_> = matched.iter().map(String::as_str).collect();
    let names = leaf.alternative_names.iter().filter_map(|name| match name {
        AlternativeName::Dns(name) => Some(name.as_str()),
        _ => None,
    });
    names
        .filter(|name| is_domain_name(name) && !matched.contains(name))
        .map(|name| {
            let message = format!("`{name}` is no name that every client matches.");
            Finding::new(&finding::NAME_INVALID, &leaf.subject, message)
        })
        .collect()
}
