//! The operator's document of targets, in the bucket.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::info;

use super::s3::{Bucket, Since};
use crate::config::Config;
use crate::fault::Fault;
use crate::region::Region;
use crate::target::Targets;

/// Where the targets are declared, and as what they were last read. An object, because a parameter of SSM holds 8 KB at
/// most, which is some forty targets.
#[derive(Clone)]
pub struct Declared {
    /// `None` where the settings name no document: then the regions are all targets.
    key: Option<String>,
    regions: Vec<Region>,
    account: String,
    last: Arc<Mutex<Last>>,
}

struct Last {
    etag: Option<String>,
    targets: Arc<Targets>,
}

impl Declared {
    pub(super) fn new(config: &Config) -> Self {
        let last = Last {
            etag: None,
            targets: Arc::new(Targets::of_regions(&config.regions)),
        };
        Self {
            key: config.targets_key.clone(),
            regions: config.regions.clone(),
            account: config.bucket_owner.clone(),
            last: Arc::new(Mutex::new(last)),
        }
    }

    /// The targets as they are declared now. Asks S3 only whether the document has changed.
    ///
    /// # Errors
    ///
    /// [`Fault`] where the document cannot be read, and what is wrong with it.
    pub async fn read(&self, bucket: &Bucket) -> Result<Arc<Targets>, Fault> {
        let (etag, targets) = self.last();
        let Some(key) = &self.key else {
            return Ok(targets);
        };
        let place = format!("s3://{}/{key}", bucket.name());
        match bucket.get_since(key, etag.as_deref()).await? {
            Since::Same => Ok(targets),
            Since::Gone => Err(Fault::set_up(
                format!("the document of targets {place} is not there"),
                "upload it, or remove the setting CERTDROP_TARGETS_KEY (TargetsKey of the template)",
            )),
            Since::Changed(object) => {
                let read = Targets::read(object.bytes.expose(), &self.regions, &self.account);
                let targets = Arc::new(read.map_err(|wrong| mistakes(&place, &wrong))?);
                info!(targets = targets.all().len(), "targets read");
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                last.etag = Some(object.etag);
                last.targets = Arc::clone(&targets);
                Ok(targets)
            }
        }
    }

    fn last(&self) -> (Option<String>, Arc<Targets>) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        (last.etag.clone(), Arc::clone(&last.targets))
    }
}

fn mistakes(place: &str, wrong: &[String]) -> Fault {
    Fault::set_up(
        format!(
            "the document of targets {place} has mistakes: {}",
            wrong.join(" ")
        ),
        "correct it; `certdrop targets FILE` checks it on your machine, docs/targets.md describes it",
    )
}
