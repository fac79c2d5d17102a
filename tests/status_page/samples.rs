//! Bundles in every state, as many as are wanted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use certdrop::arn::CertificateArn;
use certdrop::binding::Standing;
use certdrop::inventory::{Listed, by_bundle};
use certdrop::region::Region;
use certdrop::sweep::Report;
use certdrop::sweep::index::Index;
use certdrop::sweep::plan::{Listing, Reason};
use certdrop::sweep::status::{Status, View};
use certdrop::target::{TargetName, Targets};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-12-01 06:30 UTC);

/// What a certificate of somebody who means ill may be called.
pub(crate) const HOSTILE: &str =
    "<script>console.error('run')</script><img src=x onerror=console.error(1)>\u{202e}";

fn home() -> TargetName {
    TargetName::parse("eu-central-1").expect("a target")
}

/// The regions of the stack, and the targets of five other accounts.
fn targets() -> Targets {
    let regions = ["eu-central-1", "us-east-1"];
    let regions = regions.map(|name| Region::parse(name).expect("a region"));
    let targets: Vec<_> = others()
        .map(|(name, region, account)| {
            json!({"name": name, "region": region, "external_id": "certdrop",
                "role": format!("arn:aws:iam::{account}:role/certdrop")})
        })
        .collect();
    let document = json!({"targets": targets}).to_string();
    Targets::read(document.as_bytes(), &regions, "123456789012").expect("targets")
}

/// Ten targets, each with its region and account.
fn others() -> impl Iterator<Item = (String, &'static str, String)> {
    let teams = [
        "payments",
        "search",
        "identity",
        "data-platform",
        "edge-and-delivery",
    ];
    teams.into_iter().zip(1_u64..).flat_map(|(team, number)| {
        ["eu-west-1", "ap-southeast-2"].map(|region| {
            let account = format!("{:012}", 210_987_654_320 + number);
            (format!("{team}-{region}"), region, account)
        })
    })
}

#[derive(Default)]
pub(crate) struct Sample {
    objects: Vec<Listed>,
    entries: Map<String, Value>,
    certificates: HashMap<CertificateArn, Standing>,
    report: Report,
}

impl Sample {
    fn bundle(&mut self, name: &str, outcome: &str, days_left: Option<i64>, findings: &Value) {
        let number = self.objects.len();
        let arn = format!(
            "arn:aws:acm:eu-central-1:123456789012:certificate/9f2c1d34-77aa-4c2b-8f10-{number:012}"
        );
        self.objects.push(Listed {
            key: format!("drop/{name}.pem"),
            etag: "1".into(),
            modified_at: NOW - Duration::days(3),
            version_id: None,
        });
        let mut entry = json!({
            "content_id": "0123456789abcdef0123456789abcdef", "outcome": outcome, "at": "2026-11-28T06:30:00Z",
            "names": [name], "findings": findings,
        });
        if let Some(days) = days_left {
            entry["targets"] = json!({"eu-central-1": {"certificate_arn": arn, "serial": "01"}});
            let standing = Standing {
                serial: None,
                not_after: Some(NOW + Duration::days(days) + Duration::hours(6)),
            };
            self.certificates
                .insert(CertificateArn::parse(&arn).expect("an ARN"), standing);
        }
        self.entries.insert(name.to_owned(), entry);
    }

    pub(crate) fn status(self) -> Status {
        let listing = Listing {
            bundles: by_bundle(self.objects, "drop/"),
            targets: Arc::new(targets()),
            certificates: BTreeMap::from([(home(), self.certificates)]),
            ..Listing::default()
        };
        let index = json!({"version": 2, "bundles": self.entries}).to_string();
        let index = Index::from_json(index.as_bytes());
        let status = Status::of(&View {
            listing: &listing,
            index: &index,
            overview: &self.report.overview,
            progress: self.report.progress(),
            now: NOW,
            expiry_warning: Duration::days(30),
        });
        status.scheduled(Some("rate(1 day)"), NOW)
    }
}

fn mismatch() -> Value {
    json!({"code": "key-mismatch", "is_error": true,
        "subject": "C=DE, O=Example GmbH, CN=shop.example.com",
        "message": "The private key (RSA 2048, SHA-256 of its public key 4f:1e:90:…) belongs to none of the 3 certificates.",
        "remedy": "Drop the private key that the certificate was requested with, or a certificate for this key."})
}

fn root() -> Value {
    json!({"code": "root-in-bundle", "subject": "C=US, O=Internet Security Research Group, CN=ISRG Root X1",
        "message": "The bundle holds the root.", "remedy": "Nothing: a public root is left out of the chain."})
}

/// One that is well, one that expires, one that was rejected and is called something wicked.
pub(crate) fn three() -> Status {
    let mut sample = Sample::default();
    sample.bundle("www.example.com", "replaced", Some(61), &json!([root()]));
    sample.entries["www.example.com"]["names"] = json!([
        "www.example.com",
        "example.com",
        "api.example.com",
        "*.eu.example.com"
    ]);
    sample.entries["www.example.com"]["targets"]["us-east-1"] = json!({
        "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/5c1e88d0-0f3b-4a55-9a0e-000000000001",
        "serial": "01", "not_after": "2027-01-20T06:30:00Z",
    });
    sample.bundle("mail.example.com", "imported", Some(12), &json!([]));
    sample.bundle("wicked", "rejected", Some(200), &json!([mismatch()]));
    let entry = &mut sample.entries["wicked"];
    entry["names"] = json!([HOSTILE, "nowheretobreak".repeat(16)]);
    entry["findings"][0]["subject"] = json!(HOSTILE);
    sample.status()
}

/// Three, each in twelve targets: one of them ends early in one, one is unfinished in one, and one no longer goes to two.
pub(crate) fn twelve_targets() -> Status {
    let mut sample = Sample::default();
    for (name, days) in [
        ("www.example.com", 160),
        ("api.example.com", 61),
        ("*.apps.example.com", 95),
    ] {
        let name = name.replace('*', "_wildcard");
        sample.bundle(&name, "replaced", Some(days), &json!([root()]));
        let entry = &mut sample.entries[&name];
        let end = NOW + Duration::days(days) + Duration::hours(6);
        let end = end.format(&Rfc3339).expect("a date");
        let others = others().map(|(target, region, account)| (target, region.to_owned(), account));
        let us = (
            "us-east-1".to_owned(),
            "us-east-1".to_owned(),
            "123456789012".to_owned(),
        );
        for (target, region, account) in others.chain([us]) {
            entry["targets"][target] = json!({"serial": "01", "not_after": end,
                "certificate_arn": format!("arn:aws:acm:{region}:{account}:certificate/5c1e88d0-0f3b-4a55-9a0e-000000000001")});
        }
    }
    sample.entries["www.example.com"]["targets"]["payments-eu-west-1"]["not_after"] =
        json!("2026-12-10T06:30:00Z");
    sample
        .report
        .worked_on
        .insert("api.example.com".into(), Reason::TargetAdded);
    sample.report.unfinished.insert("api.example.com".into(),
        "in search-eu-west-1: sts:AssumeRole of arn:aws:iam::210987654322:role/certdrop failed: AccessDenied; check its trust policy".into());
    let left =
        "arn:aws:acm:eu-west-1:210987654325:certificate/5c1e88d0-0f3b-4a55-9a0e-000000000001";
    let entry = &mut sample.entries["_wildcard.apps.example.com"];
    let there = entry["targets"].as_object_mut().expect("targets");
    there.remove("edge-and-delivery-eu-west-1");
    entry["left_out"] = json!({"edge-and-delivery-eu-west-1": left, "warehouse": left});
    entry["findings"] = json!([{"code": "target-removed", "subject": "edge-and-delivery-eu-west-1",
        "message": format!("The bundle no longer goes to edge-and-delivery-eu-west-1. Its certificate {left} stays there and is not renewed."),
        "remedy": "Delete the certificate there once nothing uses it, then its parameter; or have the rules send the bundle there again."}]);
    sample.status()
}

/// Two thousand, most of them well. Gives how many need action, too.
pub(crate) fn two_thousand() -> (Status, usize) {
    let mut sample = Sample::default();
    sample.bundle("expired.example.com", "imported", Some(-4), &json!([]));
    sample.bundle(
        "long-expired.example.com",
        "imported",
        Some(-900),
        &json!([]),
    );
    sample.bundle("last-day.example.com", "imported", Some(0), &json!([]));
    sample.bundle(
        "shop.example.com",
        "rejected",
        Some(25),
        &json!([mismatch(), root()]),
    );
    sample.bundle("new.example.com", "rejected", None, &json!([mismatch()]));
    sample.bundle("half.example.com", "waiting", None, &json!([{
        "code": "no-private-key", "is_error": true, "subject": "drop/half.example.com/",
        "message": "There is no private key in the bundle or in its parameter.",
        "remedy": "Add the private key to the bundle, or store it in the parameter `/certdrop/half.example.com/private-key`."}]));
    sample.bundle("denied.example.com", "imported", Some(77), &json!([]));
    sample
        .report
        .worked_on
        .insert("denied.example.com".into(), Reason::NotDone);
    sample.report.unfinished.insert("denied.example.com".into(),
        "acm:ImportCertificate of CN=denied.example.com: AccessDeniedException; give the function's role acm:ImportCertificate".into());
    for day in [3, 9, 17, 24, 29] {
        sample.bundle(
            &format!("soon-{day}.example.com"),
            "unchanged",
            Some(day),
            &json!([]),
        );
    }
    let pressing = sample.objects.len();
    sample.bundle(
        "private.example.com",
        "imported",
        Some(3_650),
        &json!([root()]),
    );
    sample.bundle("early.example.com", "rejected", None, &json!([{
        "code": "not-yet-valid", "is_error": true, "subject": "CN=early.example.com",
        "message": "The leaf is valid from 2027-01-01 on.", "remedy": "Wait: the sweep imports it once it is valid."}]));
    for number in sample.objects.len()..2_000 {
        let days = 31 + i64::try_from(number * 7 % 367).expect("a number");
        sample.bundle(
            &format!("host-{number:04}.example.com"),
            "replaced",
            Some(days),
            &json!([]),
        );
    }
    (sample.status(), pressing)
}

pub(crate) fn none() -> Status {
    Sample::default().status()
}
