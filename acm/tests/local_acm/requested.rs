//! Requested certificates, from the request to the revocation.

use certdrop_acm::{End, FailureReason, Knobs};
use openssl::pkey::PKey;
use openssl::x509::X509;
use serde_json::{Value, json};
use time::Duration;

use super::pki::{Authority, NOW, Order};
use super::server::{Acm, Program, blob, post, run};

fn code(acm: &mut Acm, operation: &str, request: Value) -> &'static str {
    match acm.call(operation, request) {
        Ok(answer) => panic!("{operation} answered {answer}"),
        Err(refusal) => refusal.code,
    }
}

/// Moves the clock to so many milliseconds after [`NOW`].
fn at(acm: &mut Acm, milliseconds: i64) {
    acm.set(|knobs| knobs.now = Some(NOW + Duration::milliseconds(milliseconds)));
}

/// An issued certificate that may be exported.
fn exportable(acm: &mut Acm) -> String {
    let options = json!({"Export": "ENABLED"});
    let arn = acm.request(json!({"DomainName": "www.example.com", "Options": options}));
    acm.service.end_request_now(&arn, End::Issued).unwrap();
    arn
}

fn export(acm: &mut Acm, arn: &str) -> Result<Value, certdrop_acm::Refusal> {
    let request = json!({"CertificateArn": arn, "Passphrase": blob("secret")});
    acm.call("ExportCertificate", request)
}

#[test]
fn a_record_appears_after_a_moment_and_the_certificate_is_issued_after_another() {
    let mut acm = Acm::new();
    let names = json!(["*.example.com"]);
    let arn = acm.request(json!({
        "DomainName": "example.com", "ValidationMethod": "DNS", "SubjectAlternativeNames": names,
    }));
    let records = |detail: &Value| -> Vec<Value> {
        let options = detail["DomainValidationOptions"].as_array().unwrap();
        options
            .iter()
            .map(|o| o["ResourceRecord"].clone())
            .collect()
    };
    at(&mut acm, 999);
    assert_eq!(records(&acm.describe(&arn)), [Value::Null, Value::Null]);
    at(&mut acm, 1_000);
    let detail = acm.describe(&arn);
    let records = records(&detail);
    assert_eq!(
        records[0], records[1],
        "a name and its wildcard share a record"
    );
    let name = records[0]["Name"].as_str().unwrap();
    assert!(
        name.starts_with('_') && name.ends_with(".example.com."),
        "{name}"
    );
    let again = acm.request(json!({"DomainName": "example.com", "ValidationMethod": "DNS"}));
    at(&mut acm, 4_999);
    assert_eq!(acm.describe(&arn)["Status"], "PENDING_VALIDATION");
    let record = &acm.describe(&again)["DomainValidationOptions"][0]["ResourceRecord"];
    assert_eq!(*record, records[0], "the record is the account's");

    at(&mut acm, 5_000);
    let detail = acm.describe(&arn);
    assert_eq!(detail["Status"], "ISSUED");
    assert_eq!(detail["IssuedAt"], json!(1_796_083_205.0));
    for option in detail["DomainValidationOptions"].as_array().unwrap() {
        assert_eq!(option["ValidationStatus"], "SUCCESS");
        assert_eq!(option["ResourceRecord"], records[0]);
    }
}

#[test]
fn mail_addresses_appear_after_a_moment_and_mail_is_sent_again_while_it_is_waited_for() {
    let mut acm = Acm::new();
    let options = json!([{"DomainName": "www.example.com", "ValidationDomain": "example.com"}]);
    let request = json!({"DomainName": "www.example.com", "DomainValidationOptions": options});
    let arn = acm.request(request);
    let option = |acm: &mut Acm| acm.describe(&arn)["DomainValidationOptions"][0].clone();
    assert_eq!(option(&mut acm)["ValidationEmails"], json!([]));
    at(&mut acm, 1_000);
    let shown = option(&mut acm);
    assert_eq!(shown["ValidationDomain"], "example.com");
    let users = [
        "admin",
        "administrator",
        "hostmaster",
        "postmaster",
        "webmaster",
    ];
    let addresses = users.map(|user| format!("{user}@example.com"));
    assert_eq!(shown["ValidationEmails"], json!(addresses));

    let resend = |name: &str, domain: &str| json!({"CertificateArn": arn, "Domain": name, "ValidationDomain": domain});
    let operation = "ResendValidationEmail";
    acm.call(operation, resend("www.example.com", "example.com"))
        .unwrap();
    let wrong = "InvalidDomainValidationOptionsException";
    assert_eq!(
        code(&mut acm, operation, resend("example.com", "example.com")),
        wrong
    );
    assert_eq!(
        code(
            &mut acm,
            operation,
            resend("www.example.com", "a.example.com")
        ),
        wrong
    );
    assert_eq!(
        code(&mut acm, operation, resend("www.example.com", "ample.com")),
        wrong
    );
    acm.service.end_request_now(&arn, End::Issued).unwrap();
    let late = resend("www.example.com", "example.com");
    assert_eq!(code(&mut acm, operation, late), "InvalidStateException");
}

#[test]
fn what_is_issued_is_a_certificate_for_its_names_signed_by_its_chain() {
    let key_algorithms = ["RSA_2048", "EC_prime256v1", "EC_secp384r1"];
    for key_algorithm in key_algorithms {
        let mut acm = Acm::new();
        let arn = acm.request(json!({
            "DomainName": "*.example.com", "KeyAlgorithm": key_algorithm,
            "SubjectAlternativeNames": ["example.com"],
        }));
        let get = json!({"CertificateArn": arn});
        let pending = code(&mut acm, "GetCertificate", get.clone());
        assert_eq!(pending, "RequestInProgressException");
        acm.service.end_request_now(&arn, End::Issued).unwrap();
        let answer = acm.call("GetCertificate", get).unwrap();
        let parsed =
            |member: &str| X509::from_pem(answer[member].as_str().unwrap().as_bytes()).unwrap();
        let (leaf, issuer) = (parsed("Certificate"), parsed("CertificateChain"));
        assert!(leaf.verify(&issuer.public_key().unwrap()).unwrap());
        let names = leaf.subject_alt_names().unwrap();
        let names: Vec<_> = names.iter().filter_map(|name| name.dnsname()).collect();
        assert_eq!(names, ["*.example.com", "example.com"]);
        let detail = acm.describe(&arn);
        let live = key_algorithm.replacen('_', "-", 1);
        assert_eq!(detail["KeyAlgorithm"], json!(live));
        assert_eq!(detail["Subject"], "CN=*.example.com");
        assert_eq!(detail["Issuer"], "Amazon");
        let days = (detail["NotAfter"].as_f64().unwrap() - detail["NotBefore"].as_f64().unwrap())
            / 86_400.0;
        assert!((days - 198.0).abs() < 0.001, "{days}");
    }
}

#[test]
fn requests_fail_or_time_out_where_they_are_told_to_or_not_validated() {
    let mut acm = Acm::new();
    acm.set(|knobs| {
        knobs.requests.end = End::Failed(FailureReason::CaaError);
        knobs.requests.end_after_ms = Some(2_000);
    });
    let failing = acm.request(json!({"DomainName": "www.example.com"}));
    acm.set(|knobs| knobs.requests.end_after_ms = None);
    let waiting = acm.request(json!({"DomainName": "www.example.com"}));
    at(&mut acm, 2_000);
    let detail = acm.describe(&failing);
    assert_eq!(
        (&detail["Status"], &detail["FailureReason"]),
        (&json!("FAILED"), &json!("CAA_ERROR"))
    );
    assert_eq!(
        detail["DomainValidationOptions"][0]["ValidationStatus"],
        "FAILED"
    );
    let hours = |hours: i64| hours * 3_600_000;
    at(&mut acm, hours(72));
    assert_eq!(acm.describe(&waiting)["Status"], "PENDING_VALIDATION");
    at(&mut acm, hours(72) + 1);
    assert_eq!(acm.describe(&waiting)["Status"], "VALIDATION_TIMED_OUT");
    acm.service
        .end_request_now(&waiting, End::Issued)
        .unwrap_err();
}

#[test]
fn requests_are_judged() {
    let name = |n: usize| format!("{n}.example.com");
    let names = |count| (0..count).map(name).collect::<Vec<_>>();
    let long = format!("{}.{}.example.com", "a".repeat(40), "b".repeat(20));
    let n2 = "N2_SFG2_AMAZON_MANAGED";
    let pca = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/1";
    let options = |name: &str| json!([{"DomainName": name, "ValidationDomain": "example.org"}]);
    let rows = [
        (json!({"SubjectAlternativeNames": names(9)}), None),
        (
            json!({"SubjectAlternativeNames": names(10)}),
            Some("LimitExceededException"),
        ),
        (json!({"DomainName": long}), Some("ValidationException")),
        (
            json!({"KeyAlgorithm": "RSA_4096"}),
            Some("ValidationException"),
        ),
        (
            json!({"KeyAlgorithm": "RSA_4096", "CertificateAuthorityArn": pca}),
            None,
        ),
        (
            json!({"CertificateUsage": "CLIENT_AUTH_ONLY"}),
            Some("ValidationException"),
        ),
        (
            json!({"RootHierarchyType": n2}),
            Some("ValidationException"),
        ),
        (
            json!({"RootHierarchyType": n2, "ValidationMethod": "DNS"}),
            None,
        ),
        (
            json!({"RootHierarchyType": n2, "ValidationMethod": "DNS", "CertificateUsage": "CLIENT_AUTH_ONLY"}),
            Some("ValidationException"),
        ),
        (
            json!({"RootHierarchyType": n2, "CertificateAuthorityArn": pca}),
            Some("ValidationException"),
        ),
        (
            json!({"DomainValidationOptions": options("www.example.com")}),
            Some("InvalidDomainValidationOptionsException"),
        ),
        (
            json!({"DomainValidationOptions": options("www.example.org")}),
            Some("InvalidDomainValidationOptionsException"),
        ),
    ];
    for (members, refused) in rows {
        let mut request = json!({"DomainName": "www.example.com"});
        request
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let answer = Acm::new().call("RequestCertificate", request);
        assert_eq!(
            answer.err().map(|refusal| refusal.code),
            refused,
            "{members}"
        );
    }
}

#[test]
fn n2_certificates_are_listed_only_where_they_are_asked_for() {
    let mut acm = Acm::new();
    acm.request(json!({"DomainName": "www.example.com"}));
    let n2 = acm.request(json!({
        "DomainName": "www.example.com", "ValidationMethod": "DNS",
        "RootHierarchyType": "N2_AMAZON_MANAGED", "CertificateUsage": "CLIENT_AUTH_ONLY",
    }));
    acm.service.end_request_now(&n2, End::Issued).unwrap();
    let mut listed = |request| {
        let answer = acm.call("ListCertificates", request).unwrap();
        answer["CertificateSummaryList"].as_array().unwrap().clone()
    };
    let other = listed(json!({}));
    assert_eq!(other.len(), 1);
    assert_ne!(other[0]["CertificateArn"], json!(n2));
    let found = listed(json!({"RootHierarchyTypes": ["N2_AMAZON_MANAGED"]}));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["CertificateArn"], json!(n2));
    assert_eq!(found[0]["CertificateUsage"], "CLIENT_AUTH_ONLY");
    assert_eq!(
        found[0]["ExtendedKeyUsages"],
        json!(["TLS_WEB_CLIENT_AUTHENTICATION"])
    );
    assert_eq!(
        listed(json!({"RootHierarchyTypes": ["N2_SFG2_AMAZON_MANAGED"]})),
        [] as [Value; 0]
    );
}

#[test]
fn a_repeated_request_is_the_same_for_an_hour() {
    let mut acm = Acm::new();
    let with = |token: &str, name: &str| json!({"DomainName": name, "IdempotencyToken": token});
    let first = acm.request(with("a", "www.example.com"));
    at(&mut acm, 3_599_999);
    assert_eq!(acm.request(with("a", "www.example.com")), first);
    assert_ne!(acm.request(with("b", "www.example.com")), first);
    assert_ne!(acm.request(with("a", "example.com")), first);
    at(&mut acm, 3_600_000);
    assert_ne!(acm.request(with("a", "www.example.com")), first);
}

#[test]
fn an_exported_key_is_the_certificates_and_opens_with_the_passphrase() {
    let mut acm = Acm::new();
    let arn = exportable(&mut acm);
    let eligible = |acm: &mut Acm| acm.describe(&arn)["RenewalEligibility"].clone();
    assert_eq!(eligible(&mut acm), "INELIGIBLE");
    let answer = export(&mut acm, &arn).unwrap();
    let key = answer["PrivateKey"].as_str().unwrap().as_bytes();
    let key = PKey::private_key_from_pem_passphrase(key, b"secret").unwrap();
    let certificate = answer["Certificate"].as_str().unwrap();
    let certificate = X509::from_pem(certificate.as_bytes()).unwrap();
    assert!(certificate.public_key().unwrap().public_eq(&key));
    assert_eq!(eligible(&mut acm), "ELIGIBLE");
    let listed = acm
        .call(
            "ListCertificates",
            json!({"Includes": {"exportOption": "ENABLED"}}),
        )
        .unwrap();
    assert_eq!(listed["CertificateSummaryList"][0]["Exported"], json!(true));
}

#[test]
fn what_may_not_be_exported_renewed_or_revoked_is_refused() {
    let mut acm = Acm::new();
    let imported = acm.import(&Authority::new().issue(&Order::default()));
    let public = acm.request(json!({"DomainName": "www.example.com"}));
    acm.service.end_request_now(&public, End::Issued).unwrap();
    let pending =
        acm.request(json!({"DomainName": "www.example.com", "Options": {"Export": "ENABLED"}}));
    let issued = exportable(&mut acm);
    let (invalid, early) = ("ValidationException", "RequestInProgressException");
    let revoke = |arn: &str| json!({"CertificateArn": arn, "RevocationReason": "SUPERSEDED"});
    for (arn, exported, renewed) in [
        (&imported, Some(invalid), invalid),
        (&public, Some(invalid), invalid),
        (&pending, Some(early), early),
        (&issued, None, invalid),
    ] {
        let renew = json!({"CertificateArn": arn});
        assert_eq!(code(&mut acm, "RenewCertificate", renew), renewed, "{arn}");
        assert_eq!(
            code(&mut acm, "RevokeCertificate", revoke(arn)),
            invalid,
            "{arn}"
        );
        assert_eq!(
            export(&mut acm, arn).err().map(|refusal| refusal.code),
            exported,
            "{arn}"
        );
    }
    let request = json!({"CertificateArn": issued, "Passphrase": blob("pass#")});
    assert_eq!(code(&mut acm, "ExportCertificate", request), invalid);
}

#[test]
fn an_exported_certificate_is_renewed_under_its_arn_and_revoked_for_good() {
    let mut acm = Acm::new();
    let arn = exportable(&mut acm);
    export(&mut acm, &arn).unwrap();
    let before = acm.describe(&arn);
    at(&mut acm, 86_400_000);
    acm.call("RenewCertificate", json!({"CertificateArn": arn}))
        .unwrap();
    let after = acm.describe(&arn);
    assert_ne!(after["Serial"], before["Serial"]);
    assert_eq!(
        after["NotAfter"].as_f64(),
        before["NotAfter"].as_f64().map(|t| t + 86_400.0)
    );

    export(&mut acm, &arn).unwrap();
    let revoke = json!({"CertificateArn": arn, "RevocationReason": "KEY_COMPROMISE"});
    acm.service
        .set_in_use_by(&arn, vec!["arn:x".to_owned()])
        .unwrap();
    assert_eq!(
        code(&mut acm, "RevokeCertificate", revoke.clone()),
        "ResourceInUseException"
    );
    acm.service.set_in_use_by(&arn, vec![]).unwrap();
    let answer = acm.call("RevokeCertificate", revoke.clone()).unwrap();
    assert_eq!(answer, json!({"CertificateArn": arn}));
    let detail = acm.describe(&arn);
    assert_eq!(detail["Status"], "REVOKED");
    assert_eq!(detail["RevocationReason"], "KEY_COMPROMISE");
    assert_eq!(detail["RevokedAt"], json!(1_796_083_200.0 + 86_400.0));
    assert_eq!(
        code(&mut acm, "RevokeCertificate", revoke),
        "ConflictException"
    );
    let renew = json!({"CertificateArn": arn});
    assert_eq!(
        code(&mut acm, "RenewCertificate", renew),
        "ValidationException"
    );
}

#[test]
fn a_private_certificate_needs_no_validation_and_may_be_exported() {
    let mut acm = Acm::new();
    let pca = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/1";
    let arn = acm.request(json!({"DomainName": "a.internal", "CertificateAuthorityArn": pca}));
    at(&mut acm, 1_000);
    let detail = acm.describe(&arn);
    assert_eq!(
        (&detail["Type"], &detail["Status"]),
        (&json!("PRIVATE"), &json!("ISSUED"))
    );
    assert_eq!(detail["CertificateAuthorityArn"], json!(pca));
    assert_eq!(detail.get("DomainValidationOptions"), None);
    export(&mut acm, &arn).unwrap();
    let update = json!({"CertificateArn": arn, "Options": {}});
    assert_eq!(
        code(&mut acm, "UpdateCertificateOptions", update),
        "InvalidStateException"
    );
}

#[test]
fn options_are_changed_of_an_issued_certificate_only() {
    let mut acm = Acm::new();
    let imported = acm.import(&Authority::new().issue(&Order::default()));
    let arn = acm.request(json!({"DomainName": "www.example.com"}));
    let update = |arn: &str, options: Value| json!({"CertificateArn": arn, "Options": options});
    let logging = "CertificateTransparencyLoggingPreference";
    let off = json!({logging: "DISABLED"});
    let operation = "UpdateCertificateOptions";
    for arn in [&imported, &arn] {
        let answer = code(&mut acm, operation, update(arn, off.clone()));
        assert_eq!(answer, "InvalidStateException", "{arn}");
    }
    acm.service.end_request_now(&arn, End::Issued).unwrap();
    acm.call(operation, update(&arn, off)).unwrap();
    assert_eq!(acm.describe(&arn)["Options"][logging], "DISABLED");
    for (options, refused) in [
        (json!({"Export": "DISABLED"}), None),
        (json!({"Export": "ENABLED"}), Some("ValidationException")),
        (json!({"ValidationMethod": "EMAIL"}), None),
        (
            json!({"ValidationMethod": "HTTP"}),
            Some("ValidationException"),
        ),
    ] {
        let answer = acm.call(operation, update(&arn, options.clone()));
        assert_eq!(
            answer.err().map(|refusal| refusal.code),
            refused,
            "{options}"
        );
    }
}

#[test]
fn validation_changes_from_mail_to_dns() {
    let mut acm = Acm::new();
    let arn = acm.request(json!({
        "DomainName": "www.example.com", "SubjectAlternativeNames": ["example.com"],
    }));
    acm.service.end_request_now(&arn, End::Issued).unwrap();
    let request = json!({"CertificateArn": arn, "Options": {"ValidationMethod": "DNS"}});
    acm.call("UpdateCertificateOptions", request.clone())
        .unwrap();
    assert_eq!(
        code(&mut acm, "UpdateCertificateOptions", request),
        "ConflictException"
    );
    at(&mut acm, 1_000);
    let summary = acm.describe(&arn)["UpdateSummary"].clone();
    assert_eq!(summary["Status"], "PENDING_DOMAIN_VALIDATION");
    let methods = json!({"From": "EMAIL", "To": "DNS"});
    assert_eq!(summary["DomainValidationMethodUpdateSummary"], methods);
    let mut list = |more: Value| {
        let mut request = json!({"CertificateArn": arn, "MaxItems": 1});
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        acm.call("ListCertificateDomainValidations", request)
            .unwrap()
    };
    let page = list(json!({}));
    let first = &page["DomainValidationSummaryList"][0];
    assert_eq!(first["DomainName"], "www.example.com");
    assert_eq!(
        first["ActiveValidationConfiguration"]["ValidationMethod"],
        "EMAIL"
    );
    let requested = &first["RequestedValidationConfiguration"];
    assert_eq!(requested["ValidationStatus"], "PENDING_VALIDATION");
    let record = &requested["ValidationChallenge"]["DnsValidationChallenge"]["ResourceRecord"];
    assert_eq!(record["Type"], "CNAME");
    let page = list(json!({"NextToken": page["NextToken"]}));
    assert_eq!(
        page["DomainValidationSummaryList"][0]["DomainName"],
        "example.com"
    );
    assert_eq!(page.get("NextToken"), None);
    let wrong = json!({"CertificateArn": arn, "NextToken": "x"});
    assert_eq!(
        code(&mut acm, "ListCertificateDomainValidations", wrong),
        "InvalidArgsException"
    );

    at(&mut acm, 5_000);
    let detail = acm.describe(&arn);
    assert_eq!(detail["UpdateSummary"]["Status"], "SUCCESS");
    let option = &detail["DomainValidationOptions"][0];
    assert_eq!(option["ValidationMethod"], "DNS");
    assert_eq!(option["ResourceRecord"], *record);
}

#[test]
fn the_waiter_of_boto3_ends() {
    let program = Program::start(&[]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local_acm/waiter.py");
    let knobs = json!({"requests": {"shown_after_ms": 0, "end_after_ms": 300}});
    post(&program.endpoint, "/_certdrop/knobs", &knobs);
    let output = run("aws/bin/python", &[script], &program.endpoint);
    assert_eq!(output.as_deref(), Ok("ISSUED\nFAILED\n"));
}

#[test]
fn a_request_is_ended_over_http() {
    let program = Program::start(&[]);
    let request = [
        "acm",
        "request-certificate",
        "--domain-name",
        "www.example.com",
    ];
    let answer = run("aws/bin/aws", &request, &program.endpoint).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let arn = &answer["CertificateArn"];
    let end = json!({"arn": arn, "end": {"FAILED": "CAA_ERROR"}});
    assert_eq!(
        post(&program.endpoint, "/_certdrop/end-request", &end),
        json!({})
    );
    let describe = [
        "acm",
        "describe-certificate",
        "--certificate-arn",
        arn.as_str().unwrap(),
    ];
    let detail: Value =
        serde_json::from_str(&run("aws/bin/aws", &describe, &program.endpoint).unwrap()).unwrap();
    assert_eq!(detail["Certificate"]["FailureReason"], "CAA_ERROR");
    let again = post(
        &program.endpoint,
        "/_certdrop/end-request",
        &json!({"arn": arn}),
    );
    assert_eq!(again["__type"], "SerializationException");
}

#[test]
fn the_knobs_of_requests_have_defaults() {
    let knobs = json!(Knobs::default());
    let requests = json!({"shown_after_ms": 1_000, "end_after_ms": 5_000, "end": "ISSUED"});
    assert_eq!(knobs["requests"], requests);
}
