"""The servers of the stage: children in process groups of their own, ended with everything they started."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("CERTDROP_TOOLS", ROOT / ".tools"))
ACCOUNT = "123456789012"
REGION = "eu-central-1"


class DidNotStart(Exception):
    """A server ended or kept silent; the text holds the end of its log."""


class Server:
    """A program that listens on a loopback port until it is stopped."""

    def __init__(self, name, port, command, environment, work):
        self.name, self.port, self.log = name, port, work / f"{name}.log"
        self.url = f"http://127.0.0.1:{port}"
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                # Nothing of this shell: what it exports would leak into the function.
                env={"PATH": os.environ["PATH"], "HOME": str(work), "TMPDIR": str(work), **environment},
                cwd=work, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )

    def wait(self, seconds=60):
        """Returns once the port answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DidNotStart(f"{self.name} ended with {self._process.returncode}:\n{tail(self.log)}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise DidNotStart(f"{self.name} does not answer on port {self.port} after {seconds} s:\n{tail(self.log)}")

    def stop(self):
        """Asks the whole group to end, then makes it."""
        for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                os.killpg(self._process.pid, sign)
            except ProcessLookupError:
                break
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        self._process.poll()


def start_ministack(work, acm_url):
    """All of AWS but ACM. What it runs as Lambda inherits the endpoints."""
    port = free_port()
    return Server("ministack", port, [TOOLS / "ministack/bin/ministack"], {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "LAMBDA_ACCOUNT_CONCURRENCY": "8",
        **endpoints(f"http://127.0.0.1:{port}", acm_url),
    }, work)


def start_certdrop_acm(work, *options):
    """Our own ACM, as strict as AWS's."""
    port = free_port()
    binary = target_folder() / "debug" / "certdrop-acm"
    return Server("certdrop-acm", port,
                  [binary, "--port", port, "--account", ACCOUNT, "--region", REGION, *options], {}, work)


def start_moto(work):
    """Somebody else's ACM, which takes nearly everything."""
    port = free_port()
    return Server("moto", port, [TOOLS / "moto/bin/python", ROOT / "stage/moto_acm.py",
                                 "-H", "127.0.0.1", "-p", port], {}, work)


def start(work, running, start_acm):
    """ministack and the ACM that `start_acm` starts, ready to be asked; `running` stops them."""
    acm = start_acm(work)
    running.callback(acm.stop)
    ministack = start_ministack(work, acm.url)
    running.callback(ministack.stop)
    acm.wait()
    ministack.wait()
    return ministack, acm


# By the name that --acm takes.
ACMS = {"certdrop": start_certdrop_acm, "moto": start_moto}


def endpoints(every, acm):
    """Where programs find AWS, as its SDKs and command line read it."""
    return {
        "AWS_ENDPOINT_URL": every,
        "AWS_ENDPOINT_URL_ACM": acm,
        "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API": acm,
    }


def client_environment(every, acm, work):
    """For the AWS command line: the stage, and nothing of the person's own accounts."""
    configuration = work / "aws-config"
    configuration.write_text("[default]\ncli_timestamp_format = iso8601\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **own,
        **endpoints(every, acm),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(configuration),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


def target_folder():
    """Where cargo puts what it builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def tail(log, lines=15):
    """The end of a log, for a person who asks why."""
    try:
        return "\n".join(Path(log).read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
