//! Kubernetes secrets of type `kubernetes.io/tls`, as `kubectl get secret -o yaml` (or json) prints
//! them and cert-manager makes them.
//!
//! Source: <https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::{Reading, format, limits, pem};
use crate::finding::{self, Finding};

/// A secret, or a list of them. Wiped when it is dropped.
#[derive(Deserialize)]
struct Manifest {
    kind: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    data: Option<BTreeMap<String, Option<String>>>,
    #[serde(rename = "stringData")]
    string_data: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    items: Vec<Manifest>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
}

impl Drop for Manifest {
    fn drop(&mut self) {
        let maps = [&mut self.data, &mut self.string_data];
        for value in maps
            .into_iter()
            .flatten()
            .flat_map(BTreeMap::values_mut)
            .flatten()
        {
            value.zeroize();
        }
    }
}

/// What a manifest that is read here is of.
pub(super) const KIND: &str = "Secret";

/// Adds what the secrets hold. Answers whether `text` is a manifest of any.
pub(super) fn read(text: &str, place: &str, reading: &mut Reading<'_>) -> bool {
    // Nearly all text is none: do not let a YAML parser loose on it.
    if !text.contains(KIND) || !text.contains("kind") {
        return false;
    }
    if text.len() > limits::MANIFEST_BYTES {
        // Where it is no manifest after all, the PEM in it is found.
        if pem::has_block(text) {
            return false;
        }
        let message = format!(
            "The manifest has more than {} bytes.",
            limits::MANIFEST_BYTES
        );
        reading.damage(Finding::new(&finding::TOO_LARGE, place, message));
        return true;
    }
    let manifests = manifests(text);
    let mut secrets = manifests.iter().flat_map(secrets).peekable();
    let is_manifest = secrets.peek().is_some();
    secrets.for_each(|one| secret(one, place, reading));
    is_manifest
}

/// What in `text` has the form of a manifest.
fn manifests(text: &str) -> Vec<Manifest> {
    let mut manifests = Vec::new();
    if text.trim_start().starts_with('{') {
        // One object after the other, or YAML that is written like JSON.
        let objects = serde_json::Deserializer::from_str(text).into_iter();
        manifests.extend(objects.map_while(Result::ok));
    }
    if manifests.is_empty() {
        // Beside the secret there may be documents of any shape.
        let documents = documents(text).filter(|document| document.contains(KIND));
        manifests.extend(documents.filter_map(|document| serde_saphyr::from_str(document).ok()));
    }
    manifests
}

/// The documents of a YAML stream: `---` at the start of a line parts them, even in a block of text.
///
/// Source: <https://yaml.org/spec/1.2.2/#912-document-markers>
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        let mut end = 0;
        for line in current.split_inclusive('\n') {
            let is_mark = line
                .strip_prefix("---")
                .is_some_and(|after| after.is_empty() || after.starts_with(char::is_whitespace));
            if is_mark && end > 0 {
                let (document, after) = current.split_at_checked(end)?;
                rest = Some(after);
                return Some(document);
            }
            end += line.len();
        }
        rest = None;
        Some(current)
    })
}

/// The secrets in `manifest`. A list holds no lists, so that one level is enough.
fn secrets(manifest: &Manifest) -> impl Iterator<Item = &Manifest> {
    let own = (manifest.kind.as_deref() == Some(KIND)).then_some(manifest);
    // The items of a SecretList need not name their kind.
    let kind_of_items = (manifest.kind.as_deref() == Some("SecretList")).then_some(KIND);
    let listed = manifest.items.iter();
    let listed = listed.filter(move |item| item.kind.as_deref().or(kind_of_items) == Some(KIND));
    own.into_iter().chain(listed)
}

fn secret(manifest: &Manifest, place: &str, reading: &mut Reading<'_>) {
    let name = manifest.metadata.name.as_deref().unwrap_or("secret");
    for (member, value) in manifest.data.iter().flatten() {
        let place = format!("{place}, {name}/{member}");
        let digits: Zeroizing<String> = Zeroizing::new(
            value
                .iter()
                .flat_map(|value| value.chars())
                .filter(|c| !c.is_whitespace())
                .collect(),
        );
        if let Ok(bytes) = STANDARD.decode(digits.as_bytes()).map(Zeroizing::new) {
            format::read(&bytes, &place, reading);
        } else if let Some(text) = value.as_deref().filter(|text| pem::has_block(text)) {
            // It belongs into `stringData`, but what is meant is clear.
            pem::read(text, &place, reading);
        } else {
            reading.malformed(&place, "The value is not valid base64.");
        }
    }
    for (member, value) in manifest.string_data.iter().flatten() {
        let text = value.as_deref().unwrap_or_default();
        let place = format!("{place}, {name}/{member}");
        format::read(text.as_bytes(), &place, reading);
    }
}
