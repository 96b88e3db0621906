"""CSV and the built-in queries by the command line: what is read back equals the file; options and settings reach them."""
import csv
import gzip
import io
import json
import os
import unittest

from harness import TestCase, read_csv

NOW = "2026-03-04T06:00:00Z"


class Export(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.box = case.site(case.standin(now=NOW).url, timezone="Asia/Seoul")
        case.ok(cls.box.extract("--until", NOW))

    def test_reads_back_equal(self):
        out = self.box.export()
        for name in ("participant_attribute", "segment", "session", "conversation", "user"):
            header, *body = read_csv(out, name + ".csv")
            self.assertFalse([c for c in header if c.startswith("row_") or c == "conversation_key"])
            self.assertEqual(len(body), self.box.value(f'SELECT count(*) FROM "{name}"'))
            self.assertTrue(all(len(r) == len(header) for r in body))
        stored = sorted((r[0], r[1], r[2]) for r in self.box.query(
            "SELECT conversation_id, name, value FROM participant_attribute JOIN conversation USING (conversation_key)"))
        header, *body = read_csv(out, "participant_attribute.csv")
        at = [header.index(c) for c in ("conversation_id", "name", "value")]
        self.assertEqual(sorted(tuple(r[i] for i in at) for r in body), stored)

    def test_named_tables_gzip_bom(self):
        out = os.path.join(self.box.directory, "deep", "er")
        self.ok(self.box.run("export", "--out", out, "--gzip", "--bom", "run", "conversation"))
        self.assertEqual(set(os.listdir(out)), {"run.csv.gz", "conversation.csv.gz", "manifest.json"})
        with gzip.open(os.path.join(out, "conversation.csv.gz"), "rb") as f:
            data = f.read()
        self.assertTrue(data.startswith(b"\xef\xbb\xbf"))
        self.assertIn(b"\r\n", data)

    def test_since_is_a_day_of_the_time_zone(self):
        out = self.box.export("since", "--since", "2026-03-03")
        header, *body = read_csv(out, "conversation.csv")
        at = header.index("conversation_start")
        self.assertGreater(len(body), 9)
        self.assertTrue(all(r[at] >= "2026-03-02T15:00:00.000Z" for r in body))
        expected = self.box.value("SELECT count(*) FROM segment JOIN conversation USING (conversation_key) "
                                  "WHERE conversation_start >= '2026-03-02T15:00:00.000Z'")
        self.assertEqual(len(read_csv(out, "segment.csv")) - 1, expected)

    def test_formulas(self):
        self.assertTrue([r for r in read_csv(self.box.export("plain"), "participant_attribute.csv") if r[-1][:1] == "="])
        self.box.set(export={"neutralize_formulas": "yes"})
        self.addCleanup(self.box.set, export={"neutralize_formulas": None})
        rows = read_csv(self.box.export("safe"), "participant_attribute.csv")
        self.assertFalse([r for r in rows[1:] if r[-1][:1] in ("=", "@")])

    def test_each_query_in_three_forms(self):
        listing = self.ok(self.box.run("query")).stdout
        for name in ("conversations_by_day", "queue_halfhour", "agent_handle_time", "abandoned", "wrapup_codes",
                     "open_conversations", "adherence_day", "freshness"):
            self.assertIn(name, listing)
            self.ok(self.box.run("query", name))
            rows = json.loads(self.ok(self.box.run("query", name, "--json")).stdout)
            self.assertIsInstance(rows, list)
            table = list(csv.reader(io.StringIO(self.ok(self.box.run("query", name, "--csv")).stdout)))
            self.assertEqual(len(table) - 1, len(rows), name)

    def test_parameters_of_a_query(self):
        rows = json.loads(self.ok(self.box.run("query", "conversations_by_day", "from=2026-03-02", "to=2026-03-02",
                                               "--json")).stdout)
        self.assertTrue(rows)
        self.assertTrue(all("2026-03-02" in json.dumps(r) for r in rows))
        self.assertIn("freshness", self.ok(self.box.run("query", "freshnes"), 2).stderr)
        for misspelt in ("form=2026-03-01", "from"):
            self.ok(self.box.run("query", "conversations_by_day", misspelt), 2)


if __name__ == "__main__":
    unittest.main()
