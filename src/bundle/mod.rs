//! Bytes become certificates and private keys. Judges nothing: that is `validate`'s work.
//!
//! Content decides the format, never a file's name. Every format has one file here. Its reader answers
//! whether bytes are of its format; what it finds in them goes into one `Reading`.

mod archive;
mod ber;
mod der;
mod encryption;
mod foreign;
mod format;
mod jks;
mod kubernetes;
pub mod limits;
mod pem;
mod pkcs12;
mod pkcs7;
mod private_key;
mod text;

use crate::certificate::Certificate;
use crate::finding::{self, Finding};
use crate::secret::{Passphrase, PrivateKey, SecretBytes};
use encryption::{Cost, NotDecrypted};
use private_key::KeyFault;

/// One dropped file: an object of the bucket, a parameter, or a file on disk.
pub struct Part {
    /// How people know the file: its object key or path, for findings.
    pub name: String,
    /// Its content.
    pub bytes: SecretBytes,
}

/// Everything that was found in the parts of one bundle, in the order in which it was found.
///
/// Has no `Debug`: it holds private keys.
#[derive(Default)]
pub struct Bundle {
    /// Certificates, duplicates included.
    pub certificates: Vec<Certificate>,
    /// Private keys, opened.
    pub keys: Vec<PrivateKey>,
    /// Why keys and stores could not be opened. Matters only where nothing else suffices.
    pub closed: Vec<Finding>,
    /// Something stays closed that may hold certificates too.
    pub closed_store: bool,
    /// Damaged blocks and exceeded limits: each rejects the bundle.
    pub damages: Vec<Finding>,
    /// There was a certificate request, which people take for a certificate.
    pub has_request: bool,
}

/// Reads all `parts` of one bundle. Each encrypted key is tried with each of `passphrases` in turn.
///
/// Never fails: what could not be read is in [`Bundle::damages`] and [`Bundle::closed`].
#[must_use]
pub fn read(parts: &[Part], passphrases: &[Passphrase]) -> Bundle {
    let mut reading = Reading {
        passphrases,
        bundle: Bundle::default(),
        cost: Cost::default(),
        keys_seen: 0,
        archives_open: 0,
        expanded: 0,
        is_recognised: false,
    };
    for part in parts {
        if part.bytes.expose().len() > limits::PART_BYTES {
            reading.damage(Finding::new(
                &finding::TOO_LARGE,
                &part.name,
                format!("The file has more than {} bytes.", limits::PART_BYTES),
            ));
            continue;
        }
        format::read(part.bytes.expose(), &part.name, &mut reading);
    }
    if !reading.is_recognised {
        let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        reading.damage(Finding::new(
            &finding::UNSUPPORTED_FORMAT,
            names.join(", "),
            "Neither a certificate nor a key was recognised in it.",
        ));
    }
    reading.bundle
}

/// A bundle while it is being read: what the formats add to, and what they may ask.
struct Reading<'a> {
    passphrases: &'a [Passphrase],
    bundle: Bundle,
    /// What key derivation has cost so far.
    cost: Cost,
    /// Keys that were found, whether they could be read or not.
    keys_seen: usize,
    /// Archives that are being read, one inside the other.
    archives_open: usize,
    /// Bytes that were unpacked so far.
    expanded: usize,
    /// Something was of a kind that is known, if only by name.
    is_recognised: bool,
}

impl Reading<'_> {
    /// Notes something that is of a kind that is known, whatever it holds.
    fn recognised(&mut self) {
        self.is_recognised = true;
    }

    /// Notes a certificate request.
    fn request(&mut self) {
        self.recognised();
        self.bundle.has_request = true;
    }

    /// Takes one DER certificate found at `place` ("chain.pem, PEM block 2").
    fn certificate(&mut self, der: &[u8], place: &str) {
        self.recognised();
        if self.bundle.certificates.len() >= limits::CERTIFICATES {
            self.too_many("certificates", limits::CERTIFICATES, place);
            return;
        }
        match Certificate::from_der(der) {
            Ok(certificate) => self.bundle.certificates.push(certificate),
            Err(fault) => self.malformed(place, &format!("The certificate {fault}.")),
        }
    }

    /// Takes the private key found at `place` that `read` gives, or the reason why it is none.
    ///
    /// One key too many is not read at all: reading computes its public half.
    fn key(&mut self, read: impl FnOnce(&mut Self) -> Result<PrivateKey, KeyFault>, place: &str) {
        self.recognised();
        if self.keys_seen >= limits::KEYS {
            self.too_many("private keys", limits::KEYS, "bundle");
            return;
        }
        self.keys_seen += 1;
        match read(self) {
            Ok(key) => self.bundle.keys.push(key),
            Err(KeyFault::Malformed(what)) => {
                self.malformed(place, &format!("The private key {what}."));
            }
            Err(KeyFault::Closed(failure)) => self.failed(failure, "The private key", place),
        }
    }

    /// Takes the reason why the key or key store `what` at `place` stays closed.
    fn failed(&mut self, failure: NotDecrypted, what: &str, place: &str) {
        let finding = match failure {
            NotDecrypted::WrongPassphrase if self.passphrases.is_empty() => Finding::new(
                &finding::KEY_ENCRYPTED,
                place,
                format!("{what} is encrypted, and no passphrase is known."),
            ),
            NotDecrypted::WrongPassphrase => Finding::new(
                &finding::WRONG_PASSPHRASE,
                place,
                format!("{what} is encrypted, and no known passphrase opens it."),
            ),
            NotDecrypted::Unsupported => Finding::new(
                &finding::UNSUPPORTED_FORMAT,
                place,
                format!("{what} is encrypted in a way that certdrop does not know."),
            )
            .with_remedy("Export it again with AES-256 and PBKDF2, or unencrypted."),
            NotDecrypted::TooCostly => Finding::new(
                &finding::TOO_LARGE,
                place,
                format!("{what} has so many iterations that it would take seconds to open."),
            )
            .with_remedy("Export it again with fewer iterations, such as 100,000."),
        };
        self.closed(finding);
    }

    /// Takes the reason why something that may hold certificates and keys stays closed.
    fn closed_store(&mut self, finding: Finding) {
        self.bundle.closed_store = true;
        self.closed(finding);
    }

    fn closed(&mut self, finding: Finding) {
        self.recognised();
        if self.bundle.closed.len() < limits::FINDINGS {
            self.bundle.closed.push(finding);
        }
    }

    fn malformed(&mut self, place: &str, message: &str) {
        self.damage(Finding::new(&finding::MALFORMED, place, message));
    }

    fn damage(&mut self, finding: Finding) {
        self.recognised();
        let damages = &self.bundle.damages;
        if damages.len() < limits::FINDINGS && !damages.contains(&finding) {
            self.bundle.damages.push(finding);
        }
    }

    fn too_many(&mut self, what: &str, limit: usize, place: &str) {
        self.damage(Finding::new(
            &finding::TOO_LARGE,
            place,
            format!("There are more than {limit} {what} in the bundle."),
        ));
    }
}
