//! The matrix: every call of every scenario x every fate x every way back, with and without lag.
//!
//! `make test` plays a part of it: every fate of every import, and of each other call one fate and one
//! way back, which go round; with another account these of each import and of every other call. `make reliability` plays all (`CERTDROP_MATRIX=whole`). Words in
//! `CERTDROP_CELLS` pick those cells of the whole whose names hold all of them.

mod cell;
mod fate;
mod scenario;
mod state;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use cell::{Cell, Place, Recovery, places};
use certdrop_test_support::outside::setting;
use certdrop_test_support::stage::{RUNTIME, STAGE, Stage};
use fate::Fate;
use scenario::Scenario;

/// Most of a cell is waiting.
const AT_ONCE: usize = 8;

/// How often a cell is played whose call was not reached: a busy machine took longer than an attempt may.
const TRIES: usize = 5;

#[test]
fn whatever_happens_to_a_call_there_is_one_certificate_and_it_is_the_newest() {
    let stage = &*STAGE;
    let wrong = RUNTIME.block_on(async {
        let begun = Instant::now();
        let mut cells = Vec::new();
        for scenario in Scenario::ALL {
            cells.extend(chosen(stage, scenario).await);
        }
        assert!(!cells.is_empty(), "no cell has all words of CERTDROP_CELLS");
        let wrong = play(stage, &cells).await;
        print(&cells, &wrong, begun);
        wrong
    });
    let wrong: Vec<_> = wrong
        .iter()
        .map(|(cell, what)| format!("{cell}: {what}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The cells of `scenario` that are to be played.
async fn chosen(stage: &'static Stage, scenario: Scenario) -> Vec<Cell> {
    let whole = setting("CERTDROP_MATRIX").is_some_and(|part| part == "whole");
    let words = setting("CERTDROP_CELLS").unwrap_or_default();
    let places = places(stage, scenario).await;
    let listed: Vec<_> = places.iter().map(Place::to_string).collect();
    println!(
        "{scenario:?}: {} calls: {}",
        places.len(),
        listed.join(", ")
    );
    let is_named = |cell: &Cell| {
        let name = cell.to_string();
        words.split_whitespace().all(|word| name.contains(word))
    };
    let is_chosen = |cell: &Cell, is_fair: bool| {
        if words.is_empty() {
            whole || is_fair
        } else {
            is_named(cell)
        }
    };
    let all = of_scenario(scenario, &places).into_iter();
    all.filter(|(cell, is_fair)| is_chosen(cell, *is_fair))
        .map(|(cell, _)| cell)
        .collect()
}

fn print(cells: &[Cell], wrong: &[(Cell, String)], begun: Instant) {
    for scenario in Scenario::ALL {
        let all = cells.iter().filter(|cell| cell.scenario == scenario);
        let bad = wrong.iter().filter(|(cell, _)| cell.scenario == scenario);
        println!("{scenario:?}: {} cells, {} wrong", all.count(), bad.count());
    }
    println!(
        "{} cells in {:.0?}, {} wrong",
        cells.len(),
        begun.elapsed(),
        wrong.len()
    );
}

/// All cells, and whether each belongs to the part that is always played.
fn of_scenario(scenario: Scenario, places: &[Place]) -> Vec<(Cell, bool)> {
    let mut cells = Vec::new();
    // With another account there are many more calls, half of which are enough to be played each time.
    let step = if scenario.has_other_account() { 2 } else { 1 };
    for (at, place) in places.iter().enumerate() {
        let is_import = place.operation == "acm:ImportCertificate";
        for (which, fate) in Fate::ALL.into_iter().enumerate() {
            for recovery in Recovery::ALL {
                for lag in [false, true] {
                    let by_another = (at + which).is_multiple_of(2);
                    let turn = at + which + scenario as usize;
                    let has_turn = lag == ((turn + recovery as usize).is_multiple_of(2));
                    let is_next = turn.is_multiple_of(Fate::ALL.len())
                        && recovery as usize == at / step % 2
                        && (is_import || at % step == step - 1);
                    let is_fair = has_turn && (is_next || (is_import && step == 1));
                    cells.push((
                        Cell {
                            scenario,
                            place: place.clone(),
                            fate,
                            recovery,
                            lag,
                            by_another,
                        },
                        is_fair,
                    ));
                }
            }
        }
    }
    cells
}

/// The cells that are wrong, and how.
async fn play(stage: &'static Stage, cells: &[Cell]) -> Vec<(Cell, String)> {
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for cell in cells.iter().cloned() {
        let free = Arc::clone(&free);
        playing.spawn(async move {
            let _room = free.acquire().await.expect("it is never closed");
            let mut told = once(stage, &cell).await;
            for _ in 1..TRIES {
                if !was_not_reached(&told) {
                    break;
                }
                told = once(stage, &cell).await;
            }
            (cell, told)
        });
    }
    let mut wrong = Vec::new();
    let mut played = 0;
    while let Some(told) = playing.join_next().await {
        let (cell, told) = told.expect("it does not panic");
        if let Err(what) = told {
            println!("WRONG {cell}: {what}");
            wrong.push((cell, what));
        }
        played += 1;
        if played % 500 == 0 {
            println!("{played} of {} cells, {} wrong", cells.len(), wrong.len());
        }
    }
    wrong.sort();
    wrong
}

async fn once(stage: &'static Stage, cell: &Cell) -> Result<(), String> {
    // A task of its own, so that a cell that panics is a wrong one.
    let own = cell.clone();
    let played = tokio::spawn(async move { own.play(stage).await }).await;
    played.unwrap_or_else(|error| Err(error.to_string()))
}

/// Nothing was tried: an undisturbed call before it had no answer in time.
fn was_not_reached(told: &Result<(), String>) -> bool {
    let before = ["the call was never made", "the function succeeds: Reported"];
    let what = told.as_ref().err();
    what.is_some_and(|what| before.iter().any(|words| what.contains(words)))
}
