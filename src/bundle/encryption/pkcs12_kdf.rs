//! The key derivation of PKCS#12 (RFC 7292, appendix B).

use ring::digest;
use zeroize::Zeroizing;

use super::Secret;

/// What a derived key is for (RFC 7292, appendix B.3).
#[derive(Clone, Copy)]
pub(in crate::bundle) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// The parameters of PKCS#12's own key derivation.
pub(in crate::bundle) struct Pkcs12Kdf<'a> {
    pub(in crate::bundle) hash: &'static digest::Algorithm,
    pub(in crate::bundle) salt: &'a [u8],
    pub(in crate::bundle) iterations: u64,
}

impl Secret {
    /// Key material by the scheme of PKCS#12 (RFC 7292, appendix B.2).
    pub(in crate::bundle) fn derive(
        &self,
        purpose: Purpose,
        kdf: &Pkcs12Kdf<'_>,
        length: usize,
    ) -> Zeroizing<Vec<u8>> {
        // Steps 2 and 3: whole blocks of salt and of passphrase. Of an empty one there are none, so that the empty
        // passphrase of Windows gives another key than two zero bytes.
        let block = kdf.hash.block_len();
        let filled = |bytes: &[u8]| -> Vec<u8> {
            let length = bytes.len().div_ceil(block) * block;
            bytes.iter().copied().cycle().take(length).collect()
        };
        let mut input = Zeroizing::new(filled(kdf.salt));
        let filled_passphrase = Zeroizing::new(filled(&self.utf16));
        input.extend_from_slice(&filled_passphrase);
        let diversifier = vec![purpose as u8; block];
        // Room for the last digest too, which is cut: a vector that grows leaves memory behind that is not wiped.
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
