//! RenewCertificate: which certificate may be renewed on demand.

use super::refusal::Refusal;
use super::stored::Stored;

/// Judges whether `certificate` may be issued once more now.
///
/// # Errors
///
/// `RequestInProgressException` for one that is not issued, `ValidationException` for one that was
/// not exported (crossplane provider-aws, issue 908) or is imported (the text is inferred).
pub(super) fn check(certificate: &Stored) -> Result<(), Refusal> {
    let Some(requested) = certificate.requested() else {
        return Err(not_exported(&certificate.arn));
    };
    let issued = requested.issued().ok_or_else(Refusal::in_progress)?;
    if !issued.exported || issued.revocation.is_some() {
        return Err(not_exported(&certificate.arn));
    }
    Ok(())
}

fn not_exported(arn: &str) -> Refusal {
    Refusal::validation(format!(
        "Certificate ARN {arn} has not been exported so it is not eligible for the Renew \
         Certificate API."
    ))
}
