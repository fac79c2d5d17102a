//! Whether all is as it ought to be once things are quiet.

use serde_json::{Value, json};

use super::scenario::{Left, NAME, Ought};
use crate::history::{imports, made_new, rolled_back};
use crate::target::{HOME, Target};
use certdrop_test_support::proxy::Call;
use certdrop_test_support::scene::Scene;

/// One certificate in `target`, the right one; tags, parameter and summary tell of it.
pub(super) async fn is_right(scene: &Scene, target: Target, ought: &Ought) -> Result<(), String> {
    let named = target.certificates(scene, NAME).await;
    let mut serials = Vec::new();
    for arn in &named {
        serials.push(scene.serial(arn).await);
    }
    let mut expected = ought.named.clone();
    let mut there = serials.clone();
    expected.sort();
    there.sort();
    same(
        &format!("certificates in {}", target.name),
        &there.join(" "),
        &expected.join(" "),
    )?;
    let served = serials.iter().position(|serial| *serial == ought.serial);
    let arn = &named[served.expect("it is among those that were compared")];
    if let (Some(before), HOME) = (&ought.arn, target) {
        same("the ARN", arn, before)?;
    }
    same(
        "the tags",
        &tags(scene, target, arn).await,
        &listed(ought.tags.iter().copied()),
    )?;
    is_recorded(scene, target, arn, ought).await
}

/// A certificate's tags, without those that say whose it is.
async fn tags(scene: &Scene, target: Target, arn: &str) -> String {
    let acm = target.acm(scene);
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

async fn is_recorded(
    scene: &Scene,
    target: Target,
    arn: &str,
    ought: &Ought,
) -> Result<(), String> {
    for key in &ought.keys {
        let tags = scene.object_tags(key).await;
        let value = |name: &str| tags.get(name).cloned().unwrap_or_default();
        if let Some(tag) = target.tag() {
            same(&format!("the tag of {key}"), &value(&tag), arn)?;
        }
        let outcome = value("certdrop:outcome");
        if !ought.outcomes.contains(&outcome.as_str()) {
            return Err(format!("the outcome of {key} is `{outcome}`"));
        }
        if tags.contains_key("certdrop:force") {
            return Err("a force that was carried out is still wished for".to_owned());
        }
    }
    let parameter = format!("the parameter of {}", target.name);
    let recorded = target.recorded(scene, NAME).await;
    same(&parameter, &recorded.unwrap_or_default(), arn)?;
    let summary = format!("the summary of {}", target.name);
    same(&summary, &summarised(scene, target, ought).await, arn)
}

/// A certificate where the bundle no longer goes is as it was, and is told of.
pub(super) async fn is_left(scene: &Scene, left: &Left) -> Result<(), String> {
    let Left { target, serial } = left;
    let named = target.certificates(scene, NAME).await;
    let [arn] = named.as_slice() else {
        return Err(format!("certificates in {}: {named:?}", target.name));
    };
    same("what was left", &scene.serial(arn).await, serial)?;
    let recorded = target.recorded(scene, NAME).await;
    same(
        "the parameter of what was left",
        &recorded.unwrap_or_default(),
        arn,
    )?;
    let summaries = summaries(scene).await;
    let mut told = summaries
        .iter()
        .filter_map(|summary| summary["left_out"][target.name].as_str());
    same(
        "what was left, in the summary",
        told.next().unwrap_or("none"),
        arn,
    )
}

async fn summaries(scene: &Scene) -> Vec<Value> {
    let mut summaries = Vec::new();
    for key in scene.keys(&format!("summaries/{NAME}/")).await {
        summaries.push(serde_json::from_str(&scene.read(&key).await).expect("a summary"));
    }
    summaries
}

/// The ARN in the summary that tells of this outcome.
async fn summarised(scene: &Scene, target: Target, ought: &Ought) -> String {
    for summary in summaries(scene).await {
        let there = target.told(&summary);
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
    for (place, made) in made_new(&imports, NAME) {
        if made > ought.made_new {
            return Err(format!("{made} new certificates were made in {place}"));
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
