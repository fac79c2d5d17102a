//! What ImportCertificate takes and what it refuses.

use certdrop_acm::Quota;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use openssl::x509::X509;
use serde_json::{Value, json};
use time::Duration;

use super::pki::{Authority, Issued, Key, NOW, Order, ec, p256, pem, pem_of_key, rsa, sign};
use super::server::{Acm, blob, import_request};

const PEM: &str = "The certificate body/chain provided is not in a valid PEM format";
const PARSE: &str = "Unable to parse certificate. Please ensure the certificate is in PEM format.";
const INDEX: &str = "The index within the chain of the invalid certificate is: ";
const UNRELATED: &str = "Could not validate the certificate with the certificate chain.";

#[test]
fn certificates_that_acm_refuses_are_refused_in_its_words() {
    let authority = Authority::new();
    let good = authority.issue(&Order::default());
    let with = |certificate: String| Issued {
        certificate,
        ..good.clone()
    };
    let own = &good.certificate;
    let rubbish = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let end = "-----END CERTIFICATE-----\n";
    let late = Order {
        not_before: NOW + Duration::seconds(1),
        ..Order::default()
    };
    let old = Order {
        not_after: NOW - Duration::seconds(1),
        ..Order::default()
    };
    let many = "The certificate field contains more than one certificate";
    let invalid = "The certificate is not valid";
    refused(vec![
        (
            "two certificates",
            with(format!("{own}{}", good.chain)),
            many,
        ),
        ("a key as certificate", with(good.key.clone()), PARSE),
        ("no PEM at all", with("rubbish".into()), PEM),
        (
            "blanks at the end of a line",
            with(own.replacen('\n', " \n", 2)),
            PEM,
        ),
        (
            "a wrong character",
            with(own.replacen("MII", "M*I", 1)),
            PEM,
        ),
        (
            "an empty line inside",
            with(own.replacen("-----\n", "-----\n\n", 1)),
            PEM,
        ),
        (
            "text before the block",
            with(format!("Bag Attributes\n{own}")),
            PEM,
        ),
        ("a block without end", with(own.replace(end, "")), PEM),
        ("rubbish in a block", with(rubbish.into()), PARSE),
        (
            "expired by a second",
            authority.issue(&old),
            "The certificate has expired, is not valid.",
        ),
        (
            "valid from the next second",
            authority.issue(&late),
            "The certificate is not in effect yet, is not valid.",
        ),
        (
            "an OCSP URL of 1,004 characters",
            corpus("bad/ocsp-url-1004.pem"),
            invalid,
        ),
        ("an empty issuer", corpus("bad/issuer-empty.pem"), invalid),
        ("version 1", corpus("bad/x509-v1.pem"), invalid),
    ]);
}

#[test]
fn keys_that_acm_refuses_are_refused_in_its_words() {
    let authority = Authority::new();
    let good = authority.issue(&Order::default());
    let other = authority.issue(&Order::default());
    let with = |key: String| Issued {
        key,
        ..good.clone()
    };
    let own = key_of(&good);
    let aes = Cipher::aes_256_cbc();
    let encrypted = own
        .private_key_to_pem_pkcs8_passphrase(aes, b"secret")
        .unwrap();
    let traditional = own
        .ec_key()
        .unwrap()
        .private_key_to_pem_passphrase(aes, b"secret")
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let issued_for = |key: &Key| authority.issue_for(key, &Order::default());
    let unsupported = "The private key is not supported.";
    let malformed = "The private key is not PEM-encoded or is not valid.";
    refused(vec![
        (
            "another key",
            with(other.key),
            "The private key does not match",
        ),
        ("an encrypted key", with(text(encrypted)), unsupported),
        (
            "an encrypted key, older format",
            with(text(traditional)),
            unsupported,
        ),
        (
            "a certificate as key",
            with(good.certificate.clone()),
            malformed,
        ),
        ("two keys", with(good.key.repeat(2)), malformed),
        (
            "RSA 512",
            issued_for(&rsa(512)),
            "The private key length 512 is not supported for key algorithm.",
        ),
        (
            "RSA 2056",
            issued_for(&rsa(2056)),
            "The private key length 2056 is not supported for key algorithm.",
        ),
        ("secp256k1", issued_for(&ec(Nid::SECP256K1)), unsupported),
        (
            "Ed25519",
            issued_for(&PKey::generate_ed25519().unwrap()),
            unsupported,
        ),
    ]);
}

#[test]
fn chains_that_acm_refuses_are_refused_in_its_words() {
    let authority = Authority::new();
    let good = authority.issue(&Order::default());
    let with = |chain: String| Issued {
        chain,
        ..good.clone()
    };
    let (leaf, own) = (&good.certificate, &good.chain);
    let root = pem(&authority.root);
    let stranger = pem(&Authority::new().intermediate);
    let index = |index: &str| format!("{INDEX}{index}");
    let [reversed, first, second] = ["-1", "0", "1"].map(index);
    refused(vec![
        ("an unrelated chain", with(stranger.clone()), UNRELATED),
        (
            "a chain in reverse",
            with(format!("{root}{own}")),
            &reversed,
        ),
        (
            "the leaf inside the chain",
            with(format!("{leaf}{own}")),
            &first,
        ),
        (
            "a stranger at the end",
            with(format!("{own}{stranger}")),
            &second,
        ),
        ("a certificate twice", with(own.repeat(2)), &second),
        ("a chain that is no PEM", with("rubbish".into()), PEM),
        (
            "a key in the chain",
            with(format!("{own}{}", good.key)),
            PARSE,
        ),
        (
            "an issuer of the same name with another key",
            forged(&authority),
            UNRELATED,
        ),
        (
            "a tampered certificate",
            corpus("bad/tampered.pem"),
            UNRELATED,
        ),
    ]);
}

/// Each bundle is refused with its sentence, and nothing of it is kept.
fn refused(rows: Vec<(&str, Issued, &str)>) {
    for (what, issued, sentence) in rows {
        let mut acm = Acm::new();
        let refusal = acm.call("ImportCertificate", import_request(&issued));
        let refusal = refusal.expect_err(what);
        assert_eq!(refusal.code, "ValidationException", "{what}: {refusal:?}");
        assert!(refusal.message.contains(sentence), "{what}: {refusal:?}");
        let found = acm.call("SearchCertificates", json!({})).unwrap();
        assert_eq!(found["Results"], json!([]), "{what}: was kept");
    }
}

#[test]
fn what_acm_takes_is_taken() {
    let authority = Authority::new();
    let good = authority.issue(&Order::default());
    let with = |change: &dyn Fn(&mut Issued)| {
        let mut issued = good.clone();
        change(&mut issued);
        issued
    };
    let root = pem(&authority.root);
    let first_second = Order {
        not_before: NOW,
        ..Order::default()
    };
    let last_second = Order {
        not_after: NOW,
        ..Order::default()
    };
    let nameless = Order {
        common_name: None,
        names: vec![],
        ..Order::default()
    };
    let traditional = key_of(&good)
        .ec_key()
        .unwrap()
        .private_key_to_pem()
        .unwrap();
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let traditional = format!("{parameters}{}", String::from_utf8(traditional).unwrap());
    let rows = [
        ("with the root", with(&|b| b.chain += &root)),
        (
            "without a final newline",
            with(&|b| b.chain = b.chain.trim_end().to_owned()),
        ),
        (
            "with CRLF",
            with(&|b| b.certificate = b.certificate.replace('\n', "\r\n")),
        ),
        (
            "with EC PARAMETERS",
            with(&|b| b.key.clone_from(&traditional)),
        ),
        ("in its first second", authority.issue(&first_second)),
        ("in its last second", authority.issue(&last_second)),
        ("without any name", authority.issue(&nameless)),
        (
            "an issuer that is no CA",
            issued_by_leaf(&authority, &p256()),
        ),
        (
            "RSA 1024",
            authority.issue_for(&rsa(1024), &Order::default()),
        ),
        (
            "RSA 3072",
            authority.issue_for(&rsa(3072), &Order::default()),
        ),
        (
            "RSA 4096",
            authority.issue_for(&rsa(4096), &Order::default()),
        ),
        (
            "P-384",
            authority.issue_for(&ec(Nid::SECP384R1), &Order::default()),
        ),
        (
            "P-521",
            authority.issue_for(&ec(Nid::SECP521R1), &Order::default()),
        ),
        (
            "an OCSP URL of 1,000 characters",
            corpus("names/ocsp-url-1000.pem"),
        ),
    ];
    for (what, issued) in rows {
        let answer = Acm::new().call("ImportCertificate", import_request(&issued));
        assert!(answer.is_ok(), "{what}: {answer:?}");
    }
}

#[test]
fn importing_twice_makes_two_certificates() {
    let issued = Authority::new().issue(&Order::default());
    let mut acm = Acm::new();
    assert_ne!(acm.import(&issued), acm.import(&issued));
}

#[test]
fn members_outside_the_model_are_refused_together() {
    let issued = Authority::new().issue(&Order::default());
    let rows: Vec<(&str, Value, &str, Vec<&str>)> = vec![
        (
            "CertificateArn",
            json!("arn:x"),
            "ValidationException",
            vec![
                "2 validation errors detected",
                "'certificateArn'",
                "greater than or equal to 20",
                "regular expression pattern: arn:",
            ],
        ),
        (
            "Certificate",
            json!(""),
            "ValidationException",
            vec![
                "1 validation error detected: Value at 'certificate'",
                "greater than or equal to 1",
            ],
        ),
        (
            "Certificate",
            Value::Null,
            "ValidationException",
            vec!["Value null at 'certificate'", "Member must not be null"],
        ),
        (
            "Certificate",
            json!(blob("x".repeat(32_769))),
            "ValidationException",
            vec!["less than or equal to 32768"],
        ),
        (
            "PrivateKey",
            json!(blob("x".repeat(8_193))),
            "ValidationException",
            vec!["less than or equal to 8192"],
        ),
        (
            "CertificateChain",
            json!(blob("x".repeat(2_097_153))),
            "ValidationException",
            vec!["less than or equal to 2097152"],
        ),
        (
            "Certificate",
            json!("%%%"),
            "SerializationException",
            vec![],
        ),
        ("Certificate", json!(7), "SerializationException", vec![]),
    ];
    for (member, value, code, parts) in rows {
        let mut request = import_request(&issued);
        request[member] = value;
        let refusal = Acm::new()
            .call("ImportCertificate", request)
            .expect_err(member);
        assert_eq!(refusal.code, code, "{member}: {refusal:?}");
        for part in parts {
            assert!(
                refusal.message.contains(part),
                "{member}: {part} not in {refusal:?}"
            );
        }
        assert!(
            !refusal.message.contains(&issued.key[40..60]),
            "{member}: shows the key"
        );
    }
}

#[test]
fn the_quotas_are_refused_as_quotas() {
    let issued = Authority::new().issue(&Order::default());
    let mut acm = Acm::new();
    acm.set(|knobs| {
        knobs.quota = Quota {
            certificates: 2,
            imports_per_year: 4,
            ..Quota::default()
        };
    });
    let first = acm.import(&issued);
    acm.import(&issued);
    let full = acm
        .call("ImportCertificate", import_request(&issued))
        .unwrap_err();
    assert_eq!(full.code, "LimitExceededException");
    assert!(
        full.message
            .starts_with("You have reached the maximum number of certificates")
    );

    acm.reimport(&first, &issued).unwrap();
    acm.call("DeleteCertificate", json!({"CertificateArn": first}))
        .unwrap();
    acm.import(&issued);
    let yearly = acm
        .call("ImportCertificate", import_request(&issued))
        .unwrap_err();
    assert_eq!(
        yearly.code, "LimitExceededException",
        "deleted ones and re-imports count"
    );

    acm.set(|knobs| {
        knobs.quota.certificates = 9;
        knobs.now = Some(NOW + Duration::days(80));
    });
    let yearly = acm
        .call("ImportCertificate", import_request(&issued))
        .unwrap_err();
    let sentence = "You have imported the maximum number of 4 certificates in the last year.";
    assert_eq!(yearly.message, sentence);
}

/// A leaf that has signed another leaf.
fn issued_by_leaf(authority: &Authority, key: &Key) -> Issued {
    let middle_key = p256();
    let by = (&authority.intermediate, &authority.intermediate_key);
    let middle = sign(&Order::default(), &middle_key, Some(by));
    let leaf = sign(&Order::default(), key, Some((&middle, &middle_key)));
    Issued {
        certificate: pem(&leaf),
        key: pem_of_key(key),
        chain: pem(&middle) + &pem(&authority.intermediate),
    }
}

/// A leaf whose chain has the issuer's name, but not its key.
fn forged(authority: &Authority) -> Issued {
    let issued = authority.issue(&Order::default());
    let chain = pem(&Authority::new().intermediate);
    Issued { chain, ..issued }
}

fn key_of(issued: &Issued) -> Key {
    PKey::private_key_from_pem(issued.key.as_bytes()).unwrap()
}

/// A corpus file whose certificates stand in order, PEM written anew.
pub fn corpus(path: &str) -> Issued {
    let path = format!("{}/../tests/corpus/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(path).unwrap();
    let certificates = X509::stack_from_pem(&text).unwrap();
    Issued {
        certificate: pem(&certificates[0]),
        key: pem_of_key(&PKey::private_key_from_pem(&text).unwrap()),
        chain: certificates[1..].iter().map(pem).collect(),
    }
}
