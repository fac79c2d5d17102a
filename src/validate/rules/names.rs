//! The names that clients will look for.

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
    findings.extend(unlisted_common_name(leaf));
    findings
}

/// A common name that is a host name counts, as it does for ACM.
pub(in crate::validate) fn names_a_server(leaf: &Certificate) -> bool {
    let listed = leaf
        .alternative_names
        .iter()
        .any(|name| !matches!(name, AlternativeName::Other(_)));
    listed || leaf.subject.common_name().is_some_and(is_server_name)
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
fn is_server_name(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok() || (text.contains('.') && is_domain_name(text))
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
