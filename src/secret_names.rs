//! Which parameters hold the secrets of a bundle.

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
    pub fn sources(&self, version: impl Fn(&str) -> Option<i64>) -> impl Iterator<Item = Source> {
        [&self.private_key, &self.passphrase]
            .into_iter()
            .filter_map(move |name| {
                let version = version(name)?.to_string();
                let name = name.clone();
                Some(Source { name, version })
            })
    }
}
