//! Where a bundle's certificate is served: a region, of the stack's own account or of another one.
//!
//! Each region of the setting `CERTDROP_REGIONS` is a target with the region's name. The operator declares others, and
//! which bundle goes where, in a [document](Targets::read).

mod choice;
mod declared;
mod document;
mod role;

use std::fmt;

use crate::region::Region;
use crate::text_form::text_form;
pub use choice::NotAllowed;
pub use declared::Targets;
pub use role::{ExternalId, Role, RoleArn, is_account};

/// A place where certificates are served. There is one for each account and region at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its name.
    pub name: TargetName,
    /// The region whose ACM serves the certificates.
    pub region: Region,
    /// The role that certdrop works as there; `None` in the stack's own account.
    pub role: Option<Role>,
}

impl Target {
    /// `region` of the stack's own account, called like it.
    #[must_use]
    pub fn of_region(region: &Region) -> Self {
        Self {
            name: TargetName::from(region),
            region: region.clone(),
            role: None,
        }
    }

    /// The other account in which it is; `None` for the stack's own.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.role.as_ref().map(|role| role.arn.account())
    }
}

/// The name of a target, unique in a stack: `eu-central-1`, `payments`. It is part of parameter names and object keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetName(String);

impl TargetName {
    /// The most characters of a name.
    pub const LONGEST: usize = 64;

    /// Takes lower-case letters, digits and hyphens, a letter or digit first.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins_plain = text.bytes().next().is_some_and(is_plain);
        let is_name = text.len() <= Self::LONGEST
            && begins_plain
            && text.bytes().all(|byte| is_plain(byte) || byte == b'-');
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Region> for TargetName {
    fn from(region: &Region) -> Self {
        Self(region.to_string())
    }
}

text_form!(TargetName, Self::parse, "no target's name");

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn names_fit_into_parameters_and_keys() {
        let longest = "a".repeat(TargetName::LONGEST);
        let too_long = "a".repeat(TargetName::LONGEST + 1);
        for (text, is_name) in [
            ("eu-central-1", true),
            ("payments", true),
            ("2nd", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("-a", false),
            ("Payments", false),
            ("pay ments", false),
            ("pay/ments", false),
            ("pay.ments", false),
            ("zahlung\u{fc}", false),
        ] {
            assert_eq!(TargetName::parse(text).is_some(), is_name, "{text}");
        }
    }

    #[test]
    fn what_is_read_is_a_name_also_as_a_key() {
        let read = |json| serde_json::from_str::<BTreeMap<TargetName, u8>>(json);
        let there = BTreeMap::from([(TargetName("eu-central-1".to_owned()), 1)]);
        let json = serde_json::to_string(&there).expect("JSON");
        assert_eq!(json, r#"{"eu-central-1":1}"#);
        assert_eq!(read(&json).expect("names"), there);
        assert!(read(r#"{"eu-central-1<script>":1}"#).is_err());
    }
}
