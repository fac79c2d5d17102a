//! The Lambda function: environment, clock and runtime meet the pipeline.

use std::io::Write as _;
use std::process::ExitCode;

use certdrop::aws::Aws;
use certdrop::config::Config;
use certdrop::fault::Fault;
use certdrop::handler::handle;
use certdrop::pipeline::Invocation;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use time::OffsetDateTime;
use tracing::{Instrument, error, info_span};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    start_logging();
    // One event at a time, nearly all of it waiting: one thread is enough and starts faster.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let served = match runtime {
        Ok(runtime) => runtime.block_on(serve()),
        Err(fault) => Err(fault.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            error!(%fault, "the function cannot start");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "here the environment comes in")]
    let config = Config::from_environment(std::env::vars())?;
    let aws = Aws::new(&config);
    let (config, aws) = (&config, &aws);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let (payload, context) = event.into_parts();
        #[expect(clippy::disallowed_methods, reason = "here the clock comes in")]
        let now = OffsetDateTime::now_utc();
        let world = Invocation {
            aws,
            config,
            now,
            deadline: context.deadline().into(),
            request_id: &context.request_id,
            emit,
        };
        let span = info_span!("invocation", request_id = context.request_id);
        let answer = Box::pin(handle(&payload, world)).instrument(span).await;
        answer.map_err(|fault| diagnostic(&fault))
    }))
    .await
}

/// CloudWatch reads metrics from lines of the log that are one document each.
fn emit(document: &Value) {
    let mut output = std::io::stdout().lock();
    // Nobody is left to be told if the log is closed.
    let _ = writeln!(output, "{document}");
}

/// `errorType` is what alarms filter on: `SetUp` wants a person, `Transient` does not.
fn diagnostic(fault: &Fault) -> Diagnostic {
    Diagnostic {
        error_type: fault.kind().to_owned(),
        error_message: fault.to_string(),
    }
}

/// One JSON object a line, as Lambda's own log format. `RUST_LOG` sets what is shown; the AWS
/// SDK's own lines stay out, whatever it says, because they may print requests.
fn start_logging() {
    let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let own = [
        "aws_smithy_runtime=off",
        "aws_smithy_runtime_api=off",
        "aws_runtime=off",
        "aws_sdk=off",
        "hyper=off",
        "rustls=off",
        "h2=off",
    ];
    let filter = own
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(level, EnvFilter::add_directive);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .init();
}
