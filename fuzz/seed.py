#!/usr/bin/env python3
"""Copies every file of the corpus into the seeds of every fuzz target."""

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

for target in sys.argv[1:]:
    seeds = ROOT / "fuzz" / "corpus" / target
    seeds.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "tests" / "corpus").rglob("*")):
        if file.is_file() and file.suffix != ".json" or file.parent.name == "kubernetes":
            content = file.read_bytes()
            (seeds / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
