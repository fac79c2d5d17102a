//! What ACM says no with.

/// An error answer: a code that programs match on and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The exception's name in the service's model, without a namespace.
    pub code: &'static str,
    /// AWS's own sentence where it is known publicly, one of the same meaning elsewhere. Empty
    /// where AWS sends none.
    pub message: String,
}

impl Refusal {
    /// A refusal with any code.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// `ValidationException`: how ACM refuses what is in a certificate, a key or a chain.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// `InvalidTagException`.
    pub fn invalid_tag(message: impl Into<String>) -> Self {
        Self::new("InvalidTagException", message)
    }

    /// `LimitExceededException`: a quota, not a rate.
    pub fn quota(message: impl Into<String>) -> Self {
        Self::new("LimitExceededException", message)
    }

    /// `RequestInProgressException`.
    #[must_use]
    pub fn in_progress() -> Self {
        Self::new(
            "RequestInProgressException",
            "The certificate request is in progress and the certificate is not issued yet.",
        )
    }

    /// `ResourceInUseException` for the certificate `arn`.
    #[must_use]
    pub fn in_use(arn: &str) -> Self {
        let account = arn.split(':').nth(4).unwrap_or_default();
        Self::new(
            "ResourceInUseException",
            format!("Certificate {arn} in account {account} is in use."),
        )
    }

    /// `ThrottlingException`, in the words that every AWS service uses.
    #[must_use]
    pub fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded")
    }

    /// `SerializationException`: the request is no JSON, or a member has another type.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// `ServiceUnavailable`.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        )
    }

    /// The local ACM itself has failed: its disk, mostly.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message)
    }

    /// `ok`, or the code, for the journal.
    pub(super) fn outcome<T>(answer: &Result<T, Self>) -> String {
        let refused = answer.as_ref().err();
        refused.map_or("ok", |refusal| refusal.code).to_owned()
    }

    /// The status of the HTTP answer. Only services with XML answer with 403: AccessDenied and the like
    /// are theirs alone.
    ///
    /// Source: "Common Errors" of the API references of STS and of ACM.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.code {
            "AccessDenied"
            | "ExpiredToken"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken" => 403,
            "InternalFailure" => 500,
            "ServiceUnavailable" => 503,
            _ => 400,
        }
    }
}
