//! The real bootstrap, driven through the Runtime API, against real servers over HTTP.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "clippy.toml frees #[test] functions only, not what they call; tables and transcripts are printed"
)]

mod arm64;
mod binding;
mod command_line;
mod drop;
mod fetch;
mod least_privilege;
mod logging;
mod on_moto;
mod queue;
mod regions;
mod round_trips;
mod samples;
mod sources;
mod sweeping;
mod telling;
