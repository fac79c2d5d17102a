//! What people and programs are told of a bundle, in whole texts and documents.

use std::collections::BTreeMap;

use certdrop::arn::CertificateArn;
use certdrop::bundle_name::BundleName;
use certdrop::certificate_detail::CertificateDetail;
use certdrop::content_id::ContentId;
use certdrop::fault::Fault;
use certdrop::finding::{self, Finding};
use certdrop::news::{News, Swept};
use certdrop::summary::metrics;
use certdrop::summary::{
    Heading, ObjectVersion, Outcome, Summary, TargetOutcome, TargetSummary, notice, prose,
};
use certdrop::target::TargetName;
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);
const HOME: &str = "eu-central-1";
const OTHER: &str = "us-east-1";

const OUTCOMES: [Outcome; 7] = [
    Outcome::Imported,
    Outcome::Replaced,
    Outcome::Unchanged,
    Outcome::Outdated,
    Outcome::Rejected,
    Outcome::Waiting,
    Outcome::Gone,
];

fn target(name: &str) -> TargetName {
    TargetName::parse(name).expect("a target")
}

fn arn(region: &str) -> CertificateArn {
    let text = format!("arn:aws:acm:{region}:123456789012:certificate/1");
    CertificateArn::parse(&text).expect("an ARN")
}

fn detail(answer: Value) -> CertificateDetail {
    let Value::Object(members) = answer else {
        panic!("an object");
    };
    CertificateDetail::from_answer(members)
}

/// One that ends so many days after [`NOW`].
fn ending(days: i64) -> CertificateDetail {
    let end = NOW + Duration::days(days);
    detail(json!({"DomainName": "www.example.com", "NotAfter": end.unix_timestamp()}))
}

fn object() -> ObjectVersion {
    ObjectVersion {
        bucket: "certificates".to_owned(),
        key: "drop/www.example.com.pem".to_owned(),
        version_id: None,
        modified_at: None,
    }
}

fn told(
    everywhere: &[(TargetName, Result<TargetOutcome, Fault>)],
    findings: Vec<Finding>,
) -> Summary {
    let heading = Heading {
        bundle: &BundleName::new("www.example.com").expect("a name"),
        object: &object(),
        content_id: &ContentId::of(Vec::new()),
        now: NOW,
        home: Some(&target(HOME)),
        targets_tag: None,
    };
    heading.summary(findings, everywhere)
}

fn empty(outcome: Outcome) -> Summary {
    let served = TargetOutcome::kept(outcome, Vec::new(), None);
    told(&[(target(HOME), Ok(served))], Vec::new())
}

/// A region that has `arn`, of which ACM says `certificate`.
fn done(
    outcome: Outcome,
    arn: Option<CertificateArn>,
    certificate: Option<CertificateDetail>,
) -> TargetSummary {
    TargetSummary::Done(TargetOutcome {
        certificate_arn: arn,
        certificate,
        ..TargetOutcome::kept(outcome, Vec::new(), None)
    })
}

fn unfinished(fault: &str) -> TargetSummary {
    TargetSummary::Unfinished {
        fault: fault.to_owned(),
    }
}

#[test]
fn a_replacement_is_told_with_all_that_changed() {
    let names: Vec<_> = (1..=12).map(|name| format!("{name}.example.com")).collect();
    let mut summary = empty(Outcome::Replaced);
    summary.object.version_id = Some("3sL4kqtJlcpXroDTDmJ".to_owned());
    summary.certificate_arn = Some(arn(HOME));
    summary.previous = Some(detail(json!({
        "Serial": "01:02", "NotAfter": 1_796_000_000, "Issuer": "Old CA", "KeyAlgorithm": "RSA-2048",
        "SubjectAlternativeNames": ["1.example.com", "old.example.com"],
    })));
    summary.certificate = Some(detail(json!({
        "Serial": "03:04", "NotAfter": 1_803_600_000, "KeyAlgorithm": "RSA-2048",
        "SubjectAlternativeNames": names, "InUseBy": ["arn:aws:one", "arn:aws:two"],
    })));
    summary.findings = vec![
        Finding::new(&finding::EXPIRED, "www.example.com", "It expired.").with_remedy("Renew it."),
        Finding::new(&finding::EXPIRES_SOON, "Some CA", "It expires.")
            .with_remedy("Wait.")
            .in_target(&target(OTHER)),
    ];
    let expected = "\
The renewed certificate is served under the same ARN as before.

Bundle       www.example.com
Object       s3://certificates/drop/www.example.com.pem
Version      3sL4kqtJlcpXroDTDmJ
Certificate  arn:aws:acm:eu-central-1:123456789012:certificate/1
Names        1.example.com, 2.example.com, 3.example.com, 4.example.com, 5.example.com, 6.example.com, \
7.example.com, 8.example.com, 9.example.com, 10.example.com and 2 more
Valid until  2027-02-26, 86 days left
In use by    arn:aws:one
In use by    arn:aws:two

What changed
  valid until  2026-11-30 -> 2027-02-26
  serial       01:02 -> 03:04
  issuer       Old CA -> unknown
  name gone    old.example.com
  name added   2.example.com
  name added   3.example.com
  name added   4.example.com
  name added   5.example.com
  name added   6.example.com
  name added   7.example.com
  name added   8.example.com
  name added   9.example.com
  name added   10.example.com
  name added   11.example.com
  name added   12.example.com

Error expired: It expired.
  about  www.example.com
  judge  ACM
  to do  Renew it.

Warning expires-soon in us-east-1: It expires.
  about  Some CA
  judge  clients
  to do  Wait.
";
    assert_eq!(prose::message(&summary, NOW), expected);
}

#[test]
fn each_region_has_its_own_lines() {
    let mut summary = empty(Outcome::Imported);
    let served = done(Outcome::Imported, Some(arn(HOME)), Some(ending(1)));
    summary.targets = BTreeMap::from([
        (target(HOME), served),
        (target(OTHER), unfinished("ACM did not answer")),
    ]);
    // The home region's certificate stands in its region's lines, and nowhere else.
    summary.certificate_arn = Some(arn(HOME));
    let expected = "\
A target is unfinished and will be retried. The others are done.

Bundle       www.example.com
Object       s3://certificates/drop/www.example.com.pem

eu-central-1: imported
Certificate  arn:aws:acm:eu-central-1:123456789012:certificate/1
Names        www.example.com
Valid until  2026-12-02, 1 day left
In use by    nothing

us-east-1: UNFINISHED: ACM did not answer
";
    assert_eq!(prose::message(&summary, NOW), expected);
}

#[test]
fn the_first_line_says_how_bad_it_is() {
    use Outcome::{Gone, Imported, Outdated, Rejected, Replaced, Unchanged, Waiting};
    for (outcome, has_arn, regions, expected) in [
        (
            Imported,
            true,
            vec![],
            "ACM has a new certificate. Attach it to a service to use it.",
        ),
        (
            Replaced,
            true,
            vec![],
            "The renewed certificate is served under the same ARN as before.",
        ),
        (
            Unchanged,
            true,
            vec![],
            "ACM had this very certificate already.",
        ),
        (
            Outdated,
            true,
            vec![],
            "The dropped certificate is older than the one in ACM, which stays.",
        ),
        (
            Rejected,
            false,
            vec![],
            "The dropped bundle has errors and was not imported.",
        ),
        (
            Rejected,
            true,
            vec![],
            "The dropped bundle has errors and was not imported. The certificate in ACM stays as it was.",
        ),
        (
            Waiting,
            false,
            vec![],
            "The parts in the folder do not fit together yet. The next upload may complete them.",
        ),
        (
            Gone,
            false,
            vec![],
            "The object was deleted before it was read.",
        ),
        (
            Replaced,
            true,
            vec![done(Replaced, None, None), done(Replaced, None, None)],
            "The renewed certificate is served under the same ARN as before.",
        ),
        (
            Imported,
            true,
            vec![done(Replaced, None, None), done(Imported, None, None)],
            "Every target serves the dropped certificate now.",
        ),
        (
            Rejected,
            true,
            vec![done(Replaced, None, None), done(Rejected, None, None)],
            "A target would refuse the dropped certificate, and keeps what it has. See which, and why, below.",
        ),
        (
            Outdated,
            true,
            vec![done(Replaced, None, None), done(Outdated, None, None)],
            "A target has a newer certificate than the dropped one, which stays there.",
        ),
        (
            Rejected,
            true,
            vec![done(Rejected, None, None), unfinished("ACM did not answer")],
            "A target is unfinished and will be retried. The others are done.",
        ),
    ] {
        let mut summary = empty(outcome);
        summary.certificate_arn = has_arn.then(|| arn(HOME));
        summary.targets = [HOME, OTHER].map(target).into_iter().zip(regions).collect();
        let text = prose::message(&summary, NOW);
        assert_eq!(text.lines().next(), Some(expected), "{outcome:?}");
    }
}

#[test]
fn days_are_counted_as_people_count_them() {
    for (left, expected) in [
        (Duration::seconds(-1), "EXPIRED"),
        (Duration::ZERO, "0 days left"),
        (Duration::hours(23), "0 days left"),
        (Duration::hours(24), "1 day left"),
        (Duration::hours(48), "2 days left"),
    ] {
        let end = NOW + left;
        let mut summary = empty(Outcome::Unchanged);
        summary.certificate = Some(detail(json!({"NotAfter": end.unix_timestamp()})));
        let text = prose::message(&summary, NOW);
        let line = format!("Valid until  {}, {expected}", end.date());
        assert!(text.lines().any(|shown| shown == line), "{line}:\n{text}");
    }
}

#[test]
fn ten_names_are_listed_and_the_eleventh_is_counted() {
    for (count, expected) in [(10, "10.example.com"), (11, "10.example.com and 1 more")] {
        let names: Vec<_> = (1..=count)
            .map(|name| format!("{name}.example.com"))
            .collect();
        let mut summary = empty(Outcome::Unchanged);
        summary.certificate = Some(detail(json!({"SubjectAlternativeNames": names})));
        let text = prose::message(&summary, NOW);
        let line = text.lines().find(|line| line.starts_with("Names"));
        assert!(line.is_some_and(|line| line.ends_with(expected)), "{text}");
    }
}

/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
#[test]
fn a_subject_is_one_that_sns_takes() {
    let long = "a".repeat(200);
    for (bundle, outcome, expected) in [
        (
            "a.example",
            Outcome::Imported,
            "certdrop: a.example imported",
        ),
        (
            "a.example",
            Outcome::Replaced,
            "certdrop: a.example replaced",
        ),
        (
            "a.example",
            Outcome::Rejected,
            "certdrop: a.example REJECTED",
        ),
        ("a b", Outcome::Unchanged, "certdrop: a b unchanged"),
        (
            "a\nb\u{7f}",
            Outcome::Waiting,
            "certdrop: a?b? waiting for more files",
        ),
        (
            "bücher",
            Outcome::Gone,
            "certdrop: b?cher gone before it was read",
        ),
        (
            "a.example",
            Outcome::Outdated,
            "certdrop: a.example not replaced: a newer one is there",
        ),
        (
            &long,
            Outcome::Imported,
            &format!("certdrop: {}", "a".repeat(89)),
        ),
    ] {
        let mut summary = empty(outcome);
        summary.bundle = BundleName::new(bundle).expect("a name");
        assert_eq!(prose::subject(&summary), expected);
    }
}

#[test]
fn what_regions_say_is_summed_up_by_what_a_person_wants_to_know_most() {
    let served = |outcome| Ok(TargetOutcome::kept(outcome, Vec::new(), None));
    // Each goes before all that stand before it.
    let order = [
        "gone",
        "unchanged",
        "waiting",
        "replaced",
        "imported",
        "outdated",
        "rejected",
    ];
    let named = |name: &str| {
        let found = OUTCOMES.iter().find(|outcome| outcome.as_str() == name);
        *found.expect("an outcome's name")
    };
    for (position, less) in order.iter().enumerate() {
        for more in &order[position + 1..] {
            for pair in [[less, more], [more, less]] {
                let everywhere = [
                    (target(HOME), served(named(pair[0]))),
                    (target(OTHER), served(named(pair[1]))),
                ];
                let summary = told(&everywhere, Vec::new());
                assert_eq!(summary.outcome.as_str(), *more, "{pair:?}");
            }
        }
    }
    let unfinished = [
        (target(HOME), Err(Fault::transient("no answer"))),
        (target(OTHER), served(Outcome::Replaced)),
    ];
    assert_eq!(told(&unfinished, Vec::new()).outcome, Outcome::Replaced);
}

#[test]
fn an_outcome_has_one_name_everywhere() {
    for outcome in OUTCOMES {
        let document = serde_json::to_value(empty(outcome)).expect("JSON");
        assert_eq!(document["outcome"], outcome.as_str());
        assert_eq!(
            notice::of(&empty(outcome), "s3://b/k", NOW).outcome,
            outcome.as_str()
        );
    }
}

#[test]
fn errors_are_told_first_and_those_of_one_region_name_it() {
    let soon = || Finding::new(&finding::EXPIRES_SOON, "leaf", "Soon.");
    let expired = || Finding::new(&finding::EXPIRED, "leaf", "Over.");
    let rejected = || {
        Ok(TargetOutcome::kept(
            Outcome::Rejected,
            vec![expired()],
            None,
        ))
    };
    let fault = Fault::transient("no answer");
    let shown = |summary: &Summary| -> Vec<(String, Option<String>)> {
        let show = |finding: &Finding| {
            let region = finding.target.as_ref().map(ToString::to_string);
            (finding.code.to_string(), region)
        };
        summary.findings.iter().map(show).collect()
    };
    let owned = |code: &str, region: Option<&str>| (code.to_owned(), region.map(str::to_owned));

    let alone = told(&[(target(HOME), rejected())], vec![soon()]);
    assert_eq!(
        shown(&alone),
        [owned("expired", None), owned("expires-soon", None)]
    );
    assert!(alone.targets.is_empty(), "there is one only");

    let both = told(
        &[(target(HOME), Err(fault)), (target(OTHER), rejected())],
        vec![soon()],
    );
    assert_eq!(
        shown(&both),
        [owned("expired", Some(OTHER)), owned("expires-soon", None)]
    );
    let lines = serde_json::to_value(&both).expect("JSON")["targets"].clone();
    assert_eq!(
        lines,
        json!({HOME: {"fault": "no answer; it will be retried"}, OTHER: {"outcome": "rejected"}})
    );
}

#[test]
fn a_summary_knows_all_its_certificates_and_which_ends_first() {
    let mut summary = empty(Outcome::Imported);
    assert_eq!((summary.arns(), summary.first_end()), (vec![], None));
    summary.certificate_arn = Some(arn(OTHER));
    summary.certificate = Some(ending(20));
    for (name, days) in [(OTHER, 20), (HOME, 10)] {
        let there = done(Outcome::Imported, Some(arn(name)), Some(ending(days)));
        summary.targets.insert(target(name), there);
    }
    assert_eq!(summary.arns(), [arn(HOME), arn(OTHER)]);
    assert_eq!(summary.first_end(), Some(NOW + Duration::days(10)));
}

#[test]
fn a_summary_knows_what_is_left_to_do_and_whose_names_are_served() {
    let mut summary = empty(Outcome::Imported);
    assert_eq!((summary.is_unfinished(), summary.names()), (false, vec![]));

    let named = |name: &str| Some(detail(json!({"SubjectAlternativeNames": [name]})));
    let nothing = done(Outcome::Rejected, None, None);
    let served = done(Outcome::Imported, None, named("other.example.com"));
    // The home region has none yet, and names the names of the first that has.
    summary.targets = BTreeMap::from([(target(HOME), nothing), (target(OTHER), served)]);
    assert_eq!(summary.names(), ["other.example.com"]);
    assert!(!summary.is_unfinished(), "a refusal is final");
    summary.certificate = named("home.example.com");
    assert_eq!(summary.names(), ["home.example.com"]);

    let fault = unfinished("ACM did not answer");
    summary.targets.insert(target(HOME), fault);
    assert!(summary.is_unfinished());
}

#[test]
fn a_state_is_news_until_it_was_told() {
    let rejected = |codes: &[&finding::Rule], here: Option<Outcome>, there: Option<Outcome>| {
        let line = |outcome: Option<Outcome>| match outcome {
            Some(outcome) => done(outcome, None, None),
            None => unfinished("throttled"),
        };
        let mut summary = empty(Outcome::Rejected);
        summary.targets =
            BTreeMap::from([(target(HOME), line(here)), (target(OTHER), line(there))]);
        let findings = codes.iter();
        summary.findings = findings
            .map(|rule| Finding::new(rule, "a subject", "Bad."))
            .collect();
        summary
    };
    let codes = [&finding::NO_PRIVATE_KEY, &finding::EXPIRES_SOON];
    let (imported, replaced) = (Some(Outcome::Imported), Some(Outcome::Replaced));
    let (unchanged, bad) = (Some(Outcome::Unchanged), Some(Outcome::Rejected));
    for (now, then, is_repeated) in [
        (rejected(&codes, bad, bad), rejected(&codes, bad, bad), true),
        (
            rejected(&codes[..1], bad, bad),
            rejected(&codes, bad, bad),
            false,
        ),
        (
            rejected(&codes, bad, bad),
            rejected(&codes[..1], bad, bad),
            false,
        ),
        (
            rejected(&codes, bad, None),
            rejected(&codes, bad, None),
            true,
        ),
        (
            rejected(&codes, bad, bad),
            rejected(&codes, bad, None),
            false,
        ),
        (
            rejected(&codes, bad, None),
            rejected(&codes, bad, bad),
            false,
        ),
        // What was imported then is there now; what is imported now was not.
        (
            rejected(&codes, bad, unchanged),
            rejected(&codes, bad, imported),
            true,
        ),
        (
            rejected(&codes, bad, unchanged),
            rejected(&codes, bad, replaced),
            true,
        ),
        (
            rejected(&codes, bad, unchanged),
            rejected(&codes, bad, unchanged),
            true,
        ),
        (
            rejected(&codes, bad, imported),
            rejected(&codes, bad, imported),
            false,
        ),
        (
            rejected(&codes, bad, replaced),
            rejected(&codes, bad, unchanged),
            false,
        ),
    ] {
        assert_eq!(now.repeats(&then), is_repeated, "{now:?}\n{then:?}");
    }
    let state = rejected(&codes, bad, bad);
    let mut other = state.clone();
    other.outcome = Outcome::Outdated;
    assert!(!state.repeats(&other), "another outcome");
    let mut other = state.clone();
    other.targets.remove(&target(OTHER));
    assert!(
        !state.repeats(&other) && !other.repeats(&state),
        "a target was added"
    );
    let mut other = state.clone();
    other.object.version_id = Some("another".to_owned());
    assert!(!state.repeats(&other), "another upload");
    let mut other = state.clone();
    other.at += Duration::DAY;
    assert!(state.repeats(&other), "another day");
}

fn document_of(news: News<'_>) -> Value {
    metrics::of(news, "certdrop", NOW).expect("a document")
}

/// The members of a document of metrics without what all of them have.
fn counted(mut document: Value) -> Value {
    let members = document.as_object_mut().expect("an object");
    assert_eq!(members.remove("level"), Some(json!("INFO")));
    assert_eq!(members.remove("stack"), Some(json!("certdrop")));
    let metadata = members.remove("_aws").expect("metadata");
    assert_eq!(metadata["Timestamp"], json!(1_796_126_400_000_i64));
    document
}

#[test]
fn a_bundle_counts_once_with_its_days_and_its_duration() {
    let took = Duration::milliseconds(1_500);
    for (outcome, name) in OUTCOMES.iter().zip([
        Some("Imported"),
        Some("Replaced"),
        Some("Unchanged"),
        Some("Outdated"),
        Some("Rejected"),
        Some("Waiting"),
        None,
    ]) {
        let mut summary = empty(*outcome);
        summary.certificate = Some(ending(88));
        let document = document_of(News::Done {
            summary: &summary,
            took,
        });
        let directives = document["_aws"]["CloudWatchMetrics"].clone();
        let duration = json!({"Name": "Duration", "Unit": "Milliseconds"});
        let counts = match name {
            Some(name) => json!([{"Name": name, "Unit": "Count"}, duration]),
            None => json!([duration]),
        };
        assert_eq!(
            directives,
            json!([
                {
                    "Namespace": "certdrop", "Dimensions": [["stack", "bundle"]],
                    "Metrics": [{"Name": "DaysToExpiry", "Unit": "Count"}],
                },
                {"Namespace": "certdrop", "Dimensions": [["stack"]], "Metrics": counts},
            ])
        );
        let mut expected = json!({
            "outcome": outcome.as_str(), "bundle": "www.example.com", "DaysToExpiry": 88, "Duration": 1_500.0,
        });
        if let Some(name) = name {
            expected[name] = json!(1);
        }
        assert_eq!(counted(document), expected);
    }
}

#[test]
fn an_alarm_counts_what_failed_and_no_waiting() {
    for (fault, expected) in [
        (
            Fault::throttled("full"),
            json!({"fault": "Throttled", "Throttled": 1}),
        ),
        (
            Fault::transient("no answer"),
            json!({"fault": "Transient", "Failed": 1}),
        ),
        (
            Fault::set_up("denied", "allow it"),
            json!({"fault": "SetUp", "Failed": 1}),
        ),
    ] {
        assert_eq!(counted(document_of(News::Unfinished(&fault))), expected);
    }
    for (waited, seconds) in [(Duration::minutes(2), 120), (Duration::seconds(-5), 0)] {
        let document = document_of(News::Throttled(waited));
        assert_eq!(counted(document), json!({"ThrottledFor": seconds}));
    }
}

#[test]
fn a_sweep_tells_how_much_of_the_quota_is_used_and_what_ends_first() {
    let swept = Swept {
        unfinished: 2,
        queued: 3,
        first_end: Some(NOW + Duration::days(7)),
        certificates: 500,
        quota: 2_000,
        ..Swept::default()
    };
    let document = document_of(News::Swept(swept));
    assert_eq!(
        counted(document),
        json!({
            "Swept": 1, "Unfinished": 2, "Queued": 3, "ImportedCertificates": 500, "CertificateQuotaUsed": 25,
            "SoonestExpiry": 7,
        })
    );
    let looked = Swept {
        dry_run: true,
        ..swept
    };
    assert_eq!(metrics::of(News::Swept(looked), "certdrop", NOW), None);
    let unknown = document_of(News::Swept(Swept::default()));
    assert_eq!(
        counted(unknown),
        json!({"Swept": 1, "Unfinished": 0, "Queued": 0, "ImportedCertificates": 0, "CertificateQuotaUsed": 0})
    );
}

/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>
#[test]
fn cloudwatch_takes_the_name_of_every_bundle() {
    for (bundle, expected) in [
        ("www.example.com", Some("www.example.com")),
        ("my shop", Some("my shop")),
        ("  ", None),
        (":a", None),
        ("bücher", None),
    ] {
        let document = document_of(News::Kept {
            bundle,
            end: NOW + Duration::days(3),
        });
        let identity = BundleName::new(bundle).expect("a name").identity();
        let shown = expected.map_or(identity, str::to_owned);
        assert_eq!(
            counted(document),
            json!({"bundle": shown, "DaysToExpiry": 3}),
            "`{bundle}`"
        );
    }
}
