"""`export --by-day`: the same rows in a file a day; what has not changed is not touched. (Killed anywhere: test_export.)"""
import csv
import datetime
import gzip
import json
import os
from pathlib import Path

from harness import TestCase, read_csv
from test_export import described

NOW = "2026-03-04T06:00:00Z"
STREAMS = "users, queues, conversations, adherence_realtime, conversation_aggregate, user_status"


def read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


def traces(out):
    """{file below the directory: by which one sees that it was touched}"""
    return {str(p.relative_to(out)): (p.stat().st_ino, p.stat().st_mtime_ns, p.stat().st_ctime_ns)
            for p in Path(out).rglob("*") if p.is_file()}


def seoul(instant):
    return (datetime.datetime.fromisoformat(instant.rstrip("Z")) + datetime.timedelta(hours=9)).strftime("%Y-%m-%d")


class ByDay(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.box = case.site(case.standin(now=NOW).url, start="2026-03-02", timezone="Asia/Seoul", extract={"streams": STREAMS})
        case.ok(cls.box.extract("--until", NOW))
        cls.box.change("CREATE VIEW mine AS SELECT '../../x' AS day, 1 AS a UNION ALL SELECT '2026-03-02', 2 UNION ALL SELECT NULL, 3;"
                       "CREATE VIEW odd AS SELECT 'x' AS conversation_id, 1 AS a")
        cls.out = cls.box.export("by-day", "--by-day")

    def manifest(self):
        files = described(self, self.out)
        self.assertEqual({f["file"] for f in files} | {"manifest.json"}, set(traces(self.out)))
        return files

    def test_it_is_the_whole_export_cut_by_days(self):
        whole = self.box.export("whole")
        starts = dict(self.box.query("SELECT conversation_id, conversation_start FROM conversation"))
        found, cut = {}, set()
        for told in self.manifest():
            name, day = told["name"], told["day"]
            header, *rows = read(os.path.join(self.out, told["file"]))
            found.setdefault(name, [header]).extend(rows)
            folder = f"{name}/day={day or '__HIVE_DEFAULT_PARTITION__'}/{name}.csv.gz"
            self.assertIn(told["file"], (folder, f"{name}/{name}.csv.gz"))
            if told["file"] != folder or name == "mine":
                continue
            cut.add(name)
            own = next((header.index(c) for c in ("day", "business_day") if c in header), None)
            for row in rows:
                if own is not None:
                    expected = row[own]
                elif "conversation_id" in header:
                    expected = seoul(starts[row[header.index("conversation_id")]]) if name != "odd" else None
                else:
                    expected = seoul(row[next(i for i, c in enumerate(header) if c in ("state_start", "interval_start", "start_time"))])
                self.assertEqual(day, expected, name)
        self.assertEqual(set(found), {f["name"] for f in described(self, whole)})
        for name, rows in found.items():
            plain = read_csv(whole, name + ".csv")
            self.assertEqual(rows[0], plain[0], name)
            self.assertEqual(sorted(rows), sorted(plain), name)
        self.assertLessEqual({"conversation", "segment", "participant_attribute", "v_conversation", "v_metric", "v_segment", "adherence_state",
                              "conversation_aggregate", "user_presence", "odd"}, cut)
        self.assertTrue({"user", "queue", "v_day", "zone_offset", "freshness"}.isdisjoint(cut))
        self.assertEqual({(f["day"], f["rows"]) for f in self.manifest() if f["name"] == "mine"}, {("2026-03-02", 1), (None, 2)})

    def test_what_has_not_changed_is_not_touched(self):
        before = traces(self.out)
        self.ok(self.box.run("export", "--by-day", "--out", self.out))
        self.assertEqual(traces(self.out), before)
        identifier, start = self.box.query("SELECT conversation_id, conversation_start FROM conversation ORDER BY 2 DESC")[0]
        self.box.change(f"UPDATE conversation SET external_tag = 'other' WHERE conversation_id = '{identifier}'")
        self.ok(self.box.run("export", "--by-day", "--out", self.out))
        after = traces(self.out)
        self.assertEqual({f for f in after if after[f] != before.get(f)},
                         {"manifest.json", *(f"{t}/day={seoul(start)}/{t}.csv.gz" for t in ("conversation", "v_conversation"))})

    def test_days_that_are_gone(self):
        starts = self.box.query("SELECT conversation_id, conversation_start FROM conversation ORDER BY 2")
        first = seoul(starts[0][1])
        kept = Path(self.out) / "conversation" / f"day={first}" / "notes.txt"
        kept.write_text("a reader's own\n", encoding="ascii")
        self.addCleanup(lambda: kept.exists() and kept.unlink())
        gone = ", ".join(f"'{identifier}'" for identifier, start in starts if seoul(start) == first)
        self.box.change(f"DELETE FROM conversation WHERE conversation_id IN ({gone})")
        self.ok(self.box.run("export", "--by-day", "--out", self.out))
        self.assertNotIn(("conversation", first), {(f["name"], f["day"]) for f in described(self, self.out)})
        self.assertEqual(os.listdir(kept.parent), ["notes.txt"])
        kept.unlink()
        self.box.change("UPDATE queue SET name = 'other' WHERE rowid = 1")
        self.ok(self.box.run("export", "--by-day", "--out", self.out))
        self.assertFalse(kept.parent.exists())
        self.manifest()

    def test_the_other_layout_is_refused(self):
        for first, then, named in (((), ("--by-day",), "user.csv"), (("--gzip",), ("--by-day",), "user.csv.gz"), (("--by-day",), (), "/user ")):
            out = self.box.export("twice" + "".join(first), *first, "user")
            before = traces(out)
            self.assertIn(named, self.ok(self.box.run("export", "--out", out, *then, "user"), 9).stderr)
            self.assertEqual(traces(out), before)

    def test_types_and_the_setting(self):
        self.box.set(export={"by_day": "yes"})
        self.addCleanup(self.box.set, export={"by_day": None})
        out = self.box.export("typed", "--since", "2026-03-03", "segment", "v_conversation")
        files = described(self, out)
        self.assertEqual({f["day"] for f in files if f["name"] == "segment"}, {"2026-03-03", "2026-03-04"})
        with open(os.path.join(out, "manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        self.assertEqual((manifest["time_zone"], manifest["start"], manifest["schema_version"]), ("Asia/Seoul", "2026-03-02", 11))
        types = {f["name"]: {c["name"]: c["type"] for c in f["columns"]} for f in files}
        self.assertEqual(types["segment"]["conversation_id"], "TEXT")
        self.assertEqual(types["segment"]["segment_no"], "INTEGER")
        self.assertEqual(types["v_conversation"]["handle_ms"], "BIGINT")
        self.assertIn("earlier days are removed", " ".join(self.ok(self.box.run("help", "export")).stdout.split()))
        self.box.export("typed", "--since", "2026-03-04", "segment")
        self.assertEqual(os.listdir(os.path.join(out, "segment")), ["day=2026-03-04"])
        none = described(self, self.box.export("none", "--since", "2026-03-05", "segment"))
        self.assertEqual([(f["day"], f["rows"], f["file"]) for f in none], [(None, 0, "segment/segment.csv.gz")])
