//! The life of a certificate as three clients see it, each with its own reading of the protocol.

use std::io::Write as _;

use aws_credential_types::Credentials;
use aws_sdk_acm::config::{BehaviorVersion, Region};
use aws_sdk_acm::error::ProvideErrorMetadata as _;
use aws_sdk_acm::primitives::Blob;
use aws_sdk_acm::types::{
    CertificateFilter, CertificateFilterStatement, CertificateStatus, CertificateType, Filters,
    KeyAlgorithm, Tag, X509AttributeFilter,
};
use aws_types::SdkConfig;
use serde_json::{Value, json};

use super::pki::{Authority, Issued, Order};
use super::server::{Program, run};

#[test]
fn boto3_sees_a_whole_life() {
    let program = Program::start(&[]);
    let folder = drop_files();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local_acm/life.py");
    let output = run(
        "aws/bin/python",
        &[script, folder.path().to_str().unwrap()],
        &program.endpoint,
    );
    assert_eq!(output.as_deref(), Ok("done\n"));
}

#[test]
fn the_aws_cli_sees_a_whole_life() {
    let program = Program::start(&[]);
    let folder = drop_files();
    let file = |name: &str| format!("fileb://{}", folder.path().join(name).display());
    let acm = |arguments: &[&str]| -> Result<Value, String> {
        let arguments: Vec<&str> = ["acm"].iter().chain(arguments).copied().collect();
        let output = run("aws/bin/aws", &arguments, &program.endpoint)?;
        Ok(serde_json::from_str(&output).unwrap_or(Value::Null))
    };
    let import = |which: &str, more: &[&str]| {
        let file = |part: &str| file(&format!("{which}-{part}.pem"));
        let (certificate, key, chain) = (file("certificate"), file("key"), file("chain"));
        let mut arguments = vec!["import-certificate", "--certificate", &certificate];
        arguments.extend(["--private-key", &key, "--certificate-chain", &chain]);
        arguments.extend(more);
        acm(&arguments)
    };

    let imported = import("first", &["--tags", "Key=bundle,Value=www"]).unwrap();
    let arn = imported["CertificateArn"].as_str().unwrap();
    let on = |operation: &str| acm(&[operation, "--certificate-arn", arn]);
    let first = on("describe-certificate").unwrap()["Certificate"].clone();
    assert_eq!(first["Status"], "ISSUED");
    let again = import("second", &["--certificate-arn", arn]).unwrap();
    assert_eq!(again, imported);
    let second = on("describe-certificate").unwrap()["Certificate"].clone();
    assert_ne!(second["Serial"], first["Serial"]);

    let includes = "keyTypes=EC_prime256v1";
    let listed = acm(&["list-certificates", "--includes", includes]).unwrap();
    assert_eq!(
        listed["CertificateSummaryList"][0]["CertificateArn"],
        json!(arn)
    );
    let statement = json!({"Filter": {"X509AttributeFilter": {"SerialNumber": second["Serial"]}}});
    let statement = statement.to_string();
    let found = acm(&["search-certificates", "--filter-statement", &statement]).unwrap();
    assert_eq!(found["Results"][0]["CertificateArn"], json!(arn));

    let add = [
        "add-tags-to-certificate",
        "--certificate-arn",
        arn,
        "--tags",
        "Key=a,Value=b",
    ];
    acm(&add).unwrap();
    let tags = on("list-tags-for-certificate").unwrap()["Tags"].clone();
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    assert_eq!(tags, json!([tag("a", "b"), tag("bundle", "www")]));
    let resources = ["resourcegroupstaggingapi", "get-resources"];
    let resources: Value =
        serde_json::from_str(&run("aws/bin/aws", &resources, &program.endpoint).unwrap()).unwrap();
    assert_eq!(
        resources["ResourceTagMappingList"][0]["ResourceARN"],
        json!(arn)
    );

    on("delete-certificate").unwrap();
    let gone = on("describe-certificate").unwrap_err();
    assert!(gone.contains("(ResourceNotFoundException)"), "{gone}");
}

#[tokio::test]
async fn the_rust_sdk_sees_a_whole_life() {
    let program = Program::start(&[]);
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(&program.endpoint)
        .credentials_provider(aws_sdk_acm::config::SharedCredentialsProvider::new(
            credentials,
        ))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let acm = aws_sdk_acm::Client::new(&config);
    let [first, second] = renewal();
    let import = |issued: &Issued| {
        acm.import_certificate()
            .certificate(Blob::new(issued.certificate.as_bytes()))
            .private_key(Blob::new(issued.key.as_bytes()))
            .certificate_chain(Blob::new(issued.chain.as_bytes()))
    };

    let tag = Tag::builder().key("bundle").value("www").build().unwrap();
    let arn = import(&first)
        .tags(tag)
        .send()
        .await
        .unwrap()
        .certificate_arn
        .unwrap();
    let describe = || acm.describe_certificate().certificate_arn(&arn).send();
    let before = describe().await.unwrap().certificate.unwrap();
    assert_eq!(before.status, Some(CertificateStatus::Issued));
    assert_eq!(before.r#type, Some(CertificateType::Imported));
    import(&second).certificate_arn(&arn).send().await.unwrap();
    let after = describe().await.unwrap().certificate.unwrap();
    assert_ne!(after.serial, before.serial);
    assert_eq!(after.created_at, before.created_at);

    let includes = Filters::builder()
        .key_types(KeyAlgorithm::EcPrime256v1)
        .build();
    let listed = acm
        .list_certificates()
        .includes(includes)
        .send()
        .await
        .unwrap();
    let summaries = listed.certificate_summary_list();
    assert_eq!(summaries[0].certificate_arn.as_deref(), Some(arn.as_str()));
    let filter = X509AttributeFilter::SerialNumber(after.serial.unwrap());
    let statement =
        CertificateFilterStatement::Filter(CertificateFilter::X509AttributeFilter(filter));
    let found = acm
        .search_certificates()
        .filter_statement(statement)
        .send()
        .await
        .unwrap();
    assert_eq!(
        found.results()[0].certificate_arn.as_deref(),
        Some(arn.as_str())
    );

    let tagging = aws_sdk_resourcegroupstagging::Client::new(&config);
    let resources = tagging
        .get_resources()
        .resource_type_filters("acm:certificate");
    let resources = resources.send().await.unwrap();
    let [resource] = resources.resource_tag_mapping_list() else {
        panic!("{resources:?}");
    };
    assert_eq!(resource.resource_arn.as_deref(), Some(arn.as_str()));

    acm.delete_certificate()
        .certificate_arn(&arn)
        .send()
        .await
        .unwrap();
    let gone = describe().await.unwrap_err();
    assert_eq!(gone.code(), Some("ResourceNotFoundException"));
    assert!(gone.message().is_some_and(|message| message.contains(&arn)));
}

/// A certificate and its renewal with another key.
fn renewal() -> [Issued; 2] {
    let authority = Authority::new();
    [(); 2].map(|()| authority.issue(&Order::default()))
}

/// Both as files: `first-key.pem` and so on.
pub fn drop_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (which, issued) in ["first", "second"].into_iter().zip(renewal()) {
        for (part, pem) in [
            ("certificate", issued.certificate),
            ("key", issued.key),
            ("chain", issued.chain),
        ] {
            let path = folder.path().join(format!("{which}-{part}.pem"));
            std::fs::File::create(path)
                .unwrap()
                .write_all(pem.as_bytes())
                .unwrap();
        }
    }
    folder
}
