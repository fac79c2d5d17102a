//! ExportCertificate: what may leave ACM.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::requested::Requested;
use super::stored::Stored;

/// The exported certificate, chain and encrypted key, and the request as it is afterwards.
///
/// # Errors
///
/// `ValidationException` for a certificate that must not be exported and for a passphrase with a
/// forbidden character, `RequestInProgressException` for one that is not issued.
pub(super) fn export(
    certificate: &Stored,
    passphrase: &[u8],
) -> Result<(Value, Requested), Refusal> {
    let Some(requested) = certificate.requested() else {
        return Err(not_private(&certificate.arn));
    };
    if !requested.is_exportable() {
        return Err(not_private(&certificate.arn));
    }
    check_passphrase(passphrase)?;
    let mut exported = Requested::clone(requested);
    let issued = exported.issued_mut().ok_or_else(Refusal::in_progress)?;
    let key = issued.key.as_ref();
    let key =
        key.ok_or_else(|| Refusal::internal("the key of an exportable certificate is gone"))?;
    let key = key
        .encrypted(passphrase)
        .map_err(|error| Refusal::internal(format!("the key cannot be encrypted: {error}")))?;
    let answer = json!({
        "Certificate": issued.material.certificate_pem,
        "CertificateChain": issued.material.chain_pem,
        "PrivateKey": key,
    });
    issued.exported = true;
    Ok((answer, exported))
}

/// In moto's words, which were made after AWS's answer (moto, issue 7858).
fn not_private(arn: &str) -> Refusal {
    Refusal::validation(format!(
        "Certificate ARN: {arn} is not a private certificate"
    ))
}

/// Source: API reference of ExportCertificate, `Passphrase`. The text is inferred.
fn check_passphrase(passphrase: &[u8]) -> Result<(), Refusal> {
    if passphrase
        .iter()
        .all(|byte| byte.is_ascii() && !b"#$%".contains(byte))
    {
        return Ok(());
    }
    Err(Refusal::validation(
        "The passphrase must consist of ASCII characters other than #, $ and %.",
    ))
}
