//! Roles: who may assume one, what its credentials do, and how STS refuses.

use std::process::Command;

use aws_credential_types::Credentials;
use aws_sdk_acm::config::{BehaviorVersion, Region, SharedCredentialsProvider};
use aws_sdk_acm::error::ProvideErrorMetadata as _;
use aws_types::SdkConfig;
use certdrop_test_support::outside::tool;
use serde_json::{Map, Value, json};

use super::server::{Program, get, post, raw};

const ROLE: &str = "arn:aws:iam::222222222222:role/certdrop/target";
const SESSION: &str = "arn:aws:sts::222222222222:assumed-role/target/import";

/// What a request is signed with.
#[derive(Clone)]
struct Keys {
    access_key: String,
    token: Option<String>,
    expiration: String,
}

fn key(access_key: &str) -> Keys {
    Keys {
        access_key: access_key.to_owned(),
        token: None,
        expiration: String::new(),
    }
}

/// Status and body of the answer to a request that is signed with `keys`.
fn signed(endpoint: &str, keys: &Keys, service: &str, headers: &str, body: &str) -> (u16, String) {
    let Keys {
        access_key, token, ..
    } = keys;
    let token = token.as_ref().map_or_else(String::new, |token| {
        format!("x-amz-security-token: {token}\r\n")
    });
    let scope = format!("{access_key}/20261201/eu-central-1/{service}/aws4_request");
    let answer = raw(
        endpoint,
        &format!(
            "POST / HTTP/1.0\r\nauthorization: AWS4-HMAC-SHA256 Credential={scope}, \
             SignedHeaders=host, Signature=0\r\n{token}{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    read(&answer)
}

fn read(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

const FORM: &str = "content-type: application/x-www-form-urlencoded; charset=utf-8\r\n";

fn sts(endpoint: &str, keys: &Keys, parameters: &[(&str, &str)]) -> (u16, String) {
    let body = form_urlencoded::Serializer::new("Version=2011-06-15".to_owned())
        .extend_pairs(parameters)
        .finish();
    signed(endpoint, keys, "sts", FORM, &body)
}

fn acm(endpoint: &str, keys: &Keys, operation: &str, request: &Value) -> (u16, Value) {
    let headers = format!("x-amz-target: CertificateManager.{operation}\r\n");
    let (status, body) = signed(endpoint, keys, "acm", &headers, &request.to_string());
    (status, serde_json::from_str(&body).unwrap())
}

/// What is between the tags, as it stands there.
fn text<'a>(xml: &'a str, tag: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{tag}>")).expect(xml);
    rest.split_once(&format!("</{tag}>")).expect(xml).0
}

/// The credentials of a session.
fn assumed(endpoint: &str, keys: &Keys, role: &str, more: &[(&str, &str)]) -> Keys {
    let mut parameters = vec![
        ("Action", "AssumeRole"),
        ("RoleArn", role),
        ("RoleSessionName", "import"),
    ];
    parameters.extend(more);
    let (status, xml) = sts(endpoint, keys, &parameters);
    assert_eq!(status, 200, "{xml}");
    Keys {
        access_key: text(&xml, "AccessKeyId").to_owned(),
        token: Some(text(&xml, "SessionToken").to_owned()),
        expiration: text(&xml, "Expiration").to_owned(),
    }
}

/// Code and message of a refused AssumeRole, and its status.
fn refused(
    endpoint: &str,
    keys: &Keys,
    role: &str,
    more: &[(&str, &str)],
) -> (u16, String, String) {
    let mut parameters = vec![("Action", "AssumeRole"), ("RoleArn", role)];
    if !more.iter().any(|(name, _)| *name == "RoleSessionName") {
        parameters.push(("RoleSessionName", "import"));
    }
    parameters.extend(more);
    let (status, xml) = sts(endpoint, keys, &parameters);
    let of = |tag: &str| text(&xml, tag).to_owned();
    (status, of("Code"), of("Message"))
}

fn who(endpoint: &str, keys: &Keys) -> String {
    let (status, xml) = sts(endpoint, keys, &[("Action", "GetCallerIdentity")]);
    assert_eq!(status, 200, "{xml}");
    text(&xml, "Arn").to_owned()
}

/// Turns the knobs of a server at 2026-12-01 for [`ROLE`], which trusts the default account.
fn declare(endpoint: &str, more: &Value) {
    let mut role = Map::new();
    role.insert("trusts".to_owned(), json!(["123456789012"]));
    role.extend(more.as_object().unwrap().clone());
    declare_all(endpoint, &json!({ROLE: role}));
}

fn declare_all(endpoint: &str, roles: &Value) {
    let knobs = json!({"now": "2026-12-01T00:00:00Z", "roles": roles});
    let answer = post(endpoint, "/_certdrop/knobs", &knobs);
    assert!(answer.get("__type").is_none(), "{answer}");
}

#[test]
fn a_session_acts_in_the_account_of_its_role() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({}));
    let session = assumed(endpoint, &key("test"), ROLE, &[]);
    assert!(
        session.access_key.starts_with("ASIA"),
        "{}",
        session.access_key
    );
    assert_eq!(session.access_key.len(), 20);
    assert_eq!(session.expiration, "2026-12-01T01:00:00Z");
    assert_eq!(who(endpoint, &session), SESSION);

    let request = json!({"DomainName": "www.example.com"});
    let (status, answer) = acm(endpoint, &session, "RequestCertificate", &request);
    assert_eq!(status, 200, "{answer}");
    let arn = answer["CertificateArn"].as_str().unwrap();
    let place = "arn:aws:acm:eu-central-1:222222222222:certificate/";
    assert!(arn.starts_with(place), "{arn}");
    let on = json!({"CertificateArn": arn});
    for (keys, expected) in [
        (&session, 200),
        (&key("222222222222"), 200),
        (&key("test"), 400),
    ] {
        let (status, answer) = acm(endpoint, keys, "DescribeCertificate", &on);
        assert_eq!(status, expected, "{}: {answer}", keys.access_key);
    }
}

#[test]
fn sessions_are_told_apart_and_answer_as_aws_does() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({}));
    let assume = [
        ("Action", "AssumeRole"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "import"),
    ];
    let (_, xml) = sts(endpoint, &key("test"), &assume);
    let start = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA";
    assert!(xml.starts_with(start), "{xml}");
    assert_eq!(text(&xml, "Arn"), SESSION);
    let id = text(&xml, "AssumedRoleId").to_owned();
    assert!(id.ends_with(":import") && id.len() == 27, "{id}");
    assert_eq!(text(&xml, "SecretAccessKey").len(), 40);
    assert_eq!(text(&xml, "RequestId").len(), 36);
    let (_, again) = sts(endpoint, &key("test"), &assume);
    assert_eq!(text(&again, "AssumedRoleId"), id);
    for tag in ["AccessKeyId", "SecretAccessKey", "SessionToken"] {
        assert_ne!(text(&again, tag), text(&xml, tag), "{tag}");
    }
}

#[test]
fn a_role_admits_whom_it_trusts_and_nobody_else() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let function = "arn:aws:iam::123456789012:role/function";
    let trusting = |principal: &str| {
        declare_all(
            endpoint,
            &json!({
                function: {"trusts": ["123456789012"]},
                ROLE: {"trusts": ["999999999999", principal]},
            }),
        );
    };
    trusting(function);
    let session = assumed(endpoint, &key("test"), function, &[]);
    let users = "arn:aws:iam::123456789012:user/test";
    let sessions = "arn:aws:sts::123456789012:assumed-role/function/import";
    // Who is admitted of: a user of the account, another one, a session there, a user elsewhere.
    for (principal, admitted) in [
        ("123456789012", [true, true, true, false]),
        ("arn:aws:iam::123456789012:root", [true, true, true, false]),
        ("222222222222", [false, false, false, true]),
        (users, [true, false, false, false]),
        (function, [false, false, true, false]),
        (sessions, [false, false, true, false]),
        ("arn:aws:iam::123456789012:role/other", [false; 4]),
        (
            "arn:aws:sts::123456789012:assumed-role/function/other",
            [false; 4],
        ),
        ("arn:aws:iam::222222222222:user/test", [false; 4]),
    ] {
        trusting(principal);
        let callers = [
            key("test"),
            key("stage"),
            session.clone(),
            key("222222222222"),
        ];
        let arns = [
            users,
            "arn:aws:iam::123456789012:user/stage",
            sessions,
            "arn:aws:iam::222222222222:user/222222222222",
        ];
        for ((caller, arn), admitted) in callers.iter().zip(arns).zip(admitted) {
            if admitted {
                assumed(endpoint, caller, ROLE, &[]);
                continue;
            }
            let sentence = format!(
                "User: {arn} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
            );
            let expected = (403, "AccessDenied".to_owned(), sentence);
            assert_eq!(
                refused(endpoint, caller, ROLE, &[]),
                expected,
                "{principal}"
            );
        }
    }
}

#[test]
fn a_wrong_external_id_and_a_role_that_is_none_are_the_same_refusal() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({"external_id": "a-b"}));
    let unknown = "arn:aws:iam::222222222222:role/none";
    let right = [("ExternalId", "a-b")];
    assumed(endpoint, &key("test"), ROLE, &right);
    for (role, more) in [
        (ROLE, &[][..]),
        (ROLE, &[("ExternalId", "a-c")]),
        (ROLE, &[("ExternalId", "A-B")]),
        (unknown, &right),
        ("arn:aws:iam::222222222222:role/target", &right),
    ] {
        let message = format!(
            "User: arn:aws:iam::123456789012:user/test is not authorized to perform: \
             sts:AssumeRole on resource: {role}"
        );
        let expected = (403, "AccessDenied".to_owned(), message);
        let answer = refused(endpoint, &key("test"), role, more);
        assert_eq!(answer, expected, "{role} {more:?}");
    }
}

#[test]
fn what_breaks_the_model_of_assume_role_is_a_validation_error() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({"max_session_seconds": 43_200}));
    let long = "x".repeat(65);
    for (parameter, member, value, constraint) in [
        (
            "RoleSessionName",
            "roleSessionName",
            "a:b",
            r"satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            "RoleSessionName",
            "roleSessionName",
            "a",
            "have length greater than or equal to 2",
        ),
        (
            "RoleSessionName",
            "roleSessionName",
            &long,
            "have length less than or equal to 64",
        ),
        (
            "DurationSeconds",
            "durationSeconds",
            "899",
            "have value greater than or equal to 900",
        ),
        (
            "DurationSeconds",
            "durationSeconds",
            "43201",
            "have value less than or equal to 43200",
        ),
        (
            "ExternalId",
            "externalId",
            "a b",
            r"satisfy regular expression pattern: [\w+=,.@:\/-]*",
        ),
    ] {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy \
             constraint: Member must {constraint}"
        );
        let expected = (400, "ValidationError".to_owned(), message);
        let answer = refused(endpoint, &key("test"), ROLE, &[(parameter, value)]);
        assert_eq!(answer, expected);
    }
    let duration = [("DurationSeconds", "an hour")];
    let (status, code, _) = refused(endpoint, &key("test"), ROLE, &duration);
    assert_eq!((status, code.as_str()), (400, "MalformedInput"));
    let (status, xml) = sts(endpoint, &key("test"), &[("Action", "AssumeRole")]);
    let both = "2 validation errors detected: Value null at 'roleArn' failed to satisfy \
                constraint: Member must not be null; Value null at 'roleSessionName' failed to \
                satisfy constraint: Member must not be null";
    assert_eq!((status, text(&xml, "Message")), (400, both));
}

#[test]
fn an_arn_that_is_no_roles_is_invalid() {
    let program = Program::start(&[]);
    for (arn, shown) in [
        (
            "arn:aws:iam::222222222222:user/target",
            "arn:aws:iam::222222222222:user/target",
        ),
        ("arn:aws:iam::2:role/target", "arn:aws:iam::2:role/target"),
        // As XML has to write it.
        (
            "<arn:aws:iam::222222222222:role/a&b>",
            "&lt;arn:aws:iam::222222222222:role/a&amp;b&gt;",
        ),
    ] {
        let answer = refused(&program.endpoint, &key("test"), arn, &[]);
        let message = format!("{shown} is invalid");
        assert_eq!(answer, (400, "ValidationError".to_owned(), message));
    }
}

#[test]
fn a_session_is_no_longer_than_its_role_and_a_chain_of_roles_allow() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let chained = "arn:aws:iam::222222222222:role/chained";
    let short = "arn:aws:iam::222222222222:role/short";
    declare_all(
        endpoint,
        &json!({
            ROLE: {"trusts": ["123456789012"], "max_session_seconds": 7_200},
            chained: {"trusts": ["222222222222"], "max_session_seconds": 43_200},
            short: {"trusts": ["222222222222"], "max_session_seconds": 1_800},
        }),
    );
    let user = key("test");
    let session = assumed(endpoint, &user, ROLE, &[("DurationSeconds", "7200")]);
    assert_eq!(session.expiration, "2026-12-01T02:00:00Z");
    assumed(endpoint, &session, chained, &[("DurationSeconds", "3600")]);
    assumed(endpoint, &session, short, &[("DurationSeconds", "1800")]);

    let of_the_role = "MaxSessionDuration set for this role";
    let of_the_chain = "1 hour session limit for roles assumed by role chaining";
    for (keys, role, duration, limit) in [
        (&user, ROLE, Some("7201"), of_the_role),
        (&session, short, Some("1801"), of_the_role),
        (&session, short, None, of_the_role),
        (&session, chained, Some("3601"), of_the_chain),
    ] {
        let more: Vec<_> = duration
            .map(|d| ("DurationSeconds", d))
            .into_iter()
            .collect();
        let message = format!("The requested DurationSeconds exceeds the {limit}.");
        let expected = (400, "ValidationError".to_owned(), message);
        assert_eq!(refused(endpoint, keys, role, &more), expected, "{role}");
    }
}

#[test]
fn an_external_id_is_taken_where_none_is_required() {
    let program = Program::start(&[]);
    declare(&program.endpoint, &json!({}));
    assumed(
        &program.endpoint,
        &key("test"),
        ROLE,
        &[("ExternalId", "any")],
    );
}

#[test]
fn other_requests_to_sts_are_refused() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let (status, xml) = sts(endpoint, &key("test"), &[("Action", "AssumeRoot")]);
    assert_eq!((status, text(&xml, "Code")), (400, "InvalidAction"));
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let length = body.len();
    let unsigned = format!("POST / HTTP/1.0\r\n{FORM}content-length: {length}\r\n\r\n{body}");
    let (status, xml) = read(&raw(endpoint, &unsigned));
    assert_eq!(
        (status, text(&xml, "Code")),
        (403, "MissingAuthenticationToken")
    );
}

#[test]
fn credentials_that_have_ended_or_are_none_are_refused_by_both_services() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({}));
    let session = assumed(endpoint, &key("test"), ROLE, &[("DurationSeconds", "900")]);
    let other = assumed(endpoint, &key("test"), ROLE, &[]);
    let with = |access_key: &str, token: Option<&String>| Keys {
        token: token.cloned(),
        ..key(access_key)
    };
    let unknown = (
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    );
    let expired = (
        "ExpiredTokenException",
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    let refuses = |keys: &Keys, (in_json, in_xml, message): (&str, &str, &str)| {
        let (status, answer) = acm(endpoint, keys, "ListCertificates", &json!({}));
        let expected = (400, json!({"__type": in_json, "message": message}));
        assert_eq!((status, answer), expected);
        let (status, xml) = sts(endpoint, keys, &[("Action", "GetCallerIdentity")]);
        assert_eq!((status, text(&xml, "Code")), (403, in_xml));
        assert_eq!(text(&xml, "Message"), message);
        assert_eq!(text(&xml, "Type"), "Sender");
    };
    refuses(&with(&session.access_key, None), unknown);
    refuses(&with(&session.access_key, other.token.as_ref()), unknown);
    refuses(
        &with(&session.access_key, Some(&"AAAA".to_owned())),
        unknown,
    );
    refuses(
        &with("ASIAIOSFODNN7EXAMPLE", session.token.as_ref()),
        unknown,
    );
    refuses(&with("ASIAIOSFODNN7EXAMPLE", None), unknown);

    let until = |now: &str| post(endpoint, "/_certdrop/knobs", &json!({"now": now}));
    until("2026-12-01T00:14:59Z");
    assert_eq!(who(endpoint, &session), SESSION);
    until("2026-12-01T00:15:00Z");
    refuses(&session, expired);
    assert_eq!(who(endpoint, &other), SESSION);

    // Noted where the session was, or in the default account.
    let outcomes = |path: &str| -> Vec<String> {
        let log = get(endpoint, path);
        let entries = log.as_array().unwrap().iter();
        let of = |entry: &Value, member: &str| entry[member].as_str().unwrap().to_owned();
        entries
            .filter(|entry| entry["operation"] == "ListCertificates")
            .map(|entry| of(entry, "outcome"))
            .collect()
    };
    assert_eq!(outcomes("/_certdrop/log?account=222222222222"), [expired.0]);
    assert_eq!(outcomes("/_certdrop/log"), [unknown.0; 5]);
}

#[test]
fn a_fault_of_a_role_fails_assume_role_and_leaves_its_sessions() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({}));
    let session = assumed(endpoint, &key("test"), ROLE, &[]);
    for (fault, status, code, kind) in [
        ("throttled", 400, "Throttling", "Sender"),
        ("unavailable", 503, "ServiceUnavailable", "Receiver"),
        ("access_denied", 403, "AccessDenied", "Sender"),
    ] {
        declare(endpoint, &json!({"fault": fault}));
        let parameters = [
            ("Action", "AssumeRole"),
            ("RoleArn", ROLE),
            ("RoleSessionName", "import"),
        ];
        let (answered, xml) = sts(endpoint, &key("test"), &parameters);
        let answer = (answered, text(&xml, "Code"), text(&xml, "Type"));
        assert_eq!(answer, (status, code, kind));
        assert_eq!(who(endpoint, &session), SESSION);
    }
    declare(endpoint, &json!({"fault": null}));
    assumed(endpoint, &key("test"), ROLE, &[]);
}

#[test]
fn rates_hold_for_assume_role() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let rate = json!({"AssumeRole": {"per_second": 0.0001}});
    let roles = json!({ROLE: {"trusts": ["123456789012", "333333333333"]}});
    let knobs = json!({"rate": rate, "roles": roles});
    post(endpoint, "/_certdrop/knobs", &knobs);
    assumed(endpoint, &key("test"), ROLE, &[]);
    let (status, code, message) = refused(endpoint, &key("test"), ROLE, &[]);
    let throttled = (400, "Throttling", "Rate exceeded");
    assert_eq!((status, code.as_str(), message.as_str()), throttled);
    assumed(endpoint, &key("333333333333"), ROLE, &[]);
}

#[test]
fn credentials_end_at_a_whole_second_of_the_machines_clock() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let roles = json!({ROLE: {"trusts": ["123456789012"]}});
    post(endpoint, "/_certdrop/knobs", &json!({"roles": roles}));
    let session = assumed(endpoint, &key("test"), ROLE, &[]);
    let form = "2026-12-01T01:00:00Z";
    assert_eq!(
        session.expiration.len(),
        form.len(),
        "{}",
        session.expiration
    );
    assert_eq!(who(endpoint, &session), SESSION);
}

#[test]
fn credentials_live_as_long_as_the_role_says() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({"lifetime_ms": 1500}));
    let session = assumed(endpoint, &key("test"), ROLE, &[("DurationSeconds", "900")]);
    assert_eq!(session.expiration, "2026-12-01T00:00:01.5Z");
    post(
        endpoint,
        "/_certdrop/knobs",
        &json!({"now": "2026-12-01T00:00:02Z"}),
    );
    let (_, answer) = acm(endpoint, &session, "ListCertificates", &json!({}));
    assert_eq!(answer["__type"], "ExpiredTokenException");
}

#[test]
fn the_log_has_role_session_and_external_id_of_whoever_has_called() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    declare(endpoint, &json!({"external_id": "a-b"}));
    let session = assumed(endpoint, &key("test"), ROLE, &[("ExternalId", "a-b")]);
    refused(endpoint, &key("test"), ROLE, &[]);
    acm(endpoint, &session, "ListCertificates", &json!({}));
    let row = |external_id: Option<&str>, outcome: &str| {
        json!({
            "time": "2026-12-01T00:00:00Z",
            "operation": "AssumeRole",
            "account": "123456789012",
            "region": "eu-central-1",
            "arn": ROLE,
            "assumption": {"session_name": "import", "external_id": external_id},
            "outcome": outcome,
        })
    };
    let log = get(endpoint, "/_certdrop/log");
    assert_eq!(
        log,
        json!([row(Some("a-b"), "ok"), row(None, "AccessDenied")])
    );
    let there = get(endpoint, "/_certdrop/log?account=222222222222");
    let operations: Vec<&Value> = there
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["operation"])
        .collect();
    assert_eq!(operations, ["ListCertificates"]);
}

#[test]
fn roles_are_declared_in_a_file_and_sessions_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roles.json");
    let path = path.to_str().unwrap();
    let roles = json!({ROLE: {"trusts": ["123456789012"]}});
    std::fs::write(path, roles.to_string()).unwrap();
    let mut program = Program::start(&["--roles", path]);
    let session = assumed(&program.endpoint, &key("test"), ROLE, &[]);
    program.kill();
    let program = Program::start(&["--roles", path]);
    assert_eq!(who(&program.endpoint, &session), SESSION);
    post(&program.endpoint, "/_certdrop/knobs", &json!({}));
    refused(&program.endpoint, &key("test"), ROLE, &[]);
    post(&program.endpoint, "/_certdrop/reset", &json!({}));
    assumed(&program.endpoint, &key("test"), ROLE, &[]);

    std::fs::write(path, "{\"target\": {\"trusts\": []}}").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_certdrop-acm"))
        .args(["--port", "0", "--roles", path])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(path), "{error}");
    assert!(
        error.contains("arn:aws:iam::222222222222:role/name"),
        "{error}"
    );
}

#[test]
fn wrong_roles_are_refused() {
    let program = Program::start(&[]);
    let trusts = |principal: &str| json!({ROLE: {"trusts": [principal]}});
    for wrong in [
        json!({"arn:aws:iam::222222222222:user/a": {"trusts": []}}),
        json!({"arn:aws:iam::2:role/a": {"trusts": []}}),
        json!({"arn:aws:iam::222222222222:role/": {"trusts": []}}),
        json!({"arn:aws:iam:eu-central-1:222222222222:role/a": {"trusts": []}}),
        json!({ROLE: {}}),
        json!({ROLE: {"trusts": [], "fault": "tired"}}),
        json!({ROLE: {"trusts": [], "policy": {}}}),
        trusts("*"),
        trusts("12345678901"),
        trusts("arn:aws:iam::1:root"),
        trusts("arn:aws:s3:::bucket"),
    ] {
        let knobs = json!({"roles": wrong});
        let answer = post(&program.endpoint, "/_certdrop/knobs", &knobs);
        assert_eq!(answer["__type"], "SerializationException", "{wrong}");
    }
}

/// The AWS command line and boto3 as they are configured for roles, with a server that has the
/// machine's clock. boto3 renews credentials that end within ten minutes.
#[test]
fn the_clients_of_aws_assume_the_role_of_a_profile_and_renew_it() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let role = json!({
        "trusts": ["arn:aws:iam::123456789012:user/test"],
        "external_id": "a-b",
        "lifetime_ms": 60_000,
    });
    let knobs = json!({"now": null, "roles": {ROLE: role}});
    post(endpoint, "/_certdrop/knobs", &knobs);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let profile = format!(
        "[profile base]\naws_access_key_id = test\naws_secret_access_key = test\n\
         [profile target]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = a-b\n\
         role_session_name = import\n"
    );
    std::fs::write(&config, profile).unwrap();
    let run = |path: &str, arguments: &[&str]| -> String {
        let output = Command::new(tool(path))
            .args(arguments)
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env_remove("AWS_SESSION_TOKEN")
            .env("HOME", folder.path())
            .env("AWS_PROFILE", "target")
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_ENDPOINT_URL_ACM", endpoint)
            .env("AWS_ENDPOINT_URL_STS", endpoint)
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let identity: Value =
        serde_json::from_str(&run("aws/bin/aws", &["sts", "get-caller-identity"])).unwrap();
    assert_eq!(identity["Arn"], SESSION);
    assert_eq!(identity["Account"], "222222222222");

    let script = "import boto3\nacm = boto3.client('acm')\n\
                  arns = [acm.request_certificate(DomainName='a.example.com')['CertificateArn'] for _ in range(3)]\n\
                  print(*(arn.split(':')[4] for arn in arns))\n";
    assert_eq!(
        run("aws/bin/python", &["-c", script]),
        "222222222222 222222222222 222222222222\n"
    );
    let log = get(endpoint, "/_certdrop/log");
    let calls = log.as_array().unwrap();
    let assumptions = calls
        .iter()
        .filter(|call| call["operation"] == "AssumeRole");
    // One of the command line, and one for each of three requests.
    assert_eq!(assumptions.count(), 4, "{log}");
}

#[tokio::test]
async fn the_rust_sdk_assumes_a_role_and_reads_why_it_may_not() {
    let program = Program::start(&[]);
    let endpoint = &program.endpoint;
    let config = |credentials: Credentials| {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(aws_sdk_acm::config::retry::RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    };
    let user = Credentials::new("test", "test", None, None, "test");
    let sts = aws_sdk_sts::Client::new(&config(user));
    let assume = || sts.assume_role().role_arn(ROLE).role_session_name("import");

    declare(endpoint, &json!({}));
    let answer = assume().send().await.unwrap();
    assert_eq!(answer.assumed_role_user().unwrap().arn(), SESSION);
    let given = answer.credentials().unwrap();
    assert_eq!(given.expiration().to_string(), "2026-12-01T01:00:00Z");
    let token = Some(given.session_token().to_owned());
    let (id, secret) = (given.access_key_id(), given.secret_access_key());
    let session = Credentials::new(id, secret, token, None, "session");
    let acm = aws_sdk_acm::Client::new(&config(session));
    let request = acm.request_certificate().domain_name("www.example.com");
    let arn = request.send().await.unwrap().certificate_arn.unwrap();
    assert!(arn.contains(":222222222222:certificate/"), "{arn}");

    for (fault, code) in [
        ("throttled", "Throttling"),
        ("unavailable", "ServiceUnavailable"),
        ("access_denied", "AccessDenied"),
    ] {
        declare(endpoint, &json!({"fault": fault}));
        let error = assume().send().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
    }
    post(
        endpoint,
        "/_certdrop/knobs",
        &json!({"now": "2026-12-01T01:00:00Z"}),
    );
    let error = acm.list_certificates().send().await.unwrap_err();
    assert_eq!(error.code(), Some("ExpiredTokenException"));
}
