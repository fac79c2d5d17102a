//! Exactly one certificate per bundle, whatever happens: crashes, duplicates, throttling, time.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "clippy.toml frees #[test] functions only, not what they call; the numbers are printed for docs/reliability.md"
)]

mod answers;
mod chaos;
mod delivery;
mod duplicates;
mod history;
mod matrix;
mod stale;
mod sweep_cost;
mod throttling;
