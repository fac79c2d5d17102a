//! What a re-import keeps, changes and may not do; tags.

use serde_json::{Value, json};
use time::Duration;

use super::Grade::{Asserted, Documented, Quoted};
use super::{
    ANSIBLE, Fact, Held, TERRAFORM, authority, fact, hold, is, issue, key, on, refused, shows,
    taken, with,
};
use crate::pki::{Authority, Issued, NOW, Order, issued_alone, p256, rsa};
use crate::server::{Acm, import_request};

#[test]
fn facts_of_re_imports_hold() {
    hold(FACTS);
}

const INVALID: &str = "ValidationException";
const GUIDE: &str = "ACM User Guide, reimporting a certificate";
const RUNBOOK: &str = "public runbook that quotes ACM; ACM User Guide, reimporting a certificate";

pub(super) const FACTS: &[Fact] = &[
    fact(
        "T02",
        Asserted,
        "the ARN stays under another CA, and with a self-signed certificate of another \
        key and name",
        TERRAFORM,
        || {
            let (mut acm, arn) = with(&issue(&Order::default()));
            let other = Authority::new().issue_for(key(), &Order::default());
            keeps(&mut acm, &arn, &other)?;
            let own = issued_alone(&rsa(2048), &named("example.org"));
            keeps(&mut acm, &arn, &own)?;
            shows(&acm.describe(&arn), "DomainName", json!("example.org"))
        },
    ),
    fact(
        "T05",
        Asserted,
        "a certificate for an address takes another address and key; its tags stay",
        "terraform-provider-aws internal/service/acm/certificate_test.go, PrivateKey_ReimportWithTags",
        || {
            let address = |address| Order {
                common_name: Some(address),
                names: vec![],
                ..Order::default()
            };
            let (mut acm, arn) = tagged(&issued_alone(key(), &address("192.0.2.1")), "b");
            keeps(
                &mut acm,
                &arn,
                &issued_alone(&rsa(2048), &address("192.0.2.2")),
            )?;
            is(tags(&mut acm, &arn), json!([{"Key": "a", "Value": "b"}]))
        },
    ),
    fact(
        "T06",
        Asserted,
        "a tag that is added again gets the new value",
        "terraform-provider-aws internal/service/acm/certificate_test.go, PrivateKey_ReimportWithTags",
        || {
            let (mut acm, arn) = tagged(&issue(&Order::default()), "b");
            let request = json!({"CertificateArn": arn, "Tags": [{"Key": "a", "Value": "c"}]});
            taken(acm.call("AddTagsToCertificate", request))?;
            is(tags(&mut acm, &arn), json!([{"Key": "a", "Value": "c"}]))
        },
    ),
    fact(
        "N03",
        Asserted,
        "another name and key without key usages: same ARN, new DomainName, tags kept",
        ANSIBLE,
        || {
            let plain = |name| Order {
                key_usages: None,
                extended_key_usages: None,
                ..named(name)
            };
            let (mut acm, arn) = tagged(&issued_alone(key(), &plain("a.example.com")), "b");
            keeps(
                &mut acm,
                &arn,
                &issued_alone(&rsa(2048), &plain("b.example.com")),
            )?;
            is(tags(&mut acm, &arn), json!([{"Key": "a", "Value": "b"}]))?;
            shows(&acm.describe(&arn), "DomainName", json!("b.example.com"))
        },
    ),
    fact(
        "N04",
        Asserted,
        "GetCertificate gives the chain of the re-import",
        ANSIBLE,
        || {
            let (mut acm, arn) = with(&issue(&Order::default()));
            let other = Authority::new().issue_for(key(), &Order::default());
            keeps(&mut acm, &arn, &other)?;
            let answer = acm
                .call("GetCertificate", on(&arn))
                .map_err(|refusal| refusal.message)?;
            shows(&answer, "CertificateChain", json!(other.chain))
        },
    ),
    fact(
        "Q07",
        Quoted,
        "tags on a re-import are refused",
        "terraform-provider-aws issue 15055",
        || {
            let (mut acm, arn) = with(&issue(&Order::default()));
            let mut request = import_request(&issue(&Order::default()));
            request["CertificateArn"] = json!(arn);
            request["Tags"] = json!([{"Key": "a", "Value": "b"}]);
            let answer = acm.call("ImportCertificate", request);
            refused(answer, INVALID, &["Tagging is not permitted on re-import."])
        },
    ),
    fact(
        "Q08",
        Quoted,
        "a key usage that is lost is refused",
        RUNBOOK,
        || {
            let usages = |usages| Order {
                key_usages: Some(usages),
                ..Order::default()
            };
            let before = usages(vec!["digitalSignature", "keyEncipherment"]);
            replaced(
                &before,
                &usages(vec!["digitalSignature"]),
                &[
                    "New certificate is missing one or more Key Usages supported by the currently imported \
             certificate",
                ],
            )
        },
    ),
    fact(
        "Q09",
        Quoted,
        "an extended key usage that is lost is refused",
        RUNBOOK,
        || {
            let usages = |usages| Order {
                extended_key_usages: Some(usages),
                ..Order::default()
            };
            let before = usages(vec!["serverAuth", "codeSigning"]);
            replaced(
                &before,
                &usages(vec!["serverAuth"]),
                &[
                    "New certificate is missing one or more Extended Key Usages supported by the currently \
             imported certificate",
                ],
            )
        },
    ),
    fact(
        "Q12",
        Quoted,
        "an ARN that is gone is not found, in ACM's words",
        "public end-to-end log of pulumi, operation error ACM: ImportCertificate",
        || {
            let arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1";
            let answer = Acm::new().reimport(arn, &issue(&Order::default()));
            let sentence = format!("Could not find certificate {arn}.");
            refused(answer, "ResourceNotFoundException", &[&sentence])
        },
    ),
    fact(
        "Q15",
        Quoted,
        "CreatedAt stays and ImportedAt moves",
        "public runbook with list-certificates of a re-imported certificate",
        || {
            let (mut acm, arn) = with(&issue(&Order::default()));
            let before = acm.describe(&arn);
            acm.set(|knobs| knobs.now = Some(NOW + Duration::SECOND));
            keeps(&mut acm, &arn, &issue(&Order::default()))?;
            let after = acm.describe(&arn);
            is(&after["CreatedAt"], &before["CreatedAt"])?;
            let moved = before["ImportedAt"].as_f64().map(|at| at + 1.0);
            is(after["ImportedAt"].as_f64(), moved)
        },
    ),
    fact(
        "W12",
        Documented,
        "another key type or size is refused",
        GUIDE,
        || {
            for key in [p256(), rsa(3072)] {
                let (mut acm, arn) = with(&issue(&Order::default()));
                let answer = acm.reimport(&arn, &authority().issue_for(&key, &Order::default()));
                refused(answer, INVALID, &[])?;
            }
            Ok(())
        },
    ),
    fact(
        "W13",
        Documented,
        "client authentication may be lost",
        GUIDE,
        || {
            let usages = |usages| Order {
                extended_key_usages: Some(usages),
                ..Order::default()
            };
            let (mut acm, arn) = with(&issue(&usages(vec!["serverAuth", "clientAuth"])));
            keeps(&mut acm, &arn, &issue(&usages(vec!["serverAuth"])))
        },
    ),
    fact(
        "W16",
        Documented,
        "a requested certificate is not replaced",
        "API_ImportCertificate",
        || {
            let mut acm = Acm::new();
            let arn = acm.request(json!({"DomainName": "www.example.com"}));
            refused(acm.reimport(&arn, &issue(&Order::default())), INVALID, &[])
        },
    ),
];

fn named(name: &'static str) -> Order {
    Order {
        common_name: Some(name),
        names: vec![name],
        ..Order::default()
    }
}

fn keeps(acm: &mut Acm, arn: &str, issued: &Issued) -> Held {
    let answer = acm
        .reimport(arn, issued)
        .map_err(|refusal| refusal.message)?;
    shows(&answer, "CertificateArn", json!(arn))
}

fn replaced(before: &Order, after: &Order, parts: &[&str]) -> Held {
    let (mut acm, arn) = with(&issue(before));
    refused(acm.reimport(&arn, &issue(after)), INVALID, parts)
}

/// A service with one certificate that has the tag `a`.
fn tagged(issued: &Issued, value: &str) -> (Acm, String) {
    let mut acm = Acm::new();
    let mut request = import_request(issued);
    request["Tags"] = json!([{"Key": "a", "Value": value}]);
    let answer = acm.call("ImportCertificate", request).unwrap();
    let arn = answer["CertificateArn"].as_str().unwrap().to_owned();
    (acm, arn)
}

fn tags(acm: &mut Acm, arn: &str) -> Value {
    acm.call("ListTagsForCertificate", on(arn)).unwrap()["Tags"].clone()
}
