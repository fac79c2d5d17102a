//! The constraints that the service's model puts on a request, checked before anything else.
//!
//! The texts are those of AWS's own request validator, which lists every violation at once.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// What a member of a request may be.
pub enum Shape {
    /// Lengths in characters.
    Text {
        /// At least so many characters.
        min: usize,
        /// At most so many.
        max: usize,
        /// And all of it matches.
        pattern: Option<&'static Pattern>,
    },
    /// Base64 in JSON; lengths in bytes of what it stands for. Never quoted in a message.
    Blob {
        /// At least so many bytes.
        min: usize,
        /// At most so many.
        max: usize,
    },
    /// A whole number.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// Seconds since 1970, with or without a fraction.
    Timestamp,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any number of one shape within bounds.
    List {
        /// Shape of the elements.
        of: &'static Shape,
        /// At least so many.
        min: usize,
        /// At most so many.
        max: usize,
    },
    /// Text to text.
    Map {
        /// Shape of the keys.
        keys: &'static Shape,
        /// Shape of the values.
        values: &'static Shape,
        /// At least so many.
        min: usize,
        /// At most so many.
        max: usize,
    },
    /// Named members; unknown ones are ignored, as AWS ignores them.
    Structure(&'static [Member]),
    /// Exactly one of these members.
    Union(&'static [Member]),
}

/// A member of a structure.
pub struct Member {
    /// Its name in JSON.
    pub name: &'static str,
    /// Whether it must be there.
    pub presence: Presence,
    /// What it may be.
    pub shape: &'static Shape,
}

/// Whether a member must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// It may be left out. `null` counts as left out.
    Optional,
}

/// A regular expression of the model and our reading of it.
///
/// Some of the model's expressions look ahead, which no regular expression library of ours does.
pub struct Pattern {
    /// The model's text, as it appears in AWS's message.
    pub text: &'static str,
    /// Whether all of a text matches.
    pub matches: fn(&str) -> bool,
}

/// Checks `request` against `shape`, a structure.
///
/// # Errors
///
/// `SerializationException` for a member of another JSON type, else one `ValidationException` that
/// lists all violations.
pub(super) fn check(shape: &Shape, request: &Map<String, Value>) -> Result<(), Refusal> {
    let mut violations = Vec::new();
    let (Shape::Structure(members) | Shape::Union(members)) = shape else {
        return Ok(());
    };
    check_members(members, request, "", &mut violations)?;
    match violations.len() {
        0 => Ok(()),
        1 => Err(Refusal::validation(format!(
            "1 validation error detected: {}",
            violations.concat()
        ))),
        many => Err(Refusal::validation(format!(
            "{many} validation errors detected: {}",
            violations.join("; ")
        ))),
    }
}

fn check_members(
    members: &[Member],
    given: &Map<String, Value>,
    path: &str,
    violations: &mut Vec<String>,
) -> Result<(), Refusal> {
    for member in members {
        let here = join(path, &lower_first(member.name));
        match given.get(member.name).filter(|value| !value.is_null()) {
            Some(value) => check_value(member.shape, value, &here, violations)?,
            None if member.presence == Presence::Required => violations.push(format!(
                "Value null at '{here}' failed to satisfy constraint: Member must not be null"
            )),
            None => {}
        }
    }
    Ok(())
}

fn check_value(
    shape: &Shape,
    value: &Value,
    path: &str,
    violations: &mut Vec<String>,
) -> Result<(), Refusal> {
    let wrong_type = || wrong_type(path);
    let mut violate = |quoted: &str, constraint: String| {
        violations.push(format!(
            "Value{quoted} at '{path}' failed to satisfy constraint: {constraint}"
        ));
    };
    match shape {
        Shape::Text { min, max, pattern } => {
            let text = value.as_str().ok_or_else(wrong_type)?;
            for constraint in text_violations(text, *min, *max, *pattern) {
                violate(&format!(" '{text}'"), constraint);
            }
        }
        Shape::Blob { min, max } => {
            let text = value.as_str().ok_or_else(wrong_type)?;
            // The decoded bytes may be a private key: they are wiped.
            let bytes = BASE64_STANDARD
                .decode(text)
                .map(zeroize::Zeroizing::new)
                .map_err(|_| wrong_type())?;
            for constraint in length_violations(bytes.len(), *min, *max) {
                violate("", constraint);
            }
        }
        Shape::Integer { min, max } => {
            let number = value.as_i64().ok_or_else(wrong_type)?;
            for constraint in value_violations(number, *min, *max) {
                violate(&format!(" '{number}'"), constraint);
            }
        }
        Shape::Boolean => {
            value.as_bool().ok_or_else(wrong_type)?;
        }
        Shape::Timestamp => {
            value.as_f64().ok_or_else(wrong_type)?;
        }
        Shape::OneOf(words) => {
            let text = value.as_str().ok_or_else(wrong_type)?;
            if !words.contains(&text) {
                violate(&format!(" '{text}'"), not_one_of(words));
            }
        }
        Shape::List { of, min, max } => {
            let list = value.as_array().ok_or_else(wrong_type)?;
            for constraint in length_violations(list.len(), *min, *max) {
                violate("", constraint);
            }
            check_elements(of, list, path, violations)?;
        }
        Shape::Map {
            keys,
            values,
            min,
            max,
        } => {
            let map = value.as_object().ok_or_else(wrong_type)?;
            for constraint in length_violations(map.len(), *min, *max) {
                violate("", constraint);
            }
            for (key, value) in map {
                check_value(keys, &Value::from(key.as_str()), path, violations)?;
                check_value(values, value, &join(path, key), violations)?;
            }
        }
        Shape::Structure(members) => {
            let given = value.as_object().ok_or_else(wrong_type)?;
            check_members(members, given, path, violations)?;
        }
        Shape::Union(members) => {
            let given = value.as_object().ok_or_else(wrong_type)?;
            let chosen = given.values().filter(|value| !value.is_null()).count();
            if chosen != 1 {
                return Err(Refusal::unreadable(format!(
                    "'{path}' is a union and must have exactly one member, but has {chosen}"
                )));
            }
            check_members(members, given, path, violations)?;
        }
    }
    Ok(())
}

/// Words are checked together: ACM quotes the whole list where one of them breaks a constraint.
fn check_elements(
    of: &Shape,
    list: &[Value],
    path: &str,
    violations: &mut Vec<String>,
) -> Result<(), Refusal> {
    let Some(constraints) = constraints_of_words(of) else {
        for (position, element) in list.iter().enumerate() {
            let here = format!("{path}.{}.member", position + 1);
            check_value(of, element, &here, violations)?;
        }
        return Ok(());
    };
    let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    let words = words.ok_or_else(|| wrong_type(path))?;
    if words.iter().any(|word| breaks(of, word)) {
        violations.push(format!(
            "Value '[{}]' at '{path}' failed to satisfy constraint: Member must satisfy constraint: [{}]",
            words.join(", "),
            constraints.join(", ")
        ));
    }
    Ok(())
}

fn wrong_type(path: &str) -> Refusal {
    Refusal::unreadable(format!("'{path}' has another type than the model's"))
}

/// All constraints on the elements of a list of words; `None` for a list of anything else. AWS's
/// validator names the list and all of them, where it names the element and one for structures
/// (Terraform provider, pull request 14782).
fn constraints_of_words(element: &Shape) -> Option<Vec<String>> {
    match element {
        Shape::Text { min, max, pattern } => {
            let mut all = vec![longer_than(*max), shorter_than(*min)];
            all.extend(pattern.map(not_matching));
            Some(all)
        }
        Shape::OneOf(words) => Some(vec![not_one_of(words)]),
        _ => None,
    }
}

fn breaks(element: &Shape, word: &str) -> bool {
    match element {
        Shape::Text { min, max, pattern } => {
            !text_violations(word, *min, *max, *pattern).is_empty()
        }
        Shape::OneOf(words) => !words.contains(&word),
        _ => false,
    }
}

fn text_violations(text: &str, min: usize, max: usize, pattern: Option<&Pattern>) -> Vec<String> {
    let mut found = length_violations(text.chars().count(), min, max);
    if let Some(pattern) = pattern.filter(|pattern| !(pattern.matches)(text)) {
        found.push(not_matching(pattern));
    }
    found
}

fn not_matching(pattern: &Pattern) -> String {
    format!(
        "Member must satisfy regular expression pattern: {}",
        pattern.text
    )
}

fn not_one_of(words: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", words.join(", "))
}

fn value_violations(number: i64, min: i64, max: i64) -> Vec<String> {
    let mut found = Vec::new();
    if number < min {
        found.push(format!(
            "Member must have value greater than or equal to {min}"
        ));
    }
    if number > max {
        found.push(format!(
            "Member must have value less than or equal to {max}"
        ));
    }
    found
}

fn length_violations(length: usize, min: usize, max: usize) -> Vec<String> {
    let mut found = Vec::new();
    if length < min {
        found.push(shorter_than(min));
    }
    if length > max {
        found.push(longer_than(max));
    }
    found
}

fn shorter_than(min: usize) -> String {
    format!("Member must have length greater than or equal to {min}")
}

fn longer_than(max: usize) -> String {
    format!("Member must have length less than or equal to {max}")
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The validator writes members as Java names its fields: `certificateArn`.
fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
