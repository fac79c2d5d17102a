//! What DescribeCertificate and GetCertificate show of an imported certificate.

use serde_json::{Value, json};

use super::Grade::{Asserted, Quoted, Recorded};
use super::{
    ANSIBLE, Fact, Held, LOCALSTACK_IMPORT, TERRAFORM, described, fact, has_members, hold, is,
    issue, key, localstack, on, refused, shows, sorted, with,
};
use crate::pki::{Order, issued_alone};

#[test]
fn facts_of_descriptions_hold() {
    hold(FACTS);
}

const STEAMPIPE: &str = "turbot/steampipe-plugin-aws aws-test/tests/aws_acm_certificate";

pub(super) const FACTS: &[Fact] = &[
    fact(
        "D01",
        Recorded,
        "DomainName is the common name",
        LOCALSTACK_IMPORT,
        || detail("DomainName", json!("localhost")),
    ),
    fact(
        "D02",
        Recorded,
        "Issuer is the issuer's organization",
        LOCALSTACK_IMPORT,
        || detail("Issuer", json!("LocalStack Org")),
    ),
    fact(
        "D03",
        Recorded,
        "Subject is in the certificate's order",
        LOCALSTACK_IMPORT,
        || {
            let subject =
                "C=AU,ST=Some-State,L=Some-Locality,O=LocalStack Org,OU=Testing,CN=localhost";
            detail("Subject", json!(subject))
        },
    ),
    fact(
        "D04",
        Recorded,
        "Serial has colons",
        LOCALSTACK_IMPORT,
        || detail("Serial", json!("03:e9")),
    ),
    fact(
        "D05",
        Recorded,
        "KeyAlgorithm has a hyphen",
        LOCALSTACK_IMPORT,
        || detail("KeyAlgorithm", json!("RSA-2048")),
    ),
    fact(
        "D06",
        Recorded,
        "SignatureAlgorithm",
        LOCALSTACK_IMPORT,
        || detail("SignatureAlgorithm", json!("SHA256WITHRSA")),
    ),
    fact(
        "D07",
        Recorded,
        "Options are both DISABLED",
        LOCALSTACK_IMPORT,
        || {
            let options = json!({"CertificateTransparencyLoggingPreference": "DISABLED", "Export": "DISABLED"});
            detail("Options", options)
        },
    ),
    fact(
        "D08",
        Recorded,
        "RenewalEligibility",
        LOCALSTACK_IMPORT,
        || detail("RenewalEligibility", json!("INELIGIBLE")),
    ),
    fact("D09", Recorded, "Status", LOCALSTACK_IMPORT, || {
        detail("Status", json!("ISSUED"))
    }),
    fact("D10", Recorded, "Type", LOCALSTACK_IMPORT, || {
        detail("Type", json!("IMPORTED"))
    }),
    fact(
        "D11",
        Recorded,
        "InUseBy is there and empty",
        LOCALSTACK_IMPORT,
        || detail("InUseBy", json!([])),
    ),
    fact("D12", Recorded, "KeyUsages", LOCALSTACK_IMPORT, || {
        let usages = ["DIGITAL_SIGNATURE", "NON_REPUDIATION", "KEY_ENCIPHERMENT"];
        detail(
            "KeyUsages",
            usages.iter().map(|name| json!({"Name": name})).collect(),
        )
    }),
    fact(
        "D13",
        Recorded,
        "ExtendedKeyUsages",
        LOCALSTACK_IMPORT,
        || {
            let usage =
                json!({"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"});
            detail("ExtendedKeyUsages", json!([usage]))
        },
    ),
    fact(
        "D14",
        Recorded,
        "DomainValidationOptions names each name, and no more",
        LOCALSTACK_IMPORT,
        || {
            let names = localstack().names;
            let expected = names
                .iter()
                .map(|name| json!({"DomainName": name}))
                .collect();
            let detail = described(&issued_alone(key(), &localstack()));
            is(
                sorted(&detail["DomainValidationOptions"]),
                sorted(&expected),
            )
        },
    ),
    fact(
        "D15",
        Recorded,
        "SubjectAlternativeNames are the names, each once",
        LOCALSTACK_IMPORT,
        || {
            let detail = described(&issued_alone(key(), &localstack()));
            is(
                sorted(&detail["SubjectAlternativeNames"]),
                sorted(&json!(localstack().names)),
            )
        },
    ),
    fact(
        "D16",
        Recorded,
        "exactly AWS's members",
        LOCALSTACK_IMPORT,
        || {
            let members = "CertificateArn CreatedAt DomainName DomainValidationOptions ExtendedKeyUsages \
            ImportedAt InUseBy Issuer KeyAlgorithm KeyUsages NotAfter NotBefore Options \
            RenewalEligibility Serial SignatureAlgorithm Status Subject SubjectAlternativeNames Type";
            let members: Vec<&str> = members.split_whitespace().collect();
            has_members(&described(&issued_alone(key(), &localstack())), &members)
        },
    ),
    fact(
        "T03",
        Asserted,
        "a common name that is an IP address is no DomainName",
        TERRAFORM,
        || shows(&described(&issue(&address())), "DomainName", Value::Null),
    ),
    fact(
        "T04",
        Asserted,
        "such a certificate has no SubjectAlternativeNames",
        TERRAFORM,
        || {
            shows(
                &described(&issue(&address())),
                "SubjectAlternativeNames",
                json!([]),
            )
        },
    ),
    fact(
        "T08",
        Asserted,
        "a common name alone is the only name",
        "terraform-provider-aws internal/service/acm/certificate_list_test.go, includeResource",
        || {
            let order = Order {
                names: vec![],
                ..Order::default()
            };
            shows(
                &described(&issue(&order)),
                "SubjectAlternativeNames",
                json!(["www.example.com"]),
            )
        },
    ),
    fact(
        "T09",
        Asserted,
        "a deleted certificate is not found",
        TERRAFORM,
        || {
            let (mut acm, arn) = with(&issue(&Order::default()));
            acm.call("DeleteCertificate", on(&arn))
                .map_err(|refusal| refusal.message)?;
            refused(
                acm.call("DescribeCertificate", on(&arn)),
                "ResourceNotFoundException",
                &[],
            )
        },
    ),
    fact(
        "K01",
        Asserted,
        "Subject is in the certificate's order",
        "aws-controllers-k8s/acm-controller test/e2e/tests/test_certificate.py, test_import_certificate",
        || {
            let order = Order {
                attributes: vec![("O", "ACK")],
                common_name: Some("services.k8s.aws"),
                ..Order::default()
            };
            shows(
                &described(&issue(&order)),
                "Subject",
                json!("O=ACK,CN=services.k8s.aws"),
            )
        },
    ),
    fact(
        "N02",
        Asserted,
        "GetCertificate gives back the certificate's very PEM",
        ANSIBLE,
        || {
            let issued = issue(&Order::default());
            let (mut acm, arn) = with(&issued);
            let answer = acm
                .call("GetCertificate", on(&arn))
                .map_err(|refusal| refusal.message)?;
            shows(&answer, "Certificate", json!(issued.certificate))
        },
    ),
    fact(
        "P01",
        Asserted,
        "Issuer is the issuer's organization, as it is written",
        STEAMPIPE,
        || {
            let order = Order {
                attributes: vec![("O", "Turbot HQ Pvt. Ltd.")],
                ..Order::default()
            };
            shows(
                &described(&issued_alone(key(), &order)),
                "Issuer",
                json!("Turbot HQ Pvt. Ltd."),
            )
        },
    ),
    fact(
        "P02",
        Asserted,
        "a self-signed certificate without a chain is its own chain",
        STEAMPIPE,
        || {
            let issued = issued_alone(key(), &Order::default());
            let (mut acm, arn) = with(&issued);
            let answer = acm
                .call("GetCertificate", on(&arn))
                .map_err(|refusal| refusal.message)?;
            shows(&answer, "CertificateChain", json!(issued.certificate))
        },
    ),
    fact(
        "Q11",
        Quoted,
        "a missing certificate is not found, in ACM's words",
        "ansible-collections/community.aws PR 870; WaiterError.last_response quoted in public",
        || {
            let arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1";
            let sentence = format!("Could not find certificate {arn} in account 123456789012.");
            let (mut acm, _) = with(&issue(&Order::default()));
            refused(
                acm.call("DescribeCertificate", on(arn)),
                "ResourceNotFoundException",
                &[&sentence],
            )
        },
    ),
    fact(
        "Q13",
        Quoted,
        "an ARN of another region is not found",
        "awsdocs/aws-doc-sdk-examples PR 236",
        || {
            let (mut acm, arn) = with(&issue(&Order::default()));
            let arn = arn.replace("eu-central-1", "us-east-1");
            refused(
                acm.call("GetCertificate", on(&arn)),
                "ResourceNotFoundException",
                &[],
            )
        },
    ),
    fact(
        "Q19",
        Quoted,
        "Issuer of a plain self-signed certificate is its organization",
        "public audit note that quotes describe-certificate",
        || {
            let order = Order {
                attributes: vec![("C", "US"), ("O", "AccuNode")],
                ..Order::default()
            };
            let detail = described(&issued_alone(key(), &order));
            shows(&detail, "Issuer", json!("AccuNode"))?;
            shows(
                &detail,
                "Subject",
                json!("C=US,O=AccuNode,CN=www.example.com"),
            )
        },
    ),
];

/// A member of LocalStack's certificate.
fn detail(member: &str, expected: Value) -> Held {
    shows(
        &described(&issued_alone(key(), &localstack())),
        member,
        expected,
    )
}

fn address() -> Order {
    Order {
        common_name: Some("192.0.2.1"),
        names: vec![],
        ..Order::default()
    }
}
