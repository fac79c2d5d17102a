//! Two readings of ACM's rules against each other: what certdrop's validator accepts, the local ACM
//! must accept as it would be sent. What the local ACM takes beyond that is listed with its reason
//! in `local_acm/differences.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use certdrop::bundle::{Part, read};
use certdrop::certificate::Certificate;
use certdrop::finding::Finding;
use certdrop::secret::{Passphrase, SecretBytes};
use certdrop::validate::reimport::{self, Previous};
use certdrop::validate::{
    IncludeRoot, OnRefusedByClients, Policy, ValidatedBundle, Verdict, validate,
};
use certdrop_acm::{Call, Knobs, Options, Refusal, Service};
use fastrand::Rng;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::X509;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::pki::{Key, NOW, Order, ec, p256, pem, pem_of_key, rsa, sign};

/// The same orders and mutations in every run; keys and serial numbers differ.
const SEED: u64 = 0x00ac_acac;

#[test]
fn what_certdrop_accepts_the_local_acm_accepts() {
    let mut tally = Tally::default();
    for (path, now, passphrases) in corpus() {
        let parts = parts(&path);
        let upload = sole_pem(&parts).map(|text| Upload::of(&text));
        tally.judge(
            &path.display().to_string(),
            &parts,
            &passphrases,
            upload.as_ref(),
            now,
        );
    }
    let mut maker = Maker::new();
    for number in 0..2_000 {
        let (what, upload, text) = maker.bundle();
        let part = Part {
            name: "bundle.pem".to_owned(),
            bytes: SecretBytes::new(text.into_bytes()),
        };
        tally.judge(
            &format!("{number}: {what}"),
            &[part],
            &[],
            Some(&upload),
            NOW,
        );
    }
    println!(
        "{} accepted by both, {} rejected by both",
        tally.accepted, tally.rejected
    );
    assert!(
        tally.wrong.is_empty(),
        "certdrop accepts, ACM refuses:\n{}",
        tally.wrong.join("\n")
    );
    assert!(
        tally.accepted > 500 && tally.rejected > 500,
        "the bundles are too much alike"
    );
    tally.compare_with_reasons();
}

#[test]
fn what_certdrop_would_replace_the_local_acm_replaces() {
    let mut maker = Maker::new();
    let (mut replaced, mut refused, mut dropped) = (0, 0, 0);
    for number in 0..1_000 {
        let [old, new] = [(); 2].map(|()| maker.replaceable());
        let mut acm = acm(NOW);
        let arn = import(&mut acm, &old, None).expect("a good bundle");
        let [before, after] = [&old, &new].map(facts);
        let errors = reimport::findings(&Previous::from_certificate(&before), &after);
        let answer = import(&mut acm, &new, Some(&arn));
        match (errors.iter().any(Finding::is_error), answer) {
            (false, Ok(_)) => replaced += 1,
            (true, Err(_)) => refused += 1,
            (false, Err(_)) if drops_an_extension(&before, &after) => dropped += 1,
            (_, answer) => panic!("{number}: certdrop finds {errors:?}, ACM answers {answer:?}"),
        }
    }
    println!("{replaced} replaced, {refused} refused, {dropped} drop an extension");
    assert!(
        replaced > 50 && refused > 50,
        "the pairs are too much alike"
    );
    assert!(
        dropped > 0,
        "the known difference is gone: take it out of this test"
    );
}

/// The one known difference. The guide says that values must not be removed; whether that holds
/// when the whole extension goes, so that the certificate allows more than before, nobody says. The
/// local ACM reads it by the letter, certdrop lets ACM decide.
fn drops_an_extension(before: &Certificate, after: &Certificate) -> bool {
    (before.key_usages.is_some() && after.key_usages.is_none())
        || (before.extended_key_usages.is_some() && after.extended_key_usages.is_none())
}

#[derive(Default)]
struct Tally {
    accepted: usize,
    rejected: usize,
    wrong: Vec<String>,
    /// Rejected by certdrop with these codes, taken by ACM: an example of each.
    taken: BTreeMap<String, String>,
}

impl Tally {
    fn judge(
        &mut self,
        what: &str,
        parts: &[Part],
        passphrases: &[Passphrase],
        upload: Option<&Upload>,
        now: OffsetDateTime,
    ) {
        let policy = Policy {
            now,
            expiry_warning: Duration::days(30),
            include_root: IncludeRoot::Auto,
            on_refused_by_clients: OnRefusedByClients::Reject,
        };
        match validate(read(parts, passphrases), &policy) {
            Verdict::Accepted(valid, _) => match import(&mut acm(now), &Upload::sent(&valid), None)
            {
                Ok(_) => self.accepted += 1,
                Err(refusal) => self.wrong.push(format!("{what}: {refusal:?}")),
            },
            Verdict::Rejected(rejected) => {
                let taken = upload.map(|upload| import(&mut acm(now), upload, None));
                if !matches!(taken, Some(Ok(_))) {
                    self.rejected += 1;
                    return;
                }
                let codes: BTreeSet<&str> = rejected
                    .findings
                    .iter()
                    .filter(|finding| finding.is_error())
                    .map(|finding| &*finding.code)
                    .collect();
                for code in codes {
                    self.taken
                        .entry(code.to_owned())
                        .or_insert_with(|| what.to_owned());
                }
            }
        }
    }

    /// Fails for a difference without a reason and for a reason without a difference.
    fn compare_with_reasons(&self) {
        let listed: BTreeSet<&str> = include_str!("differences.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| line.split_once(": ").expect("code: reason").0)
            .collect();
        let seen: BTreeSet<&str> = self.taken.keys().map(String::as_str).collect();
        assert_eq!(
            seen, listed,
            "taken by ACM, rejected by certdrop: {:#?}",
            self.taken
        );
    }
}

/// The three fields of an import, PEM.
#[derive(Clone)]
struct Upload {
    certificate: String,
    key: String,
    chain: String,
}

impl Upload {
    /// What certdrop would send.
    fn sent(valid: &ValidatedBundle) -> Self {
        Self {
            certificate: valid.certificate_pem(),
            key: valid.private_key_pem().to_string(),
            chain: valid.chain_pem().unwrap_or_default(),
        }
    }

    /// What a person would copy out of a file: the first certificate, the others, the first key.
    fn of(text: &str) -> Self {
        let blocks = blocks(text);
        let mut certificates = blocks
            .iter()
            .filter(|b| b.starts_with("-----BEGIN CERTIFICATE-"));
        let key = blocks
            .iter()
            .find(|block| block.contains("PRIVATE KEY-----"));
        Self {
            certificate: certificates.next().cloned().unwrap_or_default(),
            key: key.cloned().unwrap_or_default(),
            chain: certificates.cloned().collect(),
        }
    }
}

fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("-----BEGIN ") {
            blocks.push(String::new());
            inside = true;
        }
        if let (true, Some(block)) = (inside, blocks.last_mut()) {
            block.push_str(line);
            block.push('\n');
        }
        inside &= !line.starts_with("-----END ");
    }
    blocks
}

fn acm(now: OffsetDateTime) -> Service {
    let knobs = Knobs {
        now: Some(now),
        ..Knobs::default()
    };
    let options = Options {
        knobs,
        ..Options::default()
    };
    Service::open(options).expect("in memory")
}

fn import(acm: &mut Service, upload: &Upload, arn: Option<&str>) -> Result<String, Refusal> {
    let blob = |text: &str| json!(BASE64_STANDARD.encode(text));
    let mut request = json!({
        "Certificate": blob(&upload.certificate),
        "PrivateKey": blob(&upload.key),
        "CertificateArn": arn,
    });
    if !upload.chain.is_empty() {
        request["CertificateChain"] = blob(&upload.chain);
    }
    let Value::Object(request) = request else {
        panic!("an object");
    };
    let answer = acm.answer(Call {
        operation: "ImportCertificate".to_owned(),
        signed: None,
        request,
    })?;
    Ok(answer["CertificateArn"]
        .as_str()
        .expect("an ARN")
        .to_owned())
}

fn facts(upload: &Upload) -> Certificate {
    let parsed = X509::from_pem(upload.certificate.as_bytes()).unwrap();
    Certificate::from_der(&parsed.to_der().unwrap()).unwrap()
}

/// Who signs: its certificates, the signing one first and the root last.
struct Signer {
    chain: Vec<X509>,
    key: Key,
}

/// Makes bundles, good ones and bad ones.
struct Maker {
    random: Rng,
    signers: Vec<Signer>,
    good_keys: Vec<Key>,
    bad_keys: Vec<Key>,
    strangers: Vec<String>,
}

impl Maker {
    fn new() -> Self {
        let signers = vec![
            signer(&[p256()], 1_000),
            signer(&[p256(), ec(Nid::SECP384R1)], 1_000),
            signer(&[rsa(2048), rsa(2048)], 1_000),
            signer(&[p256(), rsa(2048), p256()], 1_000),
            signer(&[p256(), p256()], -1),
        ];
        let stranger = signer(&[p256(), p256()], 1_000);
        Self {
            random: Rng::with_seed(SEED),
            signers,
            good_keys: vec![
                p256(),
                p256(),
                rsa(2048),
                rsa(2048),
                rsa(3072),
                ec(Nid::SECP384R1),
            ],
            bad_keys: vec![
                rsa(1024),
                ec(Nid::SECP256K1),
                PKey::generate_ed25519().unwrap(),
                rsa(2056),
            ],
            strangers: stranger.chain.iter().map(pem).collect(),
        }
    }

    fn one_in(&mut self, many: u32) -> bool {
        self.random.u32(0..many) == 0
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        self.random.choice(of).expect("something").clone()
    }

    /// What was done, the fields as a person would fill them, and the file as it would be dropped.
    fn bundle(&mut self) -> (String, Upload, String) {
        let order = self.order();
        let key = if self.one_in(8) {
            let bad = self.bad_keys.clone();
            self.pick(&bad)
        } else {
            let good = self.good_keys.clone();
            self.pick(&good)
        };
        // The last signer's intermediate has expired.
        let signer = if self.one_in(12) {
            self.signers.len() - 1
        } else {
            self.random.usize(0..4)
        };
        let signer = &self.signers[signer];
        let self_signed = self.random.u32(0..10) == 0;
        let by = (&signer.chain[0], &signer.key);
        let mut certificate = pem(&sign(&order, &key, (!self_signed).then_some(by)));
        let mut chain: Vec<String> = signer.chain.iter().map(pem).collect();
        if self_signed {
            chain.clear();
        } else if self.random.bool() {
            chain.pop();
        }
        let mut private_key = pem_of_key(&key);
        let mut done = vec![format!(
            "names {:?}, signer of {}",
            order.names,
            chain.len()
        )];
        for _ in 0..self.random.u32(0..3) {
            let what = self.mutate(&mut certificate, &mut private_key, &mut chain);
            done.push(what.to_owned());
        }
        let upload = Upload {
            certificate,
            key: private_key,
            chain: chain.concat(),
        };
        let mut blocks = vec![upload.certificate.clone(), upload.key.clone()];
        blocks.extend(chain);
        if self.random.bool() {
            self.random.shuffle(&mut blocks);
        }
        (done.join(", "), upload, blocks.concat())
    }

    fn mutate(
        &mut self,
        certificate: &mut String,
        key: &mut String,
        chain: &mut Vec<String>,
    ) -> &'static str {
        let place = self.random.usize(0..=chain.len());
        match self.random.u32(0..14) {
            0 if !chain.is_empty() => {
                chain.remove(place.min(chain.len() - 1));
                "one of the chain is missing"
            }
            1 => {
                chain.reverse();
                "chain in reverse"
            }
            2 => {
                let strangers = self.strangers.clone();
                chain.insert(place, self.pick(&strangers));
                "a stranger"
            }
            3 => {
                chain.insert(place, certificate.clone());
                "the leaf in the chain"
            }
            4 if !chain.is_empty() => {
                chain.push(chain[place.min(chain.len() - 1)].clone());
                "one of the chain twice"
            }
            5 => {
                *key = pem_of_key(&p256());
                "another key"
            }
            6 => {
                flip(certificate, self.random.usize(0..100));
                "a flipped character at the end of the leaf"
            }
            7 => {
                flip(certificate, self.random.usize(300..500));
                "a flipped character in the leaf"
            }
            8 => {
                *certificate = certificate.replace('\n', " \n");
                "trailing blanks"
            }
            9 => {
                *certificate = certificate.replace('\n', "\r\n");
                "CRLF"
            }
            10 => {
                *certificate = format!("subject=/CN=www.example.com\n{certificate}");
                "text before the leaf"
            }
            11 => {
                key.truncate(key.len() / 2);
                "half a key"
            }
            _ => "nothing",
        }
    }

    fn order(&mut self) -> Order {
        let days = Duration::days;
        let mut order = self.usages();
        if self.one_in(3) {
            order.common_name = self.pick(&[None, Some("www.example.com"), Some("Example")]);
            let names = self.random.usize(0..4);
            order.names =
                ["www.example.com", "*.example.org", "192.0.2.1"][..names.min(3)].to_vec();
        }
        if self.one_in(6) {
            let starts = [NOW, NOW + Duration::SECOND, NOW - days(400)];
            order.not_before = self.pick(&starts);
        }
        if self.one_in(6) {
            let ends = [
                NOW,
                NOW - Duration::SECOND,
                NOW + Duration::SECOND,
                NOW + days(3_000),
            ];
            order.not_after = self.pick(&ends);
        }
        order.is_ca = self.one_in(30);
        order
    }

    fn usages(&mut self) -> Order {
        let (sign, wrap, agree) = ("digitalSignature", "keyEncipherment", "keyAgreement");
        let (server, client) = ("serverAuth", "clientAuth");
        Order {
            key_usages: self.pick(&[
                None,
                Some(vec![sign]),
                Some(vec![sign, wrap]),
                Some(vec![sign, agree]),
            ]),
            extended_key_usages: self.pick(&[
                None,
                Some(vec![server]),
                Some(vec![server, client]),
                Some(vec![server, "1.2.3.4"]),
            ]),
            ..Order::default()
        }
    }

    /// A good bundle of the simplest kind.
    fn replaceable(&mut self) -> Upload {
        let order = self.usages();
        let keys: Vec<Key> = self.good_keys[..3].to_vec();
        let key = self.pick(&keys);
        let signer = &self.signers[1];
        Upload {
            certificate: pem(&sign(&order, &key, Some((&signer.chain[0], &signer.key)))),
            key: pem_of_key(&key),
            chain: pem(&signer.chain[0]),
        }
    }
}

/// An authority with a certificate for each key, the root's first; the last one ends in `days`.
fn signer(keys: &[Key], days: i64) -> Signer {
    let mut chain: Vec<X509> = Vec::new();
    for (depth, key) in keys.iter().enumerate() {
        let name: &'static str = ["Root", "Upper", "Lower"][depth];
        let is_last = depth + 1 == keys.len();
        let order = Order {
            common_name: Some(name),
            names: vec![],
            not_before: NOW - Duration::days(1_000),
            not_after: NOW + Duration::days(if is_last { days } else { 2_000 }),
            key_usages: Some(vec!["keyCertSign"]),
            extended_key_usages: None,
            is_ca: true,
            ..Order::default()
        };
        let by = chain.first().map(|issuer| (issuer, &keys[depth - 1]));
        let certificate = sign(&order, key, by);
        chain.insert(0, certificate);
    }
    Signer {
        chain,
        key: keys.last().unwrap().clone(),
    }
}

/// Replaces the character of the base64 that stands `from_end` before its end.
fn flip(pem: &mut String, from_end: usize) {
    let at = pem.len().saturating_sub(30 + from_end);
    if pem
        .as_bytes()
        .get(at)
        .is_some_and(u8::is_ascii_alphanumeric)
    {
        let other = if pem.as_bytes()[at] == b'A' { "B" } else { "A" };
        pem.replace_range(at..=at, other);
    }
}

fn corpus() -> Vec<(PathBuf, OffsetDateTime, Vec<Passphrase>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let rows = manifest["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let path = folder.join(row["path"].as_str().unwrap());
        let now = OffsetDateTime::parse(row["now"].as_str().unwrap(), &Rfc3339).unwrap();
        let passphrase = row["passphrase"].as_str().map(str::to_owned);
        (
            path,
            now,
            passphrase.into_iter().map(Passphrase::new).collect(),
        )
    })
    .collect()
}

fn parts(path: &Path) -> Vec<Part> {
    let mut files = if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    } else {
        vec![path.to_owned()]
    };
    files.sort();
    files
        .into_iter()
        .map(|file| Part {
            name: file.file_name().unwrap().to_string_lossy().into_owned(),
            bytes: SecretBytes::new(std::fs::read(&file).unwrap()),
        })
        .collect()
}

/// The text of a bundle that a person could copy from: one file of PEM.
fn sole_pem(parts: &[Part]) -> Option<String> {
    let [part] = parts else {
        return None;
    };
    let text = String::from_utf8(part.bytes.expose().to_vec()).ok()?;
    text.contains("-----BEGIN ").then_some(text)
}
