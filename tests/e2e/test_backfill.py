"""The past: exact days, newest first, resumed after kills, beside the nightly run, read once more; and by which grants."""
import collections
import fcntl
import json
import os
import random
import struct
import threading
import time
import unittest

from harness import CHANGE_LOGS, FULL, LEDGER, TestCase, all_rows, clock_at, killed, same_rows, wait_until

NOW = "2026-03-12T06:00:00Z"
NEXT = "2026-03-13T06:00:00Z"
START = "2026-03-09"
SEED = int(os.environ.get("ROLLCALL_PAST_SEED") or random.SystemRandom().randrange(1000, 10**6))
SOME = "conversations, user_status, conversation_aggregate"
EVERY = "all, quality, telephony, -adherence_realtime" if FULL else "conversations, user_status, schedules, adherence_historical"
MOMENTS = {"deleted_at", "left_unit_at", "erased_at"}
# What other days than those asked for bring along: business days of the zone, the names of attributes.
ASIDE = LEDGER | CHANGE_LOGS | {"zone_offset", "attribute_key"}


def contents(site):
    """Rows of all tables but the runs'; of when something was seen to go it counts whether it was."""
    return {table: collections.Counter(tuple((k, v is not None if k in MOMENTS else v) for k, v in row.items()) for row in rows)
            for table, rows in all_rows(site, ASIDE).items()}


class Past(TestCase):
    """Backfill and extract at one moment of a stand-in's time."""

    options = {"start": "2026-03-01", "days": 12, "per_day": 5, "agents": 4, "queues": 2, "page_cap": 4}

    @classmethod
    def setUpClass(cls):
        cls.server = cls.shared().standin(now=NOW, **cls.options)
        cls.server.control(date="now")

    def setUp(self):
        self.server.control(now=NOW, faults=[], deny=[], divisions=3, retention_days=558, reset_requests=True)

    def past_site(self, url=None, streams=SOME, start=START, now=NOW, **extract):
        site = self.site(url or self.server.url, start=start, extract={"streams": streams, **extract})
        site.env.update({name: str(value) for name, value in clock_at(now).items()})
        return site

    def fill(self, site, first, last, *more, code=0, **options):
        return self.ok(site.run("backfill", "--from", first, "--to", last, *more, **options), code)

    def submitted(self):
        """A proxy, and the intervals of the conversation jobs that were asked for through it, in their order."""
        intervals = []

        def note(method, path, body):
            if method == "POST" and path.endswith("conversations/details/jobs"):
                intervals.append(json.loads(body)["interval"][:10])

        return self.rewriting(self.server.url, note), intervals

    def windows(self, site, stream, sql=""):
        return [r[0] for r in site.query("SELECT DISTINCT substr(window_start, 1, 10) FROM extract_window WHERE stream = ? "
                                         f"AND window_start IS NOT NULL {sql} ORDER BY 1", stream)]

    def same(self, site, fresh, words=""):
        same_rows(self, contents(fresh), contents(site), words)
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")


class Range(Past):
    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_exactly_the_days_that_are_asked_for(self):
        site = self.past_site()
        site.set(extract={"timezone": "Asia/Seoul"})
        self.ok(site.extract())
        before = self.windows(site, "conversations")
        self.fill(site, "2026-03-03", "2026-03-05")
        past = [f"2026-03-0{d}" for d in (2, 3, 4, 5)]  # UTC days that touch those of Seoul
        self.assertEqual(self.windows(site, "conversations"), past + before)
        self.assertEqual(self.windows(site, "user_status", "AND window_start < '2026-03-08'"), past[:3])
        for stream in SOME.split(", "):
            days = site.query("SELECT day, whole FROM freshness WHERE stream = ? AND day < ?", stream, START)
            self.assertEqual([tuple(r) for r in days], [(f"2026-03-0{d}", 1) for d in (3, 4, 5)], stream)
        self.assertTrue(site.value("SELECT min(proven) FROM v_day WHERE day IN ('2026-03-03', '2026-03-05')"))
        told = json.loads(site.run("status", "--json").stdout)
        self.assertEqual([s["behind"] for s in told["streams"]], [None] * len(told["streams"]))
        # The night leaves them alone, and the same again asks for nothing.
        self.server.control(reset_requests=True)
        self.fill(site, "2026-03-03", "2026-03-05")
        self.assertEqual([r for r in self.server.requests()["routes"] if "analytics" in r and "dataretention" not in r], [])
        fresh = self.past_site(start="2026-03-03")
        fresh.set(extract={"timezone": "Asia/Seoul"})
        self.ok(fresh.extract())
        self.fill(site, "2026-03-06", "2026-03-08")
        self.same(site, fresh)

    def test_newest_first_or_oldest(self):
        for order, back in (((), True), (("--oldest-first",), False)):
            url, asked = self.submitted()
            site = self.past_site(url, "conversations", in_flight="1")
            self.fill(site, "2026-03-02", "2026-03-06", *order)
            self.assertEqual(asked, sorted(asked, reverse=back))
            self.assertEqual(len(asked), 5)

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_a_day_before_start_that_is_not_whole_is_left_to_it(self):
        site = self.past_site(streams="conversations")
        self.server.control(faults=["5xx:path=/api/v2/analytics/conversations/details/jobs/*/results,has=2026-03-03"])
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "50"
        self.fill(site, "2026-03-03", "2026-03-04", code=11)
        self.server.control(faults=[])
        self.ok(site.extract())
        self.assertEqual(self.windows(site, "conversations", "AND state = 'open' AND window_start < '2026-03-09'"), ["2026-03-03"])
        told = self.ok(site.run("status"))
        self.assertIn("1 day: rollcall backfill --from 2026-03-03 --to 2026-03-03", told.stdout)
        site.set(extract={"streams": "user_status"})
        told = " ".join(site.run("status").stdout.split())
        line = "rollcall backfill --from 2026-03-03 --to 2026-03-03 --stream conversations"
        self.assertIn("1 day: " + line, told)
        self.fill(site, "2026-03-03", "2026-03-03", "--stream", "conversations")
        self.assertNotIn("back-fill", site.run("status").stdout)

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_a_later_look_is_the_nights(self):
        """Of a day that is read again at eight days; one that was older is settled."""
        url, asked = self.submitted()
        site = self.past_site(url, "conversations", start="2026-03-11", lookback_days="4", later_looks="8")
        self.fill(site, "2026-03-03", "2026-03-05")
        states = "SELECT group_concat(state) FROM extract_window WHERE window_start BETWEEN '2026-03-03' AND '2026-03-06'"
        self.assertEqual(site.value(states), "settled,provisional,provisional")
        for now, read in (("2026-03-12T07:00:00Z", []), ("2026-03-14T12:00:00Z", ["2026-03-04", "2026-03-05"])):
            asked.clear()
            self.server.control(now=now)
            self.ok(site.extract("--until", now, env=clock_at(now)))
            self.assertEqual(sorted(day for day in asked if day < "2026-03-11"), read)
        self.assertEqual(site.value(states), "settled,settled,settled")

    def test_what_is_gone_is_said(self):
        self.server.control(retention_days=9)
        site = self.past_site(streams="conversations")
        result = self.fill(site, "2026-03-01", "2026-03-05")
        self.assertIn("keeps 9 days: what lies before 2026-03-04 is gone there, and 2026-03-01 to 2026-03-03 was not asked for",
                      result.stderr)
        self.assertEqual(self.windows(site, "conversations"), ["2026-03-04", "2026-03-05"])
        result = self.fill(site, "2026-02-01", "2026-03-01", "--again")
        self.assertIn("2026-02-01 to 2026-03-01 was not asked for", result.stderr)
        self.assertIn("nothing new", result.stderr)
        proxy = self.rewriting(self.server.url, edit=lambda path, answer: b'{"retentionDays": 9223372036854775807}'
                               if "dataretention" in path else answer)
        self.assertNotIn("keeps", self.fill(self.past_site(proxy, "conversations"), "2026-03-03", "2026-03-03").stderr)
        self.server.control(deny=["/api/v2/analytics/dataretention"])
        self.assertNotIn("keeps", self.fill(site, "2026-03-03", "2026-03-03").stderr)
        self.assertEqual(self.windows(site, "conversations")[0], "2026-03-03")
        # What nobody can read again any more is claimed no more.
        site.change("INSERT INTO grant_set VALUES (7, '[]', '2026-03-01', '2026-03-01'); UPDATE extract_window SET grant_set_id = 7")
        self.assertIn("fewer", site.run("status").stdout)
        self.server.control(deny=[])
        self.fill(site, "2026-03-03", "2026-03-05", "--again")
        self.assertNotIn("fewer", site.run("status").stdout)

    def test_what_is_gone_is_owed_no_more(self):
        site = self.past_site(streams="conversations")
        self.fill(site, "2026-03-05", "2026-03-05")
        self.server.control(faults=["5xx:path=/api/v2/analytics/conversations/details/jobs/*/results"])
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "50"
        for words in (("2026-03-03", "2026-03-03"), ("2026-03-05", "2026-03-05", "--again")):
            self.assertNotEqual(site.run("backfill", "--from", words[0], "--to", *words[1:]).returncode, 0)
        line = "rollcall backfill --from 2026-03-03 --to 2026-03-05"
        self.assertIn("2 days: " + line, site.run("status").stdout)
        self.server.control(faults=[], retention_days=5)
        self.assertIn("is gone there", self.ok(site.run(*line.split()[1:])).stderr)
        self.assertNotIn("back-fill", site.run("status").stdout)
        self.assertEqual(site.value("SELECT max(whole) FROM freshness WHERE day = '2026-03-05'"), 1)

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_usage(self):
        site = self.past_site()
        days = ("--from", "2026-03-03", "--to", "2026-03-04")
        for words, said in (((), "--from and --to"), (days[:2], "--from and --to"),
                            (("--from", "2026-03-05", "--to", "2026-03-04"), "lies after"),
                            (("--from", "3 March", "--to", "2026-03-04"), "--from '3 March' is no day"),
                            (("--from", "2026-03-05", "--to", "2026-03-12"), "not over yet: the last day that is was 2026-03-11"),
                            (("--from", "0206-03-05", "--to", "2026-03-05"), "nothing from before 2010"),
                            ((*days, "--stream", "adherence_realtime"), "adherence_realtime has no past"),
                            ((*days, "--stream", "users"), "users has no past"),
                            ((*days, "--stream", "dimensions"), "none of these streams has a past"),
                            ((*days, "--stream", "convrsations"), "did you mean conversations"),
                            ((*days, "--max-requests", "19"), "at least 20"), ((*days, "--max-requests", "30x"), "at least 20"),
                            ((*days, "--oldest-fist"), "did you mean --oldest-first"), ((*days, "--until", NOW), "unknown option")):
            result = site.run("backfill", *words)
            self.assertEqual(result.returncode, 2, words)
            self.assertIn(said, result.stderr)
            self.assertFalse(os.path.exists(site.db))

    def test_a_budget_ends_it_and_it_goes_on(self):
        site = self.past_site(streams="conversations")
        runs = 1
        while site.run("backfill", "--from", "2026-03-02", "--to", "2026-03-08", "--max-requests", "20").returncode == 6:
            runs += 1
            self.assertLess(runs, 12)
        self.assertGreater(runs, 1)
        self.assertEqual(site.value("SELECT count(*) FROM freshness WHERE whole"), 7)

    def test_what_was_not_asked_for_any_more_is_not_done(self):
        """Another stream's trouble ends the run before the availability date has come: then nothing is known to be owed."""
        site = self.past_site(streams="conversations, conversation_aggregate")
        site.set(conversations={"method": "job"})
        self.server.control(faults=["latency:ms=1500,path=/api/v2/analytics/conversations/details/jobs/availability",
                                    "429:retry_after=absent,path=/api/v2/analytics/conversations/aggregates"])
        site.env["ROLLCALL_LIMIT_RETRY_TOTAL_MS"] = "300"
        result = self.fill(site, "2026-03-05", "2026-03-05", code=6)
        self.assertIn("conversations: not all done", result.stderr)
        self.assertEqual(site.query("SELECT streams_done, streams_left FROM run")[0][:], (0, 2))


class Beside(Past):
    def hold(self, site, slot):
        """The lock of a stream, until the descriptor is closed."""
        lock = os.open(site.db + ".lock", os.O_RDWR)
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, slot * 128, 128, 0))
        return lock

    def test_the_same_twice(self):
        self.server.control(faults=["latency:ms=150"])
        site = self.past_site(streams="conversations", in_flight="1")
        first = site.start_process("backfill", "--from", "2026-03-02", "--to", "2026-03-05")
        wait_until(lambda: os.path.exists(site.db) and site.value("SELECT count(*) FROM conversation"))
        second = self.fill(site, "2026-03-06", "2026-03-06", code=10)
        self.assertIn(str(first.pid), second.stderr)
        first.kill()
        first.communicate()

    def test_what_needs_rows_that_another_run_is_to_read(self):
        site = self.past_site(streams="conversations, evaluation_details")
        self.fill(site, "2026-03-08", "2026-03-08")
        gate = self.hold(site, 64 + 3)
        result = self.fill(site, "2026-03-05", "2026-03-05", "--stream", "evaluation_details", code=10)
        self.assertIn("evaluation_details 2026-03-05 (not read): another run holds conversations", result.stderr)
        os.close(gate)
        self.fill(site, "2026-03-05", "2026-03-05", "--stream", "evaluation_details")
        self.assertEqual(self.windows(site, "evaluation_details", "AND state <> 'open'"), ["2026-03-05", "2026-03-08"])

    def test_days_that_another_run_drops(self):
        """As where a scope's zone is another now."""
        dropped = []

        def drop(_, path, __):
            if "aggregates/query" in path and not dropped:
                dropped.append(path)
                site.change("DELETE FROM window_pass WHERE window_id > 2; DELETE FROM extract_window WHERE window_id > 2")

        site = self.past_site(self.rewriting(self.server.url, drop), "conversation_aggregate", in_flight="1")
        self.fill(site, "2026-03-02", "2026-03-08", "--oldest-first")
        self.assertEqual(site.query("SELECT * FROM window_pass WHERE window_id NOT IN (SELECT window_id FROM extract_window)"), [])
        self.fill(site, "2026-03-02", "2026-03-08")
        self.assertEqual(site.value("SELECT sum(whole) FROM freshness"), 7)

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_the_nightly_run_goes_on(self):
        """Days that both owe are read once, and each waits for what the other reads."""
        url, asked = self.submitted()
        site, fresh = self.past_site(url, EVERY), self.past_site(streams=EVERY, start="2026-03-04")
        self.ok(fresh.extract("--until", NOW))
        self.server.control(faults=["latency:ms=15"])
        processes = [site.start_process("backfill", "--from", "2026-03-04", "--to", "2026-03-11")]
        wait_until(lambda: os.path.exists(site.db) and site.value("SELECT count(*) FROM window_pass"))
        processes.append(site.start_process("extract", "--until", NOW))
        for process in processes:
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(sorted(asked), [f"2026-03-{d:02d}" for d in range(4, 13)])
        if FULL:  # forms that evaluations of the past name are the next night's
            self.server.control(now=NEXT, faults=[])
            for each in site, fresh:
                self.ok(each.extract("--until", NEXT, env=clock_at(NEXT)))
        self.same(site, fresh)

    def test_one_that_hangs(self):
        """It is waited for, not for ever; when it is killed its days are read."""
        gate, asked = threading.Event(), []

        def wait_at_the_first(_, path, __):
            if "/results" in path:
                asked.append(path)
                if len(asked) == 1:
                    gate.wait(60)

        site = self.past_site(self.rewriting(self.server.url, wait_at_the_first), "conversations")
        hanging = site.start_process("backfill", "--from", "2026-03-09", "--to", "2026-03-11")
        wait_until(lambda: os.path.exists(site.db) and site.value("SELECT count(*) FROM window_pass WHERE covered_to NOTNULL") == 2)
        result = self.ok(site.extract("--until", NOW, env={"ROLLCALL_LIMIT_HELD_MS": 300}), 11)
        self.assertRegex(result.stderr, r"conversations 2026-03-\d\d \(waited for\): another run is reading it")
        night = site.start_process("extract", "--until", NOW)
        time.sleep(0.5)
        self.assertIsNone(night.poll())
        hanging.kill()
        hanging.communicate()
        gate.set()
        _, err = night.communicate(timeout=60)
        self.assertEqual(night.returncode, 0, err)
        fresh = self.past_site(streams="conversations")
        self.ok(fresh.extract("--until", NOW))
        self.same(site, fresh)

    def test_half_the_pace(self):
        for slot in (5, 64 + 5):  # as a run of another stream, or a back-fill of it
            site = self.past_site(streams="conversation_aggregate", requests_per_minute="1200")
            self.fill(site, "2026-03-01", "2026-03-01")
            lock = self.hold(site, slot)
            self.server.control(reset_requests=True)
            begun = time.monotonic()
            self.fill(site, "2026-01-01", "2026-01-10")
            took = time.monotonic() - begun
            os.close(lock)
            asked = sum(self.server.requests()["routes"].values())
            self.assertGreater(asked, 30)
            self.assertGreater(took, (asked - 1200 / 2 / 50) / (1200 / 2 / 60), slot)

    def test_killed_anywhere_it_goes_on(self):
        """A night that was killed, a back-fill that is killed again and again, and one extraction: the same rows."""
        site, fresh = self.past_site(streams=EVERY), self.past_site(streams=EVERY, start="2026-03-05")
        log = os.path.join(fresh.directory, "steps")
        self.ok(fresh.extract("--until", NOW, env={"ROLLCALL_STEP_LOG": log}))
        with open(log, encoding="ascii") as steps:
            count = len(steps.read().split())
        dice = random.Random(SEED)
        print(f"seed {SEED}: {count} steps")
        site.extract("--until", NOW, env={"ROLLCALL_KILL_STEP": dice.randint(20, count // 2)})
        for _ in range(3):
            site.run("backfill", "--from", "2026-03-05", "--to", "2026-03-08",
                     env={"ROLLCALL_KILL_STEP": dice.randint(20, count // 2)})
        self.fill(site, "2026-03-05", "2026-03-08")
        self.ok(site.extract("--until", NOW))
        self.same(site, fresh, f"seed {SEED}")


class Again(Past):
    def conversations(self, site):
        return site.value("SELECT count(*) FROM conversation")

    def asked(self, site):
        """The last run's jobs of conversations, and requests of aggregates, of which a day needs some. By its own count: the
        stand-in may come to what a killed run has sent after it."""
        return [site.value("SELECT coalesce(sum(requests), 0) FROM request_count WHERE method = 'POST' AND route = ? AND run_id = "
                           "(SELECT max(run_id) FROM run)", "/api/v2/analytics/conversations/" + path)
                for path in ("details/jobs", "aggregates/query")]

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_a_wider_role(self):
        self.server.control(divisions=1)
        site = self.past_site(streams="queues, conversations, conversation_aggregate", start="2026-03-10", lookback_days="4",
                              later_looks="5")
        self.fill(site, "2026-03-02", "2026-03-06")
        parts_a_day = self.asked(site)[1] / 5
        self.ok(site.extract("--until", NOW))
        few = self.conversations(site)
        self.assertNotIn("fewer", self.ok(site.run("status")).stdout)
        # Were our clock ahead, a killed run might have begun before the role was wider.
        self.server.control(divisions=3, now=NOW.replace("06:00:00", "06:01:00"))
        # Settled days, those of the night aside: neither the night nor a back-fill brings what is missing.
        self.fill(site, "2026-03-02", "2026-03-06")
        self.assertEqual(self.conversations(site), few)
        line = "backfill --again --from 2026-03-02 --to 2026-03-06"
        for command, code in (("status", 0), ("check", 0)):
            told = " ".join(self.ok(site.run(command), code).stdout.split())
            self.assertRegex(told, line + r"(?! --stream)")
        told = json.loads(site.run("status", "--json").stdout)["fewer_grants"]
        self.assertEqual([(t["from"], t["to"], t["command"]) for t in told],
                         [(*days, f"rollcall backfill --again --from {days[0]} --to {days[1]}")
                          for days in (("2026-03-02", "2026-03-06"), ("2026-03-10", "2026-03-11"))])
        log = os.path.join(site.directory, "steps")
        for t in told:
            words = t["command"].split()[1:]
            # Killed half-way, it goes on: nothing is asked twice.
            result = site.run(*words, env={"ROLLCALL_KILL_STEP": 60, "ROLLCALL_STEP_LOG": log})
            left = site.value("SELECT count(*) FROM extract_window WHERE again_at IS NOT NULL")
            if killed(result):
                self.assertGreater(left, 0)
                self.ok(site.run(*words))
                jobs, parts = self.asked(site)
                self.assertLessEqual(jobs + parts / parts_a_day, left)
        self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE again_at IS NOT NULL"), 0)
        self.assertGreater(self.conversations(site), few)
        self.assertNotIn("fewer", self.ok(site.run("status")).stdout)
        self.assertNotIn("fewer", self.ok(site.run("check")).stdout)
        fresh = self.past_site(streams="conversations, conversation_aggregate", start="2026-03-02")
        self.ok(fresh.extract("--until", NOW))
        rows = "SELECT conversation_id FROM conversation WHERE conversation_start BETWEEN '2026-03-02' AND '2026-03-07'"
        self.assertEqual({r[0] for r in site.query(rows)}, {r[0] for r in fresh.query(rows)})
        # Asked anew, all is read anew.
        self.server.control(reset_requests=True)
        self.fill(site, "2026-03-02", "2026-03-06", "--again", "--stream", "conversations")
        self.assertEqual(self.server.requests()["routes"]["POST /api/v2/analytics/conversations/details/jobs"], 5)

    def test_of_several_streams_it_goes_on(self):
        """By a budget: none begins anew while others are left."""
        site = self.past_site()
        self.fill(site, "2026-03-01", "2026-03-08")
        left = 999
        while site.run("backfill", "--from", "2026-03-01", "--to", "2026-03-08", "--again", "--max-requests", "20").returncode:
            before, left = left, site.value("SELECT count(*) FROM extract_window WHERE again_at IS NOT NULL")
            self.assertLess(left, before)
        self.assertLess(left, 20)
        self.assertEqual(site.value("SELECT count(*) FROM extract_window WHERE again_at IS NOT NULL"), 0)

    def test_what_was_read_by_fewer_grants_since_is_read_again(self):
        site = self.past_site(streams="conversations")
        days = ("--from", "2026-03-03", "--to", "2026-03-06")
        self.fill(site, *days[1::2])
        every = self.conversations(site)
        tables = [r[0] for r in site.query("SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c "
                                           "WHERE m.type = 'table' AND c.name = 'conversation_key' ORDER BY m.name = 'conversation'")]
        site.change("UPDATE extract_window SET again_at = '2026-03-11T00:00:00.000Z' WHERE window_start LIKE '2026-03-03%'; " +
                    "".join(f"DELETE FROM {table} WHERE conversation_key IN (SELECT conversation_key FROM conversation "
                            "WHERE conversation_start > '2026-03-05'); " for table in tables) +
                    "DELETE FROM extract_window WHERE window_start > '2026-03-05'; DELETE FROM window_pass WHERE window_id NOT IN "
                    "(SELECT window_id FROM extract_window)")
        self.server.control(divisions=1)
        self.fill(site, "2026-03-05", "2026-03-06")
        self.assertLess(self.conversations(site), every)
        site.change("UPDATE grant_set SET asked_at = '2027-03-12T06:00:00.000Z' WHERE grant_set_id = 2")  # a clock that was ahead
        self.server.control(divisions=3)
        self.fill(site, *days[1::2], "--again")
        self.assertEqual(self.conversations(site), every)
        self.assertNotIn("fewer", site.run("status").stdout)

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_a_role_that_was_narrow_for_some_hours(self):
        """Between two runs, for one alone; and while a run reads that tells of it at its end, or is killed; a long one too."""
        site = self.past_site(streams="conversations")
        told = "--again --from {} --to {} "
        self.fill(site, "2026-03-03", "2026-03-03")
        self.server.control(divisions=1)
        self.ok(site.extract("--until", NOW))
        self.server.control(divisions=3)
        self.fill(site, "2026-03-04", "2026-03-04")
        self.assertIn(told.format(START, "2026-03-11").strip(), " ".join(site.run("status").stdout.split()))
        for kill in (0, 1):
            asked = []

            def narrow(_, path, __):
                if "/results" in path:
                    asked.append(path)
                    if len(asked) == 3:
                        self.server.control(divisions=1)
                    if len(asked) > 5 and kill:
                        process.kill()

            site = self.past_site(self.rewriting(self.server.url, narrow), "conversations", in_flight="1")
            process = site.start_process("backfill", "--from", "2026-03-01", "--to", "2026-03-08", env={"ROLLCALL_LIMIT_GRANTS_MS": 0})
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, -9 if kill else 0, err)
            if kill:
                site.change("UPDATE run SET started_at = strftime('%Y-%m-%dT%H:%M:%fZ', started_at, '-30 hours')")
                self.fill(site, "2026-02-28", "2026-02-28")
            self.server.control(divisions=3)
            self.fill(site, "2026-02-27", "2026-02-27")
            windows = "SELECT count(*), count(DISTINCT grant_set_id) FROM extract_window WHERE state <> 'open' AND window_start > '2026-03-01'"
            self.assertEqual(site.query(windows)[0][1], 1)
            said = [t["to"] for t in json.loads(site.run("status", "--json").stdout)["fewer_grants"]]
            self.assertEqual(said, ["2026-02-28", "2026-03-08"][1 - kill:])

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_a_role_that_was_narrow_for_a_night(self):
        """Beside a back-fill that began before and ends after it: what the night was told goes for it too."""
        asked = []

        def change(_, path, __):
            if "/results" in path and night.is_set():
                asked.append(path)
                if len(asked) == 3:
                    night.clear()
                    self.server.control(divisions=1)
                    self.ok(site.extract("--until", NOW))
                    night.set()
                if len(asked) == 6:
                    self.server.control(divisions=3)

        night = threading.Event()
        night.set()
        site = self.past_site(self.rewriting(self.server.url, change), "conversations", in_flight="1")
        self.fill(site, "2026-03-01", "2026-03-08", env={"ROLLCALL_LIMIT_GRANTS_MS": 0})
        said = [(t["from"], t["to"]) for t in json.loads(site.run("status", "--json").stdout)["fewer_grants"]]
        self.assertEqual(said, [("2026-03-01", "2026-03-11")])

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_what_both_grants_give(self):
        """Of windows that a killed run read; `*` is every division of a role."""
        said = []
        url = self.rewriting(self.server.url, edit=lambda path, answer: json.dumps({"grants": [
            {"role": {"id": g[0]}, "division": {"id": g[2:]}} for g in said]}).encode() if path.endswith("subjects/me") else answer)
        site = self.past_site(url, "conversation_aggregate")
        for had, has, both in ((["a/*", "b/1"], ["a/1", "b/1", "c/2"], ["a/1", "b/1"]), (["a/1", "a/2", "b/1"], ["a/*"], ["a/1", "a/2"]),
                               (["a/1"], ["b/1"], []), (["a/1"], ["a/1", "b/2"], ["a/1"])):
            for said, day in ((had, "2026-03-03"), (has, "2026-03-04")):
                self.fill(site, day, day, "--again")
                site.change("UPDATE run SET ended_at = NULL, exit_code = NULL WHERE run_id = (SELECT max(run_id) FROM run)")
            self.assertEqual([json.loads(r[0]) for r in site.query("SELECT grants FROM extract_window JOIN grant_set USING (grant_set_id) "
                                                                   "WHERE window_start LIKE '2026-03-03%'")], [both])

    def test_what_never_comes_hinders_no_later_call(self):
        """A scope that has gone since, and a day that fails for more than a week."""
        site = self.past_site(streams="schedules")
        self.fill(site, "2026-02-20", "2026-03-04")
        site.change("INSERT INTO extract_window (stream, scope, window_start, window_end, state, again_at) "
                    "SELECT stream, 'gone', window_start, window_end, 'settled', '2026-03-01T00:00:00.000Z' FROM extract_window "
                    "WHERE window_start IS NOT NULL LIMIT 1; UPDATE extract_window SET failures = 9, "
                    "again_at = '2026-03-01T00:00:00.000Z' WHERE window_id = (SELECT max(window_id) FROM extract_window WHERE scope <> 'gone')")
        self.ok(site.extract("--until", NOW))
        self.server.control(reset_requests=True)
        self.fill(site, "2026-02-20", "2026-03-04", "--again")
        routes = self.server.requests()["routes"]
        self.assertGreaterEqual(sum(n for route, n in routes.items() if "schedules" in route), 8, routes)
        self.assertNotIn("back-fill", site.run("status").stdout)

    @unittest.skipUnless(clock_at(NOW), "the clock cannot be set here")
    def test_who_says_nothing_claims_nothing(self):
        subject, token = "/api/v2/authorization/subjects/me", "/api/v2/tokens/me"
        for deny, said in (([], True), ([subject], True), ([subject, token], False)):
            site = self.past_site(streams="conversations")
            self.server.control(deny=deny, divisions=1)
            self.fill(site, "2026-03-03", "2026-03-03")
            self.assertEqual(site.value("SELECT grants IS NOT NULL FROM grant_set"), said, deny)
            self.server.control(deny=[], divisions=3)
            self.fill(site, "2026-03-04", "2026-03-04")
            self.assertEqual("--again --from 2026-03-03 --to 2026-03-03" in site.run("status").stdout, said, deny)
        # Lists and the moment have no days.
        self.server.control(reset_requests=True)
        self.ok(site.extract("--stream", "users"))
        self.assertNotIn("GET " + subject, self.server.requests()["routes"])
        # Nor is what is no grant.
        site = self.past_site(self.rewriting(self.server.url, edit=lambda path, answer: b'{"grants":["x",[],{"role":1}]}'
                                             if path == subject else answer), "conversations")
        self.fill(site, "2026-03-03", "2026-03-03")
        self.assertEqual(site.value("SELECT grants FROM grant_set"), "[]")
        # Trouble with it is no trouble of the run.
        self.server.control(faults=["5xx:path=" + subject])
        site = self.past_site(streams="conversations")
        self.ok(site.extract("--stream", "users"))
        self.fill(site, "2026-03-03", "2026-03-03")


@unittest.skipUnless(FULL, "full size")
class Long(Past):
    options = {"start": "2025-12-15", "days": 88, "per_day": 40, "agents": 12, "queues": 4, "page_cap": 50}

    def test_ninety_days_killed_fifty_times_beside_nights(self):
        site, fresh = self.past_site(streams=EVERY), self.past_site(streams=EVERY, start="2025-12-12")
        self.ok(fresh.extract("--until", NOW, timeout=1800))
        dice = random.Random(SEED)
        print(f"seed {SEED}")
        command = ("backfill", "--from", "2025-12-12", "--to", "2026-03-11")
        for _ in range(50):
            process = site.start_process(*command)
            night = site.start_process("extract", "--until", NOW) if dice.random() < 0.3 else None
            time.sleep(dice.uniform(0.3, 3))
            process.kill()
            process.communicate()
            if night:
                if dice.random() < 0.3:
                    night.kill()
                    night.communicate()
                else:
                    _, err = night.communicate(timeout=600)
                    self.assertEqual(night.returncode, 0, err)
        result, rss = site.measured(*command, timeout=1800)
        self.assertLessEqual((self.ok(result).returncode, rss), (0, 48))
        # The forms of evaluations and surveys are read as a whole, once a night: the next one brings them.
        self.server.control(now=NEXT)
        for one in (site, fresh):
            one.env.update({name: str(value) for name, value in clock_at(NEXT).items()})
            self.ok(one.extract("--until", NEXT, timeout=1800))
        self.same(site, fresh, f"seed {SEED}")
        self.server.control(now=NOW)
        result, rss = self.past_site(streams=EVERY).measured(*command, timeout=1800)
        self.assertLessEqual((self.ok(result).returncode, rss), (0, 48))
