"""scripts/lists.awk: every awk makes the same of the lists, whose texts come through whole; a line that is wrong ends the
build with file and line."""
import os
import subprocess
import tempfile
import unittest

from test_maps import AWKS, ROOT

GOOD = 'ONE first NETWORK TEMPORARY\n  sees: a "b"\n    c\n  cause: d\n  remedy: e: f\n'
WRONG = (
    ("ONE first NETWORK", "ONE first", 1, "four words"),
    ("  cause: d\n", "", 4, "remedy: where cause: is due"),
    ("  remedy: e: f\n", "TWO second NETWORK NONE\n", 5, "sees, cause and remedy"),
    ("  cause", " cause", 4, "not understood"),
)


def run(awk, text, name="causes.txt"):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return subprocess.run([*awk, "-f", os.path.join(ROOT, "scripts", "lists.awk"), path], capture_output=True, text=True, check=False)


class Lists(unittest.TestCase):
    def test_what_comes_of_them(self):
        for awk in AWKS:
            with self.subTest(awk=" ".join(awk)):
                self.assertIn('X(ONE, "first", NETWORK, TEMPORARY, "a \\"b\\" c", "d", "e: f")', run(awk, GOOD).stdout)
                self.assertIn('X(LIMIT_A_B, "A_B", 5, 1, 70, "what it is")', run(awk, "A_B  5 1 70  what it is\n", "limits.txt").stdout)

    def test_what_is_wrong_is_named(self):
        for awk in AWKS:
            for before, after, line, said in WRONG:
                with self.subTest(awk=" ".join(awk), after=after):
                    made = run(awk, GOOD.replace(before, after))
                    self.assertEqual(made.returncode, 1)
                    self.assertRegex(made.stderr, r"causes\.txt:%d: .*%s" % (line, said))
            self.assertEqual(run(awk, "A_B 5 1\n", "limits.txt").returncode, 1)


if __name__ == "__main__":
    unittest.main()
