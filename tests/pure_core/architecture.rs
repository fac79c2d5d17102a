//! Who may know whom. A room that reaches for what it must not know fails here, a new one too.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms that talk to AWS, run, wait, or read the clock. Every other file below src is of the pure core: bytes
/// in, verdict out.
const IMPURE: [&str; 11] = [
    "aws",
    "bin",
    "clock.rs",
    "handler.rs",
    "pipeline",
    "pipeline.rs",
    "sweep.rs",
    "sweep/earlier.rs",
    "sweep/list.rs",
    "sweep/look.rs",
    "sweep/secrets.rs",
];

/// What the pure core must not name. The clock, above all: `now` is an argument.
const WORLD: [&str; 12] = [
    "aws_sdk",
    "aws_smithy",
    "aws_types",
    "lambda_runtime",
    "rustix",
    "tokio",
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "SystemTime",
    "Instant::now",
    "now_utc",
];

#[test]
fn the_pure_core_knows_no_sdk_no_runtime_no_file_and_no_clock() {
    let pure = files(&source()).into_iter().filter(|file| !is_impure(file));
    let mut seen = Vec::new();
    for file in pure {
        if let Some(name) = impurity(&code(&file)) {
            panic!("{} names {name}", file.display());
        }
        seen.push(file);
    }
    for known in ["binding.rs", "bundle/format.rs", "sweep/status/view.rs"] {
        assert!(seen.contains(&source().join(known)), "{known} is looked at");
    }
}

#[test]
fn no_room_is_called_impure_without_a_reason() {
    for room in IMPURE {
        let path = source().join(room);
        let files = if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        };
        let is_impure = |file: &PathBuf| impurity(&code(file)).is_some();
        assert!(files.iter().any(is_impure), "{room} is pure by now");
    }
}

#[test]
fn only_the_aws_room_names_an_sdk() {
    let aws = source().join("aws");
    for file in files(&source()) {
        let is_free = file.starts_with(&aws) || !code(&file).contains("aws_sdk_");
        assert!(is_free, "{} names an SDK", file.display());
    }
}

/// What the code names of the world, or of the impure rooms.
fn impurity(code: &str) -> Option<String> {
    let world = WORLD.map(str::to_owned).into_iter();
    let world = world.filter(|word| code.contains(word));
    let rooms = IMPURE.map(|room| {
        let path = room.trim_end_matches(".rs").replace('/', "::");
        format!("crate::{path}")
    });
    // Below the sweep there are pure rooms.
    let rooms = rooms.into_iter().filter(|room| room != "crate::sweep");
    let is_named = |room: &String| {
        // crate::bin is not crate::binding.
        let goes_on =
            |rest: &str| rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        code.split(room).skip(1).any(|rest| !goes_on(rest))
    };
    world.chain(rooms.filter(is_named)).next()
}

fn is_impure(file: &Path) -> bool {
    let source = source();
    IMPURE
        .iter()
        .any(|room| file.starts_with(source.join(room)))
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The Rust files of a folder, its own folders included.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let rust = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.chain(folders.iter().flat_map(|folder| self::files(folder)))
        .collect()
}

/// The file's code: without comments, and without its tests at the end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file);
    let text = text.unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}
