"""A zip that Lambda could not run, or that is too large, does not pass."""

import unittest

import lambda_zip
from lambda_zip import Unfit

# As readelf lists them; __isoc23_strtol came with glibc 2.38.
SYMBOLS = """
Symbol table '.dynsym' contains 4 entries:
   Num:    Value          Size Type    Bind   Vis      Ndx Name
     0: 0000000000000000     0 NOTYPE  LOCAL  DEFAULT  UND
     1: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND malloc@GLIBC_2.2.5 (2)
     2: 0000000000000000     0 FUNC    WEAK   DEFAULT  UND __cxa_finalize@GLIBC_2.17 (3)
     3: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND dlsym@GLIBC_2.34 (4)
"""
NEWER = "     4: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND __isoc23_strtol@GLIBC_2.38 (5)\n"


class Zip(unittest.TestCase):
    def test_symbols_of_glibc_2_34_are_there_and_newer_ones_are_not(self):
        self.assertEqual(lambda_zip.check_glibc(SYMBOLS), "2.34 (dlsym)")
        with self.assertRaisesRegex(Unfit, r"asks for glibc 2\.38 \(__isoc23_strtol\), Amazon Linux 2023 has 2\.34"):
            lambda_zip.check_glibc(SYMBOLS + NEWER)

    def test_a_list_without_glibc_is_not_taken_for_a_program_that_needs_none(self):
        with self.assertRaisesRegex(Unfit, "no symbol of glibc"):
            lambda_zip.check_glibc("")

    def test_a_zip_is_within_the_budget_up_to_4_75_mebibytes(self):
        lambda_zip.check_size(4_980_736)
        with self.assertRaisesRegex(Unfit, "the budget is 4980736"):
            lambda_zip.check_size(4_980_737)

    def test_a_program_for_one_processor_is_none_for_the_other(self):
        # https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html: e_machine is at byte 18.
        arm64 = b"\x7fELF" + bytes(14) + b"\xb7\x00"
        lambda_zip.check_machine(arm64, "arm64")
        with self.assertRaisesRegex(Unfit, "not a program for x86-64: its ELF machine is 183, 62 is needed"):
            lambda_zip.check_machine(arm64, "x86-64")
        with self.assertRaisesRegex(Unfit, "not a program for arm64"):
            lambda_zip.check_machine(b"MZ" + arm64[2:], "arm64")


if __name__ == "__main__":
    unittest.main()
