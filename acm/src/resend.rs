//! ResendValidationEmail: no mail is sent here, but what AWS refuses is refused.

use time::OffsetDateTime;

use super::certificate_request::check_mail_domain;
use super::refusal::Refusal;
use super::stored::Stored;
use super::validation::Method;

/// Judges whether mail for `name` may be sent again, to `domain`.
///
/// Source: API reference of ResendValidationEmail. The texts are inferred.
///
/// # Errors
///
/// `InvalidStateException` for a certificate that waits for no mail,
/// `InvalidDomainValidationOptionsException` for a wrong name or domain.
pub(super) fn check(
    certificate: &Stored,
    name: &str,
    domain: &str,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let waits = certificate.requested().filter(|_| {
        certificate.validation_method(now) == Some(Method::Email)
            && certificate.status(now) == "PENDING_VALIDATION"
    });
    let Some(requested) = waits else {
        return Err(Refusal::new(
            "InvalidStateException",
            format!(
                "Certificate {} does not wait for a validation by email.",
                certificate.arn
            ),
        ));
    };
    check_mail_domain(&requested.names, name, domain)
}
