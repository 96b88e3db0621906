"""kill -9 at every step of an extraction of all streams, the first one and a later night: resumed, the file equals that of
an uninterrupted run, row for row, change logs and real-time adherence with it; one more run with the same TIME changes
nothing, and asks only for what any such run asks for.

The steps of the reduced test are chosen by a seed that stands fast and by a new one, which is printed;
ROLLCALL_KILL_SEED=SEED takes that one.
"""
import collections
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from harness import CHANGE_LOGS, FEW, FULL, LEDGER, TestCase, all_rows, clock_at, expected_rows, killed, same_rows, table_names  # noqa: E402

ALL = {"streams": "all, quality, telephony"}
NIGHTS = [f"2026-03-{day:02d}T06:00:00.000Z" for day in (3, 4, 5, 6)]
MOMENTS = {"deleted_at", "left_unit_at"}
SEED = int(os.environ.get("ROLLCALL_KILL_SEED") or random.SystemRandom().randrange(1000, 10**6))


def contents(site, now):
    """Rows of all tables but the runs'. Of when the program saw something, this night or before, it counts whether it did."""
    def told(name, value, row):
        is_moment = name in MOMENTS or (name in ("old_value", "new_value") and row["field"] in MOMENTS)
        is_poll = name in ("state_start", "state_end", "gap_end") and value and value[:13] == now[:13]
        return value is not None if is_moment or is_poll else value

    def counted(table, rows):
        left = collections.Counter()
        for row in rows:
            # She left the one unit and is in the other: which of them is read first decides whether the log has both.
            if table == "adherence_change" and row["field"] in MOMENTS:
                left[row["user_id"], row["business_day"], row["field"]] += 1 if row["old_value"] is None else -1
            else:
                yield tuple((k, told(k, v, row)) for k, v in row.items() if not k.endswith("_observed"))
        yield from (("left for good", *day) for day, times in left.items() if times)

    return {table: collections.Counter(counted(table, rows)) for table, rows in all_rows(site, LEDGER - CHANGE_LOGS).items()}


def read_at(site, before):
    """When the last page came of each reading that is whole, of runs that the file `before` does not know; but for where
    agents are, which each run asks."""
    if not os.path.exists(site.db) or "window_pass" not in table_names(site):
        return {}
    return {tuple(r)[:4]: r[4] for r in site.query(
        "SELECT stream, scope, window_start, pass, page_at FROM window_pass JOIN extract_window USING (window_id) "
        "WHERE covered_to IS NOT NULL AND target_to IS NULL AND stream <> 'adherence_realtime' "
        "AND updated_run_id > ?", before.value("SELECT max(run_id) FROM run") if before else 0)}


class Kill(TestCase):
    """Each test kills runs at `now` over a copy of the file `before` (None: none)."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.shared().standin(start="2026-03-01", days=6, now=NIGHTS[0], per_day=8, agents=4, queues=2, page_cap=6,
                                          eventful=True)

    def new_site(self, before, **extract):
        site = self.site(self.server.url, extract={**ALL, **extract})
        site.env.update({name: str(value) for name, value in clock_at(self.now).items()})
        return site.copy_of(before) if before else site

    def at(self, now):
        self.now = now
        self.server.control(now=now, date="now", reset_requests=True)

    def requests(self):
        """By route since the last call, but for polls of jobs and of where agents are: their number is the machine's speed;
        and for the grants, asked anew by a run whose clock begins, as each one's here, before they were asked."""
        routes = self.server.requests()["routes"]
        self.server.control(reset_requests=True)
        aside = re.compile(r"^GET .*(/jobs/[^/]+|/workforcemanagement/adherence|/authorization/subjects/me)$")
        return {route: n for route, n in routes.items() if not aside.search(route)}

    def kill_at(self, step, before):
        site = self.new_site(before, in_flight=(1, 4, 8)[step % 3])
        result = site.extract("--until", self.now, env={"ROLLCALL_KILL_STEP": step})
        self.assertTrue(killed(result) or result.returncode == 0, f"step {step}: {result.returncode} {result.stderr}")
        done = read_at(site, before)
        self.ok(site.extract("--until", self.now))
        same_rows(self, self.wanted, contents(site, self.now), f"killed at step {step}: ")
        again = [k for k, v in read_at(site, before).items() if done.get(k, v) != v]
        self.assertEqual(again, [], f"killed at step {step}: read again")
        self.requests()
        self.ok(site.extract("--until", self.now))
        self.assertLessEqual(self.requests().items(), self.idle.items(), f"killed at step {step}, one more run")
        same_rows(self, self.wanted, contents(site, self.now), f"killed at step {step}, one more run: ")
        self.assertEqual(site.value("SELECT rows_new + rows_changed FROM run ORDER BY run_id DESC LIMIT 1"), 0)
        self.assertEqual(site.value("PRAGMA integrity_check"), "ok")
        self.assertEqual(site.query("PRAGMA foreign_key_check"), [])
        return killed(result)

    def every(self, before):
        """Kills at all steps, or at some."""
        self.requests()
        clean = self.new_site(before)
        steps = clean.steps("extract", "--until", self.now)
        self.wanted = contents(clean, self.now)
        self.requests()
        self.ok(clean.extract("--until", self.now))
        self.idle = self.requests()
        self.assertLess(sum(self.idle.values()), 8, self.idle)
        chosen = range(1, len(steps) + 1)
        if not FULL:
            chosen = [random.Random(seed).randint(10, len(steps) - 10) for seed in (*range(1, 6), *range(SEED, SEED + 5))]
        print(f"seed {SEED}: {len(steps)} steps, killed at {chosen}")
        self.assertLessEqual({"request", "answer", "commit", "committed"}, set(steps))
        self.assertGreater(sum(self.kill_at(step, before) for step in chosen), len(chosen) // 2)

    def test_first_extraction(self):
        self.at(NIGHTS[0])
        self.every(None)

    def test_later_night(self):
        """Rows go, come back, are extended and move."""
        self.at(NIGHTS[0])
        before = self.new_site(None)
        for now in NIGHTS[:-1]:
            self.at(now)
            self.ok(before.extract(env=clock_at(now)))
        self.at(NIGHTS[-1])
        self.every(before)
        self.assertGreater(sum(sum(self.wanted[table].values()) for table in CHANGE_LOGS), 20)

    def test_kill_again_and_again(self):
        """Crashes while recovering from crashes: each run gets further."""
        self.at(NIGHTS[1])
        clean, site = self.new_site(None), self.new_site(None)
        self.ok(clean.extract("--until", self.now))
        runs, idle = 0, len(clean.steps("extract", "--until", self.now))
        while killed(site.extract("--until", self.now, env={"ROLLCALL_KILL_STEP": idle + 300})):
            runs += 1
            self.assertLess(runs, 20, "no progress between crashes")
        self.assertGreater(runs, 1)
        same_rows(self, contents(clean, self.now), contents(site, self.now), "after many crashes: ")

    def test_at_most_what_was_in_flight_is_fetched_again(self):
        self.at(NIGHTS[1])
        one = {"streams": FEW, "in_flight": "1"}
        clean = self.new_site(None, **one)
        self.requests()
        steps = clean.steps("extract", "--until", self.now)
        whole = sum(self.requests().values())
        for step in range(20, len(steps), 1 if FULL else len(steps) // 6):
            site = self.new_site(None, **one)
            was_killed = killed(site.extract("--until", self.now, env={"ROLLCALL_KILL_STEP": step}))
            self.ok(site.extract("--until", self.now))
            # Again: the page in flight, a login, the availability date, and a list from its start.
            asked = sum(self.requests().values())
            self.assertTrue(not was_killed or asked <= whole + 6, f"killed at step {step}: {asked}, {whole} of one run")

    def test_what_is_compared_can_fail(self):
        self.at(NIGHTS[1])
        site = self.new_site(None)
        self.ok(site.extract("--until", self.now))
        wanted = contents(site, self.now)
        self.assertEqual([table for table in expected_rows([]) if not wanted[table]], [], "empty tables")
        for table, key in (("segment", "conversation_key, participant_no, session_no, segment_no"),
                           ("adherence_state", "user_id, state_start"), ("conversation", "conversation_key")):
            site.change(f"DELETE FROM {table} WHERE ({key}) = (SELECT {key} FROM {table} LIMIT 1)")
            with self.assertRaises(AssertionError):
                same_rows(self, {table: wanted[table]}, contents(site, self.now))
        self.assertNotEqual(site.query("PRAGMA foreign_key_check"), [])
