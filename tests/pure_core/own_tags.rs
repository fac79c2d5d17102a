//! Whatever a certificate's tags were: the operator's own come in line, and those of others stay.

use std::collections::BTreeMap;

use certdrop::arn::CertificateArn;
use certdrop::own_tags::{Pair, TagChanges, TagSettings};
use certdrop::tag::OWN_TAGS_TAG;
use proptest::prelude::*;

type Tags = BTreeMap<String, String>;

/// As ACM would carry them out.
fn without(mut tags: Tags, removed: &[Pair]) -> Tags {
    tags.retain(|key, value| {
        !removed
            .iter()
            .any(|(gone, was)| gone == key && was == value)
    });
    tags
}

fn with(mut tags: Tags, added: &[Pair]) -> Tags {
    tags.extend(added.iter().cloned());
    tags
}

fn recorded(tags: &Tags) -> Vec<&str> {
    let record = tags.get(OWN_TAGS_TAG).map_or("", String::as_str);
    record.split('+').collect()
}

/// Few keys and values, so that what is wanted and what is there meet.
fn tags(most: usize) -> impl Strategy<Value = Tags> {
    proptest::collection::btree_map("[a-f]", "[xyz]", 0..most)
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a String>, by: &str) -> String {
    let parts: Vec<_> = parts.into_iter().map(String::as_str).collect();
    parts.join(by)
}

prop_compose! {
    /// Settings, an object's tags, and a certificate's tags of which certdrop set some.
    fn case()(
        set in tags(4),
        by_uploaders in proptest::collection::btree_set("[a-f]", 0..3),
        former in proptest::collection::btree_set("[a-f]", 0..3),
        object in tags(4),
        mut there in tags(6),
        record in proptest::collection::btree_set("[a-f]", 0..4),
        strangers in prop_oneof![Just(0_usize), 40..50_usize],
    ) -> (TagSettings, Tags, Tags) {
        let pairs: Vec<_> = set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let former: Vec<_> = former.into_iter().filter(|key| !set.contains_key(key) && !by_uploaders.contains(key)).collect();
        let settings = TagSettings::read(&joined(&pairs, ","), &joined(&by_uploaders, ","), &joined(&former, ","));
        let object = object.into_iter().map(|(key, value)| (format!("acm:{key}"), value)).collect();
        let room = 49 - there.len();
        there.extend((0..strangers.min(room)).map(|number| (format!("stranger-{number}"), String::new())));
        if !record.is_empty() {
            there.insert(OWN_TAGS_TAG.to_owned(), joined(&record, "+"));
        }
        (settings.expect("they are right"), object, there)
    }
}

fn changes(settings: &TagSettings, object: &Tags, there: &Tags) -> (TagChanges, Vec<String>) {
    let arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1";
    let arn = CertificateArn::parse(arn).expect("an ARN");
    let (wanted, _) = settings.wanted([("drop/a.pem", object)]);
    let (changes, findings) = settings.changes(&wanted, &arn, there);
    let told = findings.into_iter().map(|finding| finding.message);
    (changes, told.collect())
}

proptest! {
    #[test]
    fn tags_come_in_line_once_and_a_worker_that_died_is_followed((settings, object, there) in case()) {
        let (first, told) = changes(&settings, &object, &there);
        let between = without(there.clone(), &first.removed);
        let after = with(between.clone(), &first.added);

        // Nobody else's tag is touched, at any time.
        let ours = recorded(&there);
        for (key, value) in &there {
            if !ours.contains(&key.as_str()) && key != OWN_TAGS_TAG {
                prop_assert_eq!(between.get(key), Some(value));
                prop_assert_eq!(after.get(key), Some(value));
            }
        }
        prop_assert!(after.len() <= 50, "{} tags", after.len());

        // All that is wanted is there, or a finding tells why not.
        if settings.id().is_some() {
            for (key, value) in settings.wanted([("drop/a.pem", &object)]).0.pairs() {
                let is_told = told.iter().any(|message| message.contains(&format!("`{key}`")));
                prop_assert!(is_told || after.get(&key) == Some(&value), "{}={}", key, value);
            }
            for key in recorded(&after) {
                prop_assert!(key.is_empty() || after.contains_key(key), "{} is recorded, and not there", key);
            }
        }

        // Once is enough, and a worker that died between the two calls is followed by one that does the rest.
        let (again, _) = changes(&settings, &object, &after);
        prop_assert!(again.is_empty(), "{again:?}");
        let (rest, _) = changes(&settings, &object, &between);
        prop_assert_eq!(with(without(between, &rest.removed), &rest.added), after);
    }
}
