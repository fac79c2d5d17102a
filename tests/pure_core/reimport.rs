//! What a renewed certificate may lose beside the one that ACM has, and what not.
//!
//! Source: <https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html>

use certdrop::certificate::Certificate;
use certdrop::validate::reimport::{Previous, Usages, findings};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

use certdrop_test_support::pki::rsa_key;

const SERVER: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
const CODE: &str = "1.3.6.1.5.5.7.3.3";

fn only(usages: &[&str]) -> Usages {
    Usages::Only(usages.iter().map(|usage| (*usage).to_owned()).collect())
}

/// A new certificate with these extensions; an empty list is an absent one.
fn renewed(
    key: &KeyPair,
    usages: &[KeyUsagePurpose],
    extended: &[ExtendedKeyUsagePurpose],
) -> Certificate {
    let mut parameters = CertificateParams::new(["www.example.com".to_owned()]).expect("a name");
    parameters.key_usages = usages.to_vec();
    parameters.extended_key_usages = extended.to_vec();
    let signed = parameters.self_signed(key).expect("signed");
    Certificate::from_der(signed.der()).expect("a certificate")
}

/// One of which ACM tells nothing.
fn untold() -> Previous {
    Previous {
        is_imported: true,
        key_algorithm: None,
        key_usages: Usages::Unknown,
        extended_key_usages: Usages::Unknown,
    }
}

fn messages(old: &Previous, new: &Certificate) -> Vec<(String, String)> {
    let told = findings(old, new).into_iter();
    told.map(|finding| (finding.code.into_owned(), finding.message))
        .collect()
}

fn expected(code: &str, message: Option<&str>) -> Vec<(String, String)> {
    let told = message.map(|message| (code.to_owned(), message.to_owned()));
    told.into_iter().collect()
}

#[test]
fn the_kind_of_key_stays_and_only_what_was_imported_is_replaced() {
    let (ec, rsa) = (KeyPair::generate().expect("a key"), rsa_key());
    let (ec, rsa) = (renewed(&ec, &[], &[]), renewed(&rsa, &[], &[]));
    for (old, new, message) in [
        (Some("RSA_2048"), &rsa, None),
        (Some("EC_prime256v1"), &ec, None),
        (None, &ec, None),
        (
            Some("RSA_2048"),
            &ec,
            Some("Its key is EC_prime256v1, the old one is RSA_2048."),
        ),
        (
            Some("RSA_4096"),
            &rsa,
            Some("Its key is RSA_2048, the old one is RSA_4096."),
        ),
    ] {
        let old = Previous {
            key_algorithm: old.map(str::to_owned),
            ..untold()
        };
        let expected = expected("reimport-key-changed", message);
        assert_eq!(messages(&old, new), expected, "{old:?}");
    }
    let issued = Previous {
        is_imported: false,
        ..untold()
    };
    let message = "The certificate under this ARN was issued by AWS, not imported.";
    assert_eq!(
        messages(&issued, &ec),
        expected("reimport-not-imported", Some(message))
    );
}

#[test]
fn no_key_usage_is_lost_but_key_encipherment_of_an_ec_key() {
    use KeyUsagePurpose::{DigitalSignature, KeyEncipherment};
    let (ec, rsa) = (KeyPair::generate().expect("a key"), rsa_key());
    let both = || only(&["DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"]);
    let signature = || only(&["DIGITAL_SIGNATURE"]);
    let lacks = |usage: &str| Some(format!("It lacks the key usage {usage} of the old one."));
    let restricts = || Some("It restricts its key usage, the old one does not.".to_owned());
    for (name, key, old, new, message) in [
        (
            "the same",
            &rsa,
            both(),
            vec![DigitalSignature, KeyEncipherment],
            None,
        ),
        (
            "more",
            &rsa,
            signature(),
            vec![DigitalSignature, KeyEncipherment],
            None,
        ),
        ("all", &rsa, both(), vec![], None),
        (
            "untold",
            &rsa,
            Usages::Unknown,
            vec![DigitalSignature],
            None,
        ),
        (
            "RSA",
            &rsa,
            both(),
            vec![DigitalSignature],
            lacks("KEY_ENCIPHERMENT"),
        ),
        ("EC", &ec, both(), vec![DigitalSignature], None),
        (
            "EC, another",
            &ec,
            both(),
            vec![KeyEncipherment],
            lacks("DIGITAL_SIGNATURE"),
        ),
        (
            "restricted",
            &rsa,
            Usages::Unrestricted,
            vec![DigitalSignature],
            restricts(),
        ),
        ("unrestricted", &rsa, Usages::Unrestricted, vec![], None),
    ] {
        let old = Previous {
            key_usages: old,
            ..untold()
        };
        let told = messages(&old, &renewed(key, &new, &[]));
        assert_eq!(
            told,
            expected("reimport-key-usage-lost", message.as_deref()),
            "{name}"
        );
    }
}

#[test]
fn no_extended_key_usage_is_lost_but_client_authentication() {
    use ExtendedKeyUsagePurpose::{ClientAuth, CodeSigning, ServerAuth};
    let key = KeyPair::generate().expect("a key");
    let lacks = |usage| format!("It lacks the extended key usage {usage} of the old one.");
    for (name, old, new, message) in [
        ("the same", only(&[SERVER]), vec![ServerAuth], None),
        ("more", only(&[SERVER]), vec![ServerAuth, CodeSigning], None),
        (
            "client authentication",
            only(&[SERVER, CLIENT]),
            vec![ServerAuth],
            None,
        ),
        (
            "another",
            only(&[SERVER, CODE]),
            vec![ServerAuth],
            Some(lacks(CODE)),
        ),
        (
            "the server's",
            only(&[SERVER]),
            vec![ClientAuth],
            Some(lacks(SERVER)),
        ),
        ("untold", Usages::Unknown, vec![ServerAuth], None),
        (
            "restricted",
            Usages::Unrestricted,
            vec![ServerAuth],
            Some("It restricts its extended key usage, the old one does not.".to_owned()),
        ),
    ] {
        let old = Previous {
            extended_key_usages: old,
            ..untold()
        };
        let told = messages(&old, &renewed(&key, &[], &new));
        let code = "reimport-extended-key-usage-lost";
        assert_eq!(told, expected(code, message.as_deref()), "{name}");
    }
}

/// A file that was imported before stands in for ACM where `certdrop check` compares with it.
#[test]
fn a_file_tells_what_acm_would_tell_of_it() {
    let key = KeyPair::generate().expect("a key");
    let bare = Previous::from_certificate(&renewed(&key, &[], &[]));
    assert_eq!(
        bare,
        Previous {
            is_imported: true,
            key_algorithm: Some("EC_prime256v1".to_owned()),
            key_usages: Usages::Unrestricted,
            extended_key_usages: Usages::Unrestricted,
        }
    );
    let restricted = Previous::from_certificate(&renewed(
        &key,
        &[KeyUsagePurpose::DigitalSignature],
        &[ExtendedKeyUsagePurpose::ServerAuth],
    ));
    assert_eq!(restricted.key_usages, only(&["DIGITAL_SIGNATURE"]));
    assert_eq!(restricted.extended_key_usages, only(&[SERVER]));
}
