"""The file as an interface: readers of other ages and tongues get every view and query, and values of the declared types."""
import json
import os
import re
import sqlite3
import subprocess

from harness import ROOT, TestCase, clock_at, needs, run
from test_adherence import POLL

NOW = "2026-03-03T12:00:00Z"
OLD_SQLITE = ROOT / "build" / "old-sqlite" / "node_modules" / "sql.js"
STORED = {"TEXT": "text", "INTEGER": "integer", "BIGINT": "integer", "REAL": "real", "BLOB": "blob"}


def names(db, kind):
    return [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite%'", (kind,))]


def in_json(rows):
    """A whole number is one in JavaScript, whatever its type."""
    return [[int(v) if isinstance(v, float) and v.is_integer() else v for v in row] for row in rows]


def ask_old_engine(path, asked):
    """Node hangs now and then while it optimizes this old engine, which it is told not to; a second try all the same."""
    for limit in (60, 60, 240):
        try:
            return run(["node", "--liftoff-only", str(ROOT / "tests" / "e2e" / "old_reader.js"), path, asked], timeout=limit)
        except subprocess.TimeoutExpired as expired:
            last = expired
    raise last


class Readers(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        server = case.standin(now=NOW, per_day=80, agents=12)
        cls.site = site = case.site(server.url)
        streams = ("users", "queues", "conversations", "user_status", "schedules", "adherence_historical")
        case.ok(site.run("extract", *(word for s in streams for word in ("--stream", s)), "--until", NOW))
        for now in (NOW, "2026-03-03T12:05:00Z", "2026-03-03T13:20:00Z") if clock_at(NOW) else ():
            server.control(now=now)
            case.ok(site.run(*POLL, env=clock_at(now)))
        cls.snapshot = os.path.join(site.directory, "snapshot.db")
        case.ok(site.run("snapshot", cls.snapshot))

    def test_each_value_has_its_columns_type(self):
        db = self.site.connect()
        for table in names(db, "table"):
            for _, column, declared, *_ in db.execute(f'PRAGMA table_info("{table}")').fetchall():
                found = {r[0] for r in db.execute(f'SELECT DISTINCT typeof("{column}") FROM "{table}"')}
                self.assertLessEqual(found, {STORED[declared], "null"}, f"{table}.{column}")
        db.close()

    def test_a_views_column_holds_one_kind(self):
        db = self.site.connect()
        for view in names(db, "view"):
            rows = db.execute(f'SELECT * FROM "{view}"').fetchall()
            self.assertGreater(len(rows), 0 if view == "v_range" else 2, view)
            for column in rows[0].keys():
                kinds = {type(row[column]).__name__ for row in rows} - {"NoneType"}
                self.assertLessEqual(len(kinds), 1, f"{view}.{column}")
        db.close()

    def test_wide_values_are_declared_wide(self):
        """A driver may take INTEGER for 32 bits."""
        db = self.site.connect()
        for table in names(db, "table"):
            for _, column, declared, *_ in db.execute(f'PRAGMA table_info("{table}")').fetchall():
                if declared == "INTEGER":
                    widest = db.execute(f'SELECT max(abs("{column}")) FROM "{table}"').fetchone()[0] or 0
                    self.assertLess(widest, 1 << 31, f"{table}.{column}")
                    self.assertNotRegex(column, r"(_ms|_hash|_packets|_count|^bytes|^requests)$", table)
        db.close()

    def compare(self, name, told, rows):
        """Queries in their order, with what versions make of round(6.25, 1); views and tables in any order, exactly."""
        if not name.startswith("query "):
            self.assertEqual(sorted(map(json.dumps, told)), sorted(map(json.dumps, rows)), name)
            return
        self.assertEqual(len(told), len(rows), name)
        for one, other in zip(told, rows):
            for a, b in zip(one, other):
                if isinstance(a, (int, float)) and isinstance(b, (int, float)):
                    self.assertAlmostEqual(a, b, delta=0.1001, msg=name)
                else:
                    self.assertEqual(a, b, name)

    @needs("node", OLD_SQLITE)
    def test_an_old_engine_answers_everything(self):
        questions = []
        db = sqlite3.connect(self.snapshot)
        for view in names(db, "view"):
            questions.append((view, f'SELECT * FROM "{view}"', []))
        for table in set(names(db, "table")) - {"copy_made"}:  # which says that there is the snapshot
            questions.append((table, f'SELECT count(*) FROM "{table}"', []))
        for path in sorted((ROOT / "queries").glob("*.sql")):
            sql = path.read_text()
            code = re.sub(r"--.*", "", sql)
            questions.append(("query " + path.stem, sql, sorted(set(re.findall(r":[a-z_]+", code)))))
        self.assertGreater(len(questions), 35)
        asked = os.path.join(self.site.directory, "questions.json")
        with open(asked, "w", encoding="utf-8") as f:
            json.dump(questions, f)
        # The database itself as well: its last reader has put the WAL into it.
        for path in (self.snapshot, self.site.db):
            result = ask_old_engine(path, asked)
            self.assertEqual(result.returncode, 0, result.stderr)
            told = json.loads(result.stdout)
            self.assertTrue(told["version"].startswith("3.28."), told["version"])
            self.assertEqual(told["check"], "ok")
            for name, sql, parameters in questions:
                rows = db.execute(sql, {p[1:]: None for p in parameters}).fetchall()
                self.compare(name, told["answers"][name], in_json(rows))
        db.close()
