//! What there is to say about a bundle: stable codes, their meaning, source and remedy.
//!
//! The codes are a public contract. None is ever reused for another meaning; `docs/findings.md`
//! lists them all and a test compares it with [`ALL`].

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::region::Region;

/// Something that the owner of a bundle should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name, see [`Rule::code`].
    pub code: Cow<'static, str>,
    /// See [`Severity`].
    pub severity: Severity,
    /// Whom it is about: a certificate's subject, or a file and the block in it.
    pub subject: String,
    /// What is wrong, with the values that show it. A sentence.
    pub message: String,
    /// What to do about it, imperative. A sentence.
    pub remedy: Cow<'static, str>,
    /// The only region that it is about, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The secret that the rule's remedy asks for; `None` where the remedy says already where to put it.
    #[serde(skip)]
    asks_for: Option<Secret>,
}

/// A secret that a remedy asks for. Where to put it depends on who reads the bundle: the function takes secrets from
/// parameters, the command line tool from files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// There is none.
    PrivateKey,
    /// None is known.
    Passphrase,
    /// The known ones do not fit.
    RightPassphrase,
}

impl Finding {
    /// A finding of `rule` about `subject`, with the remedy that the rule has for everybody.
    #[must_use]
    pub fn new(rule: &Rule, subject: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(rule.code),
            severity: rule.severity,
            subject: subject.to_string(),
            message: message.into(),
            remedy: Cow::Borrowed(rule.remedy),
            region: None,
            asks_for: Secret::asked_by(rule),
        }
    }

    /// The same, which holds in `region` only.
    #[must_use]
    pub fn in_region(mut self, region: &Region) -> Self {
        self.region = Some(region.clone());
        self
    }

    /// The same with a remedy for just this case.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Cow::Owned(remedy.into());
        self.asks_for = None;
        self
    }

    /// The secret for which the remedy does not say yet where to put it.
    #[must_use]
    pub fn asks_for(&self) -> Option<Secret> {
        self.asks_for
    }

    /// The same, with the bundle's own parameters in the remedy: `path` is `/certdrop/www.example.com`.
    #[must_use]
    pub fn with_parameters_at(self, path: &str) -> Self {
        match self.asks_for {
            Some(secret) => self.with_remedy(secret.at_parameters(path)),
            None => self,
        }
    }

    /// Stops an import.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Secret {
    fn asked_by(rule: &Rule) -> Option<Self> {
        [
            (NO_PRIVATE_KEY, Self::PrivateKey),
            (KEY_ENCRYPTED, Self::Passphrase),
            (WRONG_PASSPHRASE, Self::RightPassphrase),
        ]
        .into_iter()
        .find_map(|(asking, secret)| (asking.code == rule.code).then_some(secret))
    }

    /// The remedy for a bundle whose parameters lie below `path`.
    fn at_parameters(self, path: &str) -> String {
        match self {
            Self::PrivateKey => format!(
                "Add the private key to the bundle, or store it in the parameter `{path}/private-key`."
            ),
            Self::Passphrase => format!(
                "Store the passphrase in the parameter `{path}/passphrase`, or drop the key unencrypted."
            ),
            Self::RightPassphrase => format!(
                "Correct the parameter `{path}/passphrase` (mind a final newline) and drop the bundle again."
            ),
        }
    }
}

/// How much a [`Finding`] weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// ACM would refuse, or clients would.
    Error,
    /// Works today.
    Warning,
}

/// What all findings of one code share.
#[derive(Debug)]
pub struct Rule {
    /// Stable name, lower case with hyphens.
    pub code: &'static str,
    /// See [`Severity`].
    pub severity: Severity,
    /// What the code means, one sentence for docs/findings.md.
    pub meaning: &'static str,
    /// Where the rule is written: an AWS page or an RFC section.
    pub source: &'static str,
    /// What to do, one sentence.
    pub remedy: &'static str,
}

macro_rules! rules {
    ($($(#[$attribute:meta])* $name:ident = $severity:ident $code:literal
        { meaning: $meaning:literal, source: $source:literal, remedy: $remedy:literal })*) => {
        $(
            #[doc = $meaning]
            pub const $name: Rule = Rule {
                code: $code,
                severity: Severity::$severity,
                meaning: $meaning,
                source: $source,
                remedy: $remedy,
            };
        )*
        /// Every rule, in the order of docs/findings.md.
        pub const ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    MALFORMED = Error "malformed" {
        meaning: "A part of the bundle is damaged: bad base64, a block without its end, broken ASN.1.",
        source: "RFC 7468; RFC 5280, section 4.1",
        remedy: "Export the bundle again and drop the new file; open it with `openssl x509 -text` to see whether it is whole."
    }
    UNSUPPORTED_FORMAT = Error "unsupported-format" {
        meaning: "The bytes are in none of the formats that certdrop reads.",
        source: "certdrop's list of formats, README",
        remedy: "Drop PEM, DER, PKCS#12, PKCS#7, JKS, a zip or tar archive of those, or a Kubernetes TLS secret."
    }
    TOO_LARGE = Error "too-large" {
        meaning: "A file, an archive or a count is over the limit that keeps the function safe.",
        source: "src/bundle/limits.rs",
        remedy: "Drop only the leaf, its intermediates and the private key."
    }
    NO_CERTIFICATE = Error "no-certificate" {
        meaning: "There is no certificate in the bundle.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Add the certificate that the CA issued. A certificate request (CSR) is not one."
    }
    NO_PRIVATE_KEY = Error "no-private-key" {
        meaning: "There is no private key in the bundle or in its parameter.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Add the private key to the bundle, or store it in the parameter `<prefix>/<bundle>/private-key`."
    }
    KEY_MISMATCH = Error "key-mismatch" {
        meaning: "The private key belongs to none of the certificates.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Drop the private key that the certificate was requested with, or a certificate for this key."
    }
    KEY_ENCRYPTED = Error "key-encrypted" {
        meaning: "The private key or key store is encrypted and no passphrase is known.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Store the passphrase in the parameter `<prefix>/<bundle>/passphrase`, or drop the key unencrypted."
    }
    WRONG_PASSPHRASE = Error "wrong-passphrase" {
        meaning: "No known passphrase opens the private key or key store.",
        source: "RFC 8018; RFC 7292",
        remedy: "Correct the parameter `<prefix>/<bundle>/passphrase` (mind a final newline) and drop the bundle again."
    }
    KEY_UNSUPPORTED = Error "key-unsupported" {
        meaning: "ACM imports no keys of this kind.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued for an RSA key of 2048, 3072 or 4096 bits or an EC key on P-256, P-384 or P-521."
    }
    KEY_TOO_LARGE = Error "key-too-large" {
        meaning: "The RSA key is larger than ACM imports.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued for an RSA key of at most 4096 bits."
    }
    AMBIGUOUS_KEYS = Error "ambiguous-keys" {
        meaning: "Several private keys fit several different leaves, and nothing says which pair is meant.",
        source: "certdrop",
        remedy: "Drop one bundle per leaf."
    }
    NOT_A_LEAF = Error "not-a-leaf" {
        meaning: "The private key belongs to a certification authority's certificate.",
        source: "RFC 5280, section 4.2.1.9",
        remedy: "Take the CA's private key out of the bundle at once, and drop the leaf's."
    }
    EXPIRED = Error "expired" {
        meaning: "The leaf or a certificate of its chain has expired.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; RFC 5280, section 4.1.2.5",
        remedy: "Drop the renewed certificate with its current chain."
    }
    NOT_YET_VALID = Error "not-yet-valid" {
        meaning: "The leaf or a certificate of its chain is not valid yet.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; RFC 5280, section 4.1.2.5",
        remedy: "Wait: the sweep imports it once it is valid."
    }
    CHAIN_INCOMPLETE = Error "chain-incomplete" {
        meaning: "An intermediate between the leaf and the root is missing.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-format.html",
        remedy: "Add the missing intermediate to the bundle."
    }
    SIGNATURE_INVALID = Error "signature-invalid" {
        meaning: "A certificate names an issuer that is in the bundle, but no such issuer's key verifies its signature.",
        source: "RFC 5280, section 6.1.3 (a) (1)",
        remedy: "Get the intermediates that belong to this certificate from the CA: these have the same name and another key, or a certificate was altered."
    }
    SIGNATURE_UNSUPPORTED = Error "signature-unsupported" {
        meaning: "A certificate is signed by an algorithm that neither certdrop nor ACM verifies.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued by a CA that signs with RSA or ECDSA."
    }
    ISSUER_UNKNOWN = Warning "issuer-unknown" {
        meaning: "The chain ends at an issuer that is neither in the bundle nor a public root: a private root, or an intermediate that is missing.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-format.html",
        remedy: "Nothing if it is your private root; else add the missing intermediate."
    }
    ISSUER_NOT_CA = Error "issuer-not-ca" {
        meaning: "The certificate that signed another is no certification authority's, or may not sign at this depth.",
        source: "RFC 5280, section 6.1.4 (k) to (n)",
        remedy: "Use a certificate that was issued by a CA; clients refuse this chain."
    }
    NOT_V3 = Error "not-v3" {
        meaning: "The leaf is no X.509 version 3 certificate.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued as X.509 version 3."
    }
    ISSUER_EMPTY = Error "issuer-empty" {
        meaning: "The leaf's issuer is empty.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued by a CA that has a name."
    }
    OCSP_URL_TOO_LONG = Error "ocsp-url-too-long" {
        meaning: "The OCSP address in the leaf has more than 1,000 characters.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued with a shorter OCSP address."
    }
    NO_DOMAIN_NAME = Error "no-domain-name" {
        meaning: "The leaf names no domain and no IP address.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued with at least one subject alternative name."
    }
    CERTIFICATE_TOO_LARGE = Error "certificate-too-large" {
        meaning: "The leaf or its chain is larger than ImportCertificate takes.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Have the certificate issued with fewer names."
    }
    TOO_MANY_NAMES = Warning "too-many-names" {
        meaning: "The leaf has more than 100 names; ACM shows the first 100 in its lists.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateSummary.html",
        remedy: "Check that the services that will use it accept so many names."
    }
    NAME_INVALID = Warning "name-invalid" {
        meaning: "A name in the leaf is no domain name that clients would match.",
        source: "RFC 5280, section 4.2.1.6; RFC 9525, section 6.3",
        remedy: "Have the certificate issued with names of letters, digits and hyphens, a wildcard only as the whole first label."
    }
    ALGORITHM_MISMATCH = Warning "algorithm-mismatch" {
        meaning: "The leaf's key is of another kind than the key that signed it.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Nothing, if ACM takes it: its reference wants both to be RSA or both EC, public CAs mix them."
    }
    ROOT_IN_BUNDLE = Warning "root-in-bundle" {
        meaning: "The bundle holds the root, which clients have themselves.",
        source: "RFC 8446, section 4.4.2",
        remedy: "Nothing: a public root is left out of the chain, a private one is sent; the setting CERTDROP_INCLUDE_ROOT decides otherwise."
    }
    STRANGERS_IN_BUNDLE = Warning "strangers-in-bundle" {
        meaning: "The bundle holds certificates that do not belong to the leaf's chain.",
        source: "certdrop",
        remedy: "Nothing: they are left out. Check that the bundle is the one that you meant."
    }
    EXPIRES_SOON = Warning "expires-soon" {
        meaning: "The leaf or a certificate of its chain expires within the warning time.",
        source: "setting CERTDROP_EXPIRY_WARNING_DAYS",
        remedy: "Renew it and drop the renewed bundle under the same name."
    }
    LIFETIME_TOO_LONG = Warning "lifetime-too-long" {
        meaning: "The leaf is valid for longer than browsers allow for publicly trusted certificates.",
        source: "CA/Browser Forum Baseline Requirements, section 6.3.2",
        remedy: "Nothing for a private CA; a public one must issue for a shorter time."
    }
    NO_SERVER_AUTH = Warning "no-server-auth" {
        meaning: "The leaf's extended key usage does not list server authentication.",
        source: "RFC 5280, section 4.2.1.12",
        remedy: "Have the certificate issued for TLS servers, unless it serves another purpose."
    }
    COMMON_NAME_NOT_LISTED = Warning "common-name-not-listed" {
        meaning: "The leaf's common name is not among its alternative names; clients look only at those.",
        source: "RFC 9525, section 2; CA/Browser Forum Baseline Requirements, section 7.1.4.3",
        remedy: "Have the certificate issued with the common name as an alternative name too."
    }
    WEAK_SIGNATURE = Warning "weak-signature" {
        meaning: "A certificate of the chain is signed with SHA-1, which browsers refuse.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; RFC 9155",
        remedy: "Get a chain signed with SHA-256 or better."
    }
    WEAK_KEY = Warning "weak-key" {
        meaning: "The leaf's RSA key has 1024 bits, which clients and most AWS services refuse.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued for a key of at least 2048 bits."
    }
    SERVICE_LIMITED_KEY = Warning "service-limited-key" {
        meaning: "Not every AWS service takes keys of this kind.",
        source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html",
        remedy: "Nothing for load balancers; CloudFront wants RSA up to 4096 bits or EC P-256."
    }
    KEY_REUSED = Warning "key-reused" {
        meaning: "The renewed certificate has the private key of the one that it replaces.",
        source: "NIST SP 800-57 part 1, section 5.3",
        remedy: "Let the ACME client or the CA make a new key for each renewal."
    }
    SELF_SIGNED = Warning "self-signed" {
        meaning: "The leaf is self-signed; no client trusts it by itself.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Nothing for tests; use a CA's certificate for the public."
    }
    REIMPORT_NOT_IMPORTED = Error "reimport-not-imported" {
        meaning: "The certificate to be replaced was not imported, and ACM replaces only imported ones.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Remove the tag `certdrop:certificate-arn` from the object, or let it name an imported certificate."
    }
    REIMPORT_KEY_CHANGED = Error "reimport-key-changed" {
        meaning: "The new key is of another kind or size than the old certificate's, which ACM refuses under the same ARN.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Renew with the old kind and size of key, or set CERTDROP_ON_INCOMPATIBLE=import-new and move the listeners to the new ARN."
    }
    REIMPORT_KEY_USAGE_LOST = Error "reimport-key-usage-lost" {
        meaning: "The new certificate lacks a key usage that the old one has, which ACM refuses under the same ARN.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Renew with the old key usages, or set CERTDROP_ON_INCOMPATIBLE=import-new and move the listeners to the new ARN."
    }
    REIMPORT_EXTENDED_KEY_USAGE_LOST = Error "reimport-extended-key-usage-lost" {
        meaning: "The new certificate lacks an extended key usage that the old one has, which ACM refuses under the same ARN.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Renew with the old extended key usages, or set CERTDROP_ON_INCOMPATIBLE=import-new and move the listeners to the new ARN."
    }
    REFUSED_BY_ACM = Error "refused-by-acm" {
        meaning: "ACM refused the certificate though certdrop found nothing wrong with it.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Read ACM's own words; report the case to certdrop, which should have known."
    }
    NOT_SHOWN_YET = Warning "not-shown-yet" {
        meaning: "ACM took the certificate but does not show it yet.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html",
        remedy: "Nothing: the next sweep looks again."
    }
    ANSWER_LOST = Warning "answer-lost" {
        meaning: "AWS did not answer a request in time, so it is not known whether it was carried out.",
        source: "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_prevent_interaction_failure_idempotent.html",
        remedy: "Nothing: the bundle is looked at once more."
    }
    TAGS_FULL = Warning "tags-full" {
        meaning: "The object has as many tags as S3 takes, so certdrop could not add its own.",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html",
        remedy: "Remove a tag of your own from the object; the certificate is recorded in its parameter and by its own tag."
    }
    ANOTHER_CERTIFICATE = Warning "another-certificate" {
        meaning: "ACM has another certificate that carries the bundle's name.",
        source: "certdrop",
        remedy: "Delete it once nothing uses it, or remove its tag `certdrop:bundle`."
    }
    ARN_CHANGED = Warning "arn-changed" {
        meaning: "The certificate was imported under a new ARN, because ACM would have refused it under the old one.",
        source: "setting CERTDROP_ON_INCOMPATIBLE",
        remedy: "Move everything that uses the old ARN to the new one, then delete the old certificate."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented remedies name the place in general, those of a bundle its own.
    #[test]
    fn remedies_of_one_bundle_are_the_documented_ones_with_its_parameters() {
        for rule in ALL {
            let finding = Finding::new(rule, "www.example.com", "Something.");
            let own = finding.with_parameters_at("/certdrop/www.example.com");
            let documented = rule
                .remedy
                .replace("<prefix>/<bundle>", "/certdrop/www.example.com");
            assert_eq!(own.remedy, documented, "{}", rule.code);
            assert_eq!(own.asks_for(), None);
        }
    }

    #[test]
    fn a_remedy_for_just_one_case_stays() {
        let own = "Give both the same.";
        let finding = Finding::new(&WRONG_PASSPHRASE, "a.jks", "Two passphrases.").with_remedy(own);
        assert_eq!(finding.asks_for(), None);
        assert_eq!(finding.with_parameters_at("/certdrop/a").remedy, own);
    }
}
