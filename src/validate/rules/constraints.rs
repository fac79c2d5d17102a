//! The name constraints of CAs (RFC 5280, section 4.2.1.10), as far as clients agree on them. webpki has the last word on
//! names of servers; it compares no others, and says nothing of the name.

use std::net::IpAddr;

use super::names::{is_domain_name, is_server_name};
use crate::certificate::{AlternativeName, Base, Certificate, NameConstraints};
use crate::finding::{self, Finding};
use crate::validate::Served;

pub(super) fn findings(served: &Served) -> Vec<Finding> {
    let all: Vec<_> = served.without_root().chain(&served.root).collect();
    let mut findings = Vec::new();
    for (place, authority) in all.iter().enumerate() {
        let Some(constraints) = &authority.name_constraints else {
            continue;
        };
        let constraining = Constraining {
            authority,
            constraints,
            is_critical: is_critical(authority),
        };
        findings.extend(constraining.peculiarities(&served.leaf));
        // Of the CAs below, those that are self-issued are not held to it (RFC 5280, section 6.1.4 (b)).
        let held = all.iter().take(place).enumerate();
        let mut held = held.filter(|(place, one)| *place == 0 || !one.is_self_issued());
        findings.extend(held.find_map(|(_, one)| constraining.violation(one)));
        if place > 0 {
            findings.extend(constraining.refused_by_openssl(&served.leaf));
        }
    }
    findings
}

fn is_critical(authority: &Certificate) -> bool {
    let mut extensions = authority.extensions.iter();
    extensions.any(|extension| extension.oid == "2.5.29.30" && extension.is_critical)
}

/// A CA and its constraints.
struct Constraining<'a> {
    authority: &'a Certificate,
    constraints: &'a NameConstraints,
    is_critical: bool,
}

/// What one name is to one base.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Within,
    Outside,
    /// Clients do not agree, or the base is malformed.
    Disputed,
}

impl Constraining<'_> {
    /// What some clients refuse whatever the names are.
    fn peculiarities(&self, leaf: &Certificate) -> Option<Finding> {
        let are_malformed = self.constraints.bases().any(|base| match base {
            Base::Network(network) => !network.is_well_formed(),
            Base::Domain(name) => !is_domain_base(name),
            Base::Mail(name) | Base::Uri(name) => !name.is_ascii(),
            Base::Directory(_) | Base::Other => false,
        });
        let is_unknown = |base: &Base| matches!(base, Base::Directory(_) | Base::Other);
        let message = if self.constraints.bases().next().is_none() {
            "Its name constraints are empty, which Go refuses."
        } else if are_malformed {
            "Its name constraints have a domain, a network or a mail address that is none, which Go refuses."
        } else if self.is_critical && self.constraints.bases().any(is_unknown) {
            "Its name constraints are critical and about a kind of name that Go does not compare; it refuses them."
        } else if leaf.alternative_names.iter().any(is_uncomparable) {
            "It has name constraints, and the leaf a mail address without `@` or a URI of an IP address, which Go compares with none and refuses."
        } else {
            return None;
        };
        let rule = &finding::REFUSED_BY_SOME_CLIENTS;
        Some(Finding::new(rule, &self.authority.subject, message))
    }

    /// A name for which every client refuses.
    fn violation(&self, held: &Certificate) -> Option<Finding> {
        let mut names = held.alternative_names.iter();
        let listed = names.find(|name| self.forbids(|base| relation(name, base)));
        let name = match listed {
            Some(name) => name.to_string(),
            // Go does not compare these, but refuses them where they are critical.
            None if self.is_critical && self.forbids_subject(held) => held.subject.to_string(),
            None => return None,
        };
        let message = format!(
            "The name constraints of `{}` do not permit `{name}`.",
            self.authority.subject
        );
        let rule = &finding::NAME_NOT_PERMITTED;
        Some(Finding::new(rule, &held.subject, message))
    }

    /// OpenSSL also compares mail addresses in the subject, and the common name where there is no domain name. Others do
    /// not: mozilla::pkix and BoringSSL look at the former only where there are no alternative names at all.
    fn refused_by_openssl(&self, leaf: &Certificate) -> Option<Finding> {
        let mails = leaf.subject.mail_addresses.iter();
        let mut mails = mails.map(|mail| AlternativeName::Mail(mail.clone()));
        let forbidden = |name: &AlternativeName| self.forbids(|base| relation(name, base));
        let is_odd = |mail: &AlternativeName| {
            is_no_mail(mail)
                && self
                    .constraints
                    .bases()
                    .any(|base| matches!(base, Base::Mail(_)))
        };
        let mail = mails.find(|mail| forbidden(mail) || is_odd(mail));
        let name = mail.or(common_name(leaf).filter(forbidden));
        let what = match name {
            Some(name) => format!("do not permit `{name}` in its subject"),
            None if leaf.subject.has_odd_mail_address => {
                "cannot be compared with the mail address in its subject, which is no IA5String"
                    .to_owned()
            }
            None => return None,
        };
        let message = format!(
            "The name constraints of `{}` {what}; OpenSSL refuses it.",
            self.authority.subject
        );
        let rule = &finding::REFUSED_BY_SOME_CLIENTS;
        Some(Finding::new(rule, &leaf.subject, message))
    }

    /// `relation` is that of a name to a base; `None` where the base is of another kind.
    fn forbids(&self, relation: impl Fn(&Base) -> Option<Relation>) -> bool {
        let mut permitted = self.constraints.permitted.iter().filter_map(&relation);
        let mut excluded = self.constraints.excluded.iter().filter_map(&relation);
        let is_outside = permitted
            .next()
            .is_some_and(|first| first == Relation::Outside)
            && permitted.all(|one| one == Relation::Outside);
        is_outside || excluded.any(|one| one == Relation::Within)
    }

    fn forbids_subject(&self, held: &Certificate) -> bool {
        let subject = &held.subject;
        !subject.is_empty()
            && self.forbids(|base| match base {
                Base::Directory(base) if subject.is_within(base) => Some(Relation::Within),
                Base::Directory(_) => Some(Relation::Outside),
                _ => None,
            })
    }
}

/// The common name as OpenSSL holds it to constraints: where it looks like a domain name, and there is no other.
fn common_name(leaf: &Certificate) -> Option<AlternativeName> {
    let mut listed = leaf.alternative_names.iter();
    if listed.any(|name| matches!(name, AlternativeName::Dns(_))) {
        return None;
    }
    let name = leaf.subject.common_name()?;
    let is_domain = is_server_name(name) && name.parse::<IpAddr>().is_err();
    is_domain.then(|| AlternativeName::Dns(name.to_owned()))
}

fn is_uncomparable(name: &AlternativeName) -> bool {
    let is_of_address = |uri: &str| host(uri).is_some_and(|host| host.parse::<IpAddr>().is_ok());
    is_no_mail(name) || matches!(name, AlternativeName::Uri(uri) if is_of_address(uri))
}

fn is_no_mail(name: &AlternativeName) -> bool {
    matches!(name, AlternativeName::Mail(mail) if !mail.contains('@'))
}

/// Those of another kind have none.
fn relation(name: &AlternativeName, base: &Base) -> Option<Relation> {
    Some(match (name, base) {
        (AlternativeName::Dns(name), Base::Domain(base)) => of_domain(name, base),
        (AlternativeName::Ip(_), Base::Network(network)) if !network.is_well_formed() => {
            Relation::Disputed
        }
        (AlternativeName::Ip(address), Base::Network(network)) => {
            if network.contains(*address) {
                Relation::Within
            } else {
                Relation::Outside
            }
        }
        (AlternativeName::Mail(mail), Base::Mail(base)) => of_mail(mail, base),
        (AlternativeName::Uri(uri), Base::Uri(base)) => of_uri(uri, base),
        _ => return None,
    })
}

/// Of a dot in front of the base clients think differently, and of a wildcard above it.
fn of_domain(name: &str, base: &str) -> Relation {
    let domain = base.strip_prefix('.').unwrap_or(base);
    let is_top = !base.starts_with('.') && name.eq_ignore_ascii_case(domain);
    if base.is_empty() {
        return Relation::Within;
    }
    if !is_domain_name(name) || name.eq_ignore_ascii_case(base) && domain.starts_with('*') {
        return Relation::Disputed;
    }
    // A base that is no domain has nothing below it.
    if is_top || is_below(name, domain) {
        Relation::Within
    } else if name.eq_ignore_ascii_case(domain) {
        Relation::Disputed
    } else {
        Relation::Outside
    }
}

/// A base without `@` and dot is a host's name, and nothing below it; not every client holds to that.
fn of_host(host: &str, base: &str) -> Relation {
    let domain = base.strip_prefix('.').unwrap_or(base);
    if !is_domain_name(host) || !is_domain_name(domain) {
        return Relation::Disputed;
    }
    match (base.starts_with('.'), is_below(host, domain)) {
        (true, true) => Relation::Within,
        (false, false) if host.eq_ignore_ascii_case(domain) => Relation::Within,
        (false, false) => Relation::Outside,
        (true, false) if !host.eq_ignore_ascii_case(domain) => Relation::Outside,
        _ => Relation::Disputed,
    }
}

fn of_mail(mail: &str, base: &str) -> Relation {
    let Some((mailbox, host)) = mail.rsplit_once('@') else {
        return Relation::Disputed;
    };
    match base.rsplit_once('@') {
        None => of_host(host, base),
        Some((permitted, domain)) => match of_host(host, domain) {
            Relation::Within if mailbox != permitted => Relation::Outside,
            relation => relation,
        },
    }
}

fn of_uri(uri: &str, base: &str) -> Relation {
    host(uri).map_or(Relation::Disputed, |host| of_host(host, base))
}

/// The host of an address like `https://me@www.example.com:8443/`, without the brackets of IPv6.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.strip_prefix('[') {
        Some(six) => six.split(']').next(),
        None => host.split(':').next(),
    }
}

fn is_below(name: &str, domain: &str) -> bool {
    let labels = |text: &str| -> Vec<_> { text.split('.').map(str::to_ascii_lowercase).collect() };
    let (name, domain) = (labels(name), labels(domain));
    name.len() > domain.len() && name.ends_with(&domain)
}

/// All names, or those of a domain, with or without a dot in front.
fn is_domain_base(base: &str) -> bool {
    base.is_empty() || is_domain_name(base.strip_prefix('.').unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use Relation::{Disputed, Outside, Within};

    use super::*;

    impl std::fmt::Debug for Relation {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(match self {
                Within => "within",
                Outside => "outside",
                Disputed => "disputed",
            })
        }
    }

    #[test]
    fn names_are_within_the_domains_of_rfc_5280() {
        for (name, base, expected) in [
            ("www.example.com", "example.com", Within),
            ("www.example.com", "EXAMPLE.com", Within),
            ("example.com", "example.com", Within),
            ("example.com", "", Within),
            ("www.example.com", ".example.com", Within),
            ("example.com", ".example.com", Disputed),
            ("example.com", "www.example.com", Outside),
            ("badexample.com", "example.com", Outside),
            ("*.example.com", "example.com", Within),
            ("*.example.com", "www.example.com", Outside),
            ("*.example.com", "*.example.com", Disputed),
            ("www.example.com", "*.example.com", Outside),
            ("www.example.com", "example.com.", Outside),
            ("no name", "example.com", Disputed),
        ] {
            assert_eq!(of_domain(name, base), expected, "{name} {base}");
        }
    }

    #[test]
    fn mail_and_uris_are_within_the_hosts_of_rfc_5280() {
        for (mail, base, expected) in [
            ("me@example.com", "example.com", Within),
            ("me@example.com", "EXAMPLE.COM", Within),
            ("me@mail.example.com", ".example.com", Within),
            ("me@mail.example.com", "example.com", Disputed),
            ("me@example.com", ".example.com", Disputed),
            ("me@example.com", "me@example.com", Within),
            ("me@example.com", "you@example.com", Outside),
            ("me@example.com", "me@example.org", Outside),
            ("me@example.com", "example.org", Outside),
            ("me@example.com", "", Disputed),
            ("me", "example.com", Disputed),
        ] {
            assert_eq!(of_mail(mail, base), expected, "{mail} {base}");
        }
        for (uri, base, expected) in [
            ("https://www.example.com/a?b", "www.example.com", Within),
            ("https://me@www.example.com:8443", ".example.com", Within),
            ("https://www.example.com#c", ".example.org", Outside),
            ("https://www.example.com", "example.org", Outside),
            ("urn:a:b", "example.org", Disputed),
        ] {
            assert_eq!(of_uri(uri, base), expected, "{uri} {base}");
        }
    }
}
