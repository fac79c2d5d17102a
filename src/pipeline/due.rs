//! What is to be recorded of a bundle, in the tags of its objects.

use crate::arn::CertificateArn;
use crate::aws::s3::Tags;
use crate::config::Config;
use crate::summary::Outcome;
use crate::tag::{FORCE_TAG, OUTCOME_TAG};
use crate::target::Targets;

/// The tags of an object, of which others may have some too.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
const MOST_TAGS: usize = 10;

/// What is to be recorded of a bundle.
#[derive(Clone, Copy)]
pub(super) struct Due<'a> {
    pub(super) arns: &'a [CertificateArn],
    pub(super) outcome: Outcome,
    pub(super) force: Force,
}

/// How tags are called.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a> {
    pub(super) config: &'a Config,
    pub(super) targets: &'a Targets,
}

impl Labels<'_> {
    /// `None` where the target of `arn` has no tag.
    pub(super) fn of(self, arn: &CertificateArn) -> Option<String> {
        self.config.arn_tag(&self.targets.of(arn)?.name)
    }
}

impl<'a> Due<'a> {
    /// An object's tags as they ought to be. What finds no room beside those of others is left out, the last target
    /// first.
    pub(super) fn with(self, tags: &Tags, labels: Labels<'_>) -> Tags {
        let mut tags = tags.clone();
        if self.force == Force::UsedUp {
            tags.remove(FORCE_TAG);
        }
        for (name, value) in self.tags(labels) {
            if tags.len() < MOST_TAGS || tags.contains_key(&name) {
                tags.insert(name, value);
            }
        }
        tags
    }

    /// What certdrop has to say in tags, what is read most first.
    pub(super) fn tags(self, labels: Labels<'a>) -> impl Iterator<Item = (String, String)> {
        let outcome = (OUTCOME_TAG.to_owned(), self.outcome.as_str().to_owned());
        let targets = labels.targets.all().iter();
        let named =
            targets.filter_map(move |target| Some((target, labels.config.arn_tag(&target.name)?)));
        let arns = named.flat_map(move |(target, name)| {
            let arns = self.arns.iter();
            let there = arns.filter(move |arn| labels.targets.of(arn) == Some(target));
            there.map(move |arn| (name.clone(), arn.to_string()))
        });
        std::iter::once(outcome).chain(arns)
    }
}

/// Whether a person's wish to import whatever the guard says is still to be carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    Open,
    UsedUp,
}
