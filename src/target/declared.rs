//! All targets of a stack.

use super::choice::Rules;
use super::{Target, TargetName};
use crate::arn::CertificateArn;
use crate::region::Region;

/// Every target of a stack, and which bundle goes to which.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// The home target first. No two have the same name, nor the same account and region.
    pub(super) all: Vec<Target>,
    pub(super) rules: Rules,
    /// The number of the stack's own account, where there are targets in others.
    pub(super) account: Option<String>,
}

impl Targets {
    /// Each of `regions`, the home region first; every bundle goes to all of them.
    #[must_use]
    pub fn of_regions(regions: &[Region]) -> Self {
        let all: Vec<_> = regions.iter().map(Target::of_region).collect();
        let names = all.iter().map(|target| target.name.clone());
        Self {
            rules: Rules::everywhere(names.collect()),
            all,
            account: None,
        }
    }

    /// All of them, the home target first.
    #[must_use]
    pub fn all(&self) -> &[Target] {
        &self.all
    }

    /// The home target: the stack's own region. There always is one.
    #[must_use]
    pub fn home(&self) -> Option<&Target> {
        self.all.first()
    }

    /// The target with this name.
    #[must_use]
    pub fn get(&self, name: &TargetName) -> Option<&Target> {
        self.all.iter().find(|target| target.name == *name)
    }

    /// The target that has the certificate `arn`, if any has.
    #[must_use]
    pub fn of(&self, arn: &CertificateArn) -> Option<&Target> {
        let mut in_region = self
            .all
            .iter()
            .filter(|target| target.region == *arn.region());
        in_region.find(|target| {
            let account = target.account().or(self.account.as_deref());
            account.is_none_or(|account| account == arn.account())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_of_the_target_with_its_account_and_region() {
        let region = |name| Region::parse(name).expect("a region");
        let regions = ["eu-central-1", "us-east-1"].map(region);
        let json = br#"{"targets": [{"name": "payments", "region": "eu-central-1",
            "role": "arn:aws:iam::210987654321:role/certdrop", "external_id": "certdrop"}]}"#;
        let targets = Targets::read(json, &regions, "123456789012").expect("targets");
        for (arn, expected) in [
            (
                "arn:aws:acm:eu-central-1:123456789012:certificate/1",
                Some("eu-central-1"),
            ),
            (
                "arn:aws:acm:us-east-1:123456789012:certificate/1",
                Some("us-east-1"),
            ),
            (
                "arn:aws:acm:eu-central-1:210987654321:certificate/1",
                Some("payments"),
            ),
            ("arn:aws:acm:eu-west-1:123456789012:certificate/1", None),
            ("arn:aws:acm:us-west-2:210987654321:certificate/1", None),
            ("arn:aws:acm:eu-central-1:555555555555:certificate/1", None),
        ] {
            let parsed = CertificateArn::parse(arn).expect("an ARN");
            let found = targets.of(&parsed).map(|target| target.name.as_str());
            assert_eq!(found, expected, "{arn}");
        }
    }
}
