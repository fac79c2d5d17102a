//! Targets in another account: what becomes of their document and of their role during a round.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::plan::millis;
use crate::target::{self, EDGE, HOME, OTHER, PAYMENTS, Target};
use certdrop_test_support::scene::Scene;

/// The document and the role, in the order in which they change.
pub(super) struct Declared {
    first: &'static [Target],
    /// Each with the time since the beginning.
    steps: Vec<(Duration, Step)>,
    /// The role is assumed for each bundle, because its credentials end soon.
    is_short_lived: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Every bundle goes home, and here.
    Declare(&'static [Target]),
    /// The document has a mistake.
    Spoil,
    /// The role is not given, in this way.
    Refuse(&'static str),
    /// It is given again.
    Give,
}

const BOTH: &[Target] = &[PAYMENTS, EDGE];
const ONE: &[Target] = &[PAYMENTS];

impl Declared {
    /// The plan of this seed has targets in another account.
    pub(super) fn is_planned(seed: u64) -> bool {
        random(seed).u8(..4) == 0
    }

    /// A sequence of its own, so that the rest of a plan is the same without it. Where bundles go changes only if all
    /// versions are `in_order`: a target that is added late gets the current version, the others may have a newer one.
    pub(super) fn new(seed: u64, in_order: bool) -> Option<Self> {
        if !Self::is_planned(seed) {
            return None;
        }
        let mut random = random(seed);
        // What the line above has drawn.
        random.u8(..4);
        let is_short_lived = random.bool();
        let first = if in_order && random.u8(..4) == 0 {
            ONE
        } else {
            BOTH
        };
        Some(Self {
            first,
            steps: steps(first, in_order, &mut random),
            is_short_lived,
        })
    }

    /// How things are at the beginning.
    pub(super) async fn begin(&self, scene: &Scene, lag: Duration, two_regions: bool) {
        scene.declare(&document(self.first, two_regions)).await;
        scene.turn_knobs(&self.knobs(lag, &[])).await;
    }

    /// Lets happen what is planned.
    pub(super) async fn carry_out(&self, scene: &Scene, lag: Duration, two_regions: bool) {
        let begun = std::time::Instant::now();
        for (at, step) in &self.steps {
            tokio::time::sleep(at.saturating_sub(begun.elapsed())).await;
            match step {
                Step::Declare(targets) => {
                    scene.declare(&document(targets, two_regions)).await;
                }
                Step::Spoil => scene.declare(&json!({"default": ["nowhere"]})).await,
                Step::Refuse(how) => {
                    let fault = ("fault", json!(how));
                    scene.turn_knobs(&self.knobs(lag, &[fault])).await;
                }
                Step::Give => scene.turn_knobs(&self.knobs(lag, &[])).await,
            }
        }
    }

    /// What the local ACM is told, where the role answers with `more`.
    fn knobs(&self, lag: Duration, more: &[(&str, Value)]) -> Value {
        let mut more = more.to_vec();
        if self.is_short_lived {
            // Credentials are renewed five minutes before their end.
            more.push(("lifetime_ms", json!(299_000)));
        }
        target::knobs(lag.as_millis(), &more)
    }

    /// Something may be wrong for a while that a person would have to mend.
    pub(super) fn may_be_wrong(&self) -> bool {
        let is_wrong = |step: &Step| matches!(step, Step::Spoil | Step::Refuse(_));
        self.steps.iter().any(|(_, step)| is_wrong(step))
    }

    /// Where bundles go in the end, beside the regions.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        let declared = self.steps.iter().rev().find_map(|(_, step)| match step {
            Step::Declare(targets) => Some(*targets),
            _ => None,
        });
        declared.unwrap_or(self.first).iter().copied()
    }

    /// Where they went for a time.
    pub(super) fn left(&self) -> impl Iterator<Item = Target> {
        let kept: Vec<_> = self.targets().collect();
        BOTH.iter()
            .copied()
            .filter(move |target| !kept.contains(target))
    }
}

fn steps(first: &'static [Target], in_order: bool, random: &mut Rng) -> Vec<(Duration, Step)> {
    let mut steps = Vec::new();
    let mut last = first;
    let mut at = Duration::ZERO;
    for _ in 0..random.usize(0..=3) {
        at += millis(random, 0, 1_500);
        let until = at + millis(random, 200, 2_500);
        match random.u8(..4) {
            0 => steps.extend([(at, Step::Spoil), (until, Step::Declare(last))]),
            1 if in_order => {
                last = if last == BOTH { ONE } else { BOTH };
                steps.push((at, Step::Declare(last)));
                continue;
            }
            _ => {
                let how = ["access_denied", "unavailable", "throttled"];
                let how = random.choice(how).expect("there are some");
                steps.extend([(at, Step::Refuse(how)), (until, Step::Give)]);
            }
        }
        at = until;
    }
    steps
}

fn random(seed: u64) -> Rng {
    // Other numbers than those of the plan.
    Rng::with_seed(!seed)
}

fn document(targets: &[Target], two_regions: bool) -> Value {
    let regions = if two_regions {
        &[HOME, OTHER][..]
    } else {
        &[HOME]
    };
    target::document(&[regions, targets].concat())
}
