//! What the last sweep knew of each bundle: one document, so that the next one need not ask again.
//!
//! It is a cache. Without it every bundle is looked at once more, and nothing is lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::binding::CertificateArn;
use crate::bundle_name::BundleName;
use crate::certificate::SerialNumber;
use crate::content_id::ContentId;
use crate::summary::Outcome;
use crate::validate::finding;

/// The document: bundles by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Version of this form. Another one is not read.
    version: u32,
    /// By the bundle's name.
    pub bundles: BTreeMap<String, Entry>,
}

/// The current form.
const VERSION: u32 = 1;

/// What became of a bundle when it was last worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it was made from.
    pub content_id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The certificate in ACM that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
    /// That certificate's serial number, as ACM writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Time or a person's hand elsewhere may change the verdict on the same content.
    #[serde(default)]
    pub retry: bool,
}

/// The members of a stored summary that the index keeps.
#[derive(Deserialize)]
struct Stored {
    content_id: String,
    outcome: Outcome,
    at: String,
    certificate_arn: Option<String>,
    certificate: Option<StoredCertificate>,
    #[serde(default)]
    findings: Vec<StoredFinding>,
}

#[derive(Deserialize)]
struct StoredCertificate {
    #[serde(rename = "Serial")]
    serial: Option<String>,
}

#[derive(Deserialize)]
struct StoredFinding {
    code: String,
}

/// Codes whose verdict another sweep may change though the bundle stays the same: time passes, the
/// common passphrase is stored, ACM's rules or the settings change, ACM shows what it has.
const RETRIED: [&str; 6] = [
    finding::NOT_YET_VALID.code,
    finding::KEY_ENCRYPTED.code,
    finding::WRONG_PASSPHRASE.code,
    finding::NO_PRIVATE_KEY.code,
    finding::REFUSED_BY_ACM.code,
    finding::NOT_SHOWN_YET.code,
];

impl Index {
    /// Reads a stored index; an empty one where it is of another form or damaged.
    #[must_use]
    pub fn from_json(json: &[u8]) -> Self {
        let index: Self = serde_json::from_slice(json).unwrap_or_default();
        if index.version == VERSION {
            index
        } else {
            Self::default()
        }
    }

    /// What is known of `bundle` with just this content.
    #[must_use]
    pub fn entry(&self, bundle: &BundleName, content: &ContentId) -> Option<&Entry> {
        let entry = self.bundles.get(bundle.as_str())?;
        (entry.content_id == content.to_string()).then_some(entry)
    }

    /// Remembers what became of `bundle`.
    pub fn remember(&mut self, bundle: &BundleName, entry: Entry) {
        self.version = VERSION;
        self.bundles.insert(bundle.to_string(), entry);
    }
}

impl Entry {
    /// Reads a stored summary; `None` where it is none.
    #[must_use]
    pub fn from_summary(json: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(json).ok()?;
        Some(Self {
            content_id: stored.content_id,
            outcome: stored.outcome,
            at: OffsetDateTime::parse(&stored.at, &Rfc3339).ok()?,
            certificate_arn: stored.certificate_arn,
            serial: stored
                .certificate
                .and_then(|certificate| certificate.serial),
            retry: stored
                .findings
                .iter()
                .any(|finding| RETRIED.contains(&finding.code.as_str())),
        })
    }

    /// The certificate that ACM ought to have, with its serial number.
    #[must_use]
    pub fn certificate(&self) -> Option<(CertificateArn, SerialNumber)> {
        let arn = CertificateArn::parse(self.certificate_arn.as_deref()?)?;
        Some((
            arn,
            SerialNumber::from_hexadecimal(self.serial.as_deref()?)?,
        ))
    }
}
