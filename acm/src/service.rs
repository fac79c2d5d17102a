//! A call, from the wire to the operation: what holds for all of them, and those of imported
//! certificates. Those of requested ones are in `lifecycle`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::account::{Account, Place, partition_of};
use super::caller::{Caller, NoCaller, Signed};
use super::describe::detail;
use super::issue::Issuer;
use super::journal::{Entry, Journal};
use super::knobs::{Knobs, Meters};
use super::material::{Given, Material};
use super::refusal::Refusal;
use super::store::Store;
use super::stored::{Origin, Stored};
use super::tags::Tags;
use super::unsettled::TooManyTags;
use super::view::View;
use super::{list, reimport, requests, resource_tags, search, shape, tagging_api, tags};

/// What a local ACM is started with.
pub struct Options {
    /// Whose the requests are that name no other account.
    pub account: Account,
    /// The region of requests without a signature; the others name theirs.
    pub region: String,
    /// Where the certificates are kept; `None` for in memory only.
    pub data: Option<PathBuf>,
    /// Where the time comes from, unless a knob sets it.
    pub clock: fn() -> OffsetDateTime,
    /// How the knobs stand at the start and after a reset.
    pub knobs: Knobs,
}

impl Default for Options {
    /// In memory, with the system's clock, and as strict as AWS is likely to be.
    fn default() -> Self {
        Self {
            account: Account::default(),
            region: "us-east-1".to_owned(),
            data: None,
            clock: system_clock,
            knobs: Knobs::default(),
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a server of its own: a test that cares sets the knob"
)]
fn system_clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// ACM and, for certificates, the tagging API.
pub struct Service {
    options: Options,
    /// Signs what is requested.
    pub(super) issuer: Issuer,
    /// All certificates.
    pub(super) store: Store,
    /// How the knobs stand now.
    pub knobs: Knobs,
    /// How fast calls come.
    pub(super) meters: Meters,
    /// What was asked.
    pub journal: Journal,
}

/// One call as it came over the wire.
pub struct Call {
    /// `ImportCertificate`.
    pub operation: String,
    /// By whom and for which region; `None` for a request without a signature.
    pub signed: Option<Signed>,
    /// The body, a structure.
    pub request: Map<String, Value>,
}

impl Service {
    /// Starts with what is in the data folder.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be used or a file in it is damaged.
    pub fn open(options: Options) -> io::Result<Self> {
        Ok(Self {
            store: Store::open(options.data.as_deref(), &options.account)?,
            knobs: options.knobs.clone(),
            issuer: Issuer::default(),
            meters: Meters::default(),
            journal: Journal::default(),
            options,
        })
    }

    /// Answers one call, and notes it.
    ///
    /// # Errors
    ///
    /// What AWS refuses, in AWS's words.
    pub fn answer(&mut self, call: Call) -> Result<Value, Refusal> {
        let (place, caller) = self.caller_of(call.signed.as_ref());
        let mut arn = text_of(&call.request, "CertificateArn").map(str::to_owned);
        let answer = match caller {
            Ok(_) => self.dispatch(&call.operation, &place, call.request),
            Err(nobody) => Err(nobody.in_json()),
        };
        if let Ok(answer) = &answer {
            let made = answer.get("CertificateArn").and_then(Value::as_str);
            arn = arn.or(made.map(str::to_owned));
        }
        self.journal.add(Entry {
            time: self.now(),
            operation: call.operation,
            account: place.account,
            region: place.region,
            arn,
            assumption: None,
            outcome: Refusal::outcome(&answer),
        });
        answer
    }

    /// Who calls, and the place that the call is about. One by nobody is noted where the session was,
    /// or in the default account.
    pub(super) fn caller_of(&self, signed: Option<&Signed>) -> (Place, Result<Caller, NoCaller>) {
        let default = &self.options.account;
        let caller = Caller::of(signed, default, self.now());
        let account = match &caller {
            Ok(caller) => &caller.account,
            Err(NoCaller::Expired(account)) => account,
            Err(NoCaller::Unknown) => default,
        };
        let region = signed.map_or(&self.options.region, |signed| &signed.region);
        let place = Place {
            account: account.clone(),
            region: region.clone(),
        };
        (place, caller)
    }

    /// Whose the requests are that name no other account.
    #[must_use]
    pub fn default_account(&self) -> &Account {
        &self.options.account
    }

    /// How long the answer to a call is to be held back.
    pub(super) fn delay_of(&self, operation: &str, signed: Option<&Signed>) -> Duration {
        let (place, _) = self.caller_of(signed);
        self.knobs.delay_of(&place.account, operation)
    }

    fn dispatch(
        &mut self,
        operation: &str,
        place: &Place,
        request: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let Some(shape) = requests::request_of(operation) else {
            return Err(Refusal::new("UnknownOperationException", ""));
        };
        self.meters
            .take(place, operation, &self.knobs, Instant::now())?;
        self.check_tags(operation, &request)?;
        shape::check(shape, &request)?;
        let now = self.now();
        self.end_due_requests(now)?;
        let view = View {
            now,
            unsettled: self.knobs.unsettled,
        };
        self.perform(operation, place, request, &view)
    }

    /// What is judged of tags before the model.
    fn check_tags(&self, operation: &str, request: &Map<String, Value>) -> Result<(), Refusal> {
        // AWS judges the tags of a re-import last, but an empty list breaks the model first; either
        // way it is refused, and this sentence helps.
        if operation == "ImportCertificate"
            && ["CertificateArn", "Tags"]
                .iter()
                .all(|member| request.get(*member).is_some_and(|value| !value.is_null()))
        {
            return Err(Refusal::validation(
                "Tagging is not permitted on re-import.",
            ));
        }
        match (self.knobs.unsettled.too_many_tags, request.get("Tags")) {
            (TooManyTags::TooManyTagsException, Some(list)) => tags::check_count(list),
            _ => Ok(()),
        }
    }

    fn perform(
        &mut self,
        operation: &str,
        place: &Place,
        request: Map<String, Value>,
        view: &View,
    ) -> Result<Value, Refusal> {
        let now = view.now;
        match operation {
            "ImportCertificate" => self.import(place, request, view),
            "DescribeCertificate" => {
                let certificate = self.named(place, &request)?;
                Ok(json!({"Certificate": detail(certificate, view)}))
            }
            "GetCertificate" => self.get(place, &request),
            "ListCertificates" => list::list(&request, self.store.all(place), view),
            "SearchCertificates" => {
                let lag = self.knobs.lag_of(&place.account, operation);
                search::search(&request, self.store.all_as_of(place, lag), view)
            }
            "DeleteCertificate" => self.delete(place, &request),
            "ListTagsForCertificate" => {
                let certificate = self.named(place, &request)?;
                let without_value = view.unsettled.tag_without_value;
                Ok(json!({"Tags": certificate.tags.to_json(without_value)}))
            }
            "AddTagsToCertificate" | "RemoveTagsFromCertificate" => {
                self.change_tags(operation, place, &request)
            }
            "RequestCertificate" => self.request(place, &request, now),
            "ListCertificateDomainValidations" => self.list_validations(place, &request, now),
            "ResendValidationEmail" => self.resend(place, &request, now),
            "UpdateCertificateOptions" => self.update_options(place, &request, now),
            "ExportCertificate" => self.export(place, request),
            "RenewCertificate" => self.renew(place, &request, now),
            "RevokeCertificate" => self.revoke(place, &request, now),
            "GetAccountConfiguration" => Ok(self.store.configuration(place).to_json()),
            "PutAccountConfiguration" => self.put_configuration(place, &request, now),
            "TagResource" | "UntagResource" | "ListTagsForResource" => {
                let arn = text_of(&request, "ResourceArn").unwrap_or_default();
                Err(resource_tags::refusal(arn, operation))
            }
            "GetResources" => {
                let lag = self.knobs.lag_of(&place.account, operation);
                tagging_api::get_resources(&request, self.store.all_as_of(place, lag))
            }
            "TagResources" | "UntagResources" => Ok(self.tag_resources(place, &request)),
            _ => Err(Refusal::new("UnknownOperationException", "")),
        }
    }

    fn import(
        &mut self,
        place: &Place,
        mut request: Map<String, Value>,
        view: &View,
    ) -> Result<Value, Refusal> {
        let now = view.now;
        let current = match text_of(&request, "CertificateArn") {
            Some(arn) => Some(Arc::clone(self.existing(place, arn)?)),
            None => None,
        };
        if current
            .as_ref()
            .is_some_and(|current| current.imported().is_none())
        {
            return Err(Refusal::validation(
                "The certificate is not an imported certificate. Only certificates of type \
                 IMPORTED can be re-imported.",
            ));
        }
        let reserved = view.unsettled.reserved_tag;
        let tags = match request.get("Tags") {
            Some(list) => Tags::default().with(&tags::given(list), reserved)?,
            None => Tags::default(),
        };
        let key = blob(&mut request, "PrivateKey");
        let chain = blob(&mut request, "CertificateChain");
        let certificate = blob(&mut request, "Certificate").unwrap_or_default();
        let given = Given {
            certificate: &certificate,
            private_key: key.as_deref().map(Vec::as_slice).unwrap_or_default(),
            chain: chain.as_deref().map(Vec::as_slice),
        };
        let material = Material::judge(&given, view)?;
        if let Some(before) = current.as_ref().and_then(|current| current.imported()) {
            reimport::check(&before.leaf, &material.leaf)?;
        }
        self.check_quotas(place, current.is_none(), now)?;
        let origin = Origin::Imported {
            material: Box::new(material),
            imported_at: now,
        };
        let stored = match current {
            Some(current) => Stored {
                origin,
                ..Stored::clone(&current)
            },
            None => self.new_certificate(place, tags, origin, now)?,
        };
        let arn = stored.arn.clone();
        self.store.put(stored)?;
        self.store.note_import(place, now);
        Ok(json!({"CertificateArn": arn}))
    }

    fn check_quotas(
        &self,
        place: &Place,
        is_new: bool,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let quota = self.knobs.quota_of(&place.account);
        if is_new && self.store.count_imported(place) >= quota.certificates {
            return Err(Refusal::quota(format!(
                "You have reached the maximum number of certificates. Delete certificates that \
                 are not in use, or contact AWS Support to request an increase. The quota is {}.",
                quota.certificates
            )));
        }
        let year_ago = now - time::Duration::days(365);
        if self.store.count_imports_since(place, year_ago) >= quota.imports_per_year {
            return Err(Refusal::quota(format!(
                "You have imported the maximum number of {} certificates in the last year.",
                quota.imports_per_year
            )));
        }
        Ok(())
    }

    fn get(&self, place: &Place, request: &Map<String, Value>) -> Result<Value, Refusal> {
        let certificate = self.named(place, request)?;
        let Some(material) = certificate.material() else {
            return Err(Refusal::in_progress());
        };
        let mut answer = json!({"Certificate": material.certificate_pem});
        if let (Some(chain), Some(answer)) = (material.shown_chain(), answer.as_object_mut()) {
            answer.insert("CertificateChain".to_owned(), json!(chain));
        }
        Ok(answer)
    }

    fn delete(&mut self, place: &Place, request: &Map<String, Value>) -> Result<Value, Refusal> {
        let certificate = Arc::clone(self.named(place, request)?);
        let Stored { arn, .. } = &*certificate;
        if certificate.is_in_use() {
            return Err(Refusal::in_use(arn));
        }
        self.store.remove(arn)?;
        Ok(json!({}))
    }

    fn change_tags(
        &mut self,
        operation: &str,
        place: &Place,
        request: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let given = request.get("Tags").map(tags::given).unwrap_or_default();
        let reserved = self.knobs.unsettled.reserved_tag;
        let certificate = self.named(place, request)?;
        let tags = match operation {
            "AddTagsToCertificate" => certificate.tags.with(&given, reserved)?,
            _ => certificate.tags.without(&given, reserved)?,
        };
        let changed = Stored {
            tags,
            ..Stored::clone(certificate)
        };
        self.store.put(changed)?;
        Ok(json!({}))
    }

    fn put_configuration(
        &mut self,
        place: &Place,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let configuration = self.store.configuration(place).with(request, now)?;
        self.store.put_configuration(place, configuration)?;
        Ok(json!({}))
    }

    fn tag_resources(&mut self, place: &Place, request: &Map<String, Value>) -> Value {
        let added = request.get("Tags").and_then(Value::as_object);
        let added: Vec<tags::GivenTag<'_>> = added
            .into_iter()
            .flatten()
            .map(|(key, value)| tags::GivenTag {
                key,
                value: value.as_str(),
            })
            .collect();
        let removed: Vec<tags::GivenTag<'_>> = tagging_api::strings(request.get("TagKeys"))
            .into_iter()
            .map(|key| tags::GivenTag { key, value: None })
            .collect();
        let reserved = self.knobs.unsettled.reserved_tag;
        let mut failed = Map::new();
        for arn in tagging_api::strings(request.get("ResourceARNList")) {
            let outcome = self.existing(place, arn).cloned().and_then(|certificate| {
                let tags = certificate
                    .tags
                    .without(&removed, reserved)?
                    .with(&added, reserved)?;
                self.store.put(Stored {
                    tags,
                    ..Stored::clone(&certificate)
                })
            });
            if let Err(refusal) = outcome {
                failed.insert(arn.to_owned(), tagging_api::failure(&refusal));
            }
        }
        json!({"FailedResourcesMap": failed})
    }

    /// Sets what uses the certificate `arn`. There is no such call in AWS.
    ///
    /// # Errors
    ///
    /// Where there is no such certificate.
    pub fn set_in_use_by(&mut self, arn: &str, in_use_by: Vec<String>) -> Result<(), Refusal> {
        let certificate = self.kept(arn)?;
        let changed = Stored {
            in_use_by,
            ..Stored::clone(certificate)
        };
        self.store.put(changed)
    }

    /// Forgets all certificates, the configuration, the journal and the knobs.
    ///
    /// # Errors
    ///
    /// Where the data folder cannot be written.
    pub fn reset(&mut self) -> Result<(), Refusal> {
        self.store.clear()?;
        self.set_knobs(self.options.knobs.clone());
        self.journal.clear();
        Ok(())
    }

    /// Turns all knobs; rates start anew.
    pub fn set_knobs(&mut self, knobs: Knobs) {
        self.knobs = knobs;
        self.meters = Meters::default();
    }

    /// The instant that all is judged at.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.knobs.now.unwrap_or_else(self.options.clock)
    }

    /// The certificate of a request that names one.
    ///
    /// Source of the sentence: `WaiterError.last_response` of DescribeCertificate, quoted in public.
    pub(super) fn named(
        &self,
        place: &Place,
        request: &Map<String, Value>,
    ) -> Result<&Arc<Stored>, Refusal> {
        let arn = text_of(request, "CertificateArn").unwrap_or_default();
        self.find(place, arn)?.ok_or_else(|| {
            let account = &place.account;
            not_found(&format!("certificate {arn} in account {account}"))
        })
    }

    /// The certificate `arn`.
    ///
    /// Source of the sentence: ImportCertificate onto an ARN that is gone, quoted in public.
    pub(super) fn existing(&self, place: &Place, arn: &str) -> Result<&Arc<Stored>, Refusal> {
        self.find(place, arn)?
            .ok_or_else(|| not_found(&format!("certificate {arn}")))
    }

    /// The certificate `arn`, if it is there.
    ///
    /// # Errors
    ///
    /// `InvalidArnException` where `arn` names something else.
    fn find(&self, place: &Place, arn: &str) -> Result<Option<&Arc<Stored>>, Refusal> {
        if !arn
            .rsplit(':')
            .next()
            .is_some_and(|resource| resource.starts_with("certificate/"))
        {
            return Err(Refusal::new(
                "InvalidArnException",
                format!("The ARN {arn} does not name a certificate."),
            ));
        }
        let found = self.store.get(arn);
        Ok(found.filter(|certificate| place.has(&certificate.arn)))
    }

    /// The certificate `arn`, of whatever account, for what AWS has no call for.
    pub(super) fn kept(&self, arn: &str) -> Result<&Arc<Stored>, Refusal> {
        self.store
            .get(arn)
            .ok_or_else(|| not_found(&format!("certificate {arn}")))
    }

    /// A certificate that has not been there before.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers.
    pub(super) fn new_certificate(
        &mut self,
        place: &Place,
        tags: Tags,
        origin: Origin,
        now: OffsetDateTime,
    ) -> Result<Stored, Refusal> {
        let Place { account, region } = place;
        let partition = partition_of(region);
        let id = random_uuid()?;
        Ok(Stored {
            arn: format!("arn:{partition}:acm:{region}:{account}:certificate/{id}"),
            sequence: self.store.take_sequence(),
            created_at: now,
            tags,
            in_use_by: Vec::new(),
            origin,
        })
    }
}

/// `ResourceNotFoundException`, in AWS's words.
fn not_found(what: &str) -> Refusal {
    Refusal::new(
        "ResourceNotFoundException",
        format!("Could not find {what}."),
    )
}

/// A random UUID (RFC 9562, section 5.4).
///
/// # Errors
///
/// Where the system has no random numbers.
pub(super) fn random_uuid() -> Result<String, Refusal> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Refusal::internal("the system has no random numbers"))?;
    Ok(uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string())
}

/// A text of the request.
pub(super) fn text_of<'a>(request: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    request.get(member).and_then(Value::as_str)
}

/// Takes a blob out of the request, so that its text is wiped.
pub(super) fn blob(request: &mut Map<String, Value>, member: &str) -> Option<Zeroizing<Vec<u8>>> {
    match request.remove(member)? {
        Value::String(text) => {
            let text = Zeroizing::new(text);
            BASE64_STANDARD
                .decode(text.as_bytes())
                .ok()
                .map(Zeroizing::new)
        }
        _ => None,
    }
}
