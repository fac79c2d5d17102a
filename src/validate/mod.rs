//! A bundle as it was read, judged: accepted with warnings, or rejected with reasons.

mod chain;
mod clients;
mod leaf;
pub mod reimport;
mod rules;
mod signature;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::bundle::Bundle;
use crate::certificate::Certificate;
use crate::finding::{self, Finding, Judge, Severity};
use crate::secret::PrivateKey;

/// What the judge goes by, beside the bundle itself.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The instant that every rule is judged at.
    pub now: OffsetDateTime,
    /// How long before its end a certificate is warned of.
    pub expiry_warning: Duration,
    /// Whether a root of the bundle is sent to ACM.
    pub include_root: IncludeRoot,
    /// What becomes of a bundle that ACM takes and clients refuse.
    pub on_refused_by_clients: OnRefusedByClients,
}

/// What becomes of a bundle that ACM takes and TLS clients refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRefusedByClients {
    /// It is rejected: the certificate that is served works, and this one would not.
    #[default]
    Reject,
    /// It is imported, and the findings say so.
    Import,
}

/// Whether the self-signed end of a chain is sent to ACM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncludeRoot {
    /// A private CA's root is sent, as ACM's guide wants it; a public one is left out, because
    /// every client has it and each handshake would carry it.
    #[default]
    Auto,
    /// It is sent.
    Always,
    /// It is left out.
    Never,
}

/// The end of validation.
pub enum Verdict {
    /// May be imported; the findings are warnings.
    Accepted(ValidatedBundle, Vec<Finding>),
    /// Must not be imported; at least one finding is an error.
    Rejected(Rejected),
}

/// A bundle that must not be imported, as far as it was understood.
#[derive(Debug)]
pub struct Rejected {
    /// All that was found, at least one of them an error.
    pub findings: Vec<Finding>,
    /// The leaf and its chain, where a leaf was recognised.
    pub served: Option<Served>,
}

/// The certificates of a bundle that belong together: the leaf and who vouches for it.
#[derive(Clone, Debug)]
pub struct Served {
    /// The certificate that clients will see.
    pub leaf: Certificate,
    /// Each signed the one before it; the first signed the leaf. Without the root.
    pub intermediates: Vec<Certificate>,
    /// The self-signed end of the chain, where the bundle has it.
    pub root: Option<Certificate>,
}

impl Served {
    /// How many certificates these are.
    fn len(&self) -> usize {
        1 + self.intermediates.len() + usize::from(self.root.is_some())
    }

    /// The leaf and the intermediates: what clients are sent.
    pub(crate) fn without_root(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.leaf).chain(&self.intermediates)
    }

    /// The intermediates and the root: who signed.
    pub(crate) fn authorities(&self) -> impl Iterator<Item = &Certificate> {
        self.intermediates.iter().chain(&self.root)
    }
}

/// A bundle that ACM will take, as far as we know its rules.
///
/// Only [`validate`] makes one, and only a `ValidatedBundle` can be imported.
pub struct ValidatedBundle {
    served: Served,
    send_root: bool,
    key: PrivateKey,
}

/// Judges `bundle` as ACM would.
///
/// Pure: the same bundle and the same `policy` give the same verdict. Finding the leaf comes
/// first, everything else needs it; then the chain; then all rules run, so that the owner of a bad
/// bundle sees every finding at once.
#[must_use]
pub fn validate(mut bundle: Bundle, policy: &Policy) -> Verdict {
    let mut findings = std::mem::take(&mut bundle.damages);
    let certificates = each_once(std::mem::take(&mut bundle.certificates));
    let pair = match leaf::find(&certificates, &bundle, policy.now) {
        Ok(pair) => pair,
        Err(reasons) => {
            // What is damaged may be the very thing that is missed: one reason is enough.
            if findings.is_empty() {
                findings = reasons;
            }
            return Verdict::Rejected(Rejected {
                findings,
                served: None,
            });
        }
    };

    let (served, chain_findings) = chain::build(&certificates, pair.leaf, policy.now);
    let strangers = certificates.len() - served.len();
    findings.extend(chain_findings);
    findings.extend(rules::findings(&served, strangers, policy));
    findings.extend(clients::findings(&served, policy.now, &findings));
    if policy.on_refused_by_clients == OnRefusedByClients::Import {
        overrule_clients(&mut findings, &served.leaf);
    }
    findings.sort_by_key(|finding| !finding.is_error());

    if findings.iter().any(Finding::is_error) {
        return Verdict::Rejected(Rejected {
            findings,
            served: Some(served),
        });
    }
    let send_root = served
        .root
        .as_ref()
        // Clients that trust the key of an expired root have it in a newer certificate.
        .filter(|root| root.is_valid_at(policy.now))
        .is_some_and(|root| match policy.include_root {
            IncludeRoot::Always => true,
            IncludeRoot::Never => false,
            IncludeRoot::Auto => !chain::has_public_issuer(root),
        });
    let valid = ValidatedBundle {
        served,
        send_root,
        key: bundle.keys.swap_remove(pair.key),
    };
    Verdict::Accepted(valid, findings)
}

/// Makes warnings of the clients' errors, unless ACM has errors of its own: then nothing would be imported anyway.
fn overrule_clients(findings: &mut Vec<Finding>, leaf: &Certificate) {
    let by_acm = |finding: &Finding| finding.is_error() && finding.judge == Judge::Acm;
    if findings.iter().any(by_acm) {
        return;
    }
    let mut overruled = Vec::new();
    for finding in findings.iter_mut().filter(|finding| finding.is_error()) {
        finding.severity = Severity::Warning;
        overruled.push(finding.code.to_string());
    }
    if !overruled.is_empty() {
        overruled.dedup();
        let message = format!(
            "It is imported against clients' judgement: {}.",
            overruled.join(", ")
        );
        let rule = &finding::ACCEPTED_AGAINST_CLIENTS;
        findings.push(Finding::new(rule, &leaf.subject, message));
    }
}

fn each_once(certificates: Vec<Certificate>) -> Vec<Certificate> {
    let mut once: Vec<Certificate> = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        if !once.iter().any(|known| known.der() == certificate.der()) {
            once.push(certificate);
        }
    }
    once
}

impl ValidatedBundle {
    /// The certificate that clients will see.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        &self.served.leaf
    }

    /// The leaf and its chain.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// The leaf as PEM, for `Certificate` of ImportCertificate.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", self.served.leaf.der()).to_string()
    }

    /// The chain as PEM, for `CertificateChain` of ImportCertificate; `None` where there is none.
    #[must_use]
    pub fn chain_pem(&self) -> Option<String> {
        let root = self.served.root.as_ref().filter(|_| self.send_root);
        let chain: String = self
            .served
            .intermediates
            .iter()
            .chain(root)
            .map(|certificate| pem("CERTIFICATE", certificate.der()).to_string())
            .collect();
        (!chain.is_empty()).then_some(chain)
    }

    /// The private key as unencrypted PKCS#8 PEM, for `PrivateKey` of ImportCertificate.
    #[must_use]
    pub fn private_key_pem(&self) -> Zeroizing<String> {
        pem("PRIVATE KEY", self.key.expose_pkcs8_der())
    }
}

/// PEM as RFC 7468, section 2 wants it: 64 characters a line, a line end after the last.
fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    // Reserved at once: growing would leave copies of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(
        body.len() + body.len() / 64 + 2 * label.len() + 40,
    ));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}
