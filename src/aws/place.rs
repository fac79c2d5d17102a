//! The services of each target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_acm::config::IdentityCache;
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;

use super::sts::{AssumedRole, Sts};
use super::{acm, at, pace, tagging};
use crate::config::Endpoints;
use crate::fault::Fault;
use crate::target::{Role, Target};

/// The services that know of the certificates of one target.
#[derive(Clone)]
pub struct Place {
    /// Which.
    pub target: Target,
    /// The certificates.
    pub acm: acm::Acm,
    /// Certificates by their tags.
    pub tagging: tagging::Tagging,
    /// What this process knows of the pace at which ACM takes imports there.
    pub pressure: Arc<pace::Pressure>,
    role: Option<AssumedRole>,
}

impl Place {
    /// Assumes the target's role, if it has one: once for all calls there, so that a refusal is told as what it is.
    ///
    /// # Errors
    ///
    /// [`Fault`] where the role cannot be assumed.
    pub async fn enter(&self) -> Result<(), Fault> {
        match &self.role {
            Some(role) => role.credentials().await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// The work there ended with `fault`. One that a person has to correct may be the session's, which an administrator
    /// can end at any time: the role is assumed anew then.
    #[must_use]
    pub fn left_with(&self, fault: Fault) -> Fault {
        let Some(role) = &self.role else {
            return fault;
        };
        if fault.is_set_up() {
            role.forget();
        }
        fault.as_role(role.arn())
    }
}

/// The services of all targets that this process has met.
#[derive(Clone)]
pub struct Places {
    shared: SdkConfig,
    endpoints: Endpoints,
    sts: Sts,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    places: HashMap<Target, Place>,
    /// Several targets of an account may have one role.
    roles: HashMap<Role, AssumedRole>,
}

impl Places {
    pub(super) fn new(shared: &SdkConfig, endpoints: &Endpoints, sts: Sts) -> Self {
        Self {
            shared: shared.clone(),
            endpoints: endpoints.clone(),
            sts,
            known: Arc::default(),
        }
    }

    /// The services of `target`. Makes them, where it was not met before; calls nobody.
    #[must_use]
    pub fn of(&self, target: &Target) -> Place {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known.places.get(target) {
            return place.clone();
        }
        let role = target.role.as_ref().map(|role| {
            let assumed = known.roles.entry(role.clone());
            assumed.or_insert_with(|| self.sts.role(role)).clone()
        });
        let place = self.make(target, role);
        known.places.insert(target.clone(), place.clone());
        place
    }

    fn make(&self, target: &Target, role: Option<AssumedRole>) -> Place {
        let mut there = self.shared.to_builder();
        there.set_region(SdkRegion::new(target.region.to_string()));
        if let Some(role) = &role {
            // The role itself knows when it has to be assumed again.
            there.set_identity_cache(Some(IdentityCache::no_cache()));
            there.set_credentials_provider(Some(SharedCredentialsProvider::new(role.clone())));
        }
        let there = there.build();
        Place {
            target: target.clone(),
            acm: acm::Acm::new(&at(&there, &self.endpoints, "ACM")),
            tagging: tagging::Tagging::new(&at(
                &there,
                &self.endpoints,
                "RESOURCE_GROUPS_TAGGING_API",
            )),
            pressure: Arc::default(),
            role,
        }
    }
}
