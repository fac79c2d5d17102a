//! certdrop: drop a certificate bundle into a bucket; ACM serves it under the same ARN.
//!
//! The map of the house, in the order in which a dropped bundle meets the rooms:
//!
//! | room | what happens there |
//! |---|---|
//! | [`event`] | a payload becomes work items |
//! | [`bundle`] | bytes become certificates and keys |
//! | [`validate`] | those become a [`validate::ValidatedBundle`], or findings |
//! | [`target`] | where its certificate is served |
//! | [`binding`] | which certificate in ACM it belongs to |
//! | [`own_tags`] | which tags that gets from the operator and the uploader |
//! | [`summary`] | what the world is told |
//! | [`news`] | what is told while it happens; [`log`] writes it down |
//! | [`aws`] | the only room that names an SDK |
//! | [`pipeline`] | tells the story of one bundle; [`sweep`] repeats it for all |
//!
//! Dependencies point one way: binaries know the pipeline and the sweep, these know [`aws`], and all
//! of them know the pure core (everything else). The pure core knows no SDK, no tokio, no file, no
//! environment and no clock; `tests/pure_core/architecture.rs` holds that line.
//!
//! Beside the house stands the package `certdrop-acm`: an ACM for tests, which takes its certificates from
//! [`certificate`] and reads ACM's rules a second time.

pub mod arn;
#[cfg(feature = "function")]
pub mod aws;
pub mod binding;
pub mod bundle;
pub mod bundle_name;
pub mod certificate;
pub mod certificate_detail;
#[cfg(feature = "function")]
mod clock;
pub mod config;
pub mod content_id;
pub mod days_left;
#[cfg(feature = "function")]
pub mod event;
pub mod fault;
pub mod finding;
#[cfg(feature = "function")]
pub mod handler;
pub mod harmless;
pub mod inventory;
pub mod lease;
#[cfg(feature = "function")]
pub mod log;
pub mod news;
pub mod own_tags;
pub mod pace;
#[cfg(feature = "function")]
pub mod pipeline;
pub mod public_key;
pub mod region;
pub mod secret;
pub mod secret_names;
pub mod secret_pointer;
pub mod summary;
#[cfg(feature = "function")]
pub mod sweep;
pub mod tag;
pub mod target;
mod text_form;
pub mod timestamp;
pub mod validate;
