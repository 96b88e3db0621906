"""Answers of queries in files: --out, and workbooks as others read them (here: the XML, as ECMA-376 has it)."""
import datetime
import json
import os
import re
import stat
import xml.etree.ElementTree
import zipfile
from pathlib import Path

from harness import TestCase

NOW = "2026-03-03T06:00:00Z"
M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ODD = ["=1+1", "+821012345678", "-3", "@SUM(A1)", "007", "http://example.invalid/", "mailto:a@example.invalid", "1e5", "TRUE",
       "_x0041_", "tab\tline\n", " blanks ", "<&>\"'", "\x01\x1f", "日本語 🎧", "\ufffe", "2026-02-30", "2026-03-01T10:00:00+09:00",
       "internal:Sheet1!A1", "2026-3-1", "1899-12-31"]


def unescape(text):
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m.group(1), 16)), text)


def workbook(path):
    """(rows of (type, value, format), sheet's XML) of the one sheet; a time is its text."""
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        names = [n for n in book.namelist() if n.startswith("xl/worksheets/")]
        assert names == ["xl/worksheets/sheet1.xml"], names
        sheet = xml.etree.ElementTree.fromstring(book.read(names[0]))
        styles = xml.etree.ElementTree.fromstring(book.read("xl/styles.xml"))
    formats = {f.get("numFmtId"): f.get("formatCode") for f in styles.iter(M + "numFmt")}
    cells = [formats.get(x.get("numFmtId")) for x in styles.find(M + "cellXfs")]
    rows = []
    for row in sheet.iter(M + "row"):
        found = {}
        for cell in row:
            column = re.match("[A-Z]+", cell.get("r")).group()
            shown = cells[int(cell.get("s", "0"))]
            if cell.get("t") == "inlineStr":
                found[column] = ("text", unescape(cell.find(f"{M}is/{M}t").text or ""))
            elif cell.find(M + "v") is not None:
                found[column] = ("time" if shown else "number", float(cell.find(M + "v").text), shown)
        rows.append(found)
    return rows, sheet


def letters(n):
    return (letters(n // 26 - 1) if n >= 26 else "") + chr(65 + n % 26)


def moment(serial, shown):
    at = datetime.datetime(1899, 12, 30) + datetime.timedelta(milliseconds=round(serial * 86400000))
    text = at.isoformat(sep=" ", timespec="milliseconds")
    return text[:{"yyyy-mm-dd": 10, "yyyy-mm-dd hh:mm": 16, "yyyy-mm-dd hh:mm:ss": 19, "yyyy-mm-dd hh:mm:ss.000": 23}[shown]]


class Files(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.case = case = cls.shared()
        cls.site = site = case.site(case.standin(days=2, per_day=20, now=NOW).url)
        case.ok(site.extract("--until", NOW))
        values = ", ".join("(1, %d, %s)" % (900 + i, "'" + text.replace("'", "''") + "'") for i, text in enumerate(ODD))
        site.change("UPDATE queue SET name = '=HYPERLINK(\"http://example.invalid\")' WHERE queue_id = (SELECT min(queue_id) FROM queue);"
                    "UPDATE queue SET name = '007' WHERE queue_id = (SELECT max(queue_id) FROM queue);"
                    "CREATE TEMP TABLE odd (a, b, c); INSERT INTO odd VALUES " + values + ";"
                    "INSERT INTO data_problem (stream, path, kind, example, first_seen_at, count) "
                    "SELECT 'odd', printf('%03d', b), 'none', c, '2026-03-01T00:00:00.500Z', 9007199254740993 FROM odd")

    def path(self, name):
        return os.path.join(self.site.directory, name)

    def same(self, query, *parameters):
        """The workbook has what JSON has: names, texts, numbers, times."""
        path = self.path(query + ".xlsx")
        said = self.ok(self.site.run("query", query, *parameters, "--xlsx", path))
        self.assertEqual((said.stdout, said.stderr), ("", ""))
        (head, *rows), sheet = workbook(path)
        expected = json.loads(self.ok(self.site.run("query", query, *parameters, "--json")).stdout)
        self.assertEqual(len(rows), len(expected))
        names = list(expected[0])
        self.assertEqual([cell[1] for cell in head.values()], names)
        kinds = {}
        for row, wanted in zip(rows, expected):
            for i, name in enumerate(names):
                kind, value, *shown = row.get(letters(i), ("none", None))
                want = wanted[name]
                want = want.replace("\ufffe", "\ufffd") if isinstance(want, str) else want  # XML has no such character
                if kind == "time":
                    self.assertEqual(moment(value, *shown), want.replace("T", " ").rstrip("Z"))
                elif kind == "text" and isinstance(want, int):
                    self.assertEqual((int(value), abs(want) > 2 ** 53), (want, True))
                else:
                    if isinstance(want, float):  # Excel knows 15 digits; the library writes 16
                        self.assertAlmostEqual(value, want, delta=abs(want) * 1e-15)
                    else:
                        self.assertEqual((value or None), want if want not in ("", 0) else None)
                    self.assertEqual(kind == "number", isinstance(want, (int, float)), (name, want))
                kinds.setdefault(name, set()).add(kind)
        self.assertFalse([e.tag for e in sheet.iter() if e.tag in (M + "f", M + "hyperlink", M + "hyperlinks")])
        pane = sheet.find(f"{M}sheetViews/{M}sheetView/{M}pane")
        self.assertEqual((pane.get("state"), pane.get("ySplit"), pane.get("xSplit")), ("frozen", "1", None))
        widths = [float(c.get("width")) for c in sheet.find(M + "cols") for _ in range(int(c.get("min")), int(c.get("max")) + 1)]
        longest = [max(len(str(r[name] or "")) for r in [dict(zip(names, names)), *expected] if not isinstance(r[name], float))
                   for name in names]
        for width, length in zip(widths, longest, strict=True):
            self.assertGreaterEqual(width, min(length, 60))
            self.assertLess(width, max(length, 12) + 4)
        return kinds

    def test_texts_numbers_and_times(self):
        kinds = self.same("abandoned")
        for name in ("conversation_id", "queue_id", "queue_name", "ani", "dnis"):
            self.assertLessEqual(kinds[name], {"text", "none"}, name)
        self.assertEqual((kinds["local_time"], kinds["waited_seconds"]), ({"time"}, {"number"}))
        kinds = self.same("queue_halfhour")
        self.assertEqual((kinds["half_hour"], kinds["utc_start"]), ({"time"}, {"time"}))
        self.assertEqual(kinds["service_level_percent"], {"number", "none"})
        self.same("freshness")

    def test_odd_texts_stay_texts(self):
        kinds = self.same("data_problems")
        self.assertEqual((kinds["example"], kinds["path"], kinds["first_seen_at"]), ({"text"}, {"text"}, {"time"}))
        self.same("queue_day")

    def test_a_queue_called_by_a_number(self):
        rows = json.loads(self.ok(self.site.run("query", "queue_halfhour", "queue=007", "--json")).stdout)
        self.assertEqual({row["queue_name"] for row in rows}, {"007"})
        self.assertIn("7'", self.ok(self.site.run("query", "queue_halfhour", "queue=7"), 2).stderr)

    def test_out(self):
        for form in ("--csv", "--json"):
            path = self.path("out" + form)
            said = self.ok(self.site.run("query", "freshness", form, "--out", path))
            self.assertEqual(said.stdout, "")
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), self.ok(self.site.run("query", "freshness", form)).stdout)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o007, 0)
        said = self.ok(self.site.run("query", "freshness", "--csv", "--out", path, "-v"))
        self.assertRegex(said.stdout, r"^\S+/out--json: \d+ rows\n$")

    def test_a_file_is_whole_or_as_it_was(self):
        path = self.path("kept.xlsx")
        for words in (("query", "freshness", "from=2026-13-01"), ("query", "freshness", "streem=users")):
            with open(path, "w", encoding="utf-8") as file:
                file.write("old")
            self.ok(self.site.run(*words, "--xlsx", path), 2)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), "old")
        for form in ("--xlsx", "--csv", "--json"):  # a full disk
            to = [form, path] if form == "--xlsx" else [form, "--out", path]
            with self.site.held():  # so that the program has nothing to write beside the database
                self.site.value("SELECT count(*) FROM run")
                told = self.ok(self.site.run("query", "requests", *to, before=["prlimit", "--fsize=99"]), 9).stderr
            self.assertIn(f"cannot write {path}: ", told)
            self.assertEqual(Path(path).read_text(encoding="utf-8"), "old")
        self.assertEqual([n for n in os.listdir(self.site.directory) if ".tmp" in n], [])
        self.assertIn("nowhere", self.ok(self.site.run("query", "freshness", "--xlsx", self.path("nowhere/x.xlsx")), 9).stderr)
        self.assertEqual(self.site.value("SELECT count(*) > 0 FROM conversation"), 1)

    def test_choices_are_named(self):
        listed = self.ok(self.site.run("query")).stdout
        for name, choices in (("minutes", "15 30 60"), ("by", "day half_hour")):
            text = re.search(rf" {name}= +([^=]*)", listed).group(1)
            for choice in choices.split():
                self.assertIn(choice, text.split("default")[0])

    def test_what_makes_no_sense_is_refused(self):
        agent = self.site.value("SELECT min(name) FROM user")
        for code, words, *arguments in (
                (2, "--out goes with --csv or --json", "freshness", "--out", "x"),
                (2, "--out goes with", "freshness", "--xlsx", "y", "--out", "x"),
                (2, "exclude each other", "freshness", "--xlsx", "y", "--csv"),
                (2, "name a query", "--csv", "--out", "x"),
                (2, "name a query", "--json"),
                (2, "name a file", "freshness", "--csv", "--out", ""),
                (2, "name a file", "freshness", "--xlsx", ""),
                (2, "not standard output", "freshness", "--csv", "--out", "-"),
                (2, "belongs to the live database", "freshness", "--csv", "--out", self.site.db),
                (2, "belongs to the configuration", "freshness", "--csv", "--out", "rollcall.ini"),
                (2, "belongs to the configuration", "freshness", "--csv", "--out", ".env"),
                (2, "belongs to the live database", "freshness", "--xlsx", self.site.db + "-wal"),
                (9, "not a file", "freshness", "--xlsx", "/dev/null"),
                (2, "from is given twice", "freshness", "from=2026-03-01", "from=2026-03-02"),
                (2, "did you mean stream; it has: from, to, stream", "freshness", "strem=users"),
                (2, "is no day", "freshness", "to=yesterday"),
                (2, "nothing is called 'no such'", "queue_day", "queue=no such"),
                (2, f"did you mean {agent}", "agent_day", f"agent={agent}x"),
                (2, "is none of 15, 30, 60", "queue_interval", "minutes=20"),
                (2, "did you mean offered", "why", "kpi=offerd"),
                (2, "is no whole number from 1 on", "repeat_contacts", "days=0"),
                (2, "lies after to=2026-03-01", "freshness", "from=2026-03-02", "to=2026-03-01"),
                (2, "is no whole number", "open_conversations", "min_hours=some")):
            with self.subTest(arguments):
                self.assertIn(words, self.ok(self.site.run("query", *arguments), code).stderr)
