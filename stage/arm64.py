#!/usr/bin/env python3
"""Gets what building the function for arm64, and running it here, takes beyond .tools/, into .tools/arm64/.

    .tools/arm64/rustc    Debian's compiler with its standard library for arm64; only where cargo's has none
    .tools/arm64/run      runs a program for arm64

Packages of Debian or Ubuntu are unpacked there and not installed: no root, no foreign architecture in dpkg,
no other rustc on the PATH.
"""

import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tools import TOOLS, Failed

TARGET = "aarch64-unknown-linux-gnu"
FOLDER = TOOLS / "arm64"
UNPACKED = FOLDER / "packages"
RUSTC = FOLDER / "rustc"
RUN = FOLDER / "run"
# Only the distribution's own: others' need not answer for arm64, and none of them has what is needed.
SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/ubuntu.sources", "/etc/apt/sources.list")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    compiler_is_missing = not cargo_has_target() and not RUSTC.exists()
    runner_is_missing = not RUN.exists()
    if runner_is_missing and platform.machine() in ("aarch64", "arm64"):
        write_program(RUN, 'exec "$@"')
        runner_is_missing = False
    if not (compiler_is_missing or runner_is_missing):
        return
    apt = Apt(FOLDER / "apt", foreign=compiler_is_missing)
    if runner_is_missing:
        get_runner(apt)
    if compiler_is_missing:
        get_compiler(apt)
    apt.clear()


# --- the compiler ----------------------------------------------------------------------------------------------------


def cargo_has_target():
    """Whether cargo's own compiler can build for arm64. What it lacks is not fetched: the toolchain is the user's."""
    if has_standard_library("rustc"):
        RUSTC.unlink(missing_ok=True)
        return True
    if not RUSTC.exists() and shutil.which("rustup") is not None:
        print(f"using the compiler of the distribution; to use cargo's: rustup target add {TARGET}", flush=True)
    return False


def has_standard_library(rustc):
    if shutil.which(rustc) is None:
        return False
    asked = subprocess.run([rustc, "--print", "target-libdir", "--target", TARGET], capture_output=True, text=True)
    return asked.returncode == 0 and any(Path(asked.stdout.strip()).glob("libstd-*.rlib"))


def get_compiler(apt):
    apt.unpack("rustc-web", "libstd-rust-web-dev")
    apt.unpack_only("libstd-rust-web-dev:arm64")
    root = UNPACKED / "usr"
    libraries = root / "lib" / f"{platform.machine()}-linux-gnu"
    write_program(RUSTC, f'export LD_LIBRARY_PATH="{libraries}"', f'exec "{root}/bin/rustc" "$@"')
    if not has_standard_library(RUSTC):
        RUSTC.unlink()
        raise Failed(
            f"neither cargo's compiler nor the package rustc-web can build for {TARGET}; if rustup can reach its "
            f"server: rustup target add {TARGET}; if rustc-web is installed: dpkg --add-architecture arm64 && "
            "apt-get update && apt-get install libstd-rust-web-dev:arm64"
        )


# --- the runner ------------------------------------------------------------------------------------------------------


def get_runner(apt):
    # The second one holds the C library for arm64, and is itself for every architecture.
    apt.unpack("qemu-user-static", "libc6-arm64-cross")
    qemu = found("usr/bin/qemu-aarch64-static", "usr/bin/qemu-aarch64")
    root = found("usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1").parent.parent
    # Emulators of forty other processors, a quarter of a gigabyte.
    for other in (UNPACKED / "usr" / "bin").glob("qemu-*"):
        if other != qemu:
            other.unlink()
    # Graviton2's core, which cargo-lambda builds for: an instruction that came later must not work here.
    write_program(RUN, f'exec "{qemu}" -cpu neoverse-n1 -L "{root}" "$@"')


def found(*paths):
    """Where one of these is. A package that was installed before is not unpacked once more."""
    for path in paths:
        for base in (UNPACKED, Path("/")):
            if (base / path).exists():
                return base / path
    raise Failed(f"the packages of the distribution have no {' nor '.join(paths)}")


def write_program(path, *lines):
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)


# --- packages --------------------------------------------------------------------------------------------------------


class Apt:
    """apt with a state of its own: what it knows of packages, and what it fetches, lies in `folder`."""

    def __init__(self, folder, foreign):
        sources = next((source for source in SOURCES if Path(source).exists()), None)
        if shutil.which("apt-get") is None or sources is None:
            raise Failed(
                "running the function for arm64 needs an emulator from the packages of Debian or Ubuntu, and apt-get is "
                "not installed here; to build without running it: make build ARCH=arm64"
            )
        self.folder = folder
        self.clear()
        for needed in ("state/lists/partial", "cache/archives/partial"):
            (folder / needed).mkdir(parents=True)
        settings = {
            "Dir::State": folder / "state",
            "Dir::State::status": "/var/lib/dpkg/status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            # No locks: nothing of the machine's is changed. No other user: it could not write here.
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "root",
        }
        self.options = [f"-o{name}={value}" for name, value in settings.items()]
        if foreign:
            own = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
            self.options += [f"-oAPT::Architectures::={name}" for name in (own.stdout.strip(), "arm64")]
        print(f"reading the package lists of {sources}", flush=True)
        self.run("update")

    def unpack(self, *names):
        """Unpacks packages and what they depend on, but for what is installed."""
        print(f"unpacking {', '.join(names)} into .tools/arm64", flush=True)
        self.run("install", "--yes", "--download-only", "--no-install-recommends", *names)
        self._unpack(self.folder / "cache" / "archives")

    def unpack_only(self, name):
        """Unpacks one package without what it depends on."""
        alone = self.folder / "alone"
        alone.mkdir(exist_ok=True)
        self.run("download", name, within=alone)
        self._unpack(alone)

    def _unpack(self, archives):
        for archive in archives.glob("*.deb"):
            said = subprocess.run(["dpkg-deb", "--extract", archive, UNPACKED], capture_output=True, text=True)
            if said.returncode != 0:
                raise Failed(f"{archive.name} cannot be unpacked: {said.stderr.strip()}")
            archive.unlink()

    def run(self, verb, *arguments, within=None):
        done = subprocess.run(["apt-get", "-qq", *self.options, verb, *arguments], cwd=within,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"apt-get {' '.join((verb, *arguments))}: {done.stderr.strip()}")

    def clear(self):
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except Failed as failed:
        print(f"error: {failed}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
