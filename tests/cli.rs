//! The command line tool as people see it: each file of `tests/cli` holds commands with their whole
//! output. `TRYCMD=overwrite cargo test --test cli` writes what is printed now; read the difference.

#[test]
fn commands_print_what_their_files_show() {
    // What this machine knows of AWS is nobody's business here.
    trycmd::TestCases::new()
        .env("HOME", "/nonexistent")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .case("tests/cli/*.trycmd");
}

#[test]
fn bash_takes_the_completions() {
    let script = r#"
        eval "$("$0" completions bash)"
        COMP_WORDS=(certdrop st) COMP_CWORD=1
        _certdrop certdrop st certdrop
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(certdrop import --ad) COMP_CWORD=2
        _certdrop certdrop --ad import
        echo "${COMPREPLY[@]}"
    "#;
    let said = std::process::Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_certdrop")])
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&said.stdout);
    assert_eq!(said, "status\n--adopt\n");
}

#[test]
fn a_closed_output_is_no_panic() {
    // A device that takes nothing, as a pipe that nobody reads.
    let script = r#"exec 2> /dev/full; "$0" check /nonexistent"#;
    let ended = std::process::Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_certdrop")])
        .status()
        .expect("bash runs");
    assert_eq!(ended.code(), Some(2));
}
