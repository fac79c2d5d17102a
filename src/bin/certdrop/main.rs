//! The command line tool: the same judgement as the function's, on a laptop or in a pipeline.
#![allow(
    clippy::print_stderr,
    reason = "a command line tool talks to its user on standard error"
)]

mod bundle_files;
mod check;
mod json;
mod style;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Get third-party TLS certificates into AWS Certificate Manager
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
}

const AFTER_HELP: &str = "\
Exit codes:
  0  every bundle would be imported
  1  at least one would be rejected
  2  wrong usage, or a file that cannot be read";

/// A bundle would be rejected.
const REJECTED: u8 = 1;
/// The tool could not do its work. clap exits with the same code.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let Command::Check(arguments) = Arguments::parse().command;
    match check::run(&arguments) {
        Ok(check::Overall::Accepted) => ExitCode::SUCCESS,
        Ok(check::Overall::Rejected) => ExitCode::from(REJECTED),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

/// Whoever read the output has seen enough (`certdrop check … | head`).
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let fault = error.downcast_ref::<std::io::Error>();
    fault.is_some_and(|fault| fault.kind() == std::io::ErrorKind::BrokenPipe)
}
