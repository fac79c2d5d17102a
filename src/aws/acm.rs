//! AWS Certificate Manager.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_acm::Client;
use aws_sdk_acm::primitives::Blob;
use aws_sdk_acm::types::{
    AcmCertificateMetadataFilter, CertificateFilter, CertificateFilterStatement,
    CertificateSearchResult, CertificateType, Tag, X509AttributeFilter, X509Attributes,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tracing::{debug, warn};

use super::fault::{Failure, Meaning, absent};
use super::fence::{Fence, Pass};
use crate::arn::CertificateArn;
use crate::binding::{Found, Standing};
use crate::certificate::{Certificate, SerialNumber};
use crate::certificate_detail::CertificateDetail;
use crate::fault::Fault;
use crate::own_tags::Pair;
use crate::tag::{BUNDLE_TAG, MANAGED_TAG};
use crate::validate::ValidatedBundle;

/// The certificates of this account and region.
#[derive(Clone)]
pub struct Acm {
    client: Client,
    /// Of an import: an attempt ends by itself, the whole by what the caller allows.
    import_limits: TimeoutConfig,
}

/// Where a certificate is to be imported.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    /// As a new certificate that carries this bundle's identity and the operator's own tags from the start.
    New {
        /// Value of the tag [`BUNDLE_TAG`].
        identity: &'a str,
        /// Tags beside those that say whose it is.
        own: &'a [Pair],
    },
    /// In place of this one. ACM keeps its tags and refuses to be given any.
    Existing(&'a CertificateArn),
}

/// What ACM answered to an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It has the certificate now.
    As(CertificateArn),
    /// It refuses the certificate, in these words.
    Refused(String),
    /// It takes no more imports for now. Nothing was done.
    Throttled,
}

/// What is known of a call that must not be carried out twice.
enum Effect<T> {
    /// It was carried out, and gave this.
    Took(T),
    /// It was refused, or never sent. It may be sent again.
    HadNone(Failure),
    /// It was sent, and no answer tells what became of it, for this reason. It must not be sent again.
    Unknown(String),
}

/// ImportCertificate has no idempotency token: sent twice, it makes two certificates. Only an error of the
/// request (a status of 400 to 499) says that nothing was done; a time-out is none, whoever reports it.
fn had_no_effect(is_sent: bool, status: Option<u16>) -> bool {
    !is_sent || status.is_some_and(|status| (400..500).contains(&status) && status != 408)
}

impl Acm {
    pub(super) fn new(config: &SdkConfig) -> Self {
        let limits = config.timeout_config().cloned();
        let limits = limits.unwrap_or_else(TimeoutConfig::disabled);
        let own = aws_sdk_acm::config::Builder::from(config)
            .retry_partition(super::patient("acm"))
            .timeout_config(lookup_limits(&limits))
            .build();
        Self {
            import_limits: limits.into_builder().disable_operation_timeout().build(),
            client: Client::from_conf(own),
        }
    }

    /// Sends `bundle` to ACM, once.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM could not take it now, or the quota is reached. A certificate to be
    /// replaced that is gone by now is transient: the next run finds that out. So is an import
    /// whose effect is not known; `fence` is unsettled then.
    pub async fn import(
        &self,
        bundle: &ValidatedBundle,
        destination: Destination<'_>,
        fence: &Fence,
    ) -> Result<Imported, Fault> {
        match self.send(bundle, destination, fence).await? {
            Effect::Took(arn) => Ok(Imported::As(arn)),
            Effect::HadNone(failure) => match failure.meaning() {
                Meaning::Refused => Ok(Imported::Refused(failure.message)),
                Meaning::Throttled => Ok(Imported::Throttled),
                Meaning::Absent => Err(Fault::transient(failure.to_string())),
                _ => Err(failure.into()),
            },
            Effect::Unknown(problem) => {
                fence.effect_is_unknown();
                Err(Fault::transient(format!(
                    "{problem}; ACM may have imported the certificate all the same, so it is looked for before it is sent again"
                )))
            }
        }
    }

    async fn send(
        &self,
        bundle: &ValidatedBundle,
        destination: Destination<'_>,
        fence: &Fence,
    ) -> Result<Effect<CertificateArn>, Fault> {
        debug!(?destination, "acm:ImportCertificate");
        let pass = fence.pass();
        let key = bundle.private_key_pem();
        let mut call = self
            .client
            .import_certificate()
            .certificate(Blob::new(bundle.certificate_pem()))
            .private_key(Blob::new(key.as_bytes()))
            .set_certificate_chain(bundle.chain_pem().map(Blob::new));
        call = match destination {
            Destination::Existing(arn) => call.certificate_arn(arn.as_str()),
            Destination::New { identity, own } => {
                let mut tags = vec![tag(BUNDLE_TAG, identity)?, tag(MANAGED_TAG, "true")?];
                tags.extend(built(own)?);
                call.set_tags(Some(tags))
            }
        };
        let settings = aws_sdk_acm::config::Builder::new()
            .timeout_config(self.import_limits.clone())
            .retry_classifier(OnlyUnsent(pass.clone()));
        let answer = call
            .customize()
            .config_override(settings)
            .interceptor(pass.clone())
            .send()
            .await;
        let subject = bundle.leaf().subject.to_string();
        Ok(match answer {
            Ok(answer) => {
                let arn = answer.certificate_arn.as_deref();
                arn.and_then(CertificateArn::parse).map_or_else(
                    || Effect::Unknown("ACM answered an import without an ARN".to_owned()),
                    Effect::Took,
                )
            }
            Err(error) => {
                let failure = Failure::new("acm:ImportCertificate", subject, &error);
                if had_no_effect(pass.is_sent(), failure.status()) {
                    Effect::HadNone(failure)
                } else {
                    Effect::Unknown(failure.to_string())
                }
            }
        })
    }

    /// What ACM has under `arn`, with the bundle that it carries the name of; `None` if nothing.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM cannot be asked.
    pub async fn find(&self, arn: &CertificateArn) -> Result<Option<Found>, Fault> {
        let (detail, tags) = tokio::try_join!(self.describe(arn), self.tags(arn))?;
        Ok(detail.zip(tags).map(|(detail, tags)| Found {
            arn: arn.clone(),
            detail,
            bundle_tag: tags.get(BUNDLE_TAG).cloned(),
            is_managed: tags.get(MANAGED_TAG).is_some_and(|value| value == "true"),
            tags,
        }))
    }

    /// What ACM says of `arn`; `None` if there is no such certificate.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM cannot be asked.
    pub async fn describe(&self, arn: &CertificateArn) -> Result<Option<CertificateDetail>, Fault> {
        debug!(%arn, "acm:DescribeCertificate");
        let answer = Answer::default();
        let call = self
            .client
            .describe_certificate()
            .certificate_arn(arn.as_str())
            .customize()
            .interceptor(answer.clone());
        let found = absent(call.send().await, "acm:DescribeCertificate", arn.as_str())?;
        found.map(|_| answer.detail()).transpose()
    }

    /// Describes `arn` until ACM shows `leaf`, at most for some seconds: the last answer, if any.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM cannot be asked.
    pub async fn describe_until_seen(
        &self,
        arn: &CertificateArn,
        leaf: &Certificate,
    ) -> Result<Option<CertificateDetail>, Fault> {
        // Waits of 0.1, 0.2, 0.4, 0.8 and 1.6 seconds: ACM is usually at once consistent, and what
        // it does not show after three seconds the next sweep will see.
        for wait in [100, 200, 400, 800, 1_600] {
            let detail = self.describe(arn).await?;
            if detail.as_ref().is_some_and(|detail| detail.shows(leaf)) {
                return Ok(detail);
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        self.describe(arn).await
    }

    /// Imported certificates with this serial number, which must have two octets or more. Answers lag behind by
    /// seconds. None where this ACM does not take the question: the search is the second net below the tags.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM does not answer.
    pub async fn find_by_serial(
        &self,
        serial: &SerialNumber,
    ) -> Result<Vec<CertificateArn>, Fault> {
        debug!(%serial, "acm:SearchCertificates");
        let mut pages = self
            .client
            .search_certificates()
            .filter_statement(imported_with(serial))
            .into_paginator()
            .send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => arns.extend(
                    page.results()
                        .iter()
                        .filter_map(|result| CertificateArn::parse(result.certificate_arn()?)),
                ),
                Err(error) => {
                    let failure =
                        Failure::new("acm:SearchCertificates", serial.to_string(), &error);
                    if matches!(failure.meaning(), Meaning::Transient | Meaning::Throttled) {
                        return Err(failure.into());
                    }
                    warn!(problem = %failure, "not searched by serial number");
                    break;
                }
            }
        }
        Ok(arns)
    }

    /// All imported certificates; `None` where this ACM has no search.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM cannot be asked.
    pub async fn imported(&self) -> Result<Option<HashMap<CertificateArn, Standing>>, Fault> {
        debug!("acm:SearchCertificates");
        let mut pages = self
            .client
            .search_certificates()
            .filter_statement(CertificateFilterStatement::Filter(imported()))
            .max_results(SEARCH_PAGE)
            .into_paginator()
            .send();
        let mut certificates = HashMap::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => certificates.extend(page.results().iter().filter_map(standing)),
                Err(error) => {
                    let failure =
                        Failure::new("acm:SearchCertificates", "all certificates", &error);
                    if failure.is_unknown_operation() {
                        warn!("this ACM has no SearchCertificates");
                        return Ok(None);
                    }
                    return Err(failure.into());
                }
            }
        }
        Ok(Some(certificates))
    }

    /// Gives a certificate that was adopted the name of its bundle.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM does not take the tags.
    pub async fn adopt(
        &self,
        arn: &CertificateArn,
        identity: &str,
        fence: &Fence,
    ) -> Result<(), Fault> {
        let named = [(BUNDLE_TAG, identity), (MANAGED_TAG, "true")];
        let named = named.map(|(key, value)| (key.to_owned(), value.to_owned()));
        self.add_tags(arn, &named, fence).await
    }

    /// Adds `tags` to a certificate; one whose key is there already gets the new value.
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM does not take the tags.
    pub async fn add_tags(
        &self,
        arn: &CertificateArn,
        tags: &[Pair],
        fence: &Fence,
    ) -> Result<(), Fault> {
        debug!(%arn, ?tags, "acm:AddTagsToCertificate");
        self.client
            .add_tags_to_certificate()
            .certificate_arn(arn.as_str())
            .set_tags(Some(built(tags)?))
            .customize()
            .interceptor(fence.pass())
            .send()
            .await
            .map_err(|error| Failure::new("acm:AddTagsToCertificate", arn.to_string(), &error))?;
        Ok(())
    }

    /// Removes those of `tags` that a certificate still has with these values.
    ///
    /// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_RemoveTagsFromCertificate.html>
    ///
    /// # Errors
    ///
    /// [`Fault`] where ACM does not let them go.
    pub async fn remove_tags(
        &self,
        arn: &CertificateArn,
        tags: &[Pair],
        fence: &Fence,
    ) -> Result<(), Fault> {
        debug!(%arn, ?tags, "acm:RemoveTagsFromCertificate");
        self.client
            .remove_tags_from_certificate()
            .certificate_arn(arn.as_str())
            .set_tags(Some(built(tags)?))
            .customize()
            .interceptor(fence.pass())
            .send()
            .await
            .map_err(|error| {
                Failure::new("acm:RemoveTagsFromCertificate", arn.to_string(), &error)
            })?;
        Ok(())
    }

    /// `None` if there is no such certificate.
    async fn tags(&self, arn: &CertificateArn) -> Result<Option<BTreeMap<String, String>>, Fault> {
        debug!(%arn, "acm:ListTagsForCertificate");
        let call = self
            .client
            .list_tags_for_certificate()
            .certificate_arn(arn.as_str());
        let answer = absent(
            call.send().await,
            "acm:ListTagsForCertificate",
            arn.as_str(),
        )?;
        let pair = |tag: Tag| (tag.key, tag.value.unwrap_or_default());
        Ok(answer.map(|answer| answer.tags.into_iter().flatten().map(pair).collect()))
    }
}

/// Looking something up takes no longer than three attempts, so that a region that does not answer leaves time
/// to tell what became of the bundle in the others.
fn lookup_limits(limits: &TimeoutConfig) -> TimeoutConfig {
    let whole = limits
        .operation_attempt_timeout()
        .map(|attempt| attempt * 3);
    let mut limits = limits.to_builder();
    limits.set_operation_timeout(whole);
    limits.build()
}

fn built(tags: &[Pair]) -> Result<Vec<Tag>, Fault> {
    tags.iter().map(|(key, value)| tag(key, value)).collect()
}

fn tag(key: &str, value: &str) -> Result<Tag, Fault> {
    let built = Tag::builder().key(key).value(value).build();
    built.map_err(|_| Fault::internal(format!("the tag {key} has no key")))
}

fn imported_with(serial: &SerialNumber) -> CertificateFilterStatement {
    let filter = CertificateFilterStatement::Filter;
    CertificateFilterStatement::And(vec![
        filter(CertificateFilter::X509AttributeFilter(
            X509AttributeFilter::SerialNumber(serial.to_string()),
        )),
        filter(imported()),
    ])
}

fn imported() -> CertificateFilter {
    CertificateFilter::AcmCertificateMetadataFilter(AcmCertificateMetadataFilter::Type(
        CertificateType::Imported,
    ))
}

fn standing(found: &CertificateSearchResult) -> Option<(CertificateArn, Standing)> {
    let arn = CertificateArn::parse(found.certificate_arn()?)?;
    let x509 = found.x509_attributes();
    let not_after = x509.and_then(X509Attributes::not_after);
    let standing = Standing {
        serial: x509
            .and_then(X509Attributes::serial_number)
            .and_then(SerialNumber::from_hexadecimal),
        not_after: not_after.and_then(|end| OffsetDateTime::from_unix_timestamp(end.secs()).ok()),
    };
    Some((arn, standing))
}

/// The most that a page of SearchCertificates may hold.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_SearchCertificates.html>
const SEARCH_PAGE: i32 = 500;

/// Keeps the body of an answer, because the SDK's types drop members and values that they do not
/// know, and a summary is to carry them all.
#[derive(Clone, Debug, Default)]
struct Answer(Arc<Mutex<Vec<u8>>>);

impl Answer {
    fn detail(&self) -> Result<CertificateDetail, Fault> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Described {
            certificate: Map<String, Value>,
        }
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&body)
            .map(|described: Described| CertificateDetail::from_answer(described.certificate))
            .map_err(|_| Fault::transient("DescribeCertificate gave no certificate"))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "Answer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        }
        Ok(())
    }
}

/// Lets the SDK send an import again only where the attempt before never left. What ACM refused is told to who
/// sends it: one that is throttled waits for its turn, which the SDK knows nothing of.
#[derive(Debug)]
struct OnlyUnsent(Pass);

impl ClassifyRetry for OnlyUnsent {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        if self.0.is_sent() {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "OnlyUnsent"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_or_a_request_that_was_not_sent_had_no_effect() {
        for (name, is_sent, status, expected) in [
            ("no connection", false, None, true),
            ("throttled, or refused", true, Some(400), true),
            ("denied", true, Some(403), true),
            (
                "the request took too long to arrive",
                true,
                Some(408),
                false,
            ),
            ("an answer that broke off", true, Some(200), false),
            ("unavailable", true, Some(503), false),
            ("no answer", true, None, false),
        ] {
            assert_eq!(had_no_effect(is_sent, status), expected, "{name}");
        }
    }
}
