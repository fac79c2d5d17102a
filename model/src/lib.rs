//! One bundle, two of its versions and two workers, small enough that every order of events can be tried.
//!
//! The steps have the names that they have in the function. Where one of them is changed there, it has to be
//! changed here:
//!
//! | here | in the function |
//! |---|---|
//! | [`Action::Fetch`] | `src/pipeline/fetch.rs`: beside the lease, so what it read may be old |
//! | [`Action::Take`] | `src/pipeline/leased.rs`, `src/aws/s3.rs`: a conditional write |
//! | [`Action::Recheck`] | `src/pipeline/`: what decides is read again under the lease |
//! | [`Action::FindCertificates`] | `src/pipeline/lookup.rs`, then `src/binding.rs` |
//! | [`Action::Import`] and its three outcomes | `src/pipeline/import.rs`, `src/aws/acm.rs` |
//! | [`Action::Record`] | `src/pipeline/records.rs` |
//! | [`Action::Publish`], [`Action::Release`] | `src/pipeline/publish.rs` |
//! | [`Action::Fenced`] | `src/aws/fence.rs` |
//! | [`Action::TermEnds`], [`Action::LeaseOpens`] | `src/lease.rs`: the term, then the settling time |
//!
//! `docs/reliability.md` says what was searched and what was found.
#![allow(
    clippy::indexing_slicing,
    reason = "an index that is wrong is a mistake in the model, and has to stop the search"
)]

mod counterexample;
mod properties;
mod rules;
mod state;
mod steps;

pub use counterexample::Counterexample;
pub use rules::{Faults, Rules, Story};
pub use state::{
    Arn, Certificate, Known, Lease, Plan, Request, State, Step, Tags, Term, Version, Worker, Write,
};
pub use steps::Action;
