"""That `make deploy` builds for the processor that it deploys."""

import os
import pathlib
import re
import shlex
import subprocess
import unittest

ROOT = pathlib.Path(__file__).parent.parent


def commands(*arguments):
    """The calls of sam that make would do, each as its words."""
    # What a make around this test was told is not for this one.
    outer = ("ARCH", "DEPLOY_FLAGS", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    said = subprocess.run(
        ["make", "--dry-run", *arguments], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    lines = said.stdout.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if re.search(r"/sam (build|deploy) ", line)]


def overrides(command):
    """What `--parameter-overrides` is given."""
    given = [place for place, word in enumerate(command) if word == "--parameter-overrides"]
    assert len(given) == 1, f"sam takes the last alone: {command}"
    values = []
    for word in command[given[0] + 1 :]:
        if word.startswith("--"):
            break
        values.append(word)
    return values


class Processor(unittest.TestCase):
    def deployed(self, *arguments):
        built, deployed = commands("deploy", "REGION=eu-central-1", *arguments)
        return overrides(built), overrides(deployed)

    def test_what_is_built_is_what_is_deployed(self):
        for arguments, expected in [
            ([], "arm64"),
            (["ARCH=x86_64"], "x86_64"),
            (["ARCH=x86-64"], "x86_64"),
            (["DEPLOY_FLAGS=--parameter-overrides Architecture=x86_64"], "x86_64"),
            (["ARCH=arm64", "DEPLOY_FLAGS=--parameter-overrides Architecture=x86_64"], "arm64"),
        ]:
            with self.subTest(arguments):
                both = [f"Architecture={expected}"]
                self.assertEqual(self.deployed(*arguments), (both, both))

    def test_other_parameters_and_flags_stay(self):
        flags = "DEPLOY_FLAGS=--no-confirm-changeset --parameter-overrides {}Regions=us-east-1 NotifyEmail=a@example.com --tags a=b"
        for named, arguments in [("", ["ARCH=x86_64"]), ("Architecture=x86_64 ", [])]:
            with self.subTest(named):
                given = flags.format(named)
                _, deployed = self.deployed(given, *arguments)
                self.assertEqual(deployed, ["Architecture=x86_64", "Regions=us-east-1", "NotifyEmail=a@example.com"])
                command = commands("deploy", "REGION=eu-central-1", given, *arguments)[1]
                self.assertIn("--no-confirm-changeset", command)
                self.assertEqual(command[-2:], ["--tags", "a=b"])

    def test_the_rehearsal_builds_for_this_stage(self):
        [built] = commands("rehearse")
        self.assertEqual(overrides(built), ["Architecture=x86_64"])


if __name__ == "__main__":
    unittest.main()
