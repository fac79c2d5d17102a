//! What lies below the drop prefix, bundle by bundle.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::bundle_name::{BundleName, Packing};
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
}
