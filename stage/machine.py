#!/usr/bin/env python3
"""Lists the packages that are missing on this machine, and installs them on Debian and Ubuntu.

    stage/machine.py run       what `make run` needs
    stage/machine.py test      what `make test` needs

One line says what is missing, why it is needed, and the command that installs it. With CERTDROP_NO_INSTALL=1, and on
other systems, only that line is printed.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import progress


def on_path(*names):
    """Whether one of these programs is there."""
    return lambda: any(shutil.which(name) for name in names)


def headers(package):
    return lambda: subprocess.run(["pkg-config", "--exists", package], stderr=subprocess.DEVNULL).returncode == 0 \
        if shutil.which("pkg-config") else False


def virtual_environments():
    # Debian has `venv` without `ensurepip`, which does not work.
    return subprocess.run([sys.executable, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL).returncode == 0


@dataclass(frozen=True)
class Need:
    """Something that a rule of the Makefile uses and a machine may lack."""

    what: str
    reason: str
    is_there: Callable[[], bool]
    # The names of packages, by family of systems. A family that is left out does not need it.
    packages: dict
    # Cargo does without, and takes minutes longer.
    can_be_compiled: bool = False


FAMILIES = ("debian", "ubuntu", "fedora", "macos")


def everywhere(name, **others):
    return {**dict.fromkeys(FAMILIES, name), **others}


def on_debian(names):
    return {"debian": names, "ubuntu": names}


# Apple's compiler is no package of Homebrew.
COMPILER = Need("a C compiler", "ring is written in C", on_path("cc"), everywhere("gcc libc6-dev", fedora="gcc", macos=""))
PYTHON = Need("Python's venv", "the tools are installed into virtual environments", virtual_environments, on_debian("python3-venv"))
OPENSSL = Need("openssl", "certificates are made with it", on_path("openssl"), everywhere("openssl"))
HEADERS = Need("OpenSSL's headers", "without them OpenSSL is compiled, which takes minutes", headers("openssl"),
               everywhere("libssl-dev pkg-config", fedora="openssl-devel pkgconf-pkg-config", macos="openssl pkgconf"),
               can_be_compiled=True)
KEYTOOL = Need("keytool", "tests open Java's key stores", on_path("keytool"),
               everywhere("default-jre-headless", fedora="java-latest-openjdk-headless", macos="openjdk"))
CHROMIUM = Need("chromium", "tests open the status page", on_path("chromium"),
                everywhere("chromium", ubuntu="chromium-browser"))
KILL = Need("kill", "tests stop servers without a warning", on_path("kill"), everywhere("procps", fedora="procps-ng"))

# The programs that docs/recipes.md is for, where a package has them.
CLIENTS = tuple(Need(name, reason, on_path(name), on_debian(name)) for name, reason in (
    ("certbot", "its hook is tested"), ("lego", "its hook is tested"), ("dehydrated", "its hook is tested"),
    ("uacme", "its recipe is tested"), ("pebble", "it is the authority that ACME clients are tested with")))

FOR_RUN = (COMPILER, PYTHON, OPENSSL, HEADERS)
NEEDS = {"run": FOR_RUN, "clients": (*FOR_RUN, *CLIENTS), "test": (*FOR_RUN, KEYTOOL, CHROMIUM, KILL, *CLIENTS)}

RUST = "Rust is not installed; install it as https://rustup.rs says: " \
    "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default"


class Failed(Exception):
    """Something is missing still; the text says what to do."""


def main(rule):
    check_rust()
    family = family_of(sys.platform, os_release())
    missing = [need for need in NEEDS[rule] if is_needed(need, family) and not need.is_there()]
    if not missing:
        return
    line, commands = plan(missing, family, is_root=os.geteuid() == 0)
    print(line, flush=True)
    is_wanted = os.environ.get("CERTDROP_NO_INSTALL", "0") in ("", "0")
    if commands and is_wanted:
        install(commands)
    elif all(need.can_be_compiled for need in missing):
        return
    elif is_wanted:
        raise Failed("install it, then run the command again")
    else:
        raise Failed("nothing was installed, because CERTDROP_NO_INSTALL is set")
    if still := [need.what for need in missing if not need.is_there()]:
        raise Failed(f"{', '.join(still)}: still missing after the installation")


def check_rust():
    if shutil.which("cargo"):
        return
    if (Path.home() / ".cargo/bin/cargo").exists():
        raise Failed('cargo is not on the PATH; type: . "$HOME/.cargo/env"')
    raise Failed(RUST)


def is_needed(need, family):
    """An unknown system is taken for one like Fedora: what Debian alone leaves out of its packages is there."""
    return (family or "fedora") in need.packages


# Neither a package nor needrestart asks anything.
UNATTENDED = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "a"}


def plan(missing, family, is_root):
    """The line that tells a person, and the commands that do it; none where it is left to the person."""
    wanted = [f"{need.what} ({need.reason})" for need in missing]
    told = f"missing: {', '.join(wanted)}"
    packages = sorted({name for need in missing for name in need.packages.get(family, "").split()})
    if family == "fedora":
        return f"{told}; type: sudo dnf install -y {' '.join(packages)}", []
    if family == "macos":
        steps = ["xcode-select --install"] if COMPILER in missing else []
        steps += [f"brew install {' '.join(packages)}"] if packages else []
        return f"{told}; type: {' && '.join(steps)}", []
    if family not in ("debian", "ubuntu"):
        return f"{told}; install them with your system's package manager", []
    # Nobody is asked for a password: sudo works without one, or the person types the line.
    sudo = [] if is_root else ["sudo", "-n", "env", *(f"{name}={value}" for name, value in UNATTENDED.items())]
    commands = [
        [*sudo, "apt-get", *arguments]
        for arguments in (["-q", "update"], ["-qy", "--no-install-recommends", "install", *packages])
    ]
    shown = "" if is_root else "sudo "
    return f"{told}; installed by: {shown}apt-get install -y --no-install-recommends {' '.join(packages)}", commands


def install(commands):
    for command in commands:
        try:
            code = progress.run(command, **UNATTENDED)
        except FileNotFoundError as fault:
            raise Failed(f"{fault.filename} is not installed: type the command above as root") from None
        if code != 0:
            raise Failed(f"`{' '.join(command)}` failed with exit code {code}: type the command above yourself")


def family_of(platform, release):
    """Which package manager a system has, by the text of its os-release."""
    if platform == "darwin":
        return "macos"
    fields = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    names = [fields.get(name, "").strip("\"'") for name in ("ID", "ID_LIKE")]
    for name in " ".join(names).split():
        family = {"rhel": "fedora", "centos": "fedora"}.get(name, name)
        if family in FAMILIES:
            return family
    return None


def os_release():
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Failed as failed:
        sys.exit(f"error: {failed}")
    except KeyboardInterrupt:
        sys.exit(130)
