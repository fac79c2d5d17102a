//! What there is to say about a bundle: stable codes, their meaning, source and remedy.
//!
//! The codes are a public contract. None is ever reused for another meaning; `docs/findings.md`
//! lists them all and a test compares it with [`ALL`].

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::target::TargetName;

/// Something that the owner of a bundle should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name, see [`Rule::code`].
    pub code: Cow<'static, str>,
    /// See [`Severity`].
    pub severity: Severity,
    /// See [`Judge`]. Summaries that were written before there was this member have none.
    #[serde(default)]
    pub judge: Judge,
    /// Whom it is about: a certificate's subject, or a file and the block in it.
    pub subject: String,
    /// What is wrong, with the values that show it. A sentence.
    pub message: String,
    /// What to do about it, imperative. A sentence.
    pub remedy: Cow<'static, str>,
    /// The only target that it is about, where there are several.
    #[serde(alias = "region", skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetName>,
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
            judge: rule.judge,
            subject: subject.to_string(),
            message: message.into(),
            remedy: Cow::Borrowed(rule.remedy),
            target: None,
            asks_for: Secret::asked_by(rule),
        }
    }

    /// The same, which holds in `target` only.
    #[must_use]
    pub fn in_target(mut self, target: &TargetName) -> Self {
        self.target = Some(target.clone());
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

/// Whose judgement a [`Finding`] tells. The two differ: ACM imports chains that no client accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judge {
    /// ACM's, or what certdrop needs to send the bundle there. Nobody can overrule it.
    #[default]
    Acm,
    /// That of TLS clients, which ACM does not ask. The operator can overrule it.
    Clients,
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acm => "ACM",
            Self::Clients => "clients",
        })
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
    /// See [`Judge`].
    pub judge: Judge,
    /// What the code means, one sentence for docs/findings.md.
    pub meaning: &'static str,
    /// Where the rule is written: an AWS page or an RFC section.
    pub source: &'static str,
    /// What to do, one sentence.
    pub remedy: &'static str,
}

macro_rules! rules {
    ($($(#[$attribute:meta])* $name:ident = $severity:ident $judge:ident $code:literal
        { meaning: $meaning:literal, source: $source:literal, remedy: $remedy:literal })*) => {
        $(
            #[doc = $meaning]
            pub const $name: Rule = Rule {
                code: $code,
                severity: Severity::$severity,
                judge: Judge::$judge,
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
    MALFORMED = Error Acm "malformed" {
        meaning: "A part of the bundle is damaged: bad base64, a block without its end, broken ASN.1.",
        source: "RFC 7468; RFC 5280, section 4.1",
        remedy: "Export the bundle again and drop the new file; open it with `openssl x509 -text` to see whether it is whole."
    }
    UNSUPPORTED_FORMAT = Error Acm "unsupported-format" {
        meaning: "The bytes are in none of the formats that certdrop reads.",
        source: "certdrop's list of formats, README",
        remedy: "Drop PEM, DER, PKCS#12, PKCS#7, JKS, a zip or tar archive of those, or a Kubernetes TLS secret."
    }
    TOO_LARGE = Error Acm "too-large" {
        meaning: "A file, an archive or a count is over the limit that keeps the function safe.",
        source: "src/bundle/limits.rs",
        remedy: "Drop only the leaf, its intermediates and the private key."
    }
    NO_CERTIFICATE = Error Acm "no-certificate" {
        meaning: "There is no certificate in the bundle.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Add the certificate that the CA issued. A certificate request (CSR) is not one."
    }
    NO_PRIVATE_KEY = Error Acm "no-private-key" {
        meaning: "There is no private key in the bundle or in its parameter.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Add the private key to the bundle, or store it in the parameter `<prefix>/<bundle>/private-key`."
    }
    KEY_MISMATCH = Error Acm "key-mismatch" {
        meaning: "The private key belongs to none of the certificates.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Drop the private key that the certificate was requested with, or a certificate for this key."
    }
    KEY_ENCRYPTED = Error Acm "key-encrypted" {
        meaning: "The private key or key store is encrypted and no passphrase is known.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Store the passphrase in the parameter `<prefix>/<bundle>/passphrase`, or drop the key unencrypted."
    }
    WRONG_PASSPHRASE = Error Acm "wrong-passphrase" {
        meaning: "No known passphrase opens the private key or key store.",
        source: "RFC 8018; RFC 7292",
        remedy: "Correct the parameter `<prefix>/<bundle>/passphrase` (mind a final newline) and drop the bundle again."
    }
    KEY_UNSUPPORTED = Error Acm "key-unsupported" {
        meaning: "ACM imports no keys of this kind.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued for an RSA key of 2048, 3072 or 4096 bits or an EC key on P-256, P-384 or P-521."
    }
    KEY_TOO_LARGE = Error Acm "key-too-large" {
        meaning: "The RSA key is larger than ACM imports.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued for an RSA key of at most 4096 bits."
    }
    AMBIGUOUS_KEYS = Error Acm "ambiguous-keys" {
        meaning: "Several private keys fit several different leaves, and nothing says which pair is meant.",
        source: "certdrop",
        remedy: "Drop one bundle per leaf."
    }
    NOT_A_LEAF = Error Acm "not-a-leaf" {
        meaning: "The private key belongs to a certification authority's certificate.",
        source: "RFC 5280, section 4.2.1.9",
        remedy: "Take the CA's private key out of the bundle at once, and drop the leaf's."
    }
    EXPIRED = Error Acm "expired" {
        meaning: "The leaf or a certificate of its chain has expired.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; RFC 5280, section 4.1.2.5",
        remedy: "Drop the renewed certificate with its current chain."
    }
    NOT_YET_VALID = Error Acm "not-yet-valid" {
        meaning: "The leaf or a certificate of its chain is not valid yet.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; RFC 5280, section 4.1.2.5",
        remedy: "Wait: the sweep imports it once it is valid."
    }
    CHAIN_INCOMPLETE = Error Clients "chain-incomplete" {
        meaning: "An intermediate between the leaf and the root is missing.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-format.html",
        remedy: "Add the missing intermediate to the bundle."
    }
    SIGNATURE_INVALID = Error Acm "signature-invalid" {
        meaning: "A certificate names an issuer that is in the bundle, but no such issuer's key verifies its signature.",
        source: "RFC 5280, section 6.1.3 (a) (1)",
        remedy: "Get the intermediates that belong to this certificate from the CA: these have the same name and another key, or a certificate was altered."
    }
    SIGNATURE_UNSUPPORTED = Error Acm "signature-unsupported" {
        meaning: "A certificate is signed by an algorithm that neither certdrop nor ACM verifies.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued by a CA that signs with RSA or ECDSA."
    }
    ISSUER_UNKNOWN = Warning Clients "issuer-unknown" {
        meaning: "The chain ends at an issuer that is neither in the bundle nor a public root: a private root, or an intermediate that is missing.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-format.html",
        remedy: "Nothing if it is your private root; else add the missing intermediate."
    }
    ISSUER_NOT_CA = Error Clients "issuer-not-ca" {
        meaning: "The certificate that signed another is no certification authority's, or may not sign at this depth.",
        source: "RFC 5280, section 6.1.4 (k) to (n)",
        remedy: "Use a certificate that was issued by a CA; clients refuse this chain."
    }
    NAME_NOT_PERMITTED = Error Clients "name-not-permitted" {
        meaning: "A CA of the chain may not issue for a name in the leaf: its name constraints exclude it.",
        source: "RFC 5280, section 4.2.1.10",
        remedy: "Have the certificate issued by a CA that may issue for all of its names, or without the names that are excluded."
    }
    CRITICAL_EXTENSION = Error Clients "critical-extension" {
        meaning: "A certificate of the chain has a critical extension that clients do not know, or do not accept as critical; they have to refuse it.",
        source: "RFC 5280, section 4.2",
        remedy: "Have the certificate issued without this extension, or with the extension marked as not critical."
    }
    REPEATED_EXTENSION = Error Clients "repeated-extension" {
        meaning: "A certificate of the chain has the same extension twice.",
        source: "RFC 5280, section 4.2",
        remedy: "Have the certificate issued anew with each extension once."
    }
    ISSUER_NOT_FOR_SERVERS = Error Clients "issuer-not-for-servers" {
        meaning: "An intermediate may not issue for TLS servers: its extended key usage does not list server authentication.",
        source: "CA/Browser Forum Baseline Requirements, section 7.1.2.10.6; RFC 5280, section 4.2.1.12",
        remedy: "Have the certificate issued by a CA for TLS servers."
    }
    REFUSED_BY_CLIENTS = Error Clients "refused-by-clients" {
        meaning: "Clients refuse the chain for a reason that has no code of its own.",
        source: "RFC 5280, section 6.1, as rustls-webpki applies it",
        remedy: "Have the certificate issued anew without the defect."
    }
    REFUSED_BY_SOME_CLIENTS = Warning Clients "refused-by-some-clients" {
        meaning: "Some clients refuse the chain, others accept it.",
        source: "RFC 5280, section 6.1, as rustls-webpki, Go and OpenSSL apply it; docs/agreement.md",
        remedy: "Connect with the clients that matter before you rely on it, or have the certificate issued without the peculiarity."
    }
    REFUSED_BY_STRICT_CLIENTS = Warning Clients "refused-by-strict-clients" {
        meaning: "A certificate of the chain departs from RFC 5280 in a way that strict clients refuse: Python from 3.13 on, OpenSSL with X509_V_FLAG_X509_STRICT.",
        source: "https://docs.python.org/3/library/ssl.html; https://docs.openssl.org/3.0/man3/X509_VERIFY_PARAM_set_flags/",
        remedy: "Have the certificate of the CA or the leaf issued anew as RFC 5280, section 4.2 wants it."
    }
    CHAIN_EXPIRES_FIRST = Warning Clients "chain-expires-first" {
        meaning: "A certificate of the chain expires before the leaf does; from then on clients refuse the leaf too.",
        source: "RFC 5280, section 6.1.3 (a) (2)",
        remedy: "Drop the bundle again with the CA's newer certificate before that day."
    }
    ACCEPTED_AGAINST_CLIENTS = Warning Clients "accepted-against-clients" {
        meaning: "Clients would refuse what was dropped; the operator has it imported against their judgement.",
        source: "setting CERTDROP_ON_REFUSED_BY_CLIENTS, tag `certdrop:on-refused-by-clients`",
        remedy: "Nothing, if all of its clients are known to accept it; otherwise correct what the other findings report."
    }
    NOT_V3 = Error Acm "not-v3" {
        meaning: "The leaf is no X.509 version 3 certificate.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued as X.509 version 3."
    }
    ISSUER_EMPTY = Error Acm "issuer-empty" {
        meaning: "The leaf's issuer is empty.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued by a CA that has a name."
    }
    OCSP_URL_TOO_LONG = Error Acm "ocsp-url-too-long" {
        meaning: "The OCSP address in the leaf has more than 1,000 characters.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued with a shorter OCSP address."
    }
    NO_DOMAIN_NAME = Error Acm "no-domain-name" {
        meaning: "The leaf names no domain and no IP address.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Have the certificate issued with at least one subject alternative name."
    }
    CERTIFICATE_TOO_LARGE = Error Acm "certificate-too-large" {
        meaning: "The leaf or its chain is larger than ImportCertificate takes.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Have the certificate issued with fewer names."
    }
    TOO_MANY_NAMES = Warning Acm "too-many-names" {
        meaning: "The leaf has more than 100 names; ACM shows the first 100 in its lists.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateSummary.html",
        remedy: "Check that the services that will use it accept so many names."
    }
    NAME_INVALID = Warning Clients "name-invalid" {
        meaning: "A name in the leaf is no domain name that clients would match.",
        source: "RFC 5280, section 4.2.1.6; RFC 9525, section 6.3",
        remedy: "Have the certificate issued with names of letters, digits and hyphens, a wildcard only as the whole first label."
    }
    ALGORITHM_MISMATCH = Warning Acm "algorithm-mismatch" {
        meaning: "The leaf's key is of another kind than the key that signed it.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Nothing, if ACM takes it: its reference requires both to be RSA or both EC, public CAs mix them."
    }
    ROOT_IN_BUNDLE = Warning Acm "root-in-bundle" {
        meaning: "The bundle holds the root, which clients have themselves.",
        source: "RFC 8446, section 4.4.2",
        remedy: "Nothing: a public root is left out of the chain, a private one is sent; the setting CERTDROP_INCLUDE_ROOT decides otherwise."
    }
    STRANGERS_IN_BUNDLE = Warning Acm "strangers-in-bundle" {
        meaning: "The bundle holds unrelated certificates: they are not part of the leaf's chain.",
        source: "certdrop",
        remedy: "Nothing: they are left out. Check that the bundle is the one that you meant."
    }
    EXPIRES_SOON = Warning Clients "expires-soon" {
        meaning: "The leaf or a certificate of its chain expires within the warning time.",
        source: "setting CERTDROP_EXPIRY_WARNING_DAYS",
        remedy: "Renew it and drop the renewed bundle under the same name."
    }
    LIFETIME_TOO_LONG = Warning Clients "lifetime-too-long" {
        meaning: "The leaf is valid for longer than browsers allow for publicly trusted certificates.",
        source: "CA/Browser Forum Baseline Requirements, section 6.3.2",
        remedy: "Nothing for a private CA; a public one must issue for a shorter time."
    }
    NO_SERVER_AUTH = Warning Clients "no-server-auth" {
        meaning: "The leaf's extended key usage does not list server authentication.",
        source: "RFC 5280, section 4.2.1.12",
        remedy: "Have the certificate issued for TLS servers, unless it serves another purpose."
    }
    COMMON_NAME_NOT_LISTED = Warning Clients "common-name-not-listed" {
        meaning: "The leaf's common name is not among its alternative names; clients look only at those.",
        source: "RFC 9525, section 2; CA/Browser Forum Baseline Requirements, section 7.1.4.3",
        remedy: "Have the certificate issued with the common name as an alternative name too."
    }
    WEAK_SIGNATURE = Warning Clients "weak-signature" {
        meaning: "A certificate of the chain is signed with SHA-1, which browsers refuse.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; RFC 9155",
        remedy: "Get a chain signed with SHA-256 or better."
    }
    WEAK_KEY = Warning Clients "weak-key" {
        meaning: "An RSA key of the chain has fewer than 2048 bits, which clients refuse, and most AWS services in a leaf.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; NIST SP 800-131A, section 3",
        remedy: "Have the certificate issued for a key of at least 2048 bits, by a CA with such a key."
    }
    SERVICE_LIMITED_KEY = Warning Acm "service-limited-key" {
        meaning: "Not every AWS service takes keys of this kind.",
        source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html",
        remedy: "Nothing for load balancers; CloudFront wants RSA up to 4096 bits or EC P-256."
    }
    KEY_REUSED = Warning Acm "key-reused" {
        meaning: "The renewed certificate has the private key of the one that it replaces.",
        source: "NIST SP 800-57 part 1, section 5.3",
        remedy: "Let the ACME client or the CA make a new key for each renewal."
    }
    SELF_SIGNED = Warning Clients "self-signed" {
        meaning: "The leaf is self-signed; no client trusts it by itself.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html",
        remedy: "Nothing for tests; use a CA's certificate for the public."
    }
    REIMPORT_NOT_IMPORTED = Error Acm "reimport-not-imported" {
        meaning: "The certificate to be replaced was not imported, and ACM replaces only imported ones.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Remove the tag `certdrop:certificate-arn` from the object, or let it name an imported certificate."
    }
    REIMPORT_KEY_CHANGED = Error Acm "reimport-key-changed" {
        meaning: "The new key is of another kind or size than the old certificate's, which ACM refuses under the same ARN.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Renew with the old kind and size of key, or set CERTDROP_ON_INCOMPATIBLE=import-new and move the listeners to the new ARN."
    }
    REIMPORT_KEY_USAGE_LOST = Error Acm "reimport-key-usage-lost" {
        meaning: "The new certificate lacks a key usage that the old one has, which ACM refuses under the same ARN.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Renew with the old key usages, or set CERTDROP_ON_INCOMPATIBLE=import-new and move the listeners to the new ARN."
    }
    REIMPORT_EXTENDED_KEY_USAGE_LOST = Error Acm "reimport-extended-key-usage-lost" {
        meaning: "The new certificate lacks an extended key usage that the old one has, which ACM refuses under the same ARN.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Renew with the old extended key usages, or set CERTDROP_ON_INCOMPATIBLE=import-new and move the listeners to the new ARN."
    }
    CLIENT_AUTH_LOST = Warning Acm "client-auth-lost" {
        meaning: "The new certificate lacks client authentication, which the old one has, as public CAs no longer issue it. ACM replaces it all the same, under the same ARN.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html",
        remedy: "Nothing for servers. What presents this certificate as a client (mutual TLS) needs one from another CA."
    }
    REFUSED_BY_ACM = Error Acm "refused-by-acm" {
        meaning: "ACM refused the certificate though certdrop found nothing wrong with it.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html",
        remedy: "Read ACM's message; report the case to certdrop, which should have known."
    }
    NOT_SHOWN_YET = Warning Acm "not-shown-yet" {
        meaning: "ACM took the certificate but does not show it yet.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html",
        remedy: "Nothing: the next sweep looks again."
    }
    ANSWER_LOST = Warning Acm "answer-lost" {
        meaning: "AWS did not answer a request in time, so it is not known whether it was carried out.",
        source: "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_prevent_interaction_failure_idempotent.html",
        remedy: "Nothing: the bundle is processed again."
    }
    TARGET_NOT_ALLOWED = Error Acm "target-not-allowed" {
        meaning: "The object's tag names a target that does not exist, or that the rules do not allow this bundle.",
        source: "the document of targets, docs/targets.md",
        remedy: "Correct the tag `certdrop:targets`, or have the operator change the rules."
    }
    TARGET_REMOVED = Warning Acm "target-removed" {
        meaning: "The bundle no longer goes to a target that still has its certificate.",
        source: "the document of targets, docs/targets.md",
        remedy: "Delete the certificate there once nothing uses it, then its parameter; or have the rules send the bundle there again."
    }
    TAGS_FULL = Warning Acm "tags-full" {
        meaning: "The object has as many tags as S3 takes, so certdrop could not add its own.",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html",
        remedy: "Remove a tag of your own from the object; the certificate is recorded in its parameter and by its own tag."
    }
    TAG_NOT_ALLOWED = Warning Acm "tag-not-allowed" {
        meaning: "The object has a tag for its certificate (`acm:KEY`) with a key that uploaders may not set. It is not sent to ACM.",
        source: "setting CERTDROP_UPLOADER_TAG_KEYS",
        remedy: "Upload the object without this tag, or have the operator add its key to UploaderTagKeys of the template."
    }
    TAG_INVALID = Warning Acm "tag-invalid" {
        meaning: "The object has a tag for its certificate (`acm:KEY`) whose value ACM would refuse. It is not sent to ACM.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/tags-restrictions.html; https://docs.aws.amazon.com/acm/latest/APIReference/API_Tag.html",
        remedy: "Upload the object with a value of at most 255 letters, digits, blanks and _.:/=+-@."
    }
    TAG_OF_OTHERS = Warning Acm "tag-of-others" {
        meaning: "The certificate has a tag with this key that certdrop did not set, and with another value. It stays.",
        source: "certdrop",
        remedy: "Remove the tag from the certificate and have the bundle looked at again, or take its key out of CertificateTags or the object's tags."
    }
    TAG_LEFT = Warning Acm "tag-left" {
        meaning: "The certificate has a tag that certdrop set and no setting names any more. It stays, because the role may not remove it.",
        source: "setting CERTDROP_FORMER_TAG_KEYS",
        remedy: "Add its key to FormerTagKeys of the template, or remove the tag from the certificate."
    }
    CERTIFICATE_TAGS_FULL = Warning Acm "certificate-tags-full" {
        meaning: "The certificate has as many tags as ACM takes, so a tag could not be added.",
        source: "https://docs.aws.amazon.com/acm/latest/userguide/tags-restrictions.html",
        remedy: "Remove tags of your own from the certificate and have the bundle looked at again."
    }
    TAGS_NOT_SET = Warning Acm "tags-not-set" {
        meaning: "The tags of the certificate could not be brought in line with the settings. The certificate itself is served.",
        source: "https://docs.aws.amazon.com/acm/latest/APIReference/API_AddTagsToCertificate.html; https://docs.aws.amazon.com/acm/latest/APIReference/API_RemoveTagsFromCertificate.html",
        remedy: "Do what the message says; it is retried."
    }
    ANOTHER_CERTIFICATE = Warning Acm "another-certificate" {
        meaning: "ACM has another certificate that carries the bundle's name.",
        source: "certdrop",
        remedy: "Delete it once nothing uses it, or remove its tag `certdrop:bundle`."
    }
    ARN_CHANGED = Warning Acm "arn-changed" {
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
