//! The one HTTP client of all services: HTTP/1.1, rustls, the system's roots.
//!
//! The SDK's own would do, at a price: it parses all roots again for each service, decodes them in
//! constant time though they are public, and brings HTTP/2, which the services used here do not
//! speak. That was three quarters of a cold start's instructions (docs/performance.md).

use std::fmt::Debug;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::base64;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, Connect, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use super::HttpClient;
use super::fence::{Fenced, LeaseEnded, Pass};

/// Reads the roots and makes the client. Calls nobody.
#[must_use]
pub fn client() -> HttpClient {
    over(tcp())
}

/// Reads the roots and makes a client whose connections `connector` makes.
pub(super) fn over<C>(connector: C) -> HttpClient
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    HttpsConnector<C>: Connect + Clone + Debug + Send + Sync + 'static,
{
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system_roots());
    let tls = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        // Endpoints on loopback, where the tests are.
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    let client = Client::builder(TokioExecutor::new())
        // Without a timer hyper keeps idle connections for ever.
        .pool_timer(TokioTimer::new())
        .build(https);
    // The SDK asks for a connector for each attempt. All are clones of one client: one pool, and the roots are
    // parsed once.
    http_client_fn(move |settings, _| {
        SharedHttpConnector::new(Connector {
            client: client.clone(),
            patience: settings.read_timeout(),
        })
    })
}

/// What makes connections to services.
pub(super) fn tcp() -> TcpConnector {
    let mut tcp = TcpConnector::new();
    // It also opens the connections below TLS, and by default refuses addresses that begin with https.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // TCP alone. A TLS handshake that hangs ends with the time limit of the attempt.
    tcp.set_connect_timeout(Some(super::CONNECT));
    tcp
}

/// The connections, pooled by host.
#[derive(Clone, Debug)]
struct Connector<C> {
    client: Client<C, Fenced>,
    /// How long an answer may take; set by who looks for credentials where nobody may be.
    patience: Option<Duration>,
}

pub(super) type TcpConnector = hyper_util::client::legacy::connect::HttpConnector;

impl<C> HttpConnector for Connector<C>
where
    C: Connect + Clone + Debug + Send + Sync + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let used = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&used));
        }
        let pass = request.extensions_mut().remove::<Pass>();
        let answer = self
            .client
            .request(request.map(|body| Fenced::new(body, pass.clone())));
        let patience = self.patience;
        HttpConnectorFuture::new(async move {
            let answer = match patience {
                Some(patience) => tokio::time::timeout(patience, answer)
                    .await
                    .map_err(|late| ConnectorError::timeout(late.into()))?,
                None => answer.await,
            };
            let answer = answer.map_err(|error| {
                // The SDK sends again what failed by `io` or `timeout`. Here another attempt would be as late.
                if LeaseEnded::is_behind(&error) {
                    return ConnectorError::user(LeaseEnded.into());
                }
                // Whatever broke on the way: there is no answer, and asking again may bring one.
                ConnectorError::io(error.into())
            })?;
            // The status is the answer. If an import's body then cannot be read, `Acm::import` tells the fence.
            if let Some(pass) = pass {
                pass.answered();
            }
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the SDK drop a connection whose other end misbehaves.
fn metadata(used: &CaptureConnection) -> Option<ConnectionMetadata> {
    used.connection_metadata().as_ref()?;
    let used = used.clone();
    let poison = move || {
        if let Some(connection) = used.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    let metadata = ConnectionMetadata::builder()
        .proxied(false)
        .poison_fn(poison);
    Some(metadata.build())
}

/// The certificates that this system trusts: those in `SSL_CERT_FILE`, as in the function, or
/// wherever the system keeps them, as on a laptop.
fn system_roots() -> Box<dyn Iterator<Item = CertificateDer<'static>>> {
    // Where SSL_CERT_DIR names a folder as well, the crate reads both.
    let file =
        std::env::var_os("SSL_CERT_FILE").filter(|_| std::env::var_os("SSL_CERT_DIR").is_none());
    match file.and_then(|path| File::open(path).ok()) {
        Some(file) => Box::new(certificates(BufReader::new(file))),
        None => Box::new(rustls_native_certs::load_native_certs().certs.into_iter()),
    }
}

/// The certificates in `pem`, one at a time: all together are half a megabyte, which a start would have
/// to be given page by page. What is damaged is left out, as any other root that is not known.
fn certificates(mut pem: impl BufRead) -> impl Iterator<Item = CertificateDer<'static>> {
    let mut line = Vec::new();
    let mut digits = String::new();
    std::iter::from_fn(move || {
        loop {
            line.clear();
            if pem.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            let text = str::from_utf8(line.trim_ascii()).unwrap_or_default();
            if text.starts_with("-----BEGIN ") {
                digits.clear();
            } else if text != "-----END CERTIFICATE-----" {
                digits.push_str(text);
            } else if let Ok(der) = base64::decode(&digits) {
                return Some(CertificateDer::from(der));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_read_whatever_stands_around_them() {
        let root = "-----BEGIN CERTIFICATE-----\r\naGVs\r\nbG8=\r\n-----END CERTIFICATE-----\r\n";
        let damaged = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
        let pem =
            format!("# A root\n{root}{damaged}\n# Another\n{root}-----BEGIN CERTIFICATE-----\n");
        let hello = CertificateDer::from(b"hello".to_vec());
        let found: Vec<_> = certificates(pem.as_bytes()).collect();
        assert_eq!(found, [hello.clone(), hello]);
    }
}
