#!/usr/bin/env python3
"""certdrop on a local stage: deploys template.yaml, drops bundles, prints the outcomes.

Everything runs on loopback. No AWS account, no Docker. Exits with 0 only if every step had the
expected outcome.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import progress
import servers
import tools
from pki import PkiFailed
from stack import Failed, Stack

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["www.example.com", "example.com"]
ALL_KEY_TYPES = "keyTypes=RSA_1024,RSA_2048,RSA_3072,RSA_4096,EC_prime256v1,EC_secp384r1,EC_secp521r1"

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main():
    arguments = parsed()
    for sign in STOP_SIGNALS:
        signal.signal(sign, interrupted)
    work = Path(tempfile.mkdtemp(prefix="certdrop-stage-"))
    failed = True
    try:
        with contextlib.ExitStack() as running:
            stack = set_up(arguments, work, running)
            try:
                show(stack)
                if arguments.built:
                    beside(stack)
                if arguments.stay:
                    stay(stack)
            except Failed as why:
                say_failure(why, stack.function_log())
                return 1
        failed = False
        return 0
    except (Failed, servers.DidNotStart, PkiFailed) as why:
        say_failure(why, "")
        return 1
    except KeyboardInterrupt:
        failed = False
        print("\nstopped")
        return 130
    finally:
        # The private keys of the stack are worth nothing, but its logs are after a failure.
        if failed and any(work.glob("*.log")):
            print(f"logs: {work}", file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--acm", choices=servers.ACMS, default="certdrop",
                        help="which ACM: certdrop's own, strict one (default), or moto's, which accepts nearly everything")
    parser.add_argument("--built", action="store_true",
                        help="use the programs that `cargo test --all-features` has built")
    parser.add_argument("--stay", action="store_true", help="keep the stage running afterwards, until Ctrl-C")
    return parser.parse_args()


def interrupted(*_):
    # Once is enough: a second one must not stop the stopping.
    for sign in STOP_SIGNALS:
        signal.signal(sign, signal.SIG_IGN)
    raise KeyboardInterrupt


# --- setting the stack -----------------------------------------------------------------------------------------------


def set_up(arguments, work, running):
    """Builds, starts the servers and deploys; `running` stops what was started."""
    print(bold("certdrop on a local stage"))
    say("installing tools" if arguments.built else "installing tools, building the function")
    prepare(arguments)
    with step(f"starting ministack and {arguments.acm}'s ACM"):
        ministack, acm = servers.start(work, running, servers.ACMS[arguments.acm])
    stack = Stack(work, ministack, acm)
    with step("deploying template.yaml"):
        stack.deploy()
    return stack


def prepare(arguments):
    """Builds while the tools are installed: one waits for the network, the other for the processor."""
    wanted = ["aws", "ministack", *(["moto"] if arguments.acm == "moto" else [])]
    with subprocess.Popen([sys.executable, tools.__file__, *wanted], stdin=subprocess.DEVNULL) as installing:
        try:
            if not arguments.built:
                build(arguments.acm)
        except BaseException:
            installing.terminate()
            raise
    if installing.returncode != 0:
        raise Failed("the tools could not be installed, see above")


def build(acm):
    """The debug profile: what is shown is the same, and it is built in a fraction of the time."""
    # One call for both, because another set of features would compile every dependency again; and without
    # the command line tool, which is not on this stage.
    ours = ["--package", "certdrop-acm", "--bin", "certdrop-acm"] if acm == "certdrop" else []
    command = ["cargo", "build", "--package", "certdrop", "--no-default-features", "--features", "certdrop/function",
               "--bin", "bootstrap", *ours]
    if progress.run(command, folder=ROOT) != 0:
        raise Failed(f"{' '.join(command)} failed")


# --- the show --------------------------------------------------------------------------------------------------------


def show(stack):
    """Four drops with one name, and what ACM has in the end."""
    pki = stack.pki
    first, first_key = pki.leaf("first", NAMES, days=20)
    renewed, renewed_key = pki.leaf("renewed", NAMES, days=90)
    newest, _ = pki.leaf("newest", NAMES, days=120)

    imported = dropped(stack, "a new bundle", pki.bundle("new", first, first_key), "imported")
    expect(imported["certificate"]["Serial"], pki.serial(first), "the serial number that ACM has")
    arn = imported["certificate_arn"]

    replaced = dropped(stack, "its renewal, under the same name", pki.bundle("renewal", renewed, renewed_key), "replaced")
    expect(replaced["certificate_arn"], arn, "the ARN after the renewal")
    expect(replaced["certificate"]["Serial"], pki.serial(renewed), "the serial number under the first ARN")

    same = dropped(stack, "the same bundle again", pki.bundle("again", renewed, renewed_key), "unchanged")
    expect(same["certificate_arn"], arn, "the ARN after the same bundle again")

    broken = dropped(stack, "a newer certificate, with the private key of another", pki.bundle("broken", newest, first_key), "rejected")
    expect(broken["object"]["key"], stack.key, "the object that the summary names")
    mismatch = [finding for finding in broken["findings"] if finding["code"] == "key-mismatch"]
    expect([bool(finding["remedy"]) for finding in mismatch], [True], "a finding key-mismatch with a remedy")

    asked(stack, arn, pki.serial(renewed))
    swept(stack, arn)
    print(green("\nAll steps had the expected outcome: one certificate, one ARN, and the rejected bundle changed nothing."))


def dropped(stack, title, path, expected):
    print(f"\n{bold(title)}\n{dim(f'$ aws s3api put-object --bucket {stack.bucket} --key {stack.key} --body {path.name}')}")
    started = time.monotonic()
    version = stack.drop(path)
    tags, summary = stack.outcome(version)
    tell(summary, time.monotonic() - started)
    expect(tags["certdrop:outcome"], expected, "the object's tag certdrop:outcome")
    expect(summary["outcome"], expected, "the summary's outcome")
    expect("certificate" in summary, True, "what ACM has, in the summary,")
    expect(tags.get("certdrop:certificate-arn"), summary.get("certificate_arn"), "the object's tag with the ARN")
    return summary


def tell(summary, seconds):
    """The main facts of a summary."""
    outcome = summary["outcome"]
    colour = red if outcome == "rejected" else green
    print(f"  {colour(outcome)}, after {seconds:.1f} s")
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


def asked(stack, arn, serial):
    """What ACM has, by the AWS command line."""
    print(f"\n{bold('what ACM has')}")
    print(dim(f"$ aws acm describe-certificate --certificate-arn {arn}"))
    certificate = stack.aws("acm", "describe-certificate", "--certificate-arn", arn)["Certificate"]
    for name in ("DomainName", "Serial", "Issuer", "NotAfter", "Status", "Type"):
        print(f"  {name:<11} {certificate.get(name)}")
    expect(certificate["Serial"], serial, "the serial number that ACM shows")

    print(dim("$ aws acm list-certificates"))
    listed = stack.aws("acm", "list-certificates", "--includes", ALL_KEY_TYPES)["CertificateSummaryList"]
    for found in listed:
        print(f"  {found['CertificateArn']}  {found['DomainName']}")
    expect([found["CertificateArn"] for found in listed if found["DomainName"] == NAMES[0]], [arn],
           "the certificates of this bundle")


def swept(stack, arn):
    """The sweep, and the status page that it writes."""
    print(f"\n{bold('a sweep, and the status page that it writes')}")
    print(dim(f"$ aws lambda invoke --function-name {stack.outputs['FunctionName']} --payload fileb://events/sweep.json answer.json"))
    report = stack.sweep()
    expect(report.get("bundles"), 1, "the number of bundles that the sweep found")
    page = servers.target_folder() / "status.html"
    print(dim(f"$ aws s3 cp s3://{stack.bucket}/summaries/status.html {page}"))
    stack.aws("s3", "cp", "--quiet", f"s3://{stack.bucket}/summaries/status.html", page)
    text = page.read_text(encoding="utf-8")
    for words in ("<title>certdrop: 1 of 1 ", "rejected", arn):
        expect(words in text, True, f"`{words}` in {page}")
    print(f"  1 bundle, 1 needs action: open {page} in a browser")


def parse_instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def expect(found, wanted, what):
    if found != wanted:
        raise Failed(f"{what}: expected {wanted!r}, got {found!r}")


def beside(stack):
    """A second stack in the same account and region: both work, and neither sees the other's bundles."""
    print(f"\n{bold('a second stack in the same account and region')}")
    other = Stack(stack.work, stack.ministack, stack.acm, "other", "shop.example.com", stack.pki)
    with step("deploying template.yaml again"):
        other.deploy(ParameterPrefix="/other")
    leaf, key = stack.pki.leaf("shop", [other.bundle], days=60)
    imported = dropped(other, "a bundle in the second stack", stack.pki.bundle("shop", leaf, key), "imported")
    expect(imported["certificate"]["Serial"], stack.pki.serial(leaf), "the serial number that ACM has")
    for this in (stack, other):
        expect(this.sweep().get("bundles"), 1, f"the number of bundles that a sweep of {this.name} finds")
        expect(this.metrics("Swept"), {this.name}, f"the dimension `stack` of the metrics of {this.name}")
    names = [schedule["Name"] for schedule in stack.aws("scheduler", "list-schedules")["Schedules"]]
    expect(sorted(name.split("-")[0] for name in names), ["certdrop", "other"], "the schedules of the two stacks")
    print(f"  schedules: {', '.join(sorted(names))}")


def stay(stack):
    """Keeps the stack running, to be used from another terminal."""
    print(f"\n{bold('The stack runs until Ctrl-C.')} To use it from another terminal:")
    for name in sorted(stack.environment):
        if name.startswith("AWS_"):
            print(f"  export {name}={stack.environment[name]}")
    print(f"  {servers.TOOLS / 'aws/bin/aws'} s3 cp FILE s3://{stack.bucket}/drop/")
    print(f"  {servers.TOOLS / 'aws/bin/aws'} lambda invoke --function-name {stack.outputs['FunctionName']} "
          "--payload fileb://events/sweep.json answer.json")
    sys.stdout.flush()
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print("\nstopped")


# --- output ---------------------------------------------------------------------------------------------------------


def say(what):
    """Announces work that reports by itself."""
    print(f"  {what}", flush=True)


@contextlib.contextmanager
def step(what):
    """Announces work that is silent, and says how long it took."""
    print(f"  {what}", end="", flush=True)
    started = time.monotonic()
    try:
        yield
        print(dim(f", {time.monotonic() - started:.1f} s"), end="")
    finally:
        print(flush=True)


def say_failure(why, log):
    sys.stdout.flush()
    print(f"{red('error')}: {why}", file=sys.stderr)
    if log:
        print(f"the function's log ends with:\n{log}", file=sys.stderr)


def painter(code):
    enabled = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return lambda text: f"\x1b[{code}m{text}\x1b[0m" if enabled else text


bold, dim, red, green, yellow = map(painter, ("1", "2", "31", "32", "33"))


if __name__ == "__main__":
    sys.exit(main())
