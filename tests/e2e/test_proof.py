"""A stream of a kind that the program does not have (tests/proof): a report for each management unit and business day. It is
extracted and compared with what was served, killed at every step, read day after day, meets the trouble of its kind, and is
shown wherever streams and tables are.

ROLLCALL_PROOF_SEED chooses the steps at which runs are killed.
"""
import fcntl
import json
import os
import random
import re
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import harness
from harness import FULL, ROLLCALL, ROOT, killed, run
from proof_world import World, ZONE, compare, stored

PROOF = os.environ.get("PROOF", str(Path(ROLLCALL).parent / "proof"))
START = "2026-03-27"  # a change to summer time is among the days
UNTIL = "2026-03-30T06:00:00Z"
AVAILABLE = "2026-03-29T20:00:00Z"
STREAMS = ("management_units", "adherence_days")
BESIDE = ("wrapup_codes", "user_status", "conversation_aggregate")
REPORTS = "/api/v2/workforcemanagement/adherence/historical/bulk"
TABLES = ("management_unit", "proof_day", "proof_exception", "proof_actual", "proof_metric")
SEED = int(os.environ.get("ROLLCALL_PROOF_SEED") or random.SystemRandom().randrange(10**6))
print(f"seed {SEED}")


class Site(harness.Site):
    program = PROOF


class TestCase(harness.TestCase):
    def begin(self, start=START, now=UNTIL, availability=AVAILABLE, world=None, **options):
        """A world, the server that shows it, and a site."""
        world = world or World()
        server = self.standin(now=now, availability=availability, start="2026-03-26", days=3, per_day=5, agents=5,
                              job_polls=1, page_cap=3, users_page_cap=10, **options)
        world.serve(server)
        return world, server, self.new_site(server, start)

    def new_site(self, server, start=START):
        site = Site(server.url, start=start, timezone=ZONE, extract={"streams": ", ".join((harness.FEW, *STREAMS, *BESIDE))})
        self.addCleanup(run, ["rm", "-rf", site.directory])
        return site

    def extract(self, site, *streams, until=UNTIL, code=0, **options):
        chosen = [word for s in streams or STREAMS for word in ("--stream", s)]
        return self.ok(site.run("extract", "--until", until, *chosen, **options), code)

    def nothing_odd(self, site):
        for table in ("unknown_field", "data_problem"):
            self.assertEqual([tuple(r) for r in site.query(f"SELECT * FROM {table}")], [])

    def at(self, server, now, availability):
        server.control(now=now, availability=availability)

    def last_run(self, site):
        return tuple(site.query("SELECT rows_new, rows_changed FROM run ORDER BY run_id DESC LIMIT 1")[0])


class Served(TestCase):
    def test_rows_equal_what_was_served(self):
        """Beside the program's own streams, as a night reads them."""
        world, server, site = self.begin()
        self.ok(site.run("extract", "--until", UNTIL))
        compare(self, site, world.adherence_days(UNTIL))
        self.assertGreater(site.value("SELECT count(*) FROM conversation"), 0)
        self.nothing_odd(site)
        self.extract(site)
        self.assertEqual(self.last_run(site), (0, 0))
        compare(self, site, world.adherence_days(UNTIL))
        self.assertGreater(server.requests()["routes"]["GET /downloads/{id}/{id}"], 0)

    def test_the_comparison_can_fail(self):
        world, _, site = self.begin()
        self.extract(site)
        for table, rows in reversed(world.adherence_days(UNTIL).items()):
            with self.subTest(table):
                compare(self, site, {table: rows})
                keys = ", ".join(r["name"] for r in site.query(f"SELECT name FROM pragma_table_info('{table}') WHERE pk > 0"))
                site.change(f"DELETE FROM {table} WHERE ({keys}) = (SELECT {keys} FROM {table} LIMIT 1)")
                with self.assertRaises(AssertionError):
                    compare(self, site, {table: rows})

    def test_downloads_take_no_token(self):
        """The control: the stand-in sends away whoever brings one."""
        _, server, site = self.begin()
        self.extract(site, "adherence_days")
        path = next(p for _, p, _ in server.requests()["requests"] if p.startswith("/downloads/"))
        self.assertIn(b"userResults", server.get(path))
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(urllib.request.Request(server.url + path, headers={"Authorization": "Bearer x"}), timeout=60)


class Killed(TestCase):
    """Killed at a step and run again, the file equals an uninterrupted run's."""

    def rows(self, site):
        def known(row):  # when something was seen to be gone is the run's own
            return {k: v for k, v in row.items() if k != "deleted_at"}

        return {t: harness.canonical(known(r) for r in stored(site, t)) for t in TABLES}

    def test_at_every_step(self):
        _, server, site = self.begin()
        arguments = ("extract", "--until", UNTIL, "--stream", "adherence_days")
        steps = site.steps(*arguments)
        wanted = self.rows(site)
        self.assertTrue(all(wanted.values()))
        numbers = range(1, len(steps) + 1)
        done = 0
        for step in numbers if FULL else sorted(random.Random(SEED).sample(numbers, 12)):
            site = self.new_site(server)
            with self.subTest(step=step, seed=SEED):
                result = site.run(*arguments, env={"ROLLCALL_KILL_STEP": step})
                if result.returncode == 0:
                    continue  # pages that wait together share a commit: this run took fewer steps
                self.assertTrue(killed(result), result.stderr)
                done += 1
                self.ok(site.run(*arguments))
                self.assertEqual(self.rows(site), wanted)
                self.ok(site.run(*arguments))
                self.assertEqual(self.last_run(site), (0, 0))
                self.assertEqual(site.value("SELECT count(*) FROM reading_seen"), 0)
        self.assertGreater(done, 6)

    def test_killed_when_rows_have_vanished(self):
        """What a reading has seen outlives a kill: the rows that it lacks go, no others."""
        world, server, site = self.begin()
        self.extract(site, "adherence_days")
        for f in world.files[::2]:
            del f["userResults"][1:]
        world.serve(server)
        again = "2026-03-31T06:00:00Z"
        self.at(server, again, AVAILABLE)
        arguments = ("extract", "--until", again, "--stream", "adherence_days")
        first = Path(site.db).read_bytes()
        steps = site.steps(*arguments)
        numbers = range(1, len(steps) + 1)
        for step in numbers if FULL else sorted(random.Random(f"{SEED}").sample(numbers, 10)):
            other = self.new_site(server)
            Path(other.db).write_bytes(first)
            with self.subTest(step=step, seed=SEED):
                other.run(*arguments, env={"ROLLCALL_KILL_STEP": step})
                self.ok(other.run(*arguments))
                compare(self, other, world.adherence_days(again))


class Rezoned(TestCase):
    """Another time zone than the file's is refused, or dates the file anew: business days are owed again, UTC days stay."""

    ARGUMENTS = ("extract", "--until", UNTIL)
    UTC_DAYS = ("SELECT w.*, p.read_at FROM extract_window AS w JOIN window_pass AS p USING (window_id) "
                "WHERE stream = 'conversations'")

    def contents(self, site):
        tables = (*TABLES, "wrapup_code", "user_presence", "user_routing_status", "conversation_aggregate")
        return {t: harness.canonical({k: v for k, v in r.items() if k not in ("deleted_at", "proven")} for r in stored(site, t)
                                     if t != "zone_offset" or r["day"][:7] == "2026-03")
                for t in (*tables, "zone_offset", "freshness")}

    def test_killed_anywhere(self):
        _, server, site = self.begin()
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
        _, server, site = self.begin()
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
        _, _, site = self.begin()
        self.extract(site, "wrapup_codes", "conversation_aggregate")
        windows = site.query("SELECT * FROM extract_window")
        site.set(extract={"timezone": "Europe/Zurich"})
        self.extract(site, "wrapup_codes")
        self.assertEqual([tuple(r) for r in site.query("SELECT DISTINCT zone FROM zone_offset")], [("Europe/Zurich",)])
        self.assertEqual(len(site.query("SELECT * FROM extract_window")), len(windows))


class Reports(TestCase):
    def test_a_unit_without_agents_is_no_error(self):
        """Its report names no files, or says that there are none."""
        def none(path, answer):
            job = json.loads(answer) if "/bulk/jobs/" in path else {}
            done = job.get("job", {}).get("status") == "Complete"
            return json.dumps({"downloadUrls": [], **job}).encode() if done else answer

        for edit in (lambda _, answer: answer, none):
            with self.subTest(edit):
                world, server, site = self.begin()
                site.set(genesys={"api_url": self.rewriting(server.url, edit=edit)})
                self.extract(site, "adherence_days")
                compare(self, site, world.adherence_days(UNTIL))
                self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE stream = 'adherence_days' AND "
                                            "scope = ? AND state = 'provisional'", world.units[1]["id"]), 3)

    def failing_unit(self, fault):
        world, server, site = self.begin()
        unit, well = world.full_units[0], world.full_units[1:]
        server.control(faults=[fault.format(unit=unit)])
        result = self.extract(site, "adherence_days", code=11)
        self.assertIn(unit, result.stderr)
        compare(self, site, world.adherence_days(UNTIL, units=well))
        states = dict(site.query("SELECT scope, min(complete_to IS NOT NULL) FROM extract_window "
                                 "WHERE stream = 'adherence_days' AND window_end <= ? GROUP BY scope", UNTIL))
        self.assertEqual(states, {u["id"]: u["id"] != unit for u in world.units})
        days = site.query("SELECT day, whole FROM freshness WHERE stream = 'adherence_days' AND utc_to <= ?", UNTIL)
        self.assertEqual([r["whole"] for r in days], [0, 0, 0])
        server.control(faults=[])
        self.extract(site, "adherence_days")
        compare(self, site, world.adherence_days(UNTIL))
        days = site.query("SELECT day, whole FROM freshness WHERE stream = 'adherence_days' AND utc_to <= ?", UNTIL)
        self.assertEqual([r["whole"] for r in days], [1, 1, 1])

    def test_a_unit_that_is_refused_is_its_own_trouble(self):
        self.failing_unit(f"4xx:status=403,path={REPORTS},has={{unit}}")

    def test_a_unit_whose_report_fails_is_its_own_trouble(self):
        self.failing_unit("job-fail:has={unit}")

    def test_a_url_that_has_expired_makes_the_report_begin_anew(self):
        for status in (403, 404):
            with self.subTest(status):
                world, server, site = self.begin()
                server.control(faults=[f"4xx:status={status},n=1,path=/downloads/{world.full_units[0]}"])
                self.extract(site, "adherence_days")
                compare(self, site, world.adherence_days(UNTIL))
                self.assertEqual(server.requests()["routes"]["POST " + REPORTS], 3 * 3 + 1)

    def test_rows_that_have_vanished_go_with_their_window(self):
        world, server, site = self.begin()
        self.extract(site, "adherence_days")
        world.files[0]["userResults"].pop()
        world.files[1]["userResults"].clear()
        world.serve(server)
        again = "2026-03-31T06:00:00Z"
        self.at(server, again, AVAILABLE)
        self.extract(site, "adherence_days", until=again)
        compare(self, site, world.adherence_days(again))

    def test_a_report_in_several_files(self):
        world = World()
        for f in list(world.files):
            world.files.append({**f, "userResults": f["userResults"][2:]})
            del f["userResults"][2:]
        world, _, site = self.begin(world=world)
        self.extract(site, "adherence_days")
        compare(self, site, world.adherence_days(UNTIL))

    def test_a_unit_that_is_gone_is_asked_for_no_more(self):
        world, server, site = self.begin()
        gone = world.full_units[0]
        units, left = world.units, [u for u in world.units if u["id"] != gone]
        stale = "UPDATE window_pass SET read_at = '2026-03-01T00:00:00.000Z' WHERE pass = 'list'"
        server.control(faults=[f"job-fail:has={gone}"])
        self.extract(site, "adherence_days", code=11)
        world.units = left
        world.serve(server)
        server.control(faults=[f"4xx:status=404,path={REPORTS},has={gone}"])
        site.change(stale)
        self.extract(site, "adherence_days")
        compare(self, site, world.adherence_days(UNTIL, units=[u["id"] for u in left]))
        world.units = units  # and it is back
        world.serve(server)
        server.control(faults=[])
        site.change(stale)
        self.extract(site, "adherence_days")
        compare(self, site, world.adherence_days(UNTIL))

    def test_without_the_units_there_is_nothing_to_ask(self):
        _, server, site = self.begin()
        server.control(deny=["/api/v2/workforcemanagement/managementunits"])
        result = self.extract(site, "adherence_days", code=5)
        self.assertIn("needs management_units", result.stderr)


class Shown(TestCase):
    """Whatever lists streams or tables lists these, by itself."""

    def test_lists(self):
        listed = [line.split("\t")[0] for line in run([PROOF, "--streams"], check=True).stdout.splitlines()]
        for stream in STREAMS:
            self.assertIn(stream, listed)

    def test_check(self):
        _, server, site = self.begin()
        result = self.ok(site.run("check"))
        for stream in STREAMS:
            self.assertRegex(result.stdout, rf"(?m)^  ok +{stream}: answered")
        server.control(deny=["/api/v2/routing/wrapupcodes"])
        result = self.ok(site.run("check"), 5)
        self.assertRegex(result.stdout, r"FAILED +permissions, wrapup_codes, .*: list \(wants\s+routing:wrapupCode:view\)")

    def test_status_and_export(self):
        _, _, site = self.begin()
        self.extract(site)
        status = json.loads(self.ok(site.run("status", "--json"), 1).stdout)
        shown = {s["stream"]: s for s in status["streams"]}
        self.assertEqual(shown["adherence_days"]["rows"], site.value("SELECT count(*) FROM proof_day"))
        out = site.export()
        for table in TABLES:
            self.assertEqual(len(harness.read_csv(out, table + ".csv")) - 1, site.value(f"SELECT count(*) FROM {table}"))

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


if __name__ == "__main__":
    unittest.main()
