"""Packages that disagree about the oldest Rust do not pass."""

import unittest

import rust_version
from rust_version import Unfit

# As `rustup toolchain list` writes it.
LISTED = "stable-x86_64-unknown-linux-gnu (active, default)\n1.94.1-x86_64-unknown-linux-gnu\n"


class Versions(unittest.TestCase):
    def test_packages_of_one_version_pass(self):
        self.assertEqual(rust_version.common_version({"certdrop": "1.94.1", "hello": "1.94.1"}), "1.94.1")

    def test_a_package_with_another_version_or_none_is_named(self):
        for other, told in (("1.95.0", "hello 1.95.0"), (None, "hello none")):
            with self.subTest(other=other):
                with self.assertRaisesRegex(Unfit, rf"certdrop 1\.94\.1, {told}; write `rust-version\.workspace = true`"):
                    rust_version.common_version({"certdrop": "1.94.1", "hello": other})

    def test_no_version_anywhere_does_not_pass(self):
        with self.assertRaises(Unfit):
            rust_version.common_version({"certdrop": None, "hello": None})

    def test_only_a_toolchain_of_exactly_this_version_counts_as_installed(self):
        for version, is_installed in (("1.94.1", True), ("1.94", False), ("1.94.10", False), ("1.95.0", False)):
            with self.subTest(version=version):
                self.assertEqual(rust_version.is_installed(version, LISTED), is_installed)
        self.assertFalse(rust_version.is_installed("1.94.1", ""))


if __name__ == "__main__":
    unittest.main()
