//! Who may know whom. A room that reaches for what it must not know fails here.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of the pure core: bytes in, verdict out.
const PURE: [&str; 22] = [
    "binding.rs",
    "bundle",
    "bundle_name.rs",
    "certificate.rs",
    "certificate_detail.rs",
    "config.rs",
    "content_id.rs",
    "event.rs",
    "fault.rs",
    "inventory.rs",
    "lease.rs",
    "public_key.rs",
    "secret.rs",
    "summary",
    "sweep/index.rs",
    "sweep/plan.rs",
    "sweep/status",
    "sweep/status.rs",
    "sweep/status_page",
    "sweep/status_page.rs",
    "validate",
    "validate/rules",
];

/// What they must not name. The clock, above all: `now` is an argument.
const IMPURE: [&str; 12] = [
    "aws_sdk",
    "aws_smithy",
    "aws_types",
    "tokio",
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "SystemTime",
    "Instant::now",
    "now_utc",
    "crate::aws",
    "crate::pipeline",
];

#[test]
fn the_pure_core_knows_no_sdk_no_runtime_no_file_and_no_clock() {
    for room in PURE {
        for file in files(room) {
            let code = code(&file);
            for word in IMPURE {
                assert!(!code.contains(word), "{} names {word}", file.display());
            }
        }
    }
}

#[test]
fn only_the_aws_room_names_an_sdk() {
    for file in files("") {
        let path = file.display().to_string();
        if path.contains("/src/aws/") {
            continue;
        }
        assert!(!code(&file).contains("aws_sdk_"), "{path} names an SDK");
    }
}

/// The Rust files of a room, its folders included.
fn files(room: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    if path.is_file() {
        return vec![path];
    }
    let entries = fs::read_dir(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let rust = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let below = folders.iter().flat_map(|folder| {
        let name = folder
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        self::files(Path::new(room).join(name).to_str().unwrap_or_default())
    });
    rust.chain(below).collect()
}

/// The file's code: without comments, and without its tests at the end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a source file is readable");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}
