//! The pure core: bytes in, verdict out. One program, because each would link the same again.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "clippy.toml frees #[test] functions only, not what they call"
)]

mod architecture;
mod binding;
mod corpus;
#[cfg(feature = "function")]
mod events;
mod findings;
mod formats;
mod key_stores;
mod properties;
mod round_trips;
