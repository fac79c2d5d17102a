//! What the operator says about tags of certificates.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::changes::WantedTags;
use super::key::{LONGEST_VALUE, SEPARATOR, TagKey, length, problem_of_value};
use crate::finding::{self, Finding};
use crate::tag::ACM_PREFIX;

/// The tags that a setting may name. The template's policy has a place for each.
pub const MOST_SET: usize = 10;

/// The keys that a list of keys may have. With the setting's tags and certdrop's own they fit on a certificate.
pub const MOST_KEYS: usize = 20;

/// Hexadecimal digits of a [`TagSettingsId`].
const ID_DIGITS: usize = 16;

/// What the operator says about tags of certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagSettings {
    set: BTreeMap<TagKey, String>,
    by_uploaders: BTreeSet<TagKey>,
    former: BTreeSet<TagKey>,
}

/// Another one where the settings for tags are others. Sweeps compare it with what a summary tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagSettingsId(String);

impl TagSettings {
    /// Reads three settings: `CERTDROP_CERTIFICATE_TAGS` (`team=payments,cost-center=42`),
    /// `CERTDROP_UPLOADER_TAG_KEYS` and `CERTDROP_FORMER_TAG_KEYS` (`team,owner`). The first `=` ends a key; ACM takes
    /// no commas in tags, so that none has to be written.
    ///
    /// # Errors
    ///
    /// All that is wrong with them.
    pub fn read(set: &str, by_uploaders: &str, former: &str) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let settings = Self {
            set: tags(set, &mut wrong),
            by_uploaders: keys("CERTDROP_UPLOADER_TAG_KEYS", by_uploaders, &mut wrong),
            former: keys("CERTDROP_FORMER_TAG_KEYS", former, &mut wrong),
        };
        for key in &settings.former {
            if settings.set.contains_key(key) || settings.by_uploaders.contains(key) {
                wrong.push(format!(
                    "CERTDROP_FORMER_TAG_KEYS names `{key}`, which CERTDROP_CERTIFICATE_TAGS or CERTDROP_UPLOADER_TAG_KEYS names too"
                ));
            }
        }
        let all: BTreeSet<_> = settings.set.keys().chain(&settings.by_uploaders).collect();
        let all: BTreeSet<_> = all.into_iter().chain(&settings.former).collect();
        if length(&joined(all)) > LONGEST_VALUE {
            // They are written into the value of one tag.
            wrong.push(
                "the keys in CERTDROP_CERTIFICATE_TAGS, CERTDROP_UPLOADER_TAG_KEYS and CERTDROP_FORMER_TAG_KEYS have more than 255 characters together, one between two keys included".to_owned(),
            );
        }
        if wrong.is_empty() {
            Ok(settings)
        } else {
            Err(wrong)
        }
    }

    /// `None` where they say nothing: certdrop then leaves all tags as they are.
    #[must_use]
    pub fn id(&self) -> Option<TagSettingsId> {
        if *self == Self::default() {
            return None;
        }
        // No tag has a comma or a semicolon, so that different settings are different texts.
        let pairs: Vec<_> = self
            .set
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let keys = |keys: &BTreeSet<TagKey>| joined(keys);
        let text = format!(
            "{};{};{}",
            pairs.join(","),
            keys(&self.by_uploaders),
            keys(&self.former)
        );
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        Some(TagSettingsId(
            hex::encode(digest).chars().take(ID_DIGITS).collect(),
        ))
    }

    /// The tags that a bundle's certificates ought to have, where `objects` are its objects' keys and tags, the last
    /// written last: its tags go first. A tag that cannot be taken over is a warning, so that a mistake in a tag does
    /// not stop a renewal.
    pub fn wanted<'a>(
        &self,
        objects: impl IntoIterator<Item = (&'a str, &'a BTreeMap<String, String>)>,
    ) -> (WantedTags, Vec<Finding>) {
        let mut tags = self.set.clone();
        let mut findings = Vec::new();
        for (object, own) in objects {
            for (name, value) in own {
                let Some(key) = name.strip_prefix(ACM_PREFIX) else {
                    continue;
                };
                match self.of_uploader(key, value) {
                    Ok(key) => drop(tags.insert(key, value.clone())),
                    Err((rule, problem)) => {
                        let message = format!("Its tag `{name}` {problem}.");
                        findings.push(Finding::new(rule, object, message));
                    }
                }
            }
        }
        (WantedTags(tags), findings)
    }

    fn of_uploader(
        &self,
        key: &str,
        value: &str,
    ) -> Result<TagKey, (&'static finding::Rule, &'static str)> {
        let key = TagKey::parse(key).ok();
        let key = key.filter(|key| self.by_uploaders.contains(key)).ok_or((
            &finding::TAG_NOT_ALLOWED,
            "has a key that uploaders may not set",
        ))?;
        problem_of_value(value).map_or(Ok(key), |problem| Err((&finding::TAG_INVALID, problem)))
    }

    /// The setting itself wants such a tag, whatever its value.
    pub(super) fn sets(&self, key: &TagKey) -> bool {
        self.set.contains_key(key)
    }

    /// The policy lets certdrop remove such a tag, which is wanted no more.
    pub(super) fn may_remove(&self, key: &TagKey) -> bool {
        self.former.contains(key) || self.by_uploaders.contains(key)
    }
}

/// Keys as the record of what certdrop set has them.
pub(super) fn joined<'a>(keys: impl IntoIterator<Item = &'a TagKey>) -> String {
    let keys: Vec<_> = keys.into_iter().map(TagKey::as_str).collect();
    keys.join(&SEPARATOR.to_string())
}

fn tags(setting: &str, wrong: &mut Vec<String>) -> BTreeMap<TagKey, String> {
    const NAME: &str = "CERTDROP_CERTIFICATE_TAGS";
    let mut tags = BTreeMap::new();
    for pair in parts(setting) {
        let Some((key, value)) = pair.split_once('=') else {
            wrong.push(format!(
                "{NAME} has `{pair}`; it must be tags as team=payments, separated by commas"
            ));
            continue;
        };
        let problem = match TagKey::parse(key) {
            Err(problem) => Some(problem),
            Ok(key) => problem_of_value(value).or_else(|| {
                let before = tags.insert(key, value.to_owned());
                before.map(|_| "has a key that another one has too")
            }),
        };
        wrong.extend(problem.map(|problem| format!("{NAME} has `{pair}`, which {problem}")));
    }
    if tags.len() > MOST_SET {
        wrong.push(format!(
            "{NAME} has {} tags; it may have {MOST_SET}",
            tags.len()
        ));
    }
    tags
}

fn keys(name: &str, setting: &str, wrong: &mut Vec<String>) -> BTreeSet<TagKey> {
    let mut keys = BTreeSet::new();
    for text in parts(setting) {
        match TagKey::parse(text) {
            Ok(key) => drop(keys.insert(key)),
            Err(problem) => wrong.push(format!("{name} has `{text}`, which {problem}")),
        }
    }
    if keys.len() > MOST_KEYS {
        wrong.push(format!(
            "{name} has {} keys; it may have {MOST_KEYS}",
            keys.len()
        ));
    }
    keys
}

/// Nothing where the setting is empty.
fn parts(setting: &str) -> impl Iterator<Item = &str> {
    let parts = setting.split(',');
    parts.filter(|_| !setting.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(set: &str, by_uploaders: &str, former: &str) -> String {
        let wrong = TagSettings::read(set, by_uploaders, former).expect_err("they are wrong");
        wrong.join("; ")
    }

    #[test]
    fn tags_are_written_as_for_the_tools_of_aws() {
        let settings = TagSettings::read(
            "team=payments,cost-center=42,url=https://a/?b=c,empty=",
            "",
            "",
        );
        // `?` is no character of a tag.
        assert!(settings.is_err());
        let settings = TagSettings::read("team=payments,Cost Center=a=b,empty=", "owner", "env");
        let settings = settings.expect("they are right");
        let (wanted, findings) = settings.wanted([]);
        assert_eq!(
            wanted.pairs(),
            [("Cost Center", "a=b"), ("empty", ""), ("team", "payments")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert!(findings.is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let told = wrong(
            "team,=x,team=a,team=b,aws:x=1,v=a;b",
            "certdrop:managed,,owner",
            "owner,a=b",
        );
        for problem in [
            "CERTDROP_CERTIFICATE_TAGS has `team`; it must be tags as team=payments",
            "CERTDROP_CERTIFICATE_TAGS has `=x`, which has no key",
            "CERTDROP_CERTIFICATE_TAGS has `team=b`, which has a key that another one has too",
            "CERTDROP_CERTIFICATE_TAGS has `aws:x=1`, which has a key that AWS or certdrop reserves",
            "CERTDROP_CERTIFICATE_TAGS has `v=a;b`, which has a value with other characters",
            "CERTDROP_UPLOADER_TAG_KEYS has `certdrop:managed`, which has a key that AWS or certdrop reserves",
            "CERTDROP_UPLOADER_TAG_KEYS has ``, which has no key",
            "CERTDROP_FORMER_TAG_KEYS has `a=b`, which has a key with other characters",
            "CERTDROP_FORMER_TAG_KEYS names `owner`, which CERTDROP_CERTIFICATE_TAGS or CERTDROP_UPLOADER_TAG_KEYS names too",
        ] {
            assert!(told.contains(problem), "{problem} is not in: {told}");
        }
    }

    #[test]
    fn the_number_and_the_length_of_keys_have_limits() {
        let pairs = |count: usize| {
            let pairs: Vec<_> = (0..count).map(|number| format!("k{number}=v")).collect();
            pairs.join(",")
        };
        let keys = |count: usize| {
            let keys: Vec<_> = (0..count).map(|number| format!("u{number}")).collect();
            keys.join(",")
        };
        assert!(TagSettings::read(&pairs(10), &keys(20), "").is_ok());
        assert!(wrong(&pairs(11), "", "").contains("has 11 tags; it may have 10"));
        assert!(wrong("", &keys(21), "").contains("has 21 keys; it may have 20"));
        let (a, b) = ("a".repeat(127), "b".repeat(127));
        assert!(TagSettings::read(&format!("{a}=1"), &b, "").is_ok());
        assert!(
            wrong(&format!("{a}=1"), &b, "c").contains("more than 255 characters together"),
            "127 + 1 + 127 are 255"
        );
    }

    #[test]
    fn other_settings_have_another_id() {
        let id = |set, by_uploaders, former| {
            let settings = TagSettings::read(set, by_uploaders, former);
            settings.expect("they are right").id()
        };
        assert_eq!(id("", "", ""), None);
        assert_eq!(id("a=1,b=2", "c,d", ""), id("b=2,a=1", "d,c", ""));
        let ids = [
            id("a=1", "", ""),
            id("a=2", "", ""),
            id("a=1", "b", ""),
            id("a=1", "", "b"),
            id("", "b", ""),
            id("", "", "b"),
        ];
        for (number, one) in ids.iter().enumerate() {
            assert!(one.is_some());
            assert!(!ids.iter().skip(number + 1).any(|other| other == one));
        }
    }

    fn object(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        tags.iter().map(pair).collect()
    }

    #[test]
    fn an_uploader_sets_the_keys_that_the_operator_allows_and_no_others() {
        let settings = TagSettings::read("team=ops,env=prod", "team,owner", "");
        let settings = settings.expect("they are right");
        let first = object(&[
            ("acm:team", "web"),
            ("acm:owner", "ann"),
            ("certdrop:outcome", "imported"),
            ("team", "no tag for ACM"),
        ]);
        let last = object(&[
            ("acm:env", "test"),
            ("acm:certdrop:managed", "false"),
            ("acm:aws:x", "1"),
            ("acm:", "x"),
            ("acm:owner", "bob"),
        ]);
        let (wanted, findings) = settings.wanted([("drop/a/1", &first), ("drop/a/2", &last)]);
        assert_eq!(
            wanted.pairs(),
            [("env", "prod"), ("owner", "bob"), ("team", "web")]
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
            "the last object's tag goes before the first one's, and an object's before the setting's"
        );
        let told: Vec<_> = findings
            .iter()
            .map(|finding| (finding.code.as_ref(), finding.message.as_str()))
            .collect();
        let not_allowed =
            |name: &str| format!("Its tag `{name}` has a key that uploaders may not set.");
        assert_eq!(
            told,
            [
                ("tag-not-allowed", not_allowed("acm:").as_str()),
                ("tag-not-allowed", &not_allowed("acm:aws:x")),
                ("tag-not-allowed", &not_allowed("acm:certdrop:managed")),
                ("tag-not-allowed", &not_allowed("acm:env")),
            ]
        );
        assert!(
            findings
                .iter()
                .all(|finding| finding.subject == "drop/a/2" && !finding.is_error())
        );
    }

    #[test]
    fn an_uploader_s_value_that_acm_refuses_is_not_sent() {
        let settings = TagSettings::read("team=ops", "team", "").expect("they are right");
        let long = "v".repeat(256);
        for value in ["a,b", "aws:x", &long] {
            let tags = object(&[("acm:team", value)]);
            let (wanted, findings) = settings.wanted([("drop/a.pem", &tags)]);
            assert_eq!(wanted.pairs(), [("team".to_owned(), "ops".to_owned())]);
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].code, "tag-invalid");
        }
    }
}
