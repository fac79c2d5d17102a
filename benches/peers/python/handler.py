"""What a user would write instead of certdrop: boto3 and cryptography, in the most direct way.

It does the same job for the everyday case: one PEM object with certificate, chain and key. It finds the
certificate that the bundle already has by the object's tag or the parameter, judges the bundle, imports or
replaces, writes tag, parameter and summary. It has no lease, no other formats, and no second way to find a
certificate; what is left out makes it faster, not slower. Clients are made once, when the function starts.
"""

import json
import os
import urllib.parse
from datetime import datetime, timezone

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key)

PREFIX = os.environ.get("CERTDROP_PARAMETER_PREFIX", "/certdrop")
BUCKET = os.environ["CERTDROP_BUCKET"]
ARN_TAG = "certdrop:certificate-arn"

CONFIG = Config(s3={"addressing_style": "path" if "AWS_ENDPOINT_URL_S3" in os.environ else "auto"})
S3 = boto3.client("s3", config=CONFIG)
SSM = boto3.client("ssm")
ACM = boto3.client("acm")
TAGGING = boto3.client("resourcegroupstaggingapi")


def handler(event, context):
    record = event["Records"][0]["s3"]
    key = urllib.parse.unquote_plus(record["object"]["key"])
    version = record["object"]["versionId"]
    bundle = key.removeprefix("drop/").removesuffix(".pem")
    parameter = f"{PREFIX}/{bundle}/certificate-arn"

    pem = S3.get_object(Bucket=BUCKET, Key=key, VersionId=version)["Body"].read()
    tags = S3.get_object_tagging(Bucket=BUCKET, Key=key, VersionId=version)["TagSet"]
    tags = {tag["Key"]: tag["Value"] for tag in tags}
    found = SSM.get_parameters(Names=[parameter, f"{PREFIX}/{bundle}/private-key"], WithDecryption=True)
    recorded = {one["Name"]: one["Value"] for one in found["Parameters"]}.get(parameter)

    leaf, chain, private_key = judge(pem)
    arn = tags.get(ARN_TAG) or recorded or by_tag(bundle)
    there = ACM.describe_certificate(CertificateArn=arn)["Certificate"] if arn else None
    serial = f"{leaf.serial_number:x}"
    if there and there["Serial"].replace(":", "").lstrip("0") == serial:
        outcome = "unchanged"
    elif there and there["NotBefore"] > leaf.not_valid_before_utc:
        outcome = "outdated"
    else:
        outcome = "replaced" if there else "imported"
        arn = send(arn, bundle, leaf, chain, private_key)
        there = ACM.describe_certificate(CertificateArn=arn)["Certificate"]

    wanted = {**tags, ARN_TAG: arn, "certdrop:outcome": outcome}
    if wanted != tags:
        S3.put_object_tagging(Bucket=BUCKET, Key=key, VersionId=version, Tagging={
            "TagSet": [{"Key": name, "Value": value} for name, value in wanted.items()]})
    if recorded != arn:
        SSM.put_parameter(Name=parameter, Value=arn, Type="String", Overwrite=True)
    summary = {"outcome": outcome, "bundle": bundle, "certificate_arn": arn, "certificate": there}
    text = json.dumps(summary, default=str)
    S3.put_object(Bucket=BUCKET, Key=f"summaries/{bundle}/{version}.json", Body=text.encode(),
                  ContentType="application/json")
    return json.loads(text)


def judge(pem):
    """Leaf, chain and key, if ACM would take them."""
    private_key = load_pem_private_key(pem, None)
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = private_key.public_key().public_bytes(*spki)
    certificates = x509.load_pem_x509_certificates(pem)
    leaf = next(one for one in certificates if one.public_key().public_bytes(*spki) == public)
    now = datetime.now(timezone.utc)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise ValueError("the certificate is not valid now")
    chain, last = [], leaf
    while issuer := next((one for one in certificates
                          if one is not last and one.subject == last.issuer and one not in chain), None):
        last.verify_directly_issued_by(issuer)
        if issuer.subject == issuer.issuer:
            break
        chain.append(issuer)
        last = issuer
    return leaf, chain, private_key


def by_tag(bundle):
    filters = [{"Key": "certdrop:bundle", "Values": [bundle]}]
    found = TAGGING.get_resources(TagFilters=filters, ResourceTypeFilters=["acm:certificate"])
    return next((one["ResourceARN"] for one in found["ResourceTagMappingList"]), None)


def send(arn, bundle, leaf, chain, private_key):
    where = {"CertificateArn": arn} if arn else {"Tags": [{"Key": "certdrop:bundle", "Value": bundle}]}
    if chain:
        where["CertificateChain"] = b"".join(one.public_bytes(Encoding.PEM) for one in chain)
    return ACM.import_certificate(
        Certificate=leaf.public_bytes(Encoding.PEM),
        PrivateKey=private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        **where)["CertificateArn"]
