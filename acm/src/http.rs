//! awsJson1_1 over HTTP, and beside it the knobs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::knobs::Knobs;
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
    let operation = operation(&headers);
    let delay = locked(&service).knobs.delay_of(&operation);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let answer = object(&body).and_then(|request| {
        locked(&service).answer(Call {
            region: region(&headers),
            operation,
            request,
        })
    });
    respond(answer)
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

/// The region in the scope of a version 4 signature, which is not verified.
fn region(headers: &HeaderMap) -> Option<String> {
    let authorization = headers.get("authorization")?.to_str().ok()?;
    let (_, scope) = authorization.split_once("Credential=")?;
    let region = scope.split('/').nth(2)?;
    let is_region = !region.is_empty()
        && region
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    is_region.then(|| region.to_owned())
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

async fn show_knobs(State(service): State<Shared>) -> Response {
    respond(Ok(json!(locked(&service).knobs)))
}

/// The whole state of the knobs: what is left out goes back to its default. `{"rate": "aws"}` sets
/// the rates of AWS.
async fn set_knobs(State(service): State<Shared>, body: Bytes) -> Response {
    let knobs = object(&body).and_then(|mut knobs| {
        if knobs.get("rate").is_some_and(|rate| rate == "aws") {
            knobs.insert("rate".to_owned(), json!(Knobs::rates_of_aws()));
        }
        serde_json::from_value::<Knobs>(Value::from(knobs))
            .map_err(|error| Refusal::unreadable(format!("wrong knobs: {error}")))
    });
    respond(knobs.map(|knobs| {
        let answer = json!(knobs);
        locked(&service).set_knobs(knobs);
        answer
    }))
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

async fn log(State(service): State<Shared>) -> Response {
    let entries: Vec<Value> = locked(&service)
        .journal
        .entries()
        .map(|entry| json!(entry))
        .collect();
    respond(Ok(Value::from(entries)))
}

/// A call that panicked has changed nothing: a change is one assignment at its end.
fn locked(service: &Shared) -> MutexGuard<'_, Service> {
    service.lock().unwrap_or_else(PoisonError::into_inner)
}
