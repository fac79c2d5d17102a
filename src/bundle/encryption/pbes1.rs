//! Encryption schemes older than PBES2: those of PKCS#12 (RFC 7292, appendix C) and PBES1 of PKCS#5
//! (RFC 8018, appendix A.3), which Windows, Java and OpenSSL before 3.0 wrote.

use cbc::Decryptor;
use cbc::cipher::{InnerIvInit, KeyInit, StreamCipher};
use md5::{Digest as _, Md5};
use ring::digest;
use sha1::Sha1;
use zeroize::Zeroizing;

use super::pkcs12_kdf::{Pkcs12Kdf, Purpose};
use super::{NotDecrypted, Secret, cbc, unpadded};
use crate::bundle::ber::{Element, INTEGER, OID, SEQUENCE};

/// A scheme with its parameters.
pub(super) struct Scheme<'a> {
    kind: Kind,
    salt: &'a [u8],
    pub(super) iterations: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    /// `pbeWithSHAAnd…` of PKCS#12.
    Pkcs12(Cipher),
    /// `pbeWithMD5And…` and `pbeWithSHA1And…` of PKCS#5.
    Pkcs5(Hash, Cipher),
}

#[derive(Clone, Copy)]
enum Hash {
    Md5,
    Sha1,
}

/// Lengths of keys are in bytes.
#[derive(Clone, Copy)]
enum Cipher {
    Des,
    TripleDes { key: usize },
    Rc2 { key: usize },
    Rc4 { key: usize },
}

impl<'a> Scheme<'a> {
    /// `None` where the AlgorithmIdentifier names none of these schemes.
    pub(super) fn from_identifier(identifier: &Element<'a>) -> Option<Self> {
        let mut members = identifier.inside();
        let kind = kind(members.tagged(OID)?.content)?;
        let mut parameters = members.tagged(SEQUENCE)?.inside();
        Some(Self {
            kind,
            salt: parameters.next()?.content,
            iterations: parameters.tagged(INTEGER)?.number()?,
        })
    }

    pub(super) fn decrypt(
        &self,
        ciphertext: &[u8],
        secret: &Secret,
    ) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
        match self.kind {
            Kind::Pkcs12(cipher) => {
                let kdf = Pkcs12Kdf {
                    hash: &digest::SHA1_FOR_LEGACY_USE_ONLY,
                    salt: self.salt,
                    iterations: self.iterations,
                };
                let key = secret.derive(Purpose::Key, &kdf, cipher.key_length());
                let iv = secret.derive(Purpose::Iv, &kdf, 8);
                cipher.decrypt(&key, &iv, ciphertext)
            }
            Kind::Pkcs5(hash, cipher) => {
                let derived = self.derive_by_pkcs5(hash, secret);
                let (key, rest) = derived
                    .split_at_checked(cipher.key_length())
                    .ok_or(NotDecrypted::Unsupported)?;
                cipher.decrypt(key, rest.get(..8).unwrap_or(rest), ciphertext)
            }
        }
    }

    /// PBKDF1 (RFC 8018, section 5.1): eight bytes of key, eight of IV.
    fn derive_by_pkcs5(&self, hash: Hash, secret: &Secret) -> Zeroizing<Vec<u8>> {
        let digest = |bytes: &[u8]| match hash {
            Hash::Md5 => Md5::digest(bytes).to_vec(),
            Hash::Sha1 => Sha1::digest(bytes).to_vec(),
        };
        let mut input = Zeroizing::new(Vec::with_capacity(secret.utf8.len() + self.salt.len()));
        input.extend_from_slice(&secret.utf8);
        input.extend_from_slice(self.salt);
        let mut derived = Zeroizing::new(digest(&input));
        // As many as the file says: `Cost` has let them pass.
        for _ in 1..self.iterations {
            derived = Zeroizing::new(digest(&derived));
        }
        derived
    }
}

fn kind(oid: &[u8]) -> Option<Kind> {
    // 1.2.840.113549.1.12.1
    const PKCS12: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x01];
    // 1.2.840.113549.1.5
    const PKCS5: [u8; 8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05];
    if let Some(number) = oid.strip_prefix(&PKCS12) {
        return Some(Kind::Pkcs12(match number {
            [1] => Cipher::Rc4 { key: 16 },
            [2] => Cipher::Rc4 { key: 5 },
            [3] => Cipher::TripleDes { key: 24 },
            [4] => Cipher::TripleDes { key: 16 },
            [5] => Cipher::Rc2 { key: 16 },
            [6] => Cipher::Rc2 { key: 5 },
            _ => return None,
        }));
    }
    let (hash, cipher) = match oid.strip_prefix(&PKCS5)? {
        [3] => (Hash::Md5, Cipher::Des),
        [6] => (Hash::Md5, Cipher::Rc2 { key: 8 }),
        [10] => (Hash::Sha1, Cipher::Des),
        [11] => (Hash::Sha1, Cipher::Rc2 { key: 8 }),
        _ => return None,
    };
    Some(Kind::Pkcs5(hash, cipher))
}

impl Cipher {
    fn key_length(self) -> usize {
        match self {
            Self::Des => 8,
            Self::TripleDes { key } | Self::Rc2 { key } | Self::Rc4 { key } => key,
        }
    }

    fn decrypt(
        self,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
        match self {
            Self::Des => cbc::<des::Des>(key, iv, ciphertext),
            Self::TripleDes { .. } => {
                // Two-key triple DES uses the first key again as the third.
                let whole: Vec<u8> = key.iter().copied().cycle().take(24).collect();
                cbc::<des::TdesEde3>(&Zeroizing::new(whole), iv, ciphertext)
            }
            Self::Rc2 { .. } => {
                let cipher = rc2::Rc2::new_with_eff_key_len(key, key.len() * 8);
                let decryptor = Decryptor::inner_iv_slice_init(cipher, iv);
                unpadded(decryptor.ok(), ciphertext)
            }
            Self::Rc4 { .. } => {
                let mut cipher =
                    rc4::Rc4::new_from_slice(key).map_err(|_| NotDecrypted::Unsupported)?;
                // No padding tells a wrong passphrase here: the reader of the plain text has to.
                let mut plain = Zeroizing::new(ciphertext.to_vec());
                cipher.apply_keystream(&mut plain);
                Ok(plain)
            }
        }
    }
}
