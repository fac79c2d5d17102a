//! What a round does, all of it from its seed: the same seed makes the same plan. Only the clock, and so
//! which calls meet, may differ from one playing to the next.

use std::time::Duration;

use fastrand::Rng;
use time::OffsetDateTime;

use super::declared::Declared;
use crate::target::{HOME, OTHER, Target};
use certdrop_test_support::pki::{Authority, Issued, Order, rsa_key};

pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) workers: usize,
    /// A certificate of another kind is imported under a new ARN.
    pub(super) import_new: bool,
    pub(super) two_regions: bool,
    /// Targets in another account, where there are some.
    pub(super) declared: Option<Declared>,
    /// How far ACM's indexes are behind.
    pub(super) lag: Duration,
    /// Of a thousand imports, and of a thousand other calls, so many meet a fault.
    pub(super) harm: (u32, u32),
    pub(super) bundles: Vec<Bundle>,
    /// Beside those at the end.
    pub(super) sweeps: Vec<Coming>,
}

pub(super) struct Bundle {
    pub(super) name: String,
    /// In the order in which they are dropped.
    pub(super) versions: Vec<Version>,
}

pub(super) struct Version {
    pub(super) issued: Issued,
    /// `None` where it is no good.
    pub(super) begins: Option<OffsetDateTime>,
    pub(super) uploads: Vec<Upload>,
}

/// One object, and when S3 tells of it.
pub(super) struct Upload {
    pub(super) at: Duration,
    pub(super) key: String,
    pub(super) content: String,
    /// Never, once or more often.
    pub(super) deliveries: Vec<Coming>,
}

/// An event of an upload, or a sweep.
#[derive(Clone, Copy)]
pub(super) struct Coming {
    /// How long after the upload, or after the beginning.
    pub(super) after: Duration,
    /// How long the function may run.
    pub(super) limit: Duration,
}

impl Coming {
    fn within(most: u64, random: &mut Rng) -> Self {
        Self {
            after: millis(random, 0, most),
            limit: match random.u8(..4) {
                0 => millis(random, 2_000, 8_000),
                _ => Duration::from_mins(1),
            },
        }
    }
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let import_new = random.u8(..4) == 0;
        let lag = if random.bool() {
            millis(&mut random, 100, 700)
        } else {
            Duration::ZERO
        };
        let count = random.usize(1..=2);
        let bundles = (0..count).map(|number| bundle(number, import_new, &mut random));
        let bundles: Vec<_> = bundles.collect();
        Self {
            seed,
            import_new,
            lag,
            declared: Declared::new(seed, bundles.iter().all(Bundle::is_in_order)),
            bundles,
            workers: random.usize(2..=4),
            two_regions: random.u8(..6) == 0,
            harm: (random.u32(0..500), random.u32(0..120)),
            sweeps: (0..random.usize(0..=3))
                .map(|_| Coming::within(6_000, &mut random))
                .collect(),
        }
    }

    /// Where the bundles are served in the end.
    pub(super) fn targets(&self) -> Vec<Target> {
        let regions = if self.two_regions {
            &[HOME, OTHER][..]
        } else {
            &[HOME]
        };
        let declared = self.declared.iter().flat_map(Declared::targets);
        regions.iter().copied().chain(declared).collect()
    }
}

impl Bundle {
    /// The version that was dropped last.
    pub(super) fn current(&self) -> &Version {
        self.versions.last().expect("versions")
    }

    /// No version is older than one that was dropped before.
    fn is_in_order(&self) -> bool {
        let begins = self.versions.iter().filter_map(|version| version.begins);
        begins.is_sorted()
    }
}

fn bundle(number: usize, import_new: bool, random: &mut Rng) -> Bundle {
    let name = format!("chaos-{number}.example.com");
    let is_folder = random.u8(..3) == 0;
    let authority = Authority::new();
    let count = random.usize(2..=4);
    let mut ages: Vec<i64> = (1..=4).rev().collect();
    // Now and then they are dropped in another order than they were issued in.
    if !is_folder && random.u8(..5) == 0 {
        random.shuffle(&mut ages);
    }
    let good = random.usize(..count);
    let mut at = Duration::ZERO;
    let mut versions: Vec<Version> = Vec::new();
    for (version, age) in (0..count).zip(ages) {
        let earlier = versions
            .iter()
            .rposition(|earlier| earlier.begins.is_some());
        let is_last = version + 1 == count;
        let version = match random.u8(..10) {
            // Of a folder, what was there before another upload is lost unless it was seen.
            0..=2 if version != good && !(is_folder && is_last) => {
                let issued = issue(&authority, &name, age, import_new, random);
                Version {
                    issued: broken(issued),
                    begins: None,
                    uploads: Vec::new(),
                }
            }
            3 if version != good && earlier.is_some() && !is_folder => {
                let same = &versions[earlier.expect("there is one")];
                // S3 tells times in whole seconds: within one, the same bytes again are no news.
                at += Duration::from_millis(1_500);
                Version {
                    issued: same.issued.clone(),
                    begins: same.begins,
                    uploads: Vec::new(),
                }
            }
            _ => valid(issue(&authority, &name, age, import_new, random)),
        };
        versions.push(version);
        at = upload(
            &name,
            is_folder,
            at,
            versions.last_mut().expect("it was pushed"),
            random,
        );
    }
    Bundle { name, versions }
}

fn issue(
    authority: &Authority,
    name: &str,
    age: i64,
    import_new: bool,
    random: &mut Rng,
) -> (Issued, OffsetDateTime) {
    let order = Order::new(name, time::Duration::days(age));
    let begins = order
        .not_before
        .replace_nanosecond(0)
        .expect("whole seconds");
    let issued = if import_new && random.bool() {
        authority.issue_for(&order, &rsa_key())
    } else {
        authority.issue(&order)
    };
    (issued, begins)
}

fn valid((issued, begins): (Issued, OffsetDateTime)) -> Version {
    Version {
        issued,
        begins: Some(begins),
        uploads: Vec::new(),
    }
}

/// Its key is lost.
fn broken((issued, _): (Issued, OffsetDateTime)) -> Issued {
    Issued {
        key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
        ..issued
    }
}

/// Plans the uploads of `version`: when the last one is over.
fn upload(
    name: &str,
    is_folder: bool,
    from: Duration,
    version: &mut Version,
    random: &mut Rng,
) -> Duration {
    let issued = &version.issued;
    let mut objects = if is_folder {
        vec![
            (format!("drop/{name}/cert.pem"), issued.certificate.clone()),
            (format!("drop/{name}/privkey.pem"), issued.key.clone()),
            (format!("drop/{name}/chain.pem"), issued.chain.clone()),
        ]
    } else {
        vec![(format!("drop/{name}.pem"), issued.bundle())]
    };
    random.shuffle(&mut objects);
    let mut at = from;
    for (key, content) in objects {
        let most = if is_folder { 600 } else { 1_800 };
        at += millis(random, 0, most);
        let deliveries = (0..random.usize(0..=3)).map(|_| {
            let most = if random.bool() { 0 } else { 3_000 };
            Coming::within(most, random)
        });
        version.uploads.push(Upload {
            at,
            key,
            content,
            deliveries: deliveries.collect(),
        });
    }
    at
}

pub(super) fn millis(random: &mut Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(random.u64(from..=to))
}
