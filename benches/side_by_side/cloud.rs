//! As much of AWS as a function calls: S3 and SSM in memory, ACM by the local one. It answers at
//! once, or after a while that is the same for every call, so that what is measured is the caller.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufReader;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use certdrop_acm::{Call as AcmCall, Options, Quota, Service};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use crate::ACCOUNT;
use crate::REGION;

/// The services, each at a port of its own, as they have hosts of their own in AWS.
pub struct Cloud {
    /// By the name that the SDKs' settings have for them: `ACM`, `S3`.
    pub endpoints: Vec<(&'static str, String)>,
    shared: Arc<Shared>,
}

/// One call, as it was answered.
#[derive(Clone, Debug)]
pub struct Call {
    pub operation: String,
    pub began: Instant,
    pub ended: Instant,
}

struct Shared {
    latency: AtomicU64,
    calls: Mutex<Vec<Call>>,
    state: Mutex<State>,
}

struct State {
    objects: BTreeMap<String, Vec<Object>>,
    parameters: BTreeMap<String, (String, i64)>,
    acm: Service,
    written: u64,
}

/// One version.
struct Object {
    body: Bytes,
    etag: String,
    version: String,
    tags: Vec<(String, String)>,
}

const SERVICES: [&str; 5] = ["S3", "SSM", "ACM", "RESOURCE_GROUPS_TAGGING_API", "SNS"];

impl Cloud {
    /// Starts it; over TLS with a certificate and its key, both PEM, for `localhost`.
    pub async fn start(tls: Option<(&str, &str)>) -> Self {
        let shared = Arc::new(Shared {
            latency: AtomicU64::new(0),
            calls: Mutex::default(),
            state: Mutex::new(State::new()),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let acceptor = tls.map(acceptor);
        let mut endpoints = Vec::new();
        for service in SERVICES {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
            let port = listener.local_addr().expect("an address").port();
            // Some resolvers name the other loopback first.
            if let Ok(other) = TcpListener::bind(("::1", port)).await {
                tokio::spawn(accept(other, Arc::clone(&shared), acceptor.clone()));
            }
            tokio::spawn(accept(listener, Arc::clone(&shared), acceptor.clone()));
            endpoints.push((service, format!("{scheme}://localhost:{port}")));
        }
        Self { endpoints, shared }
    }

    /// From now on every call takes so much longer.
    pub fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).expect("short");
        self.shared.latency.store(micros, Ordering::Relaxed);
    }

    /// An empty account again.
    pub fn reset(&self) {
        *self.shared.state.lock().expect("the state") = State::new();
        self.clear();
    }

    /// Forgets the calls so far.
    pub fn clear(&self) {
        self.shared.calls.lock().expect("the calls").clear();
    }

    /// The calls so far, in the order in which they ended.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().expect("the calls").clone()
    }

    /// Puts an object; gives its version and ETag.
    pub fn put(&self, key: &str, body: &[u8]) -> (String, String) {
        let mut state = self.shared.state.lock().expect("the state");
        let object = state.put(key, Bytes::copy_from_slice(body));
        (object.version.clone(), object.etag.clone())
    }

    /// Writes a plain parameter.
    pub fn put_parameter(&self, name: &str, value: &str) {
        let mut state = self.shared.state.lock().expect("the state");
        state
            .parameters
            .insert(name.to_owned(), (value.to_owned(), 1));
    }

    /// Calls ACM as an administrator would.
    pub fn acm(&self, operation: &str, request: Value) -> Value {
        let mut state = self.shared.state.lock().expect("the state");
        let call = acm_call(operation.to_owned(), request);
        state.acm.answer(call).expect("ACM does it")
    }
}

impl State {
    fn new() -> Self {
        let mut options = Options {
            account: ACCOUNT.parse().expect("twelve digits"),
            region: REGION.to_owned(),
            ..Options::default()
        };
        options.knobs.quota = Quota {
            certificates: 1_000_000,
            imports_per_year: 1_000_000,
            ..Quota::default()
        };
        Self {
            objects: BTreeMap::new(),
            parameters: BTreeMap::new(),
            acm: Service::open(options).expect("an ACM in memory"),
            written: 0,
        }
    }

    fn put(&mut self, key: &str, body: Bytes) -> &Object {
        self.written += 1;
        let object = Object {
            etag: format!("\"{:032x}\"", self.written),
            version: format!("version-{:08}", self.written),
            body,
            tags: Vec::new(),
        };
        let versions = self.objects.entry(key.to_owned()).or_default();
        versions.push(object);
        versions.last().expect("it was pushed")
    }
}

fn acceptor((certificates, key): (&str, &str)) -> TlsAcceptor {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_reader_iter(BufReader::new(certificates.as_bytes())).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificates.expect("certificates"), key)
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tls: Option<TlsAcceptor>) {
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            continue;
        };
        let _ = connection.set_nodelay(true);
        tokio::spawn(secure_and_serve(
            connection,
            Arc::clone(&shared),
            tls.clone(),
        ));
    }
}

async fn secure_and_serve(connection: TcpStream, shared: Arc<Shared>, tls: Option<TlsAcceptor>) {
    match tls {
        Some(tls) => {
            if let Ok(connection) = tls.accept(connection).await {
                serve(connection, shared).await;
            }
        }
        None => serve(connection, shared).await,
    }
}

async fn serve(connection: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(request, &shared));
    let server = hyper::server::conn::http1::Builder::new();
    // The caller may be killed in the middle.
    let _ = server
        .serve_connection(TokioIo::new(connection), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = Request::from_parts(parts, body);
    let began = Instant::now();
    let latency = Duration::from_micros(shared.latency.load(Ordering::Relaxed));
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let (operation, response) = {
        let mut state = shared.state.lock().expect("the state");
        match request.headers().get("x-amz-target") {
            Some(target) => {
                let target = target.to_str().unwrap_or_default().to_owned();
                state.json_service(&target, request.body())
            }
            None => state.s3(&request),
        }
    };
    shared.calls.lock().expect("the calls").push(Call {
        operation,
        began,
        ended: Instant::now(),
    });
    Ok(response)
}

fn acm_call(operation: String, request: Value) -> AcmCall {
    let request = match request {
        Value::Object(request) => request,
        _ => serde_json::Map::new(),
    };
    AcmCall {
        operation,
        signed: None,
        request,
    }
}

impl State {
    fn json_service(&mut self, target: &str, body: &[u8]) -> (String, Response<Full<Bytes>>) {
        let (service, operation) = target.split_once('.').unwrap_or_default();
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let (status, body) = if service == "AmazonSSM" {
            (200, self.ssm(operation, &request))
        } else {
            match self.acm.answer(acm_call(operation.to_owned(), request)) {
                Ok(body) => (200, body),
                Err(refusal) => (
                    refusal.status(),
                    json!({"__type": refusal.code, "message": refusal.message}),
                ),
            }
        };
        let response = Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000")
            .body(Full::new(Bytes::from(body.to_string())));
        (target.to_owned(), response.expect("a response"))
    }

    fn ssm(&mut self, operation: &str, request: &Value) -> Value {
        let text = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
        match operation {
            "GetParameters" => {
                let names = request["Names"].as_array().expect("names").iter();
                let names = names.filter_map(Value::as_str);
                let (known, unknown): (Vec<_>, Vec<_>) =
                    names.partition(|name| self.parameters.contains_key(*name));
                let known: Vec<_> = known.into_iter().map(|name| self.parameter(name)).collect();
                json!({"Parameters": known, "InvalidParameters": unknown})
            }
            "PutParameter" => {
                let parameter = self.parameters.entry(text("Name")).or_default();
                *parameter = (text("Value"), parameter.1 + 1);
                json!({"Version": parameter.1, "Tier": "Standard"})
            }
            // No secrets are kept here.
            _ => json!({"Parameters": []}),
        }
    }

    fn parameter(&self, name: &str) -> Value {
        let (value, version) = &self.parameters[name];
        json!({"Name": name, "Type": "String", "Value": value, "Version": version,
            "ARN": format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}"), "DataType": "text"})
    }

    fn s3(&mut self, request: &Request<Bytes>) -> (String, Response<Full<Bytes>>) {
        let query = Query::of(request);
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
        let path = path.trim_start_matches('/');
        let key = path.split_once('/').map_or("", |(_, key)| key);
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let version = query.value("versionId");
        match *request.method() {
            Method::GET if query.has("tagging") => {
                let tags = self
                    .version(key, version)
                    .map(|object| tagging(&object.tags));
                named("s3:GetObjectTagging", tags.map_or_else(no_such_key, xml))
            }
            Method::PUT if query.has("tagging") => {
                let tags = read_tagging(request.body());
                if let Some(object) = self.version(key, version) {
                    object.tags = tags;
                }
                named("s3:PutObjectTagging", xml(String::new()))
            }
            Method::GET if query.has("versions") => {
                let versions = self.list_versions(&query.value("prefix").unwrap_or_default());
                named("s3:ListObjectVersions", xml(versions))
            }
            Method::GET if key.is_empty() => named("s3:ListObjectsV2", xml(self.list(&query))),
            Method::GET => {
                let found = self.version(key, version).map(|object| object.as_answer());
                named("s3:GetObject", found.unwrap_or_else(no_such_key))
            }
            Method::PUT => {
                let there = self.version(key, None).is_some();
                if there && header("if-none-match").is_some() {
                    return named("s3:PutObject", error(412, "PreconditionFailed"));
                }
                let (version, etag) = {
                    let object = self.put(key, request.body().clone());
                    (object.version.clone(), object.etag.clone())
                };
                let answer = Response::builder()
                    .header("etag", etag)
                    .header("x-amz-version-id", version)
                    .body(Full::default());
                named("s3:PutObject", answer.expect("a response"))
            }
            Method::DELETE => {
                self.objects.remove(key);
                let answer = Response::builder().status(204).body(Full::default());
                named("s3:DeleteObject", answer.expect("a response"))
            }
            _ => named("s3:Other", error(501, "NotImplemented")),
        }
    }

    fn version(&mut self, key: &str, version: Option<String>) -> Option<&mut Object> {
        let versions = self.objects.get_mut(key)?;
        match version {
            None => versions.last_mut(),
            Some(version) => versions.iter_mut().find(|object| object.version == version),
        }
    }

    fn list(&self, query: &Query) -> String {
        const PAGE: usize = 1_000;
        let prefix = query.value("prefix").unwrap_or_default();
        let after = query.value("continuation-token").unwrap_or_default();
        let mut below = self
            .objects
            .range(prefix.clone().max(after.clone())..)
            .filter(|(key, _)| **key > after && key.starts_with(&prefix));
        let page: Vec<_> = below.by_ref().take(PAGE).collect();
        let more = below.next().is_some();
        let mut contents = String::new();
        for (key, object) in page
            .iter()
            .filter_map(|(key, versions)| Some((key, versions.last()?)))
        {
            let _ = write!(
                contents,
                "<Contents><Key>{key}</Key><LastModified>2026-12-01T00:00:00.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                object.etag.replace('"', "&quot;"),
                object.body.len()
            );
        }
        let next = page
            .last()
            .filter(|_| more)
            .map_or_else(String::new, |(key, _)| {
                format!("<NextContinuationToken>{key}</NextContinuationToken>")
            });
        format!(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>\
             <Prefix>{prefix}</Prefix><KeyCount>{}</KeyCount><MaxKeys>{PAGE}</MaxKeys>\
             <IsTruncated>{more}</IsTruncated>{contents}{next}</ListBucketResult>",
            page.len()
        )
    }

    fn list_versions(&self, prefix: &str) -> String {
        let below = self.objects.range(prefix.to_owned()..);
        let below = below.take_while(|(key, _)| key.starts_with(prefix));
        let versions = below.flat_map(|(key, versions)| {
            versions.iter().rev().map(move |object| {
                format!(
                    "<Version><Key>{key}</Key><VersionId>{}</VersionId><IsLatest>false</IsLatest>\
                     <LastModified>2026-12-01T00:00:00.000Z</LastModified><Size>1</Size></Version>",
                    object.version
                )
            })
        });
        let versions: String = versions.take(1_000).collect();
        format!(
            "<ListVersionsResult><IsTruncated>false</IsTruncated>{versions}</ListVersionsResult>"
        )
    }
}

impl Object {
    fn as_answer(&self) -> Response<Full<Bytes>> {
        Response::builder()
            .header("content-type", "binary/octet-stream")
            .header("etag", &self.etag)
            .header("x-amz-version-id", &self.version)
            .header("last-modified", "Tue, 01 Dec 2026 00:00:00 GMT")
            .body(Full::new(self.body.clone()))
            .expect("a response")
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &Request<Bytes>) -> Self {
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let pairs = request.uri().query().unwrap_or_default().split('&');
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(
            pairs
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
        )
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn value(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        Some(found.1.clone())
    }
}

fn named(operation: &str, answer: Response<Full<Bytes>>) -> (String, Response<Full<Bytes>>) {
    (operation.to_owned(), answer)
}

fn tagging(tags: &[(String, String)]) -> String {
    let tag = |(key, value): &(String, String)| {
        format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")
    };
    let tags: String = tags.iter().map(tag).collect();
    format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
}

fn read_tagging(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let inner = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!("<{name}>"))?.1;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    let tags = text.split("<Tag>").skip(1);
    tags.filter_map(|tag| Some((inner(tag, "Key")?, inner(tag, "Value")?)))
        .collect()
}

fn xml(body: String) -> Response<Full<Bytes>> {
    Response::builder()
        .header("content-type", "application/xml")
        .body(Full::new(Bytes::from(body)))
        .expect("a response")
}

fn no_such_key() -> Response<Full<Bytes>> {
    error(404, "NoSuchKey")
}

fn error(status: u16, code: &str) -> Response<Full<Bytes>> {
    let mut answer = xml(format!(
        "<Error><Code>{code}</Code><Message>no</Message></Error>"
    ));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).expect("a status");
    answer
}
