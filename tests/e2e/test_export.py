"""CSV, its manifest, and the built-in queries by the command line: what is read back equals the file; options and settings reach them."""
import csv
import ctypes
import ctypes.util
import fcntl
import gzip
import io
import json
import os
from pathlib import Path

from harness import TestCase, killed, read_csv, wait_until

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
        self.ok(self.box.run("export", "--out", out, "--gzip", "--bom", "raw_page", "conversation"))
        self.assertEqual(set(os.listdir(out)), {"raw_page.csv.gz", "conversation.csv.gz", "manifest.json"})
        with gzip.open(os.path.join(out, "raw_page.csv.gz"), "rt", encoding="utf-8") as f:
            self.assertNotIn("bytes", f.readline())
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

class Hash(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh128(data):
    """What xxh128sum says of the bytes, by the library itself."""
    library = ctypes.CDLL(ctypes.util.find_library("xxhash"))
    library.XXH3_128bits.argtypes, library.XXH3_128bits.restype = (ctypes.c_char_p, ctypes.c_size_t), Hash
    made = library.XXH3_128bits(data, len(data))
    return f"{made.high:016x}{made.low:016x}"


def described(case, out):
    """What the manifest says of each file, once every file has been held against it; None: there is no manifest."""
    if not os.path.exists(os.path.join(out, "manifest.json")):
        return None
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as f:
        files = json.load(f)["files"]
    for told in files:
        with open(os.path.join(out, told["file"]), "rb") as f:
            data = f.read()
        case.assertEqual((len(data), xxh128(data)), (told["bytes"], told["xxh128"]), told["file"])
        data = gzip.decompress(data) if told["file"].endswith(".gz") else data
        header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
        case.assertEqual((len(rows), header), (told["rows"], [c["name"] for c in told["columns"]]), told["file"])
    return files


class Manifest(TestCase):
    def test_it_describes_what_lies_beside_it_whenever_an_export_is_killed(self):
        """Rows change, and a day comes, another goes: the manifest is that of before, gone, or the new one."""
        site = self.site(self.standin(now=NOW).url)
        self.ok(site.extract("--until", NOW))
        for form, kept, gone in (((), 5, 8), (("--gzip",), 5, 8), (("--by-day",), 5, 10)):
            out = Path(site.directory, "out" + "".join(form))
            export = ("export", "--out", out, *form, "conversation", "queue", "user")
            self.ok(site.run(*export))
            old, seen = described(self, out), []
            for step in range(1, kept + gone + 2):
                site.change(f"UPDATE conversation SET conversation_start = '2026-01-{10 + step}T00:00:00.000Z' WHERE rowid = 1;"
                            f"UPDATE queue SET name = '{step}' WHERE rowid = 1; UPDATE user SET name = '{step}' WHERE rowid = 1")
                self.assertTrue(killed(site.run(*export, env={"ROLLCALL_KILL_STEP": step})))
                found = described(self, out)
                seen.append(found and ("old" if found == old else "new"))
                self.ok(site.run(*export))
                self.assertNotIn(described(self, out), (old, None))
                old = described(self, out)
                self.assertEqual({f["file"] for f in old} | {"manifest.json"},
                                 {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}, "leftovers aside are swept")
                self.assertEqual(f"2026-01-{10 + step}" in {f["day"] for f in old}, form == ("--by-day",))
            self.assertEqual(seen, ["old"] * kept + [None] * gone + ["new"])

    def test_one_export_a_directory(self):
        site = self.site(self.standin(now=NOW).url)
        self.ok(site.extract("--until", NOW))
        out = site.export()
        held = os.open(out, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.assertIn("another export", self.ok(site.run("export", "--out", out, env={"ROLLCALL_LIMIT_EXPORT_WAIT_MS": 100}),
                                                10).stderr)
        # The second waits a little for the first. (To others than root it does not show what it has open.)
        second = site.start_process("export", "--out", out, env={"ROLLCALL_LIMIT_EXPORT_WAIT_MS": 60000})
        self.addCleanup(second.communicate)
        wait_until(lambda: os.geteuid() != 0 or any(os.path.realpath(f"/proc/{second.pid}/fd/{fd}") == os.path.realpath(out)
                                                    for fd in os.listdir(f"/proc/{second.pid}/fd")))
        os.close(held)
        self.assertEqual(second.wait(), 0)

    def test_exports_at_once_never_mix(self):
        """Many at once into a directory that is not there yet: each ends well, or says that another is at work."""
        site = self.site(self.standin(now=NOW).url)
        self.ok(site.extract("--until", NOW))
        for round_no in range(5):
            out = os.path.join(site.directory, f"round-{round_no}", "deep")
            processes = [site.start_process("export", "--out", out) for _ in range(4)]
            self.assertEqual([p.communicate()[1] for p in processes], [""] * 4)
            self.assertEqual([p.returncode for p in processes], [0] * 4)
            self.assertTrue(described(self, out))
            self.assertEqual([n for n in os.listdir(out) if n.startswith(".")], [])

    def test_it_says_whose_time_it_is(self):
        site = self.site(self.standin(now=NOW).url, timezone="Asia/Seoul", start="2026-03-02")
        self.ok(site.extract("--until", NOW))
        site.set(extract={"timezone": "UTC"})  # no run has dated the file anew
        out = site.export()
        with open(os.path.join(out, "manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        self.assertEqual((manifest["time_zone"], manifest["start"]), ("Asia/Seoul", "2026-03-02"))
        self.assertEqual({row[2] for row in read_csv(out, "zone_offset.csv")[1:]}, {"32400"})


class Delimiter(TestCase):
    def test_what_stands_between_fields(self):
        site = self.site(self.standin(now=NOW).url)
        self.ok(site.extract("--stream", "queues", "--until", NOW))
        site.change("UPDATE queue SET name = 'a;b' || char(9) || 'c,d|e \"f\"'")
        rows = read_csv(site.export("comma", "queue"), "queue.csv")
        for given, sign in ((";", ";"), ("semicolon", ";"), ("tab", "\t"), ("|", "|"), ("comma", ","), (",", ",")):
            for option in (("--delimiter", given), ()):
                with self.subTest(given=given, option=option):
                    site.set(export={"delimiter": None if option or given == "," else f'"{given}"'})
                    out = site.export("out", *option, "queue")
                    with open(os.path.join(out, "queue.csv"), encoding="utf-8", newline="") as f:
                        self.assertEqual(list(csv.reader(f, delimiter=sign)), rows)
        self.assertIn("did you mean", self.ok(site.run("export", "--delimiter", "tabb"), 2).stderr)
        site.set(export={"delimiter": "x"})
        self.ok(site.run("export"), 3)


class Odd(TestCase):
    def test_odd_views_of_others_are_left_out(self):
        site = self.site(self.standin(now=NOW).url)
        self.ok(site.extract("--stream", "users", "--until", NOW))
        ours = set(os.listdir(site.export()))
        odd = {'"../out"': "1 AS a", '"a/b"': "1 AS a", "'say \"hi\"'": "1 AS a", '".hidden"': "1 AS a", '"tab\there"': "1 AS a",
               "no_column": "1 AS row_a", "no_table": "a FROM absent", "late": "abs(-9223372036854775807 - 1) AS a"}
        for name, select in odd.items():
            site.change(f"CREATE VIEW {name} AS SELECT {select}")
        site.change('CREATE TABLE "x/y" (a)')
        # rows of no conversation that is stored
        site.change("CREATE VIEW mine AS SELECT NULL AS conversation_id, 1 AS a UNION ALL VALUES ('x', 2), (42, 3), ('0', 4)")
        site.change("CREATE VIEW export_file AS SELECT 'mine' AS \"a?1\"")  # a name of ours, and one like a parameter's
        site.change('CREATE VIEW "O\'Hara, \u654e" AS SELECT 1 AS "a""b", 2 AS ""')
        out = os.path.join(site.directory, "export", "odd")
        told = self.ok(site.run("export", "--out", out)).stderr
        self.assertEqual(set(os.listdir(out)), ours | {"O'Hara, \u654e.csv", "mine.csv", "export_file.csv"})
        self.assertEqual(read_csv(out, "export_file.csv"), [["a?1"], ["mine"]])
        with open(os.path.join(out, "mine.csv"), encoding="utf-8") as f:
            self.assertEqual(sorted(f.read().split()), sorted(["conversation_id,a", ",1", "x,2", "42,3", "0,4"]))
        self.assertEqual(told.count("not exported"), len(odd), told)
        self.assertFalse(os.path.exists(out + ".csv"))
        for name, code in (("../out", 2), ("a/b", 2), ("x/y", 2), ("no_column", 9), ("no_table", 9), ("late", 9)):
            self.assertIn(name, self.ok(site.run("export", "--out", out, name), code).stderr)
