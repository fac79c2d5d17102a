//! The world at one moment: what ACM, the bucket and the parameters hold, who works, and what is on the wire.

use crate::rules::{Faults, Story};

/// What a certificate shows, in the order of validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// What was served before either of the two was dropped.
    Before,
    /// The first of the two that were dropped.
    Older,
    /// The one that has to be served in the end. It is the current version of the object.
    Newer,
}

/// The name of a certificate: its place in [`State::certificates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn(pub usize);

/// A certificate in ACM. All of them carry the bundle's tag: it is a part of the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Certificate {
    /// DescribeCertificate shows it at once.
    pub content: Version,
    /// The tagging API and the search show it, from an index that lags.
    pub is_indexed: bool,
}

/// Tags of an object's version (`src/pipeline/records.rs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tags {
    /// `certdrop:certificate-arn`.
    pub arn: Option<Arn>,
    /// `certdrop:force`.
    pub force: bool,
}

/// The object at `leases/BUNDLE` (`src/lease.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lease {
    /// There is none, or it has expired: it may be taken.
    Free,
    /// Its term runs.
    Held,
    /// Its term is over; it is still shut.
    Settling,
}

/// What a worker's own lease is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// Not taken yet.
    None,
    /// The holder may act.
    Runs,
    /// The holder must not act; nobody has taken the lease since.
    Over,
    /// Another worker has taken the lease.
    TakenOver,
    /// Given back.
    Released,
}

/// How a certificate came to be considered, the strongest first (`src/binding.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// The tag of the object's version names it.
    ObjectTag,
    /// The bundle's parameter names it.
    Parameter,
    /// The tag of another version names it.
    EarlierVersion,
    /// The index shows it.
    BundleTag,
}

/// What a worker has read of the records (`Fetched` in `src/pipeline/fetch.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Known {
    /// Of the version that it works on.
    pub tags: Tags,
    /// The bundle's parameter.
    pub parameter: Option<Arn>,
}

/// What has to be done (`src/binding.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Plan {
    /// Nothing in ACM belongs to the bundle, or what does cannot be replaced.
    ImportNew,
    /// Put it under this ARN.
    Replace(Arn),
    /// It is there already.
    Unchanged(Arn),
    /// A newer one is there already.
    Outdated(Arn),
}

/// What a worker has done last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Has fetched, and waits for the lease.
    Fetched(Known),
    /// Has the lease.
    Leased(Known),
    /// Has read again what decides.
    Rechecked(Known),
    /// Knows what to do.
    Bound(Known, Plan),
    /// Has sent an import.
    Importing(Known, Plan),
    /// The import took effect; the answer is on its way.
    TookEffect(Known, Plan, Arn),
    /// Has the import's answer.
    Imported(Known, Arn),
    /// Has sent the records; of each, whether it is still on the wire.
    Recording {
        /// What they name.
        arn: Arn,
        /// The object's tags.
        tags: bool,
        /// The bundle's parameter.
        parameter: bool,
        /// The lease is given back meanwhile.
        release: bool,
    },
    /// The records are answered.
    Recorded(Arn),
    /// Has sent the summary, and the release of the lease beside it; of each, whether it is still on the wire.
    Publishing {
        /// What the summary names.
        arn: Arn,
        /// The summary.
        summary: bool,
        /// The lease is given back.
        release: bool,
    },
}

/// An invocation that works on a version of the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    /// What it works on.
    pub version: Version,
    /// What its lease is worth.
    pub term: Term,
    /// A write of it got no answer, and may take effect late.
    pub unanswered: bool,
    /// What it has done last.
    pub step: Step,
}

/// One of the two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Write {
    /// The object's tags.
    Tags,
    /// The bundle's parameter.
    Parameter,
}

/// On the wire, and nobody waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    /// ImportCertificate: under an ARN, or as a new certificate.
    Import(Option<Arn>, Version),
    /// PutObjectTagging or PutParameter.
    Record(Write, Version, Arn),
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// In ACM.
    pub certificates: Vec<Certificate>,
    /// Of the older version, and of the newer one.
    pub tags: [Tags; 2],
    /// The bundle's parameter.
    pub parameter: Option<Arn>,
    /// What the summary of the newer version names, where there is one.
    pub summary: Option<Arn>,
    /// The bundle's lease.
    pub lease: Lease,
    /// Sorted, as the two are alike: half the states say the same of the other worker.
    pub workers: [Option<Worker>; 2],
    /// Requests that nobody waits for any more.
    pub wire: Vec<Request>,
    /// How often the event of the older version, and of the newer one, still comes.
    pub deliveries: [u8; 2],
    /// What may still go wrong.
    pub faults: Faults,
    /// An older certificate has replaced a newer one, and nobody had forced it.
    pub went_back: bool,
}

impl State {
    /// Both versions are dropped. Nothing was there before, or a certificate that is recorded.
    #[must_use]
    pub fn initial(story: &Story) -> Vec<Self> {
        let nothing = Self {
            certificates: Vec::new(),
            tags: [
                Tags {
                    arn: None,
                    force: story.force,
                },
                Tags::default(),
            ],
            parameter: None,
            summary: None,
            lease: Lease::Free,
            workers: [None, None],
            wire: Vec::new(),
            deliveries: [story.deliveries; 2],
            faults: story.faults,
            went_back: false,
        };
        let before = Certificate {
            content: Version::Before,
            is_indexed: true,
        };
        let served = Self {
            certificates: vec![before],
            parameter: Some(Arn(0)),
            ..nothing.clone()
        };
        vec![nothing, served]
    }

    /// Nobody works, nothing is on the wire, the index shows everything and the lease is free.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.workers.iter().all(Option::is_none) && self.has_settled() && self.lease == Lease::Free
    }

    /// What was sent has arrived, and the index shows it. The settling time is long enough for that.
    #[must_use]
    pub fn has_settled(&self) -> bool {
        let waited_for = self.workers.iter().flatten().any(Worker::is_on_the_wire);
        self.wire.is_empty()
            && !waited_for
            && self.certificates.iter().all(|there| there.is_indexed)
    }

    /// Everything that a worker reads of the records.
    #[must_use]
    pub fn records(&self, version: Version) -> Known {
        Known {
            tags: self.tags[slot(version)],
            parameter: self.parameter,
        }
    }

    /// What ACM shows under `arn`.
    #[must_use]
    pub fn content(&self, arn: Arn) -> Version {
        self.certificates[arn.0].content
    }

    pub(crate) fn write(&mut self, write: Write, version: Version, arn: Arn) {
        match write {
            // Put as a whole: a force is used up.
            Write::Tags => {
                self.tags[slot(version)] = Tags {
                    arn: Some(arn),
                    force: false,
                }
            }
            Write::Parameter => self.parameter = Some(arn),
        }
    }

    /// An import takes effect.
    pub(crate) fn import(&mut self, target: Option<Arn>, content: Version) -> Arn {
        let Some(arn) = target else {
            self.certificates.push(Certificate {
                content,
                is_indexed: false,
            });
            return Arn(self.certificates.len() - 1);
        };
        let there = &mut self.certificates[arn.0];
        let forced = self.tags[slot(content)].force;
        self.went_back |= content < there.content && !forced;
        there.content = content;
        arn
    }
}

impl Worker {
    /// The begin: fetched, and nothing more.
    #[must_use]
    pub fn new(version: Version, known: Known) -> Self {
        Self {
            version,
            term: Term::None,
            unanswered: false,
            step: Step::Fetched(known),
        }
    }

    /// It waits for something that has yet to take effect.
    fn is_on_the_wire(&self) -> bool {
        match self.step {
            Step::Importing(..) => true,
            Step::Recording {
                tags, parameter, ..
            } => tags || parameter,
            Step::Publishing { summary, .. } => summary,
            _ => false,
        }
    }
}

impl Plan {
    /// What ImportCertificate is sent with: `None` where nothing is imported.
    #[must_use]
    pub fn target(self) -> Option<Option<Arn>> {
        match self {
            Self::ImportNew => Some(None),
            Self::Replace(arn) => Some(Some(arn)),
            Self::Unchanged(_) | Self::Outdated(_) => None,
        }
    }
}

/// The place of `version` among those that were dropped.
pub(crate) fn slot(version: Version) -> usize {
    usize::from(version == Version::Newer)
}
