//! The difference between the tags that a certificate ought to have and those that it has.

use std::collections::{BTreeMap, BTreeSet};

use super::key::{LONGEST_VALUE, SEPARATOR, TagKey, length};
use super::settings::{TagSettings, joined};
use crate::arn::CertificateArn;
use crate::finding::{self, Finding};
use crate::tag::OWN_TAGS_TAG;

/// The tags of a certificate. Those of AWS do not count.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/userguide/tags-restrictions.html>
const MOST_TAGS: usize = 50;

/// A key with its value.
pub type Pair = (String, String);

/// The tags that a bundle's certificates ought to have. [`TagSettings::wanted`] makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedTags(pub(super) BTreeMap<TagKey, String>);

/// What has to be done to a certificate's tags: first what is removed, then what is added.
///
/// In this order the record of what certdrop set, which is among what is added, names every tag of certdrop's at every
/// moment. A worker that dies between the two is followed by one that adds the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChanges {
    /// Tags to be removed, as they were when they were read. Who has given one another value since, keeps it.
    pub removed: Vec<Pair>,
    /// Tags to be added, or to be given another value.
    pub added: Vec<Pair>,
}

impl WantedTags {
    /// The tags themselves.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        let pair = |(key, value): (&TagKey, &String)| (key.to_string(), value.clone());
        self.0.iter().map(pair).collect()
    }

    /// What a new certificate gets: the tags, and the record of them.
    #[must_use]
    pub fn for_new(&self) -> Vec<Pair> {
        let mut pairs = self.pairs();
        if !pairs.is_empty() {
            pairs.push((OWN_TAGS_TAG.to_owned(), joined(self.0.keys())));
        }
        pairs
    }
}

impl TagChanges {
    /// Nothing has to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }
}

impl TagSettings {
    /// What has to be done so that the certificate `arn`, which has the tags `there`, gets those that are `wanted`.
    ///
    /// A tag of somebody else is neither removed nor given another value. One that certdrop set is certdrop's, and
    /// gets the value that is wanted back where somebody changed it.
    #[must_use]
    pub fn changes(
        &self,
        wanted: &WantedTags,
        arn: &CertificateArn,
        there: &BTreeMap<String, String>,
    ) -> (TagChanges, Vec<Finding>) {
        if self.id().is_none() {
            return (TagChanges::default(), Vec::new());
        }
        let comparison = Comparison {
            settings: self,
            wanted,
            arn,
            there,
            ours: recorded(there),
        };
        comparison.changes()
    }
}

/// The keys of the tags that certdrop set. What a person wrote into the record and certdrop could not have is left out.
fn recorded(there: &BTreeMap<String, String>) -> BTreeSet<TagKey> {
    let record = there.get(OWN_TAGS_TAG).map_or("", String::as_str);
    let keys = record.split(SEPARATOR);
    keys.filter_map(|key| TagKey::parse(key).ok()).collect()
}

struct Comparison<'a> {
    settings: &'a TagSettings,
    wanted: &'a WantedTags,
    arn: &'a CertificateArn,
    there: &'a BTreeMap<String, String>,
    ours: BTreeSet<TagKey>,
}

impl Comparison<'_> {
    fn changes(&self) -> (TagChanges, Vec<Finding>) {
        let mut changes = TagChanges::default();
        let mut findings = Vec::new();
        let left = self.remove(&mut changes, &mut findings);
        let ours = self.add(&mut changes, &mut findings);
        self.record(ours, left, &mut changes);
        (changes, findings)
    }

    /// Takes away what certdrop set and is wanted no more. Gives what has to be left, because the policy does not let it
    /// go.
    fn remove(&self, changes: &mut TagChanges, findings: &mut Vec<Finding>) -> BTreeSet<&TagKey> {
        let mut left = BTreeSet::new();
        let not_wanted = |key: &&TagKey| !self.wanted.0.contains_key(*key);
        for key in self.ours.iter().filter(not_wanted) {
            match self.there.get(key.as_str()) {
                None => {}
                Some(value) if self.settings.may_remove(key) => {
                    changes.removed.push((key.to_string(), value.clone()));
                }
                Some(_) => {
                    let problem = "is set by no setting any more";
                    findings.push(self.finding(&finding::TAG_LEFT, key, problem));
                    left.insert(key);
                }
            }
        }
        left
    }

    /// Adds what is wanted and not there, or there with another value that certdrop gave it. Gives what is certdrop's of all that is wanted.
    fn add(&self, changes: &mut TagChanges, findings: &mut Vec<Finding>) -> BTreeSet<&TagKey> {
        let mut ours = BTreeSet::new();
        let mut room = self.room(changes.removed.len());
        for (key, value) in self.in_order() {
            let there = self.there.get(key.as_str());
            let is_ours = self.ours.contains(key);
            match there {
                // Of a person, as it should be.
                Some(there) if there == value && !is_ours => continue,
                Some(_) if !is_ours => {
                    let problem = "was set by somebody else to another value";
                    findings.push(self.finding(&finding::TAG_OF_OTHERS, key, problem));
                    continue;
                }
                Some(_) => {}
                None if room == 0 => {
                    let problem = "does not fit beside the others";
                    findings.push(self.finding(&finding::CERTIFICATE_TAGS_FULL, key, problem));
                    continue;
                }
                None => room -= 1,
            }
            ours.insert(key);
            if there != Some(value) {
                changes.added.push((key.to_string(), value.clone()));
            }
        }
        ours
    }

    /// The tags that are wanted, those that the setting names before those of uploaders alone.
    fn in_order(&self) -> impl Iterator<Item = (&TagKey, &String)> {
        let mut tags: Vec<_> = self.wanted.0.iter().collect();
        tags.sort_by_key(|(key, _)| !self.settings.sets(key));
        tags.into_iter()
    }

    /// How many tags may be added beside the record, once `removed` are gone.
    fn room(&self, removed: usize) -> usize {
        let is_counted = |key: &&String| !key.starts_with("aws:") && *key != OWN_TAGS_TAG;
        let there = self.there.keys().filter(is_counted).count();
        MOST_TAGS.saturating_sub(1 + there - removed)
    }

    /// Writes down what is certdrop's from now on.
    fn record(&self, ours: BTreeSet<&TagKey>, left: BTreeSet<&TagKey>, changes: &mut TagChanges) {
        let mut record = joined(ours.iter().copied().chain(left).collect::<BTreeSet<_>>());
        if length(&record) > LONGEST_VALUE {
            // Those that no setting names fall away: nobody removes them then. The others fit, by the settings' limit.
            record = joined(ours);
        }
        match self.there.get(OWN_TAGS_TAG) {
            Some(before) if record.is_empty() => {
                changes
                    .removed
                    .push((OWN_TAGS_TAG.to_owned(), before.clone()));
            }
            None if record.is_empty() => {}
            Some(before) if *before == record => {}
            _ => changes.added.push((OWN_TAGS_TAG.to_owned(), record)),
        }
    }

    fn finding(&self, rule: &finding::Rule, key: &TagKey, problem: &str) -> Finding {
        let message = format!("Its tag `{key}` {problem}.");
        Finding::new(rule, self.arn, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:acm:eu-central-1:123456789012:certificate/1";

    fn tags(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    fn written(pairs: &[Pair]) -> String {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        pairs.join(",")
    }

    /// What is removed, what is added, and the codes of the findings, where the settings are the certificate's tags,
    /// keys of uploaders and former keys.
    fn changes(settings: [&str; 3], of_object: &str, there: &str) -> (String, String, Vec<String>) {
        let [set, by_uploaders, former] = settings;
        let settings = TagSettings::read(set, by_uploaders, former).expect("they are right");
        let object = tags(of_object);
        let (wanted, _) = settings.wanted([("drop/a.pem", &object)]);
        let arn = CertificateArn::parse(ARN).expect("an ARN");
        let (changes, findings) = settings.changes(&wanted, &arn, &tags(there));
        let codes = findings.iter().map(|finding| finding.code.to_string());
        (
            written(&changes.removed),
            written(&changes.added),
            codes.collect(),
        )
    }

    /// Name | the three settings | tags of the object | tags that are there | removed | added | findings.
    const SITUATIONS: &str = "
        the first                           | team=a;;      |             | certdrop:managed=true                         |         | team=a,certdrop:own-tags=team        |
        in line                             | team=a;;      |             | team=a,certdrop:own-tags=team                 |         |                                      |
        another value in the setting        | team=a;;      |             | team=b,certdrop:own-tags=team                 |         | team=a                               |
        gone by a person's hand             | team=a;;      |             | certdrop:own-tags=team                        |         | team=a                               |
        a person's, of the same value       | team=a;;      |             | team=a                                        |         |                                      |
        a person's, of another value        | team=a;;      |             | team=b                                        |         |                                      | tag-of-others
        an uploader's                       | team=a;owner; | acm:owner=x | team=a,certdrop:own-tags=team                 |         | owner=x,certdrop:own-tags=owner+team |
        an uploader's no more               | team=a;owner; |             | owner=x,team=a,certdrop:own-tags=owner+team   | owner=x | certdrop:own-tags=team               |
        a person's, of an uploader's key    | team=a;owner; |             | owner=x,team=a,certdrop:own-tags=team         |         |                                      |
        of a former key                     | team=a;;env   |             | env=x,team=a,certdrop:own-tags=env+team       | env=x   | certdrop:own-tags=team               |
        a person's, of a former key         | team=a;;env   |             | env=x,team=a,certdrop:own-tags=team           |         |                                      |
        of a key that no setting names      | team=a;;      |             | env=x,team=a,certdrop:own-tags=env+team       |         |                                      | tag-left
        the same, gone by a person's hand   | team=a;;      |             | team=a,certdrop:own-tags=env+team             |         | certdrop:own-tags=team               |
        the last ones go                    | ;;team        |             | team=a,certdrop:own-tags=team                 | team=a,certdrop:own-tags=team |                |
        no settings                         | ;;            | acm:team=b  | team=a,certdrop:own-tags=team                 |         |                                      |
        a record that a person wrote        | team=a;;env   |             | certdrop:managed=true,team=a,aws:x=1,certdrop:own-tags=certdrop:managed+aws:x+team | | certdrop:own-tags=team |
    ";

    #[test]
    fn a_certificate_s_tags_are_brought_in_line_and_those_of_others_stay() {
        for row in SITUATIONS.trim().lines() {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let [name, settings, object, there, removed, added, findings] = cells[..] else {
                panic!("seven cells: {row}");
            };
            let settings: Vec<_> = settings.split(';').collect();
            let settings = settings.try_into().expect("three settings");
            let codes = findings.split_whitespace().map(str::to_owned).collect();
            let expected = (removed.to_owned(), added.to_owned(), codes);
            assert_eq!(changes(settings, object, there), expected, "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_beside_the_tags_of_others_is_left_out_and_the_setting_s_come_first() {
        let others = |count: usize| {
            let others: Vec<_> = (0..count)
                .map(|number| format!("other{number}=x"))
                .collect();
            others.join(",")
        };
        let settings = ["team=a", "owner", ""];
        for (count, added, codes) in [
            (47, "team=a,owner=x,certdrop:own-tags=owner+team", &[][..]),
            (
                48,
                "team=a,certdrop:own-tags=team",
                &["certificate-tags-full"],
            ),
            (49, "", &["certificate-tags-full", "certificate-tags-full"]),
            (50, "", &["certificate-tags-full", "certificate-tags-full"]),
        ] {
            let found = changes(settings, "acm:owner=x", &others(count));
            let codes: Vec<_> = codes.iter().map(|code| (*code).to_owned()).collect();
            assert_eq!(found, (String::new(), added.to_owned(), codes), "{count}");
        }
        // Tags of AWS do not count, and what is removed makes room.
        let there = format!(
            "{},aws:cloudformation:stack-name=x,env=y,certdrop:own-tags=env",
            others(48)
        );
        let found = changes(["team=a", "", "env"], "", &there);
        assert_eq!(
            found,
            (
                "env=y".to_owned(),
                "team=a,certdrop:own-tags=team".to_owned(),
                Vec::new()
            )
        );
    }

    #[test]
    fn a_record_that_would_be_too_long_leaves_out_what_no_setting_names() {
        let (long, other) = ("l".repeat(127), "o".repeat(127));
        let set = format!("{long}=1,{other}=1");
        let there = format!("env=x,certdrop:own-tags=env,{long}=1");
        let settings = TagSettings::read(&set, "", "").expect("they are right");
        let (wanted, _) = settings.wanted([]);
        let arn = CertificateArn::parse(ARN).expect("an ARN");
        let mut there = tags(&there);
        there.insert(OWN_TAGS_TAG.to_owned(), format!("env+{long}"));
        let (changes, _) = settings.changes(&wanted, &arn, &there);
        let record = changes.added.last().map(|(_, value)| value.as_str());
        assert_eq!(record, Some(format!("{long}+{other}").as_str()));
    }

    #[test]
    fn a_new_certificate_gets_the_record_with_its_tags() {
        let for_new = |set| {
            let settings = TagSettings::read(set, "", "").expect("they are right");
            written(&settings.wanted([]).0.for_new())
        };
        assert_eq!(for_new(""), "");
        assert_eq!(
            for_new("team=a,env=b"),
            "env=b,team=a,certdrop:own-tags=env+team"
        );
    }
}
