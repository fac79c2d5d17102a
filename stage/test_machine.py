"""What people on different systems are told, and what is typed for them."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import machine

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
UBUNTU = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n'
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'
FEDORA = "ID=fedora\n"
ROCKY = 'ID="rocky"\nID_LIKE="rhel centos fedora"\n'
ALPINE = "ID=alpine\n"


class Families(unittest.TestCase):
    def test_a_system_is_known_by_its_os_release(self):
        rows = [("linux", DEBIAN, "debian"), ("linux", UBUNTU, "ubuntu"), ("linux", MINT, "ubuntu"),
                ("linux", FEDORA, "fedora"), ("linux", ROCKY, "fedora"), ("linux", ALPINE, None),
                ("linux", "", None), ("darwin", "", "macos")]
        for platform, release, family in rows:
            with self.subTest(release=release, platform=platform):
                self.assertEqual(machine.family_of(platform, release), family)


class Plans(unittest.TestCase):
    def test_debian_installs_after_a_line_that_says_what_and_why(self):
        line, commands = machine.plan([machine.PYTHON, machine.KEYTOOL], "debian", is_root=True)
        self.assertEqual(line, "missing: Python's venv (the tools are installed into virtual environments), keytool (tests open "
                               "Java's key stores); installed by: apt-get install -y --no-install-recommends "
                               "default-jre-headless python3-venv")
        self.assertEqual(commands, [
            ["apt-get", "-q", "update"],
            ["apt-get", "-qy", "--no-install-recommends", "install", "default-jre-headless", "python3-venv"],
        ])

    def test_who_is_not_root_installs_by_a_sudo_that_asks_nothing(self):
        line, commands = machine.plan([machine.CHROMIUM], "ubuntu", is_root=False)
        self.assertIn("installed by: sudo apt-get install", line)
        unattended = ("sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=a", "apt-get")
        self.assertEqual({tuple(command[:6]) for command in commands}, {unattended})
        self.assertEqual(commands[-1][-1], "chromium-browser")

    def test_elsewhere_the_line_is_all(self):
        missing = [machine.COMPILER, machine.KEYTOOL]
        rows = [("fedora", "type: sudo dnf install -y gcc java-latest-openjdk-headless"),
                ("macos", "type: xcode-select --install && brew install openjdk"),
                (None, "install them with your system's package manager")]
        for family, told in rows:
            line, commands = machine.plan(missing, family, is_root=True)
            self.assertTrue(line.endswith(told), line)
            self.assertEqual(commands, [])

    def test_every_need_is_met_on_debian_and_ubuntu(self):
        for rule, needs in machine.NEEDS.items():
            for need in needs:
                for family in ("debian", "ubuntu"):
                    self.assertTrue(need.packages.get(family), f"{rule}: {need.what} on {family}")


    def test_venv_is_a_package_of_its_own_on_debian_alone(self):
        rows = [("debian", True), ("ubuntu", True), ("fedora", False), ("macos", False), (None, False)]
        for family, wanted in rows:
            self.assertEqual(machine.is_needed(machine.PYTHON, family), wanted, family)


class Machines(unittest.TestCase):
    """The program itself, on a machine that has nothing but what a test puts on its PATH."""

    def said(self, *programs, **environment):
        with tempfile.TemporaryDirectory() as folder:
            for program in programs:
                there = Path(folder) / program
                there.write_text("#!/bin/sh\n")
                there.chmod(0o755)
            done = subprocess.run([sys.executable, machine.__file__, "run"], text=True, capture_output=True,
                                  env={"PATH": folder, "HOME": os.devnull, **environment})
        return done.returncode, done.stdout, done.stderr

    def test_a_machine_without_rust_is_told_of_rustup(self):
        code, _, fault = self.said("cc", "openssl", "pkg-config")
        self.assertEqual(code, 1)
        self.assertIn("https://sh.rustup.rs", fault)

    def test_nothing_is_installed_where_that_is_not_wanted(self):
        code, told, fault = self.said("cargo", "cc", "pkg-config", CERTDROP_NO_INSTALL="1")
        self.assertEqual(code, 1)
        self.assertEqual(told.count("\n"), 1)
        self.assertIn("missing: openssl (certificates are made with it)", told)
        self.assertIn("CERTDROP_NO_INSTALL is set", fault)

    def test_openssl_is_compiled_where_nobody_may_install_its_headers(self):
        code, told, fault = self.said("cargo", "cc", "openssl", CERTDROP_NO_INSTALL="1")
        self.assertEqual((code, told.count("\n"), fault), (0, 1, ""))
        self.assertIn("missing: OpenSSL's headers", told)

    def test_a_machine_that_has_all_is_silent(self):
        self.assertEqual(self.said("cargo", "cc", "openssl", "pkg-config"), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
