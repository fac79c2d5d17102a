//! What comes into the tests from outside: the clock, the environment, the tools.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

/// What the clock says.
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// What an environment variable holds, if it is set.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A program of the folder that `make test` installs and names in CERTDROP_TOOLS.
pub fn tool(path: &str) -> PathBuf {
    let tools =
        setting("CERTDROP_TOOLS").map_or_else(|| repository().join(".tools"), PathBuf::from);
    let tool = tools.join(path);
    assert!(
        tool.exists(),
        "{} is missing: run the tests with `make test`, which installs it",
        tool.display()
    );
    tool
}

/// The folder of the whole repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
