//! Whether all is as it ought to be once things are quiet.

use serde_json::{Value, json};

use super::scenario::{NAME, Ought};
use crate::history::{imports, made_new, rolled_back};
use certdrop_test_support::proxy::Call;
use certdrop_test_support::scene::Scene;
use certdrop_test_support::stage::REGION;

/// One certificate in `region`, the right one; tags, parameter and summary tell of it.
pub(super) async fn is_right(scene: &Scene, region: &str, ought: &Ought) -> Result<(), String> {
    let named = scene.certificates_of_bundle_in(region, NAME).await;
    let mut serials = Vec::new();
    for arn in &named {
        serials.push(scene.serial(arn).await);
    }
    let mut expected = ought.named.clone();
    let mut there = serials.clone();
    expected.sort();
    there.sort();
    same(
        &format!("certificates in {region}"),
        &there.join(" "),
        &expected.join(" "),
    )?;
    let served = serials.iter().position(|serial| *serial == ought.serial);
    let arn = &named[served.expect("it is among those that were compared")];
    if let (Some(before), REGION) = (&ought.arn, region) {
        same("the ARN", arn, before)?;
    }
    same(
        "the tags",
        &tags(scene, region, arn).await,
        &listed(ought.tags.iter().copied()),
    )?;
    is_recorded(scene, region, arn, ought).await
}

/// A certificate's tags, without those that say whose it is.
async fn tags(scene: &Scene, region: &str, arn: &str) -> String {
    let acm = scene.acm_in(region);
    let call = acm.list_tags_for_certificate().certificate_arn(arn);
    let tags = call.send().await.expect("tags").tags.unwrap_or_default();
    let pairs = tags
        .iter()
        .map(|tag| (tag.key(), tag.value().unwrap_or_default()));
    listed(pairs.filter(|(key, _)| !["certdrop:managed", "certdrop:bundle"].contains(key)))
}

fn listed<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    pairs.sort();
    pairs.join(", ")
}

async fn is_recorded(scene: &Scene, region: &str, arn: &str, ought: &Ought) -> Result<(), String> {
    let (tag, parameter) = match region {
        REGION => ("certdrop:certificate-arn".to_owned(), String::new()),
        other => (
            format!("certdrop:certificate-arn:{other}"),
            format!("/{other}"),
        ),
    };
    for key in &ought.keys {
        let tags = scene.object_tags(key).await;
        let value = |name: &str| tags.get(name).cloned().unwrap_or_default();
        same(&format!("the tag of {key}"), &value(&tag), arn)?;
        let outcome = value("certdrop:outcome");
        if !ought.outcomes.contains(&outcome.as_str()) {
            return Err(format!("the outcome of {key} is `{outcome}`"));
        }
        if tags.contains_key("certdrop:force") {
            return Err("a force that was carried out is still wished for".to_owned());
        }
    }
    let recorded = scene
        .parameter(&format!("/{NAME}/certificate-arn{parameter}"))
        .await;
    same("the parameter", &recorded.unwrap_or_default(), arn)?;
    same("the summary", &summarised(scene, region, ought).await, arn)
}

/// The ARN in the summary that tells of this outcome.
async fn summarised(scene: &Scene, region: &str, ought: &Ought) -> String {
    for key in scene.keys(&format!("summaries/{NAME}/")).await {
        let summary: Value = serde_json::from_str(&scene.read(&key).await).expect("a summary");
        let there = match region {
            REGION => &summary,
            other => &summary["targets"][other],
        };
        let outcome = there["outcome"].as_str().unwrap_or_default();
        if ought.outcomes.contains(&outcome)
            && there["certificate"]["Serial"] == json!(ought.serial)
        {
            let arn = there["certificate_arn"].as_str();
            return arn.unwrap_or_default().to_owned();
        }
    }
    "none".to_owned()
}

/// What ACM was made to do: never two certificates for a bundle, never back.
pub(super) fn was_right(calls: &[Call], ought: &Ought) -> Result<(), String> {
    let imports = imports(calls);
    for (region, made) in made_new(&imports, NAME) {
        if made > ought.made_new {
            return Err(format!("{made} new certificates were made in {region}"));
        }
    }
    match rolled_back(&imports, ought.forced.as_deref()).first() {
        Some((arn, serial)) => Err(format!(
            "{serial} was put in the place of a newer one, {arn}"
        )),
        None => Ok(()),
    }
}

fn same(what: &str, is: &str, ought: &str) -> Result<(), String> {
    if is == ought {
        Ok(())
    } else {
        Err(format!("{what}: `{is}`, not `{ought}`"))
    }
}
