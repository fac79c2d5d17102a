//! What an SDK's error means, by its code and never by its text.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::fence::LeaseEnded;
use crate::fault::{Fault, Remedy};

/// What an error asks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What was asked for is not there, see [`absent`].
    Absent,
    /// A condition of the request does not hold: somebody was faster.
    Precondition,
    /// The service refuses the content of the request.
    Refused,
    /// Briefly bad.
    Transient,
    /// The service takes no more for now.
    Throttled,
    /// The operator has to act.
    SetUp,
}

/// An error of a service, reduced to what may be shown: neither request nor response.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    operation: &'static str,
    subject: String,
    code: Option<String>,
    status: Option<u16>,
    pub(super) message: String,
    request_id: Option<String>,
}

/// Codes of services that are asked too often.
///
/// Source: the SDKs' common list, and S3's <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const THROTTLED: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "TooManyUpdates",
    "SlowDown",
];

/// Codes of services that ask to be asked once more.
///
/// Source: as above.
const TRANSIENT: [&str; 5] = [
    "RequestTimeout",
    "RequestTimeoutException",
    "PriorRequestNotComplete",
    "ConflictException",
    "ConditionalRequestConflict",
];

const ABSENT: [&str; 6] = [
    "NoSuchKey",
    "NoSuchVersion",
    "NotFound",
    "ParameterNotFound",
    "ResourceNotFoundException",
    "InvalidArnException",
];

const REFUSED: [&str; 3] = [
    "ValidationException",
    "InvalidParameterException",
    "InvalidArgsException",
];

impl Failure {
    /// `operation` as AWS calls it, `subject` what it was about (a key, an ARN).
    pub(super) fn new<E>(
        operation: &'static str,
        subject: impl Into<String>,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata,
        SdkError<E, HttpResponse>: RequestId,
    {
        Self {
            operation,
            subject: subject.into(),
            code: error.code().map(str::to_owned),
            status: error
                .raw_response()
                .map(|response| response.status().as_u16()),
            message: error
                .message()
                .map_or_else(|| kind(error).to_owned(), str::to_owned),
            request_id: error.request_id().map(str::to_owned),
        }
    }

    pub(super) fn meaning(&self) -> Meaning {
        meaning(self.code.as_deref(), self.status)
    }

    /// The HTTP status of the answer; `None` where none came.
    pub(super) fn status(&self) -> Option<u16> {
        self.status
    }

    /// The service does not know the operation: an older region, or not the real service.
    pub(super) fn is_unknown_operation(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("UnknownOperationException" | "UnknownOperation" | "InvalidAction")
        ) || self.status == Some(501)
    }
}

/// What an answer with this `code` and HTTP `status` means. An unknown code is a set-up fault: it
/// is retried like a transient one, and looked at.
fn meaning(code: Option<&str>, status: Option<u16>) -> Meaning {
    match (code, status) {
        (Some(code), _) if THROTTLED.contains(&code) => Meaning::Throttled,
        (Some(code), _) if TRANSIENT.contains(&code) => Meaning::Transient,
        (Some(code), _) if ABSENT.contains(&code) => Meaning::Absent,
        (Some(code), _) if REFUSED.contains(&code) => Meaning::Refused,
        (Some("PreconditionFailed"), _) | (_, Some(412)) => Meaning::Precondition,
        (_, Some(429)) => Meaning::Throttled,
        (_, Some(409 | 500..) | None) => Meaning::Transient,
        (None, Some(404)) => Meaning::Absent,
        _ => Meaning::SetUp,
    }
}

/// What happened where the service gave no text of its own.
fn kind<E>(error: &SdkError<E, HttpResponse>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(failure)
            if failure
                .as_connector_error()
                .is_some_and(|error| LeaseEnded::is_behind(error)) =>
        {
            "the lease ended before it was sent"
        }
        SdkError::DispatchFailure(_) => "the connection failed",
        SdkError::ResponseError(_) => "the answer could not be read",
        _ => "no reason given",
    }
}

/// `None` where `result` says that `subject` is not there: for many callers a fact, not a fault.
pub(super) fn absent<T, E>(
    result: Result<T, SdkError<E, HttpResponse>>,
    operation: &'static str,
    subject: impl Into<String>,
) -> Result<Option<T>, Fault>
where
    E: ProvideErrorMetadata,
    SdkError<E, HttpResponse>: RequestId,
{
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => {
            let failure = Failure::new(operation, subject, &error);
            match failure.meaning() {
                Meaning::Absent => Ok(None),
                _ => Err(failure.into()),
            }
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let problem = failure.to_string();
        match failure.meaning() {
            Meaning::Transient | Meaning::Precondition => Self::transient(problem),
            Meaning::Throttled => Self::throttled(problem),
            Meaning::Absent | Meaning::Refused | Meaning::SetUp => {
                Self::set_up(problem, remedy(&failure))
            }
        }
    }
}

fn remedy(failure: &Failure) -> Remedy {
    let code = failure.code.as_deref().unwrap_or_default();
    if failure.operation.starts_with("secretsmanager:") {
        return remedy_for_secret(failure, code);
    }
    match code {
        "LimitExceededException" => {
            "ask AWS for a higher quota of imported certificates, or delete those that nothing uses"
                .into()
        }
        "NoSuchBucket" | "AllAccessDisabled" | "PermanentRedirect" => {
            "check that the bucket exists in this region and the settings CERTDROP_BUCKET and CERTDROP_BUCKET_OWNER are right"
                .into()
        }
        "TagPolicyException" | "InvalidTagException" | "TooManyTagsException" => {
            "correct CERTDROP_CERTIFICATE_TAGS, or the tags `acm:` of the object, as ACM's message and the organisation's tag policy want them"
                .into()
        }
        _ if code.contains("AccessDenied") || failure.status == Some(403) => {
            Remedy::Allow(failure.operation)
        }
        _ => Remedy::Compare,
    }
}

/// What to do where a secret cannot be read. It is the operator's to mend, whatever is wrong: who drops bundles sees
/// neither the secret nor the parameter that points to it.
///
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors>
fn remedy_for_secret(failure: &Failure, code: &str) -> Remedy {
    match code {
        "ResourceNotFoundException" => {
            "create the secret in the account and region of the stack, or correct the parameter".into()
        }
        "InvalidRequestException" => {
            "restore the secret if it is to be deleted (aws secretsmanager restore-secret), or have the parameter point to another"
                .into()
        }
        "DecryptionFailure" => Remedy::AllowSecret(failure.operation),
        _ if code.contains("AccessDenied") || failure.status == Some(403) => {
            Remedy::AllowSecret(failure.operation)
        }
        _ => Remedy::Compare,
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} failed: ", self.operation, self.subject)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(self.message.trim_end_matches('.'))?;
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_reach_who_can_act() {
        for (code, status, expected) in [
            (Some("ThrottlingException"), Some(400), Meaning::Throttled),
            (Some("SlowDown"), Some(503), Meaning::Throttled),
            (None, Some(429), Meaning::Throttled),
            (Some("InternalFailure"), Some(500), Meaning::Transient),
            (
                Some("ConditionalRequestConflict"),
                Some(409),
                Meaning::Transient,
            ),
            (Some("OperationAborted"), Some(409), Meaning::Transient),
            (Some("PreconditionFailed"), Some(412), Meaning::Precondition),
            (Some("NoSuchKey"), Some(404), Meaning::Absent),
            (
                Some("ResourceNotFoundException"),
                Some(400),
                Meaning::Absent,
            ),
            (None, Some(404), Meaning::Absent),
            (Some("ValidationException"), Some(400), Meaning::Refused),
            (Some("LimitExceededException"), Some(400), Meaning::SetUp),
            (Some("AccessDeniedException"), Some(400), Meaning::SetUp),
            (Some("AccessDenied"), Some(403), Meaning::SetUp),
            (Some("NoSuchBucket"), Some(404), Meaning::SetUp),
            (Some("SomethingNew"), Some(400), Meaning::SetUp),
            // No answer at all.
            (None, None, Meaning::Transient),
        ] {
            assert_eq!(meaning(code, status), expected, "{code:?} {status:?}");
        }
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_a_fault_of_the_set_up_with_its_own_remedy() {
        for (code, status, kind, remedy) in [
            (
                Some("ResourceNotFoundException"),
                Some(400),
                "SetUp",
                "create the secret",
            ),
            (
                Some("InvalidRequestException"),
                Some(400),
                "SetUp",
                "restore the secret",
            ),
            (
                Some("AccessDeniedException"),
                Some(400),
                "SetUp",
                "allow the function's role to call secretsmanager:GetSecretValue on this secret",
            ),
            (
                Some("DecryptionFailure"),
                Some(400),
                "SetUp",
                "allow the function's role to call secretsmanager:GetSecretValue on this secret",
            ),
            (
                Some("InvalidParameterException"),
                Some(400),
                "SetUp",
                "look the code up",
            ),
            (
                Some("InternalServiceError"),
                Some(500),
                "Transient",
                "it will be retried",
            ),
            (
                Some("ThrottlingException"),
                Some(400),
                "Throttled",
                "it will be retried",
            ),
            (None, None, "Transient", "it will be retried"),
        ] {
            let fault = Fault::from(Failure {
                operation: "secretsmanager:GetSecretValue",
                subject:
                    "the secret prod/tls, to which the parameter /certdrop/a/private-key points,"
                        .into(),
                code: code.map(str::to_owned),
                status,
                message: "No.".into(),
                request_id: None,
            });
            assert_eq!(fault.kind().as_str(), kind, "{code:?}");
            let text = fault.to_string();
            let (problem, told) = text.split_once("; ").expect("a remedy");
            assert!(told.starts_with(remedy), "{code:?}: {told}");
            assert!(
                problem.starts_with("secretsmanager:GetSecretValue of the secret prod/tls, to which the parameter /certdrop/a/private-key points, failed: "),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_denied_call_says_what_to_allow() {
        let fault = Fault::from(Failure {
            operation: "acm:ImportCertificate",
            subject: "www.example.com".into(),
            code: Some("AccessDeniedException".into()),
            status: Some(400),
            message: "User is not authorized.".into(),
            request_id: Some("1-2-3".into()),
        });
        assert_eq!(fault.kind().as_str(), "SetUp");
        let text = fault.to_string();
        assert!(
            text.starts_with("acm:ImportCertificate of www.example.com failed: AccessDeniedException: User is not authorized (request id 1-2-3); allow the function's role"),
            "{text}"
        );
    }
}
