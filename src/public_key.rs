//! Public keys as certificates carry them, and the names that ACM has for their algorithms.

use std::fmt;

/// The kind and size of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSA (`rsaEncryption`), with the size of its modulus in bits.
    Rsa {
        /// Size of the modulus in bits.
        bits: usize,
    },
    /// Elliptic curve, one of the three that ACM takes.
    Ec(Curve),
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Anything else, by its name or its object identifier.
    Other(String),
}

/// The elliptic curves that ACM imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256, secp256r1, prime256v1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
}

impl Curve {
    /// The curve with this object identifier (RFC 5480, section 2.1.1.1), dotted.
    #[must_use]
    pub fn from_oid(oid: &str) -> Option<Self> {
        match oid {
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            _ => None,
        }
    }

    /// Bytes of a number of this curve (RFC 5915, section 3).
    #[must_use]
    pub fn field_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// What people call an elliptic curve that ACM does not take, given its object identifier, dotted.
pub(crate) fn name_of_curve(oid: &str) -> String {
    let name = match oid {
        "1.2.840.10045.3.1.1" => "P-192",
        "1.3.132.0.33" => "P-224",
        "1.3.132.0.10" => "secp256k1",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        "1.2.156.10197.1.301" => "SM2",
        other => return format!("EC on curve {other}"),
    };
    format!("EC {name}")
}

/// What people call an algorithm of keys or signatures that ACM does not take, given its object
/// identifier, dotted.
pub(crate) fn name_of_algorithm(oid: &str) -> String {
    match oid {
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.113549.1.1.4" => "MD5 with RSA",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.113" => "Ed448",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        other => return format!("algorithm {other}"),
    }
    .to_owned()
}

/// The uncompressed form of the compressed `point` (SEC1, section 2.3.3); `None` where it is in another
/// form or not on `curve`.
pub(crate) fn uncompressed(curve: Curve, point: &[u8]) -> Option<Vec<u8>> {
    use p256::elliptic_curve::sec1::ToSec1Point as _;
    macro_rules! uncompressed {
        ($curve:ident) => {
            $curve::PublicKey::from_sec1_bytes(point)
                .ok()
                .map(|key| key.to_sec1_point(false).as_bytes().to_vec())
        };
    }
    if !matches!(point, [2 | 3, ..]) {
        return None;
    }
    match curve {
        Curve::P256 => uncompressed!(p256),
        Curve::P384 => uncompressed!(p384),
        Curve::P521 => uncompressed!(p521),
    }
}

impl KeyAlgorithm {
    /// RSA with this modulus: an unsigned integer, big-endian, that may start with zero bytes.
    #[must_use]
    pub fn rsa(modulus: &[u8]) -> Self {
        let mut significant = modulus.iter().skip_while(|byte| **byte == 0).peekable();
        let unused = significant
            .peek()
            .map_or(0, |first| first.leading_zeros() as usize);
        Self::Rsa {
            bits: significant.count() * 8 - unused,
        }
    }

    /// ACM's name of this algorithm (`KeyAlgorithm` of CertificateDetail), if it has one.
    ///
    /// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html>
    #[must_use]
    pub fn acm_name(&self) -> Option<&'static str> {
        match self {
            Self::Rsa { bits: 1024 } => Some("RSA_1024"),
            Self::Rsa { bits: 2048 } => Some("RSA_2048"),
            Self::Rsa { bits: 3072 } => Some("RSA_3072"),
            Self::Rsa { bits: 4096 } => Some("RSA_4096"),
            Self::Ec(Curve::P256) => Some("EC_prime256v1"),
            Self::Ec(Curve::P384) => Some("EC_secp384r1"),
            Self::Ec(Curve::P521) => Some("EC_secp521r1"),
            Self::Rsa { .. } | Self::Ed25519 | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ec(Curve::P256) => f.write_str("EC P-256"),
            Self::Ec(Curve::P384) => f.write_str("EC P-384"),
            Self::Ec(Curve::P521) => f.write_str("EC P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// A public key: its algorithm and the content of the `subjectPublicKey` bit string.
///
/// That content is the DER of `RSAPublicKey` for RSA (RFC 3279, section 2.3.1) and the uncompressed
/// point for EC (RFC 5480, section 2.2). Two keys are the same key when both parts are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    subject_public_key: Vec<u8>,
}

impl PublicKey {
    /// Joins the two parts of a `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn new(algorithm: KeyAlgorithm, subject_public_key: Vec<u8>) -> Self {
        Self {
            algorithm,
            subject_public_key,
        }
    }

    /// Kind and size.
    #[must_use]
    pub fn algorithm(&self) -> &KeyAlgorithm {
        &self.algorithm
    }

    /// The content of the `subjectPublicKey` bit string, without its count of unused bits.
    #[must_use]
    pub fn subject_public_key(&self) -> &[u8] {
        &self.subject_public_key
    }
}
