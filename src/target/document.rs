//! The operator's document: targets and rules, in JSON.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wildmatch::WildMatch;

use super::choice::Rule;
use super::{ExternalId, Role, RoleArn, Target, TargetName, Targets};
use crate::region::Region;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTarget {
    name: String,
    region: String,
    role: String,
    external_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    bundles: Patterns,
    targets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a pattern or a list of patterns")]
enum Patterns {
    One(String),
    Several(Vec<String>),
}

impl Targets {
    /// Reads the document in `json`. `regions` are the targets that are there without it, the home region first;
    /// `account` is the number of the stack's own account.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, a sentence for each.
    pub fn read(json: &[u8], regions: &[Region], account: &str) -> Result<Self, Vec<String>> {
        let mut document: Map<String, Value> = serde_json::from_slice(json)
            .map_err(|error| vec![format!("The document is not as it should be: {error}.")])?;
        let mut reading = Reading {
            account,
            targets: Targets {
                account: Some(account.to_owned()),
                ..Targets::of_regions(regions)
            },
            wrong: Vec::new(),
        };
        // Each element is read by itself, so that one that is wrong hides no other.
        let targets = reading.member(&mut document, "targets");
        reading.targets(targets.unwrap_or_default());
        let rules = reading.member(&mut document, "rules");
        reading.rules(rules.unwrap_or_default());
        let default = reading.member(&mut document, "default");
        reading.default(default);
        for name in document.keys() {
            let words = "there is no such member; there are `targets`, `rules` and `default`";
            reading.mistake::<()>(&format!("`{name}`"), words);
        }
        reading.finish()
    }
}

/// The document while it is read, with what was wrong so far.
struct Reading<'a> {
    account: &'a str,
    targets: Targets,
    wrong: Vec<String>,
}

impl Reading<'_> {
    /// `None` where it is absent or wrong.
    fn member<T: DeserializeOwned>(
        &mut self,
        document: &mut Map<String, Value>,
        name: &str,
    ) -> Option<T> {
        let value = document.remove(name)?;
        match serde_json::from_value(value) {
            Ok(member) => Some(member),
            Err(error) => self.mistake(&format!("`{name}`"), &error.to_string()),
        }
    }

    /// An element that is an object. serde would take a list of its members, too.
    fn element<T: DeserializeOwned>(&mut self, place: &str, value: Value) -> Option<T> {
        if !value.is_object() {
            return self.mistake(place, "it must be an object");
        }
        match serde_json::from_value(value) {
            Ok(element) => Some(element),
            Err(error) => self.mistake(place, &error.to_string()),
        }
    }

    fn targets(&mut self, written: Vec<Value>) {
        for (number, value) in (1..).zip(written) {
            let place = place("target", number, value.get("name"));
            let written = self.element(&place, value);
            let target = written.and_then(|written| self.target(&place, &written));
            self.targets.all.extend(target);
        }
    }

    /// `None` where it is wrong.
    fn target(&mut self, place: &str, written: &WrittenTarget) -> Option<Target> {
        let name = TargetName::parse(&written.name).or_else(|| {
            self.mistake(
                place,
                "`name` must be 1 to 64 lower-case letters, digits and hyphens, a letter or digit first",
            )
        });
        let region = Region::parse(&written.region).or_else(|| {
            let words = format!(
                "`region` is `{}`, which is no region such as us-east-1",
                written.region
            );
            self.mistake(place, &words)
        });
        let role = self.role(place, written);
        let target = Target {
            name: name?,
            region: region?,
            role: Some(role?),
        };
        self.is_new(place, &target).then_some(target)
    }

    /// `None` where it is wrong.
    fn role(&mut self, place: &str, written: &WrittenTarget) -> Option<Role> {
        let arn = RoleArn::parse(&written.role).or_else(|| {
            let words = format!("`role` is `{}`, which is no ARN of a role", written.role);
            self.mistake(place, &words)
        });
        let external_id = ExternalId::parse(&written.external_id).or_else(|| {
            self.mistake(
                place,
                "`external_id` must be 2 to 1,224 letters, digits and the characters _+=,.@:/-",
            )
        });
        Some(Role {
            arn: arn?,
            external_id: external_id?,
        })
    }

    fn is_new(&mut self, place: &str, target: &Target) -> bool {
        let account = |target: &Target| target.account().unwrap_or(self.account).to_owned();
        let is_called_alike = |other: &&Target| other.name == target.name;
        let is_there =
            |other: &&Target| other.region == target.region && account(other) == account(target);
        let words = if self.targets.all.iter().any(|other| is_called_alike(&other)) {
            format!("another target is called {}", target.name)
        } else if let Some(other) = self.targets.all.iter().find(is_there) {
            format!("{} is in the same account and region", other.name)
        } else {
            return true;
        };
        self.mistake::<()>(place, &words);
        false
    }

    fn rules(&mut self, written: Vec<Value>) {
        for (number, value) in (1..).zip(written) {
            let place = place("rule", number, None);
            let written = self.element(&place, value);
            let rule = written.map(|written| self.rule(&place, written));
            self.targets.rules.rules.extend(rule);
        }
    }

    fn rule(&mut self, place: &str, written: WrittenRule) -> Rule {
        let bundles = match written.bundles {
            Patterns::One(pattern) => vec![pattern],
            Patterns::Several(patterns) => patterns,
        };
        if bundles.is_empty() || bundles.iter().any(String::is_empty) {
            self.mistake::<()>(place, "`bundles` has no pattern, or an empty one");
        }
        let is_strange = |pattern: &&String| pattern.contains('/') || pattern.trim() != **pattern;
        if let Some(strange) = bundles.iter().find(is_strange) {
            let words = format!(
                "`{strange}` matches no bundle's name: it has no slash, and no blank at an end"
            );
            self.mistake::<()>(place, &words);
        }
        Rule {
            bundles: bundles
                .iter()
                .map(|pattern| WildMatch::new(pattern))
                .collect(),
            targets: self.names(place, &written.targets),
        }
    }

    fn default(&mut self, written: Option<Vec<String>>) {
        if let Some(written) = written {
            self.targets.rules.default = self.names("`default`", &written);
        }
    }

    /// Names of targets, each once.
    fn names(&mut self, place: &str, written: &[String]) -> Vec<TargetName> {
        if written.is_empty() {
            self.mistake::<()>(place, "it must name at least one target");
        }
        let mut names = Vec::new();
        for name in written {
            match TargetName::parse(name).filter(|name| self.targets.get(name).is_some()) {
                Some(name) if names.contains(&name) => {}
                Some(name) => names.push(name),
                None => {
                    self.mistake::<()>(place, &format!("`{name}` is no target"));
                }
            }
        }
        names
    }

    fn mistake<T>(&mut self, place: &str, words: &str) -> Option<T> {
        self.wrong.push(format!("{place}: {words}."));
        None
    }

    fn finish(self) -> Result<Targets, Vec<String>> {
        if self.wrong.is_empty() {
            Ok(self.targets)
        } else {
            Err(self.wrong)
        }
    }
}

/// Which element is meant: `target 2 (payments)`.
fn place(what: &str, number: usize, name: Option<&Value>) -> String {
    match name.and_then(Value::as_str) {
        Some(name) => format!("{what} {number} ({name})"),
        None => format!("{what} {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Targets, Vec<String>> {
        let regions = ["eu-central-1", "us-east-1"];
        let regions = regions.map(|name| Region::parse(name).expect("a region"));
        Targets::read(json.as_bytes(), &regions, "123456789012")
    }

    #[test]
    fn regions_are_targets_and_an_empty_document_adds_none() {
        let targets = read("{}").expect("targets");
        let names: Vec<_> = targets
            .all()
            .iter()
            .map(|target| target.name.as_str())
            .collect();
        assert_eq!(names, ["eu-central-1", "us-east-1"]);
        assert_eq!(
            targets.home().map(|home| home.name.as_str()),
            Some("eu-central-1")
        );
    }

    #[test]
    fn a_hundred_targets_are_read() {
        let written = |number| {
            format!(
                r#"{{"name": "a{number}", "region": "eu-west-1", "role": "arn:aws:iam::{number:012}:role/certdrop", "external_id": "certdrop"}}"#
            )
        };
        let written: Vec<_> = (0..100).map(written).collect();
        let targets = read(&format!(r#"{{"targets": [{}]}}"#, written.join(","))).expect("targets");
        assert_eq!(targets.all().len(), 102);
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let json = r#"{
            "targets": [
                {"name": "Payments", "region": "europe", "role": "certdrop", "external_id": "x"},
                {"name": "us-east-1", "region": "eu-west-1", "role": "arn:aws:iam::210987654321:role/certdrop", "external_id": "certdrop"},
                {"name": "own", "region": "us-east-1", "role": "arn:aws:iam::123456789012:role/certdrop", "external_id": "certdrop"},
                {"name": "open", "region": "eu-west-1", "role": "arn:aws:iam::210987654321:role/certdrop"},
                {"name": "plain", "region": "eu-west-1"},
                {"name": "more", "region": "eu-west-1", "regions": []},
                {"region": "eu-west-1"},
                "eu-west-1"
            ],
            "rules": [
                {"bundles": "*", "targets": ["nowhere", "eu-central-1", "NO"]},
                {"bundles": [], "targets": []},
                {"bundles": ["a", ""], "targets": ["eu-central-1"]},
                {"bundles": 1, "targets": ["eu-central-1"]},
                {"targets": ["eu-central-1"]},
                {"bundles": "drop/*", "targets": ["eu-central-1"]},
                ["*", ["eu-central-1"]]
            ],
            "default": [],
            "defaults": ["eu-central-1"]
        }"#;
        assert_eq!(
            read(json).expect_err("mistakes"),
            [
                "target 1 (Payments): `name` must be 1 to 64 lower-case letters, digits and hyphens, a letter or digit first.",
                "target 1 (Payments): `region` is `europe`, which is no region such as us-east-1.",
                "target 1 (Payments): `role` is `certdrop`, which is no ARN of a role.",
                "target 1 (Payments): `external_id` must be 2 to 1,224 letters, digits and the characters _+=,.@:/-.",
                "target 2 (us-east-1): another target is called us-east-1.",
                "target 3 (own): us-east-1 is in the same account and region.",
                "target 4 (open): missing field `external_id`.",
                "target 5 (plain): missing field `role`.",
                "target 6 (more): unknown field `regions`, expected one of `name`, `region`, `role`, `external_id`.",
                "target 7: missing field `name`.",
                "target 8: it must be an object.",
                "rule 1: `nowhere` is no target.",
                "rule 1: `NO` is no target.",
                "rule 2: `bundles` has no pattern, or an empty one.",
                "rule 2: it must name at least one target.",
                "rule 3: `bundles` has no pattern, or an empty one.",
                "rule 4: a pattern or a list of patterns.",
                "rule 5: missing field `bundles`.",
                "rule 6: `drop/*` matches no bundle's name: it has no slash, and no blank at an end.",
                "rule 7: it must be an object.",
                "`default`: it must name at least one target.",
                "`defaults`: there is no such member; there are `targets`, `rules` and `default`.",
            ]
        );
    }

    #[test]
    fn what_is_no_document_is_one_mistake() {
        for json in ["", "[]", "{", "\u{feff}{}"] {
            let wrong = read(json).expect_err(json);
            assert_eq!(wrong.len(), 1, "{json}: {wrong:?}");
            assert!(
                wrong[0].starts_with("The document is not as it should be: "),
                "{wrong:?}"
            );
        }
    }
}
