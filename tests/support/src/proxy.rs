//! A proxy between the function and a service, which keeps a log of the calls and may do harm.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::child::Task;
use super::policy::Policy;

/// One call of the function, as the proxy saw it.
#[derive(Clone, Debug)]
pub struct Call {
    /// `s3:PutObject`, `acm:ImportCertificate`.
    pub operation: String,
    /// The region that it was signed for.
    pub region: String,
    /// The access key that it was signed with: who made it, where the test gave each worker its own.
    pub caller: String,
    /// Bucket and key for S3; empty for others.
    pub path: String,
    /// Which call of this operation it is, from 1.
    pub number: usize,
    /// When the function sent it.
    pub started: Instant,
    /// Absent while the service has not answered.
    pub ended: Option<Instant>,
    /// Status of the service's own answer.
    pub status: Option<u16>,
    /// What the service was sent.
    pub request: Bytes,
    /// What the service answered.
    pub answer: Bytes,
    /// What was done to it.
    pub deed: Deed,
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Nothing: it is passed on.
    Pass,
    /// The service never sees the call; this is the answer.
    Refuse(Refusal),
    /// The service carries the call out; this is the answer all the same.
    RefuseAfter(Refusal),
    /// The connection breaks; the service never sees the call.
    Cut,
    /// The connection breaks after the service carried the call out.
    CutAfter,
    /// No answer, ever; the service never sees the call.
    Hang,
    /// No answer, ever, though the service carried the call out.
    HangAfter,
    /// The service carries the call out; half of its answer arrives, then the connection breaks.
    Tear,
    /// The service carries the call out after a while, whether or not anybody still waits for the answer.
    Late(Duration),
    /// The call is passed on after a while.
    Delay(Duration),
    /// The call is passed on once the gate is open.
    Hold(Gate),
}

/// Holds calls back until it is opened.
#[derive(Clone, Debug, Default)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// From now on nothing is held back.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn passed(&self) {
        let mut open = self.0.subscribe();
        open.wait_for(|open| *open).await.expect("a gate");
    }
}

/// An error as the service itself would answer it.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// Of HTTP.
    pub status: u16,
    /// The error's name.
    pub code: &'static str,
}

/// Too many calls.
pub const THROTTLE: Refusal = Refusal {
    status: 400,
    code: "ThrottlingException",
};
/// The service is briefly down.
pub const UNAVAILABLE: Refusal = Refusal {
    status: 503,
    code: "ServiceUnavailable",
};
/// The permission is missing.
pub const DENIED: Refusal = Refusal {
    status: 403,
    code: "AccessDenied",
};
/// The service does not have the operation.
pub const UNKNOWN_OPERATION: Refusal = Refusal {
    status: 400,
    code: "UnknownOperationException",
};

type Rule = dyn Fn(&Call) -> Deed + Send + Sync;

/// Stands before a service: logs every call, and does to it what the test says.
#[derive(Clone)]
pub struct Proxy {
    /// `http://127.0.0.1:1234`
    pub url: String,
    shared: Arc<Shared>,
    /// `None` while the port is shut.
    listening: Arc<Mutex<Option<Task>>>,
}

struct Shared {
    service: String,
    client: Client<HttpConnector, Full<Bytes>>,
    log: Mutex<Log>,
    rule: Mutex<Arc<Rule>>,
    policy: Mutex<Option<Arc<Policy>>>,
    hanging: Notify,
    /// How many calls are with the service now.
    under_way: watch::Sender<usize>,
}

#[derive(Default)]
struct Log {
    calls: Vec<Call>,
    counts: HashMap<String, usize>,
}

impl Proxy {
    /// A proxy before `service` (`http://127.0.0.1:1234`) that lets everything pass.
    pub async fn before(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            service: service.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            log: Mutex::default(),
            rule: Mutex::new(Arc::new(|_: &Call| Deed::Pass)),
            policy: Mutex::default(),
            hanging: Notify::new(),
            under_way: watch::Sender::new(0),
        });
        let listening = Task::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            url,
            shared,
            listening: Arc::new(Mutex::new(Some(listening))),
        }
    }

    /// From now on nobody can connect; the connections that there are break.
    pub fn shut(&self) {
        *self.listening.lock().expect("the port") = None;
    }

    /// Takes connections again.
    pub async fn open(&self) {
        let address = self.url.trim_start_matches("http://");
        let listener = TcpListener::bind(address).await.expect("the same port");
        let listening = Task::spawn(accept(listener, Arc::clone(&self.shared)));
        *self.listening.lock().expect("the port") = Some(listening);
    }

    /// From now on `rule` decides what happens to each call.
    pub fn set_rule(&self, rule: impl Fn(&Call) -> Deed + Send + Sync + 'static) {
        *self.shared.rule.lock().expect("the rule") = Arc::new(rule);
    }

    /// From now on calls are denied that `policy` does not allow.
    pub fn enforce(&self, policy: Arc<Policy>) {
        *self.shared.policy.lock().expect("the policy") = Some(policy);
    }

    /// Waits until a call hangs or is held back.
    pub async fn hanging(&self) {
        self.shared.hanging.notified().await;
    }

    /// Waits until the service has answered a call of `operation`.
    pub async fn answered(&self, operation: &str) {
        let is_answer = |call: &Call| call.operation == operation && call.ended.is_some();
        let mut under_way = self.shared.under_way.subscribe();
        under_way
            .wait_for(|_| self.calls().iter().any(is_answer))
            .await
            .expect("a proxy");
    }

    /// Waits until the service has done with every call that was passed on, whoever still waits for it.
    pub async fn settled(&self) {
        let mut under_way = self.shared.under_way.subscribe();
        under_way
            .wait_for(|calls| *calls == 0)
            .await
            .expect("a proxy");
    }

    /// All calls so far, in the order in which they came.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.log.lock().expect("the log").calls.clone()
    }

    /// Forgets the calls so far.
    pub fn clear(&self) {
        *self.shared.log.lock().expect("the log") = Log::default();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    // They end with this one.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((connection, _)) = listener.accept().await else {
            continue;
        };
        let _ = connection.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| serve(request, &shared));
            let server = hyper::server::conn::http1::Builder::new();
            // A connection that was cut ends in an error: that is what it was cut for.
            let _ = server
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
    }
}

async fn serve(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
) -> io::Result<Response<Either<Full<Bytes>, Torn>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(parts, body);
    let (place, call) = shared.enter(&request);
    let whole = |answer: Response<Full<Bytes>>| answer.map(Either::Left);
    let policy = shared.policy.lock().expect("the policy").clone();
    if let Some(policy) = policy
        && let Some(missing) = policy.missing(&call.operation, &request).await
    {
        return Ok(whole(denied(&call.operation, &missing)));
    }
    let rule = Arc::clone(&shared.rule.lock().expect("the rule"));
    let deed = rule(&call);
    shared.note(place, &deed);
    match deed {
        Deed::Pass => shared.forward(request, place).await.map(whole),
        Deed::Refuse(refusal) => Ok(whole(refusal.answer(&call.operation))),
        Deed::RefuseAfter(refusal) => {
            shared.forward(request, place).await?;
            Ok(whole(refusal.answer(&call.operation)))
        }
        Deed::Tear => {
            let mut answer = shared.forward(request, place).await?;
            answer.headers_mut().remove(CONTENT_LENGTH);
            Ok(answer.map(|body| Either::Right(Torn::from(body))))
        }
        Deed::Late(time) => shared.forward_after(time, request, place).await.map(whole),
        Deed::Cut => Err(io::ErrorKind::ConnectionReset.into()),
        Deed::CutAfter => {
            shared.forward(request, place).await?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Deed::Hang => {
            shared.hanging.notify_one();
            std::future::pending().await
        }
        Deed::HangAfter => {
            shared.forward(request, place).await?;
            shared.hanging.notify_one();
            std::future::pending().await
        }
        Deed::Delay(time) => {
            tokio::time::sleep(time).await;
            shared.forward(request, place).await.map(whole)
        }
        Deed::Hold(gate) => {
            shared.hanging.notify_one();
            gate.passed().await;
            shared.forward(request, place).await.map(whole)
        }
    }
}

/// An answer that promises more than it gives.
struct Torn {
    promised: u64,
    half: Option<Bytes>,
}

impl From<Full<Bytes>> for Torn {
    fn from(body: Full<Bytes>) -> Self {
        let promised = body.size_hint().exact().expect("its length is known");
        // An empty body holds nothing.
        let whole = body.into_inner().unwrap_or_default();
        Self {
            promised: promised.max(1),
            half: Some(whole.slice(..whole.len() / 2)),
        }
    }
}

impl Body for Torn {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(match self.half.take() {
            Some(half) => Ok(Frame::data(half)),
            None => Err(io::ErrorKind::ConnectionReset.into()),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

impl Shared {
    fn enter(&self, request: &Request<Bytes>) -> (usize, Call) {
        let operation = operation(request);
        let mut log = self.log.lock().expect("the log");
        let number = log.counts.entry(operation.clone()).or_default();
        *number += 1;
        let call = Call {
            number: *number,
            region: region(request),
            caller: caller(request),
            path: percent_encoding::percent_decode_str(request.uri().path())
                .decode_utf8_lossy()
                .into_owned(),
            operation,
            started: Instant::now(),
            ended: None,
            status: None,
            request: request.body().clone(),
            answer: Bytes::new(),
            deed: Deed::Pass,
        };
        log.calls.push(call.clone());
        (log.calls.len() - 1, call)
    }

    fn note(&self, place: usize, deed: &Deed) {
        if let Some(call) = self.log.lock().expect("the log").calls.get_mut(place) {
            call.deed = deed.clone();
        }
    }

    /// To the end, even if the function is killed meanwhile.
    async fn forward(
        self: &Arc<Self>,
        request: Request<Bytes>,
        place: usize,
    ) -> io::Result<Response<Full<Bytes>>> {
        self.forward_after(Duration::ZERO, request, place).await
    }

    /// The same after a while.
    async fn forward_after(
        self: &Arc<Self>,
        time: Duration,
        request: Request<Bytes>,
        place: usize,
    ) -> io::Result<Response<Full<Bytes>>> {
        self.under_way.send_modify(|calls| *calls += 1);
        let shared = Arc::clone(self);
        let call = tokio::spawn(async move {
            if !time.is_zero() {
                tokio::time::sleep(time).await;
            }
            let answer = shared.pass_on(request, place).await;
            shared.under_way.send_modify(|calls| *calls -= 1);
            answer
        });
        call.await.map_err(io::Error::other)?
    }

    async fn pass_on(
        &self,
        request: Request<Bytes>,
        place: usize,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{}{path}", self.service)
            .parse()
            .map_err(io::Error::other)?;
        parts.headers.remove(HOST);
        let request = Request::from_parts(parts, Full::new(body));
        let answer = self
            .client
            .request(request)
            .await
            .map_err(io::Error::other)?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        if let Some(call) = self.log.lock().expect("the log").calls.get_mut(place) {
            call.ended = Some(Instant::now());
            call.status = Some(parts.status.as_u16());
            call.answer = body.clone();
        }
        let mut answer = Response::from_parts(parts, Full::new(body));
        answer.headers_mut().remove("transfer-encoding");
        Ok(answer)
    }
}

/// As IAM denies a call: the message names what is missing, so that the test's failure does, too.
fn denied(operation: &str, missing: &str) -> Response<Full<Bytes>> {
    let message = format!("is not authorized to perform: {missing}");
    let code = if operation.starts_with("s3:") {
        "AccessDenied"
    } else {
        "AccessDeniedException"
    };
    Refusal { status: 403, code }.answer_with(operation, &message)
}

impl Refusal {
    fn answer(self, operation: &str) -> Response<Full<Bytes>> {
        self.answer_with(operation, "refused by the test")
    }

    fn answer_with(self, operation: &str, message: &str) -> Response<Full<Bytes>> {
        let code = self.code;
        let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        let (kind, body) = match operation.split_once(':') {
            Some(("s3", _)) => ("application/xml", error),
            Some(("sts", _)) => {
                let answer = format!("<ErrorResponse>{error}</ErrorResponse>");
                ("text/xml", answer)
            }
            _ => (
                "application/x-amz-json-1.1",
                format!(r#"{{"__type":"{code}","message":"{message}"}}"#),
            ),
        };
        let mut answer = Response::new(Full::new(Bytes::from(body)));
        *answer.status_mut() = StatusCode::from_u16(self.status).expect("a status");
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, kind.parse().expect("a type"));
        answer
    }
}

/// The region in the scope of the signature.
pub fn region(request: &Request<Bytes>) -> String {
    credential(request, 2)
}

/// The access key in the scope of the signature.
pub fn caller(request: &Request<Bytes>) -> String {
    credential(request, 0)
}

/// A field of the signature's scope: access key, date, region, service.
fn credential(request: &Request<Bytes>, field: usize) -> String {
    let header = request.headers().get("authorization");
    let header = header.and_then(|value| value.to_str().ok());
    let scope = header.and_then(|header| header.split_once("Credential="));
    let field = scope.and_then(|(_, scope)| scope.split('/').nth(field));
    field.unwrap_or_default().to_owned()
}

/// The operation's name, as AWS's permissions spell it.
fn operation(request: &Request<Bytes>) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        let target = target.to_str().unwrap_or_default();
        let (service, operation) = target.split_once('.').unwrap_or(("", target));
        let service = match service {
            "CertificateManager" => "acm",
            "AmazonSSM" => "ssm",
            "AmazonSQS" => "sqs",
            other if other.starts_with("ResourceGroupsTagging") => "tag",
            other => other,
        };
        return format!("{service}:{operation}");
    }
    if request.body().starts_with(b"Action=AssumeRole&") {
        return "sts:AssumeRole".to_owned();
    }
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair == name || pair.starts_with(&format!("{name}=")))
    };
    let of_object = request.uri().path().trim_matches('/').contains('/');
    let operation = match *request.method() {
        Method::GET if has("tagging") => "GetObjectTagging",
        Method::PUT if has("tagging") => "PutObjectTagging",
        Method::GET if has("versions") => "ListObjectVersions",
        Method::GET if of_object => "GetObject",
        Method::GET => "ListObjectsV2",
        Method::PUT => "PutObject",
        Method::DELETE => "DeleteObject",
        _ => "Other",
    };
    format!("s3:{operation}")
}
