//! One certificate as the local ACM keeps it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::material::Material;
use super::tags::Tags;
use super::unsettled::Unsettled;

/// One certificate and what ACM knows about it. There is no private key in it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Stored {
    /// Its name in AWS.
    pub arn: String,
    /// Grows with each certificate: the order of creation where the clock stands still.
    pub sequence: u64,
    /// When it was imported or requested for the first time.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Its tags.
    pub tags: Tags,
    /// ARNs of what uses it, as a test has set them.
    pub in_use_by: Vec<String>,
    /// Where it comes from, with what only such a certificate has.
    pub origin: Origin,
}

/// Where a certificate comes from.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Origin {
    /// ImportCertificate.
    Imported {
        /// What was imported.
        material: Box<Material>,
        /// The last import.
        #[serde(with = "time::serde::rfc3339")]
        imported_at: OffsetDateTime,
    },
    /// RequestCertificate: never issued here, so that it waits for its validation for ever.
    Requested {
        /// All names, the main one first.
        names: Vec<String>,
        /// The model's name: `RSA_2048`.
        key_algorithm: String,
        /// `DNS`, `EMAIL` or `HTTP`.
        validation_method: String,
        /// What a repeated request is recognised by.
        idempotency_token: Option<String>,
    },
}

impl Stored {
    /// What was imported; `None` for a requested certificate.
    #[must_use]
    pub(super) fn material(&self) -> Option<&Material> {
        match &self.origin {
            Origin::Imported { material, .. } => Some(material),
            Origin::Requested { .. } => None,
        }
    }

    /// `IMPORTED` or `AMAZON_ISSUED`.
    #[must_use]
    pub(super) fn type_name(&self) -> &'static str {
        match self.origin {
            Origin::Imported { .. } => "IMPORTED",
            Origin::Requested { .. } => "AMAZON_ISSUED",
        }
    }

    /// `ISSUED`, `EXPIRED` once NotAfter has passed, `PENDING_VALIDATION` for a requested one.
    #[must_use]
    pub(super) fn status(&self, now: OffsetDateTime) -> &'static str {
        match self.material() {
            Some(material) if now > material.leaf.certificate.not_after => "EXPIRED",
            Some(_) => "ISSUED",
            None => "PENDING_VALIDATION",
        }
    }

    /// `CUSTOMER_PROVIDED` or `AWS_MANAGED`.
    #[must_use]
    pub(super) fn key_pair_origin(&self) -> &'static str {
        match self.origin {
            Origin::Imported { .. } => "CUSTOMER_PROVIDED",
            Origin::Requested { .. } => "AWS_MANAGED",
        }
    }

    /// The model's name: `RSA_2048`.
    #[must_use]
    pub(super) fn key_algorithm(&self) -> &str {
        match &self.origin {
            Origin::Imported { material, .. } => material.leaf.key_algorithm(),
            Origin::Requested { key_algorithm, .. } => key_algorithm,
        }
    }

    /// What the lists call it; `None` for a certificate without a name.
    #[must_use]
    pub(super) fn domain_name(&self) -> Option<&str> {
        match &self.origin {
            Origin::Imported { material, .. } => material.leaf.domain_name(),
            Origin::Requested { names, .. } => names.first().map(String::as_str),
        }
    }

    /// All names that the answers show, the main one first.
    #[must_use]
    pub(super) fn names(&self, unsettled: Unsettled) -> Vec<String> {
        match &self.origin {
            Origin::Imported { material, .. } => material.leaf.names(unsettled),
            Origin::Requested { names, .. } => names.clone(),
        }
    }

    /// The last import; `None` for a requested certificate.
    #[must_use]
    pub(super) fn imported_at(&self) -> Option<OffsetDateTime> {
        match self.origin {
            Origin::Imported { imported_at, .. } => Some(imported_at),
            Origin::Requested { .. } => None,
        }
    }

    /// Something uses it, so that it cannot be deleted.
    #[must_use]
    pub(super) fn is_in_use(&self) -> bool {
        !self.in_use_by.is_empty()
    }
}
