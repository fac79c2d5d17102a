//! Exactly one certificate per bundle, whatever happens: crashes, duplicates, throttling, time.
#![cfg(test)]

mod answers;
mod chaos;
mod delivery;
mod duplicates;
mod history;
mod matrix;
mod renamed;
mod stale;
mod sweep_cost;
mod target;
mod throttling;
