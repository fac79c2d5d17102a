//! UpdateCertificateOptions: what may be changed of an issued certificate.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::certificate_request::{choice, milliseconds};
use super::knobs::CertificateRequests;
use super::refusal::Refusal;
use super::requested::{Authority, Requested, Switch};
use super::stored::Stored;
use super::validation::{Method, Migration, Validation};

/// The request of `certificate` with `options`.
///
/// # Errors
///
/// `InvalidStateException` for an imported (aws-cli, issue 7895), a private (ACK, issue 2773) or a
/// pending certificate (Terraform provider, pull request 29763); `ValidationException` for a change
/// of `Export` (Terraform provider, issue 46030) and for a method that cannot be changed to;
/// `ConflictException` while the method is being changed.
pub(super) fn updated(
    certificate: &Stored,
    options: &Map<String, Value>,
    requests: CertificateRequests,
    now: OffsetDateTime,
) -> Result<Requested, Refusal> {
    let Some(requested) = certificate.requested() else {
        return Err(not_permitted("imported certificates"));
    };
    let mut updated = Requested::clone(requested);
    let Authority::Public { validation, .. } = &mut updated.authority else {
        return Err(not_permitted("private certificates"));
    };
    if certificate.status(now) != "ISSUED" {
        return Err(not_permitted("certificates that are not issued"));
    }
    if choice(options, "Export").is_some_and(|export: Switch| export != requested.export) {
        return Err(Refusal::validation(
            "Export option for certificates cannot be updated",
        ));
    }
    if let Some(method) = choice(options, "ValidationMethod") {
        migrate(validation, method, requests, now)?;
    }
    if let Some(logging) = choice(options, "CertificateTransparencyLoggingPreference") {
        updated.transparency_logging = logging;
    }
    Ok(updated)
}

fn not_permitted(whose: &str) -> Refusal {
    Refusal::new(
        "InvalidStateException",
        format!("The UpdateCertificateOptions command is not permitted for {whose}."),
    )
}

/// Source: ACM User Guide, "Migrate from email to DNS validation". The texts are inferred.
fn migrate(
    validation: &mut Validation,
    method: Method,
    requests: CertificateRequests,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if validation.migration.is_some_and(|m| !m.is_done(now)) {
        return Err(Refusal::new(
            "ConflictException",
            "The validation method of the certificate is being changed already.",
        ));
    }
    match (validation.method(now), method) {
        (current, wanted) if current == wanted => Ok(()),
        (Method::Email, Method::Dns) => {
            validation.shown_at = now + milliseconds(requests.shown_after_ms);
            validation.migration = Some(Migration {
                requested_at: now,
                ends_at: requests.end_after_ms.map(|ms| now + milliseconds(ms)),
            });
            Ok(())
        }
        _ => Err(Refusal::validation(
            "The validation method can be changed from EMAIL to DNS only.",
        )),
    }
}
