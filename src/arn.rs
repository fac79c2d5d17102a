//! The name of a certificate in AWS.

use std::fmt;

use crate::region::Region;
use crate::text_form::text_form;

/// The ARN of a certificate in ACM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateArn {
    text: String,
    region: Region,
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
}

impl fmt::Display for CertificateArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

text_form!(CertificateArn, Self::parse, "no ARN of a certificate");
