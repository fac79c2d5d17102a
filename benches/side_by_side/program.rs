//! A function's process, driven through the Lambda Runtime API and looked at from outside.
//!
//! Lean on purpose: a thread for each connection reads requests and notes when they came; what the
//! kernel says of the process is read while it waits for the next event.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use certdrop_test_support::outside::now;
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde_json::Value;
use time::OffsetDateTime;

/// How a program is started.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: &'static str,
    /// Program and arguments.
    pub command: Vec<String>,
    pub folder: PathBuf,
    pub environment: Vec<(String, String)>,
}

/// A program that has asked for its next event.
pub struct Running {
    child: Child,
    requests: Receiver<Request>,
    next: TcpStream,
    /// Spawn to first `/next`.
    pub started: Cost,
    events: u32,
}

/// What something took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub wall: Duration,
    /// User and system time of all threads.
    pub cpu: Duration,
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            wall: self.wall + other.wall,
            cpu: self.cpu + other.cpu,
        }
    }
}

struct Request {
    at: Instant,
    path: String,
    body: Vec<u8>,
    connection: TcpStream,
}

impl Program {
    /// Starts it, and waits until it asks for an event.
    pub fn start(&self) -> Running {
        self.start_under(&[])
    }

    /// The same below another program (`valgrind …`).
    pub fn start_under(&self, wrapper: &[String]) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, requests) = channel();
        thread::spawn(move || accept(&listener, &sender));

        let mut line = wrapper.iter().chain(&self.command);
        let mut command = Command::new(line.next().expect("a program"));
        command
            .args(line)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let began = Instant::now();
        let child = command.spawn().expect("the program starts");
        let first = requests
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("{} asks for no event", self.name));
        assert!(first.path.ends_with("/next"), "{}", first.path);
        let started = Cost {
            wall: first.at - began,
            cpu: cpu(&child),
        };
        Running {
            child,
            requests,
            next: first.connection,
            started,
            events: 0,
        }
    }
}

impl Running {
    /// Sends an event: from then to the answer, and the processor time until the program asks for
    /// the next event.
    pub fn invoke(&mut self, event: &Value) -> (Value, Cost) {
        let payload = event.to_string();
        self.events += 1;
        let deadline = now() + Duration::from_mins(5) - OffsetDateTime::UNIX_EPOCH;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
             lambda-runtime-aws-request-id: 00000000-0000-4000-8000-{:012}\r\n\
             lambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:bench\r\n\
             lambda-runtime-trace-id: Root=1-5e1b4151-43a0913a12345678901234567\r\n\
             content-length: {}\r\n\r\n{payload}",
            self.events,
            deadline.whole_milliseconds(),
            payload.len(),
        );
        let before = cpu(&self.child);
        let began = Instant::now();
        self.next.write_all(head.as_bytes()).expect("it listens");
        let mut answer = self.requests.recv_timeout(PATIENCE).expect("an answer");
        let accepted = "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n\
            content-length: 15\r\n\r\n{\"status\":\"OK\"}";
        answer
            .connection
            .write_all(accepted.as_bytes())
            .expect("it listens");
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            answer.path.ends_with("/response"),
            "{}: {body}",
            answer.path
        );
        let next = self.requests.recv_timeout(PATIENCE).expect("it goes on");
        assert!(next.path.ends_with("/next"), "{}", next.path);
        self.next = next.connection;
        let cost = Cost {
            wall: answer.at - began,
            cpu: cpu(&self.child).saturating_sub(before),
        };
        (serde_json::from_str(&body).expect("JSON"), cost)
    }

    /// The most memory that the process has had in RAM, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.trim().parse::<u64>().ok())
            .expect("VmHWM")
            * 1024
    }

    /// Ends it as a signal would, which lets a wrapper write what it has found.
    pub fn terminate(mut self) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nothing here takes longer, but for a sweep on a slow machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// The processor time of a whole process, threads that have ended included.
fn cpu(child: &Child) -> Duration {
    let id = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    let clock = clock_getcpuclockid(id).expect("the process lives");
    clock.now().expect("the process lives").into()
}

fn accept(listener: &TcpListener, sender: &Sender<Request>) {
    for connection in listener.incoming() {
        let Ok(connection) = connection else { return };
        let _ = connection.set_nodelay(true);
        let sender = sender.clone();
        thread::spawn(move || read(&connection, &sender));
    }
}

/// Hands on the requests of one connection until it ends.
fn read(connection: &TcpStream, sender: &Sender<Request>) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|bytes| *bytes > 0)?;
        let at = Instant::now();
        let path = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        let mut chunked = false;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        let body = if chunked {
            read_chunks(&mut reader)?
        } else {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            body
        };
        let connection = connection.try_clone().ok()?;
        sender
            .send(Request {
                at,
                path,
                body,
                connection,
            })
            .ok()?;
    }
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk.get(..size)?);
    }
}
