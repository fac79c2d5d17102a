//! TagResource, UntagResource and ListTagsForResource: tags of everything that is no certificate.

use super::refusal::Refusal;

/// Refuses `arn`: certificates have operations of their own, and the resources that these are for,
/// ACME endpoints and what belongs to them, do not exist here.
///
/// Source: API reference of TagResource. The texts and the code for a certificate are inferred.
pub(super) fn refusal(arn: &str, operation: &str) -> Refusal {
    let resource = arn.rsplit(':').next().unwrap_or_default();
    if !resource.starts_with("certificate/") {
        return Refusal::new(
            "ResourceNotFoundException",
            format!("Could not find resource {arn}."),
        );
    }
    let own = match operation {
        "TagResource" => "AddTagsToCertificate",
        "UntagResource" => "RemoveTagsFromCertificate",
        _ => "ListTagsForCertificate",
    };
    Refusal::validation(format!(
        "{operation} does not support certificates. Use {own} instead."
    ))
}
