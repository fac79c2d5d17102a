//! What ImportCertificate takes: certificate, key and chain, and the rules that judge them.
//!
//! Source: ACM User Guide, "Prerequisites for importing" and "Certificate and key format for
//! importing"; the API reference of ImportCertificate. The reading is our own on purpose and knows
//! nothing of [`certdrop::validate`]; signatures and keys are judged by OpenSSL.

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use serde::{Deserialize, Serialize};

use super::pem;
use super::refusal::Refusal;
use super::unsettled::Reading;
use super::view::View;
use super::x509_facts::{X509Facts, is_signed_by};
use certdrop::certificate::Certificate;
use certdrop::public_key::KeyAlgorithm;

/// A certificate and its chain as ACM has accepted them. The key is forgotten once it is judged:
/// no operation answers it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "Saved", try_from = "Saved")]
pub(super) struct Material {
    /// What the certificate says.
    pub leaf: X509Facts,
    /// PEM of the certificate, normalised.
    pub certificate_pem: String,
    /// PEM of the chain, normalised; `None` where none was given.
    pub chain_pem: Option<String>,
}

/// What of it is written to disk: the rest is read again.
#[derive(Serialize, Deserialize)]
struct Saved {
    certificate: String,
    chain: Option<String>,
}

/// The three fields of an import, PEM.
pub(super) struct Given<'a> {
    /// Exactly one certificate.
    pub certificate: &'a [u8],
    /// Its unencrypted key.
    pub private_key: &'a [u8],
    /// What certifies it, in order.
    pub chain: Option<&'a [u8]>,
}

impl Material {
    /// Judges `given`.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order certificate, key, both together, chain.
    pub(super) fn judge(given: &Given<'_>, view: &View) -> Result<Self, Refusal> {
        let unsettled = view.unsettled;
        let leaf = sole_certificate(given.certificate)?;
        check_certificate(&leaf.facts, view)?;
        let key = private_key(given.private_key)?;
        if !key_matches(&leaf.x509, &key) {
            return Err(Refusal::validation(
                "The private key does not match the certificate.",
            ));
        }
        let chain = given.chain.map(chain).transpose()?;
        match &chain {
            Some(chain) => check_chain(&leaf, chain, unsettled.other_key_type_than_issuer)?,
            None => check_lonely(&leaf.x509, unsettled.leaf_without_chain)?,
        }
        Ok(Self {
            certificate_pem: pem::of_certificate(leaf.facts.der()),
            chain_pem: chain.map(|chain| {
                let blocks: Vec<_> = chain
                    .iter()
                    .map(|link| pem::of_certificate(link.facts.der()))
                    .collect();
                blocks.concat()
            }),
            leaf: X509Facts::new(leaf.facts, &leaf.x509),
        })
    }
}

impl Material {
    /// Reads what was accepted before, without judging it again: it may have expired since.
    ///
    /// # Errors
    ///
    /// Where the certificate cannot be read.
    pub(super) fn read(certificate: String, chain: Option<String>) -> Result<Self, String> {
        let leaf = sole_certificate(certificate.as_bytes()).map_err(|no| no.message)?;
        Ok(Self {
            leaf: X509Facts::new(leaf.facts, &leaf.x509),
            certificate_pem: certificate,
            chain_pem: chain,
        })
    }

    /// `CertificateChain` of GetCertificate: a self-signed certificate without a chain is its own
    /// (recorded by steampipe).
    pub(super) fn shown_chain(&self) -> Option<&str> {
        let own = self.leaf.is_self_signed.then_some(&self.certificate_pem);
        self.chain_pem.as_ref().or(own).map(String::as_str)
    }
}

impl From<Material> for Saved {
    fn from(material: Material) -> Self {
        Self {
            certificate: material.certificate_pem,
            chain: material.chain_pem,
        }
    }
}

impl TryFrom<Saved> for Material {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        Self::read(saved.certificate, saved.chain)
    }
}

/// The two views of one certificate.
struct Parsed {
    facts: Certificate,
    x509: X509,
}

impl Parsed {
    fn from_der(der: &[u8]) -> Option<Self> {
        let facts = Certificate::from_der(der).ok()?;
        let x509 = X509::from_der(der).ok()?;
        Some(Self { facts, x509 })
    }
}

fn sole_certificate(bytes: &[u8]) -> Result<Parsed, Refusal> {
    let malformed =
        || Refusal::validation("The certificate body/chain provided is not in a valid PEM format.");
    let blocks = pem::blocks(bytes).map_err(|_| malformed())?;
    match &*blocks {
        [block] if block.label == "CERTIFICATE" => {
            Parsed::from_der(&block.der).ok_or_else(unparsable)
        }
        [] | [_] => Err(unparsable()),
        _ => Err(Refusal::validation(
            "The certificate field contains more than one certificate. You can specify only one \
             certificate in this field.",
        )),
    }
}

fn unparsable() -> Refusal {
    Refusal::validation(
        "Unable to parse certificate. Please ensure the certificate is in PEM format.",
    )
}

fn check_certificate(leaf: &Certificate, view: &View) -> Result<(), Refusal> {
    let now = view.now;
    let takes_version_1 = view.unsettled.version_1 == Reading::Accepted;
    if leaf.version != 3 && !(takes_version_1 && leaf.version == 1) {
        return Err(Refusal::validation(
            "The certificate is not valid: it must be an X.509 version 3 certificate.",
        ));
    }
    if leaf.issuer.is_empty() {
        return Err(Refusal::validation(
            "The certificate is not valid: its issuer must not be empty.",
        ));
    }
    if leaf
        .ocsp_urls
        .iter()
        .any(|url| url.chars().count() > MAX_OCSP_URL)
    {
        return Err(Refusal::validation(format!(
            "The certificate is not valid: its OCSP URL is longer than {MAX_OCSP_URL} characters."
        )));
    }
    if now < leaf.not_before {
        return Err(Refusal::validation(
            "The certificate is not in effect yet, is not valid.",
        ));
    }
    if now > leaf.not_after {
        return Err(Refusal::validation(
            "The certificate has expired, is not valid.",
        ));
    }
    match leaf.public_key.algorithm() {
        algorithm if algorithm.acm_name().is_some() => Ok(()),
        KeyAlgorithm::Rsa { bits } => Err(Refusal::validation(format!(
            "The private key length {bits} is not supported for key algorithm."
        ))),
        _ => Err(Refusal::validation("The private key is not supported.")),
    }
}

/// Source: API reference of ImportCertificate, and the guide's prerequisites.
const MAX_OCSP_URL: usize = 1_000;

fn private_key(bytes: &[u8]) -> Result<PKey<Private>, Refusal> {
    if pem::is_encrypted(bytes) {
        return Err(Refusal::validation(
            "The private key is not supported. It must not be protected by a password.",
        ));
    }
    let malformed = || Refusal::validation("The private key is not PEM-encoded or is not valid.");
    let mut blocks = pem::blocks(bytes).map_err(|_| malformed())?;
    // OpenSSL writes the curve before a key in the older format; ACM leaves that block aside.
    blocks.retain(|block| block.label != "EC PARAMETERS");
    let [block] = &*blocks else {
        return Err(malformed());
    };
    let key = match block.label.as_str() {
        "PRIVATE KEY" => PKey::private_key_from_pkcs8(&block.der),
        "RSA PRIVATE KEY" => {
            openssl::rsa::Rsa::private_key_from_der(&block.der).and_then(PKey::from_rsa)
        }
        "EC PRIVATE KEY" => {
            openssl::ec::EcKey::private_key_from_der(&block.der).and_then(PKey::from_ec_key)
        }
        _ => return Err(malformed()),
    };
    key.map_err(|_| malformed())
}

fn key_matches(certificate: &X509, key: &PKey<Private>) -> bool {
    certificate
        .public_key()
        .is_ok_and(|public| public.public_eq(key))
}

fn chain(bytes: &[u8]) -> Result<Vec<Parsed>, Refusal> {
    let malformed =
        || Refusal::validation("The certificate body/chain provided is not in a valid PEM format.");
    let blocks = pem::blocks(bytes).map_err(|_| malformed())?;
    if blocks.is_empty() {
        return Err(malformed());
    }
    blocks
        .iter()
        .map(|block| {
            (block.label == "CERTIFICATE")
                .then(|| Parsed::from_der(&block.der))
                .flatten()
                .ok_or_else(unparsable)
        })
        .collect()
}

/// Each certificate certifies the one before it, the first one the leaf.
///
/// The index in the message is 0 for a leaf at the start of its own chain and -1 for a chain that
/// is reversed, as seen in public reports.
fn check_chain(leaf: &Parsed, chain: &[Parsed], other_key_type: Reading) -> Result<(), Refusal> {
    if let Some(index) = chain.iter().position(|link| link.facts == leaf.facts)
        && !is_signed_by(&leaf.x509, &leaf.x509)
    {
        return Err(wrong_link(&index.to_string()));
    }
    let mut subject = leaf;
    for (index, issuer) in chain.iter().enumerate() {
        if !certifies(issuer, subject) {
            return Err(if index > 0 {
                wrong_link(&index.to_string())
            } else if chain.iter().any(|other| certifies(other, leaf)) {
                wrong_link("-1")
            } else {
                Refusal::validation(
                    "Could not validate the certificate with the certificate chain.",
                )
            });
        }
        subject = issuer;
    }
    if other_key_type == Reading::Refused
        && let Some(issuer) = chain.first()
        && is_rsa(issuer) != is_rsa(leaf)
    {
        return Err(Refusal::validation(
            "The certificate is not valid: the algorithm of its key must be that of its issuer's key.",
        ));
    }
    Ok(())
}

fn is_rsa(certificate: &Parsed) -> bool {
    let algorithm = certificate.facts.public_key.algorithm();
    matches!(algorithm, KeyAlgorithm::Rsa { .. })
}

fn wrong_link(index: &str) -> Refusal {
    Refusal::validation(format!(
        "Unable to validate certificate chain. The certificate chain must start with the \
         immediate signing certificate, followed by any intermediaries in order. The index within \
         the chain of the invalid certificate is: {index}"
    ))
}

/// By name and signature, and by nothing else: ACM has imported chains of a CA that may not sign
/// certificates (Terraform's acceptance test `Imported_domainName`) and of a server certificate
/// without basic constraints (Ansible's integration test `acm_certificate`).
fn certifies(issuer: &Parsed, subject: &Parsed) -> bool {
    is_signed_by(&subject.x509, &issuer.x509)
}

fn check_lonely(leaf: &X509, without_chain: Reading) -> Result<(), Refusal> {
    let names_itself = leaf
        .subject_name()
        .try_cmp(leaf.issuer_name())
        .is_ok_and(std::cmp::Ordering::is_eq);
    let needs_chain = without_chain == Reading::Refused || names_itself;
    if needs_chain && !is_signed_by(leaf, leaf) {
        return Err(Refusal::validation(
            "Provided certificate is not a valid self signed. Please provide either a valid \
             self-signed certificate or certificate chain.",
        ));
    }
    Ok(())
}
