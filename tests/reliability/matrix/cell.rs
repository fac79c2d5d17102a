//! One call, one fate, one way back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::fate::Fate;
use super::scenario::{Prepared, Scenario};
use super::state;
use crate::delivery::{Standing, standing, until_finished};
use crate::target;
use certdrop_test_support::proxy::{Call, Deed, Proxy};
use certdrop_test_support::runtime_api::{Answer, FunctionError};
use certdrop_test_support::scene::Scene;
use certdrop_test_support::stage::Stage;

/// Short, so that leases end while a test waits for them; long beside what the work takes here. No lease is
/// touched.
const TERMS: [(&str, &str); 3] = [
    ("CERTDROP_LEASE_SECONDS", "3"),
    ("CERTDROP_SETTLING_SECONDS", "2"),
    ("CERTDROP_ATTEMPT_SECONDS", "0.5"),
];

/// Longer than an attempt, shorter than the settling time.
const LAG_MILLISECONDS: u128 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Recovery {
    EventAgain,
    SweepOnly,
}

impl Recovery {
    pub(super) const ALL: [Self; 2] = [Self::EventAgain, Self::SweepOnly];
}

/// A call of a scenario: the n-th of its operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) operation: String,
    pub(super) number: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation, self.number)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) scenario: Scenario,
    pub(super) place: Place,
    pub(super) fate: Fate,
    pub(super) recovery: Recovery,
    /// ACM's indexes are behind.
    pub(super) lag: bool,
    /// Another process does what is still to be done; where the first one was killed, always.
    pub(super) by_another: bool,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario,
            place,
            fate,
            recovery,
            ..
        } = self;
        let lag = if self.lag { ", indexes lag" } else { "" };
        let by = if self.by_another {
            ", another process"
        } else {
            ""
        };
        write!(f, "{scenario:?}, {place}, {fate:?}, {recovery:?}{lag}{by}")
    }
}

async fn scene(stage: &'static Stage, scenario: Scenario, terms: &[(&str, &str)]) -> Scene {
    let mut settings = terms.to_vec();
    // Secrets are looked for where fewer scenes play; here it would be most of the work.
    settings.push(("RUST_LOG", "info"));
    settings.extend(scenario.settings());
    Scene::on(stage, &settings).await
}

/// The calls of an undisturbed run: a new call of the function makes new cells by itself. It may take its
/// time, so that a busy machine does not make calls come twice.
pub(super) async fn places(stage: &'static Stage, scenario: Scenario) -> Vec<Place> {
    let scene = scene(stage, scenario, &[]).await;
    let prepared = scenario.prepare(&scene).await;
    scene.forget_calls();
    let answer = scene.invoke(&prepared.event).await;
    answer.expect("an undisturbed run");
    let calls = scene.services.calls().into_iter();
    let mut places: Vec<_> = calls
        .chain(scene.acm_proxy.calls())
        .map(|call| Place {
            operation: call.operation,
            number: call.number,
        })
        .filter(|place| !scenario.makes_by_chance(place))
        .collect();
    places.sort();
    places
}

impl Cell {
    /// Plays the cell: what is wrong, if anything.
    pub(super) async fn play(&self, stage: &'static Stage) -> Result<(), String> {
        let scene = scene(stage, self.scenario, &TERMS).await;
        if self.lag {
            scene
                .turn_knobs(&target::knobs(LAG_MILLISECONDS, &[]))
                .await;
        }
        let prepared = self.scenario.prepare(&scene).await;
        let before = scene.acm_proxy.calls();
        scene.forget_calls();
        self.disturb(&scene, &prepared).await?;
        self.recover(&scene, &prepared).await?;
        scene.services.settled().await;
        scene.acm_proxy.settled().await;

        let calls: Vec<_> = before.into_iter().chain(scene.acm_proxy.calls()).collect();
        state::was_right(&calls, &prepared.ought)?;
        for target in self.scenario.targets() {
            state::is_right(&scene, *target, &prepared.ought).await?;
        }
        if let Some(left) = &prepared.ought.left {
            state::is_left(&scene, left).await?;
        }
        scene.shows_no_secret().await;
        Ok(())
    }

    async fn disturb(&self, scene: &Scene, prepared: &Prepared) -> Result<(), String> {
        let proxy = if self.place.operation.starts_with("s3:")
            || self.place.operation.starts_with("ssm:")
        {
            &scene.services
        } else {
            &scene.acm_proxy
        };
        let happened = self.set_fate(proxy);
        let answer = self.first_answer(scene, proxy, prepared).await?;
        proxy.set_rule(|_| Deed::Pass);
        if !happened.load(Ordering::Relaxed) {
            return Err("the call was never made".to_owned());
        }
        match (self.fate.kills(), standing(&answer)) {
            (true, Standing::Wrong(_)) if matches!(answer, Err(FunctionError::Died(_))) => Ok(()),
            (true, _) => Err("it answered though it was killed".to_owned()),
            (false, Standing::Wrong(what)) => Err(format!("first answer: {what}")),
            (false, _) => Ok(()),
        }
    }

    /// From now on: the fate of the call, and whether it has met it.
    fn set_fate(&self, proxy: &Proxy) -> Arc<AtomicBool> {
        let happened = Arc::new(AtomicBool::new(false));
        let (place, fate, met) = (self.place.clone(), self.fate, Arc::clone(&happened));
        proxy.set_rule(move |call: &Call| {
            if call.operation != place.operation || call.number != place.number {
                return Deed::Pass;
            }
            met.store(true, Ordering::Relaxed);
            fate.deed()
        });
        happened
    }

    async fn first_answer(
        &self,
        scene: &Scene,
        proxy: &Proxy,
        prepared: &Prepared,
    ) -> Result<Answer, String> {
        let mut answer = std::pin::pin!(scene.invoke(&prepared.event));
        if self.fate.kills() {
            tokio::select! {
                _ = &mut answer => return Err("the call was never made".to_owned()),
                () = proxy.hanging() => scene.function.kill(),
            }
        }
        Ok(answer.await)
    }

    async fn recover(&self, scene: &Scene, prepared: &Prepared) -> Result<(), String> {
        let other = if self.fate.kills() || self.by_another {
            Some(scene.another_function().await)
        } else {
            None
        };
        let function = other.as_ref().unwrap_or(&scene.function);
        let sweep = vec![json!({"sweep": {}})];
        let events = match self.recovery {
            Recovery::EventAgain => &prepared.again,
            Recovery::SweepOnly => &sweep,
        };
        for event in events {
            until_finished(scene, function, event).await?;
        }
        Ok(())
    }
}
