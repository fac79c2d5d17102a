#!/usr/bin/env python3
"""Installs the pinned tools of stage/requirements into .tools/, each in a virtual environment of its own.

Apart, because they disagree about their dependencies: ministack and the AWS command line each pin
another botocore. pip installs uv, and uv the others: pip alone takes ten times as long, most of it for compiling
modules that nobody imports. What is current already is left alone, so calling this costs nothing.

    stage/tools.py             all of them
    stage/tools.py aws sam     these
"""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import progress

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "stage" / "requirements"
TOOLS = ROOT / ".tools"
OLDEST_PYTHON = (3, 10)
UV = "uv"

# What is being waited for, and whether somebody lost patience.
CHILDREN = set()
INTERRUPTED = threading.Event()


class Failed(Exception):
    """A tool cannot be installed; the text says why and what to do."""


def main(names):
    known = sorted(path.stem for path in REQUIREMENTS.glob("*.txt") if path.stem != UV)
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise Failed(f"no such tool: {', '.join(unknown)}; there are {', '.join(known)}")
    check_python()
    TOOLS.mkdir(exist_ok=True)
    with open(TOOLS / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two installations at once would share half-made folders
        with progress.ticking("installing tools"):
            failures = missing(names or known)
    if failures:
        raise Failed("\n".join(failures))


def missing(names):
    """Installs what is not current; gives what went wrong."""
    old = [name for name in names if not is_current(name)]
    if not old:
        return []
    why = None if is_current(UV) else install(UV, pip)
    return [why] if why else [why for why in together(lambda name: install(name, uv), old) if why]


def together(work, names):
    """Calls `work` for all names at once; an interruption ends the programs that they wait for."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        try:
            return list(pool.map(work, names))
        except BaseException:
            INTERRUPTED.set()
            for child in list(CHILDREN):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
            raise


def run(command):
    """Runs a program; gives what it said if it failed, or None."""
    if INTERRUPTED.is_set():
        return "interrupted"
    # A process group of its own, because pip and venv start programs themselves.
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, start_new_session=True) as child:
        CHILDREN.add(child)
        said, _ = child.communicate()
        CHILDREN.discard(child)
    return said.strip() if child.returncode != 0 else None


def check_python():
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise Failed(f"{sys.executable} is Python {sys.version.split()[0]}; {wanted} or newer is needed")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Failed(
            f"{sys.executable} cannot make virtual environments: its modules venv and ensurepip are missing; "
            "on Debian and Ubuntu: apt-get install python3-venv"
        ) from None


def install(name, steps):
    """Makes one tool anew. Gives what went wrong, or None."""
    folder = TOOLS / name
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    for step in steps(folder, REQUIREMENTS / f"{name}.txt"):
        why = run(step)
        if why is not None:
            return f"{name} cannot be installed ({' '.join(step[1:4])}):\n{why}"
    stamp(name).write_text(fingerprint(name))
    print(f"installed {name} in {time.monotonic() - started:.0f} s", flush=True)
    return None


def pip(folder, requirements):
    return (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-input", "--only-binary", ":all:", "--requirement", str(requirements)],
    )


def uv(folder, requirements):
    program = str(TOOLS / UV / "bin" / "uv")
    return (
        [program, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)],
        [program, "pip", "install", "--quiet", "--no-build", *index(), "--python", str(folder / "bin" / "python"),
         "--requirement", str(requirements)],
    )


def index():
    """pip's own setting, which companies have in a file that uv does not read."""
    asked = [str(TOOLS / UV / "bin" / "python"), "-m", "pip", "config", "get", "global.index-url"]
    found = subprocess.run(asked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return ["--default-index", found.stdout.strip()] if found.returncode == 0 else []


def is_current(name):
    return stamp(name).exists() and stamp(name).read_text() == fingerprint(name)


def stamp(name):
    """Written last, so that a folder with this file is whole."""
    return TOOLS / name / ".installed"


def fingerprint(name):
    """What an installation depends on: virtual environments cannot be moved, nor change their Python."""
    made_of = hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes())
    made_of.update(f"{TOOLS / name}\n{os.path.realpath(sys.executable)}\n{sys.version}".encode())
    return made_of.hexdigest()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main(sys.argv[1:])
    except Failed as failed:
        print(f"error: {failed}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
