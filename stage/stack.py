"""The stack on the stage: deployed and used through the AWS command line."""

import json
import platform
import shutil
import subprocess
import time

import servers
from pki import Pki

NAME = "certdrop"
# The template's default.
CONCURRENCY = 2
BUNDLE = "www.example.com"


class Failed(Exception):
    """A step had another outcome than expected; the text says where and why."""


class Stack:
    """The deployed stack, used through the AWS command line."""

    def __init__(self, work, ministack, acm, name=NAME, bundle=BUNDLE, pki=None):
        self.work, self.ministack, self.acm, self.name, self.bundle = work, ministack, acm, name, bundle
        self.key = f"drop/{bundle}.pem"
        self.environment = servers.client_environment(ministack.url, acm.url, work)
        self.outputs = {}
        self.pki = pki or Pki(work / "pki")

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

    def deploy(self, **parameters):
        """What `sam build` and `sam deploy` do, with the debug build."""
        built = self.work / f"build-{self.name}"
        (built / "Function").mkdir(parents=True)
        shutil.copy(servers.target_folder() / "debug" / "bootstrap", built / "Function" / "bootstrap")
        (built / "template.yaml").write_text(self.template())
        artifacts = f"stage-artifacts-{self.name}"
        self.aws("s3", "mb", f"s3://{artifacts}")
        self.aws("cloudformation", "package", "--template-file", built / "template.yaml",
                 "--s3-bucket", artifacts, "--output-template-file", built / "packaged.yaml")
        processor = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        parameters = {"Architecture": processor, **parameters}
        # By the bucket, as `sam deploy` does: CloudFormation takes no more than 51,200 bytes in the call itself.
        self.aws("cloudformation", "deploy", "--stack-name", self.name, "--template-file", built / "packaged.yaml",
                 "--s3-bucket", artifacts, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
                 "--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items()))
        described = self.aws("cloudformation", "describe-stacks", "--stack-name", self.name)
        outputs = described["Stacks"][0]["Outputs"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def template(self):
        """template.yaml, with the two paths in it that are Lambda's changed to this machine's, and a number that
        ministack would take for a text."""
        template = (servers.ROOT / "template.yaml").read_text()
        for lambdas, ours in (("CodeUri: .\n", "CodeUri: Function\n"),
                              ("MaximumConcurrency: !Ref MaximumConcurrency\n", f"MaximumConcurrency: {CONCURRENCY}\n"),
                              ("SSL_CERT_FILE: /etc/pki/tls/certs/ca-bundle.crt\n", f"SSL_CERT_FILE: {self.pki.root}\n")):
            if template.count(lambdas) != 1:
                raise Failed(f"expected `{lambdas.strip()}` once in template.yaml; change it in stage/stack.py too")
            template = template.replace(lambdas, ours)
        return template

    @property
    def bucket(self):
        return self.outputs["BucketName"]

    def drop(self, path):
        """Puts a file under the bundle's key; gives the version that S3 made of it."""
        put = self.aws("s3api", "put-object", "--bucket", self.bucket, "--key", self.key, "--body", path)
        return put["VersionId"]

    def outcome(self, version, seconds=30):
        """Waits until the function has tagged this version; gives its tags and the summary of it."""
        deadline = time.monotonic() + seconds
        tags = {}
        while time.monotonic() < deadline:
            answer = self.aws("s3api", "get-object-tagging", "--bucket", self.bucket, "--key", self.key,
                              "--version-id", version)
            tags = {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}
            summary = self.summary_of(version) if "certdrop:outcome" in tags else None
            if summary:
                return tags, summary
        raise Failed(f"after {seconds} s the object {self.key} has no outcome (its tags: {tags or 'none'})")

    def summary_of(self, version):
        """The summary of a version of the object, or None as long as there is none."""
        folder = self.work / f"summaries-{self.name}"
        self.aws("s3", "cp", "--recursive", "--quiet", f"s3://{self.bucket}/summaries/{self.bundle}/", folder)
        summaries = [json.loads(path.read_text()) for path in folder.glob("*.json")]
        return next((summary for summary in summaries if summary["object"].get("version_id") == version), None)

    def sweep(self):
        """Has the function look at all bundles; gives its report."""
        answer = self.work / f"sweep-{self.name}.json"
        self.aws("lambda", "invoke", "--function-name", self.outputs["FunctionName"],
                 "--payload", f"fileb://{servers.ROOT}/events/sweep.json", answer)
        return json.loads(answer.read_text())

    def metrics(self, name):
        """The values of the dimension `stack` of a metric, in all documents of the function's log that have it."""
        events = self.aws("logs", "filter-log-events", "--log-group-name", self.outputs["LogGroupName"])["events"]
        documents = [json.loads(event["message"]) for event in events if '"_aws"' in event["message"]]
        return {document["stack"] for document in documents if name in document}

    def function_log(self):
        """The end of what the function said; where it did not get to say anything, what was said about it."""
        try:
            events = self.aws("logs", "filter-log-events", "--log-group-name", self.outputs["LogGroupName"])["events"]
        except (Failed, KeyError):
            events = []
        said = [event["message"].rstrip() for event in events]
        said = [line for line in said if not line.startswith(("START ", "END ", "REPORT "))]
        return "\n".join(said[-15:]) or servers.tail(self.ministack.log)
