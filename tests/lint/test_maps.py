"""scripts/maps.awk: the maps follow from the schema's lines under each awk there is; a mark that is wrong ends the build with
file and line. And the rule of migrations (views are none): what is released does not change, but for its comments."""
import glob
import hashlib
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAPS = os.path.join(ROOT, "scripts", "maps.awk")
sys.path[:0] = [os.path.join(ROOT, "tests", of) for of in ("sdk", "e2e")]
import rows  # noqa: E402
AWKS = [a for a in (["mawk"], ["gawk", "--posix"], ["gawk"], ["busybox", "awk"], ["original-awk"], ["awk"]) if shutil.which(a[0])]
PROOF = sorted(glob.glob(os.path.join(ROOT, "tests", "proof", "schema", "*.sql")))
SCHEMA = sorted(glob.glob(os.path.join(ROOT, "schema", "[0-9]*.sql")))

# Fields that have a column of another name: elements and members, what is counted from, looked up, or said by one source alone.
RENAMED = {
    "divisionIds[]": "division_id", "requestedRoutingSkillIds[]": "skill_id", "attributes{key}": "name", "attributes{value}": "value",
    "interval": "interval_start interval_end", "startOffsetSeconds": "start_time", "endOffsetSeconds": "end_time",
    "dayStartOffsetSeconds": "day_start_time", "scheduledSecondaryPresenceLookupIds": "scheduled_secondary_presence_ids",
    "secondaryPresenceLookupId": "secondary_presence_id", "actualSecondaryPresenceLookupId": "actual_secondary_presence_id",
    "organizationPresenceId": "organization_secondary_presence_id", "userName": "name", "adherenceImpact": "impact",
    "adherenceDate": "time_of_adherence_change", "presenceDate": "presence_update_time", "routingStatusDate": "routing_status_time"}

# The SQL of each migration without its comments, once it is released: a number's hash stands here for good.
RELEASED = {7: "2c8bd90c12ef36dfd7b5153f02a1f3e7336bfb6dd4308918503ab8f4ef8230fa"}

GOOD = """CREATE TABLE call ( -- [* not selfUri]
    call_key INTEGER PRIMARY KEY, -- [key] ours
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
    ("[* not selfUri]", "[* changes]", 1, "unknown mark of a table: changes"),
    ("[* not selfUri]", "[* attributes]", 1, "unknown mark of a table: attributes"),
    ("row_hash BIGINT               -- ours", "row_hash BIGINT", 6, "row_hash has no comment"),
    ("started TEXT, ", "started DATE, ", 4, "no type for a field: DATE"),
    ("[id] its", "[id its", 3, "a bracket is not closed"),
    ("[id] its", "[] its", 3, "an empty bracket"),
    ("call_id TEXT", "call_id INTEGER", 1, "call_id is no text, so no id"),
    ("[id] its", "[id] [state] its", 3, "two brackets for one source"),
    ("[id] its", "[other: id] its", 3, "call has no source other"),
    ("[* not selfUri]", "[a: *] [*]", 1, "several sources have names"),
    ("[parts[].legs[]]", "[lanes[].legs[]]", 13, "no table above it has the rows that hold"),
    ("[parts[].legs[]]", "[parts[]]", 13, "the rows at parts[] have a table: part"),
    ("    part_no INTEGER,              -- its part\n", "", 13, "leg has 1 ordinals, its place 2 arrays"),
    ("[open 0/1]", "[parts[]]", 17, "parts[] is not in the rows at parts[].legs[]"),
    ("[open 0/1] ", "", 13, "leg has no mapped column"),
    ("    open INTEGER", "  open INTEGER", 17, "a bracket where no column is read"),
)

# A root in nested arrays, with every source of values; a table below it.
NESTED = """CREATE TABLE visit ( -- [* days[].log.visits[] not views]
    visit_key INTEGER PRIMARY KEY, -- ours
    unit TEXT,                     -- [@scope id] what was asked for
    person TEXT,                   -- [^^person.id|name id?] whose
    begun TEXT,                    -- [^span from id] when the day began
    ended TEXT,                    -- [^span to] when it ended
    zone TEXT,                     -- [@zone] its zone
    after INTEGER,                 -- [after] seconds
    at TEXT,                       -- [after offset] from the window's start
    since TEXT                     -- [after offset:^^^asked] from what the answer says
);
CREATE TABLE stop ( -- [days[].log.visits[].stops[]]
    visit_key INTEGER,             -- the visit
    stop_no INTEGER,               -- from 0
    day TEXT,                      -- [^^day] its day
    PRIMARY KEY (visit_key, stop_no)
);
"""
WRONG_NESTED = (
    ("log.visits[] ", "log..visits[] ", 1, "no nested arrays: days[].log..visits[]"),
    ("[* days[].log.visits[] ", "[a: * days[].log.visits[] ", 1, "unknown mark of a table: days[].log.visits[]"),
    ("[^^person", "[^^^^person", 4, "^^^^person.id|name leads above the answer"),
    ("[^^person", "[^^^.person", 4, ".person.id is no path"),
    ("|name", "|^name", 4, "^name is no path"),
    ("[@zone]", "[@zones]", 7, "nothing that a window says, or not of this type or source: @zones"),
    ("after INTEGER,                 -- [after]", "after INTEGER,                 -- [@start]", 8, "not of this type or source: @start"),
    ("after INTEGER,                 -- [after]", "after INTEGER,                 -- [after id?]", 8, "unknown mark, or not of this type: id?"),
    ("[after]", "[after offset]", 8, "not of this type: offset"),
    ("[after]", "[^^person.id]", 8, "person.id is mapped twice"),
    ("[after offset]", "[after offset:^^^^asked]", 9, "^^^^asked leads above the answer"),
    ("[after offset]", "[after offset:]", 9, " is no path"),
    ("[after offset]", "[after offset:^a|^b|^c]", 9, "^a|^b|^c is no path"),
    ("[after offset]", "[after in:^^^^names]", 9, "^^^^names leads above the answer"),
    ("[after]", "[after in:^names]", 8, "not of this type: in:^names"),
    ("[after offset]", "[after[1].x]", 9, "after[1].x is no path"),
    ("[^span to]", "[^span from]", 6, "span is mapped twice"),
    ("[@zone]", "[at time within] [@zone]", 7, "two brackets for one source"),
    ("[^^day]", "[^^day time within]", 15, "unknown mark, or not of this type: within"),
    ("[^span to]", "[^span to within]", 6, "unknown mark, or not of this type: within"),
    ("[^^day]", "[^^day id]", 15, "unknown mark, or not of this type: id"),
    ("[^^day]", "[^^^^^day]", 15, "^^^^^day leads above the answer"),
    ("stop ( -- [days[].log.visits[].stops[]]", "stop ( -- [stops[]]", 12, "stop is not in the rows of its root, days[].log.visits[]"),
    ("visit_key INTEGER PRIMARY KEY,", "visit_key INTEGER,", 12, "stop: its root visit has several ids and no key of ours"),
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
            texts = {subprocess.run([*awk, "-v", "want=" + want, "-f", MAPS, *SCHEMA, *PROOF], capture_output=True, text=True, check=True,
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

    def test_the_documented_tables_make_maps(self):
        with open(os.path.join(ROOT, "docs", "adding-a-stream.md"), encoding="utf-8") as f:
            page = f.read().replace("    ...\n", "")  # lines left out
        examples = "".join(re.findall(r"^```sql\n(CREATE TABLE .*?)^```$", page, re.S | re.M))
        for text in (examples, " ".join(code(p) for p in PROOF)):
            sqlite3.connect(":memory:").executescript(text)
        for awk in self.each():
            self.assertEqual(re.findall(r"#define (\w+)_TREE", run(awk, examples, "h").stdout), [
                "CONVERSATION_AGGREGATE", "USER_PRESENCE", "PROOF_DAY", "TEAM_MEMBER", "WRAPUP_CODE"])

    def test_a_later_column_counts(self):
        for awk in self.each():
            more = "ALTER TABLE leg ADD COLUMN score BIGINT; -- [score] how good it was\n"
            self.assertIn('{"score", "score", COLUMN_INT, SOURCE_FIELD, 0, NULL},', run(awk, WHOLE, more=more).stdout)
            for wrong, said in (("ALTER TABLE log ADD COLUMN score BIGINT; -- [score] x\n", "no table log above"),
                                ("ALTER TABLE leg ADD COLUMN score BIGINT; -- [open] x\n", "open is mapped twice"),
                                ("ALTER TABLE leg ADD score BIGINT; -- [score] x\n", ":20: a bracket where no column is read"),
                                ("ALTER TABLE leg ADD COLUMN score BIGINT;\n", "score has no comment")):
                self.assertIn(said, run(awk, WHOLE, more=wrong).stderr)

    def test_personal_data_is_marked(self):
        for awk in self.each():
            more = ("ALTER TABLE leg ADD COLUMN who TEXT; -- [who person] id\nALTER TABLE leg ADD COLUMN pin BIGINT; -- [pin personal] number\n"
                    "ALTER TABLE leg ADD COLUMN said TEXT; -- [said note] words\nCREATE TABLE log (\n    word TEXT -- [personal] ours\n);\n")
            made = run(awk, WHOLE.replace("[parts[].legs[]]", "[parts[].legs[] persons:kind=a|b]"), more=more)
            for line in ('{"who", "who", COLUMN_TEXT, SOURCE_FIELD, COLUMN_PERSON, NULL},',
                         '{"pin", "pin", COLUMN_INT, SOURCE_FIELD, COLUMN_PERSONAL, NULL},',
                         '{"said", "said", COLUMN_TEXT, SOURCE_FIELD, COLUMN_NOTE, NULL},', '.person_field = "kind",', '.person_words = "a b",'):
                self.assertIn(line, made.stdout)
            self.assertNotIn('"word"', made.stdout)
            for wrong, said in ((more.replace("personal] number", "person] number"), "unknown mark, or not of this type: person"),
                                (more.replace("[personal] ours", "[personel] ours"), "log does not say where its rows sit"),
                                (more.replace("who person", "who persons"), "unknown mark, or not of this type: persons")):
                self.assertIn(said, run(awk, WHOLE, more=wrong).stderr)

    def test_where_values_come_from(self):
        for awk in self.each():
            made = run(awk, NESTED)
            self.assertEqual(made.returncode, 0, made.stderr)
            for line in ('{"unit", "", COLUMN_TEXT, SOURCE_SCOPE, COLUMN_REQUIRED | COLUMN_UNHASHED, NULL},',
                         '{"person", "^^person.id|name", COLUMN_TEXT, SOURCE_FIELD, COLUMN_OR_NONE, NULL},',
                         '{"begun", "^span", COLUMN_FROM, SOURCE_FIELD, COLUMN_REQUIRED, NULL},',
                         '{"ended", "^span", COLUMN_TO, SOURCE_FIELD, 0, NULL},',
                         '{"zone", "", COLUMN_TEXT, SOURCE_ZONE, COLUMN_UNHASHED, NULL},',
                         '{"after", "after", COLUMN_INT, SOURCE_FIELD, 0, NULL},',
                         '{"at", "after", COLUMN_OFFSET, SOURCE_FIELD, 0, NULL},',
                         '{"since", "after", COLUMN_OFFSET, SOURCE_FIELD, 0, "^^^asked"},', '{"day", "^^day", COLUMN_TEXT',
                         '.rows = "log.visits",', '.rows = "days",', '.rows = "stops",', '    "unit",\n    "person",\n    "begun",\n};'):
                self.assertIn(line, made.stdout)
            self.assertIn('#define VISIT_TREE .root = &visit_table, IDS(visit_ids), .top = &visit_top, .key = "visit_key", IGNORED(visit_ignored)',
                          run(awk, NESTED, "h").stdout)

    def test_what_is_wrong_names_its_line(self):
        for awk in self.each():
            for whole, (old, new, line, said) in [(WHOLE, w) for w in WRONG] + [(NESTED, w) for w in WRONG_NESTED]:
                self.assertEqual(whole.count(old), 1, old)
                made = run(awk, whole.replace(old, new))
                self.assertEqual(made.returncode, 1, f"{new}: {made.stdout[-300:]}")
                self.assertRegex(made.stderr, rf"0001_a\.sql:{line}: .*" + re.escape(said), new)

    def test_any_mark_makes_a_map_or_names_its_line(self):
        """Marks with a character more, less or other: each awk says the same, in one line."""
        seed = random.randrange(10**9)
        chance = random.Random(seed)
        marks = [m.span() for m in re.finditer(r"(?<=-- \[).*(?=\])", NESTED)]
        for _ in range(60):
            at = chance.randrange(*chance.choice(marks))
            text = NESTED[:at] + chance.choice(["", *"^@[]{}.:|*? x-"]) + NESTED[at + chance.randrange(2):]
            made = [run(awk, text) for awk in AWKS]
            said = {(m.returncode, m.stdout if m.returncode == 0 else "", re.sub(r"\S*/", "", m.stderr)) for m in made}
            self.assertEqual(len(said), 1, f"seed {seed}: {text}")
            self.assertRegex(made[0].stderr, r"\A\Z" if made[0].returncode == 0 else r"\A\S+:\d+: .+\n\Z", f"seed {seed}: {text}")

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


class Names(unittest.TestCase):
    def test_a_column_is_named_after_its_field(self):
        """So no field is mapped to another's column: that values go where the marks say is held by tests/sdk."""
        def snake(name):
            return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()

        count = 0
        for table in rows.read_schema(map(Path, SCHEMA)).values():
            for column, field in ((c.name, w[0]) for c in table.columns for w in c.words.values() if w and w[0][0] not in "@-"):
                paths = [path.strip("^").replace("[0]", "") for path in field.split("|")]
                last = paths[0].rsplit(".", 1)[-1]
                fine = {snake(p.replace(".", "_")) for p in paths} | {snake(last)} | set(RENAMED.get(last, "").split())
                self.assertTrue(column in fine or last == "id" and column.endswith("_id"), f"{table.name}.{column}: {field}")
                count += 1
        self.assertGreater(count, 1000)


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
