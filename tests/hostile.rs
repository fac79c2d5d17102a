//! Input that wants to hurt is refused by a limit, and quickly.
#![cfg(test)]

use std::fs;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use certdrop::bundle::{Part, limits, read};
use certdrop::secret::{Passphrase, SecretBytes};
use certdrop::validate::{IncludeRoot, OnRefusedByClients, Policy, validate};
use flate2::Compression;
use flate2::write::GzEncoder;
use nix::time::{ClockId, clock_gettime};
use time::macros::datetime;

/// Memory is the process's: one file is judged at a time.
static ONE: Mutex<()> = Mutex::new(());

/// The codes of what is damaged or closed in a file of `bytes`, which must not cost too much to judge.
fn codes(name: &str, bytes: Vec<u8>) -> Vec<String> {
    let part = Part {
        name: name.to_owned(),
        bytes: SecretBytes::new(bytes),
    };
    let policy = Policy {
        now: datetime!(2026-12-01 00:00 UTC),
        expiry_warning: time::Duration::days(30),
        include_root: IncludeRoot::Auto,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = forget_peak_memory();
    let started = processor_time();
    let bundle = read(&[part], &[Passphrase::new("not it".to_owned())]);
    let codes = bundle
        .damages
        .iter()
        .chain(&bundle.closed)
        .map(|finding| finding.code.to_string())
        .collect();
    drop(validate(bundle, &policy));
    let (took, grew) = (
        processor_time().saturating_sub(started),
        peak_memory() - before,
    );
    println!("{name}: {} ms, {grew} KiB", took.as_millis());
    assert!(took < LONGEST, "{name}: {took:?}");
    assert!(grew < 64 * 1024, "{name}: {grew} KiB");
    codes
}

/// The promise is for a release build. What keeps it in a build for tests, which is slower, keeps it there.
const LONGEST: Duration = Duration::from_secs(2);

/// What this thread has computed so far: what else the machine does is no fault of the file.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .expect("Linux counts it")
        .into()
}

/// Begins to measure this process's peak anew; gives what it takes now, in KiB.
fn forget_peak_memory() -> i64 {
    fs::write("/proc/self/clear_refs", "5").expect("Linux lets a process forget its peak");
    memory("VmRSS:")
}

fn peak_memory() -> i64 {
    memory("VmHWM:")
}

fn memory(name: &str) -> i64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells of the process");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|kib| kib.parse().ok())
        .expect("a number of KiB")
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

/// Each might have signed each: without a limit that is ten thousand signatures to verify.
#[test]
fn a_crowd_of_authorities_of_one_name_is_not_tried_in_every_order() {
    let key = rcgen::KeyPair::from_pem(
        &String::from_utf8(private_key(&[
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:4096",
        ]))
        .expect("PEM is text"),
    )
    .expect("a key");
    let certificate = |serial: u64| {
        let mut parameters =
            rcgen::CertificateParams::new(["www.example.com".to_owned()]).expect("a name");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.serial_number = Some(serial.into());
        // Self-issued, but not self-signed: the chain might go on from each to each.
        let stranger = rcgen::Issuer::from_params(&parameters, &key);
        parameters.signed_by(&key, &stranger).expect("signed").pem()
    };
    let crowd: String = (0..100).map(certificate).collect();
    let bundle = key.serialize_pem() + &crowd;
    assert_eq!(
        codes("crowd.pem", bundle.into_bytes()),
        Vec::<String>::new()
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
    assert_eq!(codes("bomb.yaml", yaml.into_bytes()), ["malformed"]);
}

#[test]
fn a_manifest_of_nothing_but_members_costs_little() {
    let members = |between: &str| {
        let member = |number: usize| format!("\"{number:x}\":\"\"{between}");
        let mut text = String::new();
        let mut numbers = 0..;
        while text.len() < limits::MANIFEST_BYTES / 2 {
            text.extend(numbers.next().map(member));
        }
        text
    };
    let json = format!(
        "{{\"kind\":\"Secret\",\"data\":{{{}\"\":\"\"}}}}",
        members(",")
    );
    let yaml = format!(
        "kind: Secret\ndata:\n  {}",
        members("\n  ").replace(':', ": ")
    );
    let lists = format!(
        "kind: Secret\ndata: {}",
        "[".repeat(limits::MANIFEST_BYTES - 100)
    );
    let notes = format!(
        "kind: Secret\n{}",
        "---\nSecret\n".repeat(limits::MANIFEST_BYTES / 12)
    );
    for (name, text) in [
        ("json", json),
        ("yaml", yaml),
        ("lists", lists),
        ("notes", notes),
    ] {
        assert!(text.len() <= limits::MANIFEST_BYTES, "{name}");
        assert!(!codes(name, text.into_bytes()).is_empty(), "{name}");
    }
    let long = format!("kind: Secret\n{}", "#".repeat(limits::MANIFEST_BYTES));
    assert_eq!(codes("long", long.into_bytes()), ["too-large"]);
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

/// What `openssl genpkey` prints for a key of this kind.
fn private_key(algorithm: &[&str]) -> Vec<u8> {
    let made = std::process::Command::new("openssl")
        .arg("genpkey")
        .args(algorithm)
        .output()
        .expect("the command openssl is installed");
    assert!(made.status.success(), "openssl genpkey {algorithm:?}");
    made.stdout
}

/// As many copies of `block` as one file may hold.
fn as_often_as_fits(block: &[u8]) -> Vec<u8> {
    block.repeat(limits::PART_BYTES / block.len())
}

#[test]
fn a_file_of_nothing_but_damage_costs_no_time_and_few_findings() {
    let unclosed = b"-----BEGIN CERTIFICATE-----\n".to_vec();
    let no_base64 = b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n".to_vec();
    let no_key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec();
    for block in [unclosed, no_base64, no_key] {
        let what = String::from_utf8_lossy(&block).into_owned();
        let found = codes("damage.pem", as_often_as_fits(&block));
        assert!(!found.is_empty(), "{what}");
        assert!(found.len() <= limits::FINDINGS, "{what}: {}", found.len());
    }
}

/// What is undone inside of a block, and what is looked for outside of blocks.
#[test]
fn text_of_nothing_but_escapes_costs_no_time() {
    for escape in ["<", "&", "\\u", "=3D", "<a", "&#", "\\", "LS0tLS1CRUdJTi "] {
        let text = as_often_as_fits(escape.as_bytes());
        assert_eq!(codes(escape, text.clone()), ["unsupported-format"]);
        let mut block = b"-----BEGIN CERTIFICATE-----\n".to_vec();
        block.extend(&text[..text.len() - 100]);
        block.extend(b"\n-----END CERTIFICATE-----\n");
        assert_eq!(codes(escape, block), ["malformed"], "{escape}");
    }
}

#[test]
fn structures_one_after_the_other_have_the_same_limits() {
    let der = |arguments: &[&str], pem: &[u8]| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pem");
        fs::write(&file, pem).expect("it is writable");
        let made = std::process::Command::new("openssl")
            .args(arguments)
            .args(["-outform", "DER", "-in"])
            .arg(&file)
            .output()
            .expect("the command openssl is installed");
        assert!(made.status.success(), "openssl {arguments:?}");
        made.stdout
    };
    let certificate = der(&["x509"], &certificate());
    let key = private_key(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]);
    let closed = ["pkcs8", "-topk8", "-passout", "pass:x", "-iter", "1000000"];
    let (closed, key) = (der(&closed, &key), der(&["pkey"], &key));
    for (name, one) in [
        ("certificates", certificate),
        ("keys", key),
        ("closed", closed),
    ] {
        let found = codes(name, as_often_as_fits(&one));
        assert!(found.iter().all(|code| code == "too-large"), "{name}");
        assert!((1..=limits::KEYS + 1).contains(&found.len()), "{name}");
    }
}

#[test]
fn a_java_key_store_of_nothing_but_keys_costs_no_time() {
    // Kind, alias, date, EncryptedPrivateKeyInfo with 40 bytes, no certificate.
    let info = [&[0x30, 46, 0x30, 0, 0x04, 42][..], &[7; 42]].concat();
    let entry = [
        &[0, 0, 0, 1, 0, 0][..],
        &[0; 8],
        &[0, 0, 0, 48],
        &info,
        &[0; 4],
    ]
    .concat();
    let count = (limits::PART_BYTES - 100) / entry.len();
    let mut store = vec![0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2];
    store.extend(u32::try_from(count).expect("small").to_be_bytes());
    store.extend(entry.repeat(count));
    store.extend([0; 20]);
    let found = codes("keys.jks", store);
    assert_eq!(found, vec!["wrong-passphrase"; limits::FINDINGS]);
}

#[test]
fn a_bundle_holds_so_many_keys_and_the_others_are_not_computed_with() {
    let key = private_key(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]);
    assert_eq!(
        codes("keys.pem", key.repeat(limits::KEYS)),
        Vec::<String>::new()
    );
    assert_eq!(codes("keys.pem", as_often_as_fits(&key)), ["too-large"]);
}

#[test]
fn an_rsa_key_of_millions_of_bits_is_not_computed_with() {
    let integer =
        |bytes: usize| [&length(0x02, bytes + 1)[..], &[0x00], &vec![0xC5; bytes]].concat();
    let half = limits::PART_BYTES / 16;
    let numbers = [2 * half, 3, 2 * half, half, half, half, half, half].map(integer);
    let content = [&[0x02, 0x01, 0x00], &numbers.concat()[..]].concat();
    let key = [&length(0x30, content.len())[..], &content].concat();
    assert_eq!(codes("key.der", key), ["malformed"]);
}

/// The header of a DER element with `content` bytes.
fn length(tag: u8, content: usize) -> Vec<u8> {
    if content < 0x80 {
        return vec![tag, u8::try_from(content).expect("small")];
    }
    let octets = u32::try_from(content).expect("small").to_be_bytes();
    let significant: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    let count = u8::try_from(significant.len()).expect("at most four");
    [&[tag, 0x80 | count], &significant[..]].concat()
}
