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

    /// The local ACM itself has failed: its disk, mostly.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message)
    }

    /// The status of the HTTP answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.code {
            "InternalFailure" => 500,
            _ => 400,
        }
    }
}
