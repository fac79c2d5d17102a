//! STS, as far as roles go: AssumeRole and GetCallerIdentity.

use std::time::Instant;

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::account::Place;
use super::caller::{Caller, Identity};
use super::journal::{Assumption, Entry};
use super::patterns::{EXTERNAL_ID, SESSION_NAME, UNICODE};
use super::query::Element;
use super::refusal::Refusal;
use super::requests::{member, text};
use super::roles::{Fault, Role, RoleArn};
use super::service::{Call, Service, text_of};
use super::session::{Session, secret_key};
use super::shape::Presence::{Optional, Required};
use super::shape::{self, Shape};

/// What AssumeRole is asked, as far as it is looked at: session policies and tags change nothing here.
///
/// Source: `sts/2011-06-15/service-2.json` of botocore 1.44.8; a test compares the members.
pub static ASSUME_ROLE: Shape = Shape::Structure(&[
    member("RoleArn", Required, &text(20, 2_048, Some(&UNICODE))),
    member(
        "RoleSessionName",
        Required,
        &text(2, 64, Some(&SESSION_NAME)),
    ),
    member(
        "DurationSeconds",
        Optional,
        &Shape::Integer {
            min: 900,
            max: 43_200,
        },
    ),
    member("ExternalId", Optional, &text(2, 1_224, Some(&EXTERNAL_ID))),
]);

impl Service {
    /// Answers one call of STS, and notes it. The answer is the result's XML.
    ///
    /// # Errors
    ///
    /// What AWS refuses, in AWS's words.
    pub(super) fn answer_sts(&mut self, call: &Call) -> Result<Element, Refusal> {
        let now = self.now();
        let (place, caller) = self.caller_of(call.signed.as_ref());
        let answer = match caller {
            _ if call.signed.is_none() => Err(Refusal::new(
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            )),
            Err(nobody) => Err(nobody.in_xml()),
            Ok(caller) => self.perform_sts(call, &place, &caller),
        };
        let assumes = call.operation == "AssumeRole";
        let text = |member: &str| text_of(&call.request, member).map(str::to_owned);
        self.journal.add(Entry {
            time: now,
            operation: call.operation.clone(),
            account: place.account,
            region: place.region,
            arn: text("RoleArn").filter(|_| assumes),
            assumption: assumes.then(|| Assumption {
                session_name: text("RoleSessionName"),
                external_id: text("ExternalId"),
            }),
            outcome: Refusal::outcome(&answer),
        });
        answer
    }

    fn perform_sts(
        &mut self,
        call: &Call,
        place: &Place,
        caller: &Caller,
    ) -> Result<Element, Refusal> {
        self.meters
            .take(place, &call.operation, &self.knobs, Instant::now())
            .map_err(|_| throttled())?;
        match call.operation.as_str() {
            "AssumeRole" => self.assume_role(&call.request, caller),
            "GetCallerIdentity" => Ok(identity(caller)),
            other => Err(Refusal::new(
                "InvalidAction",
                format!("Could not find operation {other} for version 2011-06-15"),
            )),
        }
    }

    fn assume_role(
        &self,
        request: &Map<String, Value>,
        caller: &Caller,
    ) -> Result<Element, Refusal> {
        shape::check(&ASSUME_ROLE, request).map_err(as_validation_error)?;
        let asked = Asked::of(request)?;
        let role = self.knobs.roles.get(&asked.role);
        let ends_at = judge(&asked, role, caller, self.now())?;
        credentials(&Session::start(asked.role, asked.session_name, ends_at)?)
    }
}

/// What an AssumeRole asks for that has passed the model.
struct Asked {
    role: RoleArn,
    session_name: String,
    duration: Duration,
    external_id: Option<String>,
}

impl Asked {
    /// Source of the sentence: LocalStack, pull request 12885, which checks as AWS does.
    fn of(request: &Map<String, Value>) -> Result<Self, Refusal> {
        let text = |member: &str| text_of(request, member).map(str::to_owned);
        let role = text("RoleArn").unwrap_or_default();
        let invalid = || Refusal::new("ValidationError", format!("{role} is invalid"));
        let seconds = request.get("DurationSeconds").and_then(Value::as_i64);
        Ok(Self {
            role: role.parse().map_err(|_| invalid())?,
            session_name: text("RoleSessionName").unwrap_or_default(),
            duration: seconds.map_or(Duration::HOUR, Duration::seconds),
            external_id: text("ExternalId"),
        })
    }
}

/// When the session ends that `caller` gets: at a whole second, as at AWS, unless a knob says otherwise.
///
/// Source of the sentences: aws/karpenter-provider-aws, issue 4680 (access); aws/eks-anywhere, pull request
/// 9485 (chained roles); that of `MaxSessionDuration` is quoted in public.
fn judge(
    asked: &Asked,
    role: Option<&Role>,
    caller: &Caller,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, Refusal> {
    match role.and_then(|role| role.fault) {
        Some(Fault::Throttled) => return Err(throttled()),
        Some(Fault::Unavailable) => return Err(Refusal::unavailable()),
        Some(Fault::AccessDenied) | None => {}
    }
    let admitting = role.filter(|role| role.admits(caller, asked.external_id.as_deref()));
    let Some(role) = admitting else {
        return Err(Refusal::new(
            "AccessDenied",
            format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                caller.arn(),
                asked.role
            ),
        ));
    };
    let too_long = |limit: &str| {
        let message = format!("The requested DurationSeconds exceeds the {limit}.");
        Err(Refusal::new("ValidationError", message))
    };
    let is_chained = matches!(caller.identity, Identity::Session(_));
    if is_chained && asked.duration > Duration::HOUR {
        return too_long("1 hour session limit for roles assumed by role chaining");
    }
    if asked.duration > Duration::seconds(role.max_session_seconds) {
        return too_long("MaxSessionDuration set for this role");
    }
    Ok(match role.lifetime_ms {
        Some(lifetime) => now + Duration::milliseconds(lifetime.into()),
        None => (now + asked.duration).truncate_to_second(),
    })
}

fn identity(caller: &Caller) -> Element {
    Element::Parent(vec![
        ("Arn", Element::Text(caller.arn())),
        ("UserId", Element::Text(caller.id())),
        ("Account", Element::Text(caller.account.to_string())),
    ])
}

fn credentials(session: &Session) -> Result<Element, Refusal> {
    let ends_at = session.ends_at;
    let ends_at = ends_at
        .format(&time::format_description::well_known::Rfc3339)
        .map_err(|error| Refusal::internal(error.to_string()))?;
    let text = |text: String| Element::Text(text);
    Ok(Element::Parent(vec![
        (
            "AssumedRoleUser",
            Element::Parent(vec![
                ("AssumedRoleId", text(session.id())),
                ("Arn", text(session.arn())),
            ]),
        ),
        (
            "Credentials",
            Element::Parent(vec![
                ("AccessKeyId", text(session.access_key.clone())),
                ("SecretAccessKey", text(secret_key()?)),
                ("SessionToken", text(session.token())),
                ("Expiration", text(ends_at)),
            ]),
        ),
    ]))
}

/// Source: API reference of STS, "Common Errors", and the name that the SDKs retry.
fn throttled() -> Refusal {
    Refusal::new("Throttling", "Rate exceeded")
}

/// The query protocol's name of what the JSON services call `ValidationException`.
fn as_validation_error(refusal: Refusal) -> Refusal {
    let code = match refusal.code {
        "ValidationException" => "ValidationError",
        _ => "MalformedInput",
    };
    Refusal { code, ..refusal }
}
