//! A region of AWS.

use std::fmt;

use crate::text_form::text_form;

/// The name of a region: `eu-central-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// Takes `us-east-1`, `us-gov-west-1`; `None` where no region can be called `text`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split('-').collect();
        let (number, words) = parts.split_last()?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_word =
            |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_region = is_number && words.len() >= 2 && words.iter().all(is_word);
        is_region.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_form!(Region, Self::parse, "no region's name");

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn regions_are_told_from_other_words() {
        for (text, is_region) in [
            ("eu-central-1", true),
            ("us-gov-west-1", true),
            ("ap-southeast-12", true),
            ("us-east", false),
            ("us-east-", false),
            ("us-1", false),
            ("US-EAST-1", false),
            ("us--east-1", false),
            (" us-east-1", false),
            ("us-east-1a", false),
            ("", false),
        ] {
            assert_eq!(Region::parse(text).is_some(), is_region, "{text}");
        }
    }

    #[test]
    fn what_is_read_is_a_region_also_as_a_key() {
        let read = |json| serde_json::from_str::<BTreeMap<Region, u8>>(json);
        let there = BTreeMap::from([(Region("eu-central-1".to_owned()), 1)]);
        let json = serde_json::to_string(&there).expect("JSON");
        assert_eq!(json, r#"{"eu-central-1":1}"#);
        assert_eq!(read(&json).expect("regions"), there);
        assert!(read(r#"{"eu-central-1<script>":1}"#).is_err());
    }
}
