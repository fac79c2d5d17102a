//! The operator's own tags on certificates: which of them a certificate ought to have, and what has to change.
//!
//! Pure. The settings say which tags every certificate gets, which keys an uploader may set with a tag of the object
//! (`acm:team=payments`), and which keys were set before and are to go. What certdrop set is written down on the
//! certificate itself, by the keys alone: whatever else is there belongs to somebody else and stays.

mod changes;
mod key;
mod settings;

pub use changes::{Pair, TagChanges, WantedTags};
pub use key::TagKey;
pub use settings::{MOST_KEYS, MOST_SET, TagSettings, TagSettingsId};
