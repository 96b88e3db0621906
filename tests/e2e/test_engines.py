"""Engines read the export as SQLite reads the file: counts and sums of every column, by the manifest's types; and what docs/recipes
shows runs, where its tool is here."""
import csv
import gzip
import json
import math
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from harness import FULL, ROOT, TestCase, needs, read_csv, run

NOW = "2026-03-04T06:00:00Z"
RECIPES = ROOT / "docs" / "recipes"
DUCKDB = ROOT / "build" / "duckdb" / "node_modules" / "@duckdb" / "node-api"
CHDB = ROOT / "build" / "chdb" / "node_modules" / "chdb"


def python_with(package):
    """This Python, or the system's; the package's name where neither has it."""
    probe = f"import importlib.util as u; raise SystemExit(not u.find_spec('{package}'))"
    return next((p for p in (sys.executable, "/usr/bin/python3") if os.path.exists(p) and run([p, "-c", probe]).returncode == 0), package)


PANDAS = python_with("pandas")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", (RECIPES / page).read_text(encoding="utf-8"), re.M | re.S)


class Engines(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.box = case.site(case.standin(now=NOW).url, timezone="Asia/Seoul", start="2026-03-02", extract={"streams": "all, quality"})
        case.ok(cls.box.extract("--until", NOW))
        cls.out = cls.box.export("csv", "--by-day")
        with open(os.path.join(cls.out, "manifest.json"), encoding="utf-8") as f:
            cls.tables = {}
            for told in json.load(f)["files"]:
                columns = [(c["name"], c["type"]) for c in told["columns"]]
                cls.tables.setdefault(told["name"], (columns, []))[1].append(os.path.join(cls.out, told["file"]))
        cls.expected = cls.of_sqlite()
        cls.offered = cls.box.value("SELECT sum(offered) FROM v_queue_day WHERE day >= '2026-03-02'")
        assert cls.offered

    @classmethod
    def of_sqlite(cls):
        """{table: what each column comes to}: first the rows, then texts that are there, or the sum."""
        found = {}
        for name, (columns, _) in cls.tables.items():
            below = "conversation_id" in dict(columns) and not cls.box.value(
                "SELECT count(*) FROM pragma_table_info(?) WHERE name = 'conversation_id'", name)
            source = f'"{name}" JOIN conversation USING (conversation_key)' if below else f'"{name}"'
            said = [f"count(nullif({cls.quoted(name, c, below)}, ''))" if kind == "TEXT" else f"sum({cls.quoted(name, c, below)})"
                    for c, kind in columns]
            found[name] = list(cls.box.query(f"SELECT count(*), {', '.join(said)} FROM {source}")[0])
        return found

    @staticmethod
    def quoted(table, column, below):
        return f'conversation."{column}"' if below and column == "conversation_id" else f'"{table}"."{column}"'

    def compare(self, name, row):
        expected = self.expected[name]
        for column, mine, theirs in zip(["rows"] + [c for c, _ in self.tables[name][0]], expected, row, strict=True):
            same = theirs == mine if None in (mine, theirs) else math.isclose(float(theirs), float(mine), rel_tol=1e-9, abs_tol=1e-9)
            self.assertTrue(same, f"{name}.{column}: {theirs}, not {mine}")

    def ask(self, engine, path, source, cast):
        """All tables of an engine, a statement each; `source` makes what is read, `cast` a type."""
        names = sorted(self.tables)
        statements = []
        for name in names:
            columns, files = self.tables[name]
            said = [f"count(nullif(\"{c}\", ''))" if kind == "TEXT" else f'sum("{c}")' for c, kind in columns]
            statements.append(f"SELECT count(*), {', '.join(said)} FROM {source(files, [(c, cast[kind]) for c, kind in columns])}")
        done = subprocess.run(["node", str(ROOT / "tests" / "e2e" / "engines.js"), engine, str(path)], input=json.dumps(statements),
                              text=True, capture_output=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name, row in zip(names, json.loads(done.stdout), strict=True):
            self.compare(name, row)

    def test_python(self):
        for name, (columns, files) in self.tables.items():
            found = [0] + [0 if kind == "TEXT" else None for _, kind in columns]
            for path in files:
                with gzip.open(path, "rt", encoding="utf-8", newline="") as f:
                    rows = list(csv.reader(f))[1:]
                found[0] += len(rows)
                for row in rows:
                    for at, ((_, kind), value) in enumerate(zip(columns, row, strict=True), 1):
                        if value:
                            found[at] = (found[at] or 0) + (1 if kind == "TEXT" else float(value) if kind == "REAL" else int(value))
            self.compare(name, found)

    @needs("node", DUCKDB)
    def test_duckdb(self):
        def source(files, columns):
            types = ", ".join(f"'{c}': '{kind}'" for c, kind in columns)
            return (f"read_csv({files}, header = true, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false, "
                    f"hive_partitioning = false, columns = {{{types}}})")

        self.ask("duckdb", DUCKDB, source, {"TEXT": "VARCHAR", "INTEGER": "BIGINT", "BIGINT": "BIGINT", "REAL": "DOUBLE"})

    @unittest.skipUnless(FULL or CHDB.exists(), "chdb (500 MB) is for make check-full")
    @needs("node", CHDB)
    def test_chdb(self):
        def source(files, columns):
            types = ", ".join(f"`{c}` {kind}" for c, kind in columns)
            path = re.sub("/day=[^/]*/", "/day=*/", files[0])  # no list of paths there
            return (f"file('{path}', 'CSVWithNames', '{types}') "
                    "SETTINGS input_format_csv_trim_whitespaces = 0, input_format_null_as_default = 0")

        self.ask("chdb", CHDB, source, {"TEXT": "String", "INTEGER": "Nullable(Int64)", "BIGINT": "Nullable(Int64)",
                                        "REAL": "Nullable(Float64)"})

    @needs("node", DUCKDB)
    def test_recipes_of_duckdb(self):
        by_day, joined, manifest = statements = blocks("duckdb.md", "sql")
        done = run(["node", str(ROOT / "tests" / "e2e" / "engines.js"), "duckdb", str(DUCKDB)], cwd=self.box.directory, input=json.dumps(
            [f"SELECT count(*), sum(offered) FROM ({by_day})", f"SELECT sum(visits) FROM ({joined})", f"SELECT sum(rows) FROM ({manifest})"]))
        self.assertEqual((done.returncode, done.stderr, len(statements)), (0, "", 3))
        (groups, offered), (visits,), (rows,) = json.loads(done.stdout)
        self.assertEqual((int(groups), int(offered)), tuple(self.box.query(
            "SELECT count(DISTINCT day || queue_name), sum(offered) FROM v_queue_day WHERE day BETWEEN '2026-03-02' AND '2026-03-03'")[0]))
        self.assertEqual(int(visits), self.box.value("SELECT count(*) FROM v_queue_visit"))
        with open(os.path.join(self.box.directory, "csv", "manifest.json"), encoding="utf-8") as f:
            self.assertEqual(int(rows), sum(told["rows"] for told in json.load(f)["files"]))

    def test_recipe_of_python(self):
        self.of_python(sys.executable, 0)

    @needs(Path(PANDAS))
    def test_recipe_of_pandas(self):
        self.of_python(PANDAS, 1)

    def of_python(self, program, number):
        script = blocks("pandas.md", "python")[number]
        self.assertEqual(int(self.ok(run([program, "-c", script], cwd=self.box.directory)).stdout), self.offered)

    @unittest.skipUnless(FULL, "R (75 MB) is for make check-full")
    @needs("Rscript")
    def test_recipe_of_r(self):
        script, = blocks("r.md", "r")
        done = self.ok(run(["Rscript", "-e", script + "cat(sum(queues$offered))"], cwd=self.box.directory))
        for name, in self.box.query("SELECT DISTINCT queue_name FROM v_queue_day"):
            self.assertIn(name, done.stdout)
        self.assertEqual(int(done.stdout.split("\n")[-1]), self.box.value("SELECT sum(offered) FROM v_queue_day WHERE day >= '2026-03-01'"))

    @unittest.skipUnless(FULL, "LibreOffice (270 MB) is for make check-full")
    @needs("soffice")
    def test_recipe_of_libreoffice(self):
        """A table by the recipe's line, and a workbook of ours: each cell is as in the CSV."""
        work = self.directory()
        self.ok(self.box.run("export", "--out", work + "/csv", "v_queue_day"))
        self.ok(self.box.run("query", "queue_day", "--xlsx", work + "/queue_day.xlsx"))
        to_csv = "soffice --headless --convert-to 'csv:Text - txt - csv (StarCalc):44,34,76' --outdir back "
        line, = blocks("libreoffice.md", "sh")
        self.ok(run(["sh", "-ec", f"{line}{to_csv} v_queue_day.ods\n{to_csv} queue_day.xlsx"], cwd=work, env={**os.environ, "HOME": work}))
        with open(work + "/queue_day.csv", "w", encoding="utf-8") as f:
            f.write(self.ok(self.box.run("query", "queue_day", "--csv")).stdout)

        def rows(path):
            table = read_csv(work, path)
            places = [table[0].index(name) for name in ("queue_id", "queue_name", "offered")]
            return [[row[at] for at in places] for row in table[1:]]

        for ours, theirs in (("csv/v_queue_day.csv", "back/v_queue_day.csv"), ("queue_day.csv", "back/queue_day.csv")):
            self.assertEqual(rows(theirs), rows(ours))
            self.assertTrue(rows(ours))

    def test_grafana(self):
        """The range is that of the figures, in milliseconds."""
        first, last = self.box.query("SELECT strftime('%s', min(utc_start)) * 1000, (strftime('%s', max(utc_start)) + 1) * 1000 "
                                     "FROM v_queue_halfhour")[0]
        series, table = (sql.replace("$__from", str(first)).replace("$__to", str(last)) for sql in blocks("grafana.md", "sql"))
        self.assertEqual(self.box.value(f"SELECT sum(value) FROM ({series})"), self.box.value("SELECT sum(offered) FROM v_queue_halfhour"))
        self.assertEqual(len(self.box.query(table)), self.box.value("SELECT count(*) FROM v_queue_day"))

    def test_datasette(self):
        with open(RECIPES / "metadata.json", encoding="utf-8") as f:
            tables = json.load(f)["databases"]["rollcall"]["tables"]
        self.assertEqual({n: set(t["columns"]) for n, t in tables.items()}, {
            n: {c[0] for c in self.box.query("SELECT name FROM pragma_table_info(?)", n)}
            for (n,) in self.box.query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")})

    def test_snapshots(self):
        """As they are written, beside the file itself."""
        os.mkdir(os.path.join(self.box.directory, "snapshot"))
        found = set(re.findall(r"rollcall (snapshot [^`\n]*)", "".join(page.read_text("utf-8") for page in RECIPES.glob("*.md"))))
        self.assertEqual(len(found), 3)
        for words in found:
            self.ok(self.box.run(*words.split()))

    def test_each_says_whether_it_was_run(self):
        index = (RECIPES / "README.md").read_text(encoding="utf-8")
        for page in RECIPES.glob("[a-z]*.md"):
            self.assertIn(f"]({page.name})", index)
            self.assertRegex(page.read_text(encoding="utf-8"), r"[Nn]ot run here|`make\s+check(-full)?` runs")
