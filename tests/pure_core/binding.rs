//! Which certificate a bundle belongs to, and what has to be done to it: every row one situation.

use std::collections::BTreeMap;

use base64::Engine as _;
use certdrop::arn::CertificateArn;
use certdrop::binding::{
    Adoption, Candidate, Claim, Found, Import, Keep, OnIncompatible, Plan, bind, live,
};
use certdrop::bundle_name::BundleName;
use certdrop::certificate::{Certificate, SerialNumber};
use certdrop::certificate_detail::CertificateDetail;
use certdrop::fault::Fault;
use certdrop::finding::Finding;
use certdrop_test_support::pki::{Authority, Order};
use serde_json::json;
use time::Duration;

const BUNDLE: &str = "www.example.com";

fn arn(id: &str) -> CertificateArn {
    let text = format!("arn:aws:acm:eu-central-1:123456789012:certificate/{id}");
    CertificateArn::parse(&text).expect("an ARN")
}

fn leaf(age: i64) -> Certificate {
    let issued = Authority::new().issue(&Order::new(BUNDLE, Duration::days(age)));
    let base64: String = issued
        .certificate
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(base64)
        .expect("base64");
    Certificate::from_der(&der).expect("a certificate")
}

/// What ACM says of `leaf`.
fn detail(leaf: &Certificate, created: i64, in_use: bool, key: &str) -> CertificateDetail {
    let users = if in_use {
        json!(["arn:aws:elasticloadbalancing:x"])
    } else {
        json!([])
    };
    let serde_json::Value::Object(members) = json!({
        "Serial": leaf.serial.to_string(), "Type": "IMPORTED", "KeyAlgorithm": key, "InUseBy": users,
        "NotBefore": leaf.not_before.unix_timestamp(), "NotAfter": leaf.not_after.unix_timestamp(),
        "CreatedAt": created, "KeyUsages": [{"Name": "DIGITAL_SIGNATURE"}],
        "ExtendedKeyUsages": [{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}],
    }) else {
        panic!("an object");
    };
    CertificateDetail::from_answer(members)
}

struct Situation {
    leaf: Certificate,
    found: Vec<(Claim, Found)>,
    force: bool,
    on_incompatible: OnIncompatible,
    adoption: Adoption,
}

impl Situation {
    fn new(leaf: &Certificate) -> Self {
        Self {
            leaf: leaf.clone(),
            found: Vec::new(),
            force: false,
            on_incompatible: OnIncompatible::Reject,
            adoption: Adoption::Allowed,
        }
    }

    fn with(
        mut self,
        claim: Claim,
        id: &str,
        tag: Option<&str>,
        detail: CertificateDetail,
    ) -> Self {
        let bundle_tag = tag.map(str::to_owned);
        self.found.push((
            claim,
            Found {
                arn: arn(id),
                detail,
                // Who names a certificate marks it, too.
                is_managed: bundle_tag.is_some(),
                bundle_tag,
                tags: BTreeMap::new(),
            },
        ));
        self
    }

    fn bind(&self) -> Result<(Plan, Vec<Finding>), Fault> {
        let bundle = BundleName::new(BUNDLE).expect("a name");
        let candidate = Candidate {
            bundle: &bundle,
            leaf: &self.leaf,
            force: self.force,
            on_incompatible: self.on_incompatible,
            adoption: self.adoption,
        };
        bind(&candidate, &self.found)
    }

    /// What is planned, with whom, and the codes of the warnings.
    fn decide(&self) -> (String, Vec<String>) {
        let id = |found: &Found| {
            found
                .arn
                .as_str()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        match self.bind() {
            Err(fault) => (fault.kind().as_str().to_owned(), Vec::new()),
            Ok((plan, warnings)) => {
                let plan = match plan {
                    Plan::Import(Import::New { superseded: None }) => "new".to_owned(),
                    Plan::Import(Import::New {
                        superseded: Some(old),
                    }) => format!("new beside {}", id(&old)),
                    Plan::Import(Import::Replace(found)) => format!("replace {}", id(&found)),
                    Plan::Keep(Keep::Unchanged(found)) => format!("unchanged {}", id(&found)),
                    Plan::Keep(Keep::Outdated(found)) => format!("outdated {}", id(&found)),
                    Plan::Keep(Keep::Incompatible(found, _)) => {
                        format!("incompatible {}", id(&found))
                    }
                };
                (
                    plan,
                    warnings
                        .iter()
                        .map(|finding| finding.code.to_string())
                        .collect(),
                )
            }
        }
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "one table, one row a situation")]
fn each_situation_has_its_plan() {
    use Claim::{BundleTag, EarlierVersion, ObjectTag, Parameter};
    let (old, new, newer) = (leaf(30), leaf(20), leaf(10));
    let p256 = |leaf: &Certificate, created, in_use| detail(leaf, created, in_use, "EC_prime256v1");
    let rsa = |leaf: &Certificate, created, in_use| detail(leaf, created, in_use, "RSA_2048");
    let ours = Some(BUNDLE);
    let theirs = Some("other.example.com");
    let situation = || Situation::new(&new);
    let rows = vec![
        ("nothing is known", situation(), "new"),
        (
            "the object's tag",
            situation().with(ObjectTag, "a", ours, p256(&old, 1, false)),
            "replace a",
        ),
        (
            "a nameless certificate is adopted",
            situation().with(ObjectTag, "a", None, p256(&old, 1, false)),
            "replace a",
        ),
        (
            "another bundle's certificate is not",
            situation().with(ObjectTag, "a", theirs, p256(&old, 1, false)),
            "SetUp",
        ),
        (
            "another bundle's by an older tag is ignored",
            situation().with(EarlierVersion, "a", theirs, p256(&old, 1, false)),
            "new",
        ),
        (
            "the parameter, confirmed",
            situation().with(Parameter, "a", ours, p256(&old, 1, false)),
            "replace a",
        ),
        (
            "the parameter, not confirmed",
            situation().with(Parameter, "a", None, p256(&old, 1, false)),
            "new",
        ),
        (
            "an earlier version's tag",
            situation().with(EarlierVersion, "a", None, p256(&old, 1, false)),
            "replace a",
        ),
        (
            "the bundle's name",
            situation().with(BundleTag, "a", ours, p256(&old, 1, false)),
            "replace a",
        ),
        (
            "the same serial number without the bundle's name",
            situation().with(BundleTag, "a", None, p256(&new, 1, false)),
            "new",
        ),
        (
            "the very certificate",
            situation().with(ObjectTag, "a", ours, p256(&new, 1, false)),
            "unchanged a",
        ),
        (
            "a newer one",
            situation().with(ObjectTag, "a", ours, p256(&newer, 1, false)),
            "outdated a",
        ),
        (
            "the object's tag goes before the name",
            situation()
                .with(BundleTag, "b", ours, p256(&old, 1, true))
                .with(ObjectTag, "a", ours, p256(&old, 2, false)),
            "replace a",
        ),
        (
            "an import that was not recorded goes before all",
            situation()
                .with(ObjectTag, "a", ours, p256(&old, 1, true))
                .with(BundleTag, "b", ours, p256(&new, 2, false)),
            "unchanged b",
        ),
        (
            "of two names the one in use",
            situation()
                .with(BundleTag, "a", ours, p256(&old, 1, false))
                .with(BundleTag, "b", ours, p256(&old, 2, true)),
            "replace b",
        ),
        (
            "of two names the oldest",
            situation()
                .with(BundleTag, "a", ours, p256(&old, 2, false))
                .with(BundleTag, "b", ours, p256(&old, 1, false)),
            "replace b",
        ),
        (
            "of two names the one that takes it",
            situation()
                .with(BundleTag, "a", ours, rsa(&old, 1, true))
                .with(BundleTag, "b", ours, p256(&old, 2, false)),
            "replace b",
        ),
        (
            "one without a name, where none is taken over",
            Situation {
                adoption: Adoption::Forbidden,
                ..situation()
            }
            .with(ObjectTag, "a", None, p256(&old, 1, false)),
            "SetUp",
        ),
        (
            "its own, where none is taken over",
            Situation {
                adoption: Adoption::Forbidden,
                ..situation()
            }
            .with(ObjectTag, "a", ours, p256(&old, 1, false)),
            "replace a",
        ),
        (
            "another kind of key",
            situation().with(ObjectTag, "a", ours, rsa(&old, 1, false)),
            "incompatible a",
        ),
        (
            "another kind of key, where a new one is wanted then",
            Situation {
                on_incompatible: OnIncompatible::ImportNew,
                ..situation()
            }
            .with(ObjectTag, "a", ours, rsa(&old, 1, false)),
            "new beside a",
        ),
        (
            "forced over a newer one",
            Situation {
                force: true,
                ..situation()
            }
            .with(ObjectTag, "a", ours, p256(&newer, 1, false)),
            "replace a",
        ),
        (
            "forced over the same",
            Situation {
                force: true,
                ..situation()
            }
            .with(ObjectTag, "a", ours, p256(&new, 1, false)),
            "replace a",
        ),
        (
            "a force does not overrule ACM",
            Situation {
                force: true,
                ..situation()
            }
            .with(ObjectTag, "a", ours, rsa(&old, 1, false)),
            "incompatible a",
        ),
    ];
    for (name, situation, expected) in rows {
        assert_eq!(situation.decide().0, expected, "{name}");
    }
}

#[test]
fn a_second_certificate_with_the_bundle_s_name_is_told_of() {
    let (old, new) = (leaf(30), leaf(20));
    let situation = Situation::new(&new)
        .with(
            Claim::BundleTag,
            "a",
            Some(BUNDLE),
            detail(&old, 1, true, "EC_prime256v1"),
        )
        .with(
            Claim::BundleTag,
            "b",
            Some(BUNDLE),
            detail(&old, 2, false, "EC_prime256v1"),
        );
    assert_eq!(
        situation.decide(),
        (
            "replace a".to_owned(),
            vec!["another-certificate".to_owned()]
        )
    );
}

#[test]
fn a_renewal_without_client_authentication_keeps_the_arn_and_says_so() {
    let (old, new) = (leaf(10), leaf(1));
    let with_client_auth = |detail: CertificateDetail| {
        let mut detail = serde_json::to_value(detail).expect("it is JSON");
        let usages = detail["ExtendedKeyUsages"].as_array_mut().expect("a list");
        usages.push(json!({"Name": "TLS_WEB_CLIENT_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.2"}));
        serde_json::from_value(detail).expect("a detail")
    };
    let detail = detail(&old, 1, true, "EC-prime256v1");
    for (detail, warnings) in [
        (
            with_client_auth(detail.clone()),
            vec!["client-auth-lost".to_owned()],
        ),
        (detail, Vec::new()),
    ] {
        let situation = Situation::new(&new).with(Claim::ObjectTag, "a", Some(BUNDLE), detail);
        assert_eq!(situation.decide(), ("replace a".to_owned(), warnings));
    }
}

#[test]
fn the_order_in_which_certificates_were_found_decides_nothing() {
    let (old, new) = (leaf(30), leaf(20));
    let mut situation = Situation::new(&new);
    for (id, created, in_use) in [
        ("a", 3, false),
        ("b", 2, true),
        ("c", 1, false),
        ("d", 4, true),
    ] {
        let detail = detail(&old, created, in_use, "EC_prime256v1");
        situation = situation.with(Claim::BundleTag, id, Some(BUNDLE), detail);
    }
    for _ in 0..4 {
        situation.found.rotate_left(1);
        assert_eq!(situation.decide().0, "replace b");
    }
}

#[test]
fn a_match_does_not_displace_a_recorded_certificate_that_is_newer() {
    use Claim::{BundleTag, EarlierVersion, ObjectTag, Parameter};
    let (new, newer) = (leaf(20), leaf(10));
    let there = |leaf: &Certificate, created| detail(leaf, created, false, "EC_prime256v1");
    for (recorded, matching) in [
        (ObjectTag, BundleTag),
        (ObjectTag, EarlierVersion),
        (Parameter, BundleTag),
        (Parameter, EarlierVersion),
        // The object that is worked on is an old version again, and carries the ARN that it had.
        (Parameter, ObjectTag),
    ] {
        let situation = Situation::new(&new)
            .with(recorded, "a", Some(BUNDLE), there(&newer, 2))
            .with(matching, "b", Some(BUNDLE), there(&new, 1));
        let plan = situation.decide().0;
        assert_eq!(plan, "outdated a", "{recorded:?} beside {matching:?}");
    }
}

#[test]
fn a_name_is_its_own_identity_unless_another_s_safe_form_looks_so() {
    let identity = |name: &str| BundleName::new(name).expect("a name").identity();
    for plain in [
        "host-0123456789ab",
        "www.example.com",
        "a-b",
        "a-b-0123456789a",
        "a-b-0123456789abc",
        "a-b-0123456789AB",
        "a-b-0123456789ag",
        "a-b.0123456789ab",
    ] {
        assert_eq!(identity(plain), plain);
    }
    let safe = identity("*.example.com");
    assert_eq!(safe, "-.example.com-47287a8f16ec", "as it is in ACM");
    for look_alike in [safe.as_str(), "a-b-0123456789ab", "--0123456789ab"] {
        let identity = identity(look_alike);
        assert_ne!(identity, look_alike);
        assert!(
            identity.starts_with(&format!("{look_alike}-")),
            "{identity}"
        );
    }
}

#[test]
fn what_has_the_bundle_s_name_or_the_mark_needs_no_permission() {
    let (old, new) = (leaf(30), leaf(20));
    for claim in [Claim::ObjectTag, Claim::EarlierVersion] {
        for (tag, is_managed, expected) in [
            (Some(BUNDLE), true, "replace a"),
            (Some(BUNDLE), false, "replace a"),
            (None, true, "replace a"),
            (None, false, "SetUp"),
        ] {
            let mut situation = Situation {
                adoption: Adoption::Forbidden,
                ..Situation::new(&new)
            }
            .with(claim, "a", tag, detail(&old, 1, false, "EC_prime256v1"));
            situation.found[0].1.is_managed = is_managed;
            let plan = situation.decide().0;
            assert_eq!(plan, expected, "{claim:?}, name {tag:?}, mark {is_managed}");
        }
    }
}

/// A record says what the bundle was imported as. A name alone does not: a person may have given it to a certificate.
/// Only where the bundle has become an old version again does the mark of certdrop tell the newer one of its own.
#[test]
fn a_newer_certificate_stays_where_certdrop_itself_put_it_there() {
    use Claim::{BundleTag, EarlierVersion, ObjectTag, Parameter};
    let (old, new, newer) = (leaf(30), leaf(20), leaf(10));
    for (name, first, second, is_managed, expected) in [
        (
            "recorded",
            (Parameter, &old),
            EarlierVersion,
            true,
            "outdated b",
        ),
        (
            "recorded, without mark",
            (ObjectTag, &old),
            EarlierVersion,
            false,
            "outdated b",
        ),
        ("named", (ObjectTag, &old), BundleTag, true, "replace a"),
        (
            "named, without mark",
            (ObjectTag, &old),
            BundleTag,
            false,
            "replace a",
        ),
        (
            "named, beside this very one",
            (BundleTag, &new),
            BundleTag,
            true,
            "outdated b",
        ),
        (
            "named, without mark, beside it",
            (BundleTag, &new),
            BundleTag,
            false,
            "unchanged a",
        ),
    ] {
        let there = |leaf: &Certificate| detail(leaf, 1, false, "EC_prime256v1");
        let mut situation = Situation::new(&new)
            .with(first.0, "a", Some(BUNDLE), there(first.1))
            .with(second, "b", Some(BUNDLE), there(&newer));
        situation.found[1].1.is_managed = is_managed;
        assert_eq!(situation.decide().0, expected, "{name}");
    }
}

#[test]
fn where_nothing_is_imported_the_newest_of_the_bundle_s_own_is_live() {
    let bundle = BundleName::new(BUNDLE).expect("a name");
    let mut situation = Situation::new(&leaf(0));
    let live_one =
        |situation: &Situation| live(&bundle, &situation.found).map(|found| found.arn.clone());
    assert_eq!(live_one(&situation), None);
    for (claim, id, tag, age, expected) in [
        (Claim::BundleTag, "stranger", None, 1, None),
        (
            Claim::BundleTag,
            "other",
            Some("other.example.com"),
            1,
            None,
        ),
        (Claim::ObjectTag, "a", None, 30, Some("a")),
        (Claim::Parameter, "b", Some(BUNDLE), 20, Some("b")),
        (Claim::BundleTag, "c", Some(BUNDLE), 25, Some("b")),
        (Claim::EarlierVersion, "d", Some(BUNDLE), 10, Some("d")),
    ] {
        let detail = detail(&leaf(age), 1, false, "EC_prime256v1");
        situation = situation.with(claim, id, tag, detail);
        assert_eq!(live_one(&situation), expected.map(arn), "and {id}");
    }
}

/// All of ACM is searched before a certificate is made that may be there already, and a summary compares a new one with
/// the one before it.
#[test]
fn a_plan_tells_whether_it_makes_a_certificate_and_which_one_it_follows() {
    let (old, new, newer) = (leaf(30), leaf(20), leaf(10));
    let there = |leaf: &Certificate, key| detail(leaf, 1, false, key);
    for (name, fact, makes_new, follows) in [
        ("nothing there", None, true, None),
        (
            "renewed",
            Some(there(&old, "EC_prime256v1")),
            false,
            Some("a"),
        ),
        (
            "refused by ACM",
            Some(there(&old, "RSA_2048")),
            true,
            Some("a"),
        ),
        (
            "the very certificate",
            Some(there(&new, "EC_prime256v1")),
            false,
            None,
        ),
        (
            "a newer one",
            Some(there(&newer, "EC_prime256v1")),
            false,
            None,
        ),
    ] {
        let mut situation = Situation {
            on_incompatible: OnIncompatible::ImportNew,
            ..Situation::new(&new)
        };
        if let Some(detail) = fact {
            situation = situation.with(Claim::ObjectTag, "a", Some(BUNDLE), detail);
        }
        let (plan, _) = situation.bind().expect("a plan");
        assert_eq!(plan.makes_new(), makes_new, "{name}");
        let previous = match &plan {
            Plan::Import(import) => import.previous().map(|found| found.arn.clone()),
            Plan::Keep(_) => None,
        };
        assert_eq!(previous, follows.map(arn), "{name}");
    }
}

#[test]
fn of_the_same_validity_nothing_is_newer_and_the_better_record_counts() {
    let (new, newer) = (leaf(20), leaf(10));
    let there = |leaf: &Certificate| detail(leaf, 1, false, "EC_prime256v1");
    // A CA issues anew for the same dates when a key was lost.
    let mut reissued = new.clone();
    reissued.serial = SerialNumber::from_hexadecimal("07").expect("a serial number");
    let situation =
        Situation::new(&new).with(Claim::ObjectTag, "a", Some(BUNDLE), there(&reissued));
    assert_eq!(situation.decide().0, "replace a");

    let situation = Situation::new(&new)
        .with(Claim::EarlierVersion, "b", Some(BUNDLE), there(&newer))
        .with(Claim::Parameter, "a", Some(BUNDLE), there(&newer));
    assert_eq!(situation.decide().0, "outdated a");
}

#[test]
fn the_certificate_that_is_used_is_no_second_one() {
    let (old, new) = (leaf(30), leaf(20));
    let there = |created| detail(&old, created, false, "EC_prime256v1");
    let situation = Situation::new(&new)
        .with(Claim::ObjectTag, "a", Some(BUNDLE), there(1))
        .with(Claim::BundleTag, "a", Some(BUNDLE), there(1))
        .with(Claim::BundleTag, "c", Some(BUNDLE), there(2))
        .with(Claim::BundleTag, "b", Some(BUNDLE), there(3))
        .with(Claim::BundleTag, "b", Some(BUNDLE), there(3));
    let (_, warnings) = situation.bind().expect("a plan");
    let named: Vec<_> = warnings
        .into_iter()
        .map(|finding| finding.subject)
        .collect();
    assert_eq!(named, [arn("b").to_string(), arn("c").to_string()]);
}
