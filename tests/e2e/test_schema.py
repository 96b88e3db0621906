"""What `rollcall schema` says of tables and views is what the file has."""
import json
import os
import unittest

from harness import ROLLCALL, TestCase, at_terminal, run

NOW = "2026-03-04T06:00:00Z"


def described(*arguments):
    """{relation: {column: what is said of it}}"""
    done = run([ROLLCALL, "schema", "--json", *arguments], check=True)
    return {r["name"]: {c["name"]: c for c in r["columns"]} for r in json.loads(done.stdout)}


class Schema(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.box = case.site(case.standin(now=NOW).url)
        case.ok(cls.box.extract("--until", NOW))
        cls.said = described()

    def test_it_has_every_column(self):
        kinds = {"table": {}, "view": {}}
        for name, kind in self.box.query("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"):
            kinds[kind][name] = {c[0]: c[1] for c in self.box.query("SELECT name, type FROM pragma_table_info(?)", name)}
        told = {name: {c: d["type"] for c, d in columns.items()} for name, columns in self.said.items()}
        self.assertEqual({n: c for n, c in told.items() if n in kinds["table"]}, kinds["table"])
        self.assertEqual({n: set(c) for n, c in told.items() if n not in kinds["table"]},
                         {n: set(c) for n, c in kinds["view"].items()})
        for name, columns in self.said.items():
            self.assertEqual([c for c, d in columns.items() if not d["description"]], [], name)
            self.assertEqual([c for c, d in columns.items() if name.startswith("v_") and d["description"] == "likewise"], [], name)
        for name in ("v_queue_day", "v_queue_halfhour"):
            self.assertIn("the queue", self.said[name]["queue_id"]["description"])
            self.assertNotIn("nOffered", self.said[name]["answered"]["description"])
            self.assertNotIn("name", self.said[name]["media_type"]["description"])

    def test_values_of_views_are_of_its_types(self):
        fits = {"TEXT": {"text"}, "REAL": {"real", "integer"}, "INTEGER": {"integer"}, "BIGINT": {"integer"}}
        for (name,) in self.box.query("SELECT name FROM sqlite_master WHERE type = 'view'"):
            for column, said in self.said[name].items():
                kinds = {r[0] for r in self.box.query(f'SELECT DISTINCT typeof("{column}") FROM "{name}"')} - {"null"}
                self.assertLessEqual(kinds, fits[said["type"]], f"{name}.{column}")

    def test_units(self):
        for name, column, unit in (("conversation", "conversation_start", "UTC"), ("v_conversation", "local_start", "local time"),
                                   ("v_conversation", "handle_ms", "ms"), ("adherence_day", "adherence_percentage", "%"),
                                   ("queue", "media_settings", "JSON"), ("v_metric", "day", "day"), ("v_segment", "whole", "0/1"),
                                   ("conversation", "self_served", "0/1"), ("queue", "name", None), ("adherence_day", "impact_seconds", "s")):
            self.assertEqual(self.said[name][column]["unit"], unit, f"{name}.{column}")

    def test_one_or_the_nearest(self):
        self.assertEqual(set(described("queue")), {"queue"})
        self.assertIn("queue_id ", run([ROLLCALL, "schema", "queue"], check=True).stdout)
        self.assertIn("did you mean queue", self.ok(run([ROLLCALL, "schema", "queu"]), 2).stderr)
        self.ok(run([ROLLCALL, "schema", "queue", "user"]), 2)

    def test_a_terminal_cuts_no_words(self):
        shown, code = at_terminal([ROLLCALL, "--no-pager", "schema", "v_queue_day"], dict(os.environ, TERM="xterm"), 80, lines=24)
        self.assertEqual(code, 0)
        self.assertLessEqual(max(map(len, shown.splitlines())), 80)
        words = " ".join(shown.split())
        for name, said in self.said["v_queue_day"].items():
            self.assertIn(" ".join(filter(None, (name, said["type"], said["unit"], said["description"]))), words)


if __name__ == "__main__":
    unittest.main()
