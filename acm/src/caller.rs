//! Who calls: what an access key stands for.

use time::OffsetDateTime;

use super::account::{Account, partition_of};
use super::refusal::Refusal;
use super::session::{Session, TEMPORARY, identifier_of};

/// A version 4 signature, as much of it as is looked at: it is not verified.
#[derive(Clone)]
pub struct Signed {
    /// Whose it is.
    pub access_key: String,
    /// The region in its scope.
    pub region: String,
    /// `X-Amz-Security-Token`.
    pub session_token: Option<String>,
}

/// Who calls.
pub(super) struct Caller {
    /// The account that it belongs to.
    pub account: Account,
    /// Who it is there.
    pub identity: Identity,
}

/// A user or a session of a role. Root users are not played: they may assume no role (kubeflow/testing,
/// pull request 961).
pub(super) enum Identity {
    /// A user, who has the name of the access key.
    User {
        /// Of the region that was asked.
        partition: &'static str,
        /// The access key.
        name: String,
    },
    /// A session of a role.
    Session(Session),
}

impl Caller {
    /// Whoever has signed.
    ///
    /// An access key of twelve digits names its account, as it does for moto and LocalStack. One that
    /// STS has given belongs to the account of the role. Any other, and none, is one of `default`.
    ///
    /// # Errors
    ///
    /// For credentials of a session that has ended, and for such that are none.
    pub(super) fn of(
        signed: Option<&Signed>,
        default: &Account,
        now: OffsetDateTime,
    ) -> Result<Self, NoCaller> {
        let access_key = signed.map_or("", |signed| &signed.access_key);
        if access_key.starts_with(TEMPORARY) {
            let token = signed.and_then(|signed| signed.session_token.as_deref());
            return Self::of_session(access_key, token, now);
        }
        let region = signed.map_or("", |signed| &signed.region);
        Ok(Self {
            account: access_key.parse().unwrap_or_else(|_| default.clone()),
            identity: Identity::User {
                partition: partition_of(region),
                name: access_key.to_owned(),
            },
        })
    }

    fn of_session(
        access_key: &str,
        token: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Self, NoCaller> {
        let session = token.and_then(Session::of);
        let session = session
            .filter(|session| session.access_key == access_key)
            .ok_or(NoCaller::Unknown)?;
        let account = session.role.account().clone();
        if session.ends_at <= now {
            return Err(NoCaller::Expired(account));
        }
        let identity = Identity::Session(session);
        Ok(Self { account, identity })
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        match &self.identity {
            Identity::User { partition, name } => {
                format!("arn:{partition}:iam::{}:user/{name}", self.account)
            }
            Identity::Session(session) => session.arn(),
        }
    }

    /// Its unique ID.
    pub(super) fn id(&self) -> String {
        match &self.identity {
            Identity::User { .. } => identifier_of("AIDA", &self.arn()),
            Identity::Session(session) => session.id(),
        }
    }
}

/// Why credentials stand for nobody.
pub(super) enum NoCaller {
    /// The session has ended, which was one in this account.
    Expired(Account),
    /// There never was such a session, or its token is missing.
    Unknown,
}

impl NoCaller {
    /// As services with JSON answer.
    ///
    /// Source: terraform-provider-aws, issue 37723 (ACM); aws-sdk-php, issue 2444.
    pub(super) fn in_json(&self) -> Refusal {
        match self {
            Self::Expired(_) => Refusal::new("ExpiredTokenException", EXPIRED),
            Self::Unknown => Refusal::new("UnrecognizedClientException", UNKNOWN),
        }
    }

    /// As services of the query protocol answer.
    ///
    /// Source: aws-sdk-java-v2, issue 1649 (STS); re:Post, "iam-credentials-token".
    pub(super) fn in_xml(&self) -> Refusal {
        match self {
            Self::Expired(_) => Refusal::new("ExpiredToken", EXPIRED),
            Self::Unknown => Refusal::new("InvalidClientTokenId", UNKNOWN),
        }
    }
}

const EXPIRED: &str = "The security token included in the request is expired";
const UNKNOWN: &str = "The security token included in the request is invalid.";
