#!/usr/bin/env python3
"""Copies the corpus into the seeds of every fuzz target: each file, and each folder's files as one.

The target `leaf` gets the certificates of those, `extensions` gets extensions.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus"


def seeds():
    for file in sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.name != "manifest.json"):
        yield file.read_bytes()
    # A target reads one file; the parts of a folder meet only when they are put together.
    for folder in sorted(path for path in (CORPUS / "folder").iterdir() if path.is_dir()):
        yield b"\n".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def certificates():
    """The DER of every certificate in the corpus's PEM."""
    for content in seeds():
        for block in re.findall(rb"-----BEGIN CERTIFICATE-----([^-]*)-----END", content):
            try:
                yield base64.b64decode(block, validate=False)
            except ValueError:
                pass


# Extensions in DER, as RFC 5280, section 4.2 has them.
ALTERNATIVE_NAMES = bytes.fromhex("301a0603551d110413301182") + bytes([15]) + b"www.example.com"
EXTENSIONS = [
    ALTERNATIVE_NAMES,
    bytes.fromhex("30160603551d1e0101ff040c300aa0083006820465782e63"),  # permitted: a domain
    bytes.fromhex("301a0603551d1e0101ff0410300ea10c300a87080a000000ff000000"),  # excluded: a network
    bytes.fromhex("300e0603551d1e0101ff040430020500"),  # constraints that are none
    bytes.fromhex("30130603551d25040c300a06082b06010505070301"),  # server authentication
    bytes.fromhex("30120603551d130101ff040830060101ff020100"),  # a path length
    bytes.fromhex("300e0603551d0f0101ff040403020106"),  # key usage
    bytes.fromhex("300b0603551d0e040404020001"),  # subject key identifier
    bytes.fromhex("300d0603551d230406300480020001"),  # authority key identifier
    bytes.fromhex("300d06042a0304050101ff04020500"),  # unknown and critical
]


def extensions():
    """Those of leaf, intermediate and root, behind the lengths of the first two."""
    for one in EXTENSIONS:
        for leaf, intermediate, root in [(one, b"", b""), (ALTERNATIVE_NAMES, one, b""), (ALTERNATIVE_NAMES, b"", one)]:
            yield bytes([len(leaf), len(intermediate)]) + leaf + intermediate + root


SEEDS = {"leaf": certificates, "extensions": extensions}

for target in sys.argv[1:]:
    folder = ROOT / "fuzz" / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for content in SEEDS.get(target, seeds)():
        (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
