//! Where the next run finds the bundle's certificates: its objects' tags and its parameters.
//!
//! The fetch runs beside taking the lease, so that the worker before may have written since. What decides or is
//! written back is therefore read again under the lease, beside what is asked of ACM.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use futures_util::future::try_join_all;
use tokio::sync::{Mutex, OnceCell};

use super::Invocation;
use super::due::{Due, Force, Labels};
use super::fetch::{self, Fetched, Tagged, arns, recorded_arns};
use crate::arn::CertificateArn;
use crate::aws::fence::Fence;
use crate::aws::s3::Tags;
use crate::binding::Claim;
use crate::bundle_name::BundleName;
use crate::fault::Fault;
use crate::own_tags::WantedTags;
use crate::summary::{Outcome, Summary};
use crate::tag::FORCE_TAG;
use crate::target::{Target, TargetName, Targets};

/// What is written down of a bundle.
pub(super) struct Records<'a> {
    pub(super) fetched: &'a Fetched,
    pub(super) fence: &'a Fence,
    pub(super) world: Invocation<'a>,
    /// Where the bundle goes.
    pub(super) targets: Vec<Target>,
    /// All that there are.
    declared: &'a Targets,
    /// The tags that its certificates ought to have, in every target.
    pub(super) wanted_tags: WantedTags,
    read: OnceCell<Read>,
    earlier: OnceCell<Vec<CertificateArn>>,
    /// The tags as they stand by now.
    written: Mutex<Option<Vec<Tags>>>,
    /// What was written into parameters.
    named: std::sync::Mutex<BTreeSet<CertificateArn>>,
}

/// As it stood under the lease.
pub(super) struct Read {
    /// Of each object.
    tags: Vec<Tags>,
    /// What the bundle's parameters say.
    arns: BTreeMap<TargetName, CertificateArn>,
    /// The folder holds other files than those that were fetched.
    has_other_parts: bool,
}

impl Read {
    /// The parameter of the target that has the certificate `arn` says so. That of another name does not count: the
    /// target may have had it before.
    fn names(&self, arn: &CertificateArn, declared: &Targets) -> bool {
        let target = declared.of(arn);
        target.is_some_and(|target| self.arns.get(&target.name) == Some(arn))
    }

    /// A person wants the import, whatever the guard says.
    pub(super) fn is_forced(&self) -> bool {
        let forced = |tags: &Tags| tags.get(FORCE_TAG).is_some_and(|value| value == "true");
        self.tags.iter().any(forced)
    }

    /// The certificates that are recorded and `is_here`, with where.
    pub(super) fn claims(
        &self,
        is_here: impl Fn(&CertificateArn) -> bool,
    ) -> Vec<(Claim, CertificateArn)> {
        fetch::claims(&self.tags, self.arns.values(), is_here)
    }
}

impl<'a> Records<'a> {
    /// `targets` is where the bundle goes, among all that are `declared`.
    pub(super) fn of(
        fetched: &'a Fetched,
        fence: &'a Fence,
        world: Invocation<'a>,
        (declared, targets): (&'a Targets, Vec<Target>),
        wanted_tags: WantedTags,
    ) -> Self {
        Self {
            fetched,
            fence,
            world,
            targets,
            declared,
            wanted_tags,
            read: OnceCell::new(),
            earlier: OnceCell::new(),
            written: Mutex::default(),
            named: std::sync::Mutex::default(),
        }
    }

    /// See [`Fetched::check_adoptions`].
    pub(super) fn check_adoptions(&self) -> Result<(), Fault> {
        self.fetched.check_adoptions(self.declared, &self.targets)
    }

    /// The certificate `arn` is in `target`.
    pub(super) fn is_in(&self, target: &Target, arn: &CertificateArn) -> bool {
        self.declared.of(arn) == Some(target)
    }

    /// Recorded certificates in targets that the bundle does not go to.
    pub(super) fn left_out(&self) -> BTreeMap<TargetName, CertificateArn> {
        let recorded = self.read.get().into_iter().flat_map(|read| &read.arns);
        let is_served = |arn: &CertificateArn| {
            let target = self.declared.of(arn);
            target.is_some_and(|target| self.targets.contains(target))
        };
        recorded
            .filter(|(_, arn)| !is_served(arn))
            .map(|(name, arn)| (name.clone(), arn.clone()))
            .collect()
    }

    /// Where the bundle's summary lies.
    pub(super) fn summary_key(&self) -> String {
        let Fetched {
            bundle, content_id, ..
        } = self.fetched;
        self.world.config.summary_key(bundle, content_id)
    }

    /// Reads them, once for all targets.
    ///
    /// # Errors
    ///
    /// [`Fault`] where they cannot be read, or the folder's files are no longer those that were fetched.
    pub(super) async fn read(&self) -> Result<&Read, Fault> {
        let read = self.read.get_or_try_init(|| self.read_again()).await?;
        if read.has_other_parts {
            return Err(Fault::transient(format!(
                "files of the bundle `{}` were uploaded meanwhile",
                self.fetched.bundle
            )));
        }
        Ok(read)
    }

    /// The folder has to be fetched again.
    pub(super) fn show_other_parts(&self) -> bool {
        self.read.get().is_some_and(|read| read.has_other_parts)
    }

    async fn read_again(&self) -> Result<Read, Fault> {
        let bucket = &self.world.aws.bucket;
        let tags = self
            .fetched
            .objects
            .iter()
            .map(|object| bucket.tags(&object.key, object.version_id.as_deref()));
        let (tags, arns, has_other_parts) = tokio::try_join!(
            try_join_all(tags),
            recorded_arns(&self.fetched.bundle, self.world),
            self.fetched.has_other_parts(self.world),
        )?;
        Ok(Read {
            tags,
            arns,
            has_other_parts,
        })
    }

    /// The ARNs on earlier versions of the bundle's objects, the newest version first. Looked up once for all
    /// targets.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub(super) async fn earlier(&self) -> Result<&[CertificateArn], Fault> {
        let arns = self.earlier.get_or_try_init(|| self.read_earlier()).await?;
        Ok(arns)
    }

    async fn read_earlier(&self) -> Result<Vec<CertificateArn>, Fault> {
        let bucket = &self.world.aws.bucket;
        let drop_prefix = &self.world.config.drop_prefix;
        let bundle = &self.fetched.bundle;
        let mut versions = bucket.versions(&format!("{drop_prefix}{bundle}")).await?;
        versions.retain(|version| {
            let named = BundleName::from_key(&version.key, drop_prefix);
            let is_ours = named.is_some_and(|(name, _)| name == *bundle);
            let is_fetched = |object: &Tagged| {
                object.key == version.key && object.version_id.as_ref() == Some(&version.version_id)
            };
            is_ours && version.etag.is_some() && !self.fetched.objects.iter().any(is_fetched)
        });
        versions.sort_by_key(|version| std::cmp::Reverse(version.modified_at));
        versions.truncate(EARLIER_VERSIONS);
        let tags = versions
            .iter()
            .map(|version| bucket.tags(&version.key, Some(&version.version_id)));
        let tags = try_join_all(tags).await?;
        Ok(tags.iter().flat_map(arns).collect())
    }

    /// A target has a certificate that it had not before.
    pub(super) async fn imported(
        &self,
        arn: &CertificateArn,
        outcome: Outcome,
    ) -> Result<(), Fault> {
        let force = if self.targets.len() > 1 {
            Force::Open
        } else {
            Force::UsedUp
        };
        let due = Due {
            arns: std::slice::from_ref(arn),
            outcome,
            force,
        };
        self.fence.owes_record();
        match self.labels().of(arn) {
            Some(_) => self.write(due).await?,
            // No tag names it, and the outcome is told when all targets were worked on.
            None => self.parameter(arn).await?,
        }
        self.fence.has_recorded();
        Ok(())
    }

    /// No parameter is due where the bundle has just these certificates.
    pub(super) fn name_all(&self, arns: &[CertificateArn]) -> bool {
        let read = self.read.get();
        read.is_some_and(|read| arns.iter().all(|arn| read.names(arn, self.declared)))
    }

    /// The names of tags that do not fit on an object, because others have used up what S3 takes.
    pub(super) fn tags_without_room(&self, summary: &Summary) -> Vec<String> {
        let due = Due {
            arns: &summary.arns(),
            outcome: summary.outcome,
            force: Force::UsedUp,
        };
        let objects = self.read.get().map_or(&[][..], |read| &read.tags);
        let objects = objects.iter();
        let tagged: Vec<_> = objects.map(|tags| due.with(tags, self.labels())).collect();
        let names = due.tags(self.labels()).map(|(name, _)| name);
        let has_room = |name: &String| tagged.iter().all(|tags| tags.contains_key(name));
        names.filter(|name| !has_room(name)).collect()
    }

    /// All targets were worked on; a force is used up unless one of them is to be tried again.
    pub(super) async fn finished(
        &self,
        summary: &Summary,
        unfinished: Option<&Fault>,
    ) -> Result<(), Fault> {
        let force = match unfinished {
            Some(_) => Force::Open,
            None => Force::UsedUp,
        };
        let due = Due {
            arns: &summary.arns(),
            outcome: summary.outcome,
            force,
        };
        self.write(due).await
    }

    async fn write(&self, due: Due<'_>) -> Result<(), Fault> {
        let read = self.read().await?;
        let new = due
            .arns
            .iter()
            .filter(|arn| !read.names(arn, self.declared) && !self.has_named(arn));
        tokio::try_join!(
            self.write_tags(due, read),
            try_join_all(new.map(|arn| self.parameter(arn))),
        )?;
        Ok(())
    }

    /// S3 replaces an object's tags as a whole, so the targets take turns.
    async fn write_tags(&self, due: Due<'_>, read: &Read) -> Result<(), Fault> {
        let mut written = self.written.lock().await;
        let written = written.get_or_insert_with(|| read.tags.clone());
        let tags: Vec<_> = written
            .iter()
            .map(|tags| due.with(tags, self.labels()))
            .collect();
        let changed = self
            .fetched
            .objects
            .iter()
            .zip(&*written)
            .zip(&tags)
            .filter(|((_, before), after)| before != after)
            .map(|((object, _), after)| self.tag(object, after));
        try_join_all(changed).await?;
        *written = tags;
        Ok(())
    }

    fn labels(&self) -> Labels<'_> {
        Labels {
            config: self.world.config,
            targets: self.declared,
        }
    }

    async fn parameter(&self, arn: &CertificateArn) -> Result<(), Fault> {
        let Invocation { aws, config, .. } = self.world;
        let target = self.declared.of(arn).ok_or_else(|| {
            Fault::internal(format!("the certificate {arn} is in none of the targets"))
        })?;
        let name = config.arn_parameter(&self.fetched.bundle, &target.name);
        aws.parameters.put(&name, arn.as_str(), self.fence).await?;
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.insert(arn.clone());
        Ok(())
    }

    fn has_named(&self, arn: &CertificateArn) -> bool {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.contains(arn)
    }

    async fn tag(&self, object: &Tagged, tags: &Tags) -> Result<(), Fault> {
        let version = object.version_id.as_deref();
        let bucket = &self.world.aws.bucket;
        bucket
            .put_tags(&object.key, version, tags, self.fence)
            .await
    }
}

/// How many earlier versions are asked for their tags. Each that certdrop worked on has one, so
/// the first is enough, unless it was never worked on.
const EARLIER_VERSIONS: usize = 5;
