//! The services that a test talks to: ministack for all but ACM; for ACM our own strict one, a fresh
//! one for each test, or moto, which was written by others.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::child::{Running, Task};
use super::outside::tool;

/// The account that everything belongs to.
pub const ACCOUNT: &str = "123456789012";
/// Another one, which has the role [`ROLE`].
pub const OTHER_ACCOUNT: &str = "210987654321";
/// As docs/targets/role.yaml makes it: it trusts the function's user, with [`EXTERNAL_ID`].
pub const ROLE: &str = "arn:aws:iam::210987654321:role/certdrop";
/// What the role wants to hear.
pub const EXTERNAL_ID: &str = "certdrop-4711";
/// The stack's own region.
pub const REGION: &str = "eu-central-1";

/// Outlives every single test, as the servers on it do.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// One stage for all tests of a binary. They keep apart by bucket and by bundle.
pub static STAGE: LazyLock<Stage> = LazyLock::new(|| RUNTIME.block_on(Stage::start()));

/// ministack, and clients of what it plays.
pub struct Stage {
    /// The address of all that it plays.
    pub endpoint: String,
    /// Logs of everything that runs. Kept until the process ends.
    pub logs: PathBuf,
    _running: Running,
}

impl Stage {
    async fn start() -> Self {
        let logs = tempfile::Builder::new()
            .prefix("certdrop-stage-")
            .tempdir()
            .expect("a folder")
            .keep();
        let port = free_port();
        let ministack = Running::start(
            &tool("ministack/bin/ministack"),
            &[],
            &[
                ("GATEWAY_PORT", &port.to_string()),
                ("BIND_HOST", "127.0.0.1"),
                ("MINISTACK_ACCOUNT_ID", ACCOUNT),
            ],
            &logs.join("ministack.log"),
        )
        .expect("ministack starts");
        answers(port, &logs).await;
        Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            logs,
            _running: ministack,
        }
    }

    /// A client of S3.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&sdk(&self.endpoint))
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A client of Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&sdk(&self.endpoint))
    }

    /// A client of SNS.
    pub fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&sdk(&self.endpoint))
    }

    /// A client of SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&sdk(&self.endpoint))
    }

    /// A client of SSM.
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&sdk(&self.endpoint))
    }
}

/// A second, independent ACM, for as long as the tests run: its address.
pub static MOTO: LazyLock<Moto> = LazyLock::new(|| RUNTIME.block_on(Moto::start()));

/// moto, for ACM alone.
pub struct Moto {
    /// Its address.
    pub endpoint: String,
    _running: Running,
}

impl Moto {
    async fn start() -> Self {
        let port = free_port();
        let logs = &STAGE.logs;
        let running = Running::start(
            &tool("moto/bin/moto_server"),
            &["-H", "127.0.0.1", "-p", &port.to_string()],
            &[],
            &logs.join("moto.log"),
        )
        .expect("moto starts");
        answers(port, logs).await;
        Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            _running: running,
        }
    }
}

/// What a role of another account says to the local ACM, with more members.
pub fn role(more: &[(&str, Value)]) -> Value {
    let mut role = json!({
        "trusts": [format!("arn:aws:iam::{ACCOUNT}:user/test")], "external_id": EXTERNAL_ID,
    });
    for (name, value) in more {
        role[name] = value.clone();
    }
    role
}

/// A local ACM without certificates, in this process: its address, and what keeps it there. Another account has the role
/// [`ROLE`].
pub async fn fresh_acm() -> (String, Task) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback");
    let address = listener.local_addr().expect("an address");
    let options = certdrop_acm::Options {
        account: ACCOUNT.parse().expect("twelve digits"),
        region: REGION.to_owned(),
        knobs: serde_json::from_value(json!({"roles": {ROLE: role(&[])}})).expect("knobs"),
        ..certdrop_acm::Options::default()
    };
    let serving = Task::spawn(certdrop_acm::serve(listener, options));
    (format!("http://{address}"), serving)
}

/// A client of the ACM there, in the stack's own region.
pub fn acm(endpoint: &str) -> aws_sdk_acm::Client {
    acm_in(endpoint, REGION)
}

/// A client of the ACM there, in another region.
pub fn acm_in(endpoint: &str, region: &str) -> aws_sdk_acm::Client {
    acm_of(endpoint, region, ACCOUNT)
}

/// A client of the ACM there, in another region and account.
pub fn acm_of(endpoint: &str, region: &str, account: &str) -> aws_sdk_acm::Client {
    let config = sdk_as(endpoint, account).to_builder();
    let there = config.region(Region::new(region.to_owned())).build();
    aws_sdk_acm::Client::new(&there)
}

fn sdk(endpoint: &str) -> SdkConfig {
    sdk_as(endpoint, "test")
}

fn sdk_as(endpoint: &str, access_key: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key, "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
        )
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .build()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("an address").port()
}

async fn answers(port: u16, logs: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(
            Instant::now() < deadline,
            "a server on the stage does not start, see {}",
            logs.display()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
