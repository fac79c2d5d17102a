//! One reading of ACM's rules can catch the other only as long as neither knows the other's.

use std::path::Path;

/// What it shares with certdrop: the model of a certificate.
const SHARED: [&str; 2] = ["certificate", "public_key"];

#[test]
fn of_certdrop_it_knows_the_model_of_a_certificate_and_no_rule() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for entry in std::fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.is_file(), "{}: look into folders too", path.display());
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for named in code.flat_map(|line| line.split("certdrop::").skip(1)) {
            let room = named.split(|c: char| !c.is_alphanumeric() && c != '_');
            let room = room.into_iter().next().unwrap_or_default();
            assert!(
                SHARED.contains(&room),
                "{} names certdrop::{named}",
                path.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 0, "certdrop is named otherwise by now");
}
