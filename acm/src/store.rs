//! All certificates, of every account and in every region.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::account::{Account, Place};
use super::configuration::Configuration;
use super::disk::{Disk, Kept};
use super::refusal::Refusal;
use super::stored::Stored;

/// All certificates, by ARN; on disk as well where a folder was given.
pub(super) struct Store {
    certificates: BTreeMap<String, Arc<Stored>>,
    configurations: HashMap<Place, Configuration>,
    disk: Option<Disk>,
    next_sequence: u64,
    changes: VecDeque<Change>,
    imports: HashMap<Place, VecDeque<OffsetDateTime>>,
}

/// What an eventually consistent reader still sees.
struct Change {
    at: Instant,
    arn: String,
    before: Option<Arc<Stored>>,
}

impl Store {
    /// An empty store, or what is in `folder`; what names no account there is of `default`.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be used or a file in it is damaged.
    pub(super) fn open(folder: Option<&Path>, default: &Account) -> io::Result<Self> {
        let (disk, kept) = match folder {
            Some(folder) => {
                let (disk, kept) = Disk::open(folder, default)?;
                (Some(disk), kept)
            }
            None => (None, Kept::default()),
        };
        let mut store = Self {
            certificates: BTreeMap::new(),
            configurations: kept.configurations,
            disk,
            next_sequence: 0,
            changes: VecDeque::new(),
            imports: HashMap::new(),
        };
        for certificate in kept.certificates {
            store.next_sequence = store.next_sequence.max(certificate.sequence + 1);
            // Imports of certificates that were replaced or deleted since are not known any more.
            let place = Place::of(&certificate.arn);
            if let Some((place, imported_at)) = place.zip(certificate.imported_at()) {
                let imports = store.imports.entry(place).or_default();
                imports.push_back(imported_at);
            }
            store
                .certificates
                .insert(certificate.arn.clone(), Arc::new(certificate));
        }
        Ok(store)
    }

    /// The certificate `arn`.
    #[must_use]
    pub(super) fn get(&self, arn: &str) -> Option<&Arc<Stored>> {
        self.certificates.get(arn)
    }

    /// All certificates of `place`, the oldest first.
    #[must_use]
    pub(super) fn all(&self, place: &Place) -> Vec<Arc<Stored>> {
        let all = self.certificates.values();
        in_order(all.filter(|c| place.has(&c.arn)).cloned())
    }

    /// The certificates of `place` as they were `lag` ago, the oldest first.
    #[must_use]
    pub(super) fn all_as_of(&self, place: &Place, lag: Duration) -> Vec<Arc<Stored>> {
        let mut seen: BTreeMap<&str, Option<&Arc<Stored>>> = BTreeMap::new();
        for change in self.changes.iter().rev() {
            if change.at.elapsed() >= lag {
                break;
            }
            seen.insert(&change.arn, change.before.as_ref());
        }
        let unchanged = self
            .certificates
            .iter()
            .filter(|(arn, _)| !seen.contains_key(arn.as_str()))
            .map(|(_, certificate)| certificate);
        let all = unchanged.chain(seen.values().filter_map(|before| *before));
        in_order(all.filter(|c| place.has(&c.arn)).cloned())
    }

    /// The requests of all places that end by `now` and have not ended yet.
    #[must_use]
    pub(super) fn due(&self, now: OffsetDateTime) -> Vec<Arc<Stored>> {
        let is_due = |c: &&Arc<Stored>| c.requested().is_some_and(|r| r.due(now).is_some());
        self.certificates.values().filter(is_due).cloned().collect()
    }

    /// The configuration of `place`.
    #[must_use]
    pub(super) fn configuration(&self, place: &Place) -> Configuration {
        self.configurations.get(place).cloned().unwrap_or_default()
    }

    /// Sets the configuration of `place`; it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// `InternalFailure` where the disk cannot be written. Nothing has changed then.
    pub(super) fn put_configuration(
        &mut self,
        place: &Place,
        configuration: Configuration,
    ) -> Result<(), Refusal> {
        if let Some(disk) = &self.disk {
            disk.save_configuration(place, &configuration)
                .map_err(|error| disk_failed(&error))?;
        }
        self.configurations.insert(place.clone(), configuration);
        Ok(())
    }

    /// How many imported certificates `place` has.
    #[must_use]
    pub(super) fn count_imported(&self, place: &Place) -> usize {
        let all = self.certificates.values();
        all.filter(|c| place.has(&c.arn) && c.imported().is_some())
            .count()
    }

    /// How many imports `place` has seen after `since`, those of deleted certificates included.
    #[must_use]
    pub(super) fn count_imports_since(&self, place: &Place, since: OffsetDateTime) -> usize {
        self.imports.get(place).map_or(0, |imports| {
            imports.iter().filter(|at| **at > since).count()
        })
    }

    /// Counts an import into `place`.
    pub(super) fn note_import(&mut self, place: &Place, at: OffsetDateTime) {
        let imports = self.imports.entry(place.clone()).or_default();
        imports.push_back(at);
        if imports.len() > REMEMBERED {
            imports.pop_front();
        }
    }

    /// A number for the next certificate.
    pub(super) fn take_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }

    /// Adds or replaces `certificate`; it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// `InternalFailure` where the disk cannot be written. Nothing has changed then.
    pub(super) fn put(&mut self, certificate: Stored) -> Result<(), Refusal> {
        if let Some(disk) = &self.disk {
            disk.save(&certificate)
                .map_err(|error| disk_failed(&error))?;
        }
        let arn = certificate.arn.clone();
        let before = self.certificates.insert(arn.clone(), Arc::new(certificate));
        self.note_change(arn, before);
        Ok(())
    }

    /// Removes the certificate `arn`.
    ///
    /// # Errors
    ///
    /// `InternalFailure` where the disk cannot be written. Nothing has changed then.
    pub(super) fn remove(&mut self, arn: &str) -> Result<(), Refusal> {
        if let Some(disk) = &self.disk {
            disk.remove(arn).map_err(|error| disk_failed(&error))?;
        }
        let before = self.certificates.remove(arn);
        self.note_change(arn.to_owned(), before);
        Ok(())
    }

    /// Removes everything, the memory of what was there before as well.
    ///
    /// # Errors
    ///
    /// `InternalFailure` where the disk cannot be written.
    pub(super) fn clear(&mut self) -> Result<(), Refusal> {
        let arns: Vec<String> = self.certificates.keys().cloned().collect();
        for arn in arns {
            self.remove(&arn)?;
        }
        let places: Vec<Place> = self.configurations.keys().cloned().collect();
        for place in places {
            self.put_configuration(&place, Configuration::default())?;
        }
        self.changes.clear();
        self.imports.clear();
        Ok(())
    }

    fn note_change(&mut self, arn: String, before: Option<Arc<Stored>>) {
        self.changes.push_back(Change {
            at: Instant::now(),
            arn,
            before,
        });
        while self
            .changes
            .front()
            .is_some_and(|oldest| oldest.at.elapsed() > LONGEST_LAG)
        {
            self.changes.pop_front();
        }
    }
}

fn in_order(certificates: impl Iterator<Item = Arc<Stored>>) -> Vec<Arc<Stored>> {
    let mut certificates: Vec<_> = certificates.collect();
    certificates.sort_by_key(|certificate| (certificate.created_at, certificate.sequence));
    certificates
}

fn disk_failed(error: &io::Error) -> Refusal {
    Refusal::internal(format!(
        "the local ACM cannot write its data folder: {error}"
    ))
}

/// A lag above this shows changes too early. AWS speaks of seconds.
pub(super) const LONGEST_LAG: Duration = Duration::from_mins(10);

/// Above any yearly quota that a test may set, so that memory stays bounded in a load test.
const REMEMBERED: usize = 100_000;
