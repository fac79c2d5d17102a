//! Operations of the account and on certificates, and errors on the wire.

use certdrop_acm::End;
use serde_json::{Value, json};

use super::Grade::{Asserted, Documented, Quoted, Recorded};
use super::{Fact, Held, TERRAFORM, fact, hold, is, issue, on, refused, shows, taken, with};
use crate::pki::Order;
use crate::server::{Acm, Program, blob, raw};

#[test]
fn facts_of_operations_hold() {
    hold(FACTS);
}

const INVALID: &str = "ValidationException";
const MOTO: &str = "getmoto/moto tests/test_acm, test_put_account_configuration_without_parameters, verified on AWS";

pub(super) const FACTS: &[Fact] = &[
    fact(
        "O01",
        Recorded,
        "PutAccountConfiguration needs a token",
        MOTO,
        || {
            let request = json!({"ExpiryEvents": {"DaysBeforeExpiry": 30}});
            refused(
                Acm::new().call("PutAccountConfiguration", request),
                INVALID,
                &["1 validation error detected: Value null at 'idempotencyToken'"],
            )
        },
    ),
    fact(
        "O02",
        Recorded,
        "PutAccountConfiguration needs something to put",
        MOTO,
        || {
            let request = json!({"IdempotencyToken": "a"});
            let answer = Acm::new().call("PutAccountConfiguration", request);
            refused(answer, INVALID, &["Configuration for events is empty."])
        },
    ),
    fact(
        "O03",
        Documented,
        "45 days before expiry by default, and what was put comes back",
        "API_GetAccountConfiguration",
        || {
            let mut acm = Acm::new();
            let mut days = |expected: i64| {
                let answer = acm.call("GetAccountConfiguration", json!({}));
                let answer = answer.map_err(|refusal| refusal.message)?;
                shows(&answer["ExpiryEvents"], "DaysBeforeExpiry", json!(expected))?;
                let events = json!({"DaysBeforeExpiry": 30});
                let request = json!({"ExpiryEvents": events, "IdempotencyToken": "a"});
                taken(acm.call("PutAccountConfiguration", request))
            };
            days(45)?;
            days(30)
        },
    ),
    fact(
        "O04",
        Asserted,
        "UpdateCertificateOptions is there",
        TERRAFORM,
        || {
            let mut acm = Acm::new();
            let arn = acm.request(json!({"DomainName": "www.example.com"}));
            acm.service
                .end_request_now(&arn, End::Issued)
                .map_err(|refusal| refusal.message)?;
            let options = json!({"CertificateTransparencyLoggingPreference": "DISABLED"});
            let request = json!({"CertificateArn": arn, "Options": options});
            taken(acm.call("UpdateCertificateOptions", request))
        },
    ),
    fact(
        "O05",
        Documented,
        "ExportCertificate refuses an imported certificate",
        "API_ExportCertificate",
        || {
            imported(
                "ExportCertificate",
                &json!({"Passphrase": blob("secret")}),
                INVALID,
            )
        },
    ),
    fact(
        "O06",
        Documented,
        "RenewCertificate refuses an imported certificate",
        "API_RenewCertificate",
        || imported("RenewCertificate", &json!({}), INVALID),
    ),
    fact(
        "O07",
        Documented,
        "ResendValidationEmail is there",
        "API_ResendValidationEmail",
        || {
            let mut acm = Acm::new();
            let name = "www.example.com";
            let arn = acm.request(json!({"DomainName": name}));
            let request = json!({"CertificateArn": arn, "Domain": name, "ValidationDomain": name});
            taken(acm.call("ResendValidationEmail", request))
        },
    ),
    fact(
        "O08",
        Documented,
        "SearchCertificates finds an import by its name",
        "service model",
        || {
            let (mut acm, arn) = with(&issue(&Order::default()));
            let name = json!({"Value": "www.example.com", "ComparisonOperator": "EQUALS"});
            let filter =
                json!({"X509AttributeFilter": {"SubjectAlternativeName": {"DnsName": name}}});
            let request = json!({"FilterStatement": {"Filter": filter}});
            let answer = acm
                .call("SearchCertificates", request)
                .map_err(|refusal| refusal.message)?;
            shows(&answer["Results"][0], "CertificateArn", json!(arn))
        },
    ),
    fact(
        "O09",
        Documented,
        "an operation that does not exist",
        "AWS JSON 1.1 protocol",
        || {
            refused(
                Acm::new().call("PutTheKettleOn", json!({})),
                "UnknownOperationException",
                &[],
            )
        },
    ),
    fact(
        "Q14",
        Quoted,
        "an error on the wire: 400, a bare code, a message",
        "pplu/aws-sdk-perl issue 173",
        || {
            let program = Program::start(&[]);
            let body = on("arn:aws:acm:us-east-1:123456789012:certificate/1").to_string();
            let request = format!(
                "POST / HTTP/1.0\r\nx-amz-target: CertificateManager.DescribeCertificate\r\n\
             content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = raw(&program.endpoint, &request);
            is(answer.split(' ').nth(1), Some("400"))?;
            let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
            let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
            shows(&body, "__type", json!("ResourceNotFoundException"))?;
            is(body["message"].is_string(), true)
        },
    ),
];

fn imported(operation: &str, more: &Value, code: &str) -> Held {
    let (mut acm, arn) = with(&issue(&Order::default()));
    let mut request = on(&arn);
    if let (Some(request), Some(more)) = (request.as_object_mut(), more.as_object()) {
        request.extend(more.clone());
    }
    refused(acm.call(operation, request), code, &[])
}
