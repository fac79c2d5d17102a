"""moto's server, run by moto's own Python, with two changes without which its ACM is hard to use.

It answers 500 to an operation that it does not know, which every client takes for a failure that
passes; AWS names the error. And it shows serial numbers in decimal.
"""

import sys

from moto.acm.models import CertBundle
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.exceptions import JsonRESTError
from moto.server import main

described_by_moto = CertBundle.describe


def search_certificates(_):
    raise JsonRESTError("UnknownOperationException", "moto has no SearchCertificates")


def describe(bundle):
    answer = described_by_moto(bundle)
    certificate = answer["Certificate"]
    digits = f"{int(certificate['Serial']):x}"
    digits = digits.zfill(len(digits) + len(digits) % 2)
    certificate["Serial"] = ":".join(digits[at:at + 2] for at in range(0, len(digits), 2))
    return answer


AWSCertificateManagerResponse.search_certificates = search_certificates
CertBundle.describe = describe
main(sys.argv[1:])
