#!/usr/bin/env python3
"""Checks a zip for Lambda: the processor, the glibc of Amazon Linux 2023, and the budget of its size.

    stage/lambda_zip.py arm64 target/lambda/bootstrap/bootstrap.zip
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# provided.al2023, as template.yaml says. https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
GLIBC = (2, 34)
# docs/performance.md, Budgets: 4.75 MiB.
MOST_BYTES = 19 * 1024 * 1024 // 4
# e_machine of the ELF header, by cargo-lambda's names.
MACHINES = {"x86-64": 62, "arm64": 183}


class Unfit(Exception):
    """Lambda could not run it, or it is over the budget; the text says why."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("architecture", choices=MACHINES)
    parser.add_argument("zip", type=Path)
    arguments = parser.parse_args()
    program = zipfile.ZipFile(arguments.zip).read("bootstrap")
    size = arguments.zip.stat().st_size
    print(f"{arguments.zip}: {size} bytes, {size / 2**20:.2f} MiB", flush=True)
    check_machine(program, arguments.architecture)
    check_size(size)
    newest = check_glibc(dynamic_symbols(program))
    print(f"for {arguments.architecture}, with glibc {newest} or newer; Amazon Linux 2023 has {dotted(GLIBC)}")


def check_size(size):
    if size > MOST_BYTES:
        raise Unfit(f"the zip has {size} bytes, the budget is {MOST_BYTES} (docs/performance.md); to find out what grew: "
                    "cargo bloat --release --bin bootstrap")


def check_machine(program, architecture):
    machine = int.from_bytes(program[18:20], "little")
    if program[:4] != b"\x7fELF" or machine != MACHINES[architecture]:
        raise Unfit(f"bootstrap is not a program for {architecture}: its ELF machine is {machine}, "
                    f"{MACHINES[architecture]} is needed")


def check_glibc(symbols):
    """The newest version of glibc that `symbols` come from, as text."""
    asked = {}
    for name, version in re.findall(r" UND (\S+)@GLIBC_(\d+(?:\.\d+)+)", symbols):
        asked.setdefault(tuple(map(int, version.split("."))), []).append(name)
    if not asked:
        # It is linked with glibc, so that this is a list that was not understood.
        raise Unfit(f"no symbol of glibc among what readelf lists:\n{symbols}")
    newest = max(asked)
    if newest > GLIBC:
        raise Unfit(f"bootstrap asks for glibc {dotted(newest)} ({', '.join(asked[newest])}), Amazon Linux 2023 has "
                    f"{dotted(GLIBC)}; cargo lambda links for an older one, plain cargo for this machine's")
    return f"{dotted(newest)} ({', '.join(asked[newest])})"


def dynamic_symbols(program):
    readelf = shutil.which("readelf") or shutil.which("llvm-readelf")
    if readelf is None:
        raise Unfit("there is no readelf here; it is a part of binutils")
    with tempfile.NamedTemporaryFile() as file:
        file.write(program)
        file.flush()
        listed = subprocess.run([readelf, "--dyn-syms", "--wide", file.name], capture_output=True, text=True)
    if listed.returncode != 0:
        raise Unfit(f"readelf cannot read bootstrap: {listed.stderr.strip()}")
    return listed.stdout


def dotted(version):
    return ".".join(map(str, version))


if __name__ == "__main__":
    try:
        main()
    except Unfit as unfit:
        print(f"error: {unfit}", file=sys.stderr)
        sys.exit(1)
