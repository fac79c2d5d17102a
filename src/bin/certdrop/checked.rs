//! A bundle and what was found in it.

use certdrop::finding::Finding;
use certdrop::validate::Served;

/// One bundle, judged.
pub(crate) struct Checked {
    /// The path as it was given.
    pub(crate) bundle: String,
    /// Errors first.
    pub(crate) findings: Vec<Finding>,
    /// The leaf and its chain, where a leaf was recognised.
    pub(crate) served: Option<Served>,
}

impl Checked {
    pub(crate) fn is_accepted(&self) -> bool {
        !self.findings.iter().any(Finding::is_error)
    }
}
