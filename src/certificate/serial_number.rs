//! Serial numbers of certificates, and how ACM writes them.

use std::fmt;

use super::hexadecimal;
use crate::text_form::text_form;

/// A serial number: a positive integer, big-endian, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let leading_zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Self(bytes.get(leading_zeros..).unwrap_or_default().to_vec())
    }

    /// Reads hexadecimal with or without colons, as ACM writes it: `07:71:71:f4`.
    #[must_use]
    pub fn from_hexadecimal(text: &str) -> Option<Self> {
        let mut digits: String = text.chars().filter(|c| *c != ':').collect();
        if digits.len() % 2 == 1 {
            digits.insert(0, '0');
        }
        let bytes = hex::decode(digits).ok()?;
        Some(Self::from_bytes(&bytes))
    }

    /// How many octets ACM writes it with.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.0.len().max(1)
    }
}

text_form!(
    SerialNumber,
    Self::from_hexadecimal,
    "no serial number in hexadecimal"
);

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("00");
        }
        f.write_str(&hexadecimal(&self.0, ":"))
    }
}
