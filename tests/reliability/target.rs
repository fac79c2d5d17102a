//! Where certificates are served in these tests, and where it is told of them.

use certdrop_test_support::scene::{OTHER_REGION, Scene};
use certdrop_test_support::stage::{
    ACCOUNT, EXTERNAL_ID, OTHER_ACCOUNT, REGION, ROLE, acm_of, role,
};
use serde_json::{Value, json};

/// A region of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    region: &'static str,
    account: &'static str,
}

/// The stack's own region.
pub(crate) const HOME: Target = Target::of_region(REGION);
/// Another region of the stack's own account.
pub(crate) const OTHER: Target = Target::of_region(OTHER_REGION);
/// The stack's region of another account.
pub(crate) const PAYMENTS: Target = Target {
    name: "payments",
    region: REGION,
    account: OTHER_ACCOUNT,
};
/// Another region of that account.
pub(crate) const EDGE: Target = Target {
    name: "payments-edge",
    region: OTHER_REGION,
    account: OTHER_ACCOUNT,
};

impl Target {
    const fn of_region(region: &'static str) -> Self {
        Self {
            name: region,
            region,
            account: ACCOUNT,
        }
    }

    /// ARNs of the certificates here that carry the name of `bundle`.
    pub(crate) async fn certificates(self, scene: &Scene, bundle: &str) -> Vec<String> {
        scene
            .certificates_of_bundle_by(&self.acm(scene), bundle)
            .await
    }

    /// A client of the ACM here.
    pub(crate) fn acm(self, scene: &Scene) -> aws_sdk_acm::Client {
        acm_of(&scene.acm_endpoint, self.region, self.account)
    }

    /// The object's tag that names the certificate here. Only regions of the stack's account have one.
    pub(crate) fn tag(self) -> Option<String> {
        let tag = "certdrop:certificate-arn";
        if self == HOME {
            return Some(tag.to_owned());
        }
        (self.account == ACCOUNT).then(|| format!("{tag}:{}", self.name))
    }

    /// What the parameter says that names the certificate of `bundle` here.
    pub(crate) async fn recorded(self, scene: &Scene, bundle: &str) -> Option<String> {
        let parameter = format!("/{bundle}/certificate-arn");
        if self == HOME {
            scene.parameter(&parameter).await
        } else {
            let parameter = format!("{parameter}/{}", self.name);
            scene.parameter(&parameter).await
        }
    }

    /// What `summary` tells of this target.
    pub(crate) fn told(self, summary: &Value) -> &Value {
        if self == HOME {
            summary
        } else {
            &summary["targets"][self.name]
        }
    }
}

/// The document that sends every bundle to `targets`.
pub(crate) fn document(targets: &[Target]) -> Value {
    let declared = [PAYMENTS, EDGE].map(|target| {
        let Target { name, region, .. } = target;
        json!({"name": name, "region": region, "role": ROLE, "external_id": EXTERNAL_ID})
    });
    let names: Vec<_> = targets.iter().map(|target| target.name).collect();
    json!({"targets": declared, "default": names})
}

/// What the local ACM is told where its indexes are `milliseconds` behind and the role answers with `more`. Every user
/// of the account may assume it, because workers have names of their own.
pub(crate) fn knobs(milliseconds: u128, more: &[(&str, Value)]) -> Value {
    let mut role = role(more);
    role["trusts"] = json!([ACCOUNT]);
    json!({
        "lag_ms": {"GetResources": milliseconds, "SearchCertificates": milliseconds},
        "roles": {ROLE: role},
    })
}
