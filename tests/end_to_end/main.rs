//! The real bootstrap, driven through the Runtime API, against real servers over HTTP.
#![cfg(test)]

mod arm64;
mod binding;
mod clients;
mod command_line;
mod drop;
mod drop_command;
mod fetch;
mod least_privilege;
mod logging;
mod on_moto;
mod queue;
mod regions;
mod round_trips;
mod samples;
mod secrets;
mod sources;
mod sweeping;
mod tagging;
mod targets;
mod telling;
