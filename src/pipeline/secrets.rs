//! The secrets of a bundle, out of the parameters that were fetched.

use std::collections::BTreeMap;

use crate::aws::ssm::Parameter;
use crate::bundle::Part;
use crate::secret::{Passphrase, SecretBytes};
use crate::secret_names::SecretNames;

/// What the parameter store has for a bundle. Has no `Debug`: it holds secrets.
pub struct Secrets {
    /// The private key, as one part more of the bundle.
    pub private_key: Option<Part>,
    /// What opens encrypted keys and key stores, in the order in which it is tried.
    pub passphrases: Vec<Passphrase>,
}

impl Secrets {
    /// Takes them out of `parameters`.
    #[must_use]
    pub fn take(names: &SecretNames, parameters: &mut BTreeMap<String, Parameter>) -> Self {
        let mut value = |name: &String| {
            let mut parameter = parameters.remove(name)?;
            // Moved and not copied: what is left is empty.
            Some(std::mem::take(&mut *parameter.value))
        };
        let private_key = value(&names.private_key).map(|key| Part {
            name: format!("parameter {}", names.private_key),
            bytes: SecretBytes::new(key.into_bytes()),
        });
        let passphrases = names.passphrases().into_iter().filter_map(value);
        Self {
            private_key,
            passphrases: passphrases.map(Passphrase::new).collect(),
        }
    }
}
