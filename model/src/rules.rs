//! What is searched: the rules that the workers keep, and what may go wrong.

/// The rules that keep a bundle at one certificate. Each can be taken out, to see what it is for.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a list of rules, each of which can be taken out by itself"
)]
pub struct Rules {
    /// An import whose outcome is unknown is not sent again by its worker.
    pub unknown_is_not_resent: bool,
    /// An import whose outcome is unknown leaves the lease shut.
    pub unknown_leaves_the_lease_shut: bool,
    /// Nothing that changes something leaves the process after the lease's term.
    pub fence: bool,
    /// What decides is read again under the lease.
    pub recheck: bool,
    /// A lease opens a settling time after its term: what is on the wire has arrived by then, and the index
    /// shows it.
    pub settling_time: bool,
    /// An older certificate does not replace a newer one, unless a person forces it.
    pub never_back: bool,
    /// A recorded, newer certificate counts before another that shows just this version.
    pub recorded_newer_before_a_match: bool,
    /// Before a new certificate is made, earlier versions and the index are asked.
    pub look_up_before_a_new_one: bool,
    /// Also where the records name one that cannot be replaced.
    pub look_up_beside_a_recorded_one: bool,
    /// A write of the records that got no answer leaves the lease shut, also where it was sent again.
    pub unanswered_leaves_the_lease_shut: bool,
    /// An import that is not recorded leaves the lease shut, also where its answer is known.
    pub unrecorded_leaves_the_lease_shut: bool,
    /// The lease is released after the records are answered, not beside them.
    pub released_after_the_records: bool,
}

impl Rules {
    /// As they are in the function.
    #[must_use]
    pub fn all() -> Self {
        Self {
            unknown_is_not_resent: true,
            unknown_leaves_the_lease_shut: true,
            fence: true,
            recheck: true,
            settling_time: true,
            never_back: true,
            recorded_newer_before_a_match: true,
            look_up_before_a_new_one: true,
            look_up_beside_a_recorded_one: true,
            unanswered_leaves_the_lease_shut: true,
            unrecorded_leaves_the_lease_shut: true,
            released_after_the_records: true,
        }
    }
}

/// How often each fault may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Faults {
    /// A worker dies. What it sent may still take effect.
    pub crash: u8,
    /// A request or its answer is lost, and the worker cannot tell which.
    pub lost_answer: u8,
    /// A worker no longer waits for an answer; its request takes effect later, or never.
    pub late_effect: u8,
    /// A lease's term ends while its holder still works: it slept, or was slow.
    pub freeze: u8,
    /// The records are refused: a permission is missing, the service is down.
    pub refused_records: u8,
}

/// What is searched: the bundle, the rules and the faults.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// What the workers keep to.
    pub rules: Rules,
    /// What may go wrong.
    pub faults: Faults,
    /// How often each version's event is delivered. One whose worker fails is delivered again beside that.
    pub deliveries: u8,
    /// ACM does not take the newer version in the place of an older one, and the setting is `import-new`.
    pub import_new: bool,
    /// A person wants the older version once, whatever the guard says.
    pub force: bool,
}

impl Story {
    /// All rules, no faults, two versions that replace each other.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        Self {
            rules: Rules::all(),
            faults,
            deliveries: 2,
            import_new: false,
            force: false,
        }
    }
}
