//! Encryption by passphrase: what PKCS#8 and PKCS#12 use, and OpenSSL's own in PEM.
//!
//! PBES2 (RFC 8018) is the `pkcs5` crate's; the schemes of PKCS#12 (RFC 7292, appendices B and C)
//! and of OpenSSL's traditional PEM are here, because no maintained crate has them.

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit, KeyIvInit};
use md5::{Digest as _, Md5};
use pkcs8::der::Decode as _;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use ring::digest;
use zeroize::Zeroizing;

use super::ber::{Element, INTEGER, OID, SEQUENCE, element};
use super::limits;
use crate::secret::Passphrase;

/// Why nothing was decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
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
    /// For PKCS#12: UTF-16, big-endian, with two zero bytes at the end.
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
        let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * utf8.len() + 2));
        for unit in units.chain([0]) {
            utf16.extend(unit.to_be_bytes());
        }
        Self {
            utf8: Zeroizing::new(utf8.to_vec()),
            utf16,
        }
    }

    /// Key material by the scheme of PKCS#12 (RFC 7292, appendix B.2).
    pub(super) fn derive(
        &self,
        purpose: Purpose,
        kdf: &Pkcs12Kdf<'_>,
        length: usize,
    ) -> Zeroizing<Vec<u8>> {
        let block = kdf.hash.block_len();
        let filled = |bytes: &[u8]| -> Vec<u8> {
            let length = bytes.len().div_ceil(block) * block;
            bytes.iter().copied().cycle().take(length).collect()
        };
        let mut input = Zeroizing::new(filled(kdf.salt));
        let filled_passphrase = Zeroizing::new(filled(&self.utf16));
        input.extend_from_slice(&filled_passphrase);
        let diversifier = vec![purpose as u8; block];
        let mut derived = Zeroizing::new(Vec::with_capacity(length + kdf.hash.output_len()));
        loop {
            let mut context = digest::Context::new(kdf.hash);
            context.update(&diversifier);
            context.update(&input);
            let mut output = context.finish();
            for _ in 1..kdf.iterations {
                output = digest::digest(kdf.hash, output.as_ref());
            }
            derived.extend_from_slice(output.as_ref());
            if derived.len() >= length {
                derived.truncate(length);
                return derived;
            }
            add_to_each_block(&mut input, output.as_ref(), block);
        }
    }
}

/// RFC 7292, appendix B.2, step 6 C: every block of `input` plus `addend` plus one.
fn add_to_each_block(input: &mut [u8], addend: &[u8], block: usize) {
    let addend: Vec<u8> = addend.iter().copied().cycle().take(block).collect();
    for chunk in input.chunks_mut(block) {
        let mut carry = 1_u16;
        for (byte, added) in chunk.iter_mut().rev().zip(addend.iter().rev()) {
            let [high, low] = (u16::from(*byte) + u16::from(*added) + carry).to_be_bytes();
            *byte = low;
            carry = u16::from(high);
        }
    }
}

/// What a derived key is for (RFC 7292, appendix B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// The parameters of PKCS#12's own key derivation.
pub(super) struct Pkcs12Kdf<'a> {
    pub(super) hash: &'static digest::Algorithm,
    pub(super) salt: &'a [u8],
    pub(super) iterations: u64,
}

/// What key derivation has cost so far, over all of a bundle.
#[derive(Default)]
pub(super) struct Cost {
    spent: u64,
}

impl Cost {
    /// Spends `iterations`, unless that is more than a bundle may cost.
    pub(super) fn spend(&mut self, iterations: u64) -> Result<(), Failure> {
        self.spent = self.spent.saturating_add(iterations);
        if self.spent > limits::KDF_ITERATIONS {
            return Err(Failure::TooCostly);
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
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if let Some((cipher, kdf)) = pkcs12_scheme(scheme) {
        cost.spend(kdf.iterations.saturating_mul(2))?;
        return cipher.decrypt(ciphertext, secret, &kdf);
    }
    let scheme = EncryptionScheme::from_der(scheme.whole).map_err(|_| Failure::Unsupported)?;
    cost.spend(iterations(&scheme)?)?;
    scheme
        .decrypt(&*secret.utf8, ciphertext)
        .map(Zeroizing::new)
        .map_err(|_| Failure::WrongPassphrase)
}

/// What a scheme of PKCS#5 costs, in iterations of PBKDF2.
fn iterations(scheme: &EncryptionScheme) -> Result<u64, Failure> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        // PBES1 hashes once an iteration, and has no more of them than fit 16 bits.
        return Ok(u64::from(u16::MAX));
    };
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => Ok(u64::from(pbkdf2.iteration_count)),
        Kdf::Scrypt(scrypt) => {
            let cells = scrypt
                .cost_parameter
                .saturating_mul(u64::from(scrypt.block_size));
            // Each cell has 128 bytes of memory.
            if cells.saturating_mul(128) > limits::SCRYPT_BYTES {
                return Err(Failure::TooCostly);
            }
            // Measured: a cell takes as long as four iterations of PBKDF2 with SHA-256.
            Ok(cells
                .saturating_mul(4)
                .saturating_mul(u64::from(scrypt.parallelization)))
        }
        _ => Err(Failure::Unsupported),
    }
}

#[derive(Clone, Copy)]
enum Cipher {
    TripleDes { key: usize },
    Rc2 { key: usize },
}

/// The schemes of RFC 7292, appendix C: `pbeWithSHAAnd…`.
fn pkcs12_scheme<'a>(scheme: &Element<'a>) -> Option<(Cipher, Pkcs12Kdf<'a>)> {
    // 1.2.840.113549.1.12.1
    const ARC: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x01];
    let mut members = scheme.inside();
    let number = members.tagged(OID)?.content.strip_prefix(&ARC)?;
    let cipher = match number {
        [3] => Cipher::TripleDes { key: 24 },
        [4] => Cipher::TripleDes { key: 16 },
        [5] => Cipher::Rc2 { key: 16 },
        [6] => Cipher::Rc2 { key: 5 },
        _ => return None,
    };
    let mut parameters = members.tagged(SEQUENCE)?.inside();
    let salt = parameters.next()?.content;
    let iterations = parameters.tagged(INTEGER)?.number()?;
    let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    Some((
        cipher,
        Pkcs12Kdf {
            hash,
            salt,
            iterations,
        },
    ))
}

impl Cipher {
    fn decrypt(
        self,
        ciphertext: &[u8],
        secret: &Secret,
        kdf: &Pkcs12Kdf<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let (Self::TripleDes { key } | Self::Rc2 { key }) = self;
        let mut key = secret.derive(Purpose::Key, kdf, key);
        let iv = secret.derive(Purpose::Iv, kdf, 8);
        match self {
            Self::TripleDes { .. } => {
                // Two-key triple DES uses the first key again as the third.
                let first: Vec<u8> = key.iter().take(24 - key.len()).copied().collect();
                key.extend(first);
                cbc::<des::TdesEde3>(&key, &iv, ciphertext)
            }
            Self::Rc2 { .. } => {
                let cipher = rc2::Rc2::new_with_eff_key_len(&key, key.len() * 8);
                let decryptor = Decryptor::inner_iv_slice_init(cipher, &iv);
                unpadded(decryptor.ok(), ciphertext)
            }
        }
    }
}

/// Decrypts a key of OpenSSL's traditional PEM: `cipher` and `iv` are those of the `DEK-Info` line.
///
/// Source: openssl PEM_read(3), "PEM ENCRYPTION FORMAT".
pub(super) fn decrypt_traditional(
    cipher: &str,
    iv: &[u8],
    ciphertext: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let key = |length| bytes_to_key(passphrase.expose().as_bytes(), iv, length);
    match cipher {
        "DES-CBC" => cbc::<des::Des>(&key(8), iv, ciphertext),
        "DES-EDE3-CBC" => cbc::<des::TdesEde3>(&key(24), iv, ciphertext),
        "AES-128-CBC" => cbc::<aes::Aes128>(&key(16), iv, ciphertext),
        "AES-192-CBC" => cbc::<aes::Aes192>(&key(24), iv, ciphertext),
        "AES-256-CBC" => cbc::<aes::Aes256>(&key(32), iv, ciphertext),
        _ => Err(Failure::Unsupported),
    }
}

/// OpenSSL's EVP_BytesToKey with MD5 and one iteration; the salt is the first half of an AES IV.
fn bytes_to_key(passphrase: &[u8], iv: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let salt = iv.get(..8).unwrap_or(iv);
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last = Zeroizing::new([0; 16]);
    let mut is_first = true;
    while key.len() < length {
        let mut hash = Md5::new();
        if !is_first {
            hash.update(*last);
        }
        is_first = false;
        hash.update(passphrase);
        hash.update(salt);
        *last = hash.finalize().into();
        key.extend_from_slice(&*last);
    }
    key.truncate(length);
    key
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    unpadded(Decryptor::<C>::new_from_slices(key, iv).ok(), ciphertext)
}

fn unpadded<C: BlockCipherDecrypt>(
    decryptor: Option<Decryptor<C>>,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let decryptor = decryptor.ok_or(Failure::Unsupported)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = decryptor
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| Failure::WrongPassphrase)?
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
