//! Instructions: they do not depend on what else the machine does.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{Program, Running};

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    Perf,
    Callgrind,
}

impl Counter {
    /// perf counts the processor's own way; where a virtual machine hides its counters, valgrind
    /// counts in a processor that it imitates. `None` if neither can.
    pub fn of_this_machine() -> Option<Self> {
        [Self::Perf, Self::Callgrind]
            .into_iter()
            .find(|counter| counter.works())
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf",
            Self::Callgrind => "callgrind",
        }
    }

    fn works(self) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let line = self.line(&log);
        let run = Command::new(&line[0])
            .args(&line[1..])
            .arg("true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        run.is_ok_and(|status| status.success()) && self.read(&log).is_some()
    }

    /// User-space instructions of `program` from its start until `play` is over.
    pub fn count(self, program: &Program, play: impl FnOnce(&mut Running)) -> u64 {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let mut running = program.start_under(&self.line(&log));
        play(&mut running);
        running.terminate();
        self.read(&log).expect("it counted")
    }

    fn line(self, log: &Path) -> Vec<String> {
        let log = log.display();
        match self {
            Self::Perf => format!("perf stat -x , -e instructions:u -o {log}"),
            Self::Callgrind => {
                format!("valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file={log}")
            }
        }
        .split(' ')
        .map(str::to_owned)
        .collect()
    }

    fn read(self, log: &Path) -> Option<u64> {
        let text = std::fs::read_to_string(log).ok()?;
        match self {
            Self::Perf => {
                let line = text.lines().find(|line| line.contains("instructions"))?;
                line.split(',').next()?.parse().ok()
            }
            Self::Callgrind => {
                let (_, count) = text.split_once("Collected :")?;
                count.split_whitespace().next()?.parse().ok()
            }
        }
    }
}
