//! The services of each target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_acm::config::IdentityCache;
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;

use super::sts::{AssumedRole, Sts};
use super::{acm, at, pace, tagging};
use crate::config::{Config, Endpoints};
use crate::fault::Fault;
use crate::target::{Role, Target, Targets};

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
    stack: String,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    places: HashMap<Target, Place>,
    /// Most stacks have no role to assume.
    sts: Option<Sts>,
    /// Several targets of an account may have one role.
    roles: HashMap<Role, AssumedRole>,
}

impl Places {
    /// The clients of the regions are made at once: what a start does is not waited for by an event.
    pub(super) fn new(shared: &SdkConfig, config: &Config) -> Self {
        let places = Self {
            shared: shared.clone(),
            endpoints: config.endpoints.clone(),
            stack: config.stack.clone(),
            known: Arc::default(),
        };
        for target in Targets::of_regions(&config.regions).all() {
            let _ = places.of(target);
        }
        places
    }

    /// The services of `target`. Makes them, where it was not met before; calls nobody.
    #[must_use]
    pub fn of(&self, target: &Target) -> Place {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known.places.get(target) {
            return place.clone();
        }
        let role = target.role.as_ref();
        let role = role.map(|role| self.assumed(role, &mut known));
        let place = self.make(target, role);
        known.places.insert(target.clone(), place.clone());
        place
    }

    fn assumed(&self, role: &Role, known: &mut Known) -> AssumedRole {
        let Known { sts, roles, .. } = known;
        let assumed = roles.entry(role.clone()).or_insert_with(|| {
            let config = || at(&self.shared, &self.endpoints, "STS");
            let sts = sts.get_or_insert_with(|| Sts::new(&config(), &self.stack));
            sts.role(role)
        });
        assumed.clone()
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
