//! The name of a certificate in AWS.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::region::Region;

/// The ARN of a certificate in ACM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

impl TryFrom<String> for CertificateArn {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("this is no ARN of a certificate")
    }
}

impl From<CertificateArn> for String {
    fn from(arn: CertificateArn) -> Self {
        arn.text
    }
}
