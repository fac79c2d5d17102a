//! Workers that take events from one queue, and are killed and frozen meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::declared::Declared;
use super::faults::Blow;
use super::plan::Plan;
use super::state;
use crate::delivery::{Standing, standing};
use certdrop_test_support::runtime_api::{Function, FunctionError};
use certdrop_test_support::scene::Scene;

/// Lambda's own tries of an asynchronous event.
const TRIES: usize = 3;

/// An event on its way. What is on its way holds the queue open.
pub(super) struct Delivery {
    pub(super) event: Value,
    /// Which version of which bundle it tells of; nothing for a sweep.
    pub(super) about: Option<(usize, usize)>,
    /// How long the function may run.
    pub(super) limit: Duration,
    pub(super) tries: usize,
    pub(super) queue: UnboundedSender<Delivery>,
}

impl Delivery {
    /// Comes to the queue after `wait`.
    pub(super) fn send_after(self, wait: Duration) {
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            let queue = self.queue.clone();
            // Nobody takes it any more where the round was broken off.
            let _ = queue.send(self);
        });
    }
}

#[derive(Default)]
pub(super) struct Done {
    /// Versions whose event was answered well.
    pub(super) finished: Vec<(usize, usize)>,
    pub(super) events: usize,
    pub(super) sweeps: usize,
    /// Came again.
    pub(super) again: usize,
    /// Given up by the event source.
    pub(super) lost: usize,
    pub(super) wrong: Vec<String>,
}

pub(super) struct Workers<'a> {
    pub(super) scene: &'a Scene,
    pub(super) plan: &'a Plan,
    pub(super) queue: AsyncMutex<UnboundedReceiver<Delivery>>,
    pub(super) done: Mutex<Done>,
    /// By the access key that their calls are signed with.
    pub(super) running: Mutex<BTreeMap<String, Arc<Function>>>,
}

impl Workers<'_> {
    /// Takes events until no more can come.
    pub(super) async fn work(&self, name: &str) {
        let mut function = self.start(name).await;
        loop {
            let next = self.queue.lock().await.recv().await;
            let Some(delivery) = next else {
                break;
            };
            let answer = function
                .invoke_within(&delivery.event, delivery.limit)
                .await;
            if matches!(
                answer,
                Err(FunctionError::Died(_) | FunctionError::TimedOut)
            ) {
                function = self.start(name).await;
            }
            self.note(delivery, &answer);
        }
        self.running.lock().expect("the workers").remove(name);
    }

    async fn start(&self, name: &str) -> Arc<Function> {
        let own = [("AWS_ACCESS_KEY_ID", name)];
        let function = Arc::new(self.scene.another_function_with(&own).await);
        let mut running = self.running.lock().expect("the workers");
        // What was there before ends with the last that holds it.
        running.insert(name.to_owned(), Arc::clone(&function));
        function
    }

    fn note(&self, delivery: Delivery, answer: &Result<Value, FunctionError>) {
        let was_right = state::was_right(&self.scene.acm_proxy.calls(), self.plan);
        let mut done = self.done.lock().expect("what was done");
        done.wrong.extend(was_right.err());
        match delivery.about {
            Some(_) => done.events += 1,
            None => done.sweeps += 1,
        }
        let has_died = matches!(
            answer,
            Err(FunctionError::Died(_) | FunctionError::TimedOut)
        );
        match standing(answer) {
            Standing::Finished => done.finished.extend(delivery.about),
            Standing::Wrong(what) if !has_died && !self.may_be(answer) => done.wrong.push(what),
            _ if delivery.tries == TRIES => done.lost += 1,
            _ => {
                done.again += 1;
                let wait = Duration::from_millis(700) * u32::try_from(delivery.tries).expect("few");
                let tries = delivery.tries + 1;
                Delivery { tries, ..delivery }.send_after(wait);
            }
        }
    }

    /// It is what the plan says that is wrong for a while. Lambda tries again whatever an error says.
    fn may_be(&self, answer: &Result<Value, FunctionError>) -> bool {
        let is_set_up =
            matches!(answer, Err(FunctionError::Reported { kind, .. }) if kind == "SetUp");
        let declared = self.plan.declared.as_ref();
        is_set_up && declared.is_some_and(Declared::may_be_wrong)
    }

    /// Who made a call that was signed with this access key, which may be one that a role gave.
    fn caller(&self, access_key: &str) -> Option<Arc<Function>> {
        let running = self.running.lock().expect("the workers");
        if let Some(function) = running.get(access_key) {
            return Some(Arc::clone(function));
        }
        let calls = self.scene.acm_proxy.calls();
        let mut given = calls.iter().filter(|call| {
            call.operation == "sts:AssumeRole"
                && String::from_utf8_lossy(&call.answer).contains(access_key)
        });
        running.get(&given.next()?.caller).cloned()
    }

    /// Kills and freezes, each by itself.
    pub(super) async fn strike(&self, mut blows: UnboundedReceiver<(String, Duration, Blow)>) {
        let mut frozen = tokio::task::JoinSet::new();
        while let Some((caller, wait, blow)) = blows.recv().await {
            let Some(function) = self.caller(&caller) else {
                continue;
            };
            frozen.spawn(async move {
                tokio::time::sleep(wait).await;
                match blow {
                    Blow::Kill => function.kill(),
                    Blow::Freeze(time) => {
                        function.freeze();
                        tokio::time::sleep(time).await;
                        function.thaw();
                    }
                }
            });
        }
        while frozen.join_next().await.is_some() {}
    }
}
