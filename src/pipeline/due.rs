//! What is to be recorded of a bundle, in the tags of its objects.

use crate::arn::CertificateArn;
use crate::aws::s3::Tags;
use crate::config::Config;
use crate::summary::Outcome;
use crate::tag::{FORCE_TAG, OUTCOME_TAG};

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

impl<'a> Due<'a> {
    /// An object's tags as they ought to be. What finds no room beside those of others is left out, the last region
    /// first.
    pub(super) fn with(self, tags: &Tags, config: &Config) -> Tags {
        let mut tags = tags.clone();
        if self.force == Force::UsedUp {
            tags.remove(FORCE_TAG);
        }
        for (name, value) in self.tags(config) {
            if tags.len() < MOST_TAGS || tags.contains_key(&name) {
                tags.insert(name, value);
            }
        }
        tags
    }

    /// What certdrop has to say in tags, what is read most first.
    pub(super) fn tags(self, config: &'a Config) -> impl Iterator<Item = (String, String)> {
        let outcome = (OUTCOME_TAG.to_owned(), self.outcome.as_str().to_owned());
        let in_region = move |region| self.arns.iter().filter(move |arn| arn.region() == region);
        let arns = config.regions.iter().flat_map(in_region);
        let arns = arns.map(|arn| (config.arn_tag(arn.region()), arn.to_string()));
        std::iter::once(outcome).chain(arns)
    }
}

/// Whether a person's wish to import whatever the guard says is still to be carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    Open,
    UsedUp,
}
