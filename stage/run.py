#!/usr/bin/env python3
"""certdrop on a local stage: deploys template.yaml, drops bundles as a person would, shows what becomes of them.

Everything runs on loopback. No AWS account, no Docker. Ends with 0 only if every step had the
outcome that it has to have.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import servers
import tools
from pki import Pki

ROOT = Path(__file__).resolve().parent.parent
STACK = "certdrop"
BUNDLE = "www.example.com"
NAMES = ["www.example.com", "example.com"]
KEY = f"drop/{BUNDLE}.pem"
ALL_KEY_TYPES = "keyTypes=RSA_1024,RSA_2048,RSA_3072,RSA_4096,EC_prime256v1,EC_secp384r1,EC_secp521r1"

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failed(Exception):
    """The demonstration did not go as it must; the text says where and why."""


def main():
    arguments = parsed()
    for sign in STOP_SIGNALS:
        signal.signal(sign, interrupted)
    work = Path(tempfile.mkdtemp(prefix="certdrop-stage-"))
    succeeded = False
    try:
        with contextlib.ExitStack() as running:
            stage = set_up(arguments, work, running)
            try:
                show(stage)
                if arguments.stay:
                    stay(stage)
            except Failed as failed:
                say_failure(failed, stage.function_log())
                return 1
        succeeded = True
        return 0
    except (Failed, servers.DidNotStart, tools.Failed, RuntimeError) as failed:
        say_failure(failed, "")
        return 1
    except KeyboardInterrupt:
        print("\nstopped")
        return 130
    finally:
        # The private keys of the stage are worth nothing, but its logs are after a failure.
        if succeeded or not (work / "ministack.log").exists():
            shutil.rmtree(work, ignore_errors=True)
        else:
            print(f"logs: {work}", file=sys.stderr)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--acm", choices=servers.ACMS, default="certdrop",
                        help="which ACM: certdrop's own, strict one (default), or moto, which takes nearly everything")
    parser.add_argument("--stay", action="store_true", help="leave the stage up afterwards, until Ctrl-C")
    return parser.parse_args()


def interrupted(*_):
    # Once is enough: a second one must not stop the stopping.
    for sign in STOP_SIGNALS:
        signal.signal(sign, signal.SIG_IGN)
    raise KeyboardInterrupt


# --- setting the stage -----------------------------------------------------------------------------------------------


def set_up(arguments, work, running):
    """Builds, starts the servers and deploys; `running` stops what was started."""
    print(bold("certdrop on a local stage"))
    with step("tools"):
        tools.main([])
    with step("building the function"):
        build(arguments.acm)
    with step(f"starting AWS: ministack, and {arguments.acm}'s ACM"):
        acm = servers.ACMS[arguments.acm](work)
        running.callback(acm.stop)
        ministack = servers.start_ministack(work, acm.url)
        running.callback(ministack.stop)
        acm.wait()
        ministack.wait()
    stage = Stage(work, ministack, acm)
    with step("deploying template.yaml"):
        stage.deploy()
    return stage


def build(acm):
    """The debug profile: what is shown is the same, and it is built in a fraction of the time."""
    # One call for both, because another set of features would compile every dependency again.
    wanted = (["--features", "local-acm", "--bin", "bootstrap", "--bin", "certdrop-acm"] if acm == "certdrop"
              else ["--no-default-features", "--bin", "bootstrap"])
    done = subprocess.run(["cargo", "build", "--quiet", *wanted], cwd=ROOT, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Failed(f"cargo build {' '.join(wanted)} failed")


class Stage:
    """The deployed stack, used through the AWS command line."""

    def __init__(self, work, ministack, acm):
        self.work, self.ministack, self.acm = work, ministack, acm
        self.environment = servers.client_environment(ministack.url, acm.url, work)
        self.outputs = {}
        self.pki = Pki(work / "pki")

    def aws(self, *arguments):
        """Runs `aws` and gives its answer, parsed where it is JSON."""
        command = [str(servers.TOOLS / "aws/bin/aws"), *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"aws {' '.join(map(str, arguments))}:\n{(done.stderr or done.stdout).strip()}")
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout.strip()

    def deploy(self):
        """What `sam build` and `sam deploy` do, with the debug build."""
        built = self.work / "build"
        (built / "Function").mkdir(parents=True)
        shutil.copy(servers.target_folder() / "debug" / "bootstrap", built / "Function" / "bootstrap")
        (built / "template.yaml").write_text(self.template())
        self.aws("s3", "mb", "s3://stage-artifacts")
        self.aws("cloudformation", "package", "--template-file", built / "template.yaml",
                 "--s3-bucket", "stage-artifacts", "--output-template-file", built / "packaged.yaml")
        processor = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        self.aws("cloudformation", "deploy", "--stack-name", STACK, "--template-file", built / "packaged.yaml",
                 "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
                 "--parameter-overrides", f"Architecture={processor}")
        described = self.aws("cloudformation", "describe-stacks", "--stack-name", STACK)
        outputs = described["Stacks"][0]["Outputs"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def template(self):
        """template.yaml, with the two paths in it that are Lambda's changed to this machine's."""
        template = (ROOT / "template.yaml").read_text()
        for lambdas, ours in (("CodeUri: .\n", "CodeUri: Function\n"),
                              ("SSL_CERT_FILE: /etc/pki/tls/certs/ca-bundle.crt\n", f"SSL_CERT_FILE: {self.pki.root}\n")):
            if template.count(lambdas) != 1:
                raise Failed(f"template.yaml has not one `{lambdas.strip()}` any more; adapt stage/run.py")
            template = template.replace(lambdas, ours)
        return template

    @property
    def bucket(self):
        return self.outputs["BucketName"]

    def drop(self, path):
        """Puts a file under the bundle's key; gives the version that S3 made of it."""
        put = self.aws("s3api", "put-object", "--bucket", self.bucket, "--key", KEY, "--body", path)
        return put["VersionId"]

    def outcome(self, version, seconds=30):
        """Waits until the function has tagged this version; gives its tags and the summary of it."""
        deadline = time.monotonic() + seconds
        tags = {}
        while time.monotonic() < deadline:
            answer = self.aws("s3api", "get-object-tagging", "--bucket", self.bucket, "--key", KEY,
                              "--version-id", version)
            tags = {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}
            summary = self.summary_of(version) if "certdrop:outcome" in tags else None
            if summary:
                return tags, summary
        raise Failed(f"after {seconds} s the object {KEY} has no outcome (its tags: {tags or 'none'})")

    def summary_of(self, version):
        """The summary of a version of the object, or None as long as there is none."""
        folder = self.work / "summaries"
        self.aws("s3", "cp", "--recursive", "--quiet", f"s3://{self.bucket}/summaries/{BUNDLE}/", folder)
        summaries = [json.loads(path.read_text()) for path in folder.glob("*.json")]
        return next((summary for summary in summaries if summary["object"].get("version_id") == version), None)

    def function_log(self):
        """The end of what the function said; where it did not get to say anything, what was said about it."""
        try:
            events = self.aws("logs", "filter-log-events", "--log-group-name", self.outputs["LogGroupName"])["events"]
        except (Failed, KeyError):
            events = []
        said = [event["message"].rstrip() for event in events]
        said = [line for line in said if not line.startswith(("START ", "END ", "REPORT "))]
        return "\n".join(said[-15:]) or servers.tail(self.ministack.log)


# --- the show --------------------------------------------------------------------------------------------------------


def show(stage):
    """Four drops under one name, and what ACM says in the end."""
    pki = stage.pki
    first, first_key = pki.leaf("first", NAMES, days=20)
    renewed, renewed_key = pki.leaf("renewed", NAMES, days=90)
    newest, _ = pki.leaf("newest", NAMES, days=120)

    imported = dropped(stage, "a new bundle", pki.bundle("new", first, first_key), "imported")
    expect(imported["certificate"]["Serial"], pki.serial(first), "the serial number that ACM has")
    arn = imported["certificate_arn"]

    replaced = dropped(stage, "its renewal, under the same name", pki.bundle("renewal", renewed, renewed_key), "replaced")
    expect(replaced["certificate_arn"], arn, "the ARN after the renewal")
    expect(replaced["certificate"]["Serial"], pki.serial(renewed), "the serial number under the first ARN")

    same = dropped(stage, "the same again", pki.bundle("again", renewed, renewed_key), "unchanged")
    expect(same["certificate_arn"], arn, "the ARN after the same again")

    broken = dropped(stage, "a newer one, with the key of another", pki.bundle("broken", newest, first_key), "rejected")
    expect(broken["object"]["key"], KEY, "the object that the summary names")
    mismatch = [finding for finding in broken["findings"] if finding["code"] == "key-mismatch"]
    expect([bool(finding["remedy"]) for finding in mismatch], [True], "a finding key-mismatch with a remedy")

    asked(stage, arn, pki.serial(renewed))
    print(green("\nAll as it must be: one certificate, one ARN, and the bad bundle changed nothing."))


def dropped(stage, title, path, expected):
    print(f"\n{bold(title)}\n{dim(f'$ aws s3api put-object --bucket {stage.bucket} --key {KEY} --body {path.name}')}")
    started = time.monotonic()
    version = stage.drop(path)
    tags, summary = stage.outcome(version)
    tell(summary, time.monotonic() - started)
    expect(tags["certdrop:outcome"], expected, "the object's tag certdrop:outcome")
    expect(summary["outcome"], expected, "the summary's outcome")
    expect("certificate" in summary, True, "what ACM has, in the summary,")
    expect(tags.get("certdrop:certificate-arn"), summary.get("certificate_arn"), "the object's tag with the ARN")
    return summary


def tell(summary, seconds):
    """What a person wants to know of a summary."""
    outcome = summary["outcome"]
    colour = red if outcome == "rejected" else green
    print(f"  {colour(outcome)}, seen after {seconds:.1f} s")
    certificate = summary.get("certificate")
    if certificate:
        days = (parse_instant(certificate["NotAfter"]) - datetime.now(timezone.utc)).days
        print(f"  {summary['certificate_arn']}")
        print(f"  {', '.join(certificate['SubjectAlternativeNames'])}: {days} days left, serial {certificate['Serial']}")
    for finding in summary["findings"]:
        colour = red if finding["severity"] == "error" else yellow
        print(f"  {colour(finding['severity'])} {finding['code']}: {finding['message']}")
        if finding.get("remedy"):
            print(f"    {finding['remedy']}")


def asked(stage, arn, serial):
    """ACM's own word, by the AWS command line."""
    print(f"\n{bold('what ACM itself says')}")
    print(dim(f"$ aws acm describe-certificate --certificate-arn {arn}"))
    certificate = stage.aws("acm", "describe-certificate", "--certificate-arn", arn)["Certificate"]
    for name in ("DomainName", "Serial", "Issuer", "NotAfter", "Status", "Type"):
        print(f"  {name:<11} {certificate.get(name)}")
    expect(certificate["Serial"], serial, "the serial number that ACM shows")

    print(dim("$ aws acm list-certificates"))
    listed = stage.aws("acm", "list-certificates", "--includes", ALL_KEY_TYPES)["CertificateSummaryList"]
    for found in listed:
        print(f"  {found['CertificateArn']}  {found['DomainName']}")
    expect([found["CertificateArn"] for found in listed if found["DomainName"] == NAMES[0]], [arn],
           "the certificates of this bundle")


def parse_instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def expect(found, wanted, what):
    if found != wanted:
        raise Failed(f"{what} must be {wanted!r}, and is {found!r}")


def stay(stage):
    """Leaves the stage to the person at the terminal."""
    print(f"\n{bold('The stage stays up until Ctrl-C.')} To use it from another terminal:")
    for name in sorted(stage.environment):
        if name.startswith("AWS_"):
            print(f"  export {name}={stage.environment[name]}")
    print(f"  {servers.TOOLS / 'aws/bin/aws'} s3 cp FILE s3://{stage.bucket}/drop/")
    print(f"  {servers.TOOLS / 'aws/bin/aws'} lambda invoke --function-name {stage.outputs['FunctionName']} "
          "--payload file://events/sweep.json answer.json")
    sys.stdout.flush()
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print("\nstopped")


# --- saying it -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def step(what):
    print(f"  {what} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"    {dim(f'{time.monotonic() - started:.1f} s')}", flush=True)


def say_failure(failed, log):
    sys.stdout.flush()
    print(f"{red('error')}: {failed}", file=sys.stderr)
    if log:
        print(f"the function's log ends with:\n{log}", file=sys.stderr)


def painter(code):
    enabled = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return lambda text: f"\x1b[{code}m{text}\x1b[0m" if enabled else text


bold, dim, red, green, yellow = map(painter, ("1", "2", "31", "32", "33"))


if __name__ == "__main__":
    sys.exit(main())
