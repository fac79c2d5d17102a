//! RevokeCertificate: the end of a certificate before its time.

use time::OffsetDateTime;

use super::refusal::Refusal;
use super::requested::{Requested, Revocation};
use super::stored::Stored;

/// The request as it is once its certificate is revoked for `reason`.
///
/// Source: API reference of RevokeCertificate. The texts are inferred.
///
/// # Errors
///
/// `ValidationException` for one that was not exported, `ResourceInUseException` for one in use,
/// `ConflictException` for one that is revoked.
pub(super) fn revoked(
    certificate: &Stored,
    reason: &str,
    now: OffsetDateTime,
) -> Result<Requested, Refusal> {
    let arn = &certificate.arn;
    let Some(requested) = certificate.requested() else {
        return Err(not_exported(arn));
    };
    let mut revoked = Requested::clone(requested);
    let issued = revoked.issued_mut().filter(|issued| issued.exported);
    let issued = issued.ok_or_else(|| not_exported(arn))?;
    if certificate.is_in_use() {
        return Err(Refusal::in_use(arn));
    }
    if issued.revocation.is_some() {
        return Err(Refusal::new(
            "ConflictException",
            format!("Certificate {arn} is revoked already."),
        ));
    }
    issued.revocation = Some(Revocation {
        at: now,
        reason: reason.to_owned(),
    });
    Ok(revoked)
}

fn not_exported(arn: &str) -> Refusal {
    Refusal::validation(format!(
        "Certificate {arn} has not been exported. Only exported certificates can be revoked."
    ))
}
