//! Requested certificates.

use certdrop_acm::End;
use serde_json::{Value, json};
use time::Duration;

use super::Grade::{Asserted, Documented, Quoted, Recorded};
use super::{Fact, TERRAFORM, fact, has_members, hold, is, on, refused, shows, sorted};
use crate::pki::NOW;
use crate::server::Acm;

#[test]
fn facts_of_requests_hold() {
    hold(FACTS);
}

const SNAPSHOT: &str =
    "localstack tests/aws/services/acm/test_acm.snapshot.json, test_domain_validation, 2025-10-14";
const WILDCARD: &str = "localstack tests/aws/services/acm/test_acm.snapshot.json, \
     test_certificate_for_subdomain_wildcard, 2023-04-18";

pub(super) const FACTS: &[Fact] = &[
    fact(
        "Q16",
        Quoted,
        "a tag value with an asterisk is refused by path and pattern",
        "terraform-aws-modules/terraform-aws-acm issue 93",
        || {
            let tags = json!([{"Key": "a", "Value": "*.example.com"}]);
            let request = json!({"DomainName": "www.example.com", "Tags": tags});
            let parts = [
                "1 validation error detected: Value '*.example.com' at 'tags.1.member.value' failed to \
             satisfy constraint: Member must satisfy regular expression pattern: ([\\p{L}",
            ];
            refused(
                Acm::new().call("RequestCertificate", request),
                "ValidationException",
                &parts,
            )
        },
    ),
    fact(
        "Q17",
        Quoted,
        "an empty alternative name is refused by the list and all constraints",
        "terraform-provider-aws PR 14782",
        || {
            let request = json!({"DomainName": "www.example.com", "SubjectAlternativeNames": [""]});
            let parts = [
                "at 'subjectAlternativeNames' failed to satisfy constraint: Member must satisfy \
             constraint: [Member must have length less than or equal to 253, Member must have length \
             greater than or equal to 1, Member must satisfy regular expression pattern: ",
            ];
            refused(
                Acm::new().call("RequestCertificate", request),
                "ValidationException",
                &parts,
            )
        },
    ),
    fact(
        "Q18",
        Quoted,
        "50 names are too many",
        "terraform-provider-aws issue 35825",
        || {
            let names: Vec<String> = (0..49).map(|n| format!("{n}.example.com")).collect();
            let request =
                json!({"DomainName": "www.example.com", "SubjectAlternativeNames": names});
            let sentence = "Certificate has too many domains.";
            let answer = Acm::new().call("RequestCertificate", request);
            refused(answer, "LimitExceededException", &[sentence])
        },
    ),
    fact(
        "R01",
        Recorded,
        "without a method: EMAIL, pending, with a list of addresses that is empty",
        SNAPSHOT,
        || {
            let option = json!({
                "DomainName": "www.example.com", "ValidationDomain": "www.example.com",
                "ValidationEmails": [], "ValidationMethod": "EMAIL", "ValidationStatus": "PENDING_VALIDATION",
            });
            shows(
                &pending(json!({})),
                "DomainValidationOptions",
                json!([option]),
            )
        },
    ),
    fact("R02", Recorded, "exactly AWS's members", SNAPSHOT, || {
        let members = "CertificateArn CreatedAt DomainName DomainValidationOptions ExtendedKeyUsages \
            InUseBy Issuer KeyAlgorithm KeyUsages Options RenewalEligibility SignatureAlgorithm Status \
            Subject SubjectAlternativeNames Type";
        let members: Vec<&str> = members.split_whitespace().collect();
        has_members(&pending(json!({})), &members)
    }),
    fact(
        "R03",
        Recorded,
        "what stands for the certificate before there is one",
        SNAPSHOT,
        || {
            let detail = pending(json!({}));
            for (member, expected) in [
                ("Subject", json!("CN=www.example.com")),
                ("Issuer", json!("Amazon")),
                ("KeyAlgorithm", json!("RSA-2048")),
                ("SignatureAlgorithm", json!("SHA256WITHRSA")),
                ("KeyUsages", json!([])),
                ("ExtendedKeyUsages", json!([])),
                ("RenewalEligibility", json!("INELIGIBLE")),
                ("Status", json!("PENDING_VALIDATION")),
                ("Type", json!("AMAZON_ISSUED")),
            ] {
                shows(&detail, member, expected)?;
            }
            Ok(())
        },
    ),
    fact(
        "R04",
        Recorded,
        "logging is ENABLED, export DISABLED",
        SNAPSHOT,
        || {
            let options = json!({"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"});
            shows(&pending(json!({})), "Options", options)
        },
    ),
    fact(
        "R05",
        Recorded,
        "DNS: a CNAME record within seconds",
        "localstack test_certificate_for_subdomain_wildcard, 2023-04-18; cloud-custodian \
         tests/data/placebo/test_acm_certificate_augment",
        || {
            let record = record("www.example.com");
            let text = |member: &str| record[member].as_str().unwrap_or_default().to_owned();
            is(text("Type"), "CNAME".to_owned())?;
            let (name, value) = (text("Name"), text("Value"));
            is(
                name.starts_with('_') && name.ends_with(".www.example.com."),
                true,
            )?;
            is(
                value.starts_with('_') && value.ends_with(".acm-validations.aws."),
                true,
            )
        },
    ),
    fact(
        "R06",
        Recorded,
        "a wildcard's record lies under the name itself",
        WILDCARD,
        || is(record("*.example.com"), record("example.com")),
    ),
    fact(
        "R07",
        Recorded,
        "in a list: pending, not exported, without dates of a certificate",
        "localstack test_acm.snapshot.json, lists of requested certificates, 2025",
        || {
            let mut acm = Acm::new();
            acm.request(json!({"DomainName": "www.example.com"}));
            let answer = acm
                .call("ListCertificates", json!({}))
                .map_err(|refusal| refusal.message)?;
            let summary = &answer["CertificateSummaryList"][0];
            for (member, expected) in [
                ("Status", json!("PENDING_VALIDATION")),
                ("Exported", json!(false)),
                ("KeyUsages", json!([])),
                ("ExtendedKeyUsages", json!([])),
            ] {
                shows(summary, member, expected)?;
            }
            let absent = ["NotBefore", "NotAfter", "IssuedAt", "ImportedAt"];
            is(absent.map(|member| summary.get(member)), [None; 4])
        },
    ),
    fact(
        "R08",
        Asserted,
        "KeyAlgorithm has a hyphen",
        TERRAFORM,
        || {
            shows(
                &pending(json!({"KeyAlgorithm": "EC_prime256v1"})),
                "KeyAlgorithm",
                json!("EC-prime256v1"),
            )
        },
    ),
    fact(
        "R09",
        Asserted,
        "logging that is switched off is shown so",
        TERRAFORM,
        || {
            let logging = "CertificateTransparencyLoggingPreference";
            let detail = pending(json!({"Options": {logging: "DISABLED"}}));
            shows(&detail["Options"], logging, json!("DISABLED"))
        },
    ),
    fact(
        "R10",
        Asserted,
        "the main name is among the alternative names",
        "terraform-provider-aws internal/service/acm/certificate.go",
        || {
            let detail = pending(json!({"SubjectAlternativeNames": ["example.com"]}));
            let names = json!(["example.com", "www.example.com"]);
            is(sorted(&detail["SubjectAlternativeNames"]), sorted(&names))
        },
    ),
    fact(
        "R11",
        Asserted,
        "tags of a request are listed",
        "terraform-provider-aws; aws-controllers-k8s/acm-controller, test_crud_public",
        || {
            let mut acm = Acm::new();
            let tags = json!([{"Key": "a", "Value": "b"}]);
            let arn = acm.request(json!({"DomainName": "www.example.com", "Tags": tags}));
            let answer = acm
                .call("ListTagsForCertificate", on(&arn))
                .map_err(|refusal| refusal.message)?;
            shows(&answer, "Tags", tags)
        },
    ),
    fact(
        "R12",
        Recorded,
        "a validated request is issued",
        WILDCARD,
        || {
            let mut acm = Acm::new();
            let arn =
                acm.request(json!({"DomainName": "www.example.com", "ValidationMethod": "DNS"}));
            acm.service
                .end_request_now(&arn, End::Issued)
                .map_err(|refusal| refusal.message)?;
            let detail = acm.describe(&arn);
            shows(&detail, "Status", json!("ISSUED"))?;
            shows(
                &detail["DomainValidationOptions"][0],
                "ValidationStatus",
                json!("SUCCESS"),
            )?;
            let usages = json!([{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}]);
            shows(&detail, "KeyUsages", usages)?;
            shows(
                &detail["ExtendedKeyUsages"][0],
                "Name",
                json!("TLS_WEB_SERVER_AUTHENTICATION"),
            )?;
            let present =
                ["IssuedAt", "Serial", "NotAfter"].map(|member| detail.get(member).is_some());
            is(present, [true; 3])
        },
    ),
    fact(
        "R13",
        Documented,
        "the same token and names within the hour: the same ARN",
        "API_RequestCertificate",
        || {
            let mut acm = Acm::new();
            let request = json!({"DomainName": "www.example.com", "IdempotencyToken": "a"});
            let first = acm.request(request.clone());
            acm.set(|knobs| knobs.now = Some(NOW + Duration::minutes(59)));
            is(acm.request(request), first)
        },
    ),
    fact(
        "R14",
        Documented,
        "GetCertificate of a pending request",
        "API_GetCertificate; amazon.aws acm.py",
        || {
            let mut acm = Acm::new();
            let arn = acm.request(json!({"DomainName": "www.example.com"}));
            refused(
                acm.call("GetCertificate", on(&arn)),
                "RequestInProgressException",
                &[],
            )
        },
    ),
];

/// A request for www.example.com as it is at once.
fn pending(more: Value) -> Value {
    let mut acm = Acm::new();
    let mut request = json!({"DomainName": "www.example.com"});
    if let (Some(request), Value::Object(more)) = (request.as_object_mut(), more) {
        request.extend(more);
    }
    let arn = acm.request(request);
    acm.describe(&arn)
}

/// The record of a name, some seconds after its request.
fn record(name: &str) -> Value {
    let mut acm = Acm::new();
    acm.set(|knobs| knobs.requests.end_after_ms = None);
    let arn = acm.request(json!({"DomainName": name, "ValidationMethod": "DNS"}));
    acm.set(|knobs| knobs.now = Some(NOW + Duration::seconds(5)));
    acm.describe(&arn)["DomainValidationOptions"][0]["ResourceRecord"].clone()
}
