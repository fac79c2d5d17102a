//! A way to a state that must not be, in words.

use std::fmt;

use stateright::{Model as _, Path};

use crate::rules::Story;
use crate::state::{Plan, State, Step, Version, Worker};
use crate::steps::Action;

/// What happened up to the first state that breaks a property. Workers are named in the order in which they come.
#[derive(Clone, Debug)]
pub struct Counterexample {
    property: &'static str,
    lines: Vec<String>,
    last: State,
}

impl Counterexample {
    /// Follows `path` to the first state in which `property` does not hold.
    #[must_use]
    pub fn new(story: &Story, property: &'static str, path: Path<State, Action>) -> Self {
        let holds = story.property(property).condition;
        let mut names = Names::default();
        let mut lines = Vec::new();
        let mut last = path.last_state().clone();
        for (state, action) in path.into_vec() {
            let Some(action) = action.filter(|_| holds(story, &state)) else {
                last = state;
                break;
            };
            lines.push(names.line(story, &state, action));
        }
        Self {
            property,
            lines,
            last,
        }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.lines.len();
        writeln!(f, "\"{}\" is broken in {steps} steps:", self.property)?;
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        let shown = self.last.certificates.iter().map(|there| there.content);
        write!(
            f,
            "  then ACM has {:?}, and the parameter names {:?}",
            shown.collect::<Vec<_>>(),
            self.last.parameter
        )
    }
}

/// Which worker stands in which place. The places are sorted after every step.
#[derive(Default)]
struct Names {
    places: [u8; 2],
    given: u8,
}

impl Names {
    fn line(&mut self, story: &Story, state: &State, action: Action) -> String {
        let mut next = state.clone();
        story.happens(&mut next, action);
        for ((before, after), name) in state
            .workers
            .iter()
            .zip(&next.workers)
            .zip(&mut self.places)
        {
            if before.is_none() && after.is_some() {
                *name = self.given;
                self.given += 1;
            }
        }
        let line = match action.worker() {
            Some(at) => {
                let plan = state.workers[at].as_ref().and_then(planned);
                let plan = plan.map_or(String::new(), |plan| format!(" {plan:?}"));
                format!("{}: {}{plan}", letter(self.places[at]), words(action))
            }
            None => match action {
                Action::Fetch(version) => {
                    let of = match version {
                        Version::Newer => "newer",
                        _ => "older",
                    };
                    format!("{}: Fetch, of the {of} version", letter(self.given - 1))
                }
                other => format!("{other:?}"),
            },
        };
        let mut places: Vec<_> = next.workers.into_iter().zip(self.places).collect();
        places.sort_by_key(|(worker, _)| *worker);
        for (place, (_, name)) in self.places.iter_mut().zip(places) {
            *place = name;
        }
        line
    }
}

fn planned(worker: &Worker) -> Option<Plan> {
    match worker.step {
        Step::Bound(_, plan) => Some(plan),
        _ => None,
    }
}

/// Without the worker's place.
fn words(action: Action) -> String {
    let text = format!("{action:?}");
    let name = text.split('(').next().unwrap_or_default();
    match action {
        Action::Recorded(_, write)
        | Action::LoseRecordsAnswer(_, write)
        | Action::SendRecordAgain(_, write) => format!("{name}({write:?})"),
        _ => name.to_owned(),
    }
}

fn letter(number: u8) -> char {
    char::from(b'A' + number)
}
