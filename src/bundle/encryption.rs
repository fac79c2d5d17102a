//! Encryption by passphrase: what PKCS#8 and PKCS#12 use, and OpenSSL's own in PEM.
//!
//! PBES2 (RFC 8018) is the `pkcs5` crate's; the schemes of PKCS#12 (RFC 7292, appendices B and C)
//! and of OpenSSL's traditional PEM are below, because no maintained crate has them.

mod pbes1;
pub(super) mod pkcs12_kdf;
pub(super) mod traditional;

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use pkcs8::der::Decode as _;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use zeroize::Zeroizing;

use super::ber::{Element, OID, SEQUENCE, element};
use super::limits;
use crate::secret::Passphrase;

/// Why nothing was decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotDecrypted {
    /// This passphrase does not open it, or it is damaged: nobody can tell.
    WrongPassphrase,
    /// The scheme is unknown.
    Unsupported,
    /// It would take too long.
    TooCostly,
}

/// A passphrase as the schemes want it.
pub(super) struct Secret {
    /// For PBES2 and PEM: as it was typed.
    utf8: Zeroizing<Vec<u8>>,
    /// For PKCS#12: UTF-16, big-endian, with two zero bytes at the end (RFC 7292, appendix B.1).
    utf16: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// All readings of `passphrases` that tools are known to use, the empty ones last.
    pub(super) fn all(passphrases: &[Passphrase]) -> Vec<Self> {
        let mut secrets = Vec::new();
        for passphrase in passphrases {
            let text = passphrase.expose();
            secrets.push(Self::new(text.as_bytes(), text.encode_utf16()));
            if !text.is_ascii() {
                // OpenSSL before 1.1 took each byte of the text for a character.
                secrets.push(Self::new(text.as_bytes(), text.bytes().map(u16::from)));
            }
        }
        secrets.push(Self::new(b"", std::iter::empty()));
        secrets.push(Self {
            utf8: Zeroizing::default(),
            // An empty passphrase of Windows has not even the zeros.
            utf16: Zeroizing::default(),
        });
        secrets
    }

    fn new(utf8: &[u8], units: impl Iterator<Item = u16>) -> Self {
        // Room for all of it: a vector that grows leaves its old memory behind, and that is not wiped. No reading
        // has more units than bytes of UTF-8.
        let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * utf8.len() + 2));
        for unit in units.chain([0]) {
            utf16.extend(unit.to_be_bytes());
        }
        Self {
            utf8: Zeroizing::new(utf8.to_vec()),
            utf16,
        }
    }
}

/// What key derivation has cost so far, over all of a bundle.
#[derive(Default)]
pub(super) struct Cost {
    spent: u64,
}

impl Cost {
    /// Spends `iterations`, unless that is more than a bundle may cost.
    pub(super) fn spend(&mut self, iterations: u64) -> Result<(), NotDecrypted> {
        // The number is the file's. Where an overflow wrapped around, the most costly file would pass.
        self.spent = self.spent.saturating_add(iterations);
        if self.spent > limits::KDF_ITERATIONS {
            return Err(NotDecrypted::TooCostly);
        }
        Ok(())
    }
}

/// Decrypts `ciphertext` by the scheme that the AlgorithmIdentifier `scheme` names.
pub(super) fn decrypt(
    scheme: &Element<'_>,
    ciphertext: &[u8],
    secret: &Secret,
    cost: &mut Cost,
) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
    if let Some(scheme) = pbes1::Scheme::from_identifier(scheme) {
        // Key and IV are derived one after the other.
        cost.spend(scheme.iterations.saturating_mul(2))?;
        return scheme.decrypt(ciphertext, secret);
    }
    let scheme = EncryptionScheme::from_der(scheme.whole).map_err(|_| NotDecrypted::Unsupported)?;
    // Before the derivation, because the crate does all iterations that the file asks for.
    cost.spend(iterations(&scheme)?)?;
    scheme
        .decrypt(&*secret.utf8, ciphertext)
        .map(Zeroizing::new)
        .map_err(|fault| match fault {
            pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. } => NotDecrypted::Unsupported,
            _ => NotDecrypted::WrongPassphrase,
        })
}

/// What a scheme of PKCS#5 costs, in iterations of PBKDF2.
fn iterations(scheme: &EncryptionScheme) -> Result<u64, NotDecrypted> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(NotDecrypted::Unsupported);
    };
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => Ok(u64::from(pbkdf2.iteration_count)),
        Kdf::Scrypt(scrypt) => {
            let cells = scrypt
                .cost_parameter
                .saturating_mul(u64::from(scrypt.block_size));
            // Each cell has 128 bytes of memory.
            if cells.saturating_mul(128) > limits::SCRYPT_BYTES {
                return Err(NotDecrypted::TooCostly);
            }
            // Measured: a cell takes as long as four iterations of PBKDF2 with SHA-256.
            Ok(cells
                .saturating_mul(4)
                .saturating_mul(u64::from(scrypt.parallelization)))
        }
        _ => Err(NotDecrypted::Unsupported),
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
    unpadded(Decryptor::<C>::new_from_slices(key, iv).ok(), ciphertext)
}

fn unpadded<C: BlockCipherDecrypt>(
    decryptor: Option<Decryptor<C>>,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
    let decryptor = decryptor.ok_or(NotDecrypted::Unsupported)?;
    // In place: the only copy of the plain text is the one that is wiped.
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = decryptor
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| NotDecrypted::WrongPassphrase)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// The two members of an EncryptedPrivateKeyInfo: scheme and ciphertext.
pub(super) fn encrypted_key_info(der: &[u8]) -> Option<(Element<'_>, Zeroizing<Vec<u8>>)> {
    let mut members = element(der).filter(|info| info.tag == SEQUENCE)?.inside();
    let scheme = members.tagged(SEQUENCE)?;
    scheme.inside().tagged(OID)?;
    let ciphertext = members.next().filter(|octets| octets.tag & 0x1F == 0x04)?;
    Some((scheme, ciphertext.octets()))
}
