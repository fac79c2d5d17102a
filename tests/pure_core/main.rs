//! The pure core: bytes in, verdict out. One program, because each would link the same again.
#![cfg(test)]

mod agreement;
mod architecture;
mod binding;
mod chains;
mod corpus;
#[cfg(feature = "function")]
mod events;
mod findings;
mod formats;
mod key_stores;
mod own_tags;
mod properties;
mod reimport;
mod round_trips;
mod signatures;
mod summaries;
mod warnings;
