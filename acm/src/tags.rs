//! The tags of a certificate.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::unsettled::{ReservedTag, TagWithoutValue};

/// Tags by key. The length of keys and values is the model's business, see [`super::requests`].
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Tags(BTreeMap<String, Option<String>>);

/// A tag of a request; the value may be left out.
pub(super) struct GivenTag<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its value, if the request has one.
    pub value: Option<&'a str>,
}

/// Reads a `TagList` that has passed the model.
pub(super) fn given(list: &Value) -> Vec<GivenTag<'_>> {
    let tags = list.as_array().map(Vec::as_slice).unwrap_or_default();
    tags.iter()
        .filter_map(|tag| {
            Some(GivenTag {
                key: tag.get("Key")?.as_str()?,
                value: tag.get("Value").and_then(Value::as_str),
            })
        })
        .collect()
}

impl Tags {
    /// These tags with `given` added or, where the key is there already, in its place.
    ///
    /// # Errors
    ///
    /// The code of `reserved` for a reserved prefix, `InvalidTagException` for a key given twice,
    /// `TooManyTagsException` above 50.
    pub(super) fn with(
        &self,
        given: &[GivenTag<'_>],
        reserved: ReservedTag,
    ) -> Result<Self, Refusal> {
        let mut tags = self.clone();
        let mut seen: Vec<&str> = Vec::new();
        for tag in given {
            let value = tag.value.unwrap_or_default();
            if [tag.key, value].iter().any(|text| is_reserved(text)) {
                return Err(reserved_refusal(reserved));
            }
            if seen.contains(&tag.key) {
                return Err(Refusal::invalid_tag(format!(
                    "The tag key '{}' is given more than once.",
                    tag.key
                )));
            }
            seen.push(tag.key);
            tags.0
                .insert(tag.key.to_owned(), tag.value.map(str::to_owned));
        }
        if tags.0.len() > MAX_TAGS {
            let all = tags.0.iter();
            return Err(too_many(all.map(|(key, value)| {
                (key.as_str(), value.as_deref().unwrap_or_default())
            })));
        }
        Ok(tags)
    }

    /// These tags without `given`. A tag with a value goes only if it has that value; one that is
    /// not there is no error.
    ///
    /// # Errors
    ///
    /// The code of `reserved` for a reserved prefix.
    pub(super) fn without(
        &self,
        given: &[GivenTag<'_>],
        reserved: ReservedTag,
    ) -> Result<Self, Refusal> {
        if given.iter().any(|tag| is_reserved(tag.key)) {
            return Err(reserved_refusal(reserved));
        }
        let goes = |key: &str, value: Option<&str>| {
            given.iter().any(|tag| {
                tag.key == key
                    && tag
                        .value
                        .is_none_or(|wanted| wanted == value.unwrap_or_default())
            })
        };
        let mut kept = self.clone();
        kept.0.retain(|key, value| !goes(key, value.as_deref()));
        Ok(kept)
    }

    /// The value of `key`.
    #[must_use]
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.get(key)?;
        Some(value.as_deref().unwrap_or_default())
    }

    /// No tag at all.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the answers show them, by key.
    #[must_use]
    pub(super) fn to_json(&self, without_value: TagWithoutValue) -> Value {
        let tags = self.0.iter();
        tags.map(|(key, value)| match (value, without_value) {
            (None, TagWithoutValue::Absent) => json!({"Key": key}),
            _ => json!({"Key": key, "Value": value.as_deref().unwrap_or_default()}),
        })
        .collect()
    }
}

/// The sentence is moto's.
fn reserved_refusal(code: ReservedTag) -> Refusal {
    let code = match code {
        ReservedTag::InvalidTagException => "InvalidTagException",
        ReservedTag::ValidationException => "ValidationException",
    };
    Refusal::new(code, "AWS internal tags cannot be changed with this API")
}

/// Judges how many tags a request has, before the model does.
///
/// # Errors
///
/// `TooManyTagsException` above 50.
pub(super) fn check_count(list: &Value) -> Result<(), Refusal> {
    let given = given(list);
    if given.len() > MAX_TAGS {
        let given = given.iter();
        return Err(too_many(
            given.map(|tag| (tag.key, tag.value.unwrap_or_default())),
        ));
    }
    Ok(())
}

/// `TooManyTagsException`, in moto's words.
fn too_many<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Refusal {
    let set: Vec<String> = tags.map(|(key, value)| format!("{key}={value}")).collect();
    let message = format!(
        "the TagSet: '{{{}}}' contains too many Tags",
        set.join(", ")
    );
    Refusal::new("TooManyTagsException", message)
}

fn is_reserved(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// Source: ACM User Guide, "Tagging ACM resources".
const MAX_TAGS: usize = 50;
