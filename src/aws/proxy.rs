//! The command line tool's way to AWS where a network has a proxy: the environment names it, as for other tools
//! (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in small letters too).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower_service::Service;

use super::HttpClient;
use super::http::{TcpConnector, over, tcp};

/// Makes a client that goes through the proxy that the environment names, if any. Calls nobody.
#[must_use]
pub(super) fn client() -> HttpClient {
    over(ThroughProxy {
        tcp: tcp(),
        proxies: Arc::new(Matcher::from_env()),
    })
}

/// Connects to a service, by a tunnel where a proxy is due.
#[derive(Clone)]
struct ThroughProxy {
    tcp: TcpConnector,
    proxies: Arc<Matcher>,
}

impl ThroughProxy {
    /// The proxy that calls of `uri` go through. Only emulators have addresses without TLS, and are near.
    fn proxy(&self, uri: &Uri) -> Option<Intercept> {
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        self.proxies.intercept(uri).filter(|_| is_tls)
    }
}

impl Service<Uri> for ThroughProxy {
    type Response = <TcpConnector as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(proxy) = self.proxy(&uri) else {
            let connecting = self.tcp.call(uri);
            return Box::pin(async move { Ok(connecting.await?) });
        };
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            let problem = format!("the proxy {} is no HTTP proxy", proxy.uri());
            return Box::pin(async move { Err(problem.into()) });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let connecting = tunnel.call(uri);
        Box::pin(async move { Ok(connecting.await?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        (listener, port)
    }

    fn through(proxy: &str, not_to: &str) -> ThroughProxy {
        let proxies = Matcher::builder().all(proxy).no(not_to).build();
        ThroughProxy {
            tcp: tcp(),
            proxies: Arc::new(proxies),
        }
    }

    /// What a proxy is told before it lets anything through.
    async fn head(proxy: &TcpListener) -> String {
        let (mut connection, _) = proxy.accept().await.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(connection.read_u8().await.expect("the request goes on"));
        }
        let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
        connection.write_all(answer).await.expect("it is read");
        String::from_utf8(head).expect("text").to_lowercase()
    }

    #[tokio::test]
    async fn calls_of_aws_go_through_a_tunnel_of_the_proxy_with_its_credentials() {
        let (proxy, port) = listener().await;
        let mut connector = through(&format!("http://user:secret@127.0.0.1:{port}"), "");
        let uri = Uri::from_static("https://acm.eu-central-1.amazonaws.com/");
        let (connected, head) = tokio::join!(connector.call(uri), head(&proxy));
        connected.expect("a tunnel");
        let first = head.lines().next();
        let expected = "connect acm.eu-central-1.amazonaws.com:443 http/1.1";
        assert_eq!(first, Some(expected));
        // base64 of `user:secret`, in small letters.
        assert!(
            head.contains("proxy-authorization: basic dxnlcjpzzwnyzxq="),
            "{head}"
        );
    }

    #[tokio::test]
    async fn what_needs_no_proxy_is_called_at_once() {
        let (service, port) = listener().await;
        for (uri, not_to) in [
            (format!("https://127.0.0.1:{port}/"), "127.0.0.1"),
            (format!("http://127.0.0.1:{port}/"), ""),
        ] {
            // Nobody listens there.
            let mut connector = through("http://127.0.0.1:1", not_to);
            let uri = uri.parse().expect("an address");
            let (connected, accepted) = tokio::join!(connector.call(uri), service.accept());
            connected.expect("a connection");
            accepted.expect("a connection");
        }
    }

    #[tokio::test]
    async fn a_proxy_of_another_kind_is_named() {
        let mut connector = through("socks5://127.0.0.1:1080", "");
        let uri = Uri::from_static("https://acm.eu-central-1.amazonaws.com/");
        let error = connector.call(uri).await.expect_err("no connection");
        let text = error.to_string();
        assert_eq!(text, "the proxy socks5://127.0.0.1:1080/ is no HTTP proxy");
    }
}
