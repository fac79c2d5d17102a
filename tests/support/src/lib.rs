//! What the end-to-end tests stand on.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "test code that is shared: clippy.toml frees #[test] functions only, and not every test uses all of it"
)]

pub mod child;
pub mod emf;
pub mod pki;
pub mod policy;
pub mod proxy;
pub mod round_trips;
pub mod runtime_api;
pub mod scene;
pub mod sleep;
pub mod stage;
