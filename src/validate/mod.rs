//! A bundle as it was read, judged: accepted with warnings, or rejected with reasons.
pub mod finding;
