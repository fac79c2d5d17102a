//! What ListCertificates shows of an imported certificate.

use serde_json::{Value, json};

use super::Grade::{Quoted, Recorded};
use super::{Fact, Held, authority, fact, has_members, hold, is, key, localstack, shows, with};
use crate::pki::{Order, issued_alone, rsa};
use crate::server::Acm;

#[test]
fn facts_of_lists_hold() {
    hold(FACTS);
}

const LOCALSTACK_LIST: &str = "localstack tests/aws/services/acm/test_acm.snapshot.json, \
     test_list_certificates_with_key_types_filter_imported_certificate, 2025-12-09";

pub(super) const FACTS: &[Fact] = &[
    fact(
        "L01",
        Recorded,
        "KeyAlgorithm has a hyphen",
        LOCALSTACK_LIST,
        || member("KeyAlgorithm", json!("RSA-2048")),
    ),
    fact(
        "L02",
        Recorded,
        "ExportOption is there",
        LOCALSTACK_LIST,
        || member("ExportOption", json!("DISABLED")),
    ),
    fact("L03", Recorded, "KeyUsages", LOCALSTACK_LIST, || {
        member(
            "KeyUsages",
            json!(["DIGITAL_SIGNATURE", "NON_REPUDIATION", "KEY_ENCIPHERMENT"]),
        )
    }),
    fact(
        "L04",
        Recorded,
        "ExtendedKeyUsages",
        LOCALSTACK_LIST,
        || {
            member(
                "ExtendedKeyUsages",
                json!(["TLS_WEB_SERVER_AUTHENTICATION"]),
            )
        },
    ),
    fact(
        "L05",
        Recorded,
        "the names in the certificate's order",
        LOCALSTACK_LIST,
        || member("SubjectAlternativeNameSummaries", json!(localstack().names)),
    ),
    fact(
        "L06",
        Recorded,
        "no names are left out",
        LOCALSTACK_LIST,
        || member("HasAdditionalSubjectAlternativeNames", json!(false)),
    ),
    fact("L07", Recorded, "InUse", LOCALSTACK_LIST, || {
        member("InUse", json!(false))
    }),
    fact(
        "L08",
        Recorded,
        "RenewalEligibility",
        LOCALSTACK_LIST,
        || member("RenewalEligibility", json!("INELIGIBLE")),
    ),
    fact("L09", Recorded, "Type", LOCALSTACK_LIST, || {
        member("Type", json!("IMPORTED"))
    }),
    fact(
        "L10",
        Recorded,
        "exactly AWS's members",
        LOCALSTACK_LIST,
        || {
            let members = "CertificateArn CreatedAt DomainName ExportOption ExtendedKeyUsages \
            HasAdditionalSubjectAlternativeNames ImportedAt InUse KeyAlgorithm KeyUsages NotAfter \
            NotBefore RenewalEligibility Status SubjectAlternativeNameSummaries Type";
            let members: Vec<&str> = members.split_whitespace().collect();
            has_members(&summary(), &members)
        },
    ),
    fact(
        "L11",
        Quoted,
        "RSA 4096 is listed where keyTypes ask for it, and not without",
        "aws-cli issue 3450; terraform-provider-aws certificate_data_source_test.go, keyTypes",
        || {
            let (mut acm, _) = with(&authority().issue_for(&rsa(4096), &Order::default()));
            is(listed(&mut acm, json!({})).len(), 0)?;
            is(
                listed(&mut acm, json!({"Includes": {"keyTypes": ["RSA_4096"]}})).len(),
                1,
            )
        },
    ),
];

fn member(name: &str, expected: Value) -> Held {
    shows(&summary(), name, expected)
}

/// LocalStack's certificate in a list.
fn summary() -> Value {
    let (mut acm, _) = with(&issued_alone(key(), &localstack()));
    listed(&mut acm, json!({})).remove(0)
}

fn listed(acm: &mut Acm, request: Value) -> Vec<Value> {
    let answer = acm.call("ListCertificates", request).unwrap();
    answer["CertificateSummaryList"].as_array().unwrap().clone()
}
