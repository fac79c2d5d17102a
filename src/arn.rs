//! The name of a certificate in AWS.

use std::fmt;

use crate::region::Region;
use crate::text_form::text_form;

/// The ARN of a certificate in ACM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateArn {
    text: String,
    region: Region,
    account: String,
}

impl CertificateArn {
    /// Reads `arn:<partition>:acm:<region>:<account>:certificate/<id>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.split(':').collect();
        let ["arn", _, "acm", region, account, resource] = fields.as_slice() else {
            return None;
        };
        let id = resource.strip_prefix("certificate/")?;
        let whole = !account.is_empty() && !id.is_empty();
        let region = Region::parse(region).filter(|_| whole)?;
        Some(Self {
            text: text.to_owned(),
            region,
            account: (*account).to_owned(),
        })
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The region in which the certificate lives.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The number of the account that has it.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for CertificateArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

text_form!(CertificateArn, Self::parse, "no ARN of a certificate");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_read_whole_or_not_at_all() {
        for (text, region) in [
            (
                "arn:aws:acm:eu-central-1:123456789012:certificate/1",
                Some("eu-central-1"),
            ),
            (
                "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/1",
                Some("us-gov-west-1"),
            ),
            ("arn:aws:acm:eu-central-1:123456789012:certificate/", None),
            ("arn:aws:acm:eu-central-1::certificate/1", None),
            ("arn:aws:acm::123456789012:certificate/1", None),
            ("arn:aws:iam:eu-central-1:123456789012:certificate/1", None),
            ("arn:aws:acm:eu-central-1:123456789012:certificate", None),
            (
                "arn:aws:acm:eu-central-1:123456789012:certificate/1:2",
                None,
            ),
            ("certificate/1", None),
        ] {
            let arn = CertificateArn::parse(text);
            let found = arn.as_ref().map(|arn| arn.region().as_str());
            assert_eq!(found, region, "{text}");
            if let Some(arn) = arn {
                assert_eq!(arn.to_string(), text, "as AWS wrote it");
            }
        }
    }
}
