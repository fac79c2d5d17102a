#!/usr/bin/env python3
"""Prints the function's permissions as template.yaml grants them, as JSON: every statement with its parameters filled in.

The tests hold each call of the function against them. What only a deployment knows is written as
its name: the bucket is BUCKET, the topic TOPIC, the key KEY, the queue of work WORK.
"""

import json
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent

# As the tests run the function; what is not here has the template's default.
PARAMETERS = {"ParameterPrefix": "/PARAMETERS"}
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": "123456789012",
    "AWS::Region": "eu-central-1",
    "AWS::URLSuffix": "amazonaws.com",
}
ATTRIBUTES = {
    "Bucket.Arn": "arn:aws:s3:::BUCKET",
    "Key.Arn": "KEY",
    "LogGroup.Arn": "LOGS",
    "FailedEvents.Arn": "QUEUE",
    "Work.Arn": "WORK",
}
REFERENCES = {"Topic": "TOPIC", "Bucket": "BUCKET"}


# What AWS::NoValue becomes: it is left out of the list or the mapping that it is in.
NOTHING = object()


class Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions."""


def short_form(loader, suffix, node):
    name = suffix if suffix == "Ref" else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", short_form)


class Template:
    def __init__(self, text, parameters):
        self.template = yaml.load(text, Loader)
        self.parameters = {name: str(about.get("Default", "")) for name, about in self.template["Parameters"].items()}
        self.parameters.update(parameters)

    def named(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        for known in (self.parameters, PSEUDO, REFERENCES, ATTRIBUTES):
            if name in known:
                return known[name]
        raise SystemExit(f"stage/policy.py does not know what `{name}` is in the tests")

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
            if function == "Ref":
                return self.named(argument)
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
            parts = argument.split("${")
            rest = (part.split("}", 1) for part in parts[1:])
            return parts[0] + "".join(self.named(name) + after for name, after in rest)
        if function == "Equals":
            return argument[0] == argument[1]
        if function == "Not":
            return not argument[0]
        if function == "Join":
            return argument[0].join(argument[1])
        if function == "Split":
            return argument[1].split(argument[0])
        raise SystemExit(f"stage/policy.py does not know the function {function}")

    def statements(self, role):
        """All statements of a role."""
        for policy in self.resolve(self.template["Resources"][role]["Properties"]["Policies"]):
            yield from policy["PolicyDocument"]["Statement"]


def main():
    parameters = dict(argument.split("=", 1) for argument in sys.argv[1:])
    template = Template((ROOT / "template.yaml").read_text(), PARAMETERS | parameters)
    json.dump(list(template.statements("FunctionRole")), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
