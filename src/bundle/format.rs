//! Which format bytes are in: told by their content.

use super::{Reading, pem, private_key};
use crate::certificate::Certificate;

/// Reads `bytes` in the format that they are in. Answers whether there is one.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    if let Some(text) = pem::text(bytes) {
        return pem::read(&text, place, reading);
    }
    if Certificate::from_der(bytes).is_ok() {
        reading.certificate(bytes, place);
        return true;
    }
    if let Some(key) = private_key::from_der_of_any_kind(bytes, reading.passphrases) {
        reading.key(key, place);
        return true;
    }
    false
}
