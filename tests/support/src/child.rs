//! Programs and tasks that end with the test, however the test ends.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::task::AbortHandle;

/// A server in this process. Ended when dropped: thousands of scenes in one process would keep their
/// listeners else.
pub struct Task(AbortHandle);

impl Task {
    /// Starts it.
    pub fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A running program. Killed when dropped, and also when the test process dies without dropping.
pub struct Running {
    guard: Child,
}

impl Running {
    /// Starts `program` with `arguments` and nothing but `environment`; both outputs go to `log`.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        log: &Path,
    ) -> io::Result<Self> {
        let output = File::create(log)?;
        // The shell waits for the end of its input, which comes when this process ends in whatever
        // way, and then ends the program.
        let script = r#""$0" "$@" </dev/null & child=$!; cat >/dev/null; kill -9 $child; wait"#;
        let guard = Command::new("/bin/sh")
            .args(["-c", script])
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(environment.iter().copied())
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(Self { guard })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Closing the input is the sign to stop.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
