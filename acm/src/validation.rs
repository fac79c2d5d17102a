//! How the names of a request are validated, and what the answers say of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::answer::{timestamp, with_present};
use super::refusal::Refusal;
use certdrop::certificate::hexadecimal;

/// How the names of one request are validated.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Validation {
    /// As requested.
    pub method: Method,
    /// Where mail for a name goes, if not to the name itself.
    pub mail_domains: BTreeMap<String, String>,
    /// From when on records and mail addresses are shown.
    #[serde(with = "time::serde::rfc3339")]
    pub shown_at: OffsetDateTime,
    /// The change from mail to DNS, if one was asked for.
    pub migration: Option<Migration>,
}

/// The change of the method from mail to DNS.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Migration {
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub requested_at: OffsetDateTime,
    /// When it is done; `None` for never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ends_at: Option<OffsetDateTime>,
}

/// `ValidationMethod` of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    /// A CNAME record.
    Dns,
    /// A link in a mail.
    Email,
    /// A page on the web server.
    Http,
}

/// `DomainStatus` of the model.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum DomainStatus {
    /// Nothing has been found yet.
    #[serde(rename = "PENDING_VALIDATION")]
    Pending,
    /// The name is validated.
    #[serde(rename = "SUCCESS")]
    Success,
    /// It never will be.
    #[serde(rename = "FAILED")]
    Failed,
}

/// The certificate that a question is about.
pub(super) struct Asked<'a> {
    /// Its ARN: its account and region are part of the challenges.
    pub arn: &'a str,
    /// Its names.
    pub names: &'a [String],
    /// How far each of them is.
    pub status: DomainStatus,
    /// When the question is asked.
    pub now: OffsetDateTime,
}

impl Validation {
    /// The method that is in force at `now`.
    pub(super) fn method(&self, now: OffsetDateTime) -> Method {
        match self.migration {
            Some(migration) if migration.is_done(now) => Method::Dns,
            _ => self.method,
        }
    }

    /// `DomainValidationOptions`.
    pub(super) fn options(&self, asked: &Asked<'_>) -> Value {
        let method = self.method(asked.now);
        let option = |name: &String| {
            let (member, challenge) = self.challenge(method, name, asked);
            let option = json!({
                "DomainName": name,
                "ValidationDomain": self.mail_domain(name),
                "ValidationMethod": method,
                "ValidationStatus": asked.status,
            });
            with_present(option, [(member, challenge)])
        };
        asked.names.iter().map(option).collect()
    }

    /// `UpdateSummary`; `None` where no change of the method was asked for.
    pub(super) fn update_summary(&self, now: OffsetDateTime) -> Option<Value> {
        let migration = self.migration?;
        let done_at = migration.ends_at.filter(|_| migration.is_done(now));
        let status = if done_at.is_some() {
            "SUCCESS"
        } else {
            "PENDING_DOMAIN_VALIDATION"
        };
        Some(json!({
            "Status": status,
            "Type": "DOMAIN_VALIDATION_METHOD",
            "DomainValidationMethodUpdateSummary": {"From": self.method, "To": Method::Dns},
            "RequestedAt": timestamp(migration.requested_at),
            "UpdatedAt": timestamp(done_at.unwrap_or(migration.requested_at)),
        }))
    }

    /// ListCertificateDomainValidations.
    ///
    /// # Errors
    ///
    /// `InvalidArgsException` for a token that was never given out.
    pub(super) fn list(
        &self,
        request: &Map<String, Value>,
        asked: &Asked<'_>,
    ) -> Result<Value, Refusal> {
        let start = match request.get("NextToken").and_then(Value::as_str) {
            Some(token) => place_of(token)?,
            None => 0,
        };
        let length = request.get("MaxItems").and_then(Value::as_u64);
        let length = length.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let page = asked.names.iter().skip(start).take(length);
        let summaries = page.map(|name| self.summary(name, asked));
        let answer = json!({"DomainValidationSummaryList": summaries.collect::<Value>()});
        let end = start.saturating_add(length);
        let next = (end < asked.names.len()).then(|| token_of(end));
        Ok(with_present(answer, [("NextToken", next.map(Value::from))]))
    }

    /// `DomainValidationSummary`.
    fn summary(&self, name: &str, asked: &Asked<'_>) -> Value {
        let active = self.configuration(self.method(asked.now), asked.status, name, asked);
        let is_changing = self.migration.is_some_and(|m| !m.is_done(asked.now));
        let requested = is_changing
            .then(|| self.configuration(Method::Dns, DomainStatus::Pending, name, asked));
        with_present(
            json!({"DomainName": name, "ActiveValidationConfiguration": active}),
            [("RequestedValidationConfiguration", requested)],
        )
    }

    /// `ValidationConfiguration`.
    fn configuration(
        &self,
        method: Method,
        status: DomainStatus,
        name: &str,
        asked: &Asked<'_>,
    ) -> Value {
        let (member, challenge) = self.challenge(method, name, asked);
        let challenge = challenge.and_then(|challenge| match method {
            Method::Dns => Some(json!({"DnsValidationChallenge": {member: challenge}})),
            Method::Email => Some(json!({"EmailValidationChallenge": {
                member: challenge, "ValidationDomain": self.mail_domain(name),
            }})),
            // The model has none.
            Method::Http => None,
        });
        with_present(
            json!({"ValidationMethod": method, "ValidationStatus": status}),
            [("ValidationChallenge", challenge)],
        )
    }

    /// What the owner of `name` has to do, with its member in `DomainValidation`. A record is not
    /// there at once (recorded by LocalStack and Cloud Custodian); the list of mail addresses is,
    /// and is empty at first (recorded by LocalStack).
    fn challenge(
        &self,
        method: Method,
        name: &str,
        asked: &Asked<'_>,
    ) -> (&'static str, Option<Value>) {
        let is_shown = self.shown_at <= asked.now;
        match method {
            Method::Dns => ("ResourceRecord", is_shown.then(|| record(name, asked.arn))),
            Method::Http => ("HttpRedirect", is_shown.then(|| redirect(name, asked.arn))),
            Method::Email => {
                let addresses = is_shown.then(|| addresses(self.mail_domain(name)));
                (
                    "ValidationEmails",
                    Some(json!(addresses.unwrap_or_default())),
                )
            }
        }
    }

    /// Where mail for `name` goes.
    fn mail_domain<'a>(&'a self, name: &'a str) -> &'a str {
        self.mail_domains.get(name).map_or(name, String::as_str)
    }
}

impl Migration {
    /// The new method is in force.
    pub(super) fn is_done(&self, now: OffsetDateTime) -> bool {
        self.ends_at.is_some_and(|at| at <= now)
    }
}

/// Whether mail that is to validate `name` may go to `domain`: to the name itself or to one above it.
///
/// Source: API reference of `DomainValidationOption` and ResendValidationEmail.
pub(super) fn may_validate(domain: &str, name: &str) -> bool {
    let (domain, name) = (base(domain).to_lowercase(), base(name).to_lowercase());
    name.strip_suffix(&domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// `ResourceRecord`: the same for a name and its wildcard, and for every request of an account
/// (recorded by LocalStack; Terraform's test `validationRecordFqdnsWildcardAndRoot`).
fn record(name: &str, arn: &str) -> Value {
    let base = base(name);
    let account = arn.split(':').nth(4).unwrap_or_default();
    let [key, value, zone] =
        ["name", "value", "zone"].map(|part| token(&format!("{part} {account} {base}")));
    let zone: String = zone.chars().filter(char::is_ascii_alphabetic).collect();
    json!({
        "Name": format!("_{key}.{base}."),
        "Type": "CNAME",
        "Value": format!("_{value}.{zone}.acm-validations.aws."),
    })
}

/// `HttpRedirect`. The paths are inferred.
fn redirect(name: &str, arn: &str) -> Value {
    let base = base(name);
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let path = format!(
        ".well-known/pki-validation/{}.txt",
        token(&format!("page {account} {base}"))
    );
    json!({
        "RedirectFrom": format!("http://{base}/{path}"),
        "RedirectTo": format!("https://validation.{region}.acm-validations.aws/{account}/{path}"),
    })
}

/// Source: ACM User Guide, "Email validation".
fn addresses(domain: &str) -> Vec<String> {
    let domain = base(domain);
    let domain = domain.strip_prefix("www.").unwrap_or(domain);
    [
        "admin",
        "administrator",
        "hostmaster",
        "postmaster",
        "webmaster",
    ]
    .map(|user| format!("{user}@{domain}"))
    .to_vec()
}

fn base(name: &str) -> &str {
    name.strip_prefix("*.").unwrap_or(name)
}

/// 32 hexadecimal digits, as ACM's own have.
fn token(of: &str) -> String {
    let digest = digest::digest(&digest::SHA256, of.as_bytes());
    let half = digest.as_ref().get(..16).unwrap_or_default();
    hexadecimal(half, "")
}

fn token_of(place: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(place.to_string())
}

fn place_of(token: &str) -> Result<usize, Refusal> {
    let invalid = || Refusal::new("InvalidArgsException", "The provided token is not valid.");
    let decoded = BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| invalid())?;
    let text = String::from_utf8(decoded).map_err(|_| invalid())?;
    text.parse().map_err(|_| invalid())
}
