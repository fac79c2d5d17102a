//! Bundles in the odd states in which people and their tools hand them over.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::bundle::{Part, read};
use certdrop::secret::{Passphrase, SecretBytes};
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, Verdict, validate};
use time::Duration;
use time::macros::datetime;
use zip::AesMode;
use zip::unstable::write::FileOptionsExt as _;
use zip::write::SimpleFileOptions;

fn corpus(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    fs::read(folder.join(path)).expect("it is in the corpus")
}

/// A good bundle: key, leaf and two intermediates.
fn plain() -> String {
    String::from_utf8(corpus("pem/plain.pem")).expect("PEM is text")
}

/// The blocks of [`plain`] with this label, as DER.
fn blocks(label: &str) -> Vec<Vec<u8>> {
    let text = plain();
    let begin = format!("-----BEGIN {label}-----");
    let bodies = text.split(&begin).skip(1);
    let body = |rest: &str| {
        rest.split("-----END")
            .next()
            .unwrap_or_default()
            .replace('\n', "")
    };
    bodies
        .map(|rest| STANDARD.decode(body(rest)).expect("base64"))
        .collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn policy() -> Policy {
    Policy {
        now: datetime!(2026-12-01 00:00 UTC),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    }
}

/// The codes of the errors that stop the bundle; none where it is accepted.
fn errors(parts: &[&[u8]], passphrases: &[&str]) -> Vec<String> {
    let part = |(index, bytes): (usize, &&[u8])| Part {
        name: format!("part {}", index + 1),
        bytes: SecretBytes::new(bytes.to_vec()),
    };
    let parts: Vec<_> = parts.iter().enumerate().map(part).collect();
    let passphrases: Vec<_> = passphrases
        .iter()
        .map(|text| Passphrase::new((*text).to_owned()))
        .collect();
    match validate(read(&parts, &passphrases), &policy()) {
        Verdict::Accepted(..) => Vec::new(),
        Verdict::Rejected(rejected) => rejected
            .findings
            .iter()
            .filter(|finding| finding.is_error())
            .map(|finding| finding.code.to_string())
            .collect(),
    }
}

/// The certificates of `chain` as openssl puts them into one PKCS#7, DER.
fn crl2pkcs7(chain: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("chain.pem");
    fs::write(&file, chain).expect("it is writable");
    let made = Command::new("openssl")
        .args(["crl2pkcs7", "-nocrl", "-outform", "DER", "-certfile"])
        .arg(&file)
        .output()
        .expect("the command openssl is installed");
    assert!(made.status.success(), "openssl crl2pkcs7");
    made.stdout
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

fn manifest() -> String {
    format!(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata:\n  name: www\ndata:\n  tls.crt: {}\n  tls.key: {}\n",
        STANDARD.encode(plain()),
        STANDARD.encode(pem("PRIVATE KEY", &blocks("PRIVATE KEY")[0])),
    )
}

#[test]
fn text_is_read_however_it_was_saved_and_copied() {
    let text = plain();
    let json = |line_end: &str| {
        let escaped = text.replace('\n', line_end).replace('/', "\\/");
        format!("{{\"certificate\": \"{escaped}\"}}")
    };
    let rows: [(&str, Vec<u8>); 13] = [
        ("as it is", text.clone().into_bytes()),
        ("UTF-16 without a mark", utf16(&text, u16::to_le_bytes)),
        ("UTF-16, big-endian", utf16(&text, u16::to_be_bytes)),
        ("JSON", json("\\n").into_bytes()),
        ("JSON of Windows", json("\\r\\n").into_bytes()),
        ("a mail's quote", text.replace('\n', "\n> ").into_bytes()),
        ("a web page", text.replace('\n', "<br>\n").into_bytes()),
        (
            "no-break spaces",
            text.replace('\n', "\u{a0}\n").into_bytes(),
        ),
        (
            "zero-width spaces",
            text.replace('\n', "\u{200b}\n").into_bytes(),
        ),
        ("base64 of the file", STANDARD.encode(&text).into_bytes()),
        ("a manifest", manifest().into_bytes()),
        (
            "a manifest in UTF-16",
            utf16(&format!("\u{feff}{}", manifest()), u16::to_le_bytes),
        ),
        (
            "a manifest among others",
            format!(
                "- a list\n- of things\n---\n{}---\nkind: [1, 2]\n",
                manifest()
            )
            .into_bytes(),
        ),
    ];
    for (what, bytes) in rows {
        assert_eq!(errors(&[&bytes], &[]), [""; 0], "{what}");
    }
}

#[test]
fn what_a_block_holds_counts_more_than_its_label() {
    let certificates = blocks("CERTIFICATE");
    let key = &blocks("PRIVATE KEY")[0];
    let all = |label: &str| {
        certificates
            .iter()
            .map(|der| pem(label, der))
            .collect::<String>()
    };
    let chain = all("CERTIFICATE");
    let pkcs7 = crl2pkcs7(&chain);
    let rows = [
        (
            "PKCS#8 as PKCS#1",
            chain.clone() + &pem("RSA PRIVATE KEY", key),
        ),
        (
            "PKCS#8 as SEC1",
            chain.clone() + &pem("EC PRIVATE KEY", key),
        ),
        (
            "PKCS#8 as encrypted",
            chain.clone() + &pem("ENCRYPTED PRIVATE KEY", key),
        ),
        (
            "PKCS#7 as a certificate",
            pem("CERTIFICATE", &pkcs7) + &pem("PRIVATE KEY", key),
        ),
        (
            "certificates as PKCS#7",
            all("PKCS7") + &pem("PRIVATE KEY", key),
        ),
    ];
    for (what, text) in rows {
        assert_eq!(errors(&[text.as_bytes()], &[]), [""; 0], "{what}");
    }
}

#[test]
fn der_may_be_followed_by_a_line_end_and_is_missed_when_it_is_damaged() {
    let certificates = blocks("CERTIFICATE");
    let mut parts: Vec<Vec<u8>> = certificates.clone();
    parts.extend(blocks("PRIVATE KEY"));
    for part in &mut parts {
        part.extend(b"\r\n");
    }
    let whole: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    assert_eq!(errors(&whole, &[]), [""; 0]);

    let text = plain();
    let cut = certificates[1].get(..400).expect("it is longer");
    assert_eq!(errors(&[text.as_bytes(), cut], &[]), ["malformed"]);
    let mut broken = certificates[1].clone();
    // The serial number becomes a boolean.
    let serial = broken
        .iter()
        .skip(8)
        .position(|byte| *byte == 2)
        .expect("a number")
        + 8;
    broken[serial + 3] = 1;
    assert_eq!(errors(&[text.as_bytes(), &broken], &[]), ["malformed"]);
    assert_eq!(errors(&[text.as_bytes(), b"0 is a digit\n"], &[]), [""; 0]);
}

#[test]
fn what_stays_closed_matters_only_where_it_is_needed() {
    let text = plain();
    let jceks = [0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2];
    for closed in [&jceks[..], b"BZh91AY&SY", b"7z\xBC\xAF\x27\x1C\0\x04"] {
        assert_eq!(errors(&[text.as_bytes(), closed], &[]), [""; 0]);
        assert_eq!(errors(&[closed], &[]), ["unsupported-format"]);
        assert_eq!(errors(&[closed], &["not it"]), ["unsupported-format"]);
    }
}

#[test]
fn zips_are_opened_by_passphrase_in_both_ways() {
    let text = plain();
    let plain = SimpleFileOptions::default();
    let old = plain
        .with_deprecated_encryption(b"hunter2")
        .expect("a password");
    let aes = plain.with_aes_encryption(AesMode::Aes256, "hunter2");
    for options in [old, aes] {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file("bundle.pem", options).expect("a file");
        archive.write_all(text.as_bytes()).expect("memory takes it");
        let zip = archive.finish().expect("memory takes it").into_inner();
        assert_eq!(errors(&[&zip], &["not it", "hunter2"]), [""; 0]);
        assert_eq!(errors(&[&zip], &["not it"]), ["wrong-passphrase"]);
        assert_eq!(errors(&[&zip], &[]), ["key-encrypted"]);
        assert_eq!(errors(&[text.as_bytes(), &zip], &[]), [""; 0]);
    }
}

#[test]
fn an_rsa_key_is_damaged_whichever_of_its_numbers_is() {
    let chain: String = blocks("CERTIFICATE")
        .iter()
        .map(|der| pem("CERTIFICATE", der))
        .collect();
    let pkcs8 = &blocks("PRIVATE KEY")[0];
    let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8.as_slice()).expect("PKCS#8");
    let whole = info.private_key.as_bytes();
    let key = pkcs1::RsaPrivateKeyRef::try_from(whole).expect("PKCS#1");
    let numbers = [
        key.modulus,
        key.public_exponent,
        key.private_exponent,
        key.prime1,
        key.prime2,
        key.exponent1,
        key.exponent2,
        key.coefficient,
    ];
    for (index, number) in numbers.iter().enumerate() {
        let start = number.as_bytes().as_ptr() as usize - whole.as_ptr() as usize;
        let mut damaged = whole.to_vec();
        damaged[start + number.as_bytes().len() / 2] ^= 4;
        let bundle = chain.clone() + &pem("RSA PRIVATE KEY", &damaged);
        assert_eq!(
            errors(&[bundle.as_bytes()], &[]),
            ["malformed"],
            "number {index}"
        );
    }
}

#[test]
fn an_expired_root_is_not_sent() {
    for (file, sent) in [("ca/expired-root.pem", 1), ("ca/pathlen-exact.pem", 2)] {
        assert_eq!(sent_chain(file).matches("BEGIN").count(), sent, "{file}");
    }
    // The same chain with a root that is valid, and private.
    assert_eq!(
        sent_chain("ca/two-roads-one-root.pem")
            .matches("BEGIN")
            .count(),
        2
    );
}

/// The chain that ACM gets of a good file of the corpus.
fn sent_chain(file: &str) -> String {
    let part = Part {
        name: file.to_owned(),
        bytes: SecretBytes::new(corpus(file)),
    };
    match validate(read(&[part], &[]), &policy()) {
        Verdict::Accepted(valid, _) => valid.chain_pem().unwrap_or_default(),
        Verdict::Rejected(rejected) => panic!("{file}: {:#?}", rejected.findings),
    }
}

#[test]
fn a_closed_store_is_not_said_to_lack_certificates() {
    let store = corpus("pkcs12/wrong-passphrase.p12");
    assert_eq!(errors(&[&store], &["not it"]), ["wrong-passphrase"]);
    assert_eq!(errors(&[&store], &[]), ["key-encrypted"]);
}

#[test]
fn keys_of_other_worlds_are_called_unsupported() {
    let chain: String = blocks("CERTIFICATE")
        .iter()
        .map(|der| pem("CERTIFICATE", der))
        .collect();
    for label in ["OPENSSH PRIVATE KEY", "DSA PRIVATE KEY"] {
        let bundle = chain.clone() + &pem(label, b"whatever");
        assert_eq!(
            errors(&[bundle.as_bytes()], &[]),
            ["key-unsupported"],
            "{label}"
        );
    }
}

/// The corpus is from openssl, and RFC 7468 leaves nothing to choose.
#[test]
fn what_acm_is_sent_is_pem_as_openssl_writes_it() {
    let text = plain();
    let parts = [Part {
        name: "plain.pem".to_owned(),
        bytes: SecretBytes::new(text.clone().into_bytes()),
    }];
    let Verdict::Accepted(valid, _) = validate(read(&parts, &[]), &policy()) else {
        panic!("rejected");
    };
    let begin = "-----BEGIN CERTIFICATE-----\n";
    let chain = valid.chain_pem().expect("a chain");
    assert_eq!(chain.matches(begin).count(), 2);
    let sent = valid.certificate_pem() + &chain + &valid.private_key_pem();
    assert_eq!(sent, text);
}
