"""CSV as BI tools get it: RFC 4180, whole, atomic, the same for the same content; and the built-in queries."""
import csv
import gzip
import io
import json
import os
import unittest

from harness import TestCase, csv_bytes

NOW = "2026-03-04T06:00:00Z"


class Export(TestCase):
    def setUp(self):
        self.server = self.standin(now=NOW)
        self.box = self.site(self.server.url, timezone="Asia/Seoul")
        self.ok(self.box.extract("--until", NOW))

    def read(self, path):
        with open(path, "rb") as f:
            data = f.read()
        return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))

    def test_reads_back_equal(self):
        out = self.box.export()
        for name in ("participant_attribute", "segment", "session", "conversation", "user"):
            rows = self.read(os.path.join(out, name + ".csv"))
            header, body = rows[0], rows[1:]
            self.assertFalse([c for c in header if c.startswith("row_") or c == "conversation_key"])
            self.assertEqual(len(body), self.box.value(f'SELECT count(*) FROM "{name}"'))
            self.assertTrue(all(len(r) == len(header) for r in body))
        stored = sorted((r[0], r[1], r[2]) for r in self.box.query(
            "SELECT conversation_id, name, value FROM participant_attribute JOIN conversation USING (conversation_key)"))
        rows = self.read(os.path.join(out, "participant_attribute.csv"))
        at = [rows[0].index(c) for c in ("conversation_id", "name", "value")]
        self.assertEqual(sorted(tuple(r[i] for i in at) for r in rows[1:]), stored)

    def test_null_and_empty_differ(self):
        out = self.box.export()
        with open(os.path.join(out, "participant_attribute.csv"), "rb") as f:
            data = f.read()
        if self.box.value("SELECT count(*) FROM participant_attribute WHERE value = ''"):
            self.assertIn(b',""\r\n', data)
        self.assertIn(b",,", csv_bytes(out)["session.csv"])

    def test_order_and_determinism(self):
        one = csv_bytes(self.box.export("one"))
        two = csv_bytes(self.box.export("two"))
        self.assertEqual(one, two)
        rows = self.read(os.path.join(self.box.directory, "one", "segment.csv"))
        ids = [r[0] for r in rows[1:]]
        self.assertEqual(rows[0][0], "conversation_id")
        self.assertEqual(ids, sorted(ids))

    def test_default_set_and_manifest(self):
        out = self.box.export()
        names = {n for n in os.listdir(out)}
        for table in ("conversation", "segment", "user", "queue", "adherence_state", "v_conversation", "v_segment"):
            self.assertIn(table + ".csv", names)
        for table in ("run", "raw_page", "extract_window", "unknown_field"):
            self.assertNotIn(table + ".csv", names)
        with open(os.path.join(out, "manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        text = json.dumps(manifest)
        for word in ("schema_version", "rows", "bytes", "conversations"):
            self.assertIn(word, text)

    def test_named_tables_gzip_bom(self):
        out = os.path.join(self.box.directory, "deep", "er")
        self.ok(self.box.run("export", "--out", out, "--gzip", "--bom", "run", "conversation"))
        self.assertEqual({n for n in os.listdir(out)}, {"run.csv.gz", "conversation.csv.gz", "manifest.json"})
        with gzip.open(os.path.join(out, "conversation.csv.gz"), "rb") as f:
            data = f.read()
        self.assertTrue(data.startswith(b"\xef\xbb\xbf"))
        self.assertIn(b"\r\n", data)

    def test_unknown_table(self):
        result = self.ok(self.box.run("export", "--out", self.box.directory + "/x", "conversatio"), 2)
        self.assertIn("conversation", result.stderr)

    def test_since(self):
        out = os.path.join(self.box.directory, "since")
        self.ok(self.box.run("export", "--out", out, "--since", "2026-03-03"))
        rows = self.read(os.path.join(out, "conversation.csv"))
        at = rows[0].index("conversation_start")
        self.assertGreater(len(rows), 10)
        self.assertTrue(all(r[at] >= "2026-03-02T15:00:00.000Z" for r in rows[1:]))
        expected = self.box.value("SELECT count(*) FROM segment JOIN conversation USING (conversation_key) "
                                  "WHERE conversation_start >= '2026-03-02T15:00:00.000Z'")
        self.assertEqual(len(self.read(os.path.join(out, "segment.csv"))) - 1, expected)

    def test_formulas(self):
        out = os.path.join(self.box.directory, "safe")
        self.box.set(export={"neutralize_formulas": "yes"})
        self.ok(self.box.run("export", "--out", out, "participant_attribute"))
        rows = self.read(os.path.join(out, "participant_attribute.csv"))
        self.assertFalse([r for r in rows[1:] if r[-1][:1] in ("=", "@")])


class Queries(TestCase):
    NAMES = ("conversations_by_day", "queue_halfhour", "agent_handle_time", "abandoned", "wrapup_codes",
             "open_conversations", "adherence_day", "freshness")

    def setUp(self):
        self.server = self.standin(now=NOW)
        self.box = self.site(self.server.url, timezone="Asia/Seoul")
        self.ok(self.box.extract("--until", NOW))

    def test_all(self):
        listing = self.ok(self.box.run("query")).stdout
        for name in self.NAMES:
            self.assertIn(name, listing)
            self.ok(self.box.run("query", name))
            rows = json.loads(self.ok(self.box.run("query", name, "--json")).stdout)
            self.assertIsInstance(rows, list)
            table = list(csv.reader(io.StringIO(self.ok(self.box.run("query", name, "--csv")).stdout)))
            self.assertEqual(len(table) - 1, len(rows), name)

    def test_parameters(self):
        rows = json.loads(self.ok(self.box.run("query", "conversations_by_day", "from=2026-03-02", "to=2026-03-02",
                                               "--json")).stdout)
        self.assertTrue(rows)
        self.assertTrue(all("2026-03-02" in json.dumps(r) for r in rows))

    def test_misspelt(self):
        self.assertIn("freshness", self.ok(self.box.run("query", "freshnes"), 2).stderr)
        self.ok(self.box.run("query", "conversations_by_day", "form=2026-03-01"), 2)
        self.ok(self.box.run("query", "conversations_by_day", "from"), 2)


if __name__ == "__main__":
    unittest.main()
