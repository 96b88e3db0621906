"""scripts/maps.awk: the maps follow from the schema's lines under each awk there is; a mark that is wrong ends the build with
file and line. And the rule of migrations (views are none): what is released does not change, but for its comments."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAPS = os.path.join(ROOT, "scripts", "maps.awk")
AWKS = [a for a in (["mawk"], ["gawk", "--posix"], ["gawk"], ["busybox", "awk"], ["original-awk"], ["awk"]) if shutil.which(a[0])]
SCHEMA = sorted(glob.glob(os.path.join(ROOT, "schema", "[0-9]*.sql")))

# The SQL of each migration without its comments, once it is released: a number's hash stands here for good.
RELEASED = {7: "2c8bd90c12ef36dfd7b5153f02a1f3e7336bfb6dd4308918503ab8f4ef8230fa"}

GOOD = """CREATE TABLE call ( -- [* not selfUri]
    call_key INTEGER PRIMARY KEY, -- ours
    call_id TEXT NOT NULL UNIQUE, -- [id] its id
    started TEXT,                 -- [start|begun time] when
    state TEXT,                   -- [state upper-snake moment] what it does
    row_hash BIGINT               -- ours
);
CREATE TABLE leg ( -- [parts[].legs[]]
    call_key INTEGER,             -- the call
    part_no INTEGER,              -- its part
    leg_no INTEGER,               -- from 0
    open INTEGER,                 -- [open 0/1] whether it is open
    PRIMARY KEY (call_key, part_no, leg_no)
);
"""
PARTS = """CREATE TABLE part ( -- [parts[]]
    call_key INTEGER,             -- the call
    part_no INTEGER,              -- from 0
    name TEXT                     -- [name] its name
);
"""
ROOT_TABLE = GOOD[:GOOD.index("CREATE TABLE leg")]
LEG = GOOD[GOOD.index("CREATE TABLE leg"):]
WHOLE = ROOT_TABLE + PARTS + LEG

# What is put in place of what, the line that is named, and what is said.
WRONG = (
    ("time]", "tiem]", 4, "unknown mark, or not of this type: tiem"),
    ("[open 0/1]", "[open time]", 17, "unknown mark, or not of this type: time"),
    ("[state upper", "[state json upper", 5, "upper-snake"),
    ("[state ", "[begun ", 5, "begun is mapped twice"),
    ("[state ", "[sta-te ", 5, "sta-te is no path"),
    ("call ( -- [* not selfUri]", "call (", 3, "call does not say where its rows sit"),
    ("[* not selfUri]", "[* without selfUri]", 1, "unknown mark of a table: without"),
    ("[* not selfUri]", "[* attributes]", 1, "unknown mark of a table: attributes"),
    ("row_hash BIGINT               -- ours", "row_hash BIGINT", 6, "row_hash has no comment"),
    ("started TEXT, ", "started DATE, ", 4, "no type for a field: DATE"),
    ("[id] its", "[id its", 3, "a bracket is not closed"),
    ("[id] its", "[] its", 3, "an empty bracket"),
    ("[id] its", "[id] [state] its", 3, "two brackets for one source"),
    ("[id] its", "[other: id] its", 3, "call has no source other"),
    ("[* not selfUri]", "[a: *] [*]", 1, "several sources have names"),
    ("[parts[].legs[]]", "[lanes[].legs[]]", 13, "no table above it has the rows that hold"),
    ("[parts[].legs[]]", "[parts[]]", 13, "the rows at parts[] have a table: part"),
    ("    part_no INTEGER,              -- its part\n", "", 13, "leg has 1 ordinals, its place 2 arrays"),
    ("[open 0/1]", "[parts[]]", 17, "parts[] is not in the rows at parts[].legs[]"),
    ("[open 0/1] ", "", 13, "leg has no mapped column"),
)


def run(awk, text, want="c", more=""):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "0001_a.sql")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text + more)
        return subprocess.run([*awk, "-v", "want=" + want, "-f", MAPS, path], capture_output=True, text=True, check=False,
                              env={**os.environ, "LC_ALL": "C"})


class Maps(unittest.TestCase):
    def each(self):
        self.assertTrue(AWKS)
        for awk in AWKS:
            with self.subTest(awk=" ".join(awk)):
                yield awk

    def test_every_awk_makes_the_same_maps(self):
        for want in "ch":
            texts = {subprocess.run([*awk, "-v", "want=" + want, "-f", MAPS, *SCHEMA], capture_output=True, text=True, check=True,
                                    env={**os.environ, "LC_ALL": "C"}).stdout for awk in AWKS}
            self.assertEqual(len(texts), 1)
            self.assertGreater(len(texts.pop()), 1000)

    def test_what_follows_from_the_lines(self):
        for awk in self.each():
            made = run(awk, WHOLE)
            self.assertEqual(made.returncode, 0, made.stderr)
            for line in ('{"call_id", "id", COLUMN_TEXT, SOURCE_FIELD, COLUMN_REQUIRED, NULL},',
                         '{"started", "start|begun", COLUMN_TIME, SOURCE_FIELD, 0, NULL},',
                         '{"state", "state", COLUMN_TEXT, SOURCE_FIELD, COLUMN_UNHASHED | COLUMN_UPPER_SNAKE, NULL},',
                         '{"open", "open", COLUMN_BOOL, SOURCE_FIELD, 0, NULL},', '.rows = "legs",', '.ordinal = "leg_no",'):
                self.assertIn(line, made.stdout)
            self.assertNotIn("row_hash", made.stdout)
            self.assertIn('#define CALL_TREE .root = &call_table, IDS(call_ids), .key = "call_key", IGNORED(call_ignored)',
                          run(awk, WHOLE, "h").stdout)

    def test_a_later_column_counts(self):
        for awk in self.each():
            more = "ALTER TABLE leg ADD COLUMN score BIGINT; -- [score] how good it was\n"
            self.assertIn('{"score", "score", COLUMN_INT, SOURCE_FIELD, 0, NULL},', run(awk, WHOLE, more=more).stdout)
            for wrong, said in (("ALTER TABLE log ADD COLUMN score BIGINT; -- [score] x\n", "no table log above"),
                                ("ALTER TABLE leg ADD COLUMN score BIGINT; -- [open] x\n", "open is mapped twice"),
                                ("ALTER TABLE leg ADD COLUMN score BIGINT;\n", "score has no comment")):
                self.assertIn(said, run(awk, WHOLE, more=wrong).stderr)

    def test_what_is_wrong_names_its_line(self):
        for awk in self.each():
            for old, new, line, said in WRONG:
                self.assertEqual(WHOLE.count(old), 1, old)
                made = run(awk, WHOLE.replace(old, new))
                self.assertEqual(made.returncode, 1, f"{new}: {made.stdout[-300:]}")
                self.assertRegex(made.stderr, rf"0001_a\.sql:{line}: .*" + re.escape(said), new)

    def test_a_source_has_its_own_paths(self):
        several = ("CREATE TABLE s ( -- [one: *]\n    -- [two: * not x]\n    id TEXT, -- [a.id] whose\n    -- [two: b]\n"
                   "    seen TEXT, -- [- time moment] when\n    -- [two: at]\n    name TEXT -- [name] as shown\n);\n")
        for awk in self.each():
            made = run(awk, several)
            self.assertEqual(made.returncode, 0, made.stderr)
            tables = dict(re.findall(r"column_map (\w+)_columns\[\] = \{\n(.*?)\};", made.stdout, re.S))
            self.assertEqual({t: re.findall(r'\{"(\w+)", "([^"]*)"', c) for t, c in tables.items()}, {
                "s": [("id", "a.id"), ("seen", ""), ("name", "name")], "s_one": [("id", "a.id"), ("name", "name")],
                "s_two": [("id", "b"), ("seen", "at")]})
            wrong = run(awk, several.replace("[two: at]", "[two: at json]"))
            self.assertRegex(wrong.stderr, r":6: of another source only: path, upper-snake; not json")


def code(path):
    """A file's SQL without comments, each blank one space."""
    with open(path, encoding="utf-8") as f:
        return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", f.read())).strip()


class Released(unittest.TestCase):
    def test_released_migrations_stay(self):
        numbers = {int(os.path.basename(p)[:4]) for p in SCHEMA}
        self.assertLessEqual(set(RELEASED), numbers)
        for number, wanted in RELEASED.items():
            text = "\n".join(code(p) for p in SCHEMA if int(os.path.basename(p)[:4]) == number)
            self.assertEqual(hashlib.sha256(text.encode()).hexdigest(), wanted,
                             f"the SQL of migration {number} is released: add another one instead")

    def test_no_text_holds_what_begins_a_comment(self):
        for path in SCHEMA:
            with open(path, encoding="utf-8") as f:
                for line in f:
                    self.assertNotRegex(line.split("--")[0], r"^[^']*'([^']*'[^']*')*[^']*$", f"{path}: {line}")


if __name__ == "__main__":
    unittest.main()
