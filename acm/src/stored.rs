//! One certificate as the local ACM keeps it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::material::Material;
use super::requested::{Authority, Requested, Revocation, Switch};
use super::tags::Tags;
use super::unsettled::Unsettled;
use super::validation::{Asked, Method};

/// One certificate and what ACM knows about it. There is no private key in it, but that of a requested
/// certificate that may be exported.
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
    /// RequestCertificate.
    Requested(Box<Requested>),
}

impl Stored {
    /// Certificate and chain; `None` for a request that was not issued.
    #[must_use]
    pub(super) fn material(&self) -> Option<&Material> {
        match &self.origin {
            Origin::Imported { material, .. } => Some(material),
            Origin::Requested(requested) => requested.issued().map(|issued| &issued.material),
        }
    }

    /// What was imported; `None` for a requested certificate.
    #[must_use]
    pub(super) fn imported(&self) -> Option<&Material> {
        match &self.origin {
            Origin::Imported { material, .. } => Some(material),
            Origin::Requested(_) => None,
        }
    }

    /// What was requested; `None` for an imported certificate.
    #[must_use]
    pub(super) fn requested(&self) -> Option<&Requested> {
        match &self.origin {
            Origin::Imported { .. } => None,
            Origin::Requested(requested) => Some(requested),
        }
    }

    /// This certificate with another state of its request.
    #[must_use]
    pub(super) fn with(&self, requested: Requested) -> Self {
        Self {
            origin: Origin::Requested(Box::new(requested)),
            ..self.clone()
        }
    }

    /// `IMPORTED`, `AMAZON_ISSUED` or `PRIVATE`.
    #[must_use]
    pub(super) fn type_name(&self) -> &'static str {
        match self.requested().map(|requested| &requested.authority) {
            None => "IMPORTED",
            Some(Authority::Public { .. }) => "AMAZON_ISSUED",
            Some(Authority::Private { .. }) => "PRIVATE",
        }
    }

    /// `ISSUED`, or `EXPIRED` once NotAfter has passed; a requested one has further states.
    #[must_use]
    pub(super) fn status(&self, now: OffsetDateTime) -> &'static str {
        match &self.origin {
            Origin::Imported { material, .. } => {
                if now > material.leaf.certificate.not_after {
                    "EXPIRED"
                } else {
                    "ISSUED"
                }
            }
            Origin::Requested(requested) => requested.status(self.created_at, now),
        }
    }

    /// `ELIGIBLE` for an issued certificate that something uses or that was exported.
    ///
    /// Source: ACM User Guide, "Managed certificate renewal".
    #[must_use]
    pub(super) fn renewal_eligibility(&self, now: OffsetDateTime) -> &'static str {
        let counts = self
            .requested()
            .is_some_and(|requested| self.is_in_use() || requested.is_exported());
        if counts && self.status(now) == "ISSUED" {
            "ELIGIBLE"
        } else {
            "INELIGIBLE"
        }
    }

    /// `CUSTOMER_PROVIDED` or `AWS_MANAGED`.
    #[must_use]
    pub(super) fn key_pair_origin(&self) -> &'static str {
        match self.origin {
            Origin::Imported { .. } => "CUSTOMER_PROVIDED",
            Origin::Requested(_) => "AWS_MANAGED",
        }
    }

    /// The model's name: `RSA_2048`.
    #[must_use]
    pub(super) fn key_algorithm(&self) -> &str {
        match &self.origin {
            Origin::Imported { material, .. } => material.leaf.key_algorithm(),
            Origin::Requested(requested) => &requested.key_algorithm,
        }
    }

    /// `ENABLED` or `DISABLED`.
    #[must_use]
    pub(super) fn export_option(&self) -> Switch {
        self.requested()
            .map_or(Switch::Disabled, |requested| requested.export)
    }

    /// What the lists call it; `None` for a certificate without a name.
    #[must_use]
    pub(super) fn domain_name(&self) -> Option<&str> {
        match &self.origin {
            Origin::Imported { material, .. } => material.leaf.domain_name(),
            Origin::Requested(requested) => requested.names.first().map(String::as_str),
        }
    }

    /// All names that the answers show, the main one first.
    #[must_use]
    pub(super) fn names(&self, unsettled: Unsettled) -> Vec<String> {
        match &self.origin {
            Origin::Imported { material, .. } => material.leaf.names(unsettled),
            Origin::Requested(requested) => requested.names.clone(),
        }
    }

    /// The last import; `None` for a requested certificate.
    #[must_use]
    pub(super) fn imported_at(&self) -> Option<OffsetDateTime> {
        match self.origin {
            Origin::Imported { imported_at, .. } => Some(imported_at),
            Origin::Requested(_) => None,
        }
    }

    /// When it was issued; `None` for an imported certificate and for one that was not.
    #[must_use]
    pub(super) fn issued_at(&self) -> Option<OffsetDateTime> {
        Some(self.requested()?.issued()?.at)
    }

    /// Its key was given to somebody.
    pub(super) fn is_exported(&self) -> bool {
        self.requested().is_some_and(Requested::is_exported)
    }

    /// When it was revoked; `None` if it was not.
    pub(super) fn revoked_at(&self) -> Option<OffsetDateTime> {
        self.revocation().map(|revocation| revocation.at)
    }

    /// Its revocation, if it was revoked.
    #[must_use]
    pub(super) fn revocation(&self) -> Option<&Revocation> {
        self.requested()?.issued()?.revocation.as_ref()
    }

    /// How its names are validated now; `None` where they are not.
    #[must_use]
    pub(super) fn validation_method(&self, now: OffsetDateTime) -> Option<Method> {
        let validation = self.requested()?.validation()?;
        Some(validation.method(now))
    }

    /// The question how the names of `request`, which is this one's, are validated.
    #[must_use]
    pub(super) fn asked<'a>(&'a self, request: &'a Requested, now: OffsetDateTime) -> Asked<'a> {
        Asked {
            arn: &self.arn,
            names: &request.names,
            status: request.domain_status(self.created_at, now),
            now,
        }
    }

    /// Something uses it, so that it cannot be deleted.
    #[must_use]
    pub(super) fn is_in_use(&self) -> bool {
        !self.in_use_by.is_empty()
    }
}
