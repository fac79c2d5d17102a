//! The role of another account that certdrop works as.

use std::fmt;

/// A role, and what its trust policy wants to hear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    /// The role.
    pub arn: RoleArn,
    /// Sent with every AssumeRole. Its account has it in the trust policy, so that the role cannot be assumed by naming
    /// it alone. It is no secret.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
    pub external_id: ExternalId,
}

/// The ARN of a role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn {
    text: String,
    account: String,
}

impl RoleArn {
    /// Takes `arn:<partition>:iam::<account>:role/<path and name>`.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.split(':').collect();
        let ["arn", partition, "iam", "", account, resource] = fields.as_slice() else {
            return None;
        };
        let name = resource.strip_prefix("role/")?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@/-".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(is_allowed);
        (is_account(account) && is_name && partition.starts_with("aws")).then(|| Self {
            text: text.to_owned(),
            account: (*account).to_owned(),
        })
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of the account that has the role.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

/// `text` is the number of an account: twelve digits.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a trust policy compares with `sts:ExternalId`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    /// Takes 2 to 1,224 letters, digits and `_+=,.@:/-`.
    ///
    /// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
        let is_id = (2..=1_224).contains(&text.len()) && text.bytes().all(is_allowed);
        is_id.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_tells_its_account() {
        for (text, account) in [
            (
                "arn:aws:iam::210987654321:role/certdrop",
                Some("210987654321"),
            ),
            (
                "arn:aws-us-gov:iam::210987654321:role/path/certdrop",
                Some("210987654321"),
            ),
            ("arn:aws:iam::210987654321:user/certdrop", None),
            ("arn:aws:iam::21098765432:role/certdrop", None),
            ("arn:aws:iam::21098765432a:role/certdrop", None),
            ("arn:aws:iam:eu-central-1:210987654321:role/certdrop", None),
            ("arn:aws:iam::210987654321:role/", None),
            ("arn:aws:iam::210987654321:role/a b", None),
            ("arn:aws:iam::210987654321:role/*", None),
            ("arn:other:iam::210987654321:role/certdrop", None),
            ("certdrop", None),
        ] {
            let role = RoleArn::parse(text);
            assert_eq!(role.as_ref().map(RoleArn::account), account, "{text}");
            assert!(role.is_none_or(|role| role.as_str() == text), "{text}");
        }
    }

    #[test]
    fn an_external_id_is_what_sts_takes() {
        let longest = "a".repeat(1_224);
        let too_long = "a".repeat(1_225);
        for (text, is_id) in [
            ("ab", true),
            ("A9_+=,.@:/-", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("a", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(ExternalId::parse(text).is_some(), is_id, "{text}");
        }
    }
}
