//! The bootstrap dies at every call, before and after the call took effect.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};
use time::Duration;

use crate::support::pki::{Authority, Issued, Order};
use crate::support::proxy::{Call, Deed, Proxy};
use crate::support::scene::{OTHER_REGION, Scene, TWO_REGIONS, run, run_with};
use crate::support::stage::REGION;

const NAME: &str = "crash.example.com";
const KEY: &str = "drop/crash.example.com.pem";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scenario {
    FirstImport,
    Replace,
    Sweep,
    TwoRegions,
}

impl Scenario {
    fn run(self, play: impl AsyncFnOnce(&Scene)) {
        match self {
            Self::TwoRegions => run_with(&[TWO_REGIONS], play),
            Self::FirstImport | Self::Replace | Self::Sweep => run(play),
        }
    }

    fn regions(self) -> &'static [&'static str] {
        match self {
            Self::TwoRegions => &[REGION, OTHER_REGION],
            Self::FirstImport | Self::Replace | Self::Sweep => &[REGION],
        }
    }

    /// In several regions everything is asked for once more; that an event heals it is shown by one.
    fn recoveries(self) -> &'static [Recovery] {
        match self {
            Self::TwoRegions => &[Recovery::SweepOnly],
            Self::FirstImport | Self::Replace | Self::Sweep => {
                &[Recovery::EventAgain, Recovery::SweepOnly]
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The service never sees the call.
    Before,
    /// The service carried the call out, and nobody hears of it.
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recovery {
    EventAgain,
    SweepOnly,
}

/// A call of a scenario: the n-th of its operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    operation: String,
    number: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation, self.number)
    }
}

/// What was dropped, and the event about the last of it.
struct Prepared {
    newest: Issued,
    event: Value,
}

#[test]
fn a_first_import_survives_a_crash_at_every_call() {
    matrix(Scenario::FirstImport);
}

#[test]
fn a_replace_survives_a_crash_at_every_call() {
    matrix(Scenario::Replace);
}

#[test]
fn a_sweep_survives_a_crash_at_every_call() {
    matrix(Scenario::Sweep);
}

#[test]
fn two_regions_survive_a_crash_at_every_call() {
    matrix(Scenario::TwoRegions);
}

fn matrix(scenario: Scenario) {
    let places = places(scenario);
    assert!(
        places.len() > 8,
        "{scenario:?} makes only these calls: {places:?}"
    );
    let mut wrong = Vec::new();
    let mut cells = 0;
    for place in &places {
        for moment in [Moment::Before, Moment::After] {
            for recovery in scenario.recoveries().iter().copied() {
                cells += 1;
                let mut state = Err("the cell did not run".to_owned());
                scenario.run(async |scene| {
                    state = cell(scene, scenario, place, moment, recovery).await;
                });
                if let Err(state) = state {
                    wrong.push(format!("{place} {moment:?} {recovery:?}: {state}"));
                }
            }
        }
    }
    println!(
        "{scenario:?}: {} calls, {cells} cells, {} wrong",
        places.len(),
        wrong.len()
    );
    let listed: Vec<_> = places.iter().map(Place::to_string).collect();
    println!("  {}", listed.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The calls of an undisturbed run: a new call of the function makes new cells by itself.
fn places(scenario: Scenario) -> Vec<Place> {
    let mut places = Vec::new();
    scenario.run(async |scene| {
        let prepared = prepare(scene, scenario).await;
        forget_calls(scene);
        scene
            .invoke(&prepared.event)
            .await
            .expect("an undisturbed run");
        let calls = scene
            .services
            .calls()
            .into_iter()
            .chain(scene.acm_proxy.calls());
        places = calls
            .map(|call| Place {
                operation: call.operation,
                number: call.number,
            })
            .collect();
    });
    places.sort();
    places
}

async fn prepare(scene: &Scene, scenario: Scenario) -> Prepared {
    let authority = Authority::new();
    let first = authority.issue(&Order::new(NAME, 2 * Duration::DAY));
    let renewed = authority.issue(&Order::new(NAME, Duration::DAY));
    if scenario == Scenario::Replace {
        scene.drop_bundle(KEY, &first.bundle()).await;
    }
    let version = scene.put(KEY, &renewed.bundle()).await;
    let event = match scenario {
        Scenario::Sweep => json!({"sweep": {}}),
        Scenario::FirstImport | Scenario::Replace | Scenario::TwoRegions => {
            scene.created(KEY, &version)
        }
    };
    Prepared {
        newest: renewed,
        event,
    }
}

async fn cell(
    scene: &Scene,
    scenario: Scenario,
    place: &Place,
    moment: Moment,
    recovery: Recovery,
) -> Result<(), String> {
    let prepared = prepare(scene, scenario).await;
    forget_calls(scene);
    let proxy = if place.operation.starts_with("s3:") || place.operation.starts_with("ssm:") {
        &scene.services
    } else {
        &scene.acm_proxy
    };
    hang_at(proxy, place, moment);
    let invoked = scene.function.invoke(&prepared.event);
    let killed = async {
        proxy.hanging().await;
        scene.function.kill();
        scene.services.settled().await;
        scene.acm_proxy.settled().await;
    };
    let (answer, ()) = tokio::join!(invoked, killed);
    if answer.is_ok() {
        return Err("the function answered though it was killed".into());
    }
    proxy.set_rule(|_| Deed::Pass);
    scene.end_leases().await;

    let event = match recovery {
        Recovery::EventAgain => prepared.event.clone(),
        Recovery::SweepOnly => json!({"sweep": {}}),
    };
    let next = scene.another_function().await;
    next.invoke(&event)
        .await
        .map_err(|error| format!("{error:?}"))?;
    for region in scenario.regions() {
        is_right(scene, region, &prepared.newest).await?;
    }
    Ok(())
}

fn hang_at(proxy: &Proxy, place: &Place, moment: Moment) {
    let place = place.clone();
    proxy.set_rule(move |call: &Call| {
        let here = call.operation == place.operation && call.number == place.number;
        match moment {
            _ if !here => Deed::Pass,
            Moment::Before => Deed::Hang,
            Moment::After => Deed::HangAfter,
        }
    });
}

fn forget_calls(scene: &Scene) {
    scene.services.clear();
    scene.acm_proxy.clear();
}

/// One certificate, the newest; tags, parameter and summary right.
async fn is_right(scene: &Scene, region: &str, newest: &Issued) -> Result<(), String> {
    let tagged = scene.certificates_of_bundle_in(region, NAME).await;
    let [arn] = tagged.as_slice() else {
        return Err(format!(
            "{} certificates in {region} carry the bundle's name",
            tagged.len()
        ));
    };
    let (tag_name, parameter) = match region {
        REGION => ("certdrop:certificate-arn".to_owned(), String::new()),
        other => (
            format!("certdrop:certificate-arn:{other}"),
            format!("/{other}"),
        ),
    };
    let mut state = BTreeMap::new();
    state.insert("serial", (scene.serial(arn).await, newest.serial.clone()));
    let tags = scene.object_tags(KEY).await;
    let tag = |name: &str| tags.get(name).cloned().unwrap_or_default();
    state.insert("the object's tag", (tag(&tag_name), arn.clone()));
    let recorded = scene
        .parameter(&format!("/{NAME}/certificate-arn{parameter}"))
        .await;
    state.insert("the parameter", (recorded.unwrap_or_default(), arn.clone()));
    let mut summarised = String::new();
    for key in scene.keys(&format!("summaries/{NAME}/")).await {
        let summary: Value = serde_json::from_str(&scene.read(&key).await).expect("a summary");
        let there = match region {
            REGION => &summary,
            other => &summary["regions"][other],
        };
        if there["certificate"]["Serial"] == json!(newest.serial) {
            let arn = there["certificate_arn"].as_str();
            summarised.push_str(arn.unwrap_or_default());
        }
    }
    state.insert("the summary", (summarised, arn.clone()));
    for (what, (is, ought)) in state {
        if is != ought {
            return Err(format!("{what} is `{is}`, not `{ought}`"));
        }
    }
    match tag("certdrop:outcome").as_str() {
        "imported" | "replaced" | "unchanged" => Ok(()),
        other => Err(format!("the outcome is `{other}`")),
    }
}
