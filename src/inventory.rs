//! What lies below the drop prefix, bundle by bundle.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::OffsetDateTime;

use crate::bundle_name::{BundleName, NoBundle, Packing};
use crate::content_id::Source;

/// An object as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Decoded.
    pub key: String,
    /// Changes with the content.
    pub etag: String,
    /// When it was written.
    pub modified_at: OffsetDateTime,
    /// `None` for the version that is current when it is read.
    pub version_id: Option<String>,
}

/// A version of an object, or the mark of its deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Decoded.
    pub key: String,
    /// As S3 calls it.
    pub version_id: String,
    /// When it was written, in whole seconds.
    pub modified_at: OffsetDateTime,
    /// Nothing was written over it since.
    pub is_latest: bool,
    /// Changes with the content; `None` for the mark of a deletion.
    pub etag: Option<String>,
}

/// The objects that a bundle is made of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// One object, or all of a folder.
    pub packing: Packing,
    /// In the order in which they were written.
    pub objects: Vec<Listed>,
}

impl Dropped {
    /// The objects with their ETags, for the content id.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        self.objects.iter().map(|object| Source {
            name: object.key.clone(),
            version: object.etag.clone(),
        })
    }

    /// When the last of the objects was written.
    #[must_use]
    pub fn modified_at(&self) -> Option<OffsetDateTime> {
        self.objects.last().map(|object| object.modified_at)
    }
}

/// Sorts what is listed below `drop_prefix` by bundle. Of several objects with one bundle's name
/// (`www.example.com.pem` beside `www.example.com.pfx`) the last one written is meant; where that
/// lies in a folder, the whole folder.
#[must_use]
pub fn by_bundle(listed: Vec<Listed>, drop_prefix: &str) -> BTreeMap<BundleName, Dropped> {
    let mut candidates: BTreeMap<BundleName, Vec<(Packing, Listed)>> = BTreeMap::new();
    for object in listed {
        if let Some((bundle, packing)) = BundleName::from_key(&object.key, drop_prefix) {
            candidates
                .entry(bundle)
                .or_default()
                .push((packing, object));
        }
    }
    let current = |(bundle, objects)| Some((bundle, last_written(objects)?));
    candidates.into_iter().filter_map(current).collect()
}

/// Objects below the drop prefix that belong to no bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// How many there are.
    pub count: usize,
    /// The first of them, by key.
    pub objects: Vec<SkippedObject>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedObject {
    /// Decoded.
    pub key: String,
    /// See [`NoBundle`].
    pub reason: NoBundle,
}

/// Objects that are named: somebody who synchronises a whole disk sees what happens from the first few.
const SKIPPED_NAMED: usize = 20;

impl Skipped {
    /// Those among `listed`, which S3 lists by key.
    #[must_use]
    pub fn of(listed: &[Listed], drop_prefix: &str) -> Self {
        let mut skipped = Self::default();
        for object in listed {
            let Some(reason) = BundleName::why_none(&object.key, drop_prefix) else {
                continue;
            };
            skipped.count += 1;
            if skipped.objects.len() < SKIPPED_NAMED {
                let key = object.key.clone();
                skipped.objects.push(SkippedObject { key, reason });
            }
        }
        skipped
    }

    /// Every object belongs to a bundle.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// `3 objects are no part of a bundle and are skipped`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.count {
            1 => "1 object is no part of a bundle and is skipped".to_owned(),
            count => format!("{count} objects are no part of a bundle and are skipped"),
        }
    }

    /// How many there are beside those that are named.
    #[must_use]
    pub fn more(&self) -> usize {
        self.count - self.objects.len()
    }
}

/// What `bundle` was made of before each of the last writes, the newest state first. `versions` are those of all
/// keys that begin with its name, those of one key newest first, as S3 lists them.
pub fn earlier(
    mut versions: Vec<Version>,
    bundle: &BundleName,
    drop_prefix: &str,
) -> impl Iterator<Item = Dropped> {
    versions.retain(|version| {
        let named = BundleName::from_key(&version.key, drop_prefix);
        named.is_some_and(|(name, _)| name == *bundle)
    });
    versions.sort_by_key(|version| std::cmp::Reverse(version.modified_at));
    let current = state(&versions, bundle, drop_prefix);
    let states = (1..versions.len()).map_while({
        let bundle = bundle.clone();
        let drop_prefix = drop_prefix.to_owned();
        move |undone| Some(state(versions.get(undone..)?, &bundle, &drop_prefix))
    });
    // A write to what did not count then changes nothing.
    let mut last = current;
    states
        .filter(move |state| {
            let is_other = *state != last;
            last.clone_from(state);
            is_other
        })
        .flatten()
}

/// What a bundle was made of when the first of `versions` was the last thing written.
fn state(versions: &[Version], bundle: &BundleName, drop_prefix: &str) -> Option<Dropped> {
    let mut keys = BTreeSet::new();
    let current = versions.iter().filter(|version| keys.insert(&version.key));
    let listed = current.filter_map(|version| {
        Some(Listed {
            key: version.key.clone(),
            etag: version.etag.clone()?,
            modified_at: version.modified_at,
            version_id: Some(version.version_id.clone()),
        })
    });
    by_bundle(listed.collect(), drop_prefix).remove(bundle)
}

fn last_written(mut objects: Vec<(Packing, Listed)>) -> Option<Dropped> {
    objects.sort_by(|(_, one), (_, other)| {
        (one.modified_at, &one.key).cmp(&(other.modified_at, &other.key))
    });
    let (packing, last) = objects.last()?;
    let (packing, last) = (*packing, last.clone());
    let objects = match packing {
        Packing::File => vec![last],
        Packing::Folder => {
            let in_folder = objects
                .into_iter()
                .filter(|(packing, _)| *packing == Packing::Folder);
            in_folder.map(|(_, object)| object).collect()
        }
    };
    Some(Dropped { packing, objects })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    fn keys(listed: &[(&str, i64)]) -> Vec<(String, Vec<String>)> {
        let object = |(key, age): &(&str, i64)| Listed {
            key: (*key).to_owned(),
            etag: "\"1\"".to_owned(),
            modified_at: datetime!(2026-12-01 00:00 UTC) - Duration::seconds(*age),
            version_id: None,
        };
        let bundles = by_bundle(listed.iter().map(object).collect(), "drop/");
        let keys = |dropped: Dropped| {
            dropped
                .objects
                .into_iter()
                .map(|object| object.key)
                .collect()
        };
        bundles
            .into_iter()
            .map(|(bundle, dropped)| (bundle.to_string(), keys(dropped)))
            .collect()
    }

    #[test]
    fn the_last_written_object_is_the_bundle_and_a_folder_is_taken_whole() {
        let owned = |name: &str, keys: &[&str]| {
            (
                name.to_owned(),
                keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            keys(&[
                ("drop/a.pem", 2),
                ("drop/a.pfx", 1),
                ("drop/b/cert.pem", 3),
                ("drop/b/privkey.pem", 1),
                ("drop/b.pem", 2),
                ("drop/c/cert.pem", 3),
                ("drop/c.pem", 2),
                ("drop/.DS_Store", 0),
                ("summaries/a/1.json", 0),
            ]),
            [
                owned("a", &["drop/a.pfx"]),
                owned("b", &["drop/b/cert.pem", "drop/b/privkey.pem"]),
                owned("c", &["drop/c.pem"]),
            ]
        );
    }

    #[test]
    fn twenty_skipped_objects_are_named_and_all_are_counted() {
        let object = |key: String| Listed {
            key,
            etag: "1".to_owned(),
            modified_at: datetime!(2026-12-01 00:00 UTC),
            version_id: None,
        };
        let deep = (0..25).map(|number| format!("drop/a/b/{number:02}.pem"));
        let mut listed = vec![object("drop/a.pem".to_owned())];
        assert!(Skipped::of(&listed, "drop/").is_empty());
        listed.extend(deep.map(object));
        let skipped = Skipped::of(&listed, "drop/");
        assert_eq!((skipped.count, skipped.objects.len()), (25, 20));
        assert_eq!(skipped.more(), 5);
        assert_eq!(skipped.objects[19].key, "drop/a/b/19.pem");
        assert_eq!(skipped.objects[19].reason, NoBundle::TooDeep);
    }

    /// Versions as (key, seconds ago, ETag); an ETag of `-` is the mark of a deletion.
    fn states(versions: &[(&str, i64, &str)]) -> Vec<Vec<String>> {
        let version = |(key, age, etag): &(&str, i64, &str)| Version {
            key: (*key).to_owned(),
            version_id: format!("{key}@{age}"),
            modified_at: datetime!(2026-12-01 00:00 UTC) - Duration::seconds(*age),
            is_latest: false,
            etag: (*etag != "-").then(|| (*etag).to_owned()),
        };
        let bundle = BundleName::new("a").expect("a name");
        let versions = versions.iter().map(version).collect();
        let ids = |dropped: Dropped| {
            let objects = dropped.objects.into_iter();
            objects.filter_map(|object| object.version_id).collect()
        };
        earlier(versions, &bundle, "drop/").map(ids).collect()
    }

    #[test]
    fn earlier_states_are_what_was_there_before_each_write() {
        assert_eq!(
            states(&[
                ("drop/a.pem", 1, "3"),
                ("drop/a.pem", 2, "2"),
                ("drop/a.pem", 9, "1"),
                ("drop/a.pfx", 5, "4"),
                ("drop/a-b.pem", 3, "5"),
            ]),
            [["drop/a.pem@2"], ["drop/a.pfx@5"], ["drop/a.pem@9"]]
        );
        assert_eq!(
            states(&[
                ("drop/a/cert.pem", 1, "2"),
                ("drop/a/cert.pem", 4, "1"),
                ("drop/a/old.pem", 2, "-"),
                ("drop/a/old.pem", 5, "9"),
                ("drop/a/privkey.pem", 3, "3"),
            ]),
            [
                vec!["drop/a/cert.pem@4", "drop/a/privkey.pem@3"],
                vec![
                    "drop/a/old.pem@5",
                    "drop/a/cert.pem@4",
                    "drop/a/privkey.pem@3"
                ],
                vec!["drop/a/old.pem@5", "drop/a/cert.pem@4"],
                vec!["drop/a/old.pem@5"],
            ]
        );
        assert_eq!(states(&[("drop/a.pem", 1, "1")]), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_folder_changes_with_each_of_its_files_and_is_as_old_as_the_last() {
        let noon = datetime!(2026-12-01 12:00 UTC);
        let file = |key: &str, etag: &str, minutes| Listed {
            key: key.to_owned(),
            etag: etag.to_owned(),
            modified_at: noon + Duration::minutes(minutes),
            version_id: None,
        };
        let listed = vec![
            file("drop/a/privkey.pem", "1", 5),
            file("drop/a/cert.pem", "2", 3),
        ];
        let bundle = BundleName::new("a").expect("a name");
        let dropped = by_bundle(listed, "drop/")
            .remove(&bundle)
            .expect("a bundle");
        assert_eq!(dropped.modified_at(), Some(noon + Duration::minutes(5)));
        let source = |name: &str, version: &str| Source {
            name: name.to_owned(),
            version: version.to_owned(),
        };
        let sources: Vec<_> = dropped.sources().collect();
        let expected = [
            source("drop/a/cert.pem", "2"),
            source("drop/a/privkey.pem", "1"),
        ];
        assert_eq!(sources, expected);
    }
}
