//! Every state that the rules and the faults allow is looked at.
#![cfg(test)]

use std::time::Instant;

use certdrop_model::{Faults, Story};
use stateright::{Checker as _, Model as _};

/// One of each.
const FAULTS: Faults = Faults {
    crash: 1,
    lost_answer: 1,
    late_effect: 1,
    freeze: 1,
    refused_records: 1,
};

#[test]
fn versions_that_replace_each_other() {
    search("replace", Story::new(FAULTS));
}

#[test]
fn a_newer_version_that_needs_a_certificate_of_its_own() {
    let story = Story {
        import_new: true,
        ..Story::new(FAULTS)
    };
    search("import-new", story);
}

#[test]
fn an_older_version_that_is_forced() {
    let story = Story {
        force: true,
        ..Story::new(FAULTS)
    };
    search("force", story);
}

#[test]
fn the_same_fault_twice() {
    let none = Faults::default();
    let crash = Faults { crash: 2, ..none };
    let lost_answer = Faults {
        lost_answer: 2,
        ..none
    };
    let late_effect = Faults {
        late_effect: 2,
        ..none
    };
    let freeze = Faults { freeze: 2, ..none };
    let refused_records = Faults {
        refused_records: 2,
        ..none
    };
    for (name, faults) in [
        ("two crashes", crash),
        ("two lost answers", lost_answer),
        ("two late effects", late_effect),
        ("two freezes", freeze),
        ("records refused twice", refused_records),
    ] {
        let story = Story::new(faults);
        search(name, story);
        let import_new = Story {
            import_new: true,
            ..story
        };
        search(&format!("{name}, import-new"), import_new);
        let force = Story {
            force: true,
            ..story
        };
        search(&format!("{name}, force"), force);
    }
}

fn search(name: &str, story: Story) {
    let began = Instant::now();
    let search = story.checker().threads(2).spawn_bfs().join();
    println!(
        "{name}: {} states, {} steps between them, {} deep, {:.1} s",
        search.unique_state_count(),
        search.state_count(),
        search.max_depth(),
        began.elapsed().as_secs_f64()
    );
    search.assert_properties();
}
