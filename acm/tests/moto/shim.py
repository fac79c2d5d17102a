"""Lets moto's own ACM tests, unmodified, run against certdrop-acm: a plugin of pytest.

The tests come with the source of moto-ext on PyPI (moto's own source there has none):

    pip install moto boto3 pytest freezegun
    pip download --no-deps --no-binary :all: moto-ext && tar xzf moto_ext-*.tar.gz && cd moto_ext-*
    rm -r moto    # the installed one is to be imported
    certdrop-acm --port 4571 &
    AWS_ENDPOINT_URL_ACM=http://127.0.0.1:4571 PYTHONPATH=.../acm/tests/moto pytest -p shim tests/test_acm

moto's decorators stay: they answer all other services, and let through what goes to an endpoint of its
own. `freeze_time` sets the clock of certdrop-acm as well, and moto's waiting time for validations is the
knob for it. What is not settled about ACM is read as moto reads it. The chain that moto's tests import
ends with a certificate that has nothing to do with the others; it is cut off. Which tests fail all the
same, and why, is in docs/local-acm.md.
"""

import json
import os
import urllib.request

import botocore.client
import freezegun
import pytest
from moto import settings

ENDPOINT = os.environ["AWS_ENDPOINT_URL_ACM"]
FREEZE = freezegun.freeze_time
# The clock of certdrop-acm; None for the real one.
NOW = None


def post(path, body):
    request = urllib.request.Request(f"{ENDPOINT}/_certdrop/{path}", json.dumps(body).encode())
    urllib.request.urlopen(request).close()


def turn_knobs():
    wait = settings.ACM_VALIDATION_WAIT * 1000
    unsettled = {
        "version_1": "accepted",
        "reserved_tag": "ValidationException",
        "too_many_tags": "TooManyTagsException",
        "tag_without_value": "absent",
    }
    requests = {"shown_after_ms": 0, "end_after_ms": wait}
    post("knobs", {"now": NOW, "requests": requests, "unsettled": unsettled})


class FrozenTime:
    """`freeze_time` for both: the test's process and certdrop-acm."""

    def __init__(self, time, *arguments, **named):
        self.frozen = FREEZE(time, *arguments, **named)

    def __enter__(self):
        global NOW
        clock = self.frozen.__enter__()
        NOW = clock().isoformat() + "Z"
        return clock

    def __exit__(self, *error):
        global NOW
        self.frozen.__exit__(*error)
        NOW = None


class Client(botocore.client.BaseClient):
    """Turns the knobs before each call as the test has set clock and waiting time."""

    def _make_api_call(self, operation, arguments):
        if self.meta.service_model.service_name == "acm":
            turn_knobs()
        return CALL(self, operation, arguments)


CALL = botocore.client.BaseClient._make_api_call
botocore.client.BaseClient._make_api_call = Client._make_api_call
freezegun.freeze_time = FrozenTime


def pytest_collection_modifyitems(items):
    for module in {item.module for item in items if hasattr(item.module, "CA_CRT")}:
        first, end, _ = module.CA_CRT.partition(b"-----END CERTIFICATE-----")
        module.CA_CRT = first + end + b"\n"


@pytest.fixture(autouse=True)
def nothing_left_over():
    post("reset", {})
