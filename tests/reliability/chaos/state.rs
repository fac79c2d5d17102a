//! What must never have been, and how things are to stand at the end.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use serde_json::Value;
use time::OffsetDateTime;

use super::declared::Declared;
use super::plan::{Bundle, Plan};
use super::workers::Done;
use crate::history::{imports, made_new, rolled_back};
use crate::target::Target;
use certdrop_test_support::proxy::Call;
use certdrop_test_support::scene::Scene;

/// Never back, never a second certificate.
pub(super) fn was_right(calls: &[Call], plan: &Plan) -> Result<(), String> {
    let imports = imports(calls);
    if let Some((arn, serial)) = rolled_back(&imports, None).first() {
        return Err(format!(
            "{serial} was put in the place of a newer one, {arn}"
        ));
    }
    for bundle in &plan.bundles {
        // Of two kinds, each may have its own; the same one twice is always wrong.
        let new = imports.iter();
        let mut new: Vec<_> = new
            .filter(|import| import.new_for.as_deref() == Some(bundle.name.as_str()))
            .map(|import| (&import.place, &import.serial))
            .collect();
        new.sort();
        let twice = new.windows(2).find(|pair| pair[0] == pair[1]);
        if let Some(twice) = twice {
            return Err(format!("{} was imported twice as new", twice[0].1));
        }
        let most = if plan.import_new {
            bundle.versions.len()
        } else {
            1
        };
        for (place, made) in made_new(&imports, &bundle.name) {
            if made > most {
                let name = &bundle.name;
                return Err(format!("{made} new certificates for {name} in {place}"));
            }
        }
    }
    Ok(())
}

/// Certificates that may be served in the end: the newest valid one. One that was covered by a later upload
/// before anybody heard of it may be missed, unless the later one is broken.
fn may_be_served(bundle: &Bundle, number: usize, done: &Done) -> BTreeSet<String> {
    let begins = |version: usize| bundle.versions[version].begins;
    let last_valid = bundle
        .versions
        .iter()
        .rposition(|version| version.begins.is_some());
    let seen = done.finished.iter();
    let seen = seen
        .filter(|(of, _)| *of == number)
        .filter_map(|(_, version)| begins(*version));
    let least: Option<OffsetDateTime> = seen.chain(last_valid.and_then(begins)).max();
    bundle
        .versions
        .iter()
        .filter(|version| version.begins.is_some() && version.begins >= least)
        .map(|version| version.issued.serial.clone())
        .collect()
}

pub(super) async fn is_right(
    scene: &Scene,
    plan: &Plan,
    number: usize,
    done: &Done,
) -> Result<(), String> {
    let bundle = &plan.bundles[number];
    let may_be = may_be_served(bundle, number, done);
    let mut served = BTreeSet::new();
    for target in plan.targets() {
        let place = format!("{} in {}", bundle.name, target.name);
        let serial = in_target(scene, plan, bundle, target, &may_be).await;
        served.insert(serial.map_err(|what| format!("{place}: {what}"))?);
    }
    has_outcome(scene, bundle, &served).await?;
    for target in plan.declared.iter().flat_map(Declared::left) {
        let named = target.certificates(scene, &bundle.name).await;
        if named.len() > 1 && !plan.import_new {
            let Bundle { name, .. } = bundle;
            return Err(format!("{name} in {}, left: {named:?}", target.name));
        }
    }
    Ok(())
}

/// The serial number of the certificate that is served there.
async fn in_target(
    scene: &Scene,
    plan: &Plan,
    bundle: &Bundle,
    target: Target,
    may_be: &BTreeSet<String>,
) -> Result<String, String> {
    let name = &bundle.name;
    let recorded = target.recorded(scene, name).await;
    let arn = recorded.ok_or("no parameter")?;
    let named = target.certificates(scene, name).await;
    if !named.contains(&arn) || (named.len() > 1 && !plan.import_new) {
        return Err(format!(
            "the parameter is {arn}, the certificates are {named:?}"
        ));
    }
    let serial = scene.serial(&arn).await;
    if !may_be.contains(&serial) {
        return Err(format!("{serial} is served, which is none of {may_be:?}"));
    }
    is_tagged(scene, bundle, target, &arn).await?;
    is_summarised(scene, name, target, &arn, &serial).await?;
    Ok(serial)
}

/// The objects that are there now name the certificate.
async fn is_tagged(
    scene: &Scene,
    bundle: &Bundle,
    target: Target,
    arn: &str,
) -> Result<(), String> {
    let Some(tag) = target.tag() else {
        return Ok(());
    };
    for upload in &bundle.current().uploads {
        let key = &upload.key;
        let tags = scene.object_tags(key).await;
        if tags.get(&tag).map(String::as_str) != Some(arn) {
            return Err(format!("{key} is tagged {tags:?}, and {arn} is served"));
        }
    }
    Ok(())
}

/// The objects that are there now tell what became of them. One of several targets may serve a newer version, whose
/// event came to none of the others.
async fn has_outcome(
    scene: &Scene,
    bundle: &Bundle,
    served: &BTreeSet<String>,
) -> Result<(), String> {
    let current = bundle.current();
    let is_served = served.contains(&current.issued.serial);
    let expected: &[&str] = match current.begins {
        None => &["rejected"],
        Some(_) if is_served && served.len() > 1 => {
            &["imported", "replaced", "unchanged", "outdated"]
        }
        Some(_) if is_served => &["imported", "replaced", "unchanged"],
        Some(_) => &["outdated"],
    };
    for upload in &current.uploads {
        let key = &upload.key;
        let tags = scene.object_tags(key).await;
        let outcome = tags.get("certdrop:outcome").map(String::as_str);
        if !outcome.is_some_and(|outcome| expected.contains(&outcome)) {
            return Err(format!(
                "the outcome of {key} is {outcome:?}, not one of {expected:?}"
            ));
        }
    }
    Ok(())
}

async fn is_summarised(
    scene: &Scene,
    name: &str,
    target: Target,
    arn: &str,
    serial: &str,
) -> Result<(), String> {
    for key in scene.keys(&format!("summaries/{name}/")).await {
        let summary: Value = serde_json::from_str(&scene.read(&key).await).expect("a summary");
        let there = target.told(&summary);
        if there["certificate_arn"] == arn && there["certificate"]["Serial"] == serial {
            return Ok(());
        }
    }
    Err(format!("no summary tells of {serial}"))
}

/// All calls, for people.
pub(super) fn log(calls: &[Call], begun: Instant) -> String {
    let mut log = String::new();
    let seconds = |at: Instant| at.saturating_duration_since(begun).as_secs_f64();
    for call in calls {
        let status = call
            .status
            .map_or("-".to_owned(), |status| status.to_string());
        let ended = call
            .ended
            .map_or("-".to_owned(), |ended| format!("{:.3}", seconds(ended)));
        let _ = writeln!(
            log,
            "{:8.3} {ended:>8} {:8} {} {} {} {status} {:?} {}",
            seconds(call.started),
            call.caller,
            call.operation,
            call.number,
            call.path,
            call.deed,
            detail(call),
        );
    }
    log
}

/// What matters of a request and its answer. No key.
fn detail(call: &Call) -> String {
    let is_lease = call.operation == "s3:PutObject" && call.path.contains("/leases/");
    if is_lease {
        return String::from_utf8_lossy(&call.request).into_owned();
    }
    match call.operation.as_str() {
        "acm:ImportCertificate" => imports(std::slice::from_ref(call))
            .first()
            .map_or_else(|| call.region.clone(), |import| format!("{import:?}")),
        "s3:PutObjectTagging" | "ssm:PutParameter" | "acm:DescribeCertificate" => {
            String::from_utf8_lossy(&call.request).into_owned()
        }
        "tag:GetResources" | "acm:SearchCertificates" => {
            String::from_utf8_lossy(&call.answer).into_owned()
        }
        _ => String::new(),
    }
}
