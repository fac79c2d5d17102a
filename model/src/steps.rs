//! What may happen next, and what it does.

use std::cmp::Reverse;

use stateright::{Model, Property};

use crate::properties;
use crate::rules::Story;
use crate::state::{
    Arn, Claim, Known, Lease, Plan, Request, State, Step, Term, Version, Worker, Write, slot,
};

/// Something that happens. A number is a worker's, as long as nothing else happens: they are sorted anew then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A version's event comes, and its worker fetches the bundle and the records.
    Fetch(Version),
    /// The lease was free, and is had.
    Take(usize),
    /// What decides is read again.
    Recheck(usize),
    /// The bundle's certificates are looked up, and the plan is made.
    FindCertificates(usize),
    /// ImportCertificate is sent.
    Import(usize),
    /// It takes effect in ACM.
    TakesEffect(usize),
    /// Its answer is had: it took effect.
    TookEffect(usize),
    /// Its answer is had: it had no effect, as ACM throttles. It may be sent again.
    NoEffect(usize),
    /// The records are sent, where they do not say the same already.
    Record(usize),
    /// One of them is written and answered.
    Recorded(usize, Write),
    /// The summary is sent, and the release of the lease beside it.
    Publish(usize),
    /// The summary is written and answered.
    Summarised(usize),
    /// The lease is released.
    Release(usize),
    /// The fence holds back what the worker was about to send: its term is over. It fails.
    Fenced(usize),

    /// The worker dies.
    Crash(usize),
    /// The import is lost on its way to ACM: its outcome is unknown to the worker.
    LoseImport(usize),
    /// The import took effect, the answer is lost: its outcome is unknown to the worker.
    LoseAnswer(usize),
    /// The worker waits no longer for the import's answer: its outcome is unknown to it.
    StopWaiting(usize),
    /// The answer to a write is lost; it is sent again and answered.
    LoseRecordsAnswer(usize, Write),
    /// A write gets no answer for now; it is sent again and answered. The first one takes effect later.
    SendRecordAgain(usize, Write),
    /// A write gets no answer to the end, and the worker fails. What it wrote takes effect later, or never.
    GiveUpRecording(usize),
    /// The records are refused, and the worker fails.
    RefuseRecords(usize),

    /// The lease's term is over.
    TermEnds,
    /// The settling time is over: the lease may be taken.
    LeaseOpens,
    /// The index shows a certificate.
    IndexShows(Arn),
    /// A request that nobody waits for takes effect.
    LateEffect(Request),
    /// A request that nobody waits for is lost.
    Vanish(Request),
}

impl Action {
    /// The worker that it happens to.
    pub(crate) fn worker(self) -> Option<usize> {
        match self {
            Self::Take(at)
            | Self::Recheck(at)
            | Self::FindCertificates(at)
            | Self::Import(at)
            | Self::TakesEffect(at)
            | Self::TookEffect(at)
            | Self::NoEffect(at)
            | Self::Record(at)
            | Self::Recorded(at, _)
            | Self::Publish(at)
            | Self::Summarised(at)
            | Self::Release(at)
            | Self::Fenced(at)
            | Self::Crash(at)
            | Self::LoseImport(at)
            | Self::LoseAnswer(at)
            | Self::StopWaiting(at)
            | Self::LoseRecordsAnswer(at, _)
            | Self::SendRecordAgain(at, _)
            | Self::GiveUpRecording(at)
            | Self::RefuseRecords(at) => Some(at),
            Self::Fetch(_)
            | Self::TermEnds
            | Self::LeaseOpens
            | Self::IndexShows(_)
            | Self::LateEffect(_)
            | Self::Vanish(_) => None,
        }
    }

    fn is_fault(self) -> bool {
        matches!(
            self,
            Self::Crash(_)
                | Self::LoseImport(_)
                | Self::LoseAnswer(_)
                | Self::StopWaiting(_)
                | Self::LoseRecordsAnswer(..)
                | Self::SendRecordAgain(..)
                | Self::GiveUpRecording(_)
                | Self::RefuseRecords(_)
        )
    }
}

impl Model for Story {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        State::initial(self)
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.workers.iter().any(Option::is_none) {
            let events = [Version::Older, Version::Newer]
                .into_iter()
                .zip(state.deliveries);
            let waiting = events.filter(|(_, left)| *left > 0);
            actions.extend(waiting.map(|(version, _)| Action::Fetch(version)));
        }
        for (at, worker) in working(state) {
            self.steps(state, at, &worker, actions);
            self.faults(state, at, &worker, actions);
        }
        Self::time(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.happens(&mut state, action);
        state.workers.sort_unstable();
        state.wire.sort_unstable();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }

    /// Without a rule there may be ever more certificates; three are enough to see it.
    fn within_boundary(&self, state: &State) -> bool {
        state.certificates.len() <= 3
    }
}

fn working(state: &State) -> impl Iterator<Item = (usize, Worker)> {
    let workers = state.workers.into_iter().enumerate();
    workers.filter_map(|(at, worker)| Some((at, worker?)))
}

/// What may happen.
impl Story {
    /// What a worker may do next, or what it waits for.
    pub(crate) fn steps(
        &self,
        state: &State,
        at: usize,
        worker: &Worker,
        actions: &mut Vec<Action>,
    ) {
        let fenced = self.rules.fence && !may_act(worker);
        let send = |action| if fenced { Action::Fenced(at) } else { action };
        match worker.step {
            Step::Fetched(_) if state.lease == Lease::Free => actions.push(Action::Take(at)),
            Step::Fetched(_) => {}
            Step::Leased(_) => actions.push(Action::Recheck(at)),
            Step::Rechecked(_) => actions.push(Action::FindCertificates(at)),
            Step::Bound(_, plan) if plan.target().is_some() => {
                actions.push(send(Action::Import(at)));
            }
            Step::Bound(..) | Step::Imported(..) => actions.push(send(Action::Record(at))),
            Step::Importing(..) => {
                actions.extend([Action::TakesEffect(at), Action::NoEffect(at)]);
            }
            Step::TookEffect(..) => actions.push(Action::TookEffect(at)),
            Step::Recording {
                tags,
                parameter,
                release,
                ..
            } => {
                actions.extend(tags.then_some(Action::Recorded(at, Write::Tags)));
                actions.extend(parameter.then_some(Action::Recorded(at, Write::Parameter)));
                actions.extend(release.then_some(Action::Release(at)));
            }
            Step::Recorded(_) => actions.push(send(Action::Publish(at))),
            Step::Publishing {
                summary, release, ..
            } => {
                actions.extend(summary.then_some(Action::Summarised(at)));
                actions.extend(release.then_some(Action::Release(at)));
            }
        }
    }

    /// What may go wrong for a worker.
    fn faults(&self, state: &State, at: usize, worker: &Worker, actions: &mut Vec<Action>) {
        let left = state.faults;
        // Without a lease there is nothing to lose: the event comes again.
        if left.crash > 0 && worker.term != Term::None {
            actions.push(Action::Crash(at));
        }
        let resends = !self.rules.fence || may_act(worker);
        match worker.step {
            Step::Importing(..) => {
                actions.extend((left.lost_answer > 0).then_some(Action::LoseImport(at)));
                actions.extend((left.late_effect > 0).then_some(Action::StopWaiting(at)));
            }
            Step::TookEffect(..) => {
                actions.extend((left.lost_answer > 0).then_some(Action::LoseAnswer(at)));
            }
            Step::Imported(..) => {
                actions.extend((left.refused_records > 0).then_some(Action::RefuseRecords(at)));
            }
            Step::Recording {
                tags, parameter, ..
            } => {
                if left.late_effect > 0 && (tags || parameter) {
                    actions.push(Action::GiveUpRecording(at));
                }
                let writes = [(Write::Tags, tags), (Write::Parameter, parameter)];
                for (write, _) in writes.into_iter().filter(|(_, waits)| *waits) {
                    if left.lost_answer > 0 && resends {
                        actions.push(Action::LoseRecordsAnswer(at, write));
                    }
                    if left.late_effect > 0 && resends {
                        actions.push(Action::SendRecordAgain(at, write));
                    }
                }
            }
            _ => {}
        }
    }

    /// What happens beside the workers.
    fn time(state: &State, actions: &mut Vec<Action>) {
        let has_holder = working(state).any(|(_, worker)| worker.term == Term::Runs);
        match state.lease {
            Lease::Held if !has_holder || state.faults.freeze > 0 => {
                actions.push(Action::TermEnds);
            }
            Lease::Settling if state.has_settled() => actions.push(Action::LeaseOpens),
            _ => {}
        }
        let certificates = state.certificates.iter().enumerate();
        let lagging = certificates.filter(|(_, there)| !there.is_indexed);
        actions.extend(lagging.map(|(at, _)| Action::IndexShows(Arn(at))));
        for request in &state.wire {
            actions.extend([Action::LateEffect(*request), Action::Vanish(*request)]);
        }
    }
}

/// What it does.
impl Story {
    pub(crate) fn happens(&self, state: &mut State, action: Action) {
        match action {
            Action::Fetch(version) => {
                state.deliveries[slot(version)] -= 1;
                begin(state, version);
            }
            Action::TermEnds => self.term_ends(state),
            Action::LeaseOpens => state.lease = Lease::Free,
            Action::IndexShows(arn) => state.certificates[arn.0].is_indexed = true,
            Action::LateEffect(request) => {
                take_off_the_wire(state, request);
                match request {
                    Request::Import(target, content) => _ = state.import(target, content),
                    Request::Record(write, version, arn) => state.write(write, version, arn),
                }
            }
            Action::Vanish(request) => take_off_the_wire(state, request),
            _ => {
                let Some(at) = action.worker() else { return };
                let Some(worker) = state.workers[at] else {
                    return;
                };
                if action.is_fault() {
                    self.fault(state, at, worker, action);
                } else {
                    self.step(state, at, worker, action);
                }
            }
        }
    }

    fn step(&self, state: &mut State, at: usize, mut worker: Worker, action: Action) {
        worker.step = match (action, worker.step) {
            (Action::Take(_), Step::Fetched(known)) => {
                take(state);
                worker.term = Term::Runs;
                Step::Leased(known)
            }
            (Action::Recheck(_), Step::Leased(known)) => {
                let again = state.records(worker.version);
                Step::Rechecked(if self.rules.recheck { again } else { known })
            }
            (Action::FindCertificates(_), Step::Rechecked(known)) => {
                Step::Bound(known, self.find_certificates(state, worker.version, &known))
            }
            (Action::Import(_), Step::Bound(known, plan)) => Step::Importing(known, plan),
            (Action::TakesEffect(_), Step::Importing(known, plan)) => {
                let arn = state.import(plan.target().flatten(), worker.version);
                Step::TookEffect(known, plan, arn)
            }
            (Action::NoEffect(_), Step::Importing(known, plan)) => Step::Bound(known, plan),
            (Action::TookEffect(_), Step::TookEffect(known, _, arn)) => Step::Imported(known, arn),
            (Action::Record(_), Step::Imported(known, arn)) => record(&known, arn, false),
            (Action::Record(_), Step::Bound(known, Plan::Unchanged(arn) | Plan::Outdated(arn))) => {
                record(&known, arn, !self.rules.released_after_the_records)
            }
            (Action::Recorded(_, write), Step::Recording { arn, .. }) => {
                state.write(write, worker.version, arn);
                answered(worker.step, write)
            }
            (Action::Publish(_), Step::Recorded(arn)) => Step::Publishing {
                arn,
                summary: true,
                release: worker.term != Term::Released && !self.stays_shut(&worker),
            },
            (Action::Summarised(_), Step::Publishing { arn, release, .. }) => {
                if worker.version == Version::Newer {
                    state.summary = Some(arn);
                }
                Step::Publishing {
                    arn,
                    summary: false,
                    release,
                }
            }
            (Action::Release(_), step) => {
                release(state, &mut worker);
                released(step)
            }
            (Action::Fenced(_), step) => {
                // What was imported and not recorded is found by the index alone.
                let unrecorded = matches!(step, Step::Imported(..));
                return self.fail(state, at, worker, unrecorded);
            }
            (_, step) => step,
        };
        state.workers[at] = Some(worker);
        if is_done(worker.step) {
            self.end(state, at, &worker);
        }
    }

    fn fault(&self, state: &mut State, at: usize, mut worker: Worker, action: Action) {
        let left = &mut state.faults;
        match action {
            Action::Crash(_) => left.crash -= 1,
            Action::StopWaiting(_) | Action::SendRecordAgain(..) | Action::GiveUpRecording(_) => {
                left.late_effect -= 1;
            }
            Action::RefuseRecords(_) => left.refused_records -= 1,
            _ => left.lost_answer -= 1,
        }
        match (action, worker.step) {
            (Action::Crash(_), _) => {
                leave_on_the_wire(state, &worker);
                end_without_a_word(state, at, worker.version);
            }
            (Action::StopWaiting(_), _) => {
                leave_on_the_wire(state, &worker);
                self.unknown(state, at, worker);
            }
            (Action::LoseImport(_) | Action::LoseAnswer(_), _) => self.unknown(state, at, worker),
            (Action::LoseRecordsAnswer(_, write), Step::Recording { arn, .. }) => {
                state.write(write, worker.version, arn);
                worker.unanswered = true;
                worker.step = answered(worker.step, write);
                state.workers[at] = Some(worker);
            }
            (Action::SendRecordAgain(_, write), Step::Recording { arn, .. }) => {
                state.wire.push(Request::Record(write, worker.version, arn));
                state.write(write, worker.version, arn);
                worker.unanswered = true;
                worker.step = answered(worker.step, write);
                state.workers[at] = Some(worker);
            }
            (Action::GiveUpRecording(_), _) => {
                leave_on_the_wire(state, &worker);
                worker.unanswered = true;
                self.fail(state, at, worker, true);
            }
            (Action::RefuseRecords(_), _) => self.fail(state, at, worker, true),
            _ => {}
        }
    }

    /// Of the import it is not known whether it took effect.
    fn unknown(&self, state: &mut State, at: usize, mut worker: Worker) {
        if self.rules.unknown_is_not_resent {
            if !self.rules.unknown_leaves_the_lease_shut {
                release(state, &mut worker);
            }
            end_without_a_word(state, at, worker.version);
        } else if let Step::Importing(known, plan) | Step::TookEffect(known, plan, _) = worker.step
        {
            worker.step = Step::Bound(known, plan);
            state.workers[at] = Some(worker);
        }
    }

    /// The work is unfinished: the event comes again. The lease is released where nothing of this worker can
    /// come to light later.
    fn fail(&self, state: &mut State, at: usize, mut worker: Worker, unrecorded: bool) {
        let hidden = unrecorded && self.rules.unrecorded_leaves_the_lease_shut;
        if !hidden && !self.stays_shut(&worker) {
            release(state, &mut worker);
        }
        end_without_a_word(state, at, worker.version);
    }

    /// The work is finished, unless a write of it may still take effect.
    fn end(&self, state: &mut State, at: usize, worker: &Worker) {
        if self.stays_shut(worker) {
            end_without_a_word(state, at, worker.version);
        } else {
            state.workers[at] = None;
        }
    }

    fn stays_shut(&self, worker: &Worker) -> bool {
        self.rules.unanswered_leaves_the_lease_shut && worker.unanswered
    }

    fn term_ends(&self, state: &mut State) {
        let workers = state.workers.iter_mut().flatten();
        for worker in workers.filter(|worker| worker.term == Term::Runs) {
            worker.term = Term::Over;
            state.faults.freeze -= 1;
        }
        state.lease = if self.rules.settling_time {
            Lease::Settling
        } else {
            Lease::Free
        };
    }

    /// `src/pipeline/lookup.rs`: what the records name is confirmed by ACM and is enough, unless a new
    /// certificate would be made.
    fn find_certificates(&self, state: &State, version: Version, known: &Known) -> Plan {
        let mut facts = Vec::new();
        facts.extend(known.tags.arn.map(|arn| (Claim::ObjectTag, arn)));
        facts.extend(known.parameter.map(|arn| (Claim::Parameter, arn)));
        let plan = self.bind(state, version, known.tags.force, &facts);
        let looks_further = self.rules.look_up_before_a_new_one
            && (facts.is_empty() || self.rules.look_up_beside_a_recorded_one);
        if plan != Plan::ImportNew || !looks_further {
            return plan;
        }
        let others = [Version::Older, Version::Newer]
            .into_iter()
            .filter(|other| *other != version);
        let earlier = others.filter_map(|other| state.records(other).tags.arn);
        facts.extend(earlier.map(|arn| (Claim::EarlierVersion, arn)));
        let certificates = state.certificates.iter().enumerate();
        let indexed = certificates.filter(|(_, there)| there.is_indexed);
        facts.extend(indexed.map(|(at, _)| (Claim::BundleTag, Arn(at))));
        self.bind(state, version, known.tags.force, &facts)
    }

    /// `src/binding.rs`: which of them it is, and what has to be done to it.
    fn bind(&self, state: &State, leaf: Version, force: bool, facts: &[(Claim, Arn)]) -> Plan {
        let guard = self.rules.never_back && !force;
        let recorded = facts
            .iter()
            .filter(|(claim, _)| matches!(claim, Claim::ObjectTag | Claim::Parameter));
        let newest = recorded.min_by_key(|(claim, arn)| (Reverse(state.content(*arn)), *claim));
        let guards = guard && self.rules.recorded_newer_before_a_match;
        if let Some((_, arn)) = newest.filter(|(_, arn)| guards && state.content(*arn) > leaf) {
            return Plan::Outdated(*arn);
        }
        let shows = |arn: Arn| state.content(arn) == leaf;
        let chosen = facts
            .iter()
            .min_by_key(|(claim, arn)| (!shows(*arn), *claim, *arn));
        let Some((_, arn)) = chosen else {
            return Plan::ImportNew;
        };
        if !force && shows(*arn) {
            Plan::Unchanged(*arn)
        } else if guard && state.content(*arn) > leaf {
            Plan::Outdated(*arn)
        } else if self.import_new
            && (leaf == Version::Newer) != (state.content(*arn) == Version::Newer)
        {
            Plan::ImportNew
        } else {
            Plan::Replace(*arn)
        }
    }
}

/// The fence lets it through. What is sent beside the release of the lease left at the same moment.
fn may_act(worker: &Worker) -> bool {
    matches!(worker.term, Term::Runs | Term::Released)
}

/// A worker has read the records of `version`.
pub(crate) fn begin(state: &mut State, version: Version) {
    let worker = Worker::new(version, state.records(version));
    if let Some(free) = state.workers.iter_mut().find(|worker| worker.is_none()) {
        *free = Some(worker);
    }
}

/// A conditional write: whoever had the lease before has lost it.
fn take(state: &mut State) {
    state.lease = Lease::Held;
    for other in state.workers.iter_mut().flatten() {
        if matches!(other.term, Term::Runs | Term::Over) {
            other.term = Term::TakenOver;
        }
    }
}

/// A conditional delete: nothing happens to the lease of another.
fn release(state: &mut State, worker: &mut Worker) {
    if matches!(worker.term, Term::Runs | Term::Over) {
        state.lease = Lease::Free;
    }
    worker.term = Term::Released;
}

/// Sends what is not written yet.
fn record(known: &Known, arn: Arn, release: bool) -> Step {
    let tags = known.tags.arn != Some(arn) || known.tags.force;
    let parameter = known.parameter != Some(arn);
    if tags || parameter || release {
        Step::Recording {
            arn,
            tags,
            parameter,
            release,
        }
    } else {
        Step::Recorded(arn)
    }
}

/// One of the records is answered.
fn answered(step: Step, write: Write) -> Step {
    let Step::Recording {
        arn,
        tags,
        parameter,
        release,
    } = step
    else {
        return step;
    };
    let tags = tags && write != Write::Tags;
    let parameter = parameter && write != Write::Parameter;
    if tags || parameter || release {
        Step::Recording {
            arn,
            tags,
            parameter,
            release,
        }
    } else {
        Step::Recorded(arn)
    }
}

fn released(step: Step) -> Step {
    match step {
        Step::Recording {
            arn,
            tags: false,
            parameter: false,
            ..
        } => Step::Recorded(arn),
        Step::Recording {
            arn,
            tags,
            parameter,
            ..
        } => Step::Recording {
            arn,
            tags,
            parameter,
            release: false,
        },
        Step::Publishing { arn, summary, .. } => Step::Publishing {
            arn,
            summary,
            release: false,
        },
        step => step,
    }
}

fn is_done(step: Step) -> bool {
    matches!(
        step,
        Step::Publishing {
            summary: false,
            release: false,
            ..
        }
    )
}

/// What a worker has sent may take effect without it.
fn leave_on_the_wire(state: &mut State, worker: &Worker) {
    match worker.step {
        Step::Importing(_, plan) => {
            let target = plan.target().flatten();
            state.wire.push(Request::Import(target, worker.version));
        }
        Step::Recording {
            arn,
            tags,
            parameter,
            ..
        } => {
            let write = |write| Request::Record(write, worker.version, arn);
            state.wire.extend(tags.then_some(write(Write::Tags)));
            state
                .wire
                .extend(parameter.then_some(write(Write::Parameter)));
        }
        _ => {}
    }
}

fn take_off_the_wire(state: &mut State, request: Request) {
    if let Some(at) = state.wire.iter().position(|there| *there == request) {
        state.wire.remove(at);
    }
}

/// The worker is gone, and its event comes again.
fn end_without_a_word(state: &mut State, at: usize, version: Version) {
    state.workers[at] = None;
    state.deliveries[slot(version)] += 1;
}
