//! The chain as webpki takes it.

use std::time::Duration;

use pki_types::alg_id::{
    ECDSA_P256, ECDSA_P384, ECDSA_P521, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, ED25519,
    RSA_ENCRYPTION, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512,
};
use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    TrustAnchor, UnixTime,
};
use time::OffsetDateTime;
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath, anchor_from_trusted_cert};

use crate::certificate::Certificate;
use crate::validate::Served;

/// Intermediates that webpki follows. With more it would only try their permutations, which for certificates of the
/// same name are many.
const MOST_INTERMEDIATES: usize = 6;

/// A TLS client that trusts the end of the chain, whatever that is, and the public roots.
pub(super) struct Client<'a> {
    served: &'a Served,
    leaf: CertificateDer<'a>,
    intermediates: Vec<CertificateDer<'a>>,
    root: Option<CertificateDer<'a>>,
}

impl<'a> Client<'a> {
    pub(super) fn of(served: &'a Served) -> Self {
        let der = |certificate: &'a Certificate| CertificateDer::from(certificate.der());
        Self {
            served,
            leaf: der(&served.leaf),
            intermediates: served.intermediates.iter().map(der).collect(),
            root: served.root.as_ref().map(der),
        }
    }

    /// Verifies the chain for a TLS server at the instant `at`, all but its signatures: those were checked when the chain
    /// was built, and are most of the work.
    pub(super) fn verify(&self, at: OffsetDateTime) -> Result<(), Error> {
        if self.intermediates.len() > MOST_INTERMEDIATES {
            return Err(Error::MaximumPathDepthExceeded);
        }
        let leaf = EndEntityCert::try_from(&self.leaf)?;
        let anchors = self.anchors()?;
        let seconds = u64::try_from(at.unix_timestamp()).unwrap_or_default();
        leaf.verify_for_usage(
            &ALGORITHMS
                .each_ref()
                .map(|one| one as &dyn SignatureVerificationAlgorithm),
            &anchors,
            &self.intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            KeyUsage::server_auth(),
            None,
            Some(&|path| self.is_ours(path)),
        )?;
        Ok(())
    }

    /// The domain names that webpki reads in the leaf.
    pub(super) fn names(&self) -> Result<Vec<String>, Error> {
        let leaf = EndEntityCert::try_from(&self.leaf)?;
        Ok(leaf.valid_dns_names().map(str::to_owned).collect())
    }

    /// The root of the bundle, or else whoever has the name of the last issuer; and public roots of such names.
    fn anchors(&self) -> Result<Vec<TrustAnchor<'_>>, Error> {
        let own = match &self.root {
            Some(root) => anchor_from_trusted_cert(root)?,
            None => unseen_issuer(self.served),
        };
        let issued = |root: &&TrustAnchor<'_>| {
            let mut below = self.served.without_root();
            below.any(|certificate| certificate.issuer.has_content(&root.subject))
        };
        let public = webpki_roots::TLS_SERVER_ROOTS.iter().filter(issued);
        Ok(std::iter::once(own).chain(public.cloned()).collect())
    }

    /// Of certificates with the same name webpki may try another one than the signer. Only the order of the chain is right.
    fn is_ours(&self, path: &VerifiedPath<'_>) -> Result<(), Error> {
        let mut ours = self.intermediates.iter();
        let is_next = |certificate: &webpki::Cert<'_>| ours.next() == Some(&certificate.der());
        let are_ours = path.intermediate_certificates().all(is_next);
        // A CA's new key that the old one vouches for has the name of the anchor above it too. Only a public root may
        // stand in the place of what the bundle has there.
        let is_whole = ours.next().is_none();
        if are_ours && (is_whole || webpki_roots::TLS_SERVER_ROOTS.contains(path.anchor())) {
            Ok(())
        } else {
            Err(Error::UnknownIssuer)
        }
    }
}

/// An anchor with the name of the chain's last issuer, whose certificate is not in the bundle.
fn unseen_issuer(served: &Served) -> TrustAnchor<'_> {
    let last = served.intermediates.last().unwrap_or(&served.leaf);
    let key = match last.signature_algorithm.oid.as_str() {
        oid if oid.starts_with("1.2.840.113549.1.1.") => UNSEEN_RSA_KEY,
        "1.3.101.112" => UNSEEN_ED25519_KEY,
        _ => UNSEEN_EC_KEY,
    };
    TrustAnchor {
        subject: last.issuer.content().into(),
        subject_public_key_info: key.into(),
        name_constraints: None,
    }
}

/// Contents of `SubjectPublicKeyInfo` (RFC 5280, section 4.1) with an empty key: it is never used, its kind is asked for.
const UNSEEN_RSA_KEY: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03,
    0x01, 0x00,
];
const UNSEEN_EC_KEY: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x01, 0x00,
];
const UNSEEN_ED25519_KEY: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x01, 0x00];

/// A kind of signature that clients verify. The signature itself was verified before.
#[derive(Debug)]
struct Verified {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Verified {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

const fn verified(key: AlgorithmIdentifier, signature: AlgorithmIdentifier) -> Verified {
    Verified { key, signature }
}

/// What rustls verifies with aws-lc or ring.
static ALGORITHMS: [Verified; 16] = [
    verified(RSA_ENCRYPTION, RSA_PKCS1_SHA256),
    verified(RSA_ENCRYPTION, RSA_PKCS1_SHA384),
    verified(RSA_ENCRYPTION, RSA_PKCS1_SHA512),
    verified(RSA_ENCRYPTION, RSA_PSS_SHA256),
    verified(RSA_ENCRYPTION, RSA_PSS_SHA384),
    verified(RSA_ENCRYPTION, RSA_PSS_SHA512),
    verified(ECDSA_P256, ECDSA_SHA256),
    verified(ECDSA_P256, ECDSA_SHA384),
    verified(ECDSA_P256, ECDSA_SHA512),
    verified(ECDSA_P384, ECDSA_SHA256),
    verified(ECDSA_P384, ECDSA_SHA384),
    verified(ECDSA_P384, ECDSA_SHA512),
    verified(ECDSA_P521, ECDSA_SHA256),
    verified(ECDSA_P521, ECDSA_SHA384),
    verified(ECDSA_P521, ECDSA_SHA512),
    verified(ED25519, ED25519),
];
