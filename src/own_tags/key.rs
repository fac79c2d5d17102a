//! What ACM takes as a tag, and what certdrop takes as a key of its own.

use std::fmt;

/// The longest key, in UTF-16 units. The API takes 128 characters, the guide allows 127: both take this.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/userguide/tags-restrictions.html>,
/// <https://docs.aws.amazon.com/acm/latest/APIReference/API_Tag.html>
const LONGEST_KEY: usize = 127;

/// The longest value, in UTF-16 units. The API takes 256 characters, the guide allows 255.
pub(super) const LONGEST_VALUE: usize = 255;

/// Between the keys in the record of what certdrop set. No key of ours has it.
pub(super) const SEPARATOR: char = '+';

/// The key of a tag that certdrop may set: ACM takes it, nobody reserves it, and the record can hold it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagKey(String);

impl TagKey {
    /// Takes `text` as a key.
    ///
    /// # Errors
    ///
    /// The reason why it is none, as the end of a sentence about it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("has no key");
        }
        if is_below(text, "aws:") || is_below(text, "certdrop:") {
            return Err("has a key that AWS or certdrop reserves");
        }
        if length(text) > LONGEST_KEY {
            return Err("has a key of more than 127 characters");
        }
        if text.trim() != text {
            return Err("has a key with blanks around it");
        }
        // A setting cannot write a `=` in a key, and the record separates keys by `+`.
        if !text.chars().all(is_taken) || text.contains(['=', SEPARATOR]) {
            return Err("has a key with other characters than letters, digits, blanks and _.:/-@");
        }
        Ok(Self(text.to_owned()))
    }

    /// As ACM gets it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why ACM would not take `value`, as the end of a sentence about its tag; `None` where it would.
pub(super) fn problem_of_value(value: &str) -> Option<&'static str> {
    if length(value) > LONGEST_VALUE {
        return Some("has a value of more than 255 characters");
    }
    if is_below(value, "aws:") {
        return Some("has a value that AWS reserves");
    }
    if !value.chars().all(is_taken) {
        return Some("has a value with other characters than letters, digits, blanks and _.:/=+-@");
    }
    None
}

pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`. `is_alphabetic` takes in some marks beside the category L, which only scripts with
/// combining vowels have.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_Tag.html>
fn is_taken(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// Reserved in upper and lower case.
fn is_below(text: &str, prefix: &str) -> bool {
    let start = text.as_bytes().get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_acm_takes_and_nobody_reserves() {
        let longest = "k".repeat(127);
        for key in [
            "team",
            "Cost Center",
            "kubernetes.io/cluster/a",
            "Straße",
            "a:b@c_d-e.f",
            "awsome",
            "名前",
            &longest,
        ] {
            assert_eq!(TagKey::parse(key).map(|key| key.0), Ok(key.to_owned()));
        }
        let too_long = "k".repeat(128);
        // 64 characters that take two UTF-16 units each.
        let too_wide = "𝒳".repeat(64);
        for key in [
            "",
            "aws:team",
            "AWS:team",
            "certdrop:managed",
            "Certdrop:team",
            "certdrop:",
            " team",
            "team ",
            "a,b",
            "a=b",
            "a+b",
            "a*",
            "a\tb",
            "a\nb",
            &too_long,
            &too_wide,
        ] {
            assert!(TagKey::parse(key).is_err(), "{key}");
        }
    }

    #[test]
    fn a_value_is_what_acm_takes() {
        let longest = "v".repeat(255);
        for value in ["", " ", "a=b+c", "ops@example.com", "Zürich", &longest] {
            assert_eq!(problem_of_value(value), None, "{value}");
        }
        let too_long = "v".repeat(256);
        for value in ["a,b", "*", "a\nb", "aws:x", "AWS:x", "a;b", &too_long] {
            assert!(problem_of_value(value).is_some(), "{value}");
        }
    }
}
