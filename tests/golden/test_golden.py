#!/usr/bin/env python3
"""The CSV files of a small contact centre, byte for byte as they are committed beside this file, and read back by
two engines that share nothing with the program.

    python3 tests/golden/test_golden.py --update   writes them anew; read the diff before you commit it

One day of eight conversations (the eighth carries every optional field of the contract) and what reaches into it
from the days before, seen five days later, when all that comes late has come. adherence_state and its gaps are polled in real time,
and zone_offset, as v_day, reaches past it, so they differ from run to run: they are read back, but not compared; no more are the
empty files of streams that are not read.
"""
import csv
import io
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import Site, Standin, csv_bytes, needs  # noqa: E402

NOW = "2026-03-06T06:00:00Z"
REAL_TIME = {"adherence_state", "observation_gap", "zone_offset", "v_day"}


class Extraction:
    """The data set, extracted and exported; close() removes it."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="rollcall-test-")
        self.site = None
        try:
            self.server = Standin(self.directory, start="2026-03-01", days=1, per_day=8, agents=5, queues=2, now=NOW)
            try:
                self.site = Site(self.server.url, start="2026-03-02", timezone="Asia/Seoul")
                done = self.site.extract("--until", NOW)
            finally:
                self.server.stop()
            if done.returncode != 0:
                raise RuntimeError(f"extract ended with {done.returncode}: {done.stderr}")
            self.out = Path(self.site.export())
            self.files = csv_bytes(self.out)
        except BaseException:
            self.close()
            raise

    def close(self):
        for directory in (self.directory, self.site.directory if self.site else None):
            if directory:
                shutil.rmtree(directory, ignore_errors=True)

    def compared(self):
        return {name: data for name, data in self.files.items() if Path(name).stem not in REAL_TIME and data.count(b"\r\n") > 1}

    def stored(self, table, columns):
        """The rows of a table or view as the file has them: named columns, no order."""
        names = {row[1] for row in self.site.query(f'PRAGMA table_info("{table}")')}
        joined = ' JOIN conversation USING (conversation_key)' if "conversation_id" not in names and \
            "conversation_id" in columns else ""
        listed = ", ".join(f'"{column}"' for column in columns)
        return [tuple(row) for row in self.site.query(f'SELECT {listed} FROM "{table}"{joined}')]


def field(value):
    """A value as RFC 4180 has it, for all types but reals."""
    if value is None:
        return ""
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if text == "" or any(c in text for c in ',"\r\n') else text


def as_read(value):
    """What a reader that knows text alone makes of a value; reals are compared as numbers."""
    return "" if value is None else value if isinstance(value, float) else str(value)


def same(read, value):
    return float(read) == value if isinstance(value, float) else read == value


def key(row):
    """Sorts rows with reals beside the same rows as text."""
    return tuple(repr(float(v)) if isinstance(v, float) else v for v in row)


def first_difference(have, want):
    have_lines, want_lines = have.split(b"\r\n"), want.split(b"\r\n")
    for number, (one, other) in enumerate(zip(have_lines, want_lines), 1):
        if one != other:
            return f"line {number}:\n  have {one!r}\n  want {other!r}"
    return f"{len(have_lines) - 1} lines, {len(want_lines) - 1} expected"


class Golden(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.one = Extraction()
        cls.addClassCleanup(cls.one.close)

    def test_bytes(self):
        committed = csv_bytes(HERE)
        self.assertEqual(sorted(self.one.compared()), sorted(committed))
        for name, data in self.one.compared().items():
            with self.subTest(name):
                if data != committed[name]:
                    self.fail(f"{name}: {first_difference(data, committed[name])}")

    def assert_equal_to_database(self, table, columns, rows):
        """rows are all text; the database's say what they must be."""
        stored = [tuple(map(as_read, row)) for row in self.one.stored(table, columns)]
        self.assertEqual(len(rows), len(stored))
        reals = {i for row in stored for i, value in enumerate(row) if isinstance(value, float)}
        typed = [tuple(float(v) if i in reals and v != "" else v for i, v in enumerate(row)) for row in rows]
        self.assertTrue(all(isinstance(v, float) or v == "" for row in stored for i, v in enumerate(row) if i in reals))
        for read, value in zip(sorted(typed, key=key), sorted(stored, key=key)):
            self.assertTrue(all(map(same, read, value)), f"{table}: read {read}, stored {value}")

    def test_read_back_by_python(self):
        for name, data in self.one.files.items():
            with self.subTest(name):
                rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
                self.assertTrue(all(len(row) == len(rows[0]) for row in rows))
                self.assert_equal_to_database(Path(name).stem, rows[0], rows[1:])

    def test_null_and_quotes_to_the_byte(self):
        """Where no real is, each record is what RFC 4180 makes of the stored row: NULL empty, no quote too many."""
        for name, data in self.one.files.items():
            table = Path(name).stem
            columns = data.decode("utf-8").split("\r\n", 1)[0].split(",")
            stored = self.one.stored(table, columns)
            if any(isinstance(value, float) for row in stored for value in row):
                continue
            with self.subTest(name):
                expected = sorted(",".join(map(field, row)) for row in stored)
                body = data.decode("utf-8").split("\r\n", 1)[1]
                for record in expected:
                    self.assertIn(record + "\r\n", body)
                self.assertEqual(len(body), sum(len(record) + 2 for record in expected))

    @needs("sqlite3")
    def test_read_back_by_the_sqlite_shell(self):
        second = self.one.site.directory + "/second.db"
        script = "".join(f'.import --csv "{self.one.out / name}" "{Path(name).stem}"\n' for name in self.one.files)
        done = subprocess.run(["sqlite3", "-batch", "-bail", second], input=script, capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, self.one.site.db = self.one.site.db, second
        try:
            read = {name: [tuple(row) for row in self.one.site.query(f'SELECT * FROM "{Path(name).stem}"')]
                    for name in self.one.files}
        finally:
            self.one.site.db = first
        for name, rows in read.items():
            with self.subTest(name):
                columns = self.one.files[name].decode("utf-8").split("\r\n", 1)[0].split(",")
                self.assert_equal_to_database(Path(name).stem, columns, rows)


def update():
    one = Extraction()
    try:
        fresh = one.compared()
    finally:
        one.close()
    committed = csv_bytes(HERE)
    for name in sorted(set(fresh) | set(committed)):
        if fresh.get(name) == committed.get(name):
            continue
        print(("removed " if name not in fresh else "wrote ") + name)
        if name in fresh:
            (HERE / name).write_bytes(fresh[name])
        else:
            (HERE / name).unlink()


if __name__ == "__main__" and sys.argv[1:] == ["--update"]:
    update()
