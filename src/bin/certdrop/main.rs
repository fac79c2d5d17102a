//! The command line tool: the same judgement and the same pipeline as the function's, on a laptop or
//! in a pipeline.
mod bundle_files;
mod check;
mod checked;
mod drop;
mod import;
mod json;
mod progress;
mod session;
mod status;
mod style;
mod sweep;
mod table;
mod targets;
mod terminal;
mod tree;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use certdrop::harmless;
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

/// Get third-party TLS certificates into AWS Certificate Manager
///
/// A bundle is a certificate with its chain and private key, in any format. It has a name, the
/// file's without its ending; under that name it is renewed, and keeps its ARN. Bundles are dropped
/// into an S3 bucket, where the deployed function picks them up; `import` and `sweep` do the same
/// work from here.
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
    Import(import::Arguments),
    Sweep(sweep::Arguments),
    Status(status::Arguments),
    Targets(targets::Arguments),
    /// Print a script that completes certdrop's commands and options in your shell
    #[command(after_help = AFTER_COMPLETIONS_HELP)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

const AFTER_HELP: &str = "\
A first day:
  certdrop check www.example.com.pem             would it be imported? makes no AWS calls
  export CERTDROP_FUNCTION=...                   output FunctionName of the stack
  certdrop import www.example.com.pem            into ACM; the ARN is printed
  certdrop status                                what is there, and until when

Exit codes:
  0  all is well
  1  a bundle is rejected, or `status --check` found something to do
  2  wrong usage, or work that could not be done";

const AFTER_COMPLETIONS_HELP: &str = "\
Examples:
  certdrop completions bash > ~/.local/share/bash-completion/completions/certdrop
  certdrop completions zsh > ~/.zfunc/_certdrop
  certdrop completions fish > ~/.config/fish/completions/certdrop.fish";

/// How a command ended, from good to bad.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Done,
    /// A bundle is bad, or asks for a person.
    Rejected,
    /// The tool could not do all of its work. clap exits with the same code.
    Unfinished,
    /// By Ctrl-C, as shells have it: 128 and the signal's number.
    Interrupted,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Rejected => 1,
            Ending::Unfinished => 2,
            Ending::Interrupted => 130,
        })
    }
}

fn main() -> ExitCode {
    let ended = match &Arguments::parse().command {
        Command::Check(arguments) => check::run(arguments),
        Command::Import(arguments) => until_interrupted(import::run(arguments)),
        Command::Sweep(arguments) => until_interrupted(sweep::run(arguments)),
        Command::Status(arguments) => until_interrupted(status::run(arguments)),
        Command::Targets(arguments) => targets::run(arguments),
        Command::Completions { shell } => completions(*shell),
    };
    match ended {
        Ok(ending) => ending.into(),
        Err(error) if is_closed_pipe(&error) => Ending::Done.into(),
        Err(error) => {
            progress::clear();
            let error = format!("error: {error:#}");
            terminal::complain(&harmless::lines(&error));
            Ending::Unfinished.into()
        }
    }
}

/// Runs `work`. Ctrl-C leaves it where it is: everything can be done again, and a lease that nobody
/// gives back ends by itself.
fn until_interrupted(work: impl Future<Output = Result<Ending>>) -> Result<Ending> {
    progress::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(async {
        tokio::select! {
            ended = Box::pin(work) => ended,
            _ = tokio::signal::ctrl_c() => {
                progress::clear();
                terminal::complain("stopped; what was begun is finished by the next sweep, or by the same command in a minute");
                Ok(Ending::Interrupted)
            }
        }
    })
}

fn completions(shell: Shell) -> Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "certdrop", &mut script);
    let mut output = std::io::stdout().lock();
    output.write_all(&script)?;
    output.flush()?;
    Ok(Ending::Done)
}

/// Whoever read the output has seen enough (`certdrop check … | head`).
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let fault = error.downcast_ref::<std::io::Error>();
    fault.is_some_and(|fault| fault.kind() == std::io::ErrorKind::BrokenPipe)
}
