//! What each rule is for: without it, the search finds a way to two certificates, back to an older one, or to
//! records that no sweep puts right. With it, the same story has none.
#![cfg(test)]

use certdrop_model::{Counterexample, Faults, Rules, Story};
use stateright::{Checker as _, HasDiscoveries, Model as _};

const NONE: Faults = Faults {
    crash: 0,
    lost_answer: 0,
    late_effect: 0,
    freeze: 0,
    refused_records: 0,
};
const CRASH: Faults = Faults { crash: 1, ..NONE };
const LOST_ANSWER: Faults = Faults {
    lost_answer: 1,
    ..NONE
};
const LATE_EFFECT: Faults = Faults {
    late_effect: 1,
    ..NONE
};
const FREEZE: Faults = Faults { freeze: 1, ..NONE };
const REFUSED_RECORDS: Faults = Faults {
    refused_records: 1,
    ..NONE
};

const ONE_CERTIFICATE: &str = "one certificate";
const NEVER_BACK: &str = "never back";
const SWEEP: &str = "a sweep makes it right";

#[test]
fn an_unknown_import_is_not_sent_again_by_its_worker() {
    let story = Story::new(LOST_ANSWER);
    needed(story, ONE_CERTIFICATE, |rules| {
        rules.unknown_is_not_resent = false;
    });
}

#[test]
fn an_unknown_import_leaves_the_lease_shut() {
    let without = |rules: &mut Rules| rules.unknown_leaves_the_lease_shut = false;
    needed(Story::new(LOST_ANSWER), ONE_CERTIFICATE, without);
    needed(Story::new(LATE_EFFECT), ONE_CERTIFICATE, without);
    needed(Story::new(LATE_EFFECT), NEVER_BACK, without);
}

#[test]
fn a_worker_past_its_term_sends_nothing() {
    let without = |rules: &mut Rules| rules.fence = false;
    needed(Story::new(FREEZE), ONE_CERTIFICATE, without);
    needed(Story::new(FREEZE), NEVER_BACK, without);
}

#[test]
fn what_decides_is_read_again_under_the_lease() {
    let without = |rules: &mut Rules| rules.recheck = false;
    needed(Story::new(NONE), ONE_CERTIFICATE, without);
    let forced = Story {
        force: true,
        ..Story::new(NONE)
    };
    needed(forced, NEVER_BACK, without);
}

#[test]
fn a_lease_opens_a_settling_time_after_its_term() {
    let without = |rules: &mut Rules| rules.settling_time = false;
    needed(Story::new(CRASH), ONE_CERTIFICATE, without);
    needed(Story::new(LOST_ANSWER), ONE_CERTIFICATE, without);
    needed(Story::new(LATE_EFFECT), NEVER_BACK, without);
}

#[test]
fn an_older_certificate_does_not_replace_a_newer_one() {
    needed(Story::new(NONE), NEVER_BACK, |rules| {
        rules.never_back = false;
    });
}

#[test]
fn a_recorded_newer_certificate_counts_before_a_match() {
    needed(import_new(NONE), SWEEP, |rules| {
        rules.recorded_newer_before_a_match = false;
    });
}

#[test]
fn everything_is_looked_up_before_a_new_certificate_is_made() {
    needed(Story::new(CRASH), ONE_CERTIFICATE, |rules| {
        rules.look_up_before_a_new_one = false;
    });
}

#[test]
fn also_where_the_records_name_one_that_cannot_be_replaced() {
    needed(import_new(CRASH), ONE_CERTIFICATE, |rules| {
        rules.look_up_beside_a_recorded_one = false;
    });
}

#[test]
fn a_write_without_an_answer_leaves_the_lease_shut() {
    needed(import_new(LATE_EFFECT), SWEEP, |rules| {
        rules.unanswered_leaves_the_lease_shut = false;
    });
}

#[test]
fn an_import_that_is_not_recorded_leaves_the_lease_shut() {
    let without = |rules: &mut Rules| rules.unrecorded_leaves_the_lease_shut = false;
    needed(Story::new(FREEZE), ONE_CERTIFICATE, without);
    needed(Story::new(REFUSED_RECORDS), ONE_CERTIFICATE, without);
}

#[test]
fn the_lease_is_released_after_the_records_are_answered() {
    needed(import_new(CRASH), SWEEP, |rules| {
        rules.released_after_the_records = false;
    });
}

fn import_new(faults: Faults) -> Story {
    Story {
        import_new: true,
        ..Story::new(faults)
    }
}

/// With the rule nothing is broken, anywhere; without it `broken` is, and the way there is printed.
fn needed(story: Story, broken: &'static str, take_out: impl Fn(&mut Rules)) {
    story.checker().spawn_bfs().join().assert_properties();

    let mut without = story;
    take_out(&mut without.rules);
    let search = without
        .checker()
        .finish_when(HasDiscoveries::AnyOf([broken].into()))
        .spawn_bfs()
        .join();
    let path = search.assert_any_discovery(broken);
    println!("{}", Counterexample::new(&without, broken, path));
}
