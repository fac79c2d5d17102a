//! The local ACM, over HTTP and in process.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "test code outside #[test] functions, which clippy.toml does not free"
)]

mod answers;
mod differential;
mod import;
mod life;
mod lists;
mod model;
mod own_reading;
mod persistence;
mod pki;
mod reimport;
mod server;
mod tags;
mod turning_knobs;
