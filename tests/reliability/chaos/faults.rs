//! What happens to calls in a round. It depends on the seed, the operation and the number of the call alone.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::mpsc::UnboundedSender;

use certdrop_test_support::proxy::{Call, Deed, THROTTLE, UNAVAILABLE};

/// What happens to the process that made a call, a while after.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blow {
    Kill,
    /// It stands still for so long.
    Freeze(Duration),
}

pub(super) struct Faults {
    seed: u64,
    /// As in the plan.
    harm: (u32, u32),
    over: AtomicBool,
    /// By kind.
    counts: Mutex<BTreeMap<&'static str, usize>>,
    /// Takes the caller, the wait, and what happens then.
    blows: UnboundedSender<(String, Duration, Blow)>,
}

const KINDS: [&str; 15] = [
    "cut before",
    "cut after",
    "5xx before",
    "5xx after",
    "throttled",
    "torn",
    "hang before",
    "hang after",
    "late",
    "delay",
    "kill before",
    "kill after",
    "kill and late",
    "freeze",
    "freeze and late",
];

impl Faults {
    pub(super) fn new(
        seed: u64,
        harm: (u32, u32),
        blows: UnboundedSender<(String, Duration, Blow)>,
    ) -> Self {
        Self {
            seed,
            harm,
            over: AtomicBool::new(false),
            counts: Mutex::default(),
            blows,
        }
    }

    /// From now on nothing happens.
    pub(super) fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.counts.lock().expect("the counts").clone()
    }

    pub(super) fn deed(&self, call: &Call) -> Deed {
        let mut random = self.random(call);
        let (imports, others) = self.harm;
        let harm = match call.operation.as_str() {
            "acm:ImportCertificate" => imports,
            _ => others,
        };
        if self.over.load(Ordering::Relaxed) || random.u32(..1_000) >= harm {
            return Deed::Pass;
        }
        let kind = *random.choice(KINDS.iter()).expect("there are some");
        *self
            .counts
            .lock()
            .expect("the counts")
            .entry(kind)
            .or_default() += 1;
        self.carry_out(kind, call, &mut random)
    }

    fn carry_out(&self, kind: &str, call: &Call, random: &mut Rng) -> Deed {
        let late = Duration::from_millis(random.u64(450..900));
        let soon = Duration::from_millis(random.u64(..150));
        let frozen = Duration::from_millis(random.u64(300..5_500));
        let blow = |blow| {
            // Who would carry it out is gone when the round is over.
            let _ = self.blows.send((call.caller.clone(), soon, blow));
        };
        match kind {
            "cut before" => Deed::Cut,
            "cut after" => Deed::CutAfter,
            "5xx before" => Deed::Refuse(UNAVAILABLE),
            "5xx after" => Deed::RefuseAfter(UNAVAILABLE),
            "throttled" => Deed::Refuse(THROTTLE),
            "torn" => Deed::Tear,
            "hang before" => Deed::Hang,
            "hang after" => Deed::HangAfter,
            "late" => Deed::Late(late),
            "delay" => Deed::Delay(soon * 2),
            "kill before" => {
                blow(Blow::Kill);
                Deed::Hang
            }
            "kill after" => {
                blow(Blow::Kill);
                Deed::HangAfter
            }
            "kill and late" => {
                blow(Blow::Kill);
                Deed::Late(late)
            }
            "freeze" => {
                blow(Blow::Freeze(frozen));
                Deed::Pass
            }
            _ => {
                blow(Blow::Freeze(frozen));
                Deed::Late(late)
            }
        }
    }

    fn random(&self, call: &Call) -> Rng {
        let mut hasher = DefaultHasher::new();
        (self.seed, &call.operation, call.number).hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }
}
