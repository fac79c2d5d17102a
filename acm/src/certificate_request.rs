//! RequestCertificate: what a request may ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use ring::digest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::knobs::CertificateRequests;
use super::refusal::Refusal;
use super::requested::{
    Authority, CertificateUsage, N2, Progress, Requested, RootHierarchy, Switch,
};
use super::tagging_api::strings;
use super::validation::{Method, Validation, may_validate};
use certdrop::certificate::hexadecimal;

/// Judges `request`, which has passed the model and may have `quota` names, as it stands at `now`.
///
/// # Errors
///
/// The first rule that is broken.
pub(super) fn judge(
    request: &Map<String, Value>,
    quota: usize,
    requests: CertificateRequests,
    now: OffsetDateTime,
) -> Result<Requested, Refusal> {
    let names = names(request);
    check_names(&names, quota)?;
    let key_algorithm = text(request, "KeyAlgorithm").unwrap_or("RSA_2048");
    let authority = if let Some(arn) = text(request, "CertificateAuthorityArn") {
        private(request, arn)?
    } else {
        check_public_key(key_algorithm)?;
        public(request, &names, requests, now)?
    };
    let options = request.get("Options").and_then(Value::as_object);
    let option = |member: &str| options.and_then(|options| choice(options, member));
    Ok(Requested {
        key_algorithm: key_algorithm.to_owned(),
        transparency_logging: option("CertificateTransparencyLoggingPreference")
            .unwrap_or(Switch::Enabled),
        export: option("Export").unwrap_or(Switch::Disabled),
        idempotency: fingerprint(request),
        progress: Progress::Pending {
            ends_at: match authority {
                // A private authority waits for nobody.
                Authority::Private { .. } => Some(now + milliseconds(requests.shown_after_ms)),
                Authority::Public { .. } => requests.end_after_ms.map(|ms| now + milliseconds(ms)),
            },
            end: requests.end,
        },
        authority,
        names,
    })
}

/// What a repeated request is recognised by: all of it, where it has a token. What ACM makes of a
/// known token with other parameters is inferred: another request.
///
/// Source: API reference of RequestCertificate.
pub(super) fn fingerprint(request: &Map<String, Value>) -> Option<String> {
    text(request, "IdempotencyToken")?;
    let whole = Value::from(request.clone()).to_string();
    let digest = digest::digest(&digest::SHA256, whole.as_bytes());
    Some(hexadecimal(digest.as_ref(), ""))
}

/// Source: API reference of RequestCertificate: tokens are forgotten after an hour.
pub(super) const TOKEN_LIFE: time::Duration = time::Duration::HOUR;

/// Of so many milliseconds.
pub(super) fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The main name and the others, each once.
fn names(request: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let others = strings(request.get("SubjectAlternativeNames"));
    for name in text(request, "DomainName").into_iter().chain(others) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn check_names(names: &[String], quota: usize) -> Result<(), Refusal> {
    if names.len() > quota {
        return Err(Refusal::quota("Certificate has too many domains."));
    }
    if names.first().is_some_and(|main| main.len() > MAIN_NAME) {
        return Err(Refusal::validation(format!(
            "The domain name must not be longer than {MAIN_NAME} characters."
        )));
    }
    Ok(())
}

/// Source: API reference of RequestCertificate, `DomainName` (the common name's limit in RFC 5280).
const MAIN_NAME: usize = 64;

/// Source: API reference of RequestCertificate, `KeyAlgorithm`. The code is inferred.
fn check_public_key(algorithm: &str) -> Result<(), Refusal> {
    if ["RSA_2048", "EC_prime256v1", "EC_secp384r1"].contains(&algorithm) {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "The key algorithm {algorithm} is supported for imported certificates only."
    )))
}

fn private(request: &Map<String, Value>, arn: &str) -> Result<Authority, Refusal> {
    if text(request, "RootHierarchyType").is_some() {
        return Err(Refusal::validation(
            "RootHierarchyType cannot be combined with CertificateAuthorityArn.",
        ));
    }
    let arn = arn.to_owned();
    Ok(Authority::Private { arn })
}

fn public(
    request: &Map<String, Value>,
    names: &[String],
    requests: CertificateRequests,
    now: OffsetDateTime,
) -> Result<Authority, Refusal> {
    let method = choice(request, "ValidationMethod").unwrap_or(Method::Email);
    Ok(Authority::Public {
        n2: n2(request, method)?,
        validation: Validation {
            method,
            mail_domains: mail_domains(request, names)?,
            shown_at: now + milliseconds(requests.shown_after_ms),
            migration: None,
        },
    })
}

/// Source: API reference of RequestCertificate, `CertificateUsage` and `RootHierarchyType`. The
/// texts are inferred.
fn n2(request: &Map<String, Value>, method: Method) -> Result<Option<N2>, Refusal> {
    let usage: Option<CertificateUsage> = choice(request, "CertificateUsage");
    let Some(root) = choice(request, "RootHierarchyType") else {
        return match usage {
            None => Ok(None),
            Some(_) => Err(Refusal::validation(
                "CertificateUsage can be specified with RootHierarchyType only.",
            )),
        };
    };
    if method != Method::Dns {
        return Err(Refusal::validation(
            "An Amazon N2 certificate must be requested with the validation method DNS.",
        ));
    }
    let usage = usage.unwrap_or(CertificateUsage::ClientAndServerAuth);
    if usage == CertificateUsage::ClientAuthOnly && root != RootHierarchy::Amazon {
        return Err(Refusal::validation(
            "CLIENT_AUTH_ONLY is valid for the root hierarchy N2_AMAZON_MANAGED only.",
        ));
    }
    Ok(Some(N2 { root, usage }))
}

/// `DomainValidationOptions`: where mail goes.
fn mail_domains(
    request: &Map<String, Value>,
    names: &[String],
) -> Result<BTreeMap<String, String>, Refusal> {
    let options = request
        .get("DomainValidationOptions")
        .and_then(Value::as_array);
    let mut domains = BTreeMap::new();
    for option in options.into_iter().flatten().filter_map(Value::as_object) {
        let name = text(option, "DomainName").unwrap_or_default();
        let domain = text(option, "ValidationDomain").unwrap_or_default();
        check_mail_domain(names, name, domain)?;
        domains.insert(name.to_owned(), domain.to_owned());
    }
    Ok(domains)
}

/// Judges where mail is to go, for RequestCertificate and ResendValidationEmail.
///
/// Source: API reference of `DomainValidationOption`. The texts are inferred.
///
/// # Errors
///
/// `InvalidDomainValidationOptionsException` for a name that was not requested, and for a domain
/// that is neither the name nor above it.
pub(super) fn check_mail_domain(names: &[String], name: &str, domain: &str) -> Result<(), Refusal> {
    let refuse = |message: String| Refusal::new("InvalidDomainValidationOptionsException", message);
    if !names.iter().any(|known| known == name) {
        return Err(refuse(format!(
            "The domain name {name} is not in the certificate request."
        )));
    }
    if !may_validate(domain, name) {
        return Err(refuse(format!(
            "The validation domain {domain} must be {name} or a superdomain of it."
        )));
    }
    Ok(())
}

/// A member whose words the model has checked.
pub(super) fn choice<T: DeserializeOwned>(members: &Map<String, Value>, member: &str) -> Option<T> {
    serde_json::from_value(members.get(member)?.clone()).ok()
}

fn text<'a>(members: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    members.get(member).and_then(Value::as_str)
}
