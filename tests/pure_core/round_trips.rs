//! What people's tools export, certdrop reads back: the same leaf, chain and key from every format.
//! The tools make the files, and openssl judges what ACM would be sent.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certdrop::bundle::{Part, read};
use certdrop::secret::{Passphrase, SecretBytes};
use certdrop::validate::{
    IncludeRoot, OnRefusedByClients, Policy, ValidatedBundle, Verdict, validate,
};
use proptest::prelude::*;
use tempfile::TempDir;
use time::Duration;
use time::macros::datetime;
use zip::write::SimpleFileOptions;

/// Seconds since 1970 of [`policy`]'s now, for openssl.
const NOW: &str = "1796083200";

fn policy() -> Policy {
    Policy {
        now: datetime!(2026-12-01 00:00 UTC),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    }
}

/// Runs a program in `folder`; its failure is the test's.
fn tool(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output();
    let output = output.unwrap_or_else(|fault| {
        panic!("{program} is needed by this test ({fault}): apt-get install openssl default-jre-headless tar")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    output.stdout
}

pub(super) fn openssl(folder: &Path, arguments: &str, more: &[&str]) -> Vec<u8> {
    let arguments: Vec<_> = arguments.split(' ').chain(more.iter().copied()).collect();
    tool(folder, "openssl", &arguments)
}

/// A leaf, its key and its intermediates: as files of a folder, for the tools.
struct Material {
    folder: TempDir,
}

impl Material {
    /// From a file of the corpus: `key.pem`, `leaf.pem`, `chain.pem`, and all three in `all.pem`.
    fn of(name: &str) -> Self {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/algorithm");
        let text = fs::read_to_string(corpus.join(name)).expect("it is in the corpus");
        let folder = tempfile::tempdir().expect("a folder");
        let certificates: Vec<_> = text
            .split_inclusive("-----END CERTIFICATE-----\n")
            .filter_map(|part| Some(&part[part.find("-----BEGIN CERTIFICATE")?..]))
            .collect();
        fs::write(folder.path().join("all.pem"), &text).expect("it is writable");
        let leaf_of = |certificate: &&&str| {
            fs::write(folder.path().join("leaf.pem"), certificate).expect("it is writable");
            let key = openssl(folder.path(), "pkey -in all.pem -pubout", &[]);
            openssl(folder.path(), "x509 -in leaf.pem -noout -pubkey", &[]) == key
        };
        let leaf = certificates.iter().find(leaf_of).expect("the key's leaf");
        let chain: String = certificates
            .iter()
            .filter(|c| c != &leaf)
            .copied()
            .collect();
        fs::write(folder.path().join("chain.pem"), chain).expect("it is writable");
        openssl(folder.path(), "pkey -in all.pem -out key.pem", &[]);
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).expect("it was written")
    }
}

/// Makes the files of a bundle out of a material, closed with a passphrase.
type Export = Box<dyn Fn(&Material, &str) -> Vec<Vec<u8>>>;

fn exports() -> Vec<(String, Export)> {
    let mut exports: Vec<(String, Export)> = Vec::new();
    exports.extend(plain_exports());
    exports.extend(archive_exports());
    for options in [
        "",
        "-legacy",
        "-nomac",
        "-legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES",
        "-certpbe aes-128-cbc -keypbe aes-192-cbc -macalg sha512",
        "-certpbe NONE -keypbe NONE",
    ] {
        let export = move |material: &Material, passphrase: &str| {
            vec![pkcs12(material, options, passphrase)]
        };
        exports.push((format!("PKCS#12 {options}"), Box::new(export)));
    }
    for options in [
        "-v2 aes-128-cbc",
        "-v2 aes-192-cbc -v2prf hmacWithSHA1",
        "-v2 aes-256-cbc -v2prf hmacWithSHA512",
        "-v2 des3",
        "-scrypt",
        "-v1 PBE-SHA1-3DES",
        "-v1 PBE-MD5-DES -provider legacy -provider default",
        "-v1 PBE-SHA1-RC2-40 -provider legacy -provider default",
        "-v1 PBE-SHA1-RC4-128 -provider legacy -provider default",
    ] {
        let export = move |material: &Material, passphrase: &str| {
            let closed = format!("pass:{passphrase}");
            let command = format!("pkcs8 -topk8 -in key.pem {options} -passout");
            let key = openssl(material.path(), &command, &[&closed]);
            vec![material.certificates().into_bytes(), key]
        };
        exports.push((format!("a key by {options}"), Box::new(export)));
    }
    for cipher in ["-aes128", "-aes192", "-aes256", "-des3"] {
        let export = move |material: &Material, passphrase: &str| {
            let closed = format!("pass:{passphrase}");
            let command = format!("pkey -in key.pem -traditional {cipher} -passout");
            let key = openssl(material.path(), &command, &[&closed]);
            vec![[material.certificates().as_bytes(), &key].concat()]
        };
        exports.push((format!("a key by OpenSSL's {cipher}"), Box::new(export)));
    }
    exports
}

impl Material {
    fn certificates(&self) -> String {
        self.text("leaf.pem") + &self.text("chain.pem")
    }
}

fn pkcs12(material: &Material, options: &str, passphrase: &str) -> Vec<u8> {
    let closed = format!("pass:{passphrase}");
    let command =
        "pkcs12 -export -inkey key.pem -in leaf.pem -certfile chain.pem -name www -out store.p12";
    let options = options.split(' ').filter(|option| !option.is_empty());
    let options: Vec<_> = options.chain(["-passout", &closed]).collect();
    openssl(material.path(), command, &options);
    fs::read(material.path().join("store.p12")).expect("it was written")
}

/// DER of each certificate, leaf first.
fn ders(material: &Material) -> Vec<Vec<u8>> {
    let certificates = material.certificates();
    let one = |pem: &str| {
        fs::write(material.path().join("one.pem"), pem).expect("it is writable");
        openssl(material.path(), "x509 -in one.pem -outform DER", &[])
    };
    certificates
        .split_inclusive("-----END CERTIFICATE-----\n")
        .map(one)
        .collect()
}

fn key_der(material: &Material) -> Vec<u8> {
    openssl(material.path(), "pkey -in key.pem -outform DER", &[])
}

fn pkcs7(material: &Material, form: &str) -> Vec<u8> {
    let command =
        format!("crl2pkcs7 -nocrl -certfile leaf.pem -certfile chain.pem -outform {form}");
    openssl(material.path(), &command, &[])
}

fn plain_exports() -> Vec<(String, Export)> {
    let rows: Vec<(&str, Export)> = vec![
        (
            "PEM",
            Box::new(|material, _| {
                vec![(material.text("key.pem") + &material.certificates()).into_bytes()]
            }),
        ),
        (
            "PEM in files",
            Box::new(|material, _| {
                ["key.pem", "chain.pem", "leaf.pem"]
                    .map(|file| material.text(file).into_bytes())
                    .to_vec()
            }),
        ),
        (
            "PEM with text",
            Box::new(|material, _| {
                let leaf = openssl(material.path(), "x509 -in leaf.pem -text", &[]);
                let key = openssl(material.path(), "pkey -in key.pem -text -traditional", &[]);
                vec![leaf, material.text("chain.pem").into_bytes(), key]
            }),
        ),
        (
            "DER",
            Box::new(|material, _| [ders(material), vec![key_der(material)]].concat()),
        ),
        (
            "DER in a row",
            Box::new(|material, _| vec![ders(material).concat(), key_der(material)]),
        ),
        (
            "base64 of DER",
            Box::new(|material, _| {
                let files = [ders(material), vec![key_der(material)]].concat();
                files
                    .iter()
                    .map(|der| STANDARD.encode(der).into_bytes())
                    .collect()
            }),
        ),
        (
            "PKCS#7 as DER",
            Box::new(|material, _| vec![pkcs7(material, "DER"), key_der(material)]),
        ),
        (
            "PKCS#7 as PEM",
            Box::new(|material, _| {
                vec![
                    [
                        pkcs7(material, "PEM"),
                        material.text("key.pem").into_bytes(),
                    ]
                    .concat(),
                ]
            }),
        ),
        (
            "a secret as YAML",
            Box::new(|material, _| vec![secret(material).into_bytes()]),
        ),
        (
            "a secret as JSON",
            Box::new(|material, _| {
                let [certificate, key] = secret_values(material);
                let data = serde_json::json!({ "tls.crt": certificate, "tls.key": key });
                let secret =
                    serde_json::json!({ "apiVersion": "v1", "kind": "Secret", "data": data });
                vec![secret.to_string().into_bytes()]
            }),
        ),
        (
            "JSON",
            Box::new(|material, _| {
                let bundle = serde_json::json!({ "certificate": material.certificates(), "key": material.text("key.pem") });
                vec![bundle.to_string().into_bytes()]
            }),
        ),
    ];
    rows.into_iter()
        .map(|(what, export)| (what.to_owned(), export))
        .collect()
}

fn secret_values(material: &Material) -> [String; 2] {
    [material.certificates(), material.text("key.pem")].map(|text| STANDARD.encode(text))
}

fn secret(material: &Material) -> String {
    let [certificate, key] = secret_values(material);
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: www\ndata:\n  tls.crt: {certificate}\n  tls.key: {key}\n"
    )
}

fn archive_exports() -> Vec<(String, Export)> {
    let mut exports: Vec<(String, Export)> = Vec::new();
    for options in [
        "-cf",
        "-czf",
        "--format=ustar -cf",
        "--format=pax -czf",
        "--format=v7 -cf",
    ] {
        let export = move |material: &Material, _: &str| {
            let packed: PathBuf = material.path().join("packed");
            let files = ["packed", "leaf.pem", "chain.pem", "key.pem"];
            let arguments: Vec<_> = options.split(' ').chain(files).collect();
            tool(material.path(), "tar", &arguments);
            vec![fs::read(packed).expect("it was written")]
        };
        exports.push((format!("tar {options}"), Box::new(export)));
    }
    let export = |material: &Material, passphrase: &str| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        let aes = options.with_aes_encryption(zip::AesMode::Aes256, passphrase);
        for (file, options) in [
            ("leaf.pem", options),
            ("ca/chain.pem", options),
            ("key.pem", aes),
        ] {
            archive.start_file(file, options).expect("a file");
            let content = material.text(file.trim_start_matches("ca/"));
            archive
                .write_all(content.as_bytes())
                .expect("memory takes it");
        }
        vec![archive.finish().expect("memory takes it").into_inner()]
    };
    exports.push(("zip with a closed key".to_owned(), Box::new(export)));
    exports
}

fn judged(files: Vec<Vec<u8>>, passphrase: &str) -> Result<ValidatedBundle, String> {
    let part = |(index, bytes)| Part {
        name: format!("file {}", index + 1),
        bytes: SecretBytes::new(bytes),
    };
    let parts: Vec<_> = files.into_iter().enumerate().map(part).collect();
    let passphrases = [Passphrase::new(passphrase.to_owned())];
    match validate(read(&parts, &passphrases), &policy()) {
        Verdict::Accepted(valid, _) => Ok(valid),
        Verdict::Rejected(rejected) => Err(format!("{:#?}", rejected.findings)),
    }
}

/// What ACM would be sent is the material, whole and in order, by openssl's word.
fn is_sent(material: &Material, sent: &ValidatedBundle, what: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("it is writable");
    };
    write("leaf.pem", &sent.certificate_pem());
    write("chain.pem", &sent.chain_pem().expect("a chain"));
    write("key.pem", &sent.private_key_pem());
    let same = |command: &str| {
        let [ours, theirs] =
            [folder.path(), material.path()].map(|path| openssl(path, command, &[]));
        assert!(ours == theirs, "{what}: openssl {command}");
    };
    same("x509 -in leaf.pem -outform DER");
    same("pkey -in key.pem -pubout");
    openssl(folder.path(), "pkey -in key.pem -check -noout", &[]);
    // The last of the chain is the anchor, whatever it is: the chain proves all below it.
    let verify = format!(
        "verify -attime {NOW} -partial_chain -no-CApath -no-CAfile -trusted chain.pem leaf.pem"
    );
    openssl(folder.path(), &verify, &[]);
    let expected = sent.chain_pem().unwrap_or_default();
    let chain = material.text("chain.pem");
    let certificates = chain.split_inclusive("-----END CERTIFICATE-----\n");
    for certificate in certificates {
        assert!(
            expected.contains(certificate),
            "{what}: a certificate of the chain is missing"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_export_is_read_back(passphrase in "[a-zA-Z0-9 !-~ßé€Ωж]{6,24}") {
        for name in ["rsa2048.pem", "p256.pem", "p384.pem", "p521.pem"] {
            let material = Material::of(name);
            for (what, export) in exports() {
                let what = format!("{name}, {what}");
                let sent = judged(export(&material, &passphrase), &passphrase);
                let sent = sent.unwrap_or_else(|findings| panic!("{what}: {findings}"));
                is_sent(&material, &sent, &what);
            }
        }
    }
}

#[test]
fn every_store_of_keytool_is_read_back() {
    for name in ["rsa2048.pem", "p256.pem"] {
        let material = Material::of(name);
        pkcs12(&material, "", "correct horse");
        for kind in ["PKCS12", "JKS"] {
            let store = format!("store.{kind}");
            let command = format!(
                "-importkeystore -noprompt -srckeystore store.p12 -srcstoretype PKCS12 -destkeystore {store} -deststoretype {kind}"
            );
            let passphrases = [
                "-srcstorepass",
                "correct horse",
                "-deststorepass",
                "correct horse",
            ];
            let arguments: Vec<_> = command.split(' ').chain(passphrases).collect();
            tool(material.path(), "keytool", &arguments);
            let bytes = fs::read(material.path().join(&store)).expect("it was written");
            let what = format!("{name}, {kind}");
            let sent = judged(vec![bytes], "correct horse");
            let sent = sent.unwrap_or_else(|findings| panic!("{what}: {findings}"));
            is_sent(&material, &sent, &what);
        }
    }
}
