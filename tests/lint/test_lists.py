"""scripts/lists.awk: every awk makes the same of the lists, whose texts come through whole; a line that is wrong ends the
build with file and line."""
import glob
import os
import subprocess
import tempfile
import unittest

from test_maps import AWKS, ROOT

LISTS = sorted(glob.glob(os.path.join(ROOT, "src", "*", "*.txt")))
GOOD = """# A list of two forms.
IDS: ID_$1
ROWS: {"$2", $3-, "$says", $signs}

ONE first 1, 2
  says: a "b"
    c: d
  signs: x|y
TWO second 3
  says: e
TWO third 4
  says: f

WORDS: $1 "$2-"
A b "c"
B d
"""
MADE = r"""#define IDS \
    ID_ONE, \
    ID_TWO

#define ROWS \
    {"first", 1, 2, "a \"b\" c: d", (const char *const[]){"x", "y", NULL}}, \
    {"second", 3, "e", (const char *const[]){NULL}}, \
    {"third", 4, "f", (const char *const[]){NULL}}

#define WORDS \
    A "b \"c\"", \
    B "d"
"""
WRONG = (
    ("IDS: ", "ids: ", 2, "not understood"),
    ("B d\n", "B\n", 16, "it has no 2"),
    ("  says", " says", 6, "not understood"),
    ("  says: e\n", "", 9, "it has no says"),
    ("  says: a", "    says a", 6, "not understood"),
)


def run(awk, *paths):
    return subprocess.run([*awk, "-f", os.path.join(ROOT, "scripts", "lists.awk"), *paths], capture_output=True, text=True, check=False)


def made_of(awk, text):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        return run(awk, f.name)


class Lists(unittest.TestCase):
    def test_every_awk_makes_the_same_of_the_lists(self):
        texts = {run(awk, *LISTS).stdout for awk in AWKS}
        self.assertEqual(len(texts), 1)
        self.assertGreater(len(texts.pop()), 10000)

    def test_what_comes_of_a_list(self):
        for awk in AWKS:
            with self.subTest(awk=" ".join(awk)):
                self.assertIn(MADE, made_of(awk, GOOD).stdout)

    def test_what_is_wrong_is_named(self):
        for awk in AWKS:
            for before, after, line, said in WRONG:
                with self.subTest(awk=" ".join(awk), after=after):
                    made = made_of(awk, GOOD.replace(before, after))
                    self.assertEqual(made.returncode, 1)
                    self.assertRegex(made.stderr, r"\.txt:%d: .*%s" % (line, said))
