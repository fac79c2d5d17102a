//! ListCertificates.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::{timestamp, with_present};
use super::describe::live_key_algorithm;
use super::paging;
use super::refusal::Refusal;
use super::requested::Requested;
use super::stored::Stored;
use super::view::View;

/// Answers `request`, which has passed the model, over `certificates`, the oldest first.
///
/// # Errors
///
/// For `SortBy` without `SortOrder` or the other way round, and a wrong token.
pub(super) fn list(
    request: &Map<String, Value>,
    mut certificates: Vec<Arc<Stored>>,
    view: &View,
) -> Result<Value, Refusal> {
    certificates.retain(|certificate| is_wanted(request, certificate, view));
    match (request.get("SortBy"), request.get("SortOrder")) {
        (None, None) => {}
        (Some(_), Some(order)) => {
            if order == "DESCENDING" {
                certificates.reverse();
            }
        }
        // Source: API reference of ListCertificates.
        _ => {
            return Err(Refusal::validation(
                "If you specify SortBy, you must also specify SortOrder.",
            ));
        }
    }
    let token = request.get("NextToken").and_then(Value::as_str);
    let length = request
        .get("MaxItems")
        .and_then(Value::as_u64)
        .unwrap_or(MAX_ITEMS);
    let page = paging::cut(
        &certificates,
        token,
        usize::try_from(length).unwrap_or(usize::MAX),
    )?;
    let summaries = page
        .certificates
        .iter()
        .map(|certificate| summary(certificate, view));
    let mut answer = json!({"CertificateSummaryList": summaries.collect::<Value>()});
    if let (Some(token), Some(answer)) = (page.next_token, answer.as_object_mut()) {
        answer.insert("NextToken".to_owned(), Value::from(token));
    }
    Ok(answer)
}

/// The largest page, which is also what ACM gives without `MaxItems`.
const MAX_ITEMS: u64 = 1_000;

/// Source: API reference of `Filters`. Without `keyTypes`, and only then, all but RSA with 1,024 or
/// 2,048 bits is hidden; without `extendedKeyUsage` and `keyUsage` nothing else is.
fn is_wanted(request: &Map<String, Value>, certificate: &Stored, view: &View) -> bool {
    let includes = |member: &str| {
        request
            .get("Includes")
            .and_then(|filters| filters.get(member))
    };
    let key_types = includes("keyTypes").filter(|types| has_elements(types));
    let leaf = certificate.material().map(|material| &material.leaf);
    let key_usages = leaf
        .map(|leaf| leaf.key_usages(view.unsettled))
        .unwrap_or_default();
    let extended = leaf
        .map(|leaf| leaf.extended_key_usages(view.unsettled))
        .unwrap_or_default();
    certificate.domain_name().is_some()
        && match key_types {
            Some(types) => contains(types, certificate.key_algorithm()),
            None => ["RSA_1024", "RSA_2048"].contains(&certificate.key_algorithm()),
        }
        && allows(
            request.get("CertificateStatuses"),
            &[certificate.status(view.now)],
        )
        && allows(
            request.get("CertificateKeyPairOrigins"),
            &[certificate.key_pair_origin()],
        )
        && allows(includes("keyUsage"), &key_usages)
        && allows(
            includes("extendedKeyUsage"),
            &extended.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        )
        && is_wanted_hierarchy(request.get("RootHierarchyTypes"), certificate)
        && includes("managedBy").is_none()
        && includes("exportOption")
            .is_none_or(|wanted| *wanted == json!(certificate.export_option()))
}

/// Source: API reference of ListCertificates: Amazon N2 certificates are shown alone, and only where
/// they are asked for.
fn is_wanted_hierarchy(wanted: Option<&Value>, certificate: &Stored) -> bool {
    let n2 = certificate.requested().and_then(Requested::n2);
    match (wanted.and_then(Value::as_array), n2) {
        (None, None) => true,
        (Some(wanted), Some(n2)) => wanted.contains(&json!(n2.root)),
        _ => false,
    }
}

/// Nothing is asked for, or one of `values` is.
fn allows(wanted: Option<&Value>, values: &[&str]) -> bool {
    wanted
        .filter(|wanted| has_elements(wanted))
        .is_none_or(|wanted| values.iter().any(|value| contains(wanted, value)))
}

fn contains(list: &Value, value: &str) -> bool {
    list.as_array()
        .is_some_and(|list| list.iter().any(|element| element == value))
}

fn has_elements(list: &Value) -> bool {
    list.as_array().is_some_and(|list| !list.is_empty())
}

/// `CertificateSummary`.
fn summary(certificate: &Stored, view: &View) -> Value {
    let names = certificate.names(view.unsettled);
    let first: Vec<&String> = names.iter().take(SUMMARY_NAMES).collect();
    let summary = json!({
        "CertificateArn": certificate.arn,
        "CertificateKeyPairOrigin": certificate.key_pair_origin(),
        "CreatedAt": timestamp(certificate.created_at),
        "ExportOption": certificate.export_option(),
        "ExtendedKeyUsages": [],
        "HasAdditionalSubjectAlternativeNames": names.len() > SUMMARY_NAMES,
        "InUse": certificate.is_in_use(),
        "KeyAlgorithm": live_key_algorithm(certificate.key_algorithm()),
        "KeyUsages": [],
        "RenewalEligibility": certificate.renewal_eligibility(view.now),
        "Status": certificate.status(view.now),
        "SubjectAlternativeNameSummaries": first,
        "Type": certificate.type_name(),
    });
    let leaf = certificate.material().map(|material| &material.leaf);
    let key_usages = leaf.map(|leaf| json!(leaf.key_usages(view.unsettled)));
    let extended = leaf.map(|leaf| leaf.extended_key_usages(view.unsettled));
    let extended = extended.map(|usages| usages.iter().map(|(name, _)| *name).collect());
    let not_before = leaf.map(|leaf| leaf.certificate.not_before);
    let not_after = leaf.map(|leaf| leaf.certificate.not_after);
    let revoked_at = certificate.revocation().map(|revocation| revocation.at);
    let exported = certificate.requested().map(Requested::is_exported);
    let n2 = certificate.requested().and_then(Requested::n2);
    with_present(
        summary,
        [
            ("CertificateUsage", n2.map(|n2| json!(n2.usage))),
            ("DomainName", certificate.domain_name().map(Value::from)),
            ("Exported", exported.map(Value::from)),
            ("ExtendedKeyUsages", extended),
            ("ImportedAt", certificate.imported_at().map(timestamp)),
            ("IssuedAt", certificate.issued_at().map(timestamp)),
            ("KeyUsages", key_usages),
            ("NotAfter", not_after.map(timestamp)),
            ("NotBefore", not_before.map(timestamp)),
            ("RevokedAt", revoked_at.map(timestamp)),
            ("RootHierarchyType", n2.map(|n2| json!(n2.root))),
        ],
    )
}

/// Source: API reference of `CertificateSummary`.
const SUMMARY_NAMES: usize = 100;
