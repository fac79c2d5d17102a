"""Imports, replaces and deletes until the server is gone; prints what it was told.

Argument: the folder with 0-certificate.pem and so on. A line is printed after each answer.
"""

import pathlib
import sys

import boto3
import botocore.config
import botocore.exceptions

folder = pathlib.Path(sys.argv[1])
config = botocore.config.Config(retries={"total_max_attempts": 1})
acm = boto3.client("acm", config=config)


def parts(which):
    def read(part):
        return (folder / f"{which}-{part}.pem").read_bytes()

    return {
        "Certificate": read("certificate"),
        "PrivateKey": read("key"),
        "CertificateChain": read("chain"),
    }


def tell(arn):
    serial = acm.describe_certificate(CertificateArn=arn)["Certificate"]["Serial"]
    print(arn, serial)


try:
    for turn in range(10_000):
        arn = acm.import_certificate(**parts(0))["CertificateArn"]
        tell(arn)
        acm.import_certificate(CertificateArn=arn, **parts(1 + turn % 3))
        tell(arn)
        if turn % 3 == 2:
            acm.delete_certificate(CertificateArn=arn)
            print(arn, "deleted")
except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError):
    pass
