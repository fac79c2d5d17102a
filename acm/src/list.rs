//! ListCertificates.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::describe::{live_key_algorithm, timestamp};
use super::paging;
use super::refusal::Refusal;
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
        && includes("managedBy").is_none()
        && includes("exportOption").is_none_or(|wanted| wanted == "DISABLED")
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
    let mut summary = json!({
        "CertificateArn": certificate.arn,
        "CertificateKeyPairOrigin": certificate.key_pair_origin(),
        "CreatedAt": timestamp(certificate.created_at),
        "DomainName": certificate.domain_name(),
        "ExportOption": "DISABLED",
        "HasAdditionalSubjectAlternativeNames": names.len() > SUMMARY_NAMES,
        "InUse": certificate.is_in_use(),
        "KeyAlgorithm": live_key_algorithm(certificate.key_algorithm()),
        "RenewalEligibility": "INELIGIBLE",
        "Status": certificate.status(view.now),
        "SubjectAlternativeNameSummaries": first,
        "Type": certificate.type_name(),
    });
    let Some(members) = summary.as_object_mut() else {
        return summary;
    };
    let Some(material) = certificate.material() else {
        members.insert("Exported".to_owned(), json!(false));
        return summary;
    };
    let leaf = &material.leaf;
    let extended = leaf.extended_key_usages(view.unsettled);
    let extended: Vec<_> = extended.iter().map(|(name, _)| *name).collect();
    for (member, value) in [
        ("ExtendedKeyUsages", json!(extended)),
        (
            "ImportedAt",
            certificate.imported_at().map_or(Value::Null, timestamp),
        ),
        ("KeyUsages", json!(leaf.key_usages(view.unsettled))),
        ("NotAfter", timestamp(leaf.certificate.not_after)),
        ("NotBefore", timestamp(leaf.certificate.not_before)),
    ] {
        members.insert(member.to_owned(), value);
    }
    summary
}

/// Source: API reference of `CertificateSummary`.
const SUMMARY_NAMES: usize = 100;
