//! A laptop that sleeps while certdrop runs on it.
//!
//! A process that is only stopped finds its timers run down when it goes on. On a laptop that slept they
//! are not: the clock that they run by stood still.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::runtime_api::Function;

/// The clocks of one process.
pub struct Laptop {
    folder: TempDir,
}

/// A process that sleeps.
pub struct Asleep<'a> {
    laptop: &'a Laptop,
    function: &'a Function,
    since: Instant,
}

impl Laptop {
    /// One that has not slept yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let laptop = Self { folder };
        laptop.write(Duration::ZERO);
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/sleep.c");
        // The linker of Rust's own programs.
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(laptop.clocks())
            .arg(source)
            .status();
        assert!(made.is_ok_and(|status| status.success()), "cc {source}");
        laptop
    }

    /// For a process that is to have these clocks.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let text = |path: PathBuf| path.to_str().expect("text").to_owned();
        [
            ("LD_PRELOAD", text(self.clocks())),
            ("SLEPT", text(self.slept())),
        ]
    }

    /// Sleeps from now on, with `function` in it.
    pub fn sleep<'a>(&'a self, function: &'a Function) -> Asleep<'a> {
        function.freeze();
        Asleep {
            laptop: self,
            function,
            since: Instant::now(),
        }
    }

    fn clocks(&self) -> PathBuf {
        self.folder.path().join("sleep.so")
    }

    fn slept(&self) -> PathBuf {
        self.folder.path().join("slept")
    }

    /// In place: the process has the file in its memory.
    fn write(&self, time: Duration) {
        let nanoseconds = i64::try_from(time.as_nanos()).expect("no ages");
        let file = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.slept())
            .expect("a file");
        std::os::unix::fs::FileExt::write_all_at(&file, &nanoseconds.to_ne_bytes(), 0)
            .expect("written");
    }
}

impl Asleep<'_> {
    /// Goes on as if the time between had not been.
    pub fn wake(self) {
        self.laptop.write(self.since.elapsed());
        self.function.thaw();
    }
}
