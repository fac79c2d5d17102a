//! Which versions all stored secrets have, without reading one.
//!
//! The list of parameters tells it of those that are secrets themselves, and which others point to Secrets Manager.
//! Where none does, nothing more is called. Pointers are read ten at a time, and then there is one DescribeSecret for
//! each secret that they name. ListSecrets would take one call for a hundred secrets, but it can be allowed only for
//! all secrets of the account, whose names and tags the function need not know, and it may lag five minutes behind a
//! rotation: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html>.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tracing::warn;

use crate::aws::ssm::{ListedParameter, MOST_NAMES};
use crate::fault::Fault;
use crate::pipeline::Invocation;
use crate::secret_names::SecretVersion;
use crate::secret_pointer::{ParameterType, SecretId, SecretPointer};

/// Calls of DescribeSecret at once. Secrets Manager allows 10,000 a second:
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>.
const AT_ONCE: usize = 16;

/// Calls of GetParameters at once. SSM allows 40 a second, of everybody together:
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>.
const READS_AT_ONCE: usize = 4;

/// The versions of all stored secrets, by the parameter's name.
///
/// A secret that Secrets Manager does not tell about is of an unknown version, and no fault: then its bundle is worked
/// on, the work meets the same fault, and the report shows it. It holds up no other bundle.
pub(super) async fn versions(
    world: Invocation<'_>,
) -> Result<HashMap<String, SecretVersion>, Fault> {
    let parameters = &world.aws.parameters;
    let listed = parameters.secrets(&world.config.parameter_prefix).await?;
    let pointers = pointers(&listed, world).await?;
    let current = current_versions(&pointers, world).await;
    let version = |(name, parameter): (String, ListedParameter)| {
        let version = match parameter.kind {
            ParameterType::StringList => SecretVersion::PointedTo {
                pointer: parameter.version,
                current: pointers
                    .get(&name)
                    .and_then(|pointer| current.get(pointer.secret()).cloned()),
            },
            _ => SecretVersion::InParameter(parameter.version),
        };
        (name, version)
    };
    Ok(listed.into_iter().map(version).collect())
}

/// The pointers among the listed parameters, by name.
async fn pointers(
    listed: &HashMap<String, ListedParameter>,
    world: Invocation<'_>,
) -> Result<BTreeMap<String, SecretPointer>, Fault> {
    let is_pointer = |parameter: &ListedParameter| parameter.kind == ParameterType::StringList;
    let names: Vec<_> = listed
        .iter()
        .filter(|(_, parameter)| is_pointer(parameter))
        .map(|(name, _)| name.clone())
        .collect();
    let reads = names
        .chunks(MOST_NAMES)
        .map(|names| world.aws.parameters.get(names.to_vec()));
    let reads = stream::iter(reads).buffer_unordered(READS_AT_ONCE);
    let read: Vec<_> = reads.try_collect().await?;
    let pointers = read.into_iter().flatten().filter_map(|(name, parameter)| {
        let pointer = SecretPointer::in_parameter(parameter.kind, &parameter.value);
        Some((name, pointer.ok()??))
    });
    Ok(pointers.collect())
}

/// The current version of every secret that can be asked about.
async fn current_versions(
    pointers: &BTreeMap<String, SecretPointer>,
    world: Invocation<'_>,
) -> HashMap<SecretId, String> {
    let secrets: HashMap<_, _> = pointers
        .iter()
        .map(|(name, pointer)| (pointer.secret(), name))
        .collect();
    let asked = secrets.into_iter().map(async |(secret, name)| {
        match world.aws.secrets.current_version(secret, name).await {
            Ok(version) => Some((secret.clone(), version?)),
            Err(fault) => {
                warn!(%fault, "a secret's version is not known");
                None
            }
        }
    });
    let answers = stream::iter(asked).buffer_unordered(AT_ONCE);
    answers.filter_map(std::future::ready).collect().await
}
