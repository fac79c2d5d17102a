//! Bytes that must never be seen.
//!
//! No type here has `Debug`, `Display`, `Clone` or `Serialize`, so that no log line, error or test
//! failure can show what it holds. All of them are wiped when they are dropped.

use zeroize::Zeroizing;

use crate::public_key::PublicKey;

/// A private key as unencrypted PKCS#8 DER, together with the public key that it belongs to.
///
/// It cannot be printed:
///
/// ```compile_fail,E0277
/// fn printable<T: std::fmt::Debug>() {}
/// printable::<certdrop::secret::PrivateKey>();
/// ```
pub struct PrivateKey {
    pkcs8_der: Zeroizing<Vec<u8>>,
    public_key: PublicKey,
}

impl PrivateKey {
    /// Joins `pkcs8_der` with the public key that was computed from it.
    #[must_use]
    pub fn new(pkcs8_der: Zeroizing<Vec<u8>>, public_key: PublicKey) -> Self {
        Self {
            pkcs8_der,
            public_key,
        }
    }

    /// The key's bytes, PKCS#8 DER, for the one caller that sends them.
    #[must_use]
    pub fn expose_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8_der
    }

    /// The public half: what finds the leaf.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

/// What opens an encrypted key or key store. UTF-8, may be empty.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes ownership of `text`. The caller's other copies are the caller's to wipe.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The passphrase itself, for the readers of encrypted formats.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Bytes of a dropped file, which may hold a private key.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes ownership of `bytes`. The caller's other copies are the caller's to wipe.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves, for the readers.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}
