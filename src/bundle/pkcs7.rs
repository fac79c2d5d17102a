//! PKCS#7 and CMS (RFC 5652, section 5.1): the `.p7b` that Windows and some CAs hand out.

use super::Reading;
use super::ber::{CONTEXT_0, INTEGER, OID, SEQUENCE, element};

/// `1.2.840.113549.1.7.2`, `signedData`.
const SIGNED_DATA: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];

/// Adds the certificates of a signed (or, as usual, unsigned) message. Answers whether `bytes` are
/// one.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    let Some(certificates) = certificates(bytes) else {
        return false;
    };
    reading.recognised();
    for certificate in certificates {
        reading.certificate(certificate, place);
    }
    true
}

fn certificates(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut message = element(bytes)
        .filter(|message| message.tag == SEQUENCE)?
        .inside();
    message
        .tagged(OID)
        .filter(|kind| kind.content == SIGNED_DATA)?;
    let signed = message.tagged(CONTEXT_0)?.inside().tagged(SEQUENCE)?;
    let mut members = signed.inside();
    members.tagged(INTEGER)?;
    let set = members.find(|member| member.tag == CONTEXT_0)?;
    // Other choices of CertificateSet than a certificate have context tags.
    let plain = set.inside().filter(|choice| choice.tag == SEQUENCE);
    Some(plain.map(|certificate| certificate.whole).collect())
}
