//! What ACM takes, and what clients do: one file for each thing that is asked about.

mod dates;
mod key_type;
pub(super) mod names;
mod shape;

use super::{Policy, Served};
use crate::finding::Finding;

/// Runs all rules. `strangers` is how many certificates of the bundle are left over.
pub(super) fn findings(served: &Served, strangers: usize, policy: &Policy) -> Vec<Finding> {
    let mut findings = dates::findings(served, policy);
    findings.extend(key_type::findings(served));
    findings.extend(names::findings(&served.leaf));
    findings.extend(shape::findings(served, strangers, policy.now));
    findings
}
