//! What ACM takes, and what clients do: one file for each thing that is asked about.

mod constraints;
pub(super) mod dates;
mod extensions;
mod key_type;
mod links;
pub(super) mod names;
mod shape;
mod strict;
mod usages;

use super::{Policy, Served};
use crate::finding::Finding;

/// Runs all rules. `strangers` is how many certificates of the bundle are left over.
pub(super) fn findings(served: &Served, strangers: usize, policy: &Policy) -> Vec<Finding> {
    let mut findings = dates::findings(served, policy);
    findings.extend(key_type::findings(served));
    findings.extend(names::findings(&served.leaf));
    findings.extend(shape::findings(served, strangers, policy.now));
    findings.extend(usages::findings(served));
    findings.extend(extensions::findings(served));
    findings.extend(constraints::findings(served));
    findings.extend(links::findings(served));
    findings.extend(strict::findings(served));
    findings
}
