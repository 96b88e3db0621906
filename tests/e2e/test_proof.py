"""A stream of a kind that the program does not have (tests/proof): a report for each management unit and business day. Its rows
are those that the program's own stream makes of the same reports, it is dated anew with the file, and is shown wherever streams
and tables are.

ROLLCALL_PROOF_SEED chooses the steps at which runs are killed.
"""
import fcntl
import json
import os
import random
import re
from pathlib import Path

import harness
from harness import FULL, ROLLCALL, ROOT, run

PROOF = os.environ.get("PROOF", str(Path(ROLLCALL).parent / "proof"))
ZONE = "Europe/Berlin"
START = "2026-03-27"  # a change to summer time is among the days
UNTIL = "2026-03-30T06:00:00Z"
AVAILABLE = "2026-03-29T20:00:00Z"
STREAMS = ("management_units", "adherence_days")
BESIDE = ("wrapup_codes", "user_status", "conversation_aggregate")
# The program's own tables of the same reports, and columns whose names differ.
OWN = {"proof_day": "adherence_period", "proof_exception": "adherence_exception", "proof_actual": "adherence_actual",
       "proof_metric": "adherence_day"}
RENAMED = {"range_start": "day_start", "range_end": "day_end", "start_time": "%s_start", "end_time": "%s_end"}
TABLES = ("management_unit", *OWN)
SEED = int(os.environ.get("ROLLCALL_PROOF_SEED") or random.SystemRandom().randrange(10**6))
print(f"seed {SEED}")


class Site(harness.Site):
    program = PROOF


class TestCase(harness.TestCase):
    def begin(self, more=(), agents=5, **sections):
        server = self.standin(now=UNTIL, availability=AVAILABLE, start="2026-03-26", days=3, per_day=5, agents=agents,
                              job_polls=1, page_cap=3, users_page_cap=10)
        return server, self.new_site(server, more, **sections)

    def new_site(self, server, more=(), **sections):
        site = Site(server.url, start=START, timezone=ZONE,
                    extract={"streams": ", ".join((harness.FEW, *STREAMS, *BESIDE, *more))}, **sections)
        self.addCleanup(run, ["rm", "-rf", site.directory])
        return site

    def extract(self, site, *streams, code=0, **options):
        chosen = [word for s in streams or STREAMS for word in ("--stream", s)]
        return self.ok(site.run("extract", "--until", UNTIL, *chosen, **options), code)


class Served(TestCase):
    def test_rows_equal_those_of_the_programs_own_stream(self):
        """Read as a night reads them. The days of Berlin begin less than twelve hours before they have their dates in UTC."""
        server, site = self.begin(["adherence_historical"], agents=40, adherence={"day": "extract"})
        self.ok(site.run("extract", "--until", UNTIL))
        for table, own in OWN.items():
            names = {k: v.replace("%s", table[len("proof_"):]) for k, v in RENAMED.items()}
            wanted = [{names.get(k, k): v for k, v in dict(r).items()} for r in site.query(f"SELECT * FROM {own}")]
            have = [dict(r) for r in site.query(
                "SELECT date(d.day_start, '+12 hours') AS business_day, d.management_unit_id, d.user_id, d.time_zone, t.* "
                f"FROM {table} AS t JOIN proof_day AS d USING (proof_day_key)")]
            both = {k for k in have[0].keys() & wanted[0].keys() if not k.startswith("row_")}
            self.assertGreaterEqual(len(both), 8, table)
            harness.same_rows(self, *({table: [{k: r[k] for k in both} for r in rows]} for rows in (wanted, have)))
        for wrong in ("proof_day WHERE reported_unit_id <> management_unit_id", "unknown_field", "data_problem",
                      "proof_exception WHERE json_array_length(scheduled_secondary_presence_lookup_ids) IS NOT 2"):
            self.assertEqual(site.value("SELECT count(*) FROM " + wrong), 0, wrong)
        self.extract(site)
        self.assertEqual(tuple(site.query("SELECT rows_new, rows_changed FROM run ORDER BY run_id DESC LIMIT 1")[0]), (0, 0))


class Rezoned(TestCase):
    """Another time zone than the file's is refused, or dates the file anew: business days are owed again, UTC days stay."""

    ARGUMENTS = ("extract", "--until", UNTIL)
    UTC_DAYS = ("SELECT w.*, p.read_at FROM extract_window AS w JOIN window_pass AS p USING (window_id) "
                "WHERE stream = 'conversations'")

    def contents(self, site):
        tables = (*TABLES, "wrapup_code", "user_presence", "user_routing_status", "conversation_aggregate")
        return {t: harness.canonical({k: v for k, v in dict(r).items() if k not in ("deleted_at", "proven", "proof_day_key")
                                      and not k.startswith("row_")} for r in site.query(f"SELECT * FROM {t}")
                                     if t != "zone_offset" or r["day"][:7] == "2026-03")
                for t in (*tables, "zone_offset", "freshness")}

    def test_killed_anywhere(self):
        server, site = self.begin()
        self.ok(site.run(*self.ARGUMENTS))
        before, days, file = self.contents(site), site.query(self.UTC_DAYS), Path(site.db)
        site.set(extract={"timezone": "Asia/Seoul"})
        said = self.ok(site.run(*self.ARGUMENTS), 3).stderr
        self.assertRegex(said, r"rollcall.ini:\d+: \[extract\] timezone: Asia/Seoul.*Europe/Berlin.*from 2026-03-2\d to "
                               r".*--rezone")
        self.assertEqual(self.contents(site), before)
        first = file.read_bytes()
        fresh = self.new_site(server)
        fresh.set(extract={"timezone": "Asia/Seoul"})
        self.ok(fresh.run(*self.ARGUMENTS))
        steps = site.steps(*self.ARGUMENTS, "--rezone")
        wanted = self.contents(fresh)
        self.assertEqual(self.contents(site), wanted)
        self.assertEqual(site.query(self.UTC_DAYS), days)
        self.assertNotEqual(wanted["proof_day"], before["proof_day"])
        for step in sorted(random.Random(f"{SEED}").sample(range(1, len(steps) + 1), len(steps) if FULL else 8)):
            file.write_bytes(first)
            with self.subTest(step=step, seed=SEED):
                site.run(*self.ARGUMENTS, "--rezone", env={"ROLLCALL_KILL_STEP": step})
                redated = site.value("SELECT zone FROM zone_offset LIMIT 1") == "Asia/Seoul"
                self.assertIn(site.run(*self.ARGUMENTS).returncode, (0,) if redated else (3,))
                self.ok(site.run(*self.ARGUMENTS, "--rezone"))
                self.assertEqual(self.contents(site), wanted)

    def test_it_waits_for_no_other_run_and_none_goes_on_beside_it(self):
        server, site = self.begin()
        self.extract(site, "wrapup_codes")
        site.set(extract={"timezone": "Asia/Seoul"})
        holder = open(site.db + ".lock", "r+b")
        self.addCleanup(holder.close)
        fcntl.lockf(holder, fcntl.LOCK_EX | fcntl.LOCK_NB, 128, 60 * 128)  # another run's, of adherence_days
        self.extract(site, "wrapup_codes", code=3)
        self.assertIn("adherence_days", self.ok(site.run(*self.ARGUMENTS, "--stream", "wrapup_codes", "--rezone"), 10).stderr)
        fcntl.lockf(holder, fcntl.LOCK_UN, 128, 60 * 128)
        self.ok(site.run(*self.ARGUMENTS, "--stream", "wrapup_codes", "--rezone"))

    def test_another_name_of_the_same_zone_dates_nothing_anew(self):
        _, site = self.begin()
        self.extract(site, "wrapup_codes", "conversation_aggregate")
        windows = site.query("SELECT * FROM extract_window")
        site.set(extract={"timezone": "Europe/Zurich"})
        self.extract(site, "wrapup_codes")
        self.assertEqual([tuple(r) for r in site.query("SELECT DISTINCT zone FROM zone_offset")], [("Europe/Zurich",)])
        self.assertEqual(len(site.query("SELECT * FROM extract_window")), len(windows))


class Shown(TestCase):
    """Whatever lists streams or tables lists these, by itself."""

    def test_lists(self):
        listed = [line.split("\t")[0] for line in run([PROOF, "--streams"], check=True).stdout.splitlines()]
        for stream in STREAMS:
            self.assertIn(stream, listed)

    def test_check(self):
        server, site = self.begin()
        result = self.ok(site.run("check"))
        for stream in STREAMS:
            self.assertRegex(result.stdout, rf"(?m)^  ok +{stream}: answered")
        server.control(deny=["/api/v2/routing/wrapupcodes"])
        result = self.ok(site.run("check"), 5)
        self.assertRegex(result.stdout, r"FAILED +permissions, wrapup_codes, .*: list \(wants\s+routing:wrapupCode:view\)")

    def test_status_and_export(self):
        _, site = self.begin()
        self.extract(site)
        status = json.loads(self.ok(site.run("status", "--json"), 1).stdout)
        shown = {s["stream"]: s for s in status["streams"]}
        self.assertEqual(shown["adherence_days"]["rows"], site.value("SELECT count(*) FROM proof_day"))
        out = site.export()
        for table in TABLES:
            self.assertEqual(len(harness.read_csv(out, table + ".csv")) - 1, site.value(f"SELECT count(*) FROM {table}"))
        # Of a key the schema says so: a row has what it stands for, and goes by that.
        self.assertEqual(harness.read_csv(out, "proof_metric.csv")[0][:4], ["management_unit_id", "day_start", "user_id", "metric_no"])
        before = harness.csv_bytes(out)
        site.change("".join(f"UPDATE {table} SET proof_day_key = -proof_day_key;" for table in TABLES if site.query(
            f"SELECT 1 FROM pragma_table_info('{table}') WHERE name = 'proof_day_key'")))
        self.assertEqual(harness.csv_bytes(site.export()), before)

    def test_completions(self):
        script = run([str(ROOT / "packaging" / "completions.sh"), "bash", PROOF, str(ROOT / "tests/proof/schema")],
                     check=True).stdout
        for word in (*STREAMS, *TABLES[1:]):
            self.assertRegex(script, rf"\b{word}\b")

    def test_the_page_for_developers_shows_them(self):
        """docs/adding-a-stream.md: each block of SQL, C or a list stands so in tests/proof, src/streams or schema, but for what
        `...` leaves out."""
        sources = "\n".join(p.read_text(encoding="utf-8") for folder in ("tests/proof", "src/streams", "schema")
                            for p in sorted((ROOT / folder).rglob("*.*")))
        page = (ROOT / "docs" / "adding-a-stream.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```(?:sql|c|text)\n(.*?)```", page, re.S)
        self.assertGreaterEqual(len(blocks), 9)
        for part in (part for block in blocks for part in block.split("    ...\n")):
            self.assertTrue(part in sources, part)  # assertIn would print all sources
        for stream in ("adherence_days", *BESIDE):
            self.assertTrue(any(stream in block for block in blocks), stream)
