#!/usr/bin/env python3
"""Runs a program, and reports that it still runs while it prints nothing.

    stage/progress.py cargo test --workspace
"""

import contextlib
import os
import subprocess
import sys
import threading
import time

# Nobody should look at an unchanged screen for more than ten seconds.
PATIENCE = 8


def run(command, folder=None, **settings):
    """Gives the exit code of `command`. What it says is passed on as it comes; it is asked nothing.

    `settings` join the environment.
    """
    environment = {**os.environ, **settings}
    if sys.stdout.isatty():
        environment.setdefault("CARGO_TERM_COLOR", "always")
    with subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as child, ticking(os.path.basename(command[0])) as heard:
        try:
            while chunk := child.stdout.read1(65_536):
                heard()
                sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
        except BaseException:
            child.terminate()
            raise
    return child.returncode


@contextlib.contextmanager
def ticking(what):
    """Says after every eight silent seconds that `what` goes on; the function that it gives breaks the silence."""
    started = time.monotonic()
    latest = [started]
    over = threading.Event()

    def heard():
        latest[0] = time.monotonic()

    def watch():
        while not over.wait(1):
            now = time.monotonic()
            if now - latest[0] >= PATIENCE:
                print(f"  ... {what}: {now - started:.0f} s", flush=True)
                latest[0] = now

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield heard
    finally:
        over.set()
        watcher.join()


if __name__ == "__main__":
    try:
        sys.exit(run(sys.argv[1:]))
    except FileNotFoundError as missing:
        sys.exit(f"error: {missing.filename} is not on the PATH")
    except KeyboardInterrupt:
        sys.exit(130)
