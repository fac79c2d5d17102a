//! Validity: now, soon, and for how long.

use time::macros::{datetime, format_description};
use time::{Duration, OffsetDateTime};

use crate::certificate::Certificate;
use crate::days_left::days_left;
use crate::finding::{self, Finding};
use crate::validate::{Policy, Served};

pub(super) fn findings(served: &Served, policy: &Policy) -> Vec<Finding> {
    let mut findings: Vec<_> = served
        .without_root()
        .filter_map(|certificate| validity(certificate, policy))
        .collect();
    findings.extend(lifetime(&served.leaf));
    findings.extend(served.without_root().filter_map(malformed));
    let root = served.root.as_ref();
    findings.extend(root.and_then(|root| of_root(root, policy.now)));
    findings
}

const MALFORMED: &str = "A date of its validity is not written to the second and in UTC, as RFC 5280, section 4.1.2.5 wants it.";

fn malformed(certificate: &Certificate) -> Option<Finding> {
    let rule = &finding::REFUSED_BY_CLIENTS;
    let found = || Finding::new(rule, &certificate.subject, MALFORMED);
    certificate.has_malformed_dates.then(found)
}

/// rustls does not look at a root's validity.
fn of_root(root: &Certificate, now: OffsetDateTime) -> Option<Finding> {
    let message = if root.has_malformed_dates {
        MALFORMED.to_owned()
    } else if now < root.not_before {
        let begin = moment(root.not_before);
        format!("It is valid from {begin} on; OpenSSL and Go refuse it until then.")
    } else {
        return None;
    };
    let rule = &finding::REFUSED_BY_SOME_CLIENTS;
    Some(Finding::new(rule, &root.subject, message))
}

/// Both ends are inclusive (RFC 5280, section 4.1.2.5).
fn validity(certificate: &Certificate, policy: &Policy) -> Option<Finding> {
    let (rule, message) = if policy.now > certificate.not_after {
        let message = format!("It expired at {}.", moment(certificate.not_after));
        (&finding::EXPIRED, message)
    } else if policy.now < certificate.not_before {
        let message = format!("It is valid from {} on.", moment(certificate.not_before));
        (&finding::NOT_YET_VALID, message)
    } else if certificate.not_after - policy.now < policy.expiry_warning {
        let left = days_left(certificate.not_after, policy.now);
        let message = format!(
            "It expires at {}, in {left} days.",
            moment(certificate.not_after)
        );
        (&finding::EXPIRES_SOON, message)
    } else {
        return None;
    };
    Some(Finding::new(rule, &certificate.subject, message))
}

/// The longest lifetimes that browsers take, by the day of issue: CA/Browser Forum Baseline
/// Requirements, section 6.3.2, and ballot SC-081 for the coming ones.
fn lifetime(leaf: &Certificate) -> Option<Finding> {
    let allowed = match leaf.not_before {
        issued if issued >= datetime!(2029-03-15 0:00 UTC) => 47,
        issued if issued >= datetime!(2027-03-15 0:00 UTC) => 100,
        issued if issued >= datetime!(2026-03-15 0:00 UTC) => 200,
        _ => 398,
    };
    // Both ends count (section 1.6.1, "Validity Period"), so a second more than the difference.
    let lifetime = leaf.not_after - leaf.not_before + Duration::SECOND;
    (lifetime > Duration::days(allowed)).then(|| {
        Finding::new(
            &finding::LIFETIME_TOO_LONG,
            &leaf.subject,
            format!(
                "It is valid for {} days; browsers take at most {allowed} for one issued at {}.",
                lifetime.whole_days(),
                moment(leaf.not_before)
            ),
        )
    })
}

pub(in crate::validate) fn moment(at: OffsetDateTime) -> String {
    at.format(format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second] UTC"
    ))
    .unwrap_or_else(|_| at.unix_timestamp().to_string())
}
