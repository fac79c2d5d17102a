#!/usr/bin/env python3
"""The recipes of docs/recipes.md with the real ACME clients, on a local stage.

Each client gets a certificate from pebble, Let's Encrypt's test server, and renews it. Its hook drops both; the first one
has to be imported into ACM, and the second has to replace it under the same ARN. acme.sh is no package of Debian: its
deploy script is sourced and called as acme.sh does it, with certificates that openssl made.

Wants botocore and what `cargo test --all-features` has built: run it by `make clients`.
"""

import concurrent.futures
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import acme
import machine
import servers
from bulk import client as aws_client
from pki import PkiFailed
from stack import Failed, Stack

RECIPES = servers.ROOT / "docs" / "recipes.md"
# One run takes seconds, with a function of the debug build; on a busy machine some more.
PATIENCE = 120


def main():
    missing = [need for need in machine.CLIENTS if not need.is_there()]
    if missing:
        return without(missing)
    work = Path(tempfile.mkdtemp(prefix="certdrop-clients-"))
    try:
        with contextlib.ExitStack() as running:
            ministack, acm = servers.start(work, running, servers.start_certdrop_acm)
            stack = Stack(work, ministack, acm)
            stack.deploy()
            directory = acme.start(work, stack.pki, running)
            # At once: a client waits most of the time, for the function or for its own pauses.
            recipes = [recipe(work, stack, directory) for recipe in (Certbot, Lego, Dehydrated, Uacme, AcmeSh)]
            with concurrent.futures.ThreadPoolExecutor(len(recipes)) as pool:
                list(pool.map(run, recipes))
        shutil.rmtree(work)
        return 0
    except (Failed, servers.DidNotStart, PkiFailed) as why:
        print(f"error: {why}\nlogs: {work}", file=sys.stderr)
        return 1


def without(missing):
    """Where packages exist, all of them have to be there; elsewhere this says that nothing was tested."""
    names = ", ".join(need.what for need in missing)
    family = machine.family_of(sys.platform, machine.os_release())
    if all(machine.is_needed(need, family) for need in missing):
        print(f"error: not installed: {names}; `make clients` installs them", file=sys.stderr)
        return 1
    print(f"recipes for ACME clients: not run, because this system has no packages of: {names}")
    return 0


def run(recipe):
    """A certificate and its renewal: what ACM has after each of them."""
    started = time.monotonic()
    seen = []
    for act, headline in ((recipe.issue, "ACM has a new certificate."),
                          (recipe.renew, "The renewed certificate is served under the same ARN as before.")):
        before = recipe.told()
        act()
        # The function looks at a folder after each file, so that nothing may be left to do after the last one.
        told = recipe.told().removeprefix(before)
        if headline not in told and "it was imported by this upload." not in told:
            raise Failed(f"{recipe.client}: certdrop does not say `{headline}`\n{servers.tail(recipe.log)}")
        seen.append(recipe.served())
    (arn, serial), (arn_then, serial_then) = seen
    if arn_then != arn:
        raise Failed(f"{recipe.name}: the renewal has the ARN {arn_then}, the first certificate had {arn}")
    if serial_then == serial:
        raise Failed(f"{recipe.name}: ACM has the first certificate after the renewal, too")
    print(f"{recipe.name:<11} imported and replaced under one ARN, {time.monotonic() - started:4.1f} s", flush=True)


class Recipe:
    """One section of the recipes, with names and folders of its own in place of those that are written there."""

    def __init__(self, work, stack, directory):
        self.name = self.client.replace(".", "-")
        self.domain = f"{self.name}.example.com"
        self.stack, self.directory = stack, directory
        self.folder = work / self.name
        (self.folder / "web/.well-known/acme-challenge").mkdir(parents=True)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/certdrop").symlink_to(servers.target_folder() / "debug/certdrop")
        self.log = work / f"{self.name}.log"
        self.environment = {
            **stack.environment,
            **acme.trust(stack.pki),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "UACME_CHALLENGE_PATH": str(self.folder / "web/.well-known/acme-challenge"),
        }
        text = RECIPES.read_text().partition(f"\n## {self.client}\n")[2].partition("\n## ")[0]
        self.blocks = [self.here(block) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]

    def here(self, text):
        for written, ours in (("www.example.com", self.domain), ("/var/www/html", self.folder / "web"),
                              ("/etc/ssl/uacme", self.folder), ("/etc/lego", self.folder)):
            text = text.replace(written, str(ours))
        return text

    def program(self, name, text):
        """Writes an executable file."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def wrapper(self, options, **settings):
        """What stands in a client's own configuration: its server and its folders."""
        set_here = " ".join(f"{name}={value}" for name, value in settings.items())
        self.program(f"bin/{self.client}", f'#!/bin/sh\nexec env {set_here} {shutil.which(self.client)} {options} "$@"\n')

    def shell(self, command, **settings):
        with open(self.log, "ab") as log:
            done = subprocess.run(["sh", "-ec", command], env={**self.environment, **settings}, cwd=self.folder,
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, timeout=PATIENCE)
        if done.returncode != 0:
            raise Failed(f"{command}: exit code {done.returncode}\n{servers.tail(self.log)}")

    def told(self):
        """What client and hook have said so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def served(self):
        """The ARN and the serial number of what ACM has, which is what the client has."""
        name = f"/certdrop/{self.domain}/certificate-arn"
        parameters = aws_client(self.stack, "ssm").get_parameters(Names=[name])["Parameters"]
        if not parameters:
            raise Failed(f"{self.client}: nothing was imported\n{servers.tail(self.log)}")
        arn = parameters[0]["Value"]
        certificate = aws_client(self.stack, "acm").describe_certificate(CertificateArn=arn)["Certificate"]
        serial = self.stack.pki.serial(self.certificate)
        if certificate["Serial"] != serial:
            raise Failed(f"{self.client}: it has {serial}, and ACM {certificate['Serial']}\n{servers.tail(self.log)}")
        return arn, serial


class Certbot(Recipe):
    client = "certbot"

    def issue(self):
        self.wrapper(f"--server {self.directory} --config-dir {self.folder}/etc --work-dir {self.folder}/lib "
                     f"--logs-dir {self.folder}/log --non-interactive --agree-tos --register-unsafely-without-email")
        self.shell(self.blocks[0])

    def renew(self):
        self.shell("certbot renew --force-renewal --no-random-sleep-on-renew")

    @property
    def certificate(self):
        return self.folder / "etc/live" / self.domain / "cert.pem"


class Lego(Recipe):
    client = "lego"

    def issue(self):
        self.wrapper(f"--server {self.directory} --path {self.folder}/lego --accept-tos")
        self.program("certdrop", self.blocks[0])
        self.first, self.later = self.blocks[1].splitlines()
        self.shell(self.first)

    def renew(self):
        # Of any age, and without the pause that is for the sake of the authority.
        self.shell(f"{self.later} --days 10000 --no-random-sleep")

    @property
    def certificate(self):
        return self.folder / f"lego/certificates/{self.domain}.crt"


class Dehydrated(Recipe):
    client = "dehydrated"

    def issue(self):
        (self.folder / "config").write_text(
            f"CA={self.directory}\nBASEDIR={self.folder}\nWELLKNOWN={self.folder}/web/.well-known/acme-challenge\n"
            f"HOOK={self.program('hook.sh', self.blocks[0])}\n")
        self.shell("dehydrated --config config --register --accept-terms")
        self.cron = f"dehydrated --config config --cron --domain {self.domain}"
        self.shell(self.cron)

    def renew(self):
        self.shell(f"{self.cron} --force")

    @property
    def certificate(self):
        return self.folder / "certs" / self.domain / "cert.pem"


class Uacme(Recipe):
    client = "uacme"

    def issue(self):
        options = f"--acme-url {self.directory} --confdir {self.folder} --yes"
        trust = acme.with_other_roots(self.folder)
        self.wrapper(options, LD_PRELOAD=trust)
        self.shell("uacme new")
        self.shell(self.blocks[0])
        self.wrapper(f"{options} --force", LD_PRELOAD=trust)

    def renew(self):
        self.shell(self.blocks[0])

    @property
    def certificate(self):
        return self.folder / self.domain / "cert.pem"


class AcmeSh(Recipe):
    client = "acme.sh"

    def issue(self):
        self.deploy("first", days=30)

    def renew(self):
        self.deploy("renewed", days=60)

    def deploy(self, label, days):
        """As `_deploy` of acme.sh does it: domain, key, certificate, CA, full chain."""
        pki = self.stack.pki
        certificate, key = pki.leaf(f"acme-sh-{label}", [self.domain], days)
        whole = self.folder / f"{label}-fullchain.cer"
        whole.write_text(certificate.read_text() + pki.intermediate.read_text())
        script = self.program("certdrop.sh", self.blocks[0])
        self.shell(f". {script}; certdrop_deploy {self.domain} {key} {certificate} {pki.intermediate} {whole}")
        self.certificate = certificate


if __name__ == "__main__":
    sys.exit(main())
