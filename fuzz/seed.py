#!/usr/bin/env python3
"""Copies the corpus into the seeds of every fuzz target: each file, and each folder's files as one."""

import hashlib
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


for target in sys.argv[1:]:
    folder = ROOT / "fuzz" / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for content in seeds():
        (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
