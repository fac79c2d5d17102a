//! The operations on requested certificates, from the request to the revocation.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::account::Place;
use super::refusal::Refusal;
use super::requested::{End, FailureReason, Issued, Progress, Requested};
use super::service::{Service, blob, text_of};
use super::stored::{Origin, Stored};
use super::tags::{self, Tags};
use super::{certificate_options, certificate_request, export, renew, resend, revoke};

impl Service {
    /// A repeated request within its token's life is the same.
    pub(super) fn request(
        &mut self,
        place: &Place,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let fingerprint = certificate_request::fingerprint(request);
        let known = self.store.all(place).into_iter().find(|certificate| {
            let known = certificate.requested().and_then(|r| r.idempotency.as_ref());
            known.is_some()
                && known == fingerprint.as_ref()
                && now < certificate.created_at + certificate_request::TOKEN_LIFE
        });
        if let Some(known) = known {
            return Ok(json!({"CertificateArn": known.arn}));
        }
        let given = request.get("Tags").map(tags::given).unwrap_or_default();
        let reserved = self.knobs.unsettled.reserved_tag;
        let tags = Tags::default().with(&given, reserved)?;
        let quota = self.knobs.quota_of(&place.account).names;
        let requests = self.knobs.requests_of(&place.account);
        let requested = certificate_request::judge(request, quota, requests, now)?;
        let origin = Origin::Requested(Box::new(requested));
        let stored = self.new_certificate(place, tags, origin, now)?;
        let arn = stored.arn.clone();
        self.store.put(stored)?;
        Ok(json!({"CertificateArn": arn}))
    }

    /// Brings the requests to their end whose time has come.
    pub(super) fn end_due_requests(&mut self, now: OffsetDateTime) -> Result<(), Refusal> {
        for certificate in self.store.due(now) {
            let due = certificate.requested().and_then(|r| r.due(now));
            if let Some((at, end)) = due {
                self.end_request(&certificate, end, at)?;
            }
        }
        Ok(())
    }

    fn end_request(
        &mut self,
        certificate: &Stored,
        end: End,
        at: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let Some(requested) = certificate.requested() else {
            return Ok(());
        };
        let progress = match end {
            End::Issued => self.issue(requested, at),
            End::Failed(reason) => Progress::Failed(reason),
        };
        self.store.put(certificate.with(Requested {
            progress,
            ..requested.clone()
        }))
    }

    /// A certificate for `requested`; a request that OpenSSL cannot carry out has failed.
    fn issue(&mut self, requested: &Requested, at: OffsetDateTime) -> Progress {
        match self.issuer.issue(&requested.order(at)) {
            Ok((material, key)) => Progress::Issued(Box::new(Issued {
                at,
                material,
                key: requested.is_exportable().then_some(key),
                exported: false,
                revocation: None,
            })),
            Err(_) => Progress::Failed(FailureReason::Other),
        }
    }

    pub(super) fn export(
        &mut self,
        place: &Place,
        mut request: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let passphrase = blob(&mut request, "Passphrase").unwrap_or_default();
        let certificate = Arc::clone(self.named(place, &request)?);
        let (answer, requested) = export::export(&certificate, &passphrase)?;
        self.store.put(certificate.with(requested))?;
        Ok(answer)
    }

    pub(super) fn renew(
        &mut self,
        place: &Place,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let certificate = Arc::clone(self.named(place, request)?);
        renew::check(&certificate)?;
        self.end_request(&certificate, End::Issued, now)?;
        Ok(json!({}))
    }

    pub(super) fn revoke(
        &mut self,
        place: &Place,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let reason = text_of(request, "RevocationReason").unwrap_or_default();
        let certificate = self.named(place, request)?;
        let revoked = certificate.with(revoke::revoked(certificate, reason, now)?);
        let answer = json!({"CertificateArn": revoked.arn});
        self.store.put(revoked)?;
        Ok(answer)
    }

    pub(super) fn update_options(
        &mut self,
        place: &Place,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let none = Map::new();
        let options = request.get("Options").and_then(Value::as_object);
        let certificate = self.named(place, request)?;
        let updated = certificate_options::updated(
            certificate,
            options.unwrap_or(&none),
            self.knobs.requests_of(&place.account),
            now,
        )?;
        let updated = certificate.with(updated);
        self.store.put(updated)?;
        Ok(json!({}))
    }

    pub(super) fn resend(
        &self,
        place: &Place,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let text = |member: &str| text_of(request, member).unwrap_or_default();
        let (name, domain) = (text("Domain"), text("ValidationDomain"));
        resend::check(self.named(place, request)?, name, domain, now)?;
        Ok(json!({}))
    }

    pub(super) fn list_validations(
        &self,
        place: &Place,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let certificate = self.named(place, request)?;
        let requested = certificate.requested();
        let validated = requested.and_then(|r| Some((r, r.validation()?)));
        let (requested, validation) = validated.ok_or_else(|| {
            let why = "The domain names of this certificate are not validated by ACM.";
            Refusal::new("InvalidArgsException", why)
        })?;
        validation.list(request, &certificate.asked(requested, now))
    }

    /// Ends the request `arn` now. There is no such call in AWS.
    ///
    /// # Errors
    ///
    /// Where there is no such request, or it has ended.
    pub fn end_request_now(&mut self, arn: &str, end: End) -> Result<(), Refusal> {
        let now = self.now();
        self.end_due_requests(now)?;
        let certificate = Arc::clone(self.kept(arn)?);
        if certificate.status(now) != "PENDING_VALIDATION" {
            return Err(Refusal::unreadable(format!(
                "{arn} is no request that waits for its validation"
            )));
        }
        self.end_request(&certificate, end, now)
    }
}
