//! SearchCertificates.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::answer::{timestamp, with_present};
use super::paging;
use super::refusal::Refusal;
use super::requested::Requested;
use super::sort::compare;
use super::stored::Stored;
use super::unsettled::Unsettled;
use super::view::View;
use certdrop::certificate::AlternativeName;

/// Answers `request`, which has passed the model, over `certificates`, the oldest first.
///
/// # Errors
///
/// For statements nested too deep and a wrong token.
pub(super) fn search(
    request: &Map<String, Value>,
    mut certificates: Vec<Arc<Stored>>,
    view: &View,
) -> Result<Value, Refusal> {
    if let Some(statement) = request.get("FilterStatement").filter(|s| !s.is_null()) {
        check_depth(statement, MAX_DEPTH)?;
        certificates.retain(|certificate| holds(statement, certificate, view));
    }
    let sort_by = request
        .get("SortBy")
        .and_then(Value::as_str)
        .unwrap_or("CREATED_AT");
    certificates.sort_by(|a, b| compare(sort_by, a, b, view.now));
    if request
        .get("SortOrder")
        .is_some_and(|order| order == "DESCENDING")
    {
        certificates.reverse();
    }
    let token = request.get("NextToken").and_then(Value::as_str);
    let length = request
        .get("MaxResults")
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_RESULTS);
    let page = paging::cut(
        &certificates,
        token,
        usize::try_from(length).unwrap_or(usize::MAX),
    )?;
    let results = page
        .certificates
        .iter()
        .map(|certificate| result(certificate, view));
    let mut answer = json!({"Results": results.collect::<Value>()});
    if let (Some(token), Some(answer)) = (page.next_token, answer.as_object_mut()) {
        answer.insert("NextToken".to_owned(), Value::from(token));
    }
    Ok(answer)
}

/// Source: API reference of SearchCertificates.
const DEFAULT_RESULTS: u64 = 100;

/// The model sets no bound; this one keeps a hostile request from exhausting the stack.
const MAX_DEPTH: usize = 32;

fn check_depth(statement: &Value, left: usize) -> Result<(), Refusal> {
    if left == 0 {
        return Err(Refusal::validation(
            "The filter statement is nested too deep.",
        ));
    }
    let Some((member, inner)) = chosen(statement) else {
        return Ok(());
    };
    match member {
        "And" | "Or" => elements(inner).try_for_each(|inner| check_depth(inner, left - 1)),
        "Not" => check_depth(inner, left - 1),
        _ => Ok(()),
    }
}

/// Whether `certificate` is one that `statement` asks for.
fn holds(statement: &Value, certificate: &Stored, view: &View) -> bool {
    let Some((member, inner)) = chosen(statement) else {
        return false;
    };
    match member {
        "And" => elements(inner).all(|inner| holds(inner, certificate, view)),
        "Or" => elements(inner).any(|inner| holds(inner, certificate, view)),
        "Not" => !holds(inner, certificate, view),
        "Filter" => passes(inner, certificate, view),
        _ => false,
    }
}

fn passes(filter: &Value, certificate: &Stored, view: &View) -> bool {
    match chosen(filter) {
        Some(("CertificateArn", arn)) => *arn == certificate.arn,
        Some(("X509AttributeFilter", filter)) => passes_x509(filter, certificate, view.unsettled),
        Some(("AcmCertificateMetadataFilter", filter)) => {
            passes_metadata(filter, certificate, view.now)
        }
        _ => false,
    }
}

fn passes_x509(filter: &Value, certificate: &Stored, unsettled: Unsettled) -> bool {
    let Some((member, wanted)) = chosen(filter) else {
        return false;
    };
    if member == "KeyAlgorithm" {
        return wanted == certificate.key_algorithm();
    }
    let Some(leaf) = certificate.material().map(|material| &material.leaf) else {
        let names = certificate.names(unsettled);
        return member == "SubjectAlternativeName"
            && any_text(wanted, names.iter().map(String::as_str));
    };
    match member {
        "Subject" => any_text(wanted, leaf.certificate.subject.common_name()),
        "SubjectAlternativeName" => {
            let names = leaf.certificate.alternative_names.iter();
            any_text(
                wanted,
                names.filter_map(|name| match name {
                    AlternativeName::Dns(name) => Some(name.as_str()),
                    _ => None,
                }),
            )
        }
        "ExtendedKeyUsage" => leaf
            .extended_key_usages(unsettled)
            .iter()
            .any(|(name, _)| wanted == name),
        "KeyUsage" => leaf.key_usages(unsettled).iter().any(|name| wanted == name),
        "SerialNumber" => *wanted == leaf.certificate.serial.to_string(),
        "NotAfter" => is_within(wanted, leaf.certificate.not_after),
        "NotBefore" => is_within(wanted, leaf.certificate.not_before),
        _ => false,
    }
}

fn passes_metadata(filter: &Value, certificate: &Stored, now: OffsetDateTime) -> bool {
    match chosen(filter) {
        Some(("Status", wanted)) => wanted == certificate.status(now),
        Some(("Type", wanted)) => wanted == certificate.type_name(),
        Some(("InUse", wanted)) => *wanted == certificate.is_in_use(),
        Some(("Exported", wanted)) => *wanted == certificate.is_exported(),
        Some(("ExportOption", wanted)) => *wanted == json!(certificate.export_option()),
        Some(("CertificateKeyPairOrigin", wanted)) => wanted == certificate.key_pair_origin(),
        Some(("ValidationMethod", wanted)) => {
            let method = certificate.validation_method(now);
            method.is_some_and(|method| *wanted == json!(method))
        }
        Some(("RootHierarchyType", wanted)) => certificate
            .requested()
            .and_then(Requested::n2)
            .is_some_and(|n2| *wanted == json!(n2.root)),
        // RenewalStatus, ManagedBy and the ACME members: no certificate here has any.
        _ => false,
    }
}

/// The comparison `{"CommonName": {"Value", "ComparisonOperator"}}` (or `DnsName`) holds for one of
/// `texts`. Names have no case (RFC 4343).
fn any_text<'a>(union: &Value, texts: impl IntoIterator<Item = &'a str>) -> bool {
    let Some((_, comparison)) = chosen(union) else {
        return false;
    };
    let text = |member: &str| {
        comparison
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (wanted, operator) = (text("Value").to_lowercase(), text("ComparisonOperator"));
    texts
        .into_iter()
        .map(str::to_lowercase)
        .any(|text| match operator {
            "CONTAINS" => text.contains(&wanted),
            _ => text == wanted,
        })
}

/// Both ends inclusive, each may be left out.
fn is_within(range: &Value, at: OffsetDateTime) -> bool {
    let at = timestamp(at).as_f64().unwrap_or_default();
    let bound = |member: &str| range.get(member).and_then(Value::as_f64);
    bound("Start").is_none_or(|start| start <= at) && bound("End").is_none_or(|end| at <= end)
}

/// The member that a union has.
fn chosen(union: &Value) -> Option<(&str, &Value)> {
    let mut members = union
        .as_object()?
        .iter()
        .filter(|(_, value)| !value.is_null());
    members
        .next()
        .map(|(member, value)| (member.as_str(), value))
}

fn elements(list: &Value) -> std::slice::Iter<'_, Value> {
    list.as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

/// `CertificateSearchResult`.
fn result(certificate: &Stored, view: &View) -> Value {
    let metadata = json!({
        "CertificateKeyPairOrigin": certificate.key_pair_origin(),
        "CreatedAt": timestamp(certificate.created_at),
        "Exported": certificate.is_exported(),
        "ExportOption": certificate.export_option(),
        "InUse": certificate.is_in_use(),
        "RenewalEligibility": certificate.renewal_eligibility(view.now),
        "Status": certificate.status(view.now),
        "Type": certificate.type_name(),
    });
    let method = certificate.validation_method(view.now);
    let n2 = certificate.requested().and_then(Requested::n2);
    let metadata = with_present(
        metadata,
        [
            ("CertificateUsage", n2.map(|n2| json!(n2.usage))),
            ("ImportedAt", certificate.imported_at().map(timestamp)),
            ("IssuedAt", certificate.issued_at().map(timestamp)),
            ("RevokedAt", certificate.revoked_at().map(timestamp)),
            ("RootHierarchyType", n2.map(|n2| json!(n2.root))),
            ("ValidationMethod", method.map(|method| json!(method))),
        ],
    );
    json!({
        "CertificateArn": certificate.arn,
        "X509Attributes": x509_attributes(certificate, view.unsettled),
        "CertificateMetadata": {"AcmCertificateMetadata": metadata},
    })
}

fn x509_attributes(certificate: &Stored, unsettled: Unsettled) -> Value {
    let Some(leaf) = certificate.material().map(|material| &material.leaf) else {
        let names = certificate
            .names(unsettled)
            .into_iter()
            .map(|name| json!({"DnsName": name}));
        return json!({
            "KeyAlgorithm": certificate.key_algorithm(),
            "Subject": {"CommonName": certificate.domain_name()},
            "SubjectAlternativeNames": names.collect::<Value>(),
        });
    };
    let extended = leaf.extended_key_usages(unsettled);
    json!({
        "ExtendedKeyUsages": extended.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "Issuer": leaf.issuer_attributes,
        "KeyAlgorithm": leaf.key_algorithm(),
        "KeyUsages": leaf.key_usages(unsettled),
        "NotAfter": timestamp(leaf.certificate.not_after),
        "NotBefore": timestamp(leaf.certificate.not_before),
        "SerialNumber": leaf.certificate.serial.to_string(),
        "Subject": leaf.subject_attributes,
        "SubjectAlternativeNames": leaf.general_names(),
    })
}
