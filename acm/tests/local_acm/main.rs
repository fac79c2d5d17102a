//! The local ACM, over HTTP and in process.
#![cfg(test)]
#![allow(unreachable_pub, reason = "nobody but this program has its modules")]

mod accounts;
mod answers;
mod configuration;
mod differential;
mod facts;
mod import;
mod life;
mod lists;
mod model;
mod own_reading;
mod persistence;
mod pki;
mod reimport;
mod requested;
mod roles;
mod server;
mod tags;
mod turning_knobs;
mod unsettled;
