//! What a key may be used for.

use std::collections::BTreeSet;

use x509_parser::asn1_rs::Oid;

/// RFC 5280, section 4.2.1.3, in the order of its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUsage {
    /// Bit 0.
    DigitalSignature,
    /// Bit 1, also called content commitment.
    NonRepudiation,
    /// Bit 2.
    KeyEncipherment,
    /// Bit 3.
    DataEncipherment,
    /// Bit 4.
    KeyAgreement,
    /// Bit 5.
    CertificateSigning,
    /// Bit 6.
    CrlSigning,
    /// Bit 7.
    EncipherOnly,
    /// Bit 8.
    DecipherOnly,
}

impl KeyUsage {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::CertificateSigning,
        Self::CrlSigning,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    pub(super) fn from_flags(flags: u16) -> BTreeSet<Self> {
        Self::ALL
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| flags & (1 << bit) != 0)
            .map(|(_, usage)| usage)
            .collect()
    }

    /// ACM's name (`KeyUsage.Name`).
    ///
    /// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_KeyUsage.html>
    #[must_use]
    pub fn acm_name(self) -> &'static str {
        match self {
            Self::DigitalSignature => "DIGITAL_SIGNATURE",
            Self::NonRepudiation => "NON_REPUDIATION",
            Self::KeyEncipherment => "KEY_ENCIPHERMENT",
            Self::DataEncipherment => "DATA_ENCIPHERMENT",
            Self::KeyAgreement => "KEY_AGREEMENT",
            Self::CertificateSigning => "CERTIFICATE_SIGNING",
            Self::CrlSigning => "CRL_SIGNING",
            Self::EncipherOnly => "ENCIPHER_ONLY",
            Self::DecipherOnly => "DECIPHER_ONLY",
        }
    }
}

/// Object identifiers, dotted (RFC 5280, section 4.2.1.12).
pub(super) fn extended_key_usages(
    usage: &x509_parser::extensions::ExtendedKeyUsage<'_>,
) -> BTreeSet<String> {
    let named = [
        (usage.any, "2.5.29.37.0"),
        (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
        (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ];
    let others = usage.other.iter().map(Oid::to_id_string);
    named
        .into_iter()
        .filter(|(present, _)| *present)
        .map(|(_, oid)| oid.to_owned())
        .chain(others)
        .collect()
}
