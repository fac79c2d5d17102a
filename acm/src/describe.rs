//! DescribeCertificate: `CertificateDetail` as the live service answers it.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

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
    /// For a requested one.
    Requested,
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
        Shown::Never("for certificates of AWS Private CA"),
    ),
    ("CertificateKeyPairOrigin", Shown::Always),
    (
        "CertificateUsage",
        Shown::Never("for Amazon N2 certificates"),
    ),
    ("CreatedAt", Shown::Always),
    ("DomainName", Shown::Named),
    ("DomainValidationOptions", Shown::Always),
    ("ExtendedKeyUsages", Shown::Always),
    (
        "FailureReason",
        Shown::Never("for requests that failed, which none does here"),
    ),
    ("ImportedAt", Shown::Imported),
    ("InUseBy", Shown::Always),
    (
        "IssuedAt",
        Shown::Never("for requests that were issued, which none is here"),
    ),
    ("Issuer", Shown::Always),
    ("KeyAlgorithm", Shown::Always),
    ("KeyUsages", Shown::Always),
    (
        "ManagedBy",
        Shown::Never("for certificates that CloudFront manages"),
    ),
    ("NotAfter", Shown::Imported),
    ("NotBefore", Shown::Imported),
    ("Options", Shown::Always),
    ("RenewalEligibility", Shown::Always),
    (
        "RenewalSummary",
        Shown::Never("for requests that were renewed, which none is here"),
    ),
    (
        "RevocationReason",
        Shown::Never("for revoked certificates, which none is here"),
    ),
    (
        "RevokedAt",
        Shown::Never("for revoked certificates, which none is here"),
    ),
    (
        "RootHierarchyType",
        Shown::Never("for Amazon N2 certificates"),
    ),
    ("Serial", Shown::Imported),
    ("SignatureAlgorithm", Shown::Always),
    ("Status", Shown::Always),
    ("Subject", Shown::Always),
    ("SubjectAlternativeNames", Shown::Always),
    ("Type", Shown::Always),
    (
        "UpdateSummary",
        Shown::Never("for requests whose validation was changed"),
    ),
];

/// `CertificateDetail` of `certificate`.
#[must_use]
pub(super) fn detail(certificate: &Stored, view: &View) -> Value {
    let mut detail = Map::new();
    let mut put = |member: &str, value: Value| detail.insert(member.to_owned(), value);
    put("CertificateArn", json!(certificate.arn));
    put(
        "CertificateKeyPairOrigin",
        json!(certificate.key_pair_origin()),
    );
    put("CreatedAt", timestamp(certificate.created_at));
    put("InUseBy", json!(certificate.in_use_by));
    put(
        "KeyAlgorithm",
        json!(live_key_algorithm(certificate.key_algorithm())),
    );
    put("RenewalEligibility", json!("INELIGIBLE"));
    put("Status", json!(certificate.status(view.now)));
    put("Type", json!(certificate.type_name()));
    if let Some(name) = certificate.domain_name() {
        put("DomainName", json!(name));
    }
    let names = certificate.names(view.unsettled);
    put("SubjectAlternativeNames", json!(names));
    let own = match &certificate.origin {
        Origin::Imported {
            material,
            imported_at,
        } => imported(&material.leaf, &names, *imported_at, view.unsettled),
        Origin::Requested {
            names,
            validation_method,
            ..
        } => requested(names, validation_method),
    };
    if let Value::Object(own) = own {
        detail.extend(own);
    }
    Value::from(detail)
}

fn imported(
    leaf: &X509Facts,
    names: &[String],
    imported_at: OffsetDateTime,
    unsettled: Unsettled,
) -> Value {
    let certificate = &leaf.certificate;
    let names = names.iter().map(|name| json!({"DomainName": name}));
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
        "DomainValidationOptions": names.collect::<Value>(),
        "ExtendedKeyUsages": extended.collect::<Value>(),
        "ImportedAt": timestamp(imported_at),
        "Issuer": leaf.issuer(unsettled),
        "KeyUsages": key_usages.collect::<Value>(),
        "NotAfter": timestamp(certificate.not_after),
        "NotBefore": timestamp(certificate.not_before),
        // An imported certificate is in a log already, or never will be: ACM says DISABLED.
        "Options": {
            "CertificateTransparencyLoggingPreference": "DISABLED",
            "Export": "DISABLED",
        },
        "Serial": certificate.serial.to_string(),
        "SignatureAlgorithm": leaf.signature_algorithm,
        "Subject": leaf.subject,
    })
}

fn requested(names: &[String], validation_method: &str) -> Value {
    let options = names.iter().map(|name| {
        json!({
            "DomainName": name,
            "ValidationDomain": name,
            "ValidationStatus": "PENDING_VALIDATION",
            "ValidationMethod": validation_method,
        })
    });
    let main = names.first().map(String::as_str).unwrap_or_default();
    json!({
        "DomainValidationOptions": options.collect::<Value>(),
        "ExtendedKeyUsages": [],
        "Issuer": "Amazon",
        "KeyUsages": [],
        "Options": {
            "CertificateTransparencyLoggingPreference": "ENABLED",
            "Export": "DISABLED",
        },
        "SignatureAlgorithm": "SHA256WITHRSA",
        "Subject": format!("CN={main}"),
    })
}

/// The live service writes `RSA-2048` where its model says `RSA_2048` (ACK community, issue 2394).
pub(super) fn live_key_algorithm(name: &str) -> String {
    name.replacen('_', "-", 1)
}

/// Seconds since 1970 with milliseconds, as awsJson writes a time.
pub(super) fn timestamp(at: OffsetDateTime) -> Value {
    let milliseconds = at.unix_timestamp_nanos() / 1_000_000;
    #[allow(
        clippy::cast_precision_loss,
        reason = "exact below 2^53 ms: year 287,396"
    )]
    let seconds = milliseconds as f64 / 1_000.0;
    json!(seconds)
}
