//! awsJson1_1 and the query protocol over HTTP, and beside them the knobs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::caller::Signed;
use super::knobs::{AccountKnobs, Knobs};
use super::query;
use super::refusal::Refusal;
use super::requested::End;
use super::service::{Call, Service, random_uuid};

type Shared = Arc<Mutex<Service>>;

/// All paths: `/` is AWS, everything under `/_certdrop` is ours.
pub(super) fn router(service: Service) -> Router {
    Router::new()
        .route("/", post(aws))
        .route("/_certdrop/knobs", get(show_knobs).post(set_knobs))
        .route("/_certdrop/in-use", post(set_in_use))
        .route("/_certdrop/end-request", post(end_request))
        .route("/_certdrop/reset", post(reset))
        .route("/_certdrop/log", get(log))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(Mutex::new(service)))
}

/// A chain of 2 MiB is 2.8 MiB in base64; certificate, key and tags are small.
const MAX_BODY: usize = 4 * 1024 * 1024;

async fn aws(State(service): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    if is_form(&headers) {
        return sts(&service, &headers, &body).await;
    }
    let (operation, signed) = (operation(&headers), signed(&headers));
    hold_back(&service, &operation, signed.as_ref()).await;
    let answer = object(&body).and_then(|request| {
        locked(&service).answer(Call {
            operation,
            signed,
            request,
        })
    });
    respond(answer)
}

/// Only the query protocol sends forms, and of the services here only STS speaks it.
fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type");
    content_type.is_some_and(|value| {
        value
            .as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    }) && !headers.contains_key("x-amz-target")
}

async fn sts(service: &Shared, headers: &HeaderMap, body: &[u8]) -> Response {
    let (operation, request) = query::read(body);
    let call = Call {
        operation,
        signed: signed(headers),
        request,
    };
    hold_back(service, &call.operation, call.signed.as_ref()).await;
    let answer = locked(service).answer_sts(&call);
    let status = answer.as_ref().err().map_or(200, Refusal::status);
    let request_id = random_uuid().unwrap_or_default();
    let document = query::written(&call.operation, answer.as_ref(), &request_id);
    Response::builder()
        .status(status)
        .header("content-type", "text/xml")
        .header("x-amzn-requestid", request_id)
        .body(Body::from(document))
        .unwrap_or_else(|_| status_only(StatusCode::INTERNAL_SERVER_ERROR))
}

async fn hold_back(service: &Shared, operation: &str, signed: Option<&Signed>) {
    let delay = locked(service).delay_of(operation, signed);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// The operation of a target that one of the two services has; an unknown name otherwise.
fn operation(headers: &HeaderMap) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    let (service, operation) = target
        .and_then(|target| target.split_once('.'))
        .unwrap_or_default();
    let tags_only = ["GetResources", "TagResources", "UntagResources"].contains(&operation);
    match service {
        "CertificateManager" if !tags_only => operation.to_owned(),
        "ResourceGroupsTaggingAPI_20170126" if tags_only => operation.to_owned(),
        _ => format!("unknown: {}", target.unwrap_or("no X-Amz-Target")),
    }
}

/// Access key and region of a version 4 signature, which is not verified.
fn signed(headers: &HeaderMap) -> Option<Signed> {
    let authorization = headers.get("authorization")?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut parts = credential.split('/');
    let (access_key, region) = (parts.next()?, parts.nth(1)?);
    let is_region = !region.is_empty()
        && region
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let session_token = headers.get("x-amz-security-token");
    is_region.then(|| Signed {
        access_key: access_key.to_owned(),
        region: region.to_owned(),
        session_token: session_token
            .and_then(|token| token.to_str().ok())
            .map(str::to_owned),
    })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    // serde_json's error may quote the text, which may hold a key.
    serde_json::from_slice(body).map_err(|_| Refusal::unreadable("the body is not a JSON object"))
}

/// Source: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>
fn respond(answer: Result<Value, Refusal>) -> Response {
    let request_id = random_uuid().unwrap_or_default();
    let response = Response::builder()
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amzn-requestid", request_id);
    let (response, body) = match answer {
        Ok(body) => (response, body),
        Err(refusal) => {
            let mut body = json!({"__type": refusal.code});
            if let (false, Some(body)) = (refusal.message.is_empty(), body.as_object_mut()) {
                body.insert("message".to_owned(), json!(refusal.message));
            }
            let response = response
                .status(refusal.status())
                .header("x-amzn-errortype", refusal.code);
            (response, body)
        }
    };
    response
        .body(Body::from(body.to_string()))
        .unwrap_or_else(|_| status_only(StatusCode::INTERNAL_SERVER_ERROR))
}

fn status_only(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The account of `?account=222222222222`; `None` where the query has none.
fn account_in(query: Option<&str>) -> Result<Option<Account>, Refusal> {
    let parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    parameters
        .into_iter()
        .find(|(name, _)| name == "account")
        .map(|(_, account)| account.parse().map_err(Refusal::unreadable))
        .transpose()
}

async fn show_knobs(State(service): State<Shared>, RawQuery(query): RawQuery) -> Response {
    respond(account_in(query.as_deref()).map(|account| {
        let knobs = &locked(&service).knobs;
        match account {
            Some(account) => json!(knobs.accounts.get(&account).cloned().unwrap_or_default()),
            None => json!(knobs),
        }
    }))
}

/// The whole state of the knobs, or of those of one account: what is left out goes back to its
/// default. `{"rate": "aws"}` sets the rates of AWS.
async fn set_knobs(
    State(service): State<Shared>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    respond(account_in(query.as_deref()).and_then(|account| {
        let mut given = object(&body)?;
        spell_out_rates(&mut given);
        let mut service = locked(&service);
        let Some(account) = account else {
            let knobs: Knobs = knobs_of(given)?;
            let answer = json!(knobs);
            service.set_knobs(knobs);
            return Ok(answer);
        };
        let own: AccountKnobs = knobs_of(given)?;
        let answer = json!(own);
        let mut knobs = service.knobs.clone();
        knobs.accounts.insert(account, own);
        service.set_knobs(knobs);
        Ok(answer)
    }))
}

fn knobs_of<T: DeserializeOwned>(given: Map<String, Value>) -> Result<T, Refusal> {
    serde_json::from_value(Value::from(given))
        .map_err(|error| Refusal::unreadable(format!("wrong knobs: {error}")))
}

/// `"aws"` stands for the rates that AWS documents.
fn spell_out_rates(knobs: &mut Map<String, Value>) {
    if knobs.get("rate").is_some_and(|rate| rate == "aws") {
        knobs.insert("rate".to_owned(), json!(Knobs::rates_of_aws()));
    }
    let accounts = knobs.get_mut("accounts").and_then(Value::as_object_mut);
    for own in accounts.into_iter().flat_map(Map::values_mut) {
        if let Some(own) = own.as_object_mut() {
            spell_out_rates(own);
        }
    }
}

#[derive(Deserialize)]
struct InUse {
    arn: String,
    in_use_by: Vec<String>,
}

async fn set_in_use(State(service): State<Shared>, body: Bytes) -> Response {
    let request = serde_json::from_slice::<InUse>(&body)
        .map_err(|error| Refusal::unreadable(format!("wrong request: {error}")));
    respond(request.and_then(|InUse { arn, in_use_by }| {
        locked(&service).set_in_use_by(&arn, in_use_by)?;
        Ok(json!({}))
    }))
}

#[derive(Deserialize)]
struct EndOfRequest {
    arn: String,
    #[serde(default = "issued")]
    end: End,
}

fn issued() -> End {
    End::Issued
}

async fn end_request(State(service): State<Shared>, body: Bytes) -> Response {
    let request = serde_json::from_slice::<EndOfRequest>(&body)
        .map_err(|error| Refusal::unreadable(format!("wrong request: {error}")));
    respond(request.and_then(|EndOfRequest { arn, end }| {
        locked(&service).end_request_now(&arn, end)?;
        Ok(json!({}))
    }))
}

async fn reset(State(service): State<Shared>) -> Response {
    let done = locked(&service).reset();
    respond(done.map(|()| json!({})))
}

/// The calls of one account; of the default one, where the query names none.
async fn log(State(service): State<Shared>, RawQuery(query): RawQuery) -> Response {
    respond(account_in(query.as_deref()).map(|account| {
        let service = locked(&service);
        let account = account.unwrap_or_else(|| service.default_account().clone());
        let entries = service.journal.entries(&account);
        entries.map(|entry| json!(entry)).collect::<Value>()
    }))
}

/// A call that panicked has changed nothing: a change is one assignment at its end.
fn locked(service: &Shared) -> MutexGuard<'_, Service> {
    service.lock().unwrap_or_else(PoisonError::into_inner)
}
