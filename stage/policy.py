#!/usr/bin/env python3
"""Prints the function's permissions as template.yaml grants them, as JSON: every statement with its parameters filled in.

    stage/policy.py Regions=us-east-1           with parameters of the template
    stage/policy.py --role                      those of the role in other accounts, docs/targets/role.yaml
    stage/policy.py --judge Regions=us-east-1   has parliament judge all policies of both instead

The tests hold each call of the function against them. What only a deployment knows is written as
its name: the bucket is BUCKET, the topic TOPIC, the key KEY, the queue of work WORK.
"""

import json
import sys
import warnings
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent

# As the tests run the function; what is not here has the template's default.
PARAMETERS = {"ParameterPrefix": "/PARAMETERS"}
ACCOUNT, REGION = "123456789012", "eu-central-1"
STACK = "6d0c2fd0-5b3c-11f1-8a4e-0a1b2c3d4e5f"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "certdrop",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/certdrop/{STACK}",
}
IN_TESTS = {
    "Bucket.Arn": "arn:aws:s3:::BUCKET",
    "Key.Arn": "KEY",
    "LogGroup.Arn": "LOGS",
    "FailedEvents.Arn": "QUEUE",
    "Work.Arn": "WORK",
    "Topic": "TOPIC",
    "Bucket": "BUCKET",
}
ON_AWS = {
    "Bucket.Arn": "arn:aws:s3:::bucket",
    "Key.Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{STACK}",
    "LogGroup.Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/certdrop:*",
    "FailedEvents.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed-events",
    "Work.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:work",
    "ExpiryWarnings.Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/expiry-warnings",
    "Function.Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function",
    "Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic",
    "Bucket": "bucket",
}

# The role in another account, as the tests assume it.
ROLE = "docs/targets/role.yaml"
OTHER_ACCOUNT = "210987654321"
OF_ROLE = {
    "FunctionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/certdrop",
    "ExternalId": "certdrop-4711",
    "TargetRegions": ",".join([REGION, "us-east-1", *(f"eu-many-{number}" for number in range(1, 100))]),
}

# What AWS::NoValue becomes: it is left out of the list or the mapping that it is in.
NOTHING = object()


class Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions."""


def short_form(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", short_form)


class Template:
    def __init__(self, text, parameters, names):
        self.template = yaml.load(text, Loader)
        self.names = PSEUDO | names
        self.names |= {name: str(about.get("Default", "")) for name, about in self.template["Parameters"].items()}
        self.names |= parameters
        self.lists = {name for name, about in self.template["Parameters"].items() if about["Type"] == "CommaDelimitedList"}

    def named(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.lists:
            return self.names[name].split(",")
        if name not in self.names:
            raise SystemExit(f"stage/policy.py does not know what `{name}` is")
        return self.names[name]

    def condition(self, name):
        return self.resolve(self.template["Conditions"][name])

    def resolve(self, value):
        """The value with every function of CloudFormation carried out."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), = value.items()
            if function == "Fn::Condition":
                return self.condition(argument)
            if function == "Ref":
                return self.named(argument)
            if function == "Condition":
                return self.condition(argument)
            if function.startswith("Fn::"):
                return self.call(function.removeprefix("Fn::"), argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NOTHING}

    def call(self, function, argument):
        if function == "If":
            condition, then, otherwise = argument
            return self.resolve(then if self.condition(condition) else otherwise)
        argument = self.resolve(argument)
        if function == "GetAtt":
            return self.named(argument)
        if function == "Sub":
            return self.substitute(*(argument if isinstance(argument, list) else [argument]))
        if function == "Equals":
            return argument[0] == argument[1]
        if function == "Not":
            return not argument[0]
        if function == "Or":
            return any(argument)
        if function == "Join":
            return argument[0].join(argument[1])
        if function == "Split":
            return argument[1].split(argument[0])
        if function == "Select":
            return argument[1][int(argument[0])]
        raise SystemExit(f"stage/policy.py does not know the function {function}")

    def substitute(self, text, own=None):
        parts = text.split("${")
        rest = (part.split("}", 1) for part in parts[1:])
        return parts[0] + "".join(((own or {}).get(name) or self.named(name)) + after for name, after in rest)

    def statements(self, role):
        """All statements of a role."""
        for policy in self.resolve(self.template["Resources"][role]["Properties"]["Policies"]):
            yield from policy["PolicyDocument"]["Statement"]

    def documents(self):
        """Every policy of the template, with the names of its resource and of its own."""
        for resource, about in self.template["Resources"].items():
            properties = about.get("Properties", {})
            for own in ("KeyPolicy", "PolicyDocument"):
                if own in properties:
                    yield resource, own, self.resolve(properties[own])
            for policy in self.resolve(properties.get("Policies", [])):
                yield resource, policy["PolicyName"], policy["PolicyDocument"]

    def skips(self):
        """What parliament need not find, by resource, with the reason: in the form that checkov's skips have."""
        for resource, about in self.template["Resources"].items():
            for skip in about.get("Metadata", {}).get("parliament", {}).get("skip", []):
                yield resource, skip


def judge(template):
    """Prints what parliament finds and the template does not skip, and skips that nothing needs; gives their number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources
        import parliament
    skips = list(template.skips())
    needed, complaints = [], []
    for resource, name, document in template.documents():
        for found in parliament.analyze_policy_string(json.dumps(document, indent=1), config=parliament.config).findings:
            skip = next((skip for of, skip in skips if of == resource and skip["id"] == found.issue
                         and skip.get("detail", "") in str(found.detail)), None)
            if skip:
                needed.append(skip)
            else:
                title = parliament.enhance_finding(found).title
                complaints.append(f"{resource}, {name}: {found.issue}: {title} {found.detail}".rstrip())
    complaints += [f"{of}: {skip['id']} is skipped, and not found" for of, skip in skips if skip not in needed]
    print("\n".join(complaints), end="\n" if complaints else "")
    return len(complaints)


def role(parameters):
    """The template of the role in another account."""
    return Template((ROOT / ROLE).read_text(), OF_ROLE | parameters, {"AWS::AccountId": OTHER_ACCOUNT})


def main(arguments):
    what = arguments[0] if arguments[:1] in (["--judge"], ["--role"]) else None
    parameters = dict(argument.split("=", 1) for argument in arguments[what is not None:])
    text = (ROOT / "template.yaml").read_text()
    if what == "--judge":
        complaints = judge(Template(text, parameters, ON_AWS)) + judge(role({"TagKeys": "team"}))
        return min(complaints, 1)
    if what == "--role":
        statements = role(parameters).statements("Role")
    else:
        statements = Template(text, PARAMETERS | parameters, IN_TESTS).statements("FunctionRole")
    json.dump(list(statements), sys.stdout, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
