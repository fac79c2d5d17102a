//! What a re-import may not change.
//!
//! Source: ACM User Guide, "Reimporting a certificate".

use super::refusal::Refusal;
use super::x509_facts::{CLIENT_AUTHENTICATION, X509Facts};
use certdrop::certificate::KeyUsage;
use certdrop::public_key::KeyAlgorithm;

/// Judges `new` as what replaces `current`.
///
/// # Errors
///
/// The first rule that is broken.
pub(super) fn check(current: &X509Facts, new: &X509Facts) -> Result<(), Refusal> {
    check_key(current, new)?;
    check_names(current, new)?;
    check_key_usages(current, new)?;
    check_extended_key_usages(current, new)
}

fn check_key(current: &X509Facts, new: &X509Facts) -> Result<(), Refusal> {
    let (was, is) = (current.key_algorithm(), new.key_algorithm());
    if was == is {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "The key type and size of the new certificate ({is}) must be those of the currently \
         imported certificate ({was})."
    )))
}

fn check_names(current: &X509Facts, new: &X509Facts) -> Result<(), Refusal> {
    if current.is_named() && !new.is_named() {
        return Err(Refusal::validation(
            "New certificate has no domain name, the currently imported certificate has.",
        ));
    }
    Ok(())
}

fn check_key_usages(current: &X509Facts, new: &X509Facts) -> Result<(), Refusal> {
    let Some(before) = &current.certificate.key_usages else {
        return refuse_if(
            new.certificate.key_usages.is_some(),
            "New certificate has a Key Usage extension, the currently imported certificate has none.",
        );
    };
    let is_ec = matches!(new.certificate.public_key.algorithm(), KeyAlgorithm::Ec(_));
    // The guide's exception: an ECDSA key enciphers no key, so nothing is lost.
    let may_go = |usage: KeyUsage| is_ec && usage == KeyUsage::KeyEncipherment;
    let lost = before
        .iter()
        .any(|usage| !may_go(*usage) && !new.has_key_usage(*usage));
    refuse_if(
        lost,
        "New certificate is missing one or more Key Usages supported by the currently imported \
         certificate",
    )
}

fn check_extended_key_usages(current: &X509Facts, new: &X509Facts) -> Result<(), Refusal> {
    let after = &new.certificate.extended_key_usages;
    let Some(before) = &current.certificate.extended_key_usages else {
        return refuse_if(
            after.is_some(),
            "New certificate has an Extended Key Usage extension, the currently imported \
             certificate has none.",
        );
    };
    // The guide's exception: public CAs have stopped to give out client authentication.
    let lost = before.iter().any(|oid| {
        oid != CLIENT_AUTHENTICATION && !after.as_ref().is_some_and(|after| after.contains(oid))
    });
    refuse_if(
        lost,
        "New certificate is missing one or more Extended Key Usages supported by the currently \
         imported certificate",
    )
}

fn refuse_if(broken: bool, message: &str) -> Result<(), Refusal> {
    if broken {
        Err(Refusal::validation(message))
    } else {
        Ok(())
    }
}
