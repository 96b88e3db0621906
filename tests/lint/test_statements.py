"""Every statement that stands in C prepares against the schema, with as many values as it takes.

The sources are read as the preprocessor leaves them, where db_do and db_ask have become calls with
the text as the third argument. Texts in .sql files have a unit test of their own; those that are
put together at run time are prepared by the unit tests of the loader, the observer and the export.
"""
import glob
import os
import re
import shlex
import sqlite3
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
CALL = re.compile(r"\b(db_(?:do|ask)_values|db_scalar)\(")


def arguments(text, at):
    """The arguments of the call whose open bracket is just before `at`."""
    out, begun, depth = [], at, 0
    while True:
        c = text[at]
        if c == '"':
            at = LITERAL.match(text, at).end()
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}" and depth == 0:
            return out + [text[begun:at].strip()]
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            out.append(text[begun:at].strip())
            begun = at + 1
        at += 1


def literal(argument):
    """The text of adjacent string literals, None for anything else."""
    while argument.startswith("(") and argument.endswith(")"):
        argument = argument[1:-1].strip()
    if not re.fullmatch(r'(?:"(?:[^"\\]|\\.)*"\s*)+', argument):
        return None
    return "".join(LITERAL.findall(argument)).encode().decode("unicode_escape")


def value_count(argument):
    """How many values `(const struct db_value[]){...}` holds, NONE alone being none."""
    types = re.findall(r"\.type = (?:'(\w)'|0)", argument)
    return 0 if types == [""] else len(types)


def statements():
    """(file, text, values or None) of every statement in the sources."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    build = os.environ.get("BUILD", os.path.join(ROOT, "build"))
    for path in sorted(glob.glob(os.path.join(ROOT, "src/*/*.c"))):
        source = subprocess.run(
            [*compiler, "-E", "-P", "-std=c11", "-D_GNU_SOURCE", '-DROLLCALL_VERSION="0"', "-I" + os.path.join(ROOT, "src"),
             "-I" + os.path.join(ROOT, build, "gen"), path], stdout=subprocess.PIPE, check=True, text=True).stdout
        for call in CALL.finditer(source):
            found = arguments(source, call.end())
            text = literal(found[1 if call.group(1) == "db_scalar" else 2])
            if text is not None:
                yield os.path.basename(path), text, value_count(found[3]) if call.group(1) != "db_scalar" else 0


def empty_database():
    db = sqlite3.connect(":memory:")
    for path in sorted(glob.glob(os.path.join(ROOT, "schema/*.sql"))):
        with open(path, encoding="utf-8") as file:
            db.executescript(file.read())
    for path in glob.glob(os.path.join(ROOT, "src/*/*.sql")):
        with open(path, encoding="utf-8") as file:
            for made in re.findall(r"^CREATE TEMP TABLE (?:IF NOT EXISTS )?\w+ \([^;{]*?\)(?=;|\n\n|\n*\Z)", file.read(), re.M):
                db.executescript(made)
    db.execute("CREATE TEMP TABLE export_row (day)")  # made of what the relation has
    return db


def prepare(db, text, values):
    """Raises sqlite3.Error when the statement does not prepare or takes another number of values."""
    db.execute("EXPLAIN " + text, [None] * values).fetchall()


# Tables that grow with the days that are kept. What a run asks of them goes by an index, and never
# through all the entries of one: but the open conversations are few.
GROWING = re.compile(r"(SCAN|SEARCH) (?:TABLE )?(conversation\w*|participant\w*|session\w*|segment\w*|adherence_state|raw_page|"
                     r"request_count)\b(?!.*=\?)(?!.*INDEX conversation_open\b)")


def walks(db, text, values):
    """Lines of the statement's plan that walk through a table that grows."""
    plan = db.execute("EXPLAIN QUERY PLAN " + text, [None] * values).fetchall()
    return [row[3] for row in plan if GROWING.search(row[3])]


class Statements(unittest.TestCase):
    def test_every_statement_prepares(self):
        db = empty_database()
        count = 0
        for name, text, values in statements():
            with self.subTest(file=name, statement=text):
                prepare(db, text, values)
                self.assertEqual(walks(db, text, values), [])
            count += 1
        self.assertGreater(count, 15)

    def test_what_does_not_is_seen(self):
        db = empty_database()
        prepare(db, "SELECT count(*) FROM run WHERE run_id = ?1", 1)
        for text, values in (("SELECT nothing FROM run", 0), ("SELECT 1 FROM run WHERE run_id = ?1", 0),
                             ("UPDATE run SET pages = ?1 WHERE run_id = ?2", 3)):
            with self.subTest(statement=text), self.assertRaises(sqlite3.Error):
                prepare(db, text, values)
        for text in ("SELECT count(*) FROM session_metric", "SELECT 1 FROM conversation WHERE conversation_id > 'a'",
                     "DELETE FROM raw_page WHERE rows_read = 0"):
            with self.subTest(statement=text):
                self.assertEqual(len(walks(db, text, 0)), 1)
        self.assertEqual(literal('("SELECT \\"a\\" "\n "FROM b")'), 'SELECT "a" FROM b')
        self.assertIsNone(literal("l->find"))
        self.assertEqual(value_count("(const struct db_value[]){((struct db_value){.type = 0})}"), 0)

    def test_views_of_a_day_or_of_a_conversation(self):
        """The same view goes by days where days are asked for, and by conversations without walking the years of days."""
        db = empty_database()
        for view in ("v_queue_visit", "v_agent_leg"):
            for condition, first in (("day = '2026-03-01'", r"SCAN (TABLE z.* AS )?z"),
                                     ("conversation_id = 'c'", r".*utc_from>\? AND utc_from<\?")):
                with self.subTest(view=view, condition=condition):
                    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE {condition}")]
                    self.assertTrue(any(re.match(first, line) for line in (plan[:1] if "day" in condition else plan)), plan)
