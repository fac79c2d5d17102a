//! The names of the tags that certdrop reads and writes.

/// The tag of a certificate in ACM that names its bundle.
pub const BUNDLE_TAG: &str = "certdrop:bundle";
/// The tag of a certificate in ACM that says that certdrop may replace it.
pub const MANAGED_TAG: &str = "certdrop:managed";
/// The tag of an object that holds the ARN of its certificate in the home region. That of another region is
/// behind a colon: `certdrop:certificate-arn:us-east-1`.
pub const ARN_TAG: &str = "certdrop:certificate-arn";
/// The tag of an object that tells what became of it.
pub const OUTCOME_TAG: &str = "certdrop:outcome";
/// The tag of an object by which a person overrules the guard: `true`.
pub const FORCE_TAG: &str = "certdrop:force";
/// The tag of an object by which its owner says what becomes of it where clients would refuse it: `import` or `reject`.
/// It goes before the setting.
pub const ON_REFUSED_BY_CLIENTS_TAG: &str = "certdrop:on-refused-by-clients";
/// What the tags of an object begin with that become tags of its certificate, where the operator allows their keys:
/// `acm:team=payments` becomes `team=payments`.
pub const ACM_PREFIX: &str = "acm:";
/// The tag of a certificate in ACM that lists the keys of the tags that certdrop set by its settings, with `+` between
/// them. No other tag is ever changed or removed.
pub const OWN_TAGS_TAG: &str = "certdrop:own-tags";
/// The tag of an object by which its owner chooses among the targets that the rules allow: their names, with blanks between
/// them, because S3 allows no comma.
pub const TARGETS_TAG: &str = "certdrop:targets";
