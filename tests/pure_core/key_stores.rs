//! Key stores and encrypted keys, made by the tools that people use: openssl and keytool.

use std::fs;
use std::path::Path;
use std::process::Command;

use certdrop::bundle::{Bundle, Part, read};
use certdrop::secret::{Passphrase, SecretBytes};
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse";
const UMLAUTS: &str = "pässwörd€";

/// Runs a program in `folder`; its failure is the test's.
fn tool(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output();
    let output = output.unwrap_or_else(|fault| {
        panic!("{program} is needed by this test ({fault}): apt-get install openssl default-jre-headless")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    output.stdout
}

/// A folder with a key and its self-signed certificate.
fn pki() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    tool(
        folder.path(),
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "90",
            "-subj",
            "/CN=www.example.com",
            "-addext",
            "subjectAltName=DNS:www.example.com",
        ],
    );
    folder
}

fn read_file(path: &Path, passphrases: &[&str]) -> Bundle {
    let part = Part {
        name: path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        bytes: SecretBytes::new(fs::read(path).expect("the tool wrote it")),
    };
    let passphrases: Vec<_> = passphrases
        .iter()
        .map(|text| Passphrase::new((*text).to_owned()))
        .collect();
    read(&[part], &passphrases)
}

/// What openssl says the public key of `key.pem` is, DER.
fn expected_key(folder: &Path) -> Vec<u8> {
    tool(
        folder,
        "openssl",
        &[
            "pkey",
            "-in",
            "key.pem",
            "-outform",
            "DER",
            "-out",
            "expected.der",
        ],
    );
    tool(
        folder,
        "openssl",
        &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER"],
    )
}

/// The bundle holds just the key of `folder`, by openssl's word, and `certificates` certificates.
fn holds(bundle: &Bundle, folder: &Path, certificates: usize, what: &str) {
    let codes: Vec<_> = bundle
        .damages
        .iter()
        .chain(&bundle.closed)
        .map(|finding| &finding.message)
        .collect();
    assert_eq!(bundle.keys.len(), 1, "{what}: {codes:?}");
    assert_eq!(bundle.certificates.len(), certificates, "{what}: {codes:?}");
    fs::write(folder.join("read.der"), bundle.keys[0].expose_pkcs8_der()).expect("it is writable");
    let read = tool(
        folder,
        "openssl",
        &[
            "pkey", "-in", "read.der", "-inform", "DER", "-pubout", "-outform", "DER",
        ],
    );
    assert_eq!(read, expected_key(folder), "{what}");
}

fn codes(bundle: &Bundle) -> Vec<&str> {
    bundle
        .damages
        .iter()
        .chain(&bundle.closed)
        .map(|finding| finding.code.as_ref())
        .collect()
}

#[test]
fn pkcs12_of_every_openssl_is_opened() {
    let folder = pki();
    let export = [
        "pkcs12",
        "-export",
        "-inkey",
        "key.pem",
        "-in",
        "cert.pem",
        "-out",
        "store.p12",
    ];
    let rows: [(&str, &[&str]); 10] = [
        ("as OpenSSL 3 makes it", &[]),
        ("as OpenSSL 1 makes it", &["-legacy"]),
        (
            "triple DES",
            &[
                "-legacy",
                "-certpbe",
                "PBE-SHA1-3DES",
                "-keypbe",
                "PBE-SHA1-3DES",
            ],
        ),
        (
            "RC2-128",
            &[
                "-legacy",
                "-certpbe",
                "PBE-SHA1-RC2-128",
                "-keypbe",
                "PBE-SHA1-RC2-128",
            ],
        ),
        (
            "RC2-40 for the key too",
            &[
                "-legacy",
                "-certpbe",
                "PBE-SHA1-RC2-40",
                "-keypbe",
                "PBE-SHA1-RC2-40",
            ],
        ),
        (
            "two-key triple DES",
            &[
                "-legacy",
                "-certpbe",
                "PBE-SHA1-2DES",
                "-keypbe",
                "PBE-SHA1-2DES",
            ],
        ),
        (
            "RC4",
            &[
                "-legacy",
                "-certpbe",
                "PBE-SHA1-RC4-40",
                "-keypbe",
                "PBE-SHA1-RC4-128",
            ],
        ),
        ("SHA-384 as the code's hash", &["-macalg", "sha384"]),
        ("no code", &["-nomac"]),
        (
            "nothing encrypted",
            &["-certpbe", "NONE", "-keypbe", "NONE"],
        ),
    ];
    for (what, options) in rows {
        for passphrase in [PASSPHRASE, "", UMLAUTS] {
            let out = format!("pass:{passphrase}");
            tool(
                folder.path(),
                "openssl",
                &[&export[..], options, &["-passout", &out]].concat(),
            );
            let store = folder.path().join("store.p12");
            holds(
                &read_file(&store, &["not it", passphrase]),
                folder.path(),
                1,
                what,
            );
        }
    }
}

#[test]
fn a_closed_store_says_whether_a_passphrase_is_missing_or_wrong() {
    let folder = pki();
    let out = format!("pass:{PASSPHRASE}");
    for options in [&[][..], &["-nomac"]] {
        let export = [
            "pkcs12",
            "-export",
            "-inkey",
            "key.pem",
            "-in",
            "cert.pem",
            "-out",
            "store.p12",
            "-passout",
            &out,
        ];
        tool(folder.path(), "openssl", &[&export[..], options].concat());
        let store = folder.path().join("store.p12");
        assert_eq!(
            codes(&read_file(&store, &[])),
            ["key-encrypted"],
            "{options:?}"
        );
        assert_eq!(
            codes(&read_file(&store, &["not it"])),
            ["wrong-passphrase"],
            "{options:?}"
        );
    }
}

#[test]
fn stores_of_keytool_are_opened() {
    let folder = pki();
    let path = folder.path();
    for (kind, passphrase) in [("PKCS12", PASSPHRASE), ("JKS", PASSPHRASE)] {
        let store = format!("store.{kind}");
        tool(
            path,
            "openssl",
            &[
                "pkcs12",
                "-export",
                "-inkey",
                "key.pem",
                "-in",
                "cert.pem",
                "-out",
                "source.p12",
                "-name",
                "www",
                "-passout",
                &format!("pass:{passphrase}"),
            ],
        );
        tool(
            path,
            "keytool",
            &[
                "-importkeystore",
                "-noprompt",
                "-srckeystore",
                "source.p12",
                "-srcstoretype",
                "PKCS12",
                "-srcstorepass",
                passphrase,
                "-destkeystore",
                &store,
                "-deststoretype",
                kind,
                "-deststorepass",
                passphrase,
            ],
        );
        let store = path.join(&store);
        holds(&read_file(&store, &["not it", passphrase]), path, 1, kind);
        assert_eq!(codes(&read_file(&store, &[])), ["key-encrypted"], "{kind}");
        assert!(
            codes(&read_file(&store, &["not it"])).contains(&"wrong-passphrase"),
            "{kind}"
        );
    }
}

#[test]
fn keys_are_opened_however_openssl_encrypts_them() {
    let folder = pki();
    let out = format!("pass:{PASSPHRASE}");
    let legacy = |scheme| ["-v1", scheme, "-provider", "legacy", "-provider", "default"];
    let old = [
        "PBE-SHA1-RC2-128",
        "PBE-SHA1-RC4-128",
        "PBE-MD5-DES",
        "PBE-MD5-RC2-64",
        "PBE-SHA1-DES",
        "PBE-SHA1-RC2-64",
    ]
    .map(legacy);
    let new: [&[&str]; 5] = [
        &["-v2", "aes-256-cbc"],
        &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
        &["-v2", "des3"],
        &["-scrypt"],
        &["-v1", "PBE-SHA1-3DES"],
    ];
    for options in new.into_iter().chain(old.iter().map(<[_; 6]>::as_slice)) {
        for form in ["PEM", "DER"] {
            let convert = [
                "pkcs8", "-topk8", "-in", "key.pem", "-out", "closed", "-outform", form,
                "-passout", &out,
            ];
            tool(folder.path(), "openssl", &[&convert[..], options].concat());
            let closed = folder.path().join("closed");
            let what = format!("{options:?} {form}");
            holds(
                &read_file(&closed, &["not it", PASSPHRASE]),
                folder.path(),
                0,
                &what,
            );
            assert_eq!(codes(&read_file(&closed, &[])), ["key-encrypted"], "{what}");
            assert_eq!(
                codes(&read_file(&closed, &["not it"])),
                ["wrong-passphrase"],
                "{what}"
            );
        }
    }
    for cipher in ["-aes128", "-aes192", "-aes256", "-des3"] {
        let convert = [
            "rsa",
            "-traditional",
            "-in",
            "key.pem",
            "-out",
            "closed",
            cipher,
            "-passout",
            &out,
        ];
        tool(folder.path(), "openssl", &convert);
        let closed = folder.path().join("closed");
        holds(
            &read_file(&closed, &["not it", PASSPHRASE]),
            folder.path(),
            0,
            cipher,
        );
        assert_eq!(
            codes(&read_file(&closed, &[])),
            ["key-encrypted"],
            "{cipher}"
        );
    }
}

#[test]
fn what_would_take_seconds_to_open_is_refused() {
    let folder = pki();
    let out = format!("pass:{PASSPHRASE}");
    tool(
        folder.path(),
        "openssl",
        &[
            "pkcs8", "-topk8", "-in", "key.pem", "-out", "slow.pem", "-passout", &out, "-iter",
            "3000000",
        ],
    );
    assert_eq!(
        codes(&read_file(&folder.path().join("slow.pem"), &[PASSPHRASE])),
        ["too-large"]
    );
    tool(
        folder.path(),
        "openssl",
        &[
            "pkcs8",
            "-topk8",
            "-in",
            "key.pem",
            "-out",
            "wide.pem",
            "-passout",
            &out,
            "-scrypt",
            "-scrypt_N",
            "16384",
            "-scrypt_r",
            "8",
            "-scrypt_p",
            "16",
        ],
    );
    assert_eq!(
        codes(&read_file(&folder.path().join("wide.pem"), &[PASSPHRASE])),
        ["too-large"]
    );
}
