//! What a replacement may not lose. ACM keeps the ARN, the tags and every association of a
//! certificate, and therefore refuses a new one that could break who uses it.
//!
//! Source of all rules here:
//! <https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html>

use std::collections::BTreeSet;

use crate::certificate::{Certificate, KeyUsage};
use crate::finding::{self, Finding};
use crate::public_key::KeyAlgorithm;

/// What ACM knows of the certificate that would be replaced, or a file that was imported before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Only imported certificates can be replaced.
    pub is_imported: bool,
    /// ACM's name of the key's kind and size, with underscores; `None` where ACM does not tell.
    pub key_algorithm: Option<String>,
    /// By ACM's names.
    pub key_usages: Usages,
    /// By object identifier.
    pub extended_key_usages: Usages,
}

/// What a certificate says of the uses of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usages {
    /// ACM does not tell.
    Unknown,
    /// The extension is absent: any use. DescribeCertificate shows `ANY` for an absent key usage
    /// and `NONE` for an absent extended key usage (inferred, ACM has no page about it).
    Unrestricted,
    /// Only these.
    Only(BTreeSet<String>),
}

impl Usages {
    fn from_extension(listed: Option<BTreeSet<String>>) -> Self {
        listed.map_or(Self::Unrestricted, Self::Only)
    }
}

/// `id-kp-clientAuth`: the one extended key usage that may be lost.
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

impl Previous {
    /// What ACM would tell of `certificate` if it had been imported.
    #[must_use]
    pub fn from_certificate(certificate: &Certificate) -> Self {
        Self {
            is_imported: true,
            key_algorithm: certificate
                .public_key
                .algorithm()
                .acm_name()
                .map(str::to_owned),
            key_usages: Usages::from_extension(key_usages(certificate)),
            extended_key_usages: Usages::from_extension(certificate.extended_key_usages.clone()),
        }
    }
}

fn key_usages(certificate: &Certificate) -> Option<BTreeSet<String>> {
    let usages = certificate.key_usages.as_ref()?;
    Some(
        usages
            .iter()
            .map(|usage| usage.acm_name().to_owned())
            .collect(),
    )
}

/// Everything that forbids replacing `old` by `new` under the same ARN.
#[must_use]
pub fn findings(old: &Previous, new: &Certificate) -> Vec<Finding> {
    [
        not_imported(old, new),
        key_changed(old, new),
        lost_key_usages(old, new),
        lost_extended_key_usages(old, new),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the owner should know of a replacement that ACM takes: that it is no client's certificate any more.
///
/// Public CAs stop to issue client authentication (Chrome Root Program Policy, section 3.2); ACM keeps the ARN.
#[must_use]
pub fn client_auth_lost(old: &Previous, new: &Certificate) -> Option<Finding> {
    let Usages::Only(old) = &old.extended_key_usages else {
        return None;
    };
    let new_usages = new.extended_key_usages.as_ref()?;
    (old.contains(CLIENT_AUTH) && !new_usages.contains(CLIENT_AUTH)).then(|| {
        let message =
            "It lacks client authentication, which the old one has. The re-import keeps its ARN.";
        Finding::new(&finding::CLIENT_AUTH_LOST, &new.subject, message)
    })
}

fn not_imported(old: &Previous, new: &Certificate) -> Option<Finding> {
    (!old.is_imported).then(|| {
        let message = "The certificate under this ARN was issued by AWS, not imported.";
        Finding::new(&finding::REIMPORT_NOT_IMPORTED, &new.subject, message)
    })
}

fn key_changed(old: &Previous, new: &Certificate) -> Option<Finding> {
    let old = old.key_algorithm.as_ref()?;
    let new_name = new.public_key.algorithm().acm_name()?;
    (old != new_name).then(|| {
        let message = format!("Its key is {new_name}, the old one is {old}.");
        Finding::new(&finding::REIMPORT_KEY_CHANGED, &new.subject, message)
    })
}

/// Exception: key encipherment means nothing with ECDSA and may go.
fn lost_key_usages(old: &Previous, new: &Certificate) -> Option<Finding> {
    let is_ec = matches!(new.public_key.algorithm(), KeyAlgorithm::Ec(_));
    let may_go = |usage: &str| is_ec && usage == KeyUsage::KeyEncipherment.acm_name();
    let message = lost("key usage", &old.key_usages, key_usages(new), may_go)?;
    Some(Finding::new(
        &finding::REIMPORT_KEY_USAGE_LOST,
        &new.subject,
        message,
    ))
}

/// Exception: client authentication may go, as public CAs stop to issue it.
fn lost_extended_key_usages(old: &Previous, new: &Certificate) -> Option<Finding> {
    let message = lost(
        "extended key usage",
        &old.extended_key_usages,
        new.extended_key_usages.clone(),
        |oid| oid == CLIENT_AUTH,
    )?;
    let rule = &finding::REIMPORT_EXTENDED_KEY_USAGE_LOST;
    Some(Finding::new(rule, &new.subject, message))
}

fn lost(
    extension: &str,
    old: &Usages,
    new: Option<BTreeSet<String>>,
    may_go: impl Fn(&str) -> bool,
) -> Option<String> {
    match (old, new) {
        // An absent extension allows every use: listing some takes the others away.
        (Usages::Unrestricted, Some(_)) => Some(format!(
            "It restricts its {extension}, the old one does not."
        )),
        (Usages::Only(old), Some(new)) => {
            let lost = old.difference(&new).filter(|usage| !may_go(usage));
            let lost: Vec<_> = lost.map(String::as_str).collect();
            (!lost.is_empty()).then(|| {
                format!(
                    "It lacks the {extension} {} of the old one.",
                    lost.join(", ")
                )
            })
        }
        (Usages::Unknown | Usages::Unrestricted | Usages::Only(_), None) | (Usages::Unknown, _) => {
            None
        }
    }
}
