//! Which targets a bundle goes to: the operator's rules, and within them the bundle's own tag.

use std::fmt;

use wildmatch::WildMatch;

use super::{Target, TargetName, Targets};
use crate::bundle_name::BundleName;

/// The operator's rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rules {
    /// The first that matches counts.
    pub(super) rules: Vec<Rule>,
    /// Where a bundle goes that no rule matches.
    pub(super) default: Vec<TargetName>,
}

/// Bundles with such names go to these targets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    /// `*` stands for any characters, `?` for one.
    pub(super) bundles: Vec<WildMatch>,
    pub(super) targets: Vec<TargetName>,
}

/// The tag of a bundle's object names targets that the rules do not allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAllowed {
    /// As the tag has them.
    pub named: Vec<String>,
    /// Those that are allowed.
    pub allowed: Vec<TargetName>,
}

impl Rules {
    /// Every bundle goes to all of `targets`.
    pub(super) fn everywhere(targets: Vec<TargetName>) -> Self {
        Self {
            rules: Vec::new(),
            default: targets,
        }
    }

    fn allowed(&self, bundle: &BundleName) -> &[TargetName] {
        let matching = self.rules.iter().find(|rule| rule.matches(bundle));
        matching.map_or(&self.default, |rule| &rule.targets)
    }
}

impl Rule {
    fn matches(&self, bundle: &BundleName) -> bool {
        let mut patterns = self.bundles.iter();
        patterns.any(|pattern| pattern.matches(bundle.as_str()))
    }
}

impl Targets {
    /// Where `bundle` goes, in the order in which targets are declared, the home target first. `tag` is the value of the
    /// tag [`TARGETS_TAG`](crate::tag::TARGETS_TAG) on its object: names with blanks between them, which choose among
    /// what the rules allow. Without one it goes to all of these.
    ///
    /// # Errors
    ///
    /// Where the tag names others.
    pub fn of_bundle(
        &self,
        bundle: &BundleName,
        tag: Option<&str>,
    ) -> Result<Vec<&Target>, NotAllowed> {
        let allowed = self.rules.allowed(bundle);
        let named: Vec<_> = tag.unwrap_or_default().split_whitespace().collect();
        let is_allowed = |name: &str| allowed.iter().any(|target| target.as_str() == name);
        let others = named.iter().filter(|name| !is_allowed(name));
        let others: Vec<_> = others.map(|name| (*name).to_owned()).collect();
        if !others.is_empty() {
            return Err(NotAllowed {
                named: others,
                allowed: allowed.to_vec(),
            });
        }
        let is_chosen = |target: &&Target| {
            allowed.contains(&target.name)
                && (named.is_empty() || named.contains(&target.name.as_str()))
        };
        Ok(self.all.iter().filter(is_chosen).collect())
    }
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed: Vec<_> = self.allowed.iter().map(TargetName::as_str).collect();
        write!(
            f,
            "The object's tag names {}; the rules allow this bundle {}.",
            self.named.join(", "),
            allowed.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;

    const DOCUMENT: &str = r#"{
        "targets": [
            {"name": "payments", "region": "eu-west-1", "role": "arn:aws:iam::210987654321:role/certdrop", "external_id": "certdrop"},
            {"name": "edge", "region": "us-east-1", "role": "arn:aws:iam::210987654321:role/certdrop", "external_id": "certdrop"}
        ],
        "rules": [
            {"bundles": ["pay.*", "checkout.example.com"], "targets": ["payments", "edge"]},
            {"bundles": "*.example.com", "targets": ["edge", "eu-central-1"]}
        ],
        "default": ["eu-central-1"]
    }"#;

    fn targets() -> Targets {
        let home = Region::parse("eu-central-1").expect("a region");
        Targets::read(DOCUMENT.as_bytes(), &[home], "123456789012").expect("targets")
    }

    #[test]
    fn the_first_rule_that_matches_counts_and_the_tag_chooses_among_its_targets() {
        let targets = targets();
        for (bundle, tag, expected) in [
            ("pay.example.com", None, "payments edge"),
            ("checkout.example.com", None, "payments edge"),
            ("www.example.com", None, "eu-central-1 edge"),
            ("www.example.net", None, "eu-central-1"),
            ("pay.example.com", Some("edge"), "edge"),
            (
                "pay.example.com",
                Some("  edge   payments "),
                "payments edge",
            ),
            ("pay.example.com", Some("edge edge"), "edge"),
            ("pay.example.com", Some(""), "payments edge"),
            ("pay.example.com", Some(" "), "payments edge"),
        ] {
            let name = BundleName::new(bundle).expect("a name");
            let chosen = targets.of_bundle(&name, tag).expect("allowed");
            let chosen: Vec<_> = chosen.iter().map(|target| target.name.as_str()).collect();
            assert_eq!(chosen.join(" "), expected, "{bundle} {tag:?}");
        }
    }

    #[test]
    fn a_tag_that_names_others_is_told_which_are_allowed() {
        let targets = targets();
        for (bundle, tag, named) in [
            ("pay.example.com", "edge eu-central-1", vec!["eu-central-1"]),
            ("pay.example.com", "edge,payments", vec!["edge,payments"]),
            ("www.example.net", "edge nowhere", vec!["edge", "nowhere"]),
        ] {
            let name = BundleName::new(bundle).expect("a name");
            let not_allowed = targets
                .of_bundle(&name, Some(tag))
                .expect_err("not allowed");
            assert_eq!(not_allowed.named, named, "{bundle} {tag}");
        }
        let name = BundleName::new("pay.example.com").expect("a name");
        let not_allowed = targets
            .of_bundle(&name, Some("eu-central-1"))
            .expect_err("not allowed");
        assert_eq!(
            not_allowed.to_string(),
            "The object's tag names eu-central-1; the rules allow this bundle payments, edge."
        );
    }
}
