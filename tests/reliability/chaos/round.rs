//! One round: the plan is carried out, then the faults stop, two sweeps come, and all has to be well.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::faults::Faults;
use super::plan::{Coming, Plan, Version};
use super::state;
use super::workers::{Delivery, Done, Workers};
use crate::delivery::until_finished;
use crate::target;
use certdrop_test_support::proxy::{Call, Deed};
use certdrop_test_support::scene::{Scene, TARGETS, TWO_REGIONS};
use certdrop_test_support::stage::Stage;

/// What a round came to.
#[derive(Default)]
pub(super) struct Told {
    pub(super) calls: usize,
    pub(super) imports: usize,
    pub(super) events: usize,
    pub(super) sweeps: usize,
    pub(super) again: usize,
    pub(super) lost: usize,
    pub(super) faults: BTreeMap<&'static str, usize>,
    /// What is wrong, and all calls in their order.
    pub(super) wrong: Option<(String, String)>,
}

pub(super) async fn play(stage: &'static Stage, plan: &Plan) -> Told {
    let scene = scene(stage, plan).await;
    let begun = Instant::now();
    let (blows, struck) = unbounded_channel();
    let faults = Arc::new(Faults::new(plan.seed, plan.harm, blows));
    for proxy in [&scene.services, &scene.acm_proxy] {
        let faults = Arc::clone(&faults);
        proxy.set_rule(move |call: &Call| faults.deed(call));
    }
    let (queue, taken) = unbounded_channel();
    let workers = Workers {
        scene: &scene,
        plan,
        queue: AsyncMutex::new(taken),
        done: Mutex::default(),
        running: Mutex::default(),
    };
    let names: Vec<_> = (0..plan.workers)
        .map(|number| format!("worker{number}"))
        .collect();
    let working = async {
        tokio::join!(
            carry_out(&scene, plan, queue),
            join_all(names.iter().map(|name| workers.work(name))),
        );
        for proxy in [&scene.services, &scene.acm_proxy] {
            proxy.set_rule(|_| Deed::Pass);
        }
    };
    let striking = workers.strike(struck);
    let counts = tokio::select! {
        () = working => faults.counts(),
        () = striking => unreachable!("the faults hold the other end"),
    };
    faults.stop();
    let done = workers.done.into_inner().expect("what was done");
    let wrong = quiet(&scene, plan, &done).await.err();
    told(&scene, begun, &done, counts, wrong)
}

async fn scene(stage: &'static Stage, plan: &Plan) -> Scene {
    let mut settings = vec![
        ("CERTDROP_LEASE_SECONDS", "2"),
        // What comes late and is then not yet shown is settled within it, with room for a busy machine.
        ("CERTDROP_SETTLING_SECONDS", "2.2"),
        ("CERTDROP_ATTEMPT_SECONDS", "0.4"),
        ("RUST_LOG", "info"),
    ];
    settings.extend(
        plan.import_new
            .then_some(("CERTDROP_ON_INCOMPATIBLE", "import-new")),
    );
    settings.extend(plan.two_regions.then_some(TWO_REGIONS));
    settings.extend(plan.declared.is_some().then_some(TARGETS));
    let scene = Scene::on(stage, &settings).await;
    if let Some(declared) = &plan.declared {
        declared.begin(&scene, plan.lag, plan.two_regions).await;
    } else {
        let knobs = target::knobs(plan.lag.as_millis(), &[]);
        scene.turn_knobs(&knobs).await;
    }
    scene
}

/// Uploads, and sends the events and the sweeps on their way.
async fn carry_out(scene: &Scene, plan: &Plan, queue: UnboundedSender<Delivery>) {
    for coming in &plan.sweeps {
        let event = json!({"sweep": {}});
        deliver(event, None, *coming, &queue);
    }
    let uploads = plan.bundles.iter().enumerate();
    let uploads = uploads.map(async |(number, bundle)| {
        let begun = Instant::now();
        for (version, Version { uploads, .. }) in bundle.versions.iter().enumerate() {
            for upload in uploads {
                tokio::time::sleep(upload.at.saturating_sub(begun.elapsed())).await;
                let id = scene.put(&upload.key, &upload.content).await;
                for coming in &upload.deliveries {
                    let event = scene.created(&upload.key, &id);
                    deliver(event, Some((number, version)), *coming, &queue);
                }
            }
        }
    });
    let declaring = async {
        if let Some(declared) = &plan.declared {
            declared.carry_out(scene, plan.lag, plan.two_regions).await;
        }
    };
    tokio::join!(join_all(uploads), declaring);
}

fn deliver(
    event: Value,
    about: Option<(usize, usize)>,
    coming: Coming,
    queue: &UnboundedSender<Delivery>,
) {
    let delivery = Delivery {
        event,
        about,
        limit: coming.limit,
        tries: 1,
        queue: queue.clone(),
    };
    delivery.send_after(coming.after);
}

/// Nothing more happens: two sweeps, and then all is looked at.
async fn quiet(scene: &Scene, plan: &Plan, done: &Done) -> Result<(), String> {
    if let Some(wrong) = done.wrong.first() {
        return Err(wrong.clone());
    }
    state::was_right(&scene.acm_proxy.calls(), plan)?;
    scene.services.settled().await;
    scene.acm_proxy.settled().await;
    // It may take its time.
    let calm = [
        ("CERTDROP_LEASE_SECONDS", "10"),
        ("CERTDROP_ATTEMPT_SECONDS", "5"),
    ];
    let function = scene.another_function_with(&calm).await;
    for _ in 0..2 {
        until_finished(scene, &function, &json!({"sweep": {}})).await?;
    }
    state::was_right(&scene.acm_proxy.calls(), plan)?;
    for number in 0..plan.bundles.len() {
        state::is_right(scene, plan, number, done).await?;
    }
    Ok(())
}

fn told(
    scene: &Scene,
    begun: Instant,
    done: &Done,
    faults: BTreeMap<&'static str, usize>,
    wrong: Option<String>,
) -> Told {
    let mut calls = scene.services.calls();
    calls.extend(scene.acm_proxy.calls());
    calls.sort_by_key(|call| call.started);
    let imports = calls.iter();
    let imports = imports.filter(|call| call.operation == "acm:ImportCertificate");
    Told {
        calls: calls.len(),
        imports: imports.count(),
        events: done.events,
        sweeps: done.sweeps,
        again: done.again,
        lost: done.lost,
        faults,
        wrong: wrong.map(|what| (what, state::log(&calls, begun))),
    }
}
