//! The command line tool as people see it: each file of `tests/cli` holds commands with their whole
//! output. `TRYCMD=overwrite cargo test --test cli` writes what is printed now; read the difference.

#[test]
fn commands_print_what_their_files_show() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd");
}
