//! The secrets of a bundle, out of the parameters that were fetched and the secrets that these point to.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;

use crate::aws::secrets_manager::{Current, SecretsManager};
use crate::aws::ssm::Parameter;
use crate::bundle::Part;
use crate::content_id::Source;
use crate::fault::Fault;
use crate::secret::{Passphrase, SecretBytes};
use crate::secret_names::{SecretNames, SecretVersion};
use crate::secret_pointer::{SecretId, SecretPointer, WrongSecret};

/// What is stored for a bundle. Has no `Debug`: it holds secrets.
pub struct Secrets {
    /// The private key, as one part more of the bundle.
    pub private_key: Option<Part>,
    /// What opens encrypted keys and key stores, in the order in which it is tried.
    pub passphrases: Vec<Passphrase>,
    versions: HashMap<String, SecretVersion>,
}

impl Secrets {
    /// Takes them out of `parameters`, and fetches what these point to: each secret once, so that a key and a
    /// passphrase in one secret are of the same version.
    ///
    /// # Errors
    ///
    /// [`Fault`] where a pointer cannot be followed.
    pub async fn take(
        names: &SecretNames,
        parameters: &mut BTreeMap<String, Parameter>,
        secrets_manager: &SecretsManager,
    ) -> Result<Self, Fault> {
        let mut stored = BTreeMap::new();
        for name in names.all() {
            if let Some(parameter) = parameters.remove(name) {
                stored.insert(name, Stored::new(name, parameter)?);
            }
        }
        let current = follow(&stored, secrets_manager).await?;

        let mut found = Self {
            private_key: None,
            passphrases: Vec::new(),
            versions: HashMap::new(),
        };
        for (name, stored) in &stored {
            let version = stored.version(&current);
            found.versions.insert((*name).clone(), version);
        }
        if let Some(key) = stored.remove(&names.private_key) {
            found.private_key = Some(Part {
                name: format!("parameter {}", names.private_key),
                bytes: key.value(&names.private_key, &current)?,
            });
        }
        for name in names.passphrases() {
            if let Some(passphrase) = stored.remove(name) {
                found.passphrases.push(passphrase.text(name, &current)?);
            }
        }
        Ok(found)
    }

    /// What they add to the content id of the bundle.
    pub fn sources(&self, names: &SecretNames) -> impl Iterator<Item = Source> {
        names.sources(|name| self.versions.get(name))
    }
}

/// The current versions of secrets, each fetched once.
type AllCurrent = BTreeMap<SecretId, Current>;

/// A parameter, read.
struct Stored {
    version: i64,
    held: Held,
}

enum Held {
    Secret(SecretBytes),
    Pointer(SecretPointer),
}

impl Stored {
    fn new(name: &str, mut parameter: Parameter) -> Result<Self, Fault> {
        let pointer = SecretPointer::in_parameter(parameter.kind, &parameter.value);
        let held = match pointer.map_err(|wrong| wrong.fault(name))? {
            Some(pointer) => Held::Pointer(pointer),
            // Moved and not copied: what is left is empty.
            None => Held::Secret(SecretBytes::new(
                std::mem::take(&mut *parameter.value).into_bytes(),
            )),
        };
        let version = parameter.version;
        Ok(Self { version, held })
    }

    fn pointer(&self) -> Option<&SecretPointer> {
        match &self.held {
            Held::Secret(_) => None,
            Held::Pointer(pointer) => Some(pointer),
        }
    }

    fn version(&self, current: &AllCurrent) -> SecretVersion {
        match self.pointer() {
            None => SecretVersion::InParameter(self.version),
            Some(pointer) => SecretVersion::PointedTo {
                pointer: self.version,
                current: current
                    .get(pointer.secret())
                    .map(|current| current.version.clone()),
            },
        }
    }

    fn value(self, name: &str, current: &AllCurrent) -> Result<SecretBytes, Fault> {
        match self.held {
            Held::Secret(bytes) => Ok(bytes),
            Held::Pointer(pointer) => {
                let secret = pointer.secret();
                let Some(current) = current.get(secret) else {
                    return Err(Fault::internal("a secret was not fetched"));
                };
                let selected = pointer.select(&current.value);
                selected.map_err(|wrong| wrong.fault(secret, name))
            }
        }
    }

    fn text(self, name: &str, current: &AllCurrent) -> Result<Passphrase, Fault> {
        let secret = self.pointer().map(|pointer| pointer.secret().clone());
        let bytes = self.value(name, current)?;
        match (std::str::from_utf8(bytes.expose()), secret) {
            (Ok(text), _) => Ok(Passphrase::new(text.to_owned())),
            (Err(_), Some(secret)) => Err(WrongSecret::NotUtf8.fault(&secret, name)),
            (Err(_), None) => Err(Fault::internal("a parameter is not UTF-8")),
        }
    }
}

/// Fetches all secrets that are pointed to.
async fn follow(
    stored: &BTreeMap<&String, Stored>,
    secrets_manager: &SecretsManager,
) -> Result<AllCurrent, Fault> {
    let mut pointers = BTreeMap::new();
    for (name, stored) in stored {
        if let Some(pointer) = stored.pointer() {
            pointers.entry(pointer.secret().clone()).or_insert(*name);
        }
    }
    let fetches = pointers.into_iter().map(async |(secret, name)| {
        let current = secrets_manager.current(&secret, name).await?;
        Ok::<_, Fault>((secret, current))
    });
    Ok(try_join_all(fetches).await?.into_iter().collect())
}
