//! The identity of a bundle that survives its renewals.

use std::fmt;

use serde::Serialize;

use crate::text_form::text_form;

/// Endings that say how a bundle is packed and not what it is for.
const ENDINGS: [&str; 22] = [
    ".tar.gz",
    ".keystore",
    ".bundle",
    ".jceks",
    ".yaml",
    ".json",
    ".cert",
    ".pem",
    ".crt",
    ".cer",
    ".der",
    ".key",
    ".pfx",
    ".p12",
    ".p7b",
    ".p7c",
    ".jks",
    ".zip",
    ".tar",
    ".tgz",
    ".yml",
    ".txt",
];

/// Characters of a name that all of S3, SSM and ACM's tags take; longer names are refused.
///
/// Source: a parameter's full name has at most 1,011 characters and a tag's value 255
/// (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>,
/// <https://docs.aws.amazon.com/acm/latest/APIReference/API_Tag.html>).
const LONGEST: usize = 200;

/// Hexadecimal digits that keep apart two names which differ only in replaced characters.
const DIGEST_DIGITS: usize = 12;

/// What a bundle is called: `www.example.com` for `drop/www.example.com.pfx`, for
/// `drop/www.example.com.pem` and for everything in the folder `drop/www.example.com/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleName(String);

/// How the objects of a bundle lie in the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// One object is the whole bundle.
    File,
    /// The bundle is all objects of a folder.
    Folder,
}

/// Why an object below the drop prefix belongs to no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoBundle {
    /// Its name, or that of a folder, begins with a dot (`.DS_Store`).
    Hidden,
    /// It lies deeper than one folder.
    TooDeep,
    /// Its folder's name is empty: two slashes follow each other.
    FolderWithoutName,
    /// The bundle's name would have more than 200 bytes.
    NameTooLong,
}

impl NoBundle {
    /// For people: `it lies deeper than one folder`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "its name or its folder's begins with a dot",
            Self::TooDeep => "it lies deeper than one folder",
            Self::FolderWithoutName => "its folder has no name",
            Self::NameTooLong => "the bundle's name would be longer than 200 bytes",
        }
    }
}

impl BundleName {
    /// The bundle that the object `key` (decoded) belongs to, and how it is packed.
    ///
    /// `None` where the key is not below `drop_prefix`, names no file, lies deeper than one
    /// folder, or has a name that is hidden (`.DS_Store`) or too long.
    #[must_use]
    pub fn from_key(key: &str, drop_prefix: &str) -> Option<(Self, Packing)> {
        let path = key.strip_prefix(drop_prefix)?;
        let (name, packing) = match path.split_once('/') {
            None => (without_ending(path), Packing::File),
            Some((folder, file)) if is_visible(file) && !file.contains('/') => {
                (folder, Packing::Folder)
            }
            Some(_) => return None,
        };
        Some((Self::new(name)?, packing))
    }

    /// Why the object `key` (decoded) belongs to no bundle, where a person may have meant it to. `None` where it belongs
    /// to one, where it is not below `drop_prefix`, and for the empty objects that S3's console makes as folders.
    #[must_use]
    pub fn why_none(key: &str, drop_prefix: &str) -> Option<NoBundle> {
        let path = key.strip_prefix(drop_prefix)?;
        if path.is_empty() || path.ends_with('/') || Self::from_key(key, drop_prefix).is_some() {
            return None;
        }
        Some(if path.split('/').any(|name| name.starts_with('.')) {
            NoBundle::Hidden
        } else if path.matches('/').count() > 1 {
            NoBundle::TooDeep
        } else if path.starts_with('/') {
            NoBundle::FolderWithoutName
        } else {
            NoBundle::NameTooLong
        })
    }

    /// The bundle that people call `name`. `None` where nothing in the bucket can have that name.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let plausible = is_visible(name) && name.len() <= LONGEST && !name.contains('/');
        plausible.then(|| Self(name.to_owned()))
    }

    /// The name as people write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in the characters that an SSM parameter and a tag of ACM take.
    ///
    /// Other characters (`*`, blanks, letters beyond ASCII) become `-`, and a digest of the name
    /// follows. The digest also follows a name that looks like such an identity, so that two bundles
    /// never share one.
    #[must_use]
    pub fn identity(&self) -> String {
        let takes = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if self.0.chars().all(takes) && !looks_replaced(&self.0) {
            return self.0.clone();
        }
        let safe: String = self
            .0
            .chars()
            .map(|c| if takes(c) { c } else { '-' })
            .collect();
        let digest = ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes());
        let digest: String = hex::encode(digest).chars().take(DIGEST_DIGITS).collect();
        format!("{safe}-{digest}")
    }
}

text_form!(BundleName, Self::new, "no name that a bundle can have");

impl fmt::Display for BundleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `name` may be the identity of a name with other characters: a `-` in their place, then a digest.
#[must_use]
pub fn looks_replaced(name: &str) -> bool {
    let is_digest = |text: &str| {
        text.len() == DIGEST_DIGITS
            && text
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    name.rsplit_once('-')
        .is_some_and(|(stem, digest)| stem.contains('-') && is_digest(digest))
}

fn is_visible(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.')
}

fn without_ending(file: &str) -> &str {
    let bytes = file.as_bytes();
    let ending = ENDINGS.iter().find(|ending| {
        let start = bytes.len().saturating_sub(ending.len());
        bytes
            .get(start..)
            .is_some_and(|end| start > 0 && end.eq_ignore_ascii_case(ending.as_bytes()))
    });
    ending
        .and_then(|ending| file.get(..file.len() - ending.len()))
        .unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_bundle_and_its_packing() {
        for (key, expected) in [
            (
                "drop/www.example.com.pfx",
                Some(("www.example.com", Packing::File)),
            ),
            (
                "drop/www.example.com.PEM",
                Some(("www.example.com", Packing::File)),
            ),
            (
                "drop/www.example.com",
                Some(("www.example.com", Packing::File)),
            ),
            ("drop/site.tar.gz", Some(("site", Packing::File))),
            ("drop/site.crt.pem", Some(("site.crt", Packing::File))),
            (
                "drop/bücher.example.pem",
                Some(("bücher.example", Packing::File)),
            ),
            ("drop/ü.pem", Some(("ü", Packing::File))),
            ("drop/.pem", None),
            ("drop/.DS_Store", None),
            ("drop/", None),
            ("drop/www.example.com/", None),
            (
                "drop/www.example.com/privkey.pem",
                Some(("www.example.com", Packing::Folder)),
            ),
            ("drop/www.example.com/.DS_Store", None),
            ("drop/www.example.com/old/privkey.pem", None),
            ("summaries/www.example.com.pem", None),
        ] {
            let found = BundleName::from_key(key, "drop/");
            let found = found
                .as_ref()
                .map(|(name, packing)| (name.as_str(), *packing));
            assert_eq!(found, expected, "{key}");
        }
    }

    #[test]
    fn an_object_without_a_bundle_has_a_reason() {
        let long = "x".repeat(201);
        let (in_folder, file) = (format!("drop/{long}/a.pem"), format!("drop/{long}.pem"));
        let fits = format!("drop/{}.pem", "x".repeat(200));
        for (key, expected) in [
            ("drop/www.example.com.pem", None),
            ("drop/www.example.com/cert.pem", None),
            (&fits, None),
            ("drop/", None),
            ("drop/www.example.com/", None),
            ("drop/www.example.com/old/", None),
            ("summaries/.DS_Store", None),
            ("drop/.DS_Store", Some(NoBundle::Hidden)),
            ("drop/a/.DS_Store", Some(NoBundle::Hidden)),
            ("drop/a/.git/config", Some(NoBundle::Hidden)),
            ("drop/.pem", Some(NoBundle::Hidden)),
            ("drop/a/b/c.pem", Some(NoBundle::TooDeep)),
            ("drop/a//c.pem", Some(NoBundle::TooDeep)),
            ("drop//c.pem", Some(NoBundle::FolderWithoutName)),
            (&in_folder, Some(NoBundle::NameTooLong)),
            (&file, Some(NoBundle::NameTooLong)),
        ] {
            assert_eq!(BundleName::why_none(key, "drop/"), expected, "{key}");
        }
    }

    #[test]
    fn identities_are_safe_and_never_shared() {
        let identity = |name| BundleName::new(name).map(|name| name.identity());
        assert_eq!(
            identity("www.example.com").as_deref(),
            Some("www.example.com")
        );
        // The digest is `printf '*.example.com' | sha256sum`.
        assert_eq!(
            identity("*.example.com").as_deref(),
            Some("-.example.com-47287a8f16ec")
        );
        assert_ne!(identity("a b"), identity("a+b"));
        // The digest is `printf -- '-.example.com-47287a8f16ec' | sha256sum`.
        assert_eq!(
            identity("-.example.com-47287a8f16ec").as_deref(),
            Some("-.example.com-47287a8f16ec-37315ac2b110")
        );
        for plain in [
            "host-0123456789ab",
            "a-b-0123456789AB",
            "a-b-0123456789a",
            "a-b-0123456789abc",
            "a-b-0123456789a.",
        ] {
            assert_eq!(identity(plain).as_deref(), Some(plain));
        }
    }
}
