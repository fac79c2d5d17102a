//! What a bundle is made of: its objects with their tags, and its parameters.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::{Invocation, Secrets};
use crate::arn::CertificateArn;
use crate::aws::s3::{Object, Tags};
use crate::aws::ssm::Parameter;
use crate::binding::Claim;
use crate::bundle::Part;
use crate::bundle_name::{BundleName, Packing};
use crate::config::{ARN_PARAMETER, Config};
use crate::content_id::{ContentId, Source};
use crate::event::{Content, WorkItem};
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::inventory::{self, Dropped, Listed};
use crate::secret::Passphrase;
use crate::secret_names::SecretNames;
use crate::summary::{Heading, ObjectVersion};
use crate::tag::{ARN_TAG, ON_REFUSED_BY_CLIENTS_TAG, TARGETS_TAG};
use crate::target::{NotAllowed, Target, TargetName, Targets};
use crate::validate::OnRefusedByClients;

/// All that was fetched of one bundle. Has no `Debug`: it holds secrets.
pub(super) struct Fetched {
    pub(super) bundle: BundleName,
    pub(super) packing: Packing,
    pub(super) object: ObjectVersion,
    pub(super) content_id: ContentId,
    pub(super) parts: Vec<Part>,
    pub(super) passphrases: Vec<Passphrase>,
    pub(super) objects: Vec<Tagged>,
    /// What the bundle's parameters say.
    pub(super) recorded_arns: BTreeMap<TargetName, CertificateArn>,
    /// The folder as it was listed; `None` for a bundle whose versions are known.
    listed: Option<Vec<Listed>>,
}

/// An object of the bundle, and the tags that it had.
pub(super) struct Tagged {
    pub(super) key: String,
    pub(super) version_id: Option<String>,
    pub(super) tags: Tags,
}

impl Fetched {
    /// A person's tag may name a certificate where certdrop does not look: better a word than a second
    /// certificate. Tags that carry a region are certdrop's own, of a region that was taken out since; the home target's
    /// is its own too, where the bundle no longer goes there.
    pub(super) fn check_adoptions(
        &self,
        declared: &Targets,
        targets: &[Target],
    ) -> Result<(), Fault> {
        let named = self
            .objects
            .iter()
            .filter_map(|object| object.tags.get(ARN_TAG));
        let is_elsewhere = |arn: &CertificateArn| {
            let target = declared.of(arn);
            target.is_none_or(|target| !targets.contains(target) && declared.home() != Some(target))
        };
        let mut elsewhere = named
            .filter_map(|arn| CertificateArn::parse(arn))
            .filter(is_elsewhere);
        elsewhere.next().map_or(Ok(()), |arn| {
            Err(Fault::set_up(
                format!(
                    "the object of bundle `{}` has the tag {ARN_TAG}={arn}, but the bundle goes to no target in {} of account {}",
                    self.bundle,
                    arn.region(),
                    arn.account(),
                ),
                "name the region in CERTDROP_REGIONS (Regions of the template), have the rules send the bundle to a target there, or remove the object's tag",
            ))
        })
    }

    /// The value of the tag by which the bundle chooses among its targets. In a folder that of the file counts that was
    /// uploaded last of those that have one.
    pub(super) fn targets_tag(&self) -> Option<&str> {
        let objects = self.objects.iter().rev();
        let mut said = objects.filter_map(|object| object.tags.get(TARGETS_TAG));
        said.next().map(String::as_str)
    }

    /// Where the bundle goes. Where its tag names a target that it must not go to, all that it might go to: they keep
    /// what they have.
    pub(super) fn targets(&self, declared: &Targets) -> (Vec<Target>, Option<NotAllowed>) {
        let of_bundle = |tag| declared.of_bundle(&self.bundle, tag);
        let owned = |targets: Vec<&Target>| targets.into_iter().cloned().collect();
        match of_bundle(self.targets_tag()) {
            Ok(targets) => (owned(targets), None),
            Err(not_allowed) => {
                let all = of_bundle(None).unwrap_or_default();
                (owned(all), Some(not_allowed))
            }
        }
    }

    /// Something is missing that another upload into the folder may bring.
    pub(super) fn may_be_unfinished(&self, findings: &[Finding]) -> bool {
        let awaited = [
            finding::NO_CERTIFICATE.code,
            finding::NO_PRIVATE_KEY.code,
            finding::KEY_MISMATCH.code,
            finding::CHAIN_INCOMPLETE.code,
        ];
        let mut errors = findings.iter().filter(|finding| finding.is_error());
        self.packing == Packing::Folder
            && errors.all(|finding| awaited.contains(&finding.code.as_ref()))
    }

    /// The certificates that the bundle's records name and that are `is_here`, as far as the fetch saw.
    pub(super) fn claims(
        &self,
        is_here: impl Fn(&CertificateArn) -> bool,
    ) -> Vec<(Claim, CertificateArn)> {
        let tags = self.objects.iter().map(|object| &object.tags);
        claims(tags, self.recorded_arns.values(), is_here)
    }

    /// The folder holds other files by now than those that were fetched.
    pub(super) async fn has_other_parts(&self, world: Invocation<'_>) -> Result<bool, Fault> {
        let Some(listed) = &self.listed else {
            return Ok(false);
        };
        let bundle = &self.bundle;
        Ok(Fetch { bundle, world }.folder().await? != *listed)
    }

    /// The chain of a folder is incomplete, and another upload may bring the intermediate.
    pub(super) fn awaits_intermediates(&self, findings: &[Finding]) -> bool {
        let is_incomplete = |finding: &Finding| finding.code == finding::CHAIN_INCOMPLETE.code;
        self.packing == Packing::Folder && findings.iter().any(is_incomplete)
    }

    /// What the tag of one of the bundle's objects says, or else the setting. Another value of the tag says nothing.
    pub(super) fn on_refused_by_clients(&self, world: Invocation<'_>) -> OnRefusedByClients {
        let mut said = self.objects.iter().filter_map(|object| {
            let value = object.tags.get(ON_REFUSED_BY_CLIENTS_TAG)?;
            value.parse().ok()
        });
        said.next().unwrap_or(world.config.on_refused_by_clients)
    }

    pub(super) fn heading<'a>(
        &'a self,
        home: Option<&'a TargetName>,
        world: Invocation<'_>,
    ) -> Heading<'a> {
        Heading {
            bundle: &self.bundle,
            object: &self.object,
            content_id: &self.content_id,
            now: world.now,
            home,
            targets_tag: self.targets_tag(),
        }
    }
}

/// The ARNs among an object's tags. The ARN says which target it is about, whatever the tag is called.
pub(super) fn arns(tags: &Tags) -> impl Iterator<Item = CertificateArn> {
    let named = tags.iter().filter(|(name, _)| name.starts_with(ARN_TAG));
    named.filter_map(|(_, arn)| CertificateArn::parse(arn))
}

/// The certificates that the objects' tags and the bundle's parameters name and that are `is_here`.
pub(super) fn claims<'a>(
    tags: impl IntoIterator<Item = &'a Tags>,
    recorded: impl IntoIterator<Item = &'a CertificateArn>,
    is_here: impl Fn(&CertificateArn) -> bool,
) -> Vec<(Claim, CertificateArn)> {
    let tagged: BTreeSet<_> = tags.into_iter().flat_map(arns).collect();
    let tagged = tagged.into_iter().map(|arn| (Claim::ObjectTag, arn));
    let recorded = recorded.into_iter().cloned();
    let recorded = recorded.map(|arn| (Claim::Parameter, arn));
    tagged
        .chain(recorded)
        .filter(|(_, arn)| is_here(arn))
        .collect()
}

/// The ARNs that the bundle's parameters name, by the target that each was written for.
///
/// # Errors
///
/// [`Fault`] where they cannot be read.
pub(super) async fn recorded_arns(
    bundle: &BundleName,
    world: Invocation<'_>,
) -> Result<BTreeMap<TargetName, CertificateArn>, Fault> {
    let names = ArnNames::of(bundle, world.config);
    let (parameters, others) =
        tokio::try_join!(world.aws.parameters.get(names.all()), others(bundle, world))?;
    Ok(names.arns(&parameters, others))
}

/// The parameters of the bundle's targets that are no regions, by name. There may be any number of them.
async fn others(
    bundle: &BundleName,
    world: Invocation<'_>,
) -> Result<BTreeMap<String, String>, Fault> {
    if world.config.targets_key.is_none() {
        return Ok(BTreeMap::new());
    }
    let path = world.config.parameter(bundle, ARN_PARAMETER);
    world.aws.parameters.below(&path).await
}

/// Fetches the bundle of `item`; `None` where it is gone.
pub(super) async fn fetch(
    item: &WorkItem,
    world: Invocation<'_>,
) -> Result<Option<Fetched>, Fault> {
    let bundle = &item.bundle;
    let fetch = Fetch { bundle, world };
    let names = SecretNames::of(bundle, world.config);
    let arns = ArnNames::of(bundle, world.config);
    let parameters = names.all().into_iter().cloned().chain(arns.all());
    let (objects, mut parameters, others) = tokio::try_join!(
        fetch.objects(&item.content),
        world.aws.parameters.get(parameters.collect()),
        others(bundle, world),
    )?;
    let Some(objects) = objects else {
        return Ok(None);
    };
    let recorded_arns = arns.arns(&parameters, others);
    let secrets = Secrets::take(&names, &mut parameters, &world.aws.secrets).await?;
    Ok(Some(fetch.assemble(
        objects,
        secrets,
        &names,
        recorded_arns,
    )))
}

/// The fetch of one bundle.
#[derive(Clone, Copy)]
struct Fetch<'a> {
    bundle: &'a BundleName,
    world: Invocation<'a>,
}

/// The objects of a bundle, with their tags. There is at least one.
struct Objects {
    packing: Packing,
    found: Vec<(Object, Tags)>,
    listed: Option<Vec<Listed>>,
}

impl Fetch<'_> {
    async fn objects(self, content: &Content) -> Result<Option<Objects>, Fault> {
        let dropped = match content {
            Content::Object(object) if object.packing == Packing::File => {
                let version = object.version_id.as_deref();
                let found = self.object_and_tags(&object.key, version).await?;
                return Ok(found.map(|found| Objects {
                    packing: Packing::File,
                    found: vec![found],
                    listed: None,
                }));
            }
            Content::Object(_) => Some(Dropped {
                packing: Packing::Folder,
                objects: self.folder().await?,
            }),
            Content::Newest => self.below("").await?,
            Content::Earlier(dropped) => Some(dropped.clone()),
        };
        let Some(Dropped { packing, objects }) = dropped else {
            return Ok(None);
        };
        let reads = objects
            .iter()
            .map(|object| self.object_and_tags(&object.key, object.version_id.as_deref()));
        let found: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        let may_grow = packing == Packing::Folder && !matches!(content, Content::Earlier(_));
        Ok((!found.is_empty()).then_some(Objects {
            packing,
            found,
            listed: may_grow.then_some(objects),
        }))
    }

    async fn object_and_tags(
        self,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Option<(Object, Tags)>, Fault> {
        let bucket = &self.world.aws.bucket;
        let (object, tags) =
            tokio::try_join!(bucket.get(key, version_id), bucket.tags(key, version_id))?;
        Ok(object.map(|object| (object, tags)))
    }

    /// A folder's files.
    async fn folder(self) -> Result<Vec<Listed>, Fault> {
        let dropped = self.below("/").await?;
        Ok(dropped.map(|dropped| dropped.objects).unwrap_or_default())
    }

    /// What was dropped last of all whose keys go on with `end` after the bundle's name: a file, or a folder with its
    /// files.
    async fn below(self, end: &str) -> Result<Option<Dropped>, Fault> {
        let drop_prefix = &self.world.config.drop_prefix;
        let prefix = format!("{drop_prefix}{}{end}", self.bundle);
        let listed = self.world.aws.bucket.list(&prefix).await?;
        Ok(inventory::by_bundle(listed, drop_prefix).remove(self.bundle))
    }

    fn assemble(
        self,
        objects: Objects,
        secrets: Secrets,
        names: &SecretNames,
        recorded_arns: BTreeMap<TargetName, CertificateArn>,
    ) -> Fetched {
        let Objects {
            packing,
            found,
            listed,
        } = objects;
        let content_id = content_id(&found, &secrets, names);
        let object = self.object_version(packing, &found);

        let mut parts = Vec::new();
        let mut tagged = Vec::new();
        for (object, tags) in found {
            parts.push(Part {
                name: object.key.clone(),
                bytes: object.bytes,
            });
            tagged.push(Tagged {
                key: object.key,
                version_id: object.version_id,
                tags,
            });
        }
        parts.extend(secrets.private_key);
        Fetched {
            bundle: self.bundle.clone(),
            packing,
            object,
            content_id,
            parts,
            passphrases: secrets.passphrases,
            objects: tagged,
            recorded_arns,
            listed,
        }
    }

    fn object_version(self, packing: Packing, objects: &[(Object, Tags)]) -> ObjectVersion {
        let single = objects.first().filter(|_| packing == Packing::File);
        ObjectVersion {
            bucket: self.world.aws.bucket.name().to_owned(),
            key: match single {
                Some((object, _)) => object.key.clone(),
                None => format!("{}{}/", self.world.config.drop_prefix, self.bundle),
            },
            version_id: single.and_then(|(object, _)| object.version_id.clone()),
            modified_at: objects
                .iter()
                .filter_map(|(object, _)| object.modified_at)
                .max(),
        }
    }
}

/// The parameters in which certdrop keeps the ARNs of a bundle's certificates.
struct ArnNames<'a> {
    bundle: &'a BundleName,
    config: &'a Config,
}

impl<'a> ArnNames<'a> {
    fn of(bundle: &'a BundleName, config: &'a Config) -> Self {
        Self { bundle, config }
    }

    /// Those of the regions.
    fn all(&self) -> Vec<String> {
        let regions = self.config.regions.iter().map(TargetName::from);
        regions
            .map(|region| self.config.arn_parameter(self.bundle, &region))
            .collect()
    }

    /// What they say, where `others` are those of targets that are no regions.
    fn arns(
        &self,
        parameters: &BTreeMap<String, Parameter>,
        others: BTreeMap<String, String>,
    ) -> BTreeMap<TargetName, CertificateArn> {
        let regions = self.config.regions.iter().map(TargetName::from);
        let regions = regions.filter_map(|region| {
            let parameter = parameters.get(&self.config.arn_parameter(self.bundle, &region))?;
            Some((region, CertificateArn::parse(&parameter.value)?))
        });
        let others = others.into_iter().filter_map(|(name, value)| {
            let (_, target) = name.rsplit_once('/')?;
            Some((TargetName::parse(target)?, CertificateArn::parse(&value)?))
        });
        regions.chain(others).collect()
    }
}

/// A changed secret makes a changed bundle; the ARN that we wrote ourselves does not.
fn content_id(objects: &[(Object, Tags)], secrets: &Secrets, names: &SecretNames) -> ContentId {
    let objects = objects.iter().map(|(object, _)| Source {
        name: object.key.clone(),
        version: object.etag.clone(),
    });
    ContentId::of(objects.chain(secrets.sources(names)).collect())
}
