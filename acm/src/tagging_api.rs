//! The Resource Groups Tagging API, as far as certificates go.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::paging;
use super::refusal::Refusal;
use super::stored::Stored;
use super::tags::Tags;
use super::unsettled::TagWithoutValue;

/// GetResources over `certificates`, the oldest first.
///
/// # Errors
///
/// For filters that exclude each other, a page length that AWS does not take, a wrong token.
pub(super) fn get_resources(
    request: &Map<String, Value>,
    mut certificates: Vec<Arc<Stored>>,
) -> Result<Value, Refusal> {
    let arns = strings(request.get("ResourceARNList"));
    let filters = request.get("TagFilters").and_then(Value::as_array);
    let types = strings(request.get("ResourceTypeFilters"));
    if !arns.is_empty() && (filters.is_some() || !types.is_empty()) {
        return Err(invalid(
            "ResourceARNList cannot be combined with TagFilters or ResourceTypeFilters.",
        ));
    }
    // Source: API reference of GetResources: resources that never had a tag are not shown.
    certificates.retain(|certificate| {
        !certificate.tags.is_empty()
            && (arns.is_empty() || arns.contains(&certificate.arn.as_str()))
            && (types.is_empty() || types.iter().any(|t| ["acm", "acm:certificate"].contains(t)))
            && filters.is_none_or(|filters| {
                filters
                    .iter()
                    .all(|filter| passes(filter, &certificate.tags))
            })
    });
    let token = request.get("PaginationToken").and_then(Value::as_str);
    let token = token.filter(|token| !token.is_empty());
    let page = paging::cut(&certificates, token, page_length(request)?)
        .map_err(|_| invalid("The PaginationToken is not valid."))?;
    let resources = page.certificates.iter().map(
        |certificate| json!({"ResourceARN": certificate.arn, "Tags": certificate.tags.to_json(TagWithoutValue::Empty)}),
    );
    Ok(json!({
        "ResourceTagMappingList": resources.collect::<Value>(),
        "PaginationToken": page.next_token.unwrap_or_default(),
    }))
}

/// All keys of a filter list must be there; of the values of one key any will do, none means any.
fn passes(filter: &Value, tags: &Tags) -> bool {
    let Some(key) = filter.get("Key").and_then(Value::as_str) else {
        return true;
    };
    let wanted = strings(filter.get("Values"));
    tags.get(key)
        .is_some_and(|value| wanted.is_empty() || wanted.contains(&value))
}

/// Source: API reference of GetResources: 1 to 100, by default 50 (the page says 50, and 100 for
/// the maximum). `TagsPerPage` counts tags instead; here a page of them is one of resources.
fn page_length(request: &Map<String, Value>) -> Result<usize, Refusal> {
    let Some(length) = request.get("ResourcesPerPage").and_then(Value::as_i64) else {
        return Ok(DEFAULT_PAGE);
    };
    usize::try_from(length)
        .ok()
        .filter(|length| (1..=MAX_PAGE).contains(length))
        .ok_or_else(|| invalid("ResourcesPerPage must be between 1 and 100."))
}

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 100;

/// The error of this API for what ACM calls a validation error.
pub(super) fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

/// One entry of a `FailedResourcesMap`.
pub(super) fn failure(refusal: &Refusal) -> Value {
    json!({
        "StatusCode": refusal.status(),
        "ErrorCode": "InvalidParameterException",
        "ErrorMessage": refusal.message,
    })
}

/// The texts of a list, which may be absent.
pub(super) fn strings(list: Option<&Value>) -> Vec<&str> {
    let list = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}
