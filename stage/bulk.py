#!/usr/bin/env python3
"""Many bundles at once, at ACM's pace, with the deployed template on a local stage.

    stage/bulk.py --bundles 300                      one import a second, as AWS has it
    stage/bulk.py --bundles 2500 --times 20          all of ACM's rates times twenty
    stage/bulk.py --bundles 2500 --times 20 --due    no event is sent, and one sweep is started
    stage/bulk.py --sweep 150                        one `certdrop sweep` at AWS's rates, without a function
    stage/bulk.py --singly 30                        how long one bundle takes from put to tag

First all bundles are dropped at once, then the renewals of all of them; with --due they are dropped once. Ends with
0 only if every bundle is imported, none is among the dead letters, and time and refusals keep the limits. ministack
plays SQS, S3 and Lambda, its event source mapping with MaximumConcurrency and partial batches among it; certdrop-acm
plays ACM.

Wants botocore: run it by `make bulk`.
"""

import argparse
import concurrent.futures
import contextlib
import functools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import botocore.session
from botocore.config import Config

import servers
from stack import CONCURRENCY, Failed, Stack

# Beside the time that the quota takes, and of the calls that import.
MOST_TIME, MOST_REFUSED = 1.2, 0.2
# A sweep begins with lists, works on some bundles at once, and the next one begins when it has ended.
MOST_TIME_OF_SWEEPS = 2
# In a load that is smaller than this, the first crowd, which does not know of each other, and the start weigh more.
WHOLE = 300
BATCH = 10
MEMORY_GB = 0.25


def main():
    arguments = parsed()
    work = Path(tempfile.mkdtemp(prefix="certdrop-bulk-"))
    try:
        with contextlib.ExitStack() as running:
            ministack, acm = servers.start(work, running, lambda work: servers.start_certdrop_acm(work, "--aws-rates"))
            stack = Stack(work, ministack, acm)
            if arguments.sweep:
                swept(stack, arguments.sweep)
            elif arguments.singly:
                stack.deploy()
                singly(stack, arguments.singly)
            else:
                set_rates(acm, arguments.times)
                stack.deploy(ImportsPerSecond=arguments.times)
                loaded(stack, arguments)
        shutil.rmtree(work)
        return 0
    except (Failed, servers.DidNotStart) as why:
        print(f"error: {why}\nlogs: {work}", file=sys.stderr)
        return 1


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundles", type=int, default=300)
    parser.add_argument("--times", type=int, default=1, help="how many times ACM's rates")
    parser.add_argument("--due", action="store_true", help="lose all events, and start one sweep")
    parser.add_argument("--sweep", type=int, metavar="BUNDLES")
    parser.add_argument("--singly", type=int, metavar="BUNDLES")
    return parser.parse_args()


# ACM's rates a second, with what may be asked for at once after a pause.
RATES = {"ImportCertificate": 1, "DescribeCertificate": 10, "ListTagsForCertificate": 10, "SearchCertificates": 5}


def set_rates(acm, times):
    rates = {operation: {"per_second": rate * times} for operation, rate in RATES.items()}
    body = {"rate": rates, "quota": {"certificates": 10_000, "imports_per_year": 100_000}}
    request = urllib.request.Request(f"{acm.url}/_certdrop/knobs", json.dumps(body).encode(),
                                     {"content-type": "application/json"})
    urllib.request.urlopen(request).read()


def client(stack, service):
    session = botocore.session.get_session()
    endpoint = stack.acm.url if service == "acm" else stack.ministack.url
    return session.create_client(
        service, region_name=servers.REGION, endpoint_url=endpoint, aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard", "max_attempts": 20},
                      max_pool_connections=16))


# --- through the queue -----------------------------------------------------------------------------------------------


def loaded(stack, arguments):
    s3 = client(stack, "s3")
    names = [f"bulk-{number:04}.example.com" for number in range(arguments.bundles)]
    print(f"{len(names)} bundles, {arguments.times} import(s) a second, {CONCURRENCY} functions at once")
    print(f"{'':10} {'seconds':>8} {'x quota':>8} {'refused':>8} {'at once':>8} {'GB-s each':>10} {'dead':>5}")
    passes = [("imports", 60, "imported"), ("renewals", 90, "replaced")]
    if arguments.due:
        passes = [("a sweep", 60, "imported")]
        s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
    for pass_number, (what, days, outcome) in enumerate(passes, 1):
        bundles = list(stack.pki.bundles(names, days))
        mark = time.time()
        drop(s3, stack.bucket, bundles)
        if arguments.due:
            mark = time.time()
            # As the schedule does.
            client(stack, "lambda").invoke(FunctionName=stack.outputs["FunctionName"], InvocationType="Event",
                                           Payload=b'{"sweep": {}}')
        took = wait(s3, stack, pass_number * len(names), mark, len(names) / arguments.times)
        check(s3, stack, names, outcome)
        table(stack, what, took, mark, arguments)
    listed = certificates(stack)
    if len(listed) != len(names):
        raise Failed(f"ACM has {len(listed)} certificates, not {len(names)}")


def singly(stack, count):
    """One bundle after the other, each when the one before has its outcome, so that nothing waits for ACM's rate."""
    s3 = client(stack, "s3")
    took = []
    for name, text in stack.pki.bundles([f"single-{number:03}.example.com" for number in range(count)], 60):
        key = f"drop/{name}.pem"
        put = time.monotonic()
        s3.put_object(Bucket=stack.bucket, Key=key, Body=text.encode())
        while (outcome := outcome_of(s3, stack, name)) is None and time.monotonic() < put + 60:
            time.sleep(0.01)
        if outcome != "imported":
            raise Failed(f"{key} is {outcome}, not imported")
        took.append(time.monotonic() - put)
        # ACM's token for the next import.
        time.sleep(1)
    took.sort()
    print(f"from put to tag, {count} bundles one after the other: median {took[count // 2]:.2f} s, "
          f"nine in ten {took[count * 9 // 10]:.2f} s, longest {took[-1]:.2f} s")


def outcome_of(s3, stack, name):
    tags = s3.get_object_tagging(Bucket=stack.bucket, Key=f"drop/{name}.pem")["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in tags}.get("certdrop:outcome")


def drop(s3, bucket, bundles):
    def put(bundle):
        name, text = bundle
        s3.put_object(Bucket=bucket, Key=f"drop/{name}.pem", Body=text.encode())

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(put, bundles))


def wait(s3, stack, summaries, mark, quota):
    """Until there are so many summaries: the seconds since `mark`."""
    deadline = time.monotonic() + quota * 3 + 120
    pages = s3.get_paginator("list_objects_v2")
    while time.monotonic() < deadline:
        keys = [entry["Key"] for page in pages.paginate(Bucket=stack.bucket, Prefix="summaries/")
                for entry in page.get("Contents", [])]
        done = sum(1 for key in keys if key.count("/") == 2)
        if done >= summaries:
            return time.time() - mark
        time.sleep(1)
    raise Failed(f"only {done} of {summaries} summaries\n{stack.function_log()}")


def check(s3, stack, names, outcome):
    # The tags are written beside the summary.
    outcomes = functools.partial(outcome_of, s3, stack)
    for _ in range(5):
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            wrong = [(name, found) for name, found in zip(names, threads.map(outcomes, names)) if found != outcome]
        if not wrong:
            return
        time.sleep(1)
    raise Failed(f"{len(wrong)} bundles are not {outcome}, such as {wrong[:3]}")


def table(stack, what, took, mark, arguments):
    count = arguments.bundles
    imports = acm_imports(stack, mark)
    refused = sum(outcome != "ok" for outcome in imports)
    runs = [(at / 1000 - duration, at / 1000, duration) for at, message in log(stack, mark, "REPORT")
            if (duration := duration_of(message)) is not None]
    at_once = max((sum(begin <= other < end for begin, end, _ in runs) for other, _, _ in runs), default=0)
    cost = sum(duration for _, _, duration in runs) * MEMORY_GB / count
    dead = dead_letters(stack)
    ratio = took * arguments.times / count
    print(f"{what:10} {took:8.0f} {ratio:8.2f} {refused / len(imports):8.1%} {at_once:8} {cost:10.2f} {dead:5}", flush=True)
    crowd, start = (0, 0) if count >= WHOLE else (CONCURRENCY * BATCH, 20)
    most_time = MOST_TIME_OF_SWEEPS if arguments.due else MOST_TIME
    is_late = took > most_time * count / arguments.times + start
    if dead or is_late or refused > MOST_REFUSED * len(imports) + crowd:
        raise Failed(f"over a limit: {most_time} x the quota's time, {MOST_REFUSED:.0%} refused, no dead letters")


def acm_imports(stack, mark):
    """How ACM answered each ImportCertificate since `mark`: `ok`, or the code of the error."""
    calls = json.load(urllib.request.urlopen(f"{stack.acm.url}/_certdrop/log"))
    since = datetime.fromtimestamp(mark, UTC)
    return [call["outcome"] for call in calls
            if call["operation"] == "ImportCertificate" and datetime.fromisoformat(call["time"]) >= since]


def log(stack, mark, word):
    """The function's lines since `mark` that hold `word`, with their times in milliseconds. ministack gives 10,000 at
    most."""
    logs = client(stack, "logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=stack.outputs["LogGroupName"], startTime=int(mark * 1000), filterPattern=f'"{word}"')
    return [(event["timestamp"], event["message"]) for page in pages for event in page["events"]]


def duration_of(message):
    """The seconds in a line of Lambda's that tells of an invocation."""
    found = re.match(r"REPORT RequestId: \S+\s+Duration: ([0-9.]+) ms", message)
    return float(found[1]) / 1000 if found else None


def dead_letters(stack):
    attributes = client(stack, "sqs").get_queue_attributes(
        QueueUrl=stack.outputs["FailedEventsUrl"], AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def certificates(stack):
    pages = client(stack, "acm").get_paginator("list_certificates").paginate(
        Includes={"keyTypes": ["EC_prime256v1"]})
    return [found for page in pages for found in page["CertificateSummaryList"]]


# --- by the command line ---------------------------------------------------------------------------------------------


def swept(stack, count):
    """One `certdrop sweep` over bundles that nobody has imported."""
    s3 = client(stack, "s3")
    s3.create_bucket(Bucket="bulk", CreateBucketConfiguration={"LocationConstraint": servers.REGION})
    s3.put_bucket_versioning(Bucket="bulk", VersioningConfiguration={"Status": "Enabled"})
    names = [f"sweep-{number:04}.example.com" for number in range(count)]
    drop(s3, "bulk", list(stack.pki.bundles(names, 60)))
    begun = time.monotonic()
    command = [servers.target_folder() / "debug" / "certdrop", "sweep", "--bucket", "bulk", "--bucket-owner",
               servers.ACCOUNT, "--json"]
    done = subprocess.run(command, env={**stack.environment, "AWS_REGION": servers.REGION}, capture_output=True, text=True)
    took = time.monotonic() - begun
    if not done.stdout:
        raise Failed(f"certdrop sweep failed with exit code {done.returncode}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    imported = list(report["outcomes"].values()).count("imported")
    print(f"certdrop sweep of {count} bundles at AWS's rates: {took:.0f} s, exit code {done.returncode}, "
          f"{imported} imported, {len(report['unfinished'])} unfinished, {report['left']} left")
    if (imported, len(report["unfinished"]), done.returncode) != (count, 0, 0):
        raise Failed(f"not all are imported: {list(report['unfinished'].items())[:3]}")


if __name__ == "__main__":
    sys.exit(main())
