//! Who is measured, and in which surroundings: the same for all.

use std::fs;
use std::path::{Path, PathBuf};

use certdrop_test_support::events::Created;
use certdrop_test_support::outside::setting;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::program::Program;
use crate::{ACCOUNT, BUCKET, REGION};

/// The bootstrap that Lambda gets.
pub const CERTDROP: &str = "certdrop";
/// The least that a function in Rust can be.
pub const HELLO: &str = "hello world (Rust)";
/// boto3 and cryptography.
pub const PYTHON: &str = "Python, boto3";
/// The AWS SDK for JavaScript, bundled.
pub const NODE: &str = "Node.js, SDK v3";

/// A certificate for `localhost`, and what a client needs to believe it.
pub struct Trust {
    /// Certificate and key, PEM.
    pub server: (String, String),
    /// Our own CA alone.
    authority: PathBuf,
    /// The system's roots and our own CA.
    roots: PathBuf,
    /// How many certificates that is.
    pub roots_count: usize,
}

impl Trust {
    pub fn new(folder: &Path) -> Self {
        let authority_key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::default();
        // Else it would have the name of what it signs.
        let name = &mut parameters.distinguished_name;
        name.push(DnType::CommonName, "certdrop bench");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = parameters.self_signed(&authority_key).expect("signed");
        let issuer = Issuer::new(parameters, authority_key);
        let key = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let leaf = leaf.signed_by(&key, &issuer).expect("signed");

        let roots = system_roots() + &authority.pem();
        let trust = Self {
            server: (leaf.pem(), key.serialize_pem()),
            authority: folder.join("authority.pem"),
            roots: folder.join("roots.pem"),
            roots_count: roots.matches("-----BEGIN").count(),
        };
        fs::write(&trust.authority, authority.pem()).expect("a file");
        fs::write(&trust.roots, roots).expect("a file");
        trust
    }
}

fn system_roots() -> String {
    const PLACES: [&str; 4] = [
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    let found = PLACES.iter().find_map(|path| fs::read_to_string(path).ok());
    found.expect("this system has a bundle of roots (Debian: apt-get install ca-certificates)")
}

/// All that were built; Node.js may be missing.
pub fn all(cloud: &Cloud, trust: &Trust) -> Vec<Program> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = |variable: &str| {
        let value = setting(variable).filter(|value| !value.is_empty());
        value.map(|path| root.join(path).display().to_string())
    };
    let needed = |variable| {
        built(variable).unwrap_or_else(|| panic!("{variable} is not set: use `make bench`"))
    };
    let environment = environment(cloud, trust);
    let program = |name, command: Vec<String>, folder: &str| Program {
        name,
        command,
        folder: root.join(folder),
        environment: environment.clone(),
    };
    let mut all = vec![
        program(CERTDROP, vec![needed("BENCH_BOOTSTRAP")], "."),
        program(HELLO, vec![needed("BENCH_HELLO")], "."),
    ];
    let module = ["-m", "awslambdaric", "handler.handler"].map(str::to_owned);
    let python = [vec![needed("BENCH_PYTHON")], module.to_vec()].concat();
    all.push(program(PYTHON, python, "benches/peers/python"));
    if let Some(script) = built("BENCH_NODE") {
        all.push(program(NODE, vec!["node".to_owned(), script], "."));
    }
    all
}

fn environment(cloud: &Cloud, trust: &Trust) -> Vec<(String, String)> {
    let path = |path: &Path| path.display().to_string();
    let common = [
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".to_owned()),
        ("CERTDROP_BUCKET", BUCKET.to_owned()),
        ("CERTDROP_BUCKET_OWNER", ACCOUNT.to_owned()),
        // Rust, Python and Node.js each have a setting of their own for the same.
        ("SSL_CERT_FILE", path(&trust.roots)),
        ("AWS_CA_BUNDLE", path(&trust.roots)),
        ("NODE_EXTRA_CA_CERTS", path(&trust.authority)),
    ];
    let mut environment: Vec<_> = common
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    for (service, url) in &cloud.endpoints {
        environment.push((format!("AWS_ENDPOINT_URL_{service}"), url.clone()));
    }
    environment
}

/// The event that S3 sends.
pub fn created(key: &str, version: &str) -> Value {
    let created = Created {
        region: REGION,
        bucket: BUCKET,
        key,
        version,
    };
    created.by_s3()
}

/// What became of the bundle, in the words of whoever answered.
pub fn outcome(answer: &Value) -> &str {
    let of_certdrop = answer["summaries"][0]["outcome"].as_str();
    let of_peer = answer["outcome"].as_str();
    of_certdrop.or(of_peer).unwrap_or("nothing")
}
