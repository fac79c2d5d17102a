//! What ImportCertificate takes and what it refuses.

use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use serde_json::{Value, json};
use time::Duration;

use super::Grade::{Asserted, Documented, Quoted, Recorded};
use super::{
    ANSIBLE, Fact, GUIDE_IMPORT, Held, LOCALSTACK_IMPORT, TERRAFORM, authority, described, fact,
    hold, import, issue, key, localstack, on, refused, shows, taken, with,
};
use crate::import::corpus;
use crate::pki::{
    Authority, Issued, NOW, Order, ec, issued_alone, p256, pem, pem_of_key, rsa, self_signed, sign,
};
use crate::server::{Acm, blob, import_request};

#[test]
fn facts_of_imports_hold() {
    hold(FACTS);
}

const INVALID: &str = "ValidationException";
const GUIDE_FORMAT: &str = "ACM User Guide, certificate and key format for importing";
const REPOST: &str = "repost.aws knowledge-center acm-import-troubleshooting";

pub(super) const FACTS: &[Fact] = &[
    fact(
        "I01",
        Recorded,
        "what is no PEM is refused",
        LOCALSTACK_IMPORT,
        || {
            let issued = Issued {
                certificate: "rubbish".to_owned(),
                ..issue(&Order::default())
            };
            refused(import(&issued), INVALID, &[])
        },
    ),
    fact(
        "I02",
        Recorded,
        "self-signed RSA 2048 without a chain, with a DNS name that is no host name",
        LOCALSTACK_IMPORT,
        || taken(import(&issued_alone(key(), &localstack()))),
    ),
    fact(
        "T01",
        Asserted,
        "a leaf of a CA that may not sign certificates",
        TERRAFORM,
        || {
            let order = Order {
                key_usages: Some(vec!["digitalSignature"]),
                is_ca: true,
                ..localstack()
            };
            let issued = issued_by(&self_signed_by(&order), &Order::default());
            shows(&described(&issued), "DomainName", json!("www.example.com"))
        },
    ),
    fact(
        "T07",
        Asserted,
        "a tag with an empty value",
        "terraform-provider-aws internal/service/acm/certificate_tags_gen_test.go, EmptyTag_onCreate",
        || {
            let mut request = import_request(&issue(&Order::default()));
            request["Tags"] = json!([{"Key": "a", "Value": ""}]);
            let mut acm = Acm::new();
            let answer = acm
                .call("ImportCertificate", request)
                .map_err(|refusal| refusal.message)?;
            let arn = answer["CertificateArn"].as_str().unwrap_or_default();
            let tags = acm
                .call("ListTagsForCertificate", on(arn))
                .map_err(|refusal| refusal.message)?;
            shows(&tags, "Tags", json!([{"Key": "a", "Value": ""}]))
        },
    ),
    fact(
        "N01",
        Asserted,
        "a chain certificate without basic constraints, and it is given back",
        ANSIBLE,
        || {
            let order = Order {
                has_constraints: false,
                key_usages: None,
                ..localstack()
            };
            let issued = issued_by(&self_signed_by(&order), &Order::default());
            let (mut acm, arn) = with(&issued);
            let answer = acm
                .call("GetCertificate", on(&arn))
                .map_err(|refusal| refusal.message)?;
            shows(&answer, "CertificateChain", json!(issued.chain))
        },
    ),
    fact(
        "Q01",
        Quoted,
        "a leaf under a private root with the root as its chain, key in PKCS#8",
        "awsdocs/amazon-elasticache-docs PR 48",
        || {
            let order = Order {
                key_usages: Some(vec!["keyCertSign"]),
                is_ca: true,
                ..localstack()
            };
            taken(import(&issued_by(
                &self_signed_by(&order),
                &Order::default(),
            )))
        },
    ),
    fact(
        "Q02",
        Quoted,
        "a self-signed CA certificate as the certificate",
        "AWS samples: openssl req -x509 -extensions v3_ca, aws acm import-certificate",
        || {
            let order = Order {
                is_ca: true,
                key_usages: None,
                extended_key_usages: None,
                ..Order::default()
            };
            taken(import(&issued_alone(key(), &order)))
        },
    ),
    fact(
        "Q03",
        Quoted,
        "without a common name, DomainName is the first alternative name",
        "getmoto/moto PR 9912",
        || {
            let order = Order {
                common_name: None,
                names: vec!["b.example.com", "a.example.com"],
                ..Order::default()
            };
            shows(
                &described(&issue(&order)),
                "DomainName",
                json!("b.example.com"),
            )
        },
    ),
    fact(
        "Q04",
        Quoted,
        "two certificates in Certificate",
        "aws-cli issue 6569; terraform-provider-aws issue 19400",
        || {
            let good = issue(&Order::default());
            let issued = Issued {
                certificate: format!("{}{}", good.certificate, good.chain),
                ..good
            };
            refused(
                import(&issued),
                INVALID,
                &["The certificate field contains more than one certificate. \
             You can specify only one certificate in this field."],
            )
        },
    ),
    fact(
        "Q05",
        Quoted,
        "the leaf at the start of the chain",
        REPOST,
        || {
            let good = issue(&Order::default());
            let issued = Issued {
                chain: format!("{}{}", good.certificate, good.chain),
                ..good
            };
            refused(
                import(&issued),
                INVALID,
                &["Unable to validate certificate chain."],
            )
        },
    ),
    fact(
        "Q06",
        Quoted,
        "the root where the intermediate belongs",
        "public notes on imports with screenshots; go-acme/lego issue 1506",
        || {
            let issued = Issued {
                chain: pem(&authority().root),
                ..issue(&Order::default())
            };
            refused(
                import(&issued),
                INVALID,
                &["Could not validate the certificate with the certificate chain."],
            )
        },
    ),
    fact(
        "Q10",
        Quoted,
        "RSA of a length that is not permitted",
        REPOST,
        || {
            let issued = authority().issue_for(&rsa(1536), &Order::default());
            refused(
                import(&issued),
                INVALID,
                &["The private key length 1536 is not supported for key algorithm."],
            )
        },
    ),
    fact(
        "W01",
        Documented,
        "an encrypted key is refused",
        GUIDE_IMPORT,
        || {
            let encrypted =
                key().private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"secret");
            with_key(String::from_utf8(encrypted.unwrap()).unwrap())
        },
    ),
    fact(
        "W02",
        Documented,
        "another key than the certificate's is refused",
        GUIDE_IMPORT,
        || with_key(pem_of_key(&p256())),
    ),
    fact(
        "W03",
        Documented,
        "an expired certificate is refused",
        GUIDE_IMPORT,
        || {
            let order = Order {
                not_after: NOW - Duration::SECOND,
                ..Order::default()
            };
            refused(import(&issue(&order)), INVALID, &[])
        },
    ),
    fact(
        "W04",
        Documented,
        "a certificate that is not valid yet is refused",
        GUIDE_IMPORT,
        || {
            let order = Order {
                not_before: NOW + Duration::SECOND,
                ..Order::default()
            };
            refused(import(&issue(&order)), INVALID, &[])
        },
    ),
    fact(
        "W05",
        Documented,
        "an empty issuer is refused",
        GUIDE_IMPORT,
        || refused(import(&corpus("bad/issuer-empty.pem")), INVALID, &[]),
    ),
    fact(
        "W06",
        Documented,
        "an OCSP URL of more than 1,000 characters is refused, of 1,000 is not",
        GUIDE_IMPORT,
        || {
            taken(import(&corpus("names/ocsp-url-1000.pem")))?;
            refused(import(&corpus("bad/ocsp-url-1004.pem")), INVALID, &[])
        },
    ),
    fact(
        "W07",
        Documented,
        "Ed25519 is refused",
        GUIDE_IMPORT,
        || {
            let key = PKey::generate_ed25519().unwrap();
            refused(
                import(&authority().issue_for(&key, &Order::default())),
                INVALID,
                &[],
            )
        },
    ),
    fact(
        "W08",
        Documented,
        "P-256, P-384, P-521, RSA 1024 and 3072 are imported",
        GUIDE_IMPORT,
        || {
            let curves = [p256(), ec(Nid::SECP384R1), ec(Nid::SECP521R1)];
            for key in curves.into_iter().chain([rsa(1024), rsa(3072)]) {
                taken(import(&authority().issue_for(&key, &Order::default())))?;
            }
            Ok(())
        },
    ),
    fact(
        "W09",
        Documented,
        "secp256k1 is refused",
        GUIDE_IMPORT,
        || {
            let issued = authority().issue_for(&ec(Nid::SECP256K1), &Order::default());
            refused(import(&issued), INVALID, &[])
        },
    ),
    fact(
        "W10",
        Documented,
        "a chain in the wrong order is refused",
        GUIDE_IMPORT,
        || {
            let good = issue(&Order::default());
            let chain = format!("{}{}", pem(&authority().root), good.chain);
            refused(import(&Issued { chain, ..good }), INVALID, &[])
        },
    ),
    fact(
        "W11",
        Documented,
        "a whole chain with its root, and one without",
        GUIDE_IMPORT,
        || {
            let good = issue(&Order::default());
            taken(import(&good))?;
            let chain = format!("{}{}", good.chain, pem(&authority().root));
            taken(import(&Issued { chain, ..good }))
        },
    ),
    fact(
        "W14",
        Documented,
        "51 tags are refused",
        "API_ImportCertificate, API_AddTagsToCertificate",
        || {
            let tags: Value = (0..51).map(|n| json!({"Key": format!("{n}")})).collect();
            match tagged(&tags) {
                Ok(_) => Err("they are taken".to_owned()),
                Err(_) => Ok(()),
            }
        },
    ),
    fact(
        "W15",
        Documented,
        "text around the block and blanks at a line's end are refused",
        GUIDE_FORMAT,
        || {
            let good = issue(&Order::default());
            let own = &good.certificate;
            for certificate in [
                format!("Bag Attributes\n{own}"),
                own.replacen('\n', " \n", 2),
            ] {
                refused(
                    import(&Issued {
                        certificate,
                        ..good.clone()
                    }),
                    INVALID,
                    &[],
                )?;
            }
            Ok(())
        },
    ),
    fact(
        "W17",
        Documented,
        "a tag key has 128 characters at most, a value 256",
        "service model of botocore 1.44.8",
        || {
            let tag = |key: usize, value: usize| {
                tagged(&json!([{"Key": "k".repeat(key), "Value": "v".repeat(value)}]))
            };
            taken(tag(128, 256))?;
            refused(tag(129, 256), INVALID, &[])?;
            refused(tag(128, 257), INVALID, &[])
        },
    ),
];

fn tagged(tags: &Value) -> Result<Value, certdrop_acm::Refusal> {
    let mut request = import_request(&issue(&Order::default()));
    request["Tags"] = tags.clone();
    Acm::new().call("ImportCertificate", request)
}

fn with_key(private_key: String) -> Held {
    let mut request = import_request(&issue(&Order::default()));
    request["PrivateKey"] = json!(blob(private_key));
    refused(Acm::new().call("ImportCertificate", request), INVALID, &[])
}

/// A certificate of its own that signs others.
fn self_signed_by(order: &Order) -> Authority {
    let issuer_key = rsa(2048);
    let issuer = self_signed(&issuer_key, order);
    Authority {
        root: issuer.clone(),
        intermediate: issuer,
        intermediate_key: issuer_key,
    }
}

fn issued_by(issuer: &Authority, order: &Order) -> Issued {
    let leaf = sign(
        order,
        key(),
        Some((&issuer.intermediate, &issuer.intermediate_key)),
    );
    Issued {
        certificate: pem(&leaf),
        key: pem_of_key(key()),
        chain: pem(&issuer.intermediate),
    }
}
