//! PKCS#12 key stores (RFC 7292): `.pfx` and `.p12` of Windows, OpenSSL, keytool, browsers.

use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::ber::{CONTEXT_0, Element, Elements, INTEGER, OID, SEQUENCE, element};
use super::encryption::pkcs12_kdf::{Pkcs12Kdf, Purpose};
use super::encryption::{Cost, NotDecrypted, Secret, decrypt};
use super::{Reading, private_key};

/// `1.2.840.113549.1.7.1`, `data` of PKCS#7.
const DATA: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];
/// `1.2.840.113549.1.7.6`, `encryptedData` of PKCS#7.
const ENCRYPTED_DATA: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x06];
/// `1.2.840.113549.1.12.10.1`, below which the kinds of bags are numbered.
const BAGS: [u8; 10] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x0A, 0x01];
/// `1.2.840.113549.1.9.22.1`, an X.509 certificate in a bag.
const X509: [u8; 10] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x16, 0x01];

/// Bags within bags. Nobody is known to nest them at all.
const NESTING: usize = 3;

/// The two halves of a store: its content, and the code that proves the passphrase.
struct Store<'a> {
    safe: Zeroizing<Vec<u8>>,
    mac: Option<Mac<'a>>,
}

struct Mac<'a> {
    hash: Hash,
    expected: &'a [u8],
    salt: &'a [u8],
    iterations: u64,
}

#[derive(Clone, Copy)]
struct Hash {
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
}

/// Why a store gave nothing, or not all.
enum Closed {
    Damaged(&'static str),
    Failed(NotDecrypted),
}

impl From<NotDecrypted> for Closed {
    fn from(failure: NotDecrypted) -> Self {
        Self::Failed(failure)
    }
}

/// Adds what the store holds. Answers whether `bytes` are PKCS#12.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    let Some(store) = store(bytes) else {
        return false;
    };
    reading.recognised();
    let secrets = Secret::all(reading.passphrases);
    let opened = open(&store, &secrets, &mut reading.cost);
    match opened {
        Ok(found) => {
            for certificate in &found.certificates {
                reading.certificate(certificate, place);
            }
            for key in &found.keys {
                reading.key(|_| private_key::from_pkcs8(key), place);
            }
        }
        Err(Closed::Damaged(what)) => {
            reading.malformed(place, &format!("The PKCS#12 store is damaged: {what}."));
        }
        Err(Closed::Failed(failure)) => {
            reading.bundle.closed_store = true;
            reading.failed(failure, "The PKCS#12 store", place);
        }
    }
    true
}

/// What was found in the bags.
#[derive(Default)]
struct Contents {
    certificates: Vec<Vec<u8>>,
    /// PKCS#8 DER.
    keys: Vec<Zeroizing<Vec<u8>>>,
}

fn store(bytes: &[u8]) -> Option<Store<'_>> {
    let mut members = element(bytes).filter(|pfx| pfx.tag == SEQUENCE)?.inside();
    let version = members.tagged(INTEGER)?.number()?;
    let mut content = members.tagged(SEQUENCE)?.inside();
    let kind = content.tagged(OID)?;
    // RFC 7292, section 4: with `data` a passphrase protects the store. The other kind, `signedData`, needs a
    // public key.
    if version != 3 || kind.content != DATA {
        return None;
    }
    let safe = content.tagged(CONTEXT_0)?.inside().next()?.octets();
    let mac = members.tagged(SEQUENCE).and_then(mac);
    Some(Store { safe, mac })
}

/// `None` for a code by PBMAC1 (RFC 9579) or an unknown hash: then decryption alone has to tell a
/// wrong passphrase.
fn mac(mac: Element<'_>) -> Option<Mac<'_>> {
    let mut members = mac.inside();
    let mut info = members.tagged(SEQUENCE)?.inside();
    let hash = hash(info.tagged(SEQUENCE)?.inside().tagged(OID)?.content)?;
    let expected = info.next()?.content;
    let salt = members.next()?.content;
    let iterations = members
        .tagged(INTEGER)
        // RFC 7292, section 4: `iterations INTEGER DEFAULT 1`.
        .map_or(Some(1), |count| count.number())?;
    Some(Mac {
        hash,
        expected,
        salt,
        iterations,
    })
}

fn hash(oid: &[u8]) -> Option<Hash> {
    let (digest, hmac) = match oid {
        // 1.3.14.3.2.26
        [0x2B, 0x0E, 0x03, 0x02, 0x1A] => (
            &digest::SHA1_FOR_LEGACY_USE_ONLY,
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        ),
        // 2.16.840.1.101.3.4.2.n
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 1] => (&digest::SHA256, hmac::HMAC_SHA256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 2] => (&digest::SHA384, hmac::HMAC_SHA384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 3] => (&digest::SHA512, hmac::HMAC_SHA512),
        _ => return None,
    };
    Some(Hash { digest, hmac })
}

/// Opens the store with the first of `secrets` that fits.
fn open(store: &Store<'_>, secrets: &[Secret], cost: &mut Cost) -> Result<Contents, Closed> {
    let mut last = Closed::Failed(NotDecrypted::WrongPassphrase);
    for secret in secrets {
        if let Some(mac) = &store.mac
            && !mac.fits(&store.safe, secret, cost)?
        {
            continue;
        }
        match bags_of_store(&store.safe, secret, cost) {
            Ok(found) => return Ok(found),
            // What was spent stays spent: the next passphrase could not be tried either.
            Err(closed @ Closed::Failed(NotDecrypted::TooCostly)) => return Err(closed),
            Err(closed) => last = closed,
        }
    }
    Err(last)
}

impl Mac<'_> {
    fn fits(&self, safe: &[u8], secret: &Secret, cost: &mut Cost) -> Result<bool, NotDecrypted> {
        // For each passphrase anew: many that do not fit cost as much as one with many iterations.
        cost.spend(self.iterations)?;
        let kdf = Pkcs12Kdf {
            hash: self.hash.digest,
            salt: self.salt,
            iterations: self.iterations,
        };
        let key = secret.derive(Purpose::Mac, &kdf, self.hash.digest.output_len());
        let key = hmac::Key::new(self.hash.hmac, &key);
        Ok(hmac::verify(&key, safe, self.expected).is_ok())
    }
}

fn bags_of_store(safe: &[u8], secret: &Secret, cost: &mut Cost) -> Result<Contents, Closed> {
    let mut found = Contents::default();
    let contents = element(safe).ok_or(Closed::Damaged("it has no content"))?;
    for content in contents.inside() {
        let mut members = content.inside();
        let kind = members
            .tagged(OID)
            .ok_or(Closed::Damaged("a part has no kind"))?;
        let inner = members
            .tagged(CONTEXT_0)
            .and_then(|inner| inner.inside().next());
        let inner = inner.ok_or(Closed::Damaged("a part is empty"))?;
        let plain = match kind.content {
            oid if oid == DATA => inner.octets(),
            oid if oid == ENCRYPTED_DATA => decrypted(&inner, secret, cost)?,
            // Encrypted to somebody's public key: no passphrase opens that.
            _ => return Err(Closed::Failed(NotDecrypted::Unsupported)),
        };
        // Without a code, only this tells a wrong passphrase from a right one.
        let bags = element(&plain)
            .filter(|bags| bags.tag == SEQUENCE && bags.whole.len() == plain.len())
            .ok_or(Closed::Failed(NotDecrypted::WrongPassphrase))?;
        read_bags(bags.inside(), secret, cost, &mut found, NESTING)?;
    }
    Ok(found)
}

fn decrypted(
    data: &Element<'_>,
    secret: &Secret,
    cost: &mut Cost,
) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let mut members = data.inside();
    members
        .tagged(INTEGER)
        .ok_or(Closed::Damaged("an encrypted part has no version"))?;
    let info = members
        .tagged(SEQUENCE)
        .ok_or(Closed::Damaged("an encrypted part is empty"))?;
    let mut info = info.inside();
    let _ = info.tagged(OID);
    let scheme = info
        .tagged(SEQUENCE)
        .ok_or(Closed::Damaged("a part has no algorithm"))?;
    let ciphertext = info
        .next()
        .ok_or(Closed::Damaged("a part has no content"))?;
    Ok(decrypt(&scheme, &ciphertext.octets(), secret, cost)?)
}

fn read_bags(
    bags: Elements<'_>,
    secret: &Secret,
    cost: &mut Cost,
    found: &mut Contents,
    depth: usize,
) -> Result<(), Closed> {
    for bag in bags {
        let mut members = bag.inside();
        let kind = members
            .tagged(OID)
            .and_then(|kind| kind.content.strip_prefix(&BAGS));
        let value = members
            .tagged(CONTEXT_0)
            .and_then(|value| value.inside().next());
        let (Some(&[kind]), Some(value)) = (kind, value) else {
            return Err(Closed::Damaged("a bag has no kind or no value"));
        };
        match kind {
            1 => found.keys.push(Zeroizing::new(value.whole.to_vec())),
            2 => found.keys.push(shrouded_key(&value, secret, cost)?),
            3 => found.certificates.extend(certificate(&value)),
            6 if depth > 0 => read_bags(value.inside(), secret, cost, found, depth - 1)?,
            // Revocation lists, and secrets of other kinds.
            _ => {}
        }
    }
    Ok(())
}

fn shrouded_key(
    value: &Element<'_>,
    secret: &Secret,
    cost: &mut Cost,
) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let mut members = value.inside();
    let scheme = members
        .tagged(SEQUENCE)
        .ok_or(Closed::Damaged("a key has no algorithm"))?;
    let ciphertext = members.next().ok_or(Closed::Damaged("a key is empty"))?;
    Ok(decrypt(&scheme, &ciphertext.octets(), secret, cost)?)
}

/// `None` for a certificate that is not of X.509.
fn certificate(value: &Element<'_>) -> Option<Vec<u8>> {
    let mut members = value.inside();
    members.tagged(OID).filter(|kind| kind.content == X509)?;
    let der = members.tagged(CONTEXT_0)?.inside().next()?.octets();
    Some(der.to_vec())
}
