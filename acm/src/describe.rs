//! DescribeCertificate: `CertificateDetail` as the live service answers it.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::answer::{timestamp, with_all, with_present};
use super::requested::{Authority, Progress, Requested};
use super::stored::{Origin, Stored};
use super::unsettled::Unsettled;
use super::view::View;
use super::x509_facts::X509Facts;

/// When a member of `CertificateDetail` is in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// For every certificate.
    Always,
    /// For an imported one.
    Imported,
    /// For one that has a name.
    Named,
    /// For one that is or was valid: an imported one, or an issued one.
    Certified,
    /// For one that was requested from Amazon.
    Requested,
    /// For one that was requested, under this condition.
    Sometimes(&'static str),
    /// For none that can exist here, for this reason.
    Never(&'static str),
}

/// Every member of `CertificateDetail` in botocore 1.44.8; a test holds it against the model.
pub const MEMBERS: &[(&str, Shown)] = &[
    (
        "AcmeAccountId",
        Shown::Never("for certificates from ACM's ACME endpoints"),
    ),
    (
        "AcmeEndpointArn",
        Shown::Never("for certificates from ACM's ACME endpoints"),
    ),
    ("CertificateArn", Shown::Always),
    (
        "CertificateAuthorityArn",
        Shown::Sometimes("it is of a private authority"),
    ),
    ("CertificateKeyPairOrigin", Shown::Always),
    (
        "CertificateUsage",
        Shown::Sometimes("it is an Amazon N2 certificate"),
    ),
    ("CreatedAt", Shown::Always),
    ("DomainName", Shown::Named),
    ("DomainValidationOptions", Shown::Always),
    ("ExtendedKeyUsages", Shown::Always),
    ("FailureReason", Shown::Sometimes("it has failed")),
    ("ImportedAt", Shown::Imported),
    ("InUseBy", Shown::Always),
    ("IssuedAt", Shown::Sometimes("it was issued")),
    ("Issuer", Shown::Always),
    ("KeyAlgorithm", Shown::Always),
    ("KeyUsages", Shown::Always),
    (
        "ManagedBy",
        Shown::Never("for certificates that CloudFront manages"),
    ),
    ("NotAfter", Shown::Certified),
    ("NotBefore", Shown::Certified),
    ("Options", Shown::Always),
    ("RenewalEligibility", Shown::Always),
    (
        "RenewalSummary",
        Shown::Never("for requests whose renewal is under way, which takes no time here"),
    ),
    ("RevocationReason", Shown::Sometimes("it was revoked")),
    ("RevokedAt", Shown::Sometimes("it was revoked")),
    (
        "RootHierarchyType",
        Shown::Sometimes("it is an Amazon N2 certificate"),
    ),
    ("Serial", Shown::Certified),
    ("SignatureAlgorithm", Shown::Always),
    ("Status", Shown::Always),
    ("Subject", Shown::Always),
    ("SubjectAlternativeNames", Shown::Always),
    ("Type", Shown::Always),
    (
        "UpdateSummary",
        Shown::Sometimes("its validation method was changed"),
    ),
];

/// `CertificateDetail` of `certificate`.
#[must_use]
pub(super) fn detail(certificate: &Stored, view: &View) -> Value {
    let names = certificate.names(view.unsettled);
    let algorithm = live_key_algorithm(certificate.key_algorithm());
    let common = json!({
        "CertificateArn": certificate.arn,
        "CertificateKeyPairOrigin": certificate.key_pair_origin(),
        "CreatedAt": timestamp(certificate.created_at),
        "InUseBy": certificate.in_use_by,
        "KeyAlgorithm": algorithm,
        "RenewalEligibility": certificate.renewal_eligibility(view.now),
        "Status": certificate.status(view.now),
        "SubjectAlternativeNames": names,
        "Type": certificate.type_name(),
    });
    let detail = with_present(
        common,
        [("DomainName", certificate.domain_name().map(Value::from))],
    );
    let detail = match certificate.material() {
        Some(material) => with_all(detail, certified(&material.leaf, view.unsettled)),
        None => with_all(detail, uncertified(certificate)),
    };
    match &certificate.origin {
        Origin::Imported { imported_at, .. } => with_all(detail, imported(&names, *imported_at)),
        Origin::Requested(request) => requested(detail, certificate, request, view.now),
    }
}

/// What stands in the certificate itself.
fn certified(leaf: &X509Facts, unsettled: Unsettled) -> Value {
    let certificate = &leaf.certificate;
    let key_usages = leaf
        .key_usages(unsettled)
        .into_iter()
        .map(|name| json!({"Name": name}));
    let extended = leaf
        .extended_key_usages(unsettled)
        .into_iter()
        .map(|(name, oid)| match oid {
            Some(oid) => json!({"Name": name, "OID": oid}),
            None => json!({"Name": name}),
        });
    json!({
        "ExtendedKeyUsages": extended.collect::<Value>(),
        "Issuer": leaf.issuer(unsettled),
        "KeyUsages": key_usages.collect::<Value>(),
        "NotAfter": timestamp(certificate.not_after),
        "NotBefore": timestamp(certificate.not_before),
        "Serial": certificate.serial.to_string(),
        "SignatureAlgorithm": leaf.signature_algorithm,
        "Subject": leaf.subject,
    })
}

/// What ACM shows before there is a certificate (recorded by LocalStack).
fn uncertified(certificate: &Stored) -> Value {
    json!({
        "ExtendedKeyUsages": [],
        "Issuer": "Amazon",
        "KeyUsages": [],
        "SignatureAlgorithm": "SHA256WITHRSA",
        "Subject": format!("CN={}", certificate.domain_name().unwrap_or_default()),
    })
}

fn imported(names: &[String], imported_at: OffsetDateTime) -> Value {
    let names = names.iter().map(|name| json!({"DomainName": name}));
    json!({
        "DomainValidationOptions": names.collect::<Value>(),
        "ImportedAt": timestamp(imported_at),
        // An imported certificate is in a log already, or never will be: ACM says DISABLED.
        "Options": {
            "CertificateTransparencyLoggingPreference": "DISABLED",
            "Export": "DISABLED",
        },
    })
}

fn requested(
    detail: Value,
    certificate: &Stored,
    request: &Requested,
    now: OffsetDateTime,
) -> Value {
    let options = json!({
        "CertificateTransparencyLoggingPreference": request.transparency_logging,
        "Export": request.export,
    });
    let validation = request.validation();
    let domains = validation.map(|validation| validation.options(&certificate.asked(request, now)));
    let authority = match &request.authority {
        Authority::Private { arn } => Some(json!(arn)),
        Authority::Public { .. } => None,
    };
    let reason = match &request.progress {
        Progress::Failed(reason) => Some(json!(reason)),
        _ => None,
    };
    let revocation = certificate.revocation();
    with_present(
        detail,
        [
            ("CertificateAuthorityArn", authority),
            ("CertificateUsage", request.n2().map(|n2| json!(n2.usage))),
            ("DomainValidationOptions", domains),
            ("FailureReason", reason),
            ("IssuedAt", certificate.issued_at().map(timestamp)),
            ("Options", Some(options)),
            ("RevocationReason", revocation.map(|r| json!(r.reason))),
            ("RevokedAt", revocation.map(|r| timestamp(r.at))),
            ("RootHierarchyType", request.n2().map(|n2| json!(n2.root))),
            (
                "UpdateSummary",
                validation.and_then(|validation| validation.update_summary(now)),
            ),
        ],
    )
}

/// The live service writes `RSA-2048` where its model says `RSA_2048` (ACK community, issue 2394).
pub(super) fn live_key_algorithm(name: &str) -> String {
    name.replacen('_', "-", 1)
}
