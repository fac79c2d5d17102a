#!/usr/bin/env python3
"""Holds every package of the workspace to one rust-version, and builds with that Rust where it is installed.

    stage/rust_version.py

Nothing is downloaded: where rustup has no such toolchain, a line says that the build was left out.
"""

import json
import os
import shutil
import subprocess
import sys

CARGO = os.environ.get("CARGO", "cargo")


class Unfit(Exception):
    """The packages disagree; the text says which, and what to do."""


def main():
    version = common_version(packages())
    if not is_installed(version, toolchains()):
        print(f"rust-version {version}: the same in all packages; not built with it, because it is not installed. To install it: "
              f"rustup toolchain install {version}")
        return 0
    print(f"rust-version {version}: the same in all packages; building with it", flush=True)
    # Without tests: their libraries may need a newer compiler than users of the packages have.
    return subprocess.run([CARGO, f"+{version}", "check", "--locked", "--workspace", "--all-features"]).returncode


def packages():
    """The workspace's packages: name and rust-version, None where a manifest has none."""
    said = subprocess.run([CARGO, "metadata", "--no-deps", "--format-version", "1"], stdout=subprocess.PIPE, check=True)
    return {package["name"]: package["rust_version"] for package in json.loads(said.stdout)["packages"]}


def common_version(versions):
    if not all(versions.values()) or len(set(versions.values())) != 1:
        each = ", ".join(f"{name} {version or 'none'}" for name, version in sorted(versions.items()))
        raise Unfit(f"the packages differ in rust-version: {each}; write `rust-version.workspace = true` in each "
                    "Cargo.toml, and the version into the workspace's")
    return next(iter(versions.values()))


def toolchains():
    """What `rustup toolchain list` says; nothing where there is no rustup."""
    if shutil.which("rustup") is None:
        return ""
    return subprocess.run(["rustup", "toolchain", "list"], stdout=subprocess.PIPE, check=True, text=True).stdout


def is_installed(version, listed):
    """A toolchain of exactly this version: `1.94.1-x86_64-unknown-linux-gnu (default)`."""
    return any(line.startswith(f"{version}-") for line in listed.splitlines())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unfit as unfit:
        print(f"error: {unfit}", file=sys.stderr)
        sys.exit(1)
