//! What a summary was made from, as one short text: answers "changed since?" without reading.

use std::fmt;

use crate::text_form::text_form;
use ring::digest::{Context, SHA256};

/// Hexadecimal digits of an id: 128 bits.
const DIGITS: usize = 32;

/// One thing that a bundle was made from: an object with its ETag, a parameter with its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Object key or parameter name.
    pub name: String,
    /// Changes whenever the content does: the ETag, the parameter's version.
    pub version: String,
}

/// The id of a bundle's content: the same sources give the same id in any order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(String);

impl ContentId {
    /// The id of a bundle that was made from `sources`.
    #[must_use]
    pub fn of(mut sources: Vec<Source>) -> Self {
        sources.sort();
        let mut digest = Context::new(&SHA256);
        for source in &sources {
            // Lengths first, so that no two lists of sources run into one text.
            for text in [&source.name, &source.version] {
                digest.update(text.len().to_string().as_bytes());
                digest.update(b":");
                digest.update(text.as_bytes());
            }
        }
        let mut id = hex::encode(digest.finish());
        id.truncate(DIGITS);
        Self(id)
    }

    /// Reads an id back from a summary's key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let right = text.len() == DIGITS
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        right.then(|| Self(text.to_owned()))
    }
}

text_form!(ContentId, Self::parse, "no content id");

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sources: &[(&str, &str)]) -> ContentId {
        let source = |(name, version): &(&str, &str)| Source {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
        };
        ContentId::of(sources.iter().map(source).collect())
    }

    #[test]
    fn an_id_changes_with_content_and_not_with_order() {
        let both = id(&[("a.pem", "1"), ("b.pem", "2")]);
        assert_eq!(both, id(&[("b.pem", "2"), ("a.pem", "1")]));
        assert_ne!(both, id(&[("a.pem", "1"), ("b.pem", "3")]));
        assert_ne!(both, id(&[("a.pem", "1")]));
        assert_ne!(id(&[("a", "bc")]), id(&[("ab", "c")]));
        assert_eq!(ContentId::parse(&both.to_string()), Some(both));
        assert_eq!(ContentId::parse("latest"), None);
    }

    #[test]
    fn only_what_looks_like_an_id_is_one() {
        let id = "0123456789abcdef0123456789abcdef";
        for (text, expected) in [
            (id, true),
            (&id[1..], false),
            (&format!("{id}0"), false),
            (&id.to_uppercase(), false),
            (&id.replace('f', "g"), false),
            (&id.replace('f', "-"), false),
            ("", false),
        ] {
            assert_eq!(ContentId::parse(text).is_some(), expected, "{text}");
        }
    }
}
