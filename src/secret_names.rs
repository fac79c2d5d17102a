//! Which parameters hold the secrets of a bundle.

use std::fmt;

use crate::bundle_name::BundleName;
use crate::config::Config;
use crate::content_id::Source;

/// The names of the parameters in which a bundle's secrets may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretNames {
    /// The private key, where it is not in the bundle.
    pub private_key: String,
    /// What opens the bundle's encrypted keys and key stores.
    pub passphrase: String,
    /// The same for all bundles.
    pub common_passphrase: String,
}

/// Changes whenever a secret does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretVersion {
    /// The parameter is the secret: its version.
    InParameter(i64),
    /// The parameter points to a secret in Secrets Manager.
    PointedTo {
        /// The version of the parameter.
        pointer: i64,
        /// The id of the version that is current; `None` where nobody can tell.
        current: Option<String>,
    },
}

impl SecretNames {
    /// Those of `bundle`.
    #[must_use]
    pub fn of(bundle: &BundleName, config: &Config) -> Self {
        Self {
            private_key: config.parameter(bundle, "private-key"),
            passphrase: config.parameter(bundle, "passphrase"),
            common_passphrase: format!("{}/passphrase", config.parameter_prefix),
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> [&String; 3] {
        [&self.private_key, &self.passphrase, &self.common_passphrase]
    }

    /// Passphrases in the order in which they are tried.
    #[must_use]
    pub fn passphrases(&self) -> [&String; 2] {
        [&self.passphrase, &self.common_passphrase]
    }

    /// What the secrets add to the content id of the bundle, where `version` tells the version of a parameter that
    /// exists. A change of the common passphrase is no change of every bundle.
    pub fn sources<'a>(
        &self,
        version: impl Fn(&str) -> Option<&'a SecretVersion>,
    ) -> impl Iterator<Item = Source> {
        [&self.private_key, &self.passphrase]
            .into_iter()
            .filter_map(move |name| {
                let version = version(name)?.to_string();
                let name = name.clone();
                Some(Source { name, version })
            })
    }
}

/// As content ids are made of it.
impl fmt::Display for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InParameter(version) => write!(f, "{version}"),
            Self::PointedTo { pointer, current } => {
                // No secret has this for a version id, so that a bundle whose secret cannot be asked about is as one
                // that was never worked on.
                let current = current.as_deref().unwrap_or("unknown");
                write!(f, "{pointer}/{current}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_changes_with_the_pointer_and_with_the_secret() {
        let pointed_to = |pointer, current: Option<&str>| SecretVersion::PointedTo {
            pointer,
            current: current.map(str::to_owned),
        };
        for (version, expected) in [
            // Ids of bundles without pointers stay what they were.
            (SecretVersion::InParameter(3), "3"),
            (pointed_to(3, Some("EXAMPLE1-90ab")), "3/EXAMPLE1-90ab"),
            (pointed_to(3, Some("EXAMPLE2-90ab")), "3/EXAMPLE2-90ab"),
            (pointed_to(4, Some("EXAMPLE1-90ab")), "4/EXAMPLE1-90ab"),
            (pointed_to(3, None), "3/unknown"),
        ] {
            assert_eq!(version.to_string(), expected);
        }
    }
}
