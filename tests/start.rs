//! A function that cannot start says why, once, in words.
#![cfg(test)]

use std::process::Command;

const SETTINGS: [(&str, &str); 5] = [
    ("CERTDROP_BUCKET", "certificates"),
    ("CERTDROP_BUCKET_OWNER", "123456789012"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

/// What the bootstrap says with these settings, before it ends by itself.
fn said(settings: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .envs(settings.iter().copied())
        .output()
        .expect("the bootstrap runs");
    assert_eq!(output.status.code(), Some(1));
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8(both).expect("text")
}

#[test]
fn settings_that_are_missing_are_named() {
    let text = said(&[]);
    assert!(text.contains("CERTDROP_BUCKET is not set"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn roots_that_cannot_be_read_are_named() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for file in ["/nowhere/roots.pem", here] {
        let settings = [&SETTINGS[..], &[("SSL_CERT_FILE", file)]].concat();
        let text = said(&settings);
        assert!(text.contains(file), "{text}");
        assert!(text.contains("SSL_CERT_FILE"), "{text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}
