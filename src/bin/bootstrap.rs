//! The Lambda function: environment, clock and runtime meet the pipeline.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::ExitCode;

use certdrop::aws::{Aws, http};
use certdrop::config::Config;
use certdrop::fault::Fault;
use certdrop::handler::handle;
use certdrop::log;
use certdrop::news::News;
use certdrop::pipeline::{Invocation, NOWHERE_DOWN};
use certdrop::summary::metrics;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use time::OffsetDateTime;
use tracing::{Instrument, error, info_span};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
    check_roots()?;
    let aws = Aws::new(&config, http::client());
    let (config, aws) = (&config, &aws);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let (payload, context) = event.into_parts();
        #[expect(clippy::disallowed_methods, reason = "here the clock comes in")]
        let now = OffsetDateTime::now_utc();
        let tell = |news: News<'_>| {
            log::write(news);
            if let Some(document) = metrics::of(news, &config.stack, now) {
                emit(&document);
            }
        };
        let world = Invocation {
            aws,
            config,
            now,
            deadline: context.deadline().into(),
            targets: None,
            down: NOWHERE_DOWN,
            request_id: &context.request_id,
            news: &tell,
        };
        let span = info_span!("invocation", request_id = context.request_id);
        let answer = Box::pin(handle(&payload, world)).instrument(span).await;
        answer.map_err(|fault| diagnostic(&fault))
    }))
    .await
}

/// Without roots every call fails as if the network were down, and nobody would look for a file.
fn check_roots() -> Result<(), Fault> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE") else {
        return Ok(());
    };
    let what = match File::open(&path) {
        Ok(file) if holds_certificate(&file) => return Ok(()),
        Ok(_) => "it holds no certificate in PEM".to_owned(),
        Err(fault) => fault.to_string(),
    };
    Err(Fault::set_up(
        format!(
            "the roots of TLS cannot be read: SSL_CERT_FILE is {}: {what}",
            path.display()
        ),
        "set it to the system's bundle of roots, /etc/pki/tls/certs/ca-bundle.crt on Amazon Linux",
    ))
}

/// Reads no further than to the first: the file is long, and this is a cold start.
fn holds_certificate(file: &File) -> bool {
    let mut lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    lines.any(|line| line.starts_with(b"-----BEGIN CERTIFICATE-----"))
}

/// CloudWatch reads metrics from lines of the log that are one document each.
fn emit(document: &Value) {
    let mut output = std::io::stdout().lock();
    // Nobody is left to be told if the log is closed.
    let _ = writeln!(output, "{document}");
}

/// `errorType` is what alarms filter on: `SetUp` wants a person, `Transient` and `Throttled` do not.
fn diagnostic(fault: &Fault) -> Diagnostic {
    Diagnostic {
        error_type: fault.kind().as_str().to_owned(),
        error_message: fault.to_string(),
    }
}

/// One JSON object a line, as Lambda's own log format. `RUST_LOG` sets what is shown.
fn start_logging() {
    #[expect(clippy::disallowed_methods, reason = "here the environment comes in")]
    let wanted = std::env::var("RUST_LOG").ok();
    let filter = log::filter(wanted.as_deref()).unwrap_or_else(log::default_filter);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(true)
        .with_span_list(false);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
}
