"""The life of a certificate, by boto3. The endpoint is in AWS_ENDPOINT_URL; argument: the folder."""

import pathlib
import sys

import boto3

folder = pathlib.Path(sys.argv[1])
acm = boto3.client("acm")
tagging = boto3.client("resourcegroupstaggingapi")


def parts(which):
    def read(part):
        return (folder / f"{which}-{part}.pem").read_bytes()

    return {
        "Certificate": read("certificate"),
        "PrivateKey": read("key"),
        "CertificateChain": read("chain"),
    }


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except acm.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["RequestId"], error
    else:
        raise AssertionError(f"{code} expected")


tags = [{"Key": "bundle", "Value": "www"}]
arn = acm.import_certificate(Tags=tags, **parts("first"))["CertificateArn"]
first = acm.describe_certificate(CertificateArn=arn)["Certificate"]
assert first["Type"] == "IMPORTED" and first["Status"] == "ISSUED", first

refused("ValidationException", acm.import_certificate, CertificateArn=arn, Tags=tags, **parts("second"))
assert acm.import_certificate(CertificateArn=arn, **parts("second"))["CertificateArn"] == arn
second = acm.describe_certificate(CertificateArn=arn)["Certificate"]
assert second["Serial"] != first["Serial"] and second["CreatedAt"] == first["CreatedAt"], second
assert acm.get_certificate(CertificateArn=arn)["Certificate"].encode() == parts("second")["Certificate"]

pages = acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": ["EC_prime256v1"]})
assert [c["CertificateArn"] for page in pages for c in page["CertificateSummaryList"]] == [arn]
statement = {
    "And": [
        {"Filter": {"X509AttributeFilter": {"SerialNumber": second["Serial"]}}},
        {"Filter": {"AcmCertificateMetadataFilter": {"Type": "IMPORTED"}}},
    ]
}
[found] = acm.search_certificates(FilterStatement=statement)["Results"]
assert found["CertificateArn"] == arn, found
assert found["X509Attributes"]["NotAfter"] == second["NotAfter"], found

acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "b"}])
assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}] + tags
[resource] = tagging.get_resources(TagFilters=[{"Key": "bundle", "Values": ["www"]}])["ResourceTagMappingList"]
assert resource["ResourceARN"] == arn, resource

acm.delete_certificate(CertificateArn=arn)
refused("ResourceNotFoundException", acm.describe_certificate, CertificateArn=arn)
print("done")
