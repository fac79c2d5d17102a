//! OpenSSL's own encryption of keys in PEM: `Proc-Type: 4,ENCRYPTED`.
//!
//! Source: openssl PEM_read(3), "PEM ENCRYPTION FORMAT".

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::{NotDecrypted, cbc};
use crate::secret::Passphrase;

/// Decrypts a key of OpenSSL's traditional PEM: `cipher` and `iv` are those of the `DEK-Info` line.
pub(in crate::bundle) fn decrypt_traditional(
    cipher: &str,
    iv: &[u8],
    ciphertext: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
    let key = |length| bytes_to_key(passphrase.expose().as_bytes(), iv, length);
    match cipher {
        "DES-CBC" => cbc::<des::Des>(&key(8), iv, ciphertext),
        "DES-EDE3-CBC" => cbc::<des::TdesEde3>(&key(24), iv, ciphertext),
        "AES-128-CBC" => cbc::<aes::Aes128>(&key(16), iv, ciphertext),
        "AES-192-CBC" => cbc::<aes::Aes192>(&key(24), iv, ciphertext),
        "AES-256-CBC" => cbc::<aes::Aes256>(&key(32), iv, ciphertext),
        _ => Err(NotDecrypted::Unsupported),
    }
}

/// OpenSSL's EVP_BytesToKey with MD5 and one iteration; the salt is the first half of an AES IV.
fn bytes_to_key(passphrase: &[u8], iv: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let salt = iv.get(..8).unwrap_or(iv);
    // Room for the last digest too, which is cut: a vector that grows leaves memory behind that is not wiped.
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
