//! What is going on when something happens to a call.

use aws_sdk_acm::types::Tag;
use serde_json::{Value, json};
use time::Duration;

use super::cell::Place;
use crate::target::{self, EDGE, HOME, OTHER, PAYMENTS, Target};
use certdrop_test_support::pki::{Authority, Issued, Order, rsa_key};
use certdrop_test_support::scene::{ADOPTION, Scene, TARGETS, TWO_REGIONS};

pub(super) const NAME: &str = "matrix.example.com";
const FILE: &str = "drop/matrix.example.com.pem";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scenario {
    FirstImport,
    Replace,
    /// Nobody sent an event.
    Sweep,
    TwoRegions,
    /// Three objects, of which the last one arrives.
    Folder,
    /// Back to an older certificate, because a person wants it.
    Force,
    /// A person imported the certificate, and names it by a tag.
    Adoption,
    /// ACM would not take the new one under the old one's ARN.
    ImportNew,
    /// A renewal that is no good.
    Rejected,
    /// A renewal whose uploader took one tag back and set another, beside a tag of a person.
    Tags,
    /// The home region, and two regions of another account.
    ThreeTargets,
    /// A renewal in all three.
    TargetsReplaced,
    /// A sweep finds that the bundle goes to one more.
    TargetAdded,
    /// A renewal, when the bundle no longer goes to one of them.
    TargetTakenAway,
}

/// What was dropped, and what is to come of it.
pub(super) struct Prepared {
    /// The event that is disturbed.
    pub(super) event: Value,
    /// What comes when events come again.
    pub(super) again: Vec<Value>,
    pub(super) ought: Ought,
}

/// How things are to stand when all is quiet.
pub(super) struct Ought {
    /// Serial number of the certificate that is served.
    pub(super) serial: String,
    /// The certificate that was there before and is to be kept, in the home region.
    pub(super) arn: Option<String>,
    /// Serial numbers of all certificates that carry the bundle's name, in each region.
    pub(super) named: Vec<String>,
    /// The objects that are to be tagged.
    pub(super) keys: Vec<String>,
    /// One of these is to be the outcome.
    pub(super) outcomes: &'static [&'static str],
    /// How often, at most, certdrop may have made a new certificate in a region.
    pub(super) made_new: usize,
    /// What may be put in the place of a newer one.
    pub(super) forced: Option<String>,
    /// The tags of the certificate that is served, beside those that say whose it is.
    pub(super) tags: &'static [(&'static str, &'static str)],
    /// A certificate that stays as it is where the bundle no longer goes.
    pub(super) left: Option<Left>,
}

/// A certificate in a target that was taken away.
pub(super) struct Left {
    pub(super) target: Target,
    pub(super) serial: String,
}

impl Scenario {
    pub(super) const ALL: [Self; 14] = [
        Self::FirstImport,
        Self::Replace,
        Self::Sweep,
        Self::TwoRegions,
        Self::Folder,
        Self::Force,
        Self::Adoption,
        Self::ImportNew,
        Self::Rejected,
        Self::Tags,
        Self::ThreeTargets,
        Self::TargetsReplaced,
        Self::TargetAdded,
        Self::TargetTakenAway,
    ];

    /// Settings of the function.
    pub(super) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::TwoRegions => &[TWO_REGIONS],
            Self::Adoption => &[ADOPTION],
            Self::ImportNew => &[("CERTDROP_ON_INCOMPATIBLE", "import-new")],
            Self::Tags => &[
                ("CERTDROP_CERTIFICATE_TAGS", "team=payments"),
                ("CERTDROP_UPLOADER_TAG_KEYS", "owner,stage"),
            ],
            _ if self.has_other_account() => &[TARGETS],
            _ => &[],
        }
    }

    /// Where the bundle's certificates are served in the end.
    pub(super) fn targets(self) -> &'static [Target] {
        match self {
            Self::TwoRegions => &[HOME, OTHER],
            Self::ThreeTargets | Self::TargetsReplaced | Self::TargetAdded => {
                &[HOME, PAYMENTS, EDGE]
            }
            Self::TargetTakenAway => &[HOME, PAYMENTS],
            _ => &[HOME],
        }
    }

    pub(super) fn has_other_account(self) -> bool {
        self.targets().contains(&PAYMENTS)
    }

    /// Another run need not make the call. Only the home target has a tag: where another one is the first to write the
    /// outcome, the tags are written twice.
    pub(super) fn makes_by_chance(self, place: &Place) -> bool {
        self.has_other_account() && place.operation == "s3:PutObjectTagging" && place.number > 1
    }

    /// Declares where the bundle goes in the end.
    async fn declare(self, scene: &Scene) {
        scene.declare(&target::document(self.targets())).await;
    }

    /// Does all that comes before the event that is to be disturbed.
    pub(super) async fn prepare(self, scene: &Scene) -> Prepared {
        let authority = Authority::new();
        let old = authority.issue(&Order::new(NAME, 3 * Duration::DAY));
        let new = authority.issue(&Order::new(NAME, Duration::DAY));
        match self {
            Self::FirstImport | Self::TwoRegions => first_import(scene, &new).await,
            Self::Replace => replace(scene, &old, &new).await,
            Self::Sweep => Prepared {
                event: json!({"sweep": {}}),
                ..first_import(scene, &new).await
            },
            Self::Folder => folder(scene, &new).await,
            Self::Force => force(scene, &old, &new).await,
            Self::Adoption => adoption(scene, &old, &new).await,
            Self::ImportNew => {
                let order = Order::new(NAME, Duration::DAY);
                let other_kind = authority.issue_for(&order, &rsa_key());
                import_new(scene, &old, &other_kind).await
            }
            Self::Rejected => rejected(scene, &old, &new).await,
            Self::Tags => tags(scene, &old, &new).await,
            Self::ThreeTargets => {
                self.declare(scene).await;
                first_import(scene, &new).await
            }
            Self::TargetsReplaced => {
                self.declare(scene).await;
                replace(scene, &old, &new).await
            }
            Self::TargetAdded => {
                scene.declare(&target::document(&[HOME, PAYMENTS])).await;
                let prepared = unchanged(scene, &new).await;
                self.declare(scene).await;
                prepared
            }
            Self::TargetTakenAway => {
                let all = [HOME, PAYMENTS, EDGE];
                scene.declare(&target::document(&all)).await;
                let mut prepared = replace(scene, &old, &new).await;
                prepared.ought.left = Some(Left {
                    target: EDGE,
                    serial: old.serial.clone(),
                });
                self.declare(scene).await;
                prepared
            }
        }
    }
}

async fn first_import(scene: &Scene, issued: &Issued) -> Prepared {
    let version = scene.put(FILE, &issued.bundle()).await;
    let event = scene.created(FILE, &version);
    Prepared {
        again: vec![event.clone()],
        event,
        ought: Ought {
            serial: issued.serial.clone(),
            arn: None,
            named: vec![issued.serial.clone()],
            keys: vec![FILE.to_owned()],
            outcomes: &["imported", "unchanged"],
            made_new: 1,
            forced: None,
            tags: &[],
            left: None,
        },
    }
}

/// Imports `old` and drops `new` over it. `new` is to be served under the old one's ARN.
async fn replace(scene: &Scene, old: &Issued, new: &Issued) -> Prepared {
    let arn = imported(scene, old).await;
    let prepared = first_import(scene, new).await;
    Prepared {
        ought: Ought {
            arn: Some(arn),
            outcomes: &["replaced", "unchanged"],
            ..prepared.ought
        },
        ..prepared
    }
}

/// Imports `issued`. A sweep looks at it.
async fn unchanged(scene: &Scene, issued: &Issued) -> Prepared {
    let mut prepared = first_import(scene, issued).await;
    let summary = scene.summary(&prepared.event).await;
    prepared.event = json!({"sweep": {}});
    prepared.ought.arn = summary["certificate_arn"].as_str().map(str::to_owned);
    prepared
}

async fn folder(scene: &Scene, issued: &Issued) -> Prepared {
    let key = |file: &str| format!("drop/{NAME}/{file}");
    let waiting = scene.drop_bundle(&key("privkey.pem"), &issued.key).await;
    assert_eq!(waiting["outcome"], "waiting");
    let middle = scene.put(&key("cert.pem"), &issued.certificate).await;
    let last = scene.put(&key("chain.pem"), &issued.chain).await;
    let prepared = Ought {
        serial: issued.serial.clone(),
        arn: None,
        named: vec![issued.serial.clone()],
        keys: ["privkey.pem", "cert.pem", "chain.pem"].map(key).to_vec(),
        outcomes: &["imported", "unchanged"],
        made_new: 1,
        forced: None,
        tags: &[],
        left: None,
    };
    let event = scene.created(&key("chain.pem"), &last);
    Prepared {
        again: vec![event.clone(), scene.created(&key("cert.pem"), &middle)],
        event,
        ought: prepared,
    }
}

async fn force(scene: &Scene, old: &Issued, new: &Issued) -> Prepared {
    let prepared = replace(scene, new, old).await;
    scene.tag_object(FILE, &[("certdrop:force", "true")]).await;
    Prepared {
        ought: Ought {
            forced: Some(old.serial.clone()),
            ..prepared.ought
        },
        ..prepared
    }
}

async fn adoption(scene: &Scene, old: &Issued, new: &Issued) -> Prepared {
    let arn = scene.import_by_hand(old).await;
    let prepared = first_import(scene, new).await;
    scene
        .tag_object(FILE, &[("certdrop:certificate-arn", &arn)])
        .await;
    Prepared {
        ought: Ought {
            arn: Some(arn),
            outcomes: &["replaced", "unchanged"],
            made_new: 0,
            ..prepared.ought
        },
        ..prepared
    }
}

/// The event about the old one comes once more at the end: it must not bring it back.
async fn import_new(scene: &Scene, old: &Issued, new: &Issued) -> Prepared {
    let version = scene.put(FILE, &old.bundle()).await;
    let about_old = scene.created(FILE, &version);
    scene.summary(&about_old).await;
    let mut prepared = first_import(scene, new).await;
    prepared.again.push(about_old);
    prepared.ought.named.push(old.serial.clone());
    prepared.ought.made_new = 2;
    prepared
}

/// The key is another certificate's.
async fn rejected(scene: &Scene, good: &Issued, other: &Issued) -> Prepared {
    let arn = imported(scene, good).await;
    let broken = Issued {
        key: good.key.clone(),
        ..other.clone()
    };
    let prepared = first_import(scene, &broken).await;
    Prepared {
        ought: Ought {
            serial: good.serial.clone(),
            arn: Some(arn),
            named: vec![good.serial.clone()],
            outcomes: &["rejected"],
            ..prepared.ought
        },
        ..prepared
    }
}

/// The person's tag has a key that the uploader's new tag has too.
async fn tags(scene: &Scene, old: &Issued, new: &Issued) -> Prepared {
    let version = scene.put(FILE, &old.bundle()).await;
    scene.tag_object(FILE, &[("acm:owner", "ann")]).await;
    let imported = scene.summary(&scene.created(FILE, &version)).await;
    let arn = imported["certificate_arn"].as_str().expect("an ARN");
    let by_hand = Tag::builder().key("stage").value("by hand").build();
    let call = scene.acm.add_tags_to_certificate().certificate_arn(arn);
    let call = call.tags(by_hand.expect("a tag"));
    call.send().await.expect("the tag is taken");

    let prepared = first_import(scene, new).await;
    let of_object = [("acm:stage", "test"), ("acm:team", "not allowed")];
    scene.tag_object(FILE, &of_object).await;
    Prepared {
        ought: Ought {
            arn: Some(arn.to_owned()),
            outcomes: &["replaced", "unchanged"],
            tags: &[
                ("certdrop:own-tags", "team"),
                ("stage", "by hand"),
                ("team", "payments"),
            ],
            ..prepared.ought
        },
        ..prepared
    }
}

async fn imported(scene: &Scene, issued: &Issued) -> String {
    let summary = scene.drop_bundle(FILE, &issued.bundle()).await;
    assert_eq!(summary["outcome"], "imported");
    let arn = summary["certificate_arn"].as_str();
    arn.expect("an ARN").to_owned()
}
