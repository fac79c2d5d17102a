//! The Lambda Runtime API, and the real bootstrap driven through it.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::child::Task;

/// What the function answered to one event.
pub type Answer = Result<Value, FunctionError>;

/// How an invocation failed.
#[derive(Debug)]
pub enum FunctionError {
    /// The function said so: Lambda would send an asynchronous event again.
    Reported {
        /// `errorType`.
        kind: String,
        /// `errorMessage`.
        message: String,
    },
    /// The process ended.
    Died(ExitStatus),
    /// No answer before the deadline.
    TimedOut,
}

/// An `errorType` by which the function says that the world is briefly bad: the source sends the event again.
pub fn is_brief(kind: &str) -> bool {
    matches!(kind, "Transient" | "Throttled")
}

/// A bootstrap that waits for events, one at a time.
pub struct Function {
    api: Arc<Api>,
    bootstrap: Bootstrap,
    process: AsyncMutex<Child>,
    id: u32,
    log: PathBuf,
    _listening: Task,
}

struct Api {
    events: mpsc::UnboundedSender<Invocation>,
    waiting: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    init_error: Mutex<Option<Value>>,
}

struct Invocation {
    id: String,
    deadline: SystemTime,
    payload: Vec<u8>,
}

impl Function {
    /// Starts the bootstrap with nothing but `environment` and what Lambda gives to every function.
    pub async fn start(environment: &[(String, String)], log: &Path) -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            events,
            waiting: AsyncMutex::new(waiting),
            answers: Mutex::default(),
            init_error: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback");
        let address = listener.local_addr().expect("an address").to_string();
        let router = router(Arc::clone(&api));
        let listening = Task::spawn(async move { axum::serve(listener, router).await });

        let output = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log");
        let bootstrap = Bootstrap::chosen();
        let process = bootstrap
            .command()
            .env_clear()
            .envs(environment.iter().cloned())
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", "certdrop"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/certdrop"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "test"),
            ])
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the log"))
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .expect("the bootstrap starts");
        Self {
            api,
            bootstrap,
            id: process.id().expect("it runs"),
            process: AsyncMutex::new(process),
            log: log.to_owned(),
            _listening: listening,
        }
    }

    /// Sends one event and waits for the answer, as long as a function may run.
    pub async fn invoke(&self, payload: &Value) -> Answer {
        self.invoke_within(payload, Duration::from_mins(1)).await
    }

    /// Sends one event to a function that may run for `limit`.
    pub async fn invoke_within(&self, payload: &Value, limit: Duration) -> Answer {
        let id = unique_id();
        let (answer, answered) = oneshot::channel();
        self.api
            .answers
            .lock()
            .expect("the answers")
            .insert(id.clone(), answer);
        let invocation = Invocation {
            id,
            deadline: SystemTime::now() + limit,
            payload: payload.to_string().into_bytes(),
        };
        self.api.events.send(invocation).expect("the API runs");
        let mut process = self.process.lock().await;
        tokio::select! {
            answer = answered => answer.expect("an answer is sent once"),
            status = process.wait() => Err(FunctionError::Died(status.expect("a status"))),
            () = tokio::time::sleep(limit) => Err(FunctionError::TimedOut),
        }
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Stops the process where it stands, as a laptop that falls asleep.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.id.try_into().expect("a process id"));
        // It may have died meanwhile.
        let _ = nix::sys::signal::kill(id, signal);
    }

    /// Waits for a function that cannot start, and gives what it told the Runtime API.
    pub async fn ended(&self) -> ExitStatus {
        self.process.lock().await.wait().await.expect("a status")
    }

    /// The processor that the bootstrap is built for: `e_machine` of its ELF header.
    pub fn machine(&self) -> u16 {
        let program = std::fs::read(&self.bootstrap.program).expect("the bootstrap");
        assert_eq!(program[..4], *b"\x7fELF");
        u16::from_le_bytes([program[18], program[19]])
    }

    /// All that the function has printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log is text")
    }
}

/// Which bootstrap is driven, and how it is started.
struct Bootstrap {
    program: PathBuf,
    /// Starts a program for another processor.
    runner: Option<PathBuf>,
}

impl Bootstrap {
    /// The one that the environment names, as `make arm64` does, or this build's.
    fn chosen() -> Self {
        let named = |name| std::env::var_os(name).map(PathBuf::from);
        Self {
            program: named("CERTDROP_BOOTSTRAP")
                // Set by cargo for the tests of the package that the binary is of.
                .or_else(|| named("CARGO_BIN_EXE_bootstrap"))
                .unwrap_or_else(beside_the_tests),
            runner: named("CERTDROP_BOOTSTRAP_RUNNER"),
        }
    }

    fn command(&self) -> Command {
        match &self.runner {
            None => Command::new(&self.program),
            Some(runner) => {
                let mut command = Command::new(runner);
                command.arg(&self.program);
                command
            }
        }
    }
}

/// For a test program that is started without cargo.
fn beside_the_tests() -> PathBuf {
    let tests = std::env::current_exe().expect("this program has a path");
    // target/debug/deps/end_to_end-…, target/debug/bootstrap.
    let program = tests.ancestors().nth(2).map(|at| at.join("bootstrap"));
    let program = program.expect("a folder above");
    assert!(
        program.is_file(),
        "{} is missing: run the tests with cargo, which builds it, or name a bootstrap in CERTDROP_BOOTSTRAP",
        program.display()
    );
    program
}

fn router(api: Arc<Api>) -> Router {
    let base = "/2018-06-01/runtime";
    Router::new()
        .route(&format!("{base}/invocation/next"), get(next))
        .route(
            &format!("{base}/invocation/{{id}}/response"),
            post(response),
        )
        .route(&format!("{base}/invocation/{{id}}/error"), post(error))
        .route(&format!("{base}/init/error"), post(init_error))
        .with_state(api)
}

async fn next(State(api): State<Arc<Api>>) -> (HeaderMap, Vec<u8>) {
    let next = api
        .waiting
        .lock()
        .await
        .recv()
        .await
        .expect("the test lives");
    let deadline = next
        .deadline
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_millis();
    let mut headers = HeaderMap::new();
    let mut header = |name: &'static str, value: &str| {
        headers.insert(name, value.parse().expect("a header"));
    };
    header("lambda-runtime-aws-request-id", &next.id);
    header("lambda-runtime-deadline-ms", &deadline.to_string());
    header(
        "lambda-runtime-invoked-function-arn",
        "arn:aws:lambda:eu-central-1:123456789012:function:certdrop",
    );
    header(
        "lambda-runtime-trace-id",
        "Root=1-5e1b4151-43a0913a12345678901234567",
    );
    (headers, next.payload)
}

async fn response(
    State(api): State<Arc<Api>>,
    UrlPath(id): UrlPath<String>,
    body: Bytes,
) -> StatusCode {
    let answer = serde_json::from_slice(&body).expect("a response is JSON");
    api.answer(&id, Ok(answer))
}

async fn error(
    State(api): State<Arc<Api>>,
    UrlPath(id): UrlPath<String>,
    body: Bytes,
) -> StatusCode {
    let error: Value = serde_json::from_slice(&body).expect("an error is JSON");
    let member = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    api.answer(
        &id,
        Err(FunctionError::Reported {
            kind: member("errorType"),
            message: member("errorMessage"),
        }),
    )
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    *api.init_error.lock().expect("the error") = serde_json::from_slice(&body).ok();
    StatusCode::ACCEPTED
}

impl Api {
    fn answer(&self, id: &str, answer: Answer) -> StatusCode {
        let waiting = self.answers.lock().expect("the answers").remove(id);
        if let Some(waiting) = waiting {
            // Who asked may have given up by now.
            let _ = waiting.send(answer);
        }
        StatusCode::ACCEPTED
    }
}

fn unique_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!(
        "00000000-0000-4000-8000-{:012}",
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}
