//! Input that wants to hurt is refused by a limit, and quickly.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml frees #[test] functions only, not what they call"
)]

use std::io::Write as _;

use certdrop::bundle::{Part, limits, read};
use certdrop::secret::SecretBytes;
use flate2::Compression;
use flate2::write::GzEncoder;

fn codes(name: &str, bytes: Vec<u8>) -> Vec<String> {
    let part = Part {
        name: name.to_owned(),
        bytes: SecretBytes::new(bytes),
    };
    let bundle = read(&[part], &[]);
    bundle
        .damages
        .iter()
        .map(|finding| finding.code.to_string())
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn tar(files: usize, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for number in 0..files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(content.len()).expect("small"));
        header.set_mode(0o600);
        builder
            .append_data(&mut header, format!("{number}.pem"), content)
            .expect("memory takes it");
    }
    builder.into_inner().expect("memory takes it")
}

fn certificate() -> Vec<u8> {
    let parameters = rcgen::CertificateParams::new(["www.example.com".to_owned()]).expect("a name");
    let key = rcgen::KeyPair::generate().expect("a key");
    parameters
        .self_signed(&key)
        .expect("a certificate")
        .pem()
        .into_bytes()
}

#[test]
fn a_file_over_the_limit_is_not_read_at_all() {
    assert_eq!(
        codes("large.pem", vec![b'x'; limits::PART_BYTES + 1]),
        ["too-large"]
    );
}

#[test]
fn a_gzip_bomb_is_stopped_at_the_limit() {
    let bomb = gzip(&vec![0; 200 * limits::EXPANDED_BYTES / 10]);
    assert!(bomb.len() < limits::PART_BYTES, "{}", bomb.len());
    assert_eq!(codes("bomb.gz", bomb), ["too-large"]);
}

#[test]
fn archives_in_archives_are_opened_so_deep_and_no_deeper() {
    let mut nested = certificate();
    for _ in 0..limits::ARCHIVES_NESTED {
        nested = gzip(&nested);
    }
    assert_eq!(codes("nested.gz", nested.clone()), Vec::<String>::new());
    assert_eq!(codes("nested.gz", gzip(&nested)), ["too-large"]);
}

#[test]
fn an_archive_holds_so_many_files_and_no_more() {
    assert_eq!(
        codes("files.tar", tar(limits::ARCHIVE_FILES, b"README")),
        ["unsupported-format"]
    );
    assert!(
        codes("files.tar", tar(limits::ARCHIVE_FILES + 1, b"README"))
            .contains(&"too-large".to_owned())
    );
}

#[test]
fn a_bundle_holds_so_many_certificates_and_no_more() {
    let certificate = certificate();
    assert_eq!(
        codes("many.pem", certificate.repeat(limits::CERTIFICATES)),
        Vec::<String>::new()
    );
    assert_eq!(
        codes("many.pem", certificate.repeat(limits::CERTIFICATES + 1)),
        ["too-large"]
    );
}

#[test]
fn a_yaml_of_aliases_of_aliases_does_not_grow() {
    let mut lines = vec![
        "kind: Secret".to_owned(),
        "a0: &a0 [x,x,x,x,x,x,x,x,x,x]".to_owned(),
    ];
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        lines.push(format!("a{level}: &a{level} [{aliases}]"));
    }
    lines.push("data: *a19\n".to_owned());
    let yaml = lines.join("\n");
    assert_eq!(
        codes("bomb.yaml", yaml.into_bytes()),
        ["unsupported-format"]
    );
}

#[test]
fn rubbish_that_begins_like_a_format_is_no_panic() {
    for begin in [
        &b"PK\x03\x04"[..],
        &[0x1F, 0x8B],
        &[0xFE, 0xED, 0xFE, 0xED],
        &[0x30, 0x80],
        &[0x30, 0x84],
        b"-----BEGIN ",
        b"-----BEGIN CERTIFICATE-----\n",
        b"kind: Secret\ndata:",
        b"{\"kind\": \"Secret\"",
        &[0xFF, 0xFE],
        b"MII",
    ] {
        for rest in [
            &b""[..],
            &[0; 64],
            &[0xFF; 4096],
            &[0x30; 300],
            b"\n: - {[&*",
        ] {
            let part = Part {
                name: "rubbish".to_owned(),
                bytes: SecretBytes::new([begin, rest].concat()),
            };
            let bundle = read(&[part], &[]);
            let nothing = bundle.certificates.is_empty() && bundle.keys.is_empty();
            assert!(nothing, "{begin:?} {rest:?}");
        }
    }
}
