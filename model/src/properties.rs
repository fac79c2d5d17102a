//! What has to hold, and what has to have been seen for that to mean something.

use stateright::{Model as _, Property};

use crate::rules::Story;
use crate::state::{Known, Plan, State, Step, Term, Version};
use crate::steps::begin;

pub(crate) fn all(story: &Story) -> Vec<Property<Story>> {
    let mut properties = vec![
        Property::<Story>::always("one certificate", one_certificate),
        Property::<Story>::always("never back", |_, state: &State| !state.went_back),
        Property::<Story>::always("a sweep makes it right", a_sweep_makes_it_right),
        Property::<Story>::sometimes("right without a sweep", |_, state: &State| {
            state.is_quiet() && is_right(state)
        }),
        Property::<Story>::sometimes("outdated", |_, state: &State| {
            plans(state).any(|plan| matches!(plan, Plan::Outdated(_)))
        }),
        Property::<Story>::sometimes("replaced", |_, state: &State| {
            plans(state).any(|plan| matches!(plan, Plan::Replace(_)))
        }),
    ];
    properties.extend(of_faults(story));
    properties
}

/// Each fault has happened, and was got over.
fn of_faults(story: &Story) -> Vec<Property<Story>> {
    let mut properties = Vec::new();
    if story.faults.crash > 0 {
        properties.push(Property::<Story>::sometimes(
            "right after a crash",
            |story: &Story, state: &State| {
                is_right_after(state, state.faults.crash < story.faults.crash)
            },
        ));
        properties.push(Property::<Story>::sometimes(
            "what the dead imported is found by the index alone",
            |_, state: &State| {
                let records =
                    [Version::Older, Version::Newer].map(|version| state.records(version));
                let unnamed = |known: &Known| known.tags.arn.is_none() && known.parameter.is_none();
                records.iter().all(unnamed)
                    && plans(state).any(|plan| matches!(plan, Plan::Unchanged(_)))
            },
        ));
    }
    if story.faults.lost_answer > 0 {
        properties.push(Property::<Story>::sometimes(
            "right after a lost answer",
            |story: &Story, state: &State| {
                is_right_after(state, state.faults.lost_answer < story.faults.lost_answer)
            },
        ));
    }
    if story.faults.late_effect > 0 {
        properties.push(Property::<Story>::sometimes(
            "right after a late effect",
            |story: &Story, state: &State| {
                is_right_after(state, state.faults.late_effect < story.faults.late_effect)
            },
        ));
    }
    if story.faults.refused_records > 0 {
        properties.push(Property::<Story>::sometimes(
            "right after refused records",
            |story: &Story, state: &State| {
                is_right_after(
                    state,
                    state.faults.refused_records < story.faults.refused_records,
                )
            },
        ));
    }
    if story.faults.freeze > 0 {
        properties.push(Property::<Story>::sometimes(
            "right after a freeze",
            |story: &Story, state: &State| {
                is_right_after(state, state.faults.freeze < story.faults.freeze)
            },
        ));
        properties.push(Property::<Story>::sometimes(
            "taken over from one that is frozen before its import",
            |_, state: &State| {
                let workers = || state.workers.iter().flatten();
                workers().any(|worker| worker.term == Term::Runs)
                    && workers().any(|worker| {
                        worker.term == Term::TakenOver
                            && matches!(worker.step, Step::Bound(_, Plan::ImportNew))
                    })
            },
        ));
    }
    properties
}

/// All certificates carry the bundle's tag. Where versions cannot replace each other, each may have one.
fn one_certificate(story: &Story, state: &State) -> bool {
    if story.import_new {
        [Version::Before, Version::Older, Version::Newer]
            .iter()
            .all(|version| showing(state, *version) <= 1)
    } else {
        state.certificates.len() <= 1
    }
}

/// In every quiet state, whatever has happened before and whichever events never came: a sweep that runs to its
/// end leaves one certificate that shows the newest version, and the records name it.
fn a_sweep_makes_it_right(story: &Story, state: &State) -> bool {
    !state.is_quiet() || is_right(&swept(story, state))
}

/// `src/sweep/plan.rs`: a sweep works on what has no summary, and on what ACM no longer shows as the summary says.
fn swept(story: &Story, state: &State) -> State {
    let mut state = state.clone();
    let is_as_left = |arn| state.content(arn) == Version::Newer;
    if state.summary.is_some_and(is_as_left) {
        return state;
    }
    begin(&mut state, Version::Newer);
    // Nobody disturbs it, so that its first step is the only one; that comes to an end.
    while let Some((at, worker)) = worker_of(&state) {
        let mut steps = Vec::new();
        story.steps(&state, at, &worker, &mut steps);
        let Some(next) = steps
            .first()
            .and_then(|step| story.next_state(&state, *step))
        else {
            return state;
        };
        state = next;
    }
    state
}

fn worker_of(state: &State) -> Option<(usize, crate::state::Worker)> {
    let mut workers = state.workers.iter().enumerate();
    workers.find_map(|(at, worker)| Some((at, (*worker)?)))
}

fn is_right(state: &State) -> bool {
    let current = state.records(Version::Newer);
    let named = current
        .parameter
        .filter(|arn| current.tags.arn == Some(*arn));
    showing(state, Version::Newer) == 1
        && named.is_some_and(|arn| state.content(arn) == Version::Newer)
}

fn is_right_after(state: &State, happened: bool) -> bool {
    happened && state.is_quiet() && is_right(state)
}

fn showing(state: &State, version: Version) -> usize {
    let certificates = state.certificates.iter();
    certificates
        .filter(|there| there.content == version)
        .count()
}

fn plans(state: &State) -> impl Iterator<Item = Plan> {
    let workers = state.workers.iter().flatten();
    workers.filter_map(|worker| match worker.step {
        Step::Bound(_, plan) => Some(plan),
        _ => None,
    })
}
