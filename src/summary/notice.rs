//! The summary as a message of SNS: JSON for programs, prose for people, never longer than SNS takes.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Summary, prose};
use crate::harmless;

/// One notice, in the forms that its readers want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// For mails: one line of ASCII, at most 99 characters.
    pub subject: String,
    /// The text of each protocol, as SNS's message structure `json` has it.
    pub message: String,
    /// To filter subscriptions by.
    pub outcome: &'static str,
    /// To filter subscriptions by.
    pub bundle: String,
}

/// Bytes of a message. SNS takes 256 KiB, the attributes and what it puts around for its subscribers included.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST: usize = 240 * 1024;

/// Bytes of prose in a message that is too long as a whole: more than anybody reads.
const PROSE: usize = 16 * 1024;

/// Tells of `summary`, which lies at `stored_at` (`s3://bucket/key`). `now` counts the days.
///
/// A message that would be too long has the members that say what became of the bundle, and
/// `"summary": "s3://…"` for the rest.
#[must_use]
pub fn of(summary: &Summary, stored_at: &str, now: OffsetDateTime) -> Notice {
    let prose = prose::message(summary, now);
    let programs = serde_json::to_value(summary).unwrap_or_default();
    let whole = message(summary, &prose, &programs);
    let message = if whole.len() <= LONGEST {
        whole
    } else {
        let prose = format!("{}\n[…] The rest is in {stored_at}\n", cut(&prose));
        message(summary, &prose, &short(&programs, stored_at))
    };
    Notice {
        subject: prose::subject(summary),
        message,
        outcome: summary.outcome.as_str(),
        bundle: harmless::line(summary.bundle.as_str()),
    }
}

/// Every protocol that is not named gets `default`: SQS, Lambda, HTTP, Firehose. A short message tells the outcome.
fn message(summary: &Summary, prose: &str, programs: &Value) -> String {
    let message = json!({
        "default": programs.to_string(),
        "email": prose,
        "sms": prose::subject(summary),
    });
    message.to_string()
}

/// What of the whole document still stands in a message that is too long.
const KEPT: [&str; 7] = [
    "certdrop",
    "outcome",
    "bundle",
    "object",
    "certificate_arn",
    "content_id",
    "at",
];

fn short(whole: &Value, stored_at: &str) -> Value {
    let kept = KEPT.into_iter().map(|name| {
        let value = whole.get(name).cloned().unwrap_or_default();
        (name.to_owned(), value)
    });
    let pointer = ("summary".to_owned(), json!(stored_at));
    Value::Object(kept.chain([pointer]).collect())
}

fn cut(prose: &str) -> &str {
    let end = (0..=PROSE.min(prose.len()))
        .rev()
        .find(|end| prose.is_char_boundary(*end));
    prose.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle_name::BundleName;
    use crate::certificate_detail::CertificateDetail;
    use crate::content_id::ContentId;
    use crate::summary::{Heading, ObjectVersion, Outcome, TargetOutcome, TargetSummary};
    use crate::target::TargetName;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);
    const STORED: &str = "s3://certificates/summaries/a/1.json";

    fn summary(bundle: &str) -> Summary {
        let object = ObjectVersion {
            bucket: "certificates".to_owned(),
            key: format!("drop/{bundle}.pem"),
            version_id: None,
            modified_at: None,
        };
        let heading = Heading {
            bundle: &BundleName::new(bundle).expect("a name"),
            object: &object,
            content_id: &ContentId::of(Vec::new()),
            now: NOW,
            home: None,
            targets_tag: None,
        };
        heading.gone()
    }

    /// Each of these targets has a certificate with fifty long names.
    fn with_targets(count: usize) -> Summary {
        let mut summary = summary("www.example.com");
        let names: Vec<_> = (0..50)
            .map(|name| format!("{name}.{}", "a".repeat(240)))
            .collect();
        let detail = json!({"SubjectAlternativeNames": names, "DomainValidationOptions": names});
        for number in 0..count {
            let detail = detail.as_object().cloned().unwrap_or_default();
            let there = TargetSummary::Done(TargetOutcome {
                outcome: Outcome::Imported,
                certificate_arn: None,
                certificate: Some(CertificateDetail::from_answer(detail)),
                previous: None,
                findings: Vec::new(),
                untagged: None,
            });
            let name = format!(
                "eu-{}-{}",
                ["north", "south", "east", "west"][number / 10],
                number % 10
            );
            let target = TargetName::parse(&name).expect("a target");
            summary.targets.insert(target, there);
        }
        summary
    }

    fn parsed(notice: &Notice) -> (String, Value) {
        let message: Value = serde_json::from_str(&notice.message).expect("JSON");
        let text = |name: &str| message[name].as_str().expect("a text").to_owned();
        (
            text("email"),
            serde_json::from_str(&text("default")).expect("JSON"),
        )
    }

    #[test]
    fn a_message_is_whole_where_it_fits_and_points_to_the_summary_where_not() {
        let (_, whole) = parsed(&of(&with_targets(7), STORED, NOW));
        assert_eq!(
            whole["targets"].as_object().map(serde_json::Map::len),
            Some(7)
        );
        assert_eq!(whole.get("summary"), None);

        for targets in [12, 40] {
            let notice = of(&with_targets(targets), STORED, NOW);
            assert!(notice.message.len() <= LONGEST, "{}", notice.message.len());
            let (prose, short) = parsed(&notice);
            assert_eq!(short["summary"], STORED);
            assert_eq!(short["bundle"], "www.example.com");
            assert!(
                prose.ends_with(&format!("The rest is in {STORED}\n")),
                "{prose}"
            );
        }
    }

    #[test]
    fn a_key_writes_no_lines_into_the_mail() {
        let notice = of(
            &summary("a\nError expired: pay here\r\u{2028}b"),
            STORED,
            NOW,
        );
        let (prose, programs) = parsed(&notice);
        assert_eq!(
            prose
                .lines()
                .filter(|line| line.contains("pay here"))
                .count(),
            2
        );
        assert!(
            prose.lines().all(|line| !line.starts_with("Error")),
            "{prose}"
        );
        assert!(!notice.subject.contains('\n') && !notice.bundle.contains('\n'));
        assert_eq!(programs["bundle"], "a\nError expired: pay here\r\u{2028}b");
    }

    #[test]
    fn a_long_message_still_holds_all_that_anybody_reads() {
        let mut summary = with_targets(40);
        // Two bytes a letter: the cut comes between two of them wherever the text before ends.
        for shift in ["", "a"] {
            summary.object.key = format!("drop/{shift}{}", "ü".repeat(20_000));
            let (prose, _) = parsed(&of(&summary, STORED, NOW));
            let kept = prose.strip_suffix(&format!("\n[…] The rest is in {STORED}\n"));
            let kept = kept.expect("where the rest is");
            assert!(prose::message(&summary, NOW).starts_with(kept));
            let bytes = 16_383..=16_384;
            assert!(bytes.contains(&kept.len()), "{} bytes", kept.len());
        }
    }
}
