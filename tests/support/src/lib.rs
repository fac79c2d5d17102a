//! What certdrop's tests and benches stand on.

#[cfg(feature = "stage")]
pub mod child;
#[cfg(feature = "stage")]
pub mod emf;
#[cfg(feature = "stage")]
pub mod events;
pub mod outside;
pub mod pki;
#[cfg(feature = "stage")]
pub mod policy;
#[cfg(feature = "stage")]
pub mod proxy;
pub mod round_trips;
#[cfg(feature = "stage")]
pub mod runtime_api;
#[cfg(feature = "stage")]
pub mod scene;
#[cfg(feature = "stage")]
pub mod sleep;
#[cfg(feature = "stage")]
pub mod stage;
