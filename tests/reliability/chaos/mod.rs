//! Random schedules. `make chaos SEED=1 ROUNDS=100` plays the rounds with the seeds 1 to 100; `make test`
//! plays a few with a seed of its own, which it prints. `WITH=targets` leaves out the seeds without targets in another
//! account.

mod declared;
mod faults;
mod plan;
mod round;
mod state;
mod workers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use certdrop_test_support::outside::setting;
use certdrop_test_support::stage::{RUNTIME, STAGE, Stage};
use declared::Declared;
use plan::Plan;
use round::Told;

/// Most of a round is waiting.
const AT_ONCE: usize = 8;
const ROUNDS: u64 = 8;
/// So many are enough to look at.
const MOST_WRONG: usize = 5;

#[test]
fn random_schedules_leave_one_certificate_a_bundle_the_newest() {
    let number = |name: &str| setting(name).and_then(|number| number.parse::<u64>().ok());
    let seed = number("CERTDROP_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    let rounds = number("CERTDROP_ROUNDS").unwrap_or(ROUNDS);
    let with = setting("CERTDROP_WITH").unwrap_or_default();
    let is_wanted = |seed: &u64| with != "targets" || Declared::is_planned(*seed);
    let rounds = usize::try_from(rounds).expect("not so many");
    let seeds: Vec<_> = (seed..).filter(is_wanted).take(rounds).collect();
    println!(
        "seeds {seed} to {} (CERTDROP_SEED, CERTDROP_ROUNDS)",
        seeds.last().copied().unwrap_or(seed)
    );
    let stage = &*STAGE;
    let wrong = RUNTIME.block_on(play(stage, &seeds));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

async fn play(stage: &'static Stage, seeds: &[u64]) -> Vec<String> {
    let begun = Instant::now();
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    let mut total = Total::default();
    for seed in seeds.iter().copied() {
        let room = Arc::clone(&free)
            .acquire_owned()
            .await
            .expect("never closed");
        while let Some(played) = playing.try_join_next() {
            total.add(played);
        }
        if total.wrong.len() >= MOST_WRONG {
            break;
        }
        playing.spawn(async move {
            let _room = room;
            let plan = Plan::new(seed);
            // A task of its own, so that a round that panics is a wrong one.
            let round = tokio::spawn(async move { round::play(stage, &plan).await });
            let told = round.await.unwrap_or_else(|error| Told {
                wrong: Some((error.to_string(), String::new())),
                ..Told::default()
            });
            (seed, told)
        });
    }
    while let Some(played) = playing.join_next().await {
        total.add(played);
    }
    total.print(begun);
    total.wrong
}

#[derive(Default)]
struct Total {
    rounds: usize,
    told: Told,
    wrong: Vec<String>,
}

impl Total {
    fn add(&mut self, played: Result<(u64, Told), tokio::task::JoinError>) {
        let (seed, told) = played.expect("it does not panic");
        self.rounds += 1;
        let sum = &mut self.told;
        sum.calls += told.calls;
        sum.imports += told.imports;
        sum.events += told.events;
        sum.sweeps += told.sweeps;
        sum.again += told.again;
        sum.lost += told.lost;
        for (kind, count) in told.faults {
            *sum.faults.entry(kind).or_default() += count;
        }
        if let Some((what, log)) = told.wrong {
            println!("WRONG with seed {seed}: {what}\n{log}");
            self.wrong.push(format!("seed {seed}: {what}"));
        }
        if self.rounds.is_multiple_of(100) {
            println!("{} rounds, {} wrong", self.rounds, self.wrong.len());
        }
    }

    fn print(&self, begun: Instant) {
        let Told {
            calls,
            imports,
            events,
            sweeps,
            again,
            lost,
            ..
        } = self.told;
        let faults: usize = self.told.faults.values().sum();
        let kinds: &BTreeMap<_, _> = &self.told.faults;
        println!(
            "{} rounds in {:.0?}: {calls} calls ({imports} imports), {events} events and {sweeps} sweeps, of which {again} came again and {lost} were given up, {faults} faults {kinds:?}, {} wrong",
            self.rounds,
            begun.elapsed(),
            self.wrong.len(),
        );
    }
}
