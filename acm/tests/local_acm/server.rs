//! A local ACM, in process or as the real program, and what talks to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use certdrop_acm::{Call, Knobs, Options, Refusal, Service, Signed};
use certdrop_test_support::outside::tool;
use serde_json::{Value, json};

use super::pki::{Issued, NOW};

/// A service at [`NOW`], asked without HTTP.
pub struct Acm {
    pub service: Service,
    pub region: &'static str,
    /// Names an account where it has twelve digits.
    pub access_key: &'static str,
}

impl Acm {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let knobs = Knobs {
            now: Some(NOW),
            ..options.knobs
        };
        Self {
            service: Service::open(Options { knobs, ..options }).unwrap(),
            region: "eu-central-1",
            access_key: "test",
        }
    }

    pub fn call(&mut self, operation: &str, request: Value) -> Result<Value, Refusal> {
        let Value::Object(request) = request else {
            panic!("a request is an object");
        };
        self.service.answer(Call {
            operation: operation.to_owned(),
            signed: Some(Signed {
                access_key: self.access_key.to_owned(),
                region: self.region.to_owned(),
                session_token: None,
            }),
            request,
        })
    }

    /// Imports anew and gives the ARN.
    pub fn import(&mut self, issued: &Issued) -> String {
        let answer = self
            .call("ImportCertificate", import_request(issued))
            .unwrap();
        answer["CertificateArn"].as_str().unwrap().to_owned()
    }

    /// Requests a certificate and gives the ARN.
    pub fn request(&mut self, request: Value) -> String {
        let answer = self.call("RequestCertificate", request).unwrap();
        answer["CertificateArn"].as_str().unwrap().to_owned()
    }

    pub fn reimport(&mut self, arn: &str, issued: &Issued) -> Result<Value, Refusal> {
        let mut request = import_request(issued);
        request["CertificateArn"] = json!(arn);
        self.call("ImportCertificate", request)
    }

    pub fn describe(&mut self, arn: &str) -> Value {
        let request = json!({"CertificateArn": arn});
        let answer = self.call("DescribeCertificate", request).unwrap();
        answer["Certificate"].clone()
    }

    pub fn set(&mut self, change: impl FnOnce(&mut Knobs)) {
        let mut knobs = self.service.knobs.clone();
        change(&mut knobs);
        self.service.set_knobs(knobs);
    }
}

/// An empty chain is left out.
pub fn import_request(issued: &Issued) -> Value {
    let chain = (!issued.chain.is_empty()).then(|| blob(&issued.chain));
    json!({
        "Certificate": blob(&issued.certificate),
        "PrivateKey": blob(&issued.key),
        "CertificateChain": chain,
    })
}

pub fn blob(text: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(text)
}

/// The program, as a child that dies with the test.
pub struct Program {
    child: Child,
    pub endpoint: String,
}

impl Program {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_certdrop-acm"))
            .args(["--port", "0", "--now", "2026-12-01T00:00:00Z"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let endpoint = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("certdrop-acm did not start: {line:?}"))
            .to_owned();
        Self { child, endpoint }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a tool against `endpoint`; what it printed.
pub fn run(path: &str, arguments: &[&str], endpoint: &str) -> Result<String, String> {
    run_as("test", path, arguments, endpoint)
}

/// The same with another access key.
pub fn run_as(
    access_key: &str,
    path: &str,
    arguments: &[&str],
    endpoint: &str,
) -> Result<String, String> {
    let output = Command::new(tool(path))
        .args(arguments)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", access_key)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What a path of the program answers to GET.
pub fn get(endpoint: &str, path: &str) -> Value {
    http(endpoint, &format!("GET {path} HTTP/1.0\r\n\r\n"))
}

/// What a path of the program answers to `body`.
pub fn post(endpoint: &str, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let length = body.len();
    http(
        endpoint,
        &format!("POST {path} HTTP/1.0\r\ncontent-length: {length}\r\n\r\n{body}"),
    )
}

fn http(endpoint: &str, request: &str) -> Value {
    let answer = raw(endpoint, request);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// The answer to a request as it is, headers and all.
pub fn raw(endpoint: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
