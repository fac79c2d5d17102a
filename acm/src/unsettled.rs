//! What nobody has seen ACM do, or what reports disagree about: both readings can be chosen.
//!
//! The defaults are the better supported readings; `docs/local-acm.md` lists them.

use serde::{Deserialize, Serialize};

/// The chosen readings. A member that is left out is at its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Unsettled {
    /// A certificate of a CA, without a chain. The user guide's pages disagree; certd, issue 746,
    /// reports it as imported.
    pub leaf_without_chain: Reading,
    /// A certificate whose key is of another kind than its issuer's. The API reference of
    /// ImportCertificate forbids it, the user guide does not, and public CAs issue such certificates.
    pub other_key_type_than_issuer: Reading,
    /// An X.509 certificate of version 1. The user guide asks for version 3; one report (Landing
    /// Zone Accelerator, issue 990) has one imported.
    pub version_1: Reading,
    /// `Issuer` where the issuer has no organization.
    pub issuer_without_organization: IssuerName,
    /// IP addresses among the names in answers. A common name that is an address is never among them
    /// (Terraform's acceptance test `Imported_ipAddress`).
    pub ip_names: IpNames,
    /// Usages of a certificate without the extension.
    pub absent_usages: AbsentUsages,
    /// The code for a tag that begins with `aws:`.
    pub reserved_tag: ReservedTag,
    /// What the lists of tags show for a tag that was given no value.
    pub tag_without_value: TagWithoutValue,
    /// The code for more than 50 tags in one request.
    pub too_many_tags: TooManyTags,
}

impl Default for Unsettled {
    fn default() -> Self {
        Self {
            leaf_without_chain: Reading::Accepted,
            other_key_type_than_issuer: Reading::Accepted,
            version_1: Reading::Refused,
            issuer_without_organization: IssuerName::CommonName,
            ip_names: IpNames::Hidden,
            absent_usages: AbsentUsages::AnyAndNone,
            reserved_tag: ReservedTag::InvalidTagException,
            tag_without_value: TagWithoutValue::Empty,
            too_many_tags: TooManyTags::ValidationException,
        }
    }
}

/// Whether ACM imports something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// It does.
    Accepted,
    /// It does not.
    Refused,
}

/// What stands for an issuer without an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerName {
    /// Its common name; the whole name where it has none.
    CommonName,
    /// The whole name, as `Subject` is written.
    WholeName,
}

/// Whether answers show IP addresses among the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpNames {
    /// They do not.
    Hidden,
    /// They do.
    Listed,
}

/// How an absent extension is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentUsages {
    /// `ANY` among the key usages and `NONE` among the extended ones: the model's enumerations have
    /// values for nothing else that these could mean.
    AnyAndNone,
    /// As empty lists.
    Empty,
}

/// The code for a tag with a reserved prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservedTag {
    /// As the API reference has it.
    InvalidTagException,
    /// As moto has it.
    ValidationException,
}

/// `Value` of a tag that was given none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagWithoutValue {
    /// The empty text, as in other services.
    Empty,
    /// It is left out, as moto has it.
    Absent,
}

/// The code for too many tags in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TooManyTags {
    /// The list is longer than the model allows.
    ValidationException,
    /// As moto has it.
    TooManyTagsException,
}
