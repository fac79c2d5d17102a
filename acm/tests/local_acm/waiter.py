"""boto3's waiter for a validated certificate. The endpoint is in AWS_ENDPOINT_URL."""

import json
import os
import urllib.request

import boto3
from botocore.exceptions import WaiterError

acm = boto3.client("acm")


def wait(name):
    arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"]
    config = {"Delay": 0.1, "MaxAttempts": 100}
    try:
        acm.get_waiter("certificate_validated").wait(CertificateArn=arn, WaiterConfig=config)
    except WaiterError as error:
        assert "terminal failure state" in str(error), error
    return acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]


print(wait("www.example.com"))
knobs = json.dumps({"requests": {"end_after_ms": 300, "end": {"FAILED": "CAA_ERROR"}}}).encode()
url = f"{os.environ['AWS_ENDPOINT_URL']}/_certdrop/knobs"
urllib.request.urlopen(urllib.request.Request(url, knobs)).close()
print(wait("www.example.org"))
