//! A requested certificate: what was asked for, and what has come of it.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime, Time};

use super::issue::{ManagedKey, Order};
use super::material::Material;
use super::validation::{DomainStatus, Validation};

/// What was asked for, and what has come of it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Requested {
    /// All names, the main one first.
    pub names: Vec<String>,
    /// The model's name: `RSA_2048`.
    pub key_algorithm: String,
    /// Who signs it.
    pub authority: Authority,
    /// Whether a transparency log is to have it.
    pub transparency_logging: Switch,
    /// Whether certificate and key may leave ACM.
    pub export: Switch,
    /// What a repeated request is recognised by; `None` for a request without a token.
    pub idempotency: Option<String>,
    /// What has come of it.
    pub progress: Progress,
}

/// Who signs a certificate.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Authority {
    /// Amazon's public authority, once the names are validated.
    Public {
        /// How the names are validated.
        validation: Validation,
        /// For an Amazon N2 certificate.
        n2: Option<N2>,
    },
    /// A private authority, which asks nothing.
    Private {
        /// Its ARN.
        arn: String,
    },
}

/// The terms of an Amazon N2 certificate.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct N2 {
    /// `RootHierarchyType`.
    pub root: RootHierarchy,
    /// `CertificateUsage`.
    pub usage: CertificateUsage,
}

/// `RootHierarchyType` of the model.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RootHierarchy {
    /// Amazon's N2 root.
    #[serde(rename = "N2_AMAZON_MANAGED")]
    Amazon,
    /// The same, signed by Starfield G2.
    #[serde(rename = "N2_SFG2_AMAZON_MANAGED")]
    Starfield,
}

/// `CertificateUsage` of the model.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum CertificateUsage {
    /// For servers and clients.
    ClientAndServerAuth,
    /// For clients.
    ClientAuthOnly,
}

/// `ENABLED` or `DISABLED`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Switch {
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

/// What has come of a request.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Progress {
    /// It waits for its validation.
    Pending {
        /// When the wait ends; `None` for not before it is told to.
        #[serde(with = "time::serde::rfc3339::option")]
        ends_at: Option<OffsetDateTime>,
        /// How it ends then.
        end: End,
    },
    /// It was issued.
    Issued(Box<Issued>),
    /// It never will be.
    Failed(FailureReason),
}

/// An issued certificate.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Issued {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Certificate and chain.
    pub material: Material,
    /// Its key, if it may be exported.
    pub key: Option<ManagedKey>,
    /// ExportCertificate was called.
    pub exported: bool,
    /// RevokeCertificate was called.
    pub revocation: Option<Revocation>,
}

/// The end of a certificate before its time.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Revocation {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// `RevocationReason` of the model.
    pub reason: String,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum End {
    /// With a certificate.
    Issued,
    /// Without one.
    Failed(FailureReason),
}

/// `FailureReason` of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the model's own words")]
pub enum FailureReason {
    NoAvailableContacts,
    AdditionalVerificationRequired,
    DomainNotAllowed,
    InvalidPublicDomain,
    DomainValidationDenied,
    CaaError,
    PcaLimitExceeded,
    PcaInvalidArn,
    PcaInvalidState,
    PcaRequestFailed,
    PcaNameConstraintsValidation,
    PcaResourceNotFound,
    PcaInvalidArgs,
    PcaInvalidDuration,
    PcaAccessDenied,
    SlrNotFound,
    Other,
}

impl Requested {
    /// `PENDING_VALIDATION`, `ISSUED`, `EXPIRED`, `REVOKED`, `FAILED` or `VALIDATION_TIMED_OUT`.
    pub(super) fn status(&self, created_at: OffsetDateTime, now: OffsetDateTime) -> &'static str {
        match &self.progress {
            Progress::Pending { .. } if now > created_at + PATIENCE => "VALIDATION_TIMED_OUT",
            Progress::Pending { .. } => "PENDING_VALIDATION",
            Progress::Failed(_) => "FAILED",
            Progress::Issued(issued) if issued.revocation.is_some() => "REVOKED",
            Progress::Issued(issued) if now > issued.material.leaf.certificate.not_after => {
                "EXPIRED"
            }
            Progress::Issued(_) => "ISSUED",
        }
    }

    /// How far the validation of each name is.
    pub(super) fn domain_status(
        &self,
        created_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> DomainStatus {
        match self.status(created_at, now) {
            "PENDING_VALIDATION" => DomainStatus::Pending,
            "FAILED" | "VALIDATION_TIMED_OUT" => DomainStatus::Failed,
            _ => DomainStatus::Success,
        }
    }

    /// When and how it ends, if that time has come and nobody has carried it out.
    pub(super) fn due(&self, now: OffsetDateTime) -> Option<(OffsetDateTime, End)> {
        match self.progress {
            Progress::Pending {
                ends_at: Some(at),
                end,
            } if at <= now => Some((at, end)),
            _ => None,
        }
    }

    /// What was issued.
    pub(super) fn issued(&self) -> Option<&Issued> {
        match &self.progress {
            Progress::Issued(issued) => Some(issued),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn issued_mut(&mut self) -> Option<&mut Issued> {
        match &mut self.progress {
            Progress::Issued(issued) => Some(issued),
            _ => None,
        }
    }

    /// What it is to be issued as at `at`: from the day's first second on.
    ///
    /// Source: a listing of an ACM certificate of 2025-12-31 (395 days less a second, from midnight
    /// on); AWS's announcement that public certificates live for 198 days since 2026; API reference
    /// of RequestCertificate for the Amazon N2 ones.
    pub(super) fn order(&self, at: OffsetDateTime) -> Order<'_> {
        let not_before = at.replace_time(Time::MIDNIGHT);
        let usage = self.n2().map(|n2| n2.usage);
        let days = match &self.authority {
            Authority::Private { .. } => 395,
            Authority::Public { n2: None, .. } => 198,
            Authority::Public { n2: Some(n2), .. } => match n2.root {
                RootHierarchy::Amazon => 395,
                RootHierarchy::Starfield => 98,
            },
        };
        Order {
            names: &self.names,
            key_algorithm: &self.key_algorithm,
            server_auth: usage != Some(CertificateUsage::ClientAuthOnly),
            client_auth: usage.is_some(),
            not_before,
            not_after: not_before + Duration::days(days) - Duration::SECOND,
        }
    }

    /// How its names are validated; `None` for one of a private authority.
    pub(super) fn validation(&self) -> Option<&Validation> {
        match &self.authority {
            Authority::Public { validation, .. } => Some(validation),
            Authority::Private { .. } => None,
        }
    }

    /// The terms of an Amazon N2 certificate.
    pub(super) fn n2(&self) -> Option<&N2> {
        match &self.authority {
            Authority::Public { n2, .. } => n2.as_ref(),
            Authority::Private { .. } => None,
        }
    }

    /// Certificate and key may leave ACM: always those of a private authority, others where the
    /// request has asked for it.
    ///
    /// Source: API reference of ExportCertificate.
    pub(super) fn is_exportable(&self) -> bool {
        matches!(self.authority, Authority::Private { .. }) || self.export == Switch::Enabled
    }

    /// It has been exported.
    pub(super) fn is_exported(&self) -> bool {
        self.issued().is_some_and(|issued| issued.exported)
    }
}

/// How long ACM tries to validate a request.
///
/// Source: API reference of `CertificateSummary`, `Status`.
const PATIENCE: Duration = Duration::hours(72);
