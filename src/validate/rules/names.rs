//! The names that clients will look for.

use std::net::IpAddr;

use crate::certificate::{AlternativeName, Certificate};
use crate::finding::{self, Finding};

/// ACM's lists show this many names of a certificate (CertificateSummary,
/// `SubjectAlternativeNameSummaries`); its quota of names does not hold for imports.
const NAMES_SHOWN: usize = 100;

pub(super) fn findings(leaf: &Certificate) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !names_a_server(leaf) {
        let message = "It has no domain name and no IP address.";
        findings.push(Finding::new(
            &finding::NO_DOMAIN_NAME,
            &leaf.subject,
            message,
        ));
    }
    let count = leaf.alternative_names.len();
    if count > NAMES_SHOWN {
        let message = format!("It has {count} names; ACM shows the first {NAMES_SHOWN}.");
        findings.push(Finding::new(
            &finding::TOO_MANY_NAMES,
            &leaf.subject,
            message,
        ));
    }
    findings.extend(leaf.alternative_names.iter().filter_map(|name| match name {
        AlternativeName::Dns(name) if !is_domain_name(name) => {
            let message = format!("`{name}` is no domain name.");
            Some(Finding::new(&finding::NAME_INVALID, &leaf.subject, message))
        }
        _ => None,
    }));
    findings.extend(leaf.alternative_names.iter().filter_map(|name| {
        let message = format!(
            "{}; some clients refuse it, Go among them.",
            unreadable(name)?
        );
        let rule = &finding::REFUSED_BY_SOME_CLIENTS;
        Some(Finding::new(rule, &leaf.subject, message))
    }));
    findings.extend(unlisted_common_name(leaf));
    findings
}

/// A common name that is a host name counts, as it does for ACM.
pub(in crate::validate) fn names_a_server(leaf: &Certificate) -> bool {
    let mut listed = leaf.alternative_names.iter();
    listed.any(AlternativeName::is_of_server)
        || leaf.subject.common_name().is_some_and(is_server_name)
}

/// Go reads every name of a certificate, and refuses it for one that it cannot read. OpenSSL does so for unknown kinds.
fn unreadable(name: &AlternativeName) -> Option<String> {
    match name {
        AlternativeName::Malformed(name) => {
            Some(format!("It has a name that is malformed ({name})"))
        }
        AlternativeName::Mail(mail) if !mail.is_ascii() => {
            Some(format!("Its mail address `{mail}` is not ASCII"))
        }
        AlternativeName::Uri(uri) if !uri.is_ascii() => {
            Some(format!("Its URI `{uri}` is not ASCII"))
        }
        AlternativeName::Ip(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => Some(
            format!("Its address {address} is one of IPv4 in the form of IPv6"),
        ),
        _ => None,
    }
}

fn unlisted_common_name(leaf: &Certificate) -> Option<Finding> {
    let common_name = leaf
        .subject
        .common_name()
        .filter(|name| is_server_name(name))?;
    let listed = leaf
        .alternative_names
        .iter()
        .any(|name| name.to_string().eq_ignore_ascii_case(common_name));
    (!listed).then(|| {
        let message =
            format!("Its common name `{common_name}` is not among its alternative names.");
        Finding::new(&finding::COMMON_NAME_NOT_LISTED, &leaf.subject, message)
    })
}

/// A dot tells a host name from a product's or a person's name.
pub(super) fn is_server_name(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || (text.contains('.') && is_domain_name(text))
}

/// Letters, digits, hyphens and (in practice) underscores; a wildcard as the whole first label
/// (RFC 9525, section 6.3). At most 253 characters, as ACM's pattern of DomainName allows.
pub(in crate::validate) fn is_domain_name(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    !rest.is_empty() && name.len() <= 253 && rest.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_names_are_told_from_other_texts() {
        let longest = format!("{}.com", vec!["a".repeat(61); 4].join("."));
        assert_eq!(longest.len(), 251);
        for (name, expected) in [
            ("www.example.com", true),
            ("*.example.com", true),
            ("xn--bcher-kva.example", true),
            ("_dmarc.example.com", true),
            ("localhost", true),
            (&format!("aa{longest}"), true),
            (&format!("aaa{longest}"), false),
            (&"a".repeat(63), true),
            (&"a".repeat(64), false),
            ("www.*.example.com", false),
            ("w*.example.com", false),
            ("*", false),
            ("-www.example.com", false),
            ("www..example.com", false),
            ("bücher.example", false),
            ("", false),
        ] {
            assert_eq!(is_domain_name(name), expected, "{name}");
        }
    }
}
